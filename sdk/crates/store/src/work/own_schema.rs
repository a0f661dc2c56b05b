//! Whether a working database that an earlier run left is one that our own code made.
//!
//! Its tables are written to by their names. A trigger or a view in it would be somebody else's code at work in a sync.

use std::{collections::HashSet, path::Path};

use connector_model::{Error, ErrorKind, Result};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{Connection, error::During as _, ledger, schema};

/// A database of ours has some forty.
const MOST_ENTRIES: usize = 1000;

/// One entry of the schema: type, name, its table, whether it has a tree of its own, and its statement.
type Item = (String, String, String, bool, Option<String>);

/// Fails where a database has anything but tables and indexes.
pub(super) async fn check_kinds(conn: &mut Connection<'_>, path: &Path) -> Result<()> {
    match entries(conn, path).await?.into_iter().find(|item| !is_plain(item)) {
        Some(item) => Err(not_ours(item, path)),
        None => Ok(()),
    }
}

/// Fails where a database has anything but what our statements make, or lacks a table of the format. `engine` are the
/// statements of the engine's own tables, which may be there.
pub(super) async fn check(conn: &mut Connection<'_>, path: &Path, engine: &[&'static str]) -> Result<()> {
    let always = [schema::CREATE, &[ledger::CREATE]].concat();
    let sometimes = [schema::DEFERRED, &[schema::GRANT_IDS, ledger::CREATE_WORK], engine].concat();
    let mut model = SqliteConnectOptions::new()
        .in_memory(true)
        .disable_statement_logging()
        .connect()
        .await
        .during("can't make a database to compare with", path)?;
    let made = async {
        let mut model = Connection::of(&mut model);
        run(&mut model, &always, path).await?;
        let needed: HashSet<Item> = entries(&mut model, path).await?.into_iter().collect();
        run(&mut model, &sometimes, path).await?;
        Ok::<_, Error>((needed, entries(&mut model, path).await?.into_iter().collect::<HashSet<Item>>()))
    };
    let made = made.await;
    model.close().await.during("can't make a database to compare with", path)?;
    let (mut needed, known) = made?;
    for item in entries(conn, path).await? {
        if !known.contains(&item) {
            return Err(not_ours(item, path));
        }
        needed.remove(&item);
    }
    match needed.into_iter().next() {
        Some((kind, name, ..)) => {
            let text = format!("the working database lacks a {kind} of the format");
            Err(Error::new(ErrorKind::DataLoss, text).with("name", name).with("file", path.display()))
        }
        None => Ok(()),
    }
}

async fn run(conn: &mut Connection<'_>, statements: &[&'static str], path: &Path) -> Result<()> {
    for statement in statements {
        let ran = sqlx::query(*statement).persistent(false).execute(&mut *conn).await;
        ran.during("can't make a database to compare with", path)?;
    }
    Ok(())
}

/// A table or an index with a tree of its own: a virtual table has none.
fn is_plain((kind, _, _, has_tree, _): &Item) -> bool {
    *has_tree && matches!(kind.as_str(), "table" | "index")
}

fn not_ours(item: Item, path: &Path) -> Error {
    let what = match (item.0.as_str(), item.3) {
        ("table", true) => "a table",
        ("table", false) => "a virtual table",
        ("index", _) => "an index",
        ("trigger", _) => "a trigger",
        ("view", _) => "a view",
        _ => "something",
    };
    let name: String = item.1.chars().take(80).collect();
    Error::new(ErrorKind::DataLoss, format!("the working database has {what} that this program did not make"))
        .with("name", name.escape_debug())
        .with("file", path.display())
}

async fn entries(conn: &mut Connection<'_>, path: &Path) -> Result<Vec<Item>> {
    let sql = "select type, name, tbl_name, coalesce(rootpage, 0) > 0, sql from main.sqlite_schema limit ?";
    let query = sqlx::query_as(sql).bind(MOST_ENTRIES as i64 + 1).persistent(false);
    let entries: Vec<Item> =
        query.fetch_all(conn).await.during("can't read the schema of the working database", path)?;
    if entries.len() > MOST_ENTRIES {
        let text = "the working database has more tables and indexes than this program makes";
        return Err(Error::new(ErrorKind::DataLoss, text).with("file", path.display()));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use sqlx::AssertSqlSafe;

    use crate::{NewSync, WorkDb};

    use super::*;

    const ENGINE: &str = "create table if not exists work_notes (note text) strict";

    /// What opening says of a database that a statement changed.
    async fn opened(change: &str) -> (Result<()>, Result<()>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("work.db");
        let mut db = WorkDb::create(&path, &NewSync::full()).await.unwrap();
        sqlx::query(ENGINE).execute(db.connection()).await.unwrap();
        db.build_indexes().await.unwrap();
        for statement in change.split(";;") {
            sqlx::query(AssertSqlSafe(statement.to_owned())).execute(db.connection()).await.unwrap();
        }
        db.close().await.unwrap();
        let opened = WorkDb::open(&path).await.map(drop);
        (opened, WorkDb::resume(&path, &[ENGINE]).await.map(drop))
    }

    #[tokio::test]
    async fn what_our_statements_make_is_ours_at_every_stage() {
        for change in [
            "select 1",
            "drop table work_notes",
            "drop index idx_grants_external_sync_v1",
            "drop table work_ledger",
        ] {
            let (opened, resumed) = opened(change).await;
            opened.unwrap();
            resumed.unwrap_or_else(|e| panic!("{change}: {}", e.report()));
        }
    }

    #[tokio::test]
    async fn code_in_a_database_is_never_run() {
        for (change, what) in [
            ("create trigger t after insert on v1_grants begin delete from v1_grants; end", "a trigger"),
            ("create view v as select 1", "a view"),
            ("alter table v1_assets rename to x;;create view v1_assets as select * from x", "a"),
            ("create virtual table f using fts5(x)", "a virtual table"),
        ] {
            let (opened, resumed) = opened(change).await;
            for error in [opened.unwrap_err(), resumed.unwrap_err()] {
                assert_eq!(error.kind(), ErrorKind::DataLoss);
                let says = format!("has {what}");
                assert!(
                    error.message().contains(&says) || error.message().contains("lacks"),
                    "{change}: {error}"
                );
            }
        }
    }

    #[tokio::test]
    async fn what_is_not_as_we_make_it_is_not_resumed() {
        for change in [
            "create table more (x)",
            "create index more on v1_grants (hex(data))",
            "drop index idx_grants_sync_expansion_v1",
            "drop table v1_assets",
            "alter table v1_grants add column x generated always as (abs(id)) virtual",
            "drop table work_notes;;create table work_notes (note text check (note <> ''))",
        ] {
            let (_, resumed) = opened(change).await;
            assert_eq!(resumed.expect_err(change).kind(), ErrorKind::DataLoss);
        }
    }
}
