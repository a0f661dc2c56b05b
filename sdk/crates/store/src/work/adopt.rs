//! A sync of a file, taken up again.

use std::path::Path;

use connector_model::{Error, ErrorKind, Result};
use sqlx::{AssertSqlSafe, Connection as _};

use super::{
    WorkDb, create_tables,
    kept::{attach, copy_rows, detach, odd_value, oversized},
    new_database,
};
use crate::{
    C1z, Connection, SyncId,
    error::During as _,
    expandable::{Split, split_expandable},
    ledger,
    schema::TABLES,
    sqlite::OPERATIONS_BETWEEN_LOOKS,
};

/// Messages that are read at once.
const ROWS_A_PAGE: u32 = 256;

impl WorkDb {
    /// A new working database with all of a file's sync in it, finished or not. The file must not exist.
    ///
    /// It stops where the reading of the file is cancelled, and so does the working database.
    ///
    /// Messages keep their bytes, with one exception: older writers leave what a grant expands to in its message, and
    /// there it is moved to its column, as the format has it now.
    pub async fn adopt(path: &Path, file: &C1z, sync: &SyncId) -> Result<Self> {
        let mut conn = new_database(path).await?;
        let cancel = file.cancel().clone();
        conn.lock_handle()
            .await
            .during("can't use the working database", path)?
            .set_progress_handler(OPERATIONS_BETWEEN_LOOKS, move || !cancel.is_cancelled());
        attach(&mut Connection::of(&mut conn), file).await?;
        let copied = copy(Connection::of(&mut conn), file, sync).await;
        conn.clear_cached_statements().await.during("can't close the file's database", path)?;
        detach(&mut Connection::of(&mut conn), file).await?;
        copied?;
        Self::with(path, conn, sync.clone()).await
    }
}

async fn copy(conn: Connection<'_>, file: &C1z, sync: &SyncId) -> Result<()> {
    let (what, layout) = ("can't copy the sync", file.layout());
    let mut tx = conn.begin().await.during(what, file.path())?;
    let conn = &mut tx.connection();
    create_tables(conn, file.path()).await?;
    copy_rows(conn, layout, sync.as_str()).await.during(what, file.path())?;
    ledger::keep(conn, layout, sync.as_str()).await.during(what, file.path())?;
    let backfilled: Option<bool> =
        sqlx::query_scalar("select grants_backfilled from v1_sync_runs where sync_id = ?")
            .bind(sync.as_str())
            .fetch_optional(&mut *conn)
            .await
            .during(what, file.path())?;
    let Some(backfilled) = backfilled else {
        return Err(Error::new(ErrorKind::NotFound, "the file has no such sync; `baton syncs` lists them")
            .with("sync", sync)
            .with("file", file.path().display()));
    };
    refuse_oversized(conn, file).await?;
    if !backfilled {
        split_all(conn, file).await?;
    }
    tx.commit().await.during(what, file.path())
}

/// The limits of reading hold for what is copied too: it is read later.
async fn refuse_oversized(conn: &mut Connection<'_>, file: &C1z) -> Result<()> {
    for table in TABLES {
        let odd = oversized(table, str::to_owned);
        let sql = format!("select exists (select 1 from {} where {odd})", table.name);
        let oversized: bool = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut *conn)
            .await
            .during("can't look at the copied sync", file.path())?;
        if oversized {
            return Err(odd_value(file, table.name));
        }
    }
    Ok(())
}

