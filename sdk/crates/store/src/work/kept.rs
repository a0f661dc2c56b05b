//! Finished syncs of the file that is about to be replaced, carried over.

use connector_model::{Error, ErrorKind, Result};
use sqlx::{AssertSqlSafe, Connection as _};

use super::WorkDb;
use crate::{
    C1z, Connection, SyncRun, SyncType,
    error::During as _,
    ledger,
    reader::{Layout, largest},
    schema::{TABLES, Table},
};

/// How many syncs a file keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// This many finished full syncs, the new one included, and what other syncs belong to them.
    Newest(usize),
    /// Everything, unfinished syncs too.
    All,
}

impl Default for Retention {
    fn default() -> Self {
        Self::Newest(2)
    }
}

impl Retention {
    /// Parts the syncs of the old file (newest first) into those to keep and those to leave behind.
    ///
    /// Kept are the newest finished full syncs, one fewer than the count because the new one is among it; partial and
    /// resources-only syncs unless a full sync was left behind and they ended before the oldest kept one began; of
    /// the halves of differences the newest and its other half. Unfinished syncs are left behind: what another writer
    /// could resume from is its own working state, and in a file of ours every sync has an end.
    fn part(self, runs: Vec<SyncRun>) -> (Vec<SyncRun>, Vec<SyncRun>) {
        let Self::Newest(count) = self else { return (runs, Vec::new()) };
        let full: Vec<_> = runs.iter().filter(|r| r.is_finished() && r.sync_type.is_full()).collect();
        let old_full = count.saturating_sub(1);
        // Texts of one host's clock compare as its clock does.
        let cutoff = (full.len() > old_full)
            .then(|| old_full.checked_sub(1).and_then(|at| full.get(at)).map(|r| r.started_at.clone()));
        let full: Vec<_> = full.iter().take(old_full).map(|r| r.id.clone()).collect();
        let halves: Vec<_> = runs.iter().filter(|r| r.is_finished() && is_half(r)).collect();
        let newest_half = halves.first().map(|r| (r.id.clone(), r.linked_sync_id.clone()));
        let many_halves = halves.len() > 2;
        runs.into_iter().partition(|run| match &run.sync_type {
            _ if !run.is_finished() => false,
            t if t.is_full() => full.contains(&run.id),
            SyncType::PartialUpserts | SyncType::PartialDeletions => {
                !many_halves
                    || newest_half.as_ref().is_some_and(|(id, other)| run.id == *id || run.id == *other)
            }
            // With no old full sync kept the new one is the oldest, and everything here ended before it.
            _ => match &cutoff {
                None => true,
                Some(None) => false,
                Some(Some(began)) => run.ended_at.as_ref() >= Some(began),
            },
        })
    }
}

fn is_half(run: &SyncRun) -> bool {
    matches!(run.sync_type, SyncType::PartialUpserts | SyncType::PartialDeletions)
}

/// What became of the syncs of the old file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptSyncs {
    /// Copied.
    pub kept: Vec<SyncRun>,
    /// Left behind.
    pub dropped: Vec<SyncRun>,
}

impl WorkDb {
    /// Copies the syncs to keep from an old file. Rows are copied by column name, with the format's defaults where the
    /// old writer had no such column; messages keep their bytes. Do it before [`WorkDb::build_indexes`]; what an earlier
    /// run copied already is not copied twice.
    pub async fn copy_kept_syncs(&mut self, old: &C1z, retention: Retention) -> Result<KeptSyncs> {
        let mut conn = Connection::of(&mut self.conn);
        attach(&mut conn, old).await?;
        let copied = copy(&mut conn, old, self.sync.as_str(), retention).await;
        // The statements that read it are cached and would keep it locked.
        let cleared = self.conn.clear_cached_statements().await.during(DETACHING, old.path());
        let detached = detach(&mut Connection::of(&mut self.conn), old).await;
        let kept = copied?;
        cleared.and(detached)?;
        self.read_next_ids().await?;
        Ok(kept)
    }
}

