//! Files whose database somebody changed as SQLite's own tools can: schema, ids, types, chains of pages and text
//! encodings. Whole structures are wrong that no flip of bytes makes.

use std::{path::Path, sync::LazyLock};

use connector_model::Result;
use connector_store::{
    C1z, OpenOptions,
    envelope::{Limits, MAGIC_V1},
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
    verify::{VerifyOptions, verify},
};
use futures::{Stream, StreamExt as _};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions,
};

use crate::{blames_the_bytes, scratch::Scratch};

/// A sound file with a little of everything.
const SOUND: &[u8] = include_bytes!("../../../fuzz/seeds/envelope/small");

static DATABASE: LazyLock<Vec<u8>> =
    LazyLock::new(|| zstd::decode_all(&SOUND[MAGIC_V1.len()..]).expect("the sound file decodes"));

const TABLES: [&str; 8] = [
    "v1_grants",
    "v1_resources",
    "v1_entitlements",
    "v1_resource_types",
    "v1_sync_runs",
    "v1_assets",
    "v1_connector_sessions",
    "completeness_ledger",
];

const COLUMNS: [&str; 24] = [
    "external_id",
    "data",
    "sync_id",
    "discovered_at",
    "resource_type_id",
    "resource_id",
    "parent_resource_type_id",
    "parent_resource_id",
    "entitlement_id",
    "principal_resource_type_id",
    "principal_resource_id",
    "expansion",
    "needs_expansion",
    "started_at",
    "ended_at",
    "sync_token",
    "sync_type",
    "stats",
    "grants_backfilled",
    "rows",
    "state",
    "reason",
    "operation",
    "id",
];

/// Values as expressions; `{c}` is the column.
const VALUES: [&str; 29] = [
    "null",
    "''",
    "'x'",
    "x''",
    "x'ff00'",
    "cast(x'ff' as text)",
    "-1",
    "0",
    "1",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "1e308",
    "'9999-12-31 23:59:59'",
    "'10000-01-01 00:00:00'",
    "'-9999-01-01 00:00:00'",
    "hex(zeroblob(600))",
    "hex(zeroblob(9000))",
    "hex(zeroblob(300000))",
    "zeroblob(5000000)",
    "'a' || char(27) || '[2J' || char(10) || char(13) || char(8238) || char(155) || char(917569)",
    "char(0) || 'x'",
    "{c} || char(0)",
    "cast({c} as blob)",
    "cast({c} as text)",
    "{c} || 'x'",
    "-{c}",
    "'{\"version\":3,\"actions_map\":{}}'",
    "data",
];