/// Moves what grants expand to from their messages to the column.
async fn split_all(conn: &mut Connection<'_>, file: &C1z) -> Result<()> {
    let what = "can't move what grants expand to into its column";
    let mut after = i64::MIN;
    loop {
        // The name stands in the message as plain text, so most rows are not even handed over.
        let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(
            "select id, external_id, data from v1_grants \
             where id > ? and instr(data, cast('c1.connector.v2.GrantExpandable' as blob)) > 0 order by id limit ?",
        )
        .bind(after)
        .bind(ROWS_A_PAGE)
        .fetch_all(&mut *conn)
        .await
        .during(what, file.path())?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = *last;
        for (id, external_id, data) in rows {
            let split = split_expandable(&data)
                .map_err(|e| e.with("file", file.path().display()).with("grant", external_id))?;
            let Some(Split { grant, expansion }) = split else { continue };
            sqlx::query("update v1_grants set data = ?, expansion = ?, needs_expansion = ? where id = ?")
                .bind(grant)
                .bind(expansion.as_deref())
                .bind(expansion.is_some())
                .bind(id)
                .execute(&mut *conn)
                .await
                .during(what, file.path())?;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use connector_model::{EntitlementRef, Grant, ResourceId, wire};
    use connector_proto::any::pack;
    use prost::Message as _;
    use tempfile::TempDir;

    use super::*;
    use crate::{Finish, GrantEncoder, NewSync, OpenOptions, SyncStats, envelope};

    /// A file of one sync with two grants, changed by a statement before it is packed, and taken up again.
    async fn adopted(annotation: prost_types::Any, statement: &str) -> (TempDir, Result<WorkDb>) {
        let folder = tempfile::tempdir().unwrap();
        let sync = NewSync::full();
        let mut db = WorkDb::create(&folder.path().join("first.db"), &sync).await.unwrap();
        let group = ResourceId::new("group", "g").unwrap();
        let grants = ["ada", "bob"].map(|id| {
            Grant::new(EntitlementRef::canonical(&group, "member"), ResourceId::new("user", id).unwrap())
        });
        let mut rows = grants.map(|grant| GrantEncoder::default().encode(&grant));
        let mut message = wire::Grant::decode(&*rows[0].data).unwrap();
        message.annotations.push(annotation);
        rows[0].data = message.encode_to_vec();
        let mut batch = db.begin().await.unwrap();
        let _ = batch.put_grants(&rows).await.unwrap();
        batch.commit().await.unwrap();
        let ended_at = jiff::Timestamp::now();
        let end =
            Finish { ended_at, stats: SyncStats::default(), supports_diff: false, completed_actions: 0 };
        db.finish(&end).await.unwrap();
        for sql in ["update v1_sync_runs set grants_backfilled = 0", statement] {
            sqlx::query(AssertSqlSafe(sql)).execute(db.connection()).await.unwrap();
        }
        let target = folder.path().join("out.c1z");
        envelope::pack(&db.close_for_packing().await.unwrap(), &target).await.unwrap();
        let file = C1z::open(&target, &OpenOptions::default()).await.unwrap();
        let adopted = WorkDb::adopt(&folder.path().join("second.db"), &file, &sync.id).await;
        (folder, adopted)
    }

    fn expandable() -> prost_types::Any {
        let entitlement_ids = vec!["group:h:member".to_owned()];
        pack(&wire::GrantExpandable { entitlement_ids, ..Default::default() })
    }

    #[tokio::test]
    async fn what_grants_expand_to_is_in_its_column_then() {
        let (_folder, db) = adopted(expandable(), "select 1").await;
        let rows: Vec<(Option<Vec<u8>>, bool, Vec<u8>)> =
            sqlx::query_as("select expansion, needs_expansion, data from v1_grants order by id")
                .fetch_all(db.unwrap().connection())
                .await
                .unwrap();
        assert_eq!((rows[0].0.as_ref(), rows[0].1), (Some(&expandable().value), true));
        assert_eq!((rows[1].0.as_ref(), rows[1].1), (None, false));
        assert!(rows.iter().all(|row| wire::Grant::decode(&*row.2).unwrap().annotations.is_empty()));
    }

    #[tokio::test]
    async fn what_does_not_decode_is_told_with_the_grant() {
        let bad = prost_types::Any { value: vec![0xff], ..expandable() };
        let (_folder, db) = adopted(bad, "select 1").await;
        let error = db.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataLoss);
        assert!(error.to_string().contains("grant=group:g:member:user:ada"), "{error}");
    }

    #[tokio::test]
    async fn what_is_larger_than_can_be_read_is_refused() {
        let too_long = "update v1_grants set principal_resource_id = hex(zeroblob(40000)) where id = 2";
        let (_folder, db) = adopted(expandable(), too_long).await;
        let error = db.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataLoss);
        assert!(error.to_string().contains("table=v1_grants"), "{error}");
    }

    #[tokio::test]
    async fn a_sync_that_is_not_there_is_told() {
        let (_folder, db) = adopted(expandable(), "update v1_sync_runs set sync_id = 'another'").await;
        assert_eq!(db.unwrap_err().kind(), ErrorKind::NotFound);
    }
}