impl C1z {
    /// Fails with [`ErrorKind::DataLoss`] where [`WorkDb::copy_kept_syncs`] would: a value that the format asks for is
    /// missing, or one is larger than it allows. To be asked before much work is done that ends in a copy.
    pub async fn check_kept_syncs(&self, retention: Retention) -> Result<()> {
        let (kept, _) = retention.part(self.syncs().await?);
        let ids: Vec<_> = kept.iter().map(|run| run.id.as_str()).collect();
        let ids = serde_json::to_string(&ids)
            .map_err(|e| Error::internal("the ids of syncs don't become JSON").caused_by(e))?;
        for table in TABLES.iter().filter(|t| self.layout().has_table(t.name)) {
            let sql = format!(
                "select exists (select 1 from {} not indexed where sync_id in (select value from json_each(?)) \
                 and ({}))",
                table.name,
                oversized(table, |c| self.layout().copy_expression(table.name, c))
            );
            let odd: bool = sqlx::query_scalar(AssertSqlSafe(sql))
                .bind(&ids)
                .fetch_one(self.conn())
                .await
                .during("can't look at the syncs to keep", self.path())?;
            if odd {
                return Err(odd_value(self, table.name));
            }
        }
        Ok(())
    }
}

/// A condition that holds for rows with a value that is missing or larger than can be read. The columns that are
/// replaced or counted again when a sync is finished may be of any size.
pub(super) fn oversized(table: &Table, expression: impl Fn(&str) -> String) -> String {
    let columns = table.columns.iter().filter(|c| !["sync_token", "stats"].contains(&c.name));
    let conditions = columns.map(|c| {
        let (value, most) = (expression(c.name), largest(c.name));
        let none = if c.nullable { 0 } else { most + 1 };
        format!("coalesce(octet_length({value}), {none}) > {most}")
    });
    conditions.collect::<Vec<_>>().join(" or ")
}

pub(super) fn odd_value(file: &C1z, table: &str) -> Error {
    Error::new(ErrorKind::DataLoss, "a stored value is missing, or larger than the format allows")
        .with("file", file.path().display())
        .with("table", table)
}

/// Opens a decoded old file beside the working database, as `old`. It was checked when it was opened.
pub(super) async fn attach(conn: &mut Connection<'_>, old: &C1z) -> Result<()> {
    let db = old.unpacked().db();
    let uri = db.to_str().ok_or_else(|| Error::invalid("a temporary folder's name is not UTF-8"))?;
    let uri = format!("file:{}?immutable=1", escape(uri));
    sqlx::query("attach database ? as old")
        .bind(uri)
        .persistent(false)
        .execute(conn)
        .await
        .during("can't open the old file's database", old.path())?;
    Ok(())
}

const DETACHING: &str = "can't close the old file's database";

/// Closes what [`attach`] opened. No statement that reads it may be cached.
pub(super) async fn detach(conn: &mut Connection<'_>, old: &C1z) -> Result<()> {
    let detached = sqlx::query("detach database old").persistent(false).execute(conn).await;
    detached.map(drop).during(DETACHING, old.path())
}

async fn copy(conn: &mut Connection<'_>, old: &C1z, own: &str, retention: Retention) -> Result<KeptSyncs> {
    let runs = old.syncs().await?;
    let (kept, dropped) = retention.part(runs.into_iter().filter(|r| r.id != own).collect());
    let mut tx = conn.lend().begin().await.during("can't begin a transaction", old.path())?;
    for run in &kept {
        // All of a sync is copied in one transaction: where its run is, an earlier try copied the rest.
        let there: bool =
            sqlx::query_scalar("select exists (select 1 from main.v1_sync_runs where sync_id = ?)")
                .bind(run.id.clone())
                .fetch_one(tx.connection())
                .await
                .during("can't read the syncs that are there", old.path())?;
        if there {
            continue;
        }
        let mut conn = tx.connection();
        let copied = copy_rows(&mut conn, old.layout(), &run.id).await;
        copied.during("can't copy the old file's syncs", old.path())?;
        let kept = ledger::keep(&mut conn, old.layout(), &run.id).await;
        kept.during("can't copy the old file's completeness ledger", old.path())?;
    }
    tx.commit().await.during("can't copy the old file's syncs", old.path())?;
    Ok(KeptSyncs { kept, dropped })
}