/// Statements; `{t}` and `{u}` are tables, `{c}` and `{d}` columns, `{v}` a value, `{n}` a small number.
const STATEMENTS: [&str; 66] = [
    "update {t} set {c} = {v} where rowid % 3 = {n} % 3",
    "update {t} set {c} = {v}",
    "update or ignore {t} set {c} = {v}",
    "update {t} set {c} = {d}",
    "update {t} set id = -id",
    "update {t} set id = id * 1000003 - {n} * 1000000000000",
    "update {t} set id = -9223372036854775808 where rowid = {n}",
    "update {t} set id = 9223372036854775807 where rowid = {n}",
    "delete from {t} where rowid % 2 = {n} % 2",
    "delete from {t} where rowid > {n}",
    "delete from {t}",
    "drop table {t}",
    "drop table {t}; create table {t} (id integer primary key)",
    "create table copy as select * from {t}; drop table {t}; alter table copy rename to {t}",
    "create table copy as select * from {t}; insert into copy select * from copy; drop table {t}; \
     alter table copy rename to {t}",
    "create table copy as select null id, * from {t}; drop table {t}; alter table copy rename to {t}",
    "alter table {t} rename to other; create view {t} as select * from other",
    "alter table {t} rename to other; create table {t} as select * from other where rowid % 2 = 0",
    "alter table {t} rename column {c} to other",
    "alter table {t} rename column {c} to rowid",
    "alter table {t} rename column {c} to oid",
    "alter table {t} drop column {c}",
    "alter table {t} add column extra text default 'x'",
    "alter table {t} add column extra as ({c} || 'x')",
    "alter table {t} add column extra text check (extra <> 'x')",
    "create view other as select * from {t}",
    "create trigger other after insert on {t} begin delete from {u}; end",
    "create virtual table other using fts5(a, b)",
    "create table other (a, b as (length(replace(hex(zeroblob(9000000)), '0', 'abc'))) not null); \
     insert into other values (1)",
    "create table other (a check (length(replace(hex(zeroblob(9000000)), '0', 'abc')) > 1))",
    "create table other (a primary key, b) without rowid; insert into other select {c}, data from {t}",
    "create index other on {t} ({c})",
    "create unique index other on {t} ({c}, rowid_or_id)",
    "create index other on {t} (length({c}))",
    "create index other on {t} ({c}) where length({c}) > 1",
    "create index other on {t} ({c} collate nocase desc)",
    "drop index idx_grants_external_sync_v1",
    "drop index idx_resources_parent_resource_id_v1",
    "drop index idx_sync_runs_sync_id_v1",
    "create table other (a collate nocase, b); insert into other select {c}, 1 from {t}; analyze",
    "pragma journal_mode = wal",
    "pragma user_version = {n}; pragma application_id = {n}",
    "pragma auto_vacuum = {n}; vacuum",
    "pragma page_size = 512; vacuum",
    "pragma page_size = 65536; vacuum",
    "with recursive n(i) as (select 1 union all select i + 1 from n limit 3000) \
     insert or ignore into {t} select null, {v} from n",
    "with recursive n(i) as (select 1 union all select i + 1 from n limit 20000) \
     insert into v1_resources (resource_type_id, external_id, data, sync_id, discovered_at) \
     select 'type' || i, 'type' || i || ':x', x'', (select sync_id from v1_sync_runs), '2026-01-01 00:00:00' from n",
    "with recursive n(i) as (select 1 union all select i + 1 from n limit 3000) \
     insert into v1_sync_runs (sync_id, started_at, sync_token) select i, {v}, '{}' from n",
    "with recursive n(i) as (select 1 union all select i + 1 from n limit 9) \
     insert into v1_sync_runs (sync_id, started_at, sync_token) select i, 'x', hex(zeroblob(2000000)) from n",
    "with recursive n(i) as (select 1 union all select i + 1 from n limit 5000) \
     insert into completeness_ledger select sync_id, i, '', '', 'list-resources', 1, 1, 1, 0, {v}, 'whole', null, null \
     from n, v1_sync_runs",
    "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token, sync_type) \
     select {v}, {v}, {v}, sync_token, sync_type from v1_sync_runs",
    "update sqlite_schema set sql = replace(sql, 'text', 'text collate nocase') where name = '{t}'",
    "update sqlite_schema set sql = replace(sql, 'integer primary key', 'integer primary key desc') where name = '{t}'",
    "update sqlite_schema set sql = cast(replace(cast(sql as blob), cast('text' as blob), x'ff78') as text) \
     where name = '{t}'",
    "update sqlite_schema set rootpage = (select rootpage from sqlite_schema where name = '{u}') where name = '{t}'",
    "update sqlite_schema set rootpage = {n} where name = '{t}'",
    "update sqlite_schema set name = char(27) || '[2J' where tbl_name = '{t}'",
    "update sqlite_schema set type = 'view' where name = '{t}'",
    "update sqlite_schema set rootpage = 0 where tbl_name = '{t}' and type = 'index'",
    "update sqlite_schema set sql = replace(sql, ' text', ' ' || char(65279) || 'text') where name = '{t}'",
    "update sqlite_schema set sql = replace(sql, '(' , '(' || char(11)) where tbl_name = '{t}'",
    "update {t} set sync_id = (select sync_id from {u} where rowid <> {n})",
    "analyze; with recursive n(i) as (select 1 union all select i + 1 from n limit 6000) \
     insert into sqlite_stat1 select '{t}', 'other' || i, {v} from n",
    "update v1_sync_runs set stats = replace(stats, '{', '{\"grants\":{n},')",
    "update v1_sync_runs set stats = {v}, started_at = {v}",
    "insert into v1_sync_runs select null, {d}, started_at, ended_at, sync_token, sync_type, '', '', 1, 1, stats \
     from v1_sync_runs",
];

/// The largest database that is made, in bytes.
const MOST_BYTES: u64 = 96 << 20;

/// Decisions, one a byte; zero once there are no more.
struct Choices<'b>(std::slice::Iter<'b, u8>);

impl Choices<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % bound
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }
}

/// A file that the bytes decide on. The same bytes give the same file.
pub async fn forged(bytes: &[u8], folder: &Path) -> Vec<u8> {
    let mut choices = Choices(bytes.iter());
    let path = folder.join("forged");
    let patches = choices.below(4);
    if choices.below(16) == 15 {
        in_utf_16(&path).await;
    } else {
        std::fs::write(&path, &*DATABASE).expect("the temporary folder takes a file");
    }
    let mut conn = connect(&path).await;
    for _ in 0..6 {
        if choices.is_empty() {
            break;
        }
        let sql = statement(&mut choices);
        // Most of what can be written is refused by SQLite; a schema that it can't read any more is the last.
        drop(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await);
    }
    drop(conn.close().await);
    // Whoever forges files holds them in memory too.
    if std::fs::metadata(&path).is_ok_and(|m| m.len() > MOST_BYTES) {
        std::fs::write(&path, &*DATABASE).expect("the temporary folder takes a file");
    }
    let mut database = std::fs::read(&path).expect("the database");
    for name in ["forged", "forged-wal", "forged-shm", "forged-journal"] {
        drop(std::fs::remove_file(folder.join(name)));
    }
    for _ in 0..patches {
        patch(&mut database, &mut choices);
    }
    let mut file = MAGIC_V1.to_vec();
    file.extend(zstd::bulk::compress(&database, 1).expect("bytes can be compressed"));
    file
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(false)
        .pragma("writable_schema", "on")
        .pragma("synchronous", "off")
        .pragma("max_page_count", "16384")
        .disable_statement_logging()
        .connect()
        .await
        .expect("a database opens")
}