/// Copies all rows of a sync from the attached file.
pub(super) async fn copy_rows(
    conn: &mut Connection<'_>,
    layout: &Layout,
    sync: &str,
) -> Result<(), sqlx::Error> {
    for table in TABLES.iter().filter(|t| layout.has_table(t.name)) {
        let sql = AssertSqlSafe(copy_text(table, layout));
        sqlx::query(sql).bind(sync).persistent(false).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Of rows of one id, in a file without the unique index, the first is copied: the target's own index may be made
/// later. Null where the format has none is an error.
fn copy_text(table: &Table, layout: &Layout) -> String {
    let columns: Vec<_> = table.columns.iter().map(|c| c.name).collect();
    let values: Vec<_> = columns.iter().map(|c| layout.copy_expression(table.name, c)).collect();
    let first = if table.name == "v1_grants" && !layout.grants_are_unique() {
        "and rowid in (select min(rowid) from old.v1_grants not indexed where sync_id = ?1 group by external_id) "
    } else {
        ""
    };
    format!(
        "insert into main.{0} ({1}) select {2} from old.{0} not indexed where sync_id = ?1 {first}order by rowid \
         on conflict do nothing",
        table.name,
        columns.join(", "),
        values.join(", ")
    )
}

/// Escapes a path for a `file:` URI (RFC 3986 §2.1), slashes kept.
fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for b in path.bytes() {
        if b.is_ascii_alphanumeric() || b"/-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync_run::RowId;

    fn run(id: &str, sync_type: &str, started: &str, ended: Option<&str>) -> SyncRun {
        SyncRun {
            row: RowId::default(),
            id: id.to_owned(),
            sync_type: SyncType::from(sync_type),
            started_at: started.to_owned(),
            ended_at: ended.map(str::to_owned),
            parent_sync_id: String::new(),
            linked_sync_id: String::new(),
            supports_diff: false,
            grants_backfilled: false,
        }
    }

    fn ids(runs: &[SyncRun]) -> Vec<&str> {
        runs.iter().map(|r| r.id.as_str()).collect()
    }

    #[test]
    fn the_newest_full_syncs_stay_with_their_partial_ones() {
        let old = vec![
            run("p3", "partial", "8", Some("9")),
            run("f2", "full", "6", Some("7")),
            run("p2", "partial", "5", Some("5")),
            run("f1", "full", "3", Some("4")),
            run("p1", "resources_only", "1", Some("2")),
            run("u", "full", "9", None),
        ];
        let (kept, dropped) = Retention::Newest(2).part(old.clone());
        assert_eq!(ids(&kept), ["p3", "f2"]);
        assert_eq!(ids(&dropped), ["p2", "f1", "p1", "u"]);
        // Nothing full is left behind, so no partial one is.
        assert_eq!(ids(&Retention::Newest(3).part(old.clone()).0), ["p3", "f2", "p2", "f1", "p1"]);
        assert_eq!(ids(&Retention::Newest(1).part(old.clone()).0), [""; 0]);
        assert_eq!(Retention::All.part(old).0.len(), 6);
    }

    #[test]
    fn of_differences_the_newest_pair_stays() {
        let half = |id: &str, t: &str, at: &str, other: &str| SyncRun {
            linked_sync_id: other.to_owned(),
            ..run(id, t, at, Some(at))
        };
        let old = vec![
            half("b", "partial_upserts", "4", "c"),
            half("c", "partial_deletions", "3", "b"),
            half("d", "partial_upserts", "2", "e"),
            half("e", "partial_deletions", "1", "d"),
        ];
        assert_eq!(ids(&Retention::default().part(old[2..].to_vec()).0), ["d", "e"]);
        assert_eq!(ids(&Retention::default().part(old).0), ["b", "c"]);
    }
}