fn statement(choices: &mut Choices<'_>) -> String {
    let sql = choices.of(&STATEMENTS);
    let value = choices.of(&VALUES);
    sql.replace("{v}", value)
        .replace("{t}", choices.of(&TABLES))
        .replace("{u}", choices.of(&TABLES))
        .replace("{c}", choices.of(&COLUMNS))
        .replace("{d}", choices.of(&COLUMNS))
        .replace("{n}", &choices.below(40).to_string())
}

/// The schema of the sound file in another encoding, without its rows.
async fn in_utf_16(path: &Path) {
    drop(std::fs::remove_file(path));
    let sound = path.with_extension("sound");
    std::fs::write(&sound, &*DATABASE).expect("the temporary folder takes a file");
    let mut conn = connect(&sound).await;
    let statements: Vec<String> = sqlx::query_scalar("select sql from sqlite_schema where sql is not null")
        .fetch_all(&mut conn)
        .await
        .expect("the schema");
    drop(conn.close().await);
    drop(std::fs::remove_file(&sound));
    let mut conn = connect(path).await;
    for sql in ["pragma encoding = 'UTF-16be'".to_owned()].into_iter().chain(statements) {
        drop(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await);
    }
    drop(conn.close().await);
}

/// Writes a number of a page over another, where pages keep such numbers: at their beginning, and where cells begin.
fn patch(database: &mut [u8], choices: &mut Choices<'_>) {
    let size = match u16::from_be_bytes([database[16], database[17]]) {
        1 => 65_536,
        n => usize::from(n).max(512),
    };
    let pages = database.len() / size;
    if pages < 2 {
        return;
    }
    let page = (1 + choices.below(pages - 1)) * size;
    let at = match choices.below(3) {
        0 => page + choices.below(16),
        _ => {
            let pointer = page + 8 + 2 * choices.below(40);
            let cell = usize::from(u16::from_be_bytes([database[pointer], database[pointer + 1]]));
            page + cell + choices.below(12)
        }
    };
    let to = u32::try_from(choices.below(pages + 2)).expect("few pages").to_be_bytes();
    if let Some(place) = database.get_mut(at..at + 4) {
        place.copy_from_slice(&to);
    }
}

/// Forges a file, reads all of it, and counts again what was read.
pub fn structure(bytes: &[u8]) {
    Scratch::with_file(&[], |file, folder| async move {
        std::fs::write(&file, forged(bytes, &folder).await).expect("the temporary folder takes a file");
        let open =
            OpenOptions { temp_dir: Some(folder), limits: Limits::default(), ..OpenOptions::default() };
        if let Err(error) = read_all(&file, &open).await {
            blames_the_bytes(&error);
        }
        if let Err(error) = verify(&file, &VerifyOptions { open, ..VerifyOptions::default() }).await {
            blames_the_bytes(&error);
        }
    });
}

async fn read_all(path: &Path, open: &OpenOptions) -> Result<()> {
    let file = C1z::open(path, open).await?;
    // The counts of another program: SQLite itself, with nothing of ours between.
    let options = SqliteConnectOptions::new().filename(file.unpacked().db()).immutable(true).read_only(true);
    let mut sqlite = options.connect().await.expect("what we open SQLite opens");
    for run in file.syncs().await?.into_iter().take(3) {
        let view = file.view(Some(&run.id)).await?;
        view.stored_stats().await?;
        view.ledger_or_why().await?.ok();
        let of = run.id.as_str();
        same(view.resource_types(&()), &mut sqlite, "v1_resource_types", of).await?;
        same(view.resources(&ResourceFilter::default()), &mut sqlite, "v1_resources", of).await?;
        same(view.entitlements(&EntitlementFilter::default()), &mut sqlite, "v1_entitlements", of).await?;
        same(view.grants(&GrantFilter::default()), &mut sqlite, "v1_grants", of).await?;
        view.counted_stats().await?;
    }
    Ok(())
}

/// Rows of a list are those that SQLite counts, or reading them fails.
async fn same<T>(
    rows: impl Stream<Item = Result<T>>,
    sqlite: &mut SqliteConnection,
    table: &str,
    sync: &str,
) -> Result<()> {
    let mut rows = std::pin::pin!(rows);
    let mut read = 0_i64;
    while let Some(row) = rows.next().await {
        row?;
        read += 1;
    }
    let sql = format!("select count(*) from {table} not indexed where sync_id = ?");
    let there: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(sync)
        .fetch_one(sqlite)
        .await
        .expect("what we count SQLite counts");
    assert_eq!(read, there, "rows of {table} are missing without an error");
    Ok(())
}
