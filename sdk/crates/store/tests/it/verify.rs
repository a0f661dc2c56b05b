//! The verifier: a sound file is sound, and each rule is broken once to see that it is told.
//!
//! The files stay in the build folder (`tmp/verify`), so that another program can be held against the same ones.

use std::path::{Path, PathBuf};

use connector_model::{ErrorKind, Result};
use connector_store::{
    envelope::{self, Limits},
    verify::{Report, VerifyOptions, verify},
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{fixtures, sample};

fn shelf() -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify");
    std::fs::create_dir_all(&shelf).expect("a folder");
    shelf
}

async fn sound(name: &str) -> Result<PathBuf> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let target = shelf().join(name);
    sample::write(&target, dir.path()).await?;
    Ok(target)
}

/// The sample after some SQL.
async fn broken(name: &str, sql: &str) -> Result<PathBuf> {
    let path = sound(name).await?;
    let dir = tempfile::tempdir().expect("a temporary folder");
    let unpacked = envelope::unpack(&path, dir.path(), &Limits::default()).await?;
    let mut db = SqliteConnectOptions::new().filename(unpacked.db()).connect().await.expect("the database");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.expect("the SQL");
    db.close().await.expect("closed");
    envelope::pack(&unpacked.db(), &path).await?;
    Ok(path)
}

fn kinds(report: &Report) -> Vec<&str> {
    report.errors.iter().map(|p| p.kind.as_str()).collect()
}

#[tokio::test]
async fn a_file_of_ours_is_sound() -> Result<()> {
    let mut report = verify(&sound("sound.c1z").await?, &VerifyOptions::default()).await?;
    report.bytes = 0; // of the compressor's making
    insta::assert_json_snapshot!(report);
    Ok(())
}

const MALFORMED: &[&str] = &["a completeness ledger is malformed"];

/// Rule, SQL that breaks it, and what must be told.
/// The statement, in a file that says nothing of itself.
macro_rules! claiming_nothing {
    ($sql:literal) => {
        concat!("update v1_sync_runs set stats = null; drop table completeness_ledger; ", $sql)
    };
}

const BREAKS: &[(&str, &str, &[&str])] = &[
    ("wal", "pragma journal_mode = wal", &["the database is left in write-ahead mode"]),
    ("table", "drop table v1_connector_sessions", &["a table is missing"]),
    ("column", "alter table v1_sync_runs drop column supports_diff", &["a column is missing"]),
    ("unique", "drop index idx_grants_external_sync_v1", &["a unique index is missing"]),
    (
        "swapped",
        "drop index idx_resources_parent_resource_id_v1; create unique index idx_resources_parent_resource_id_v1 on v1_resources (sync_id, external_id)",
        &["a unique index is missing"],
    ),
    ("blob", "update v1_grants set data = x'ff' where id = 1", &["v1_grants: a message does not decode"]),
    (
        "elements",
        // Field 9, which is empty, again and again.
        "update v1_grants set data = unhex(replace(hex(zeroblob(100001)), '00', '4a00')) where id = 1",
        &["v1_grants: a message has more than 100000 elements"],
    ),
    (
        "order",
        "update v1_resource_types set data = x'1204536974650a0473697465' where id = 1",
        &["v1_resource_types: a message is not the deterministic encoding"],
    ),
    (
        "unknown",
        "update v1_resource_types set data = cast(data || x'a2060178' as blob) where id = 1",
        &["v1_resource_types: a message has an unknown field"],
    ),
    (
        "type column",
        claiming_nothing!("update v1_resources set resource_type_id = 'site' where external_id = 'user:u1'"),
        &["v1_resources: column resource_type_id differs from the message"],
    ),
    (
        "parent column",
        "update v1_resources set parent_resource_id = null where external_id = 'user:u1'",
        &["v1_resources: column parent_resource_id differs from the message"],
    ),
    (
        "principal column",
        "update v1_grants set principal_resource_id = 'u2' where id = 5",
        &["v1_grants: column principal_resource_id differs from the message"],
    ),
    (
        "no type",
        claiming_nothing!("delete from v1_resource_types where external_id = 'group'"),
        &["a resource is of a type that is not stored"],
    ),
    (
        "trait",
        "update v1_resource_types set data = x'0a04736974651204536974651a0102' where external_id = 'site'",
        &["a resource lacks a trait that its type declares"],
    ),
    (
        "parent",
        claiming_nothing!("delete from v1_resources where external_id = 'site:acme'"),
        &["a resource's parent is not stored"],
    ),
    (
        "of nothing",
        claiming_nothing!("delete from v1_entitlements where external_id = 'group:few:member'"),
        &["a grant's entitlement is not stored"],
    ),
    (
        "to nobody",
        claiming_nothing!("delete from v1_resources where external_id = 'user:u3'"),
        &["a grant's principal is not stored"],
    ),
    ("expansion", "update v1_grants set expansion = x'ff' where id = 3", &["an expansion does not decode"]),
    (
        "no source",
        "update v1_grants set expansion = x'1001' where id = 3",
        &["an expansion names no entitlement"],
    ),
    (
        "needs",
        "update v1_grants set expansion = null where id = 3",
        &["a grant needs expansion and has none"],
    ),
    (
        "stamp",
        "update v1_grants set discovered_at = '2026-11-24T06:13:53Z' where id = 3",
        &["v1_grants: discovered_at is not a plain timestamp"],
    ),
    ("sync id", claiming_nothing!("update v1_sync_runs set sync_id = 'mine'"), &["a sync id is not a KSUID"]),
    ("sync type", "update v1_sync_runs set sync_type = 'weekly'", &["a sync is of an unknown type"]),
    ("started", "update v1_sync_runs set started_at = 'monday'", &["started_at is not a plain timestamp"]),
    (
        "no day",
        "update v1_sync_runs set started_at = '2026-02-30 10:00:00'",
        &["started_at is not a plain timestamp"],
    ),
    ("no start", "update v1_sync_runs set started_at = ''", &["a sync has no start"]),
    ("no end", "update v1_sync_runs set ended_at = null", &["a sync has no end"]),
    ("token", "update v1_sync_runs set sync_token = '{'", &["a sync's token is not JSON"]),
    ("view", "create view other as select 1", &["the database is corrupt"]),
    (
        "half",
        "delete from v1_grants where id % 2 = 0",
        &[
            "the counts of a sync differ from its rows",
            "the completeness ledger counts more rows than there are",
        ],
    ),
    (
        "sum",
        "update v1_sync_runs set stats = replace(stats, '\"grants\":5', '\"grants\":6')",
        &["the counts of a sync differ from its rows"],
    ),
    (
        "sums",
        "update v1_sync_runs set stats = replace(stats, '{\"group\":5}', '{\"group\":4,\"user\":1}')",
        &["the counts of a sync differ from its rows"],
    ),
    (
        "no document",
        "update v1_sync_runs set stats = '[]'",
        &["the counts of a sync are not a document of counts"],
    ),
    (
        "twice",
        "update v1_sync_runs set stats = replace(stats, '{\"resource_types\":3', '{\"grants\":9,\"resource_types\":3')",
        &["the counts of a sync are not a document of counts"],
    ),
    (
        "assets",
        "insert into v1_assets select 9, 'a', 'b', x'', sync_id, '2026-11-24 06:13:53' from v1_sync_runs",
        &["the counts of a sync differ from its rows"],
    ),
    (
        "types",
        "update v1_sync_runs set stats = replace(stats, '\"resource_types\":3', '\"resource_types\":4')",
        &["the counts of a sync differ from its rows"],
    ),
    (
        "read more",
        "update completeness_ledger set rows = rows + 1 where operation = 'summary' \
         or (operation = 'list-resources' and resource_type = 'site')",
        &["the completeness ledger counts more rows than there are"],
    ),
    (
        "ends early",
        "update v1_sync_runs set started_at = '2026-11-24 09:13:53'",
        &["a sync ends before it starts"],
    ),
    ("ledger state", "update completeness_ledger set state = 'fine' where state = 'skipped'", MALFORMED),
    (
        "ledger operation",
        "update completeness_ledger set operation = 'x' where resource_type = 'site'",
        MALFORMED,
    ),
    (
        "ledger negative",
        "update completeness_ledger set dropped = -1 where resource_type = 'site'",
        MALFORMED,
    ),
    ("ledger number", "update completeness_ledger set rows = 'many' where resource_type = 'site'", MALFORMED),
    (
        "ledger expected",
        "update completeness_ledger set expected = 1.5 where resource_type = 'site'",
        MALFORMED,
    ),
    ("ledger text", "update completeness_ledger set reason = x'00' where resource_type = 'site'", MALFORMED),
    (
        "ledger utf8",
        "update completeness_ledger set reason = cast(x'ff' as text) where resource_type = 'site'",
        MALFORMED,
    ),
    (
        "ledger long",
        "update completeness_ledger set reason = hex(zeroblob(9999)) where resource_type = 'site'",
        MALFORMED,
    ),
    ("ledger gone row", "delete from completeness_ledger where resource_type = 'site'", MALFORMED),
    (
        "ledger worse row",
        "update completeness_ledger set state = 'incomplete' where resource_type = 'site'",
        MALFORMED,
    ),
    ("ledger claim", "update completeness_ledger set state = 'whole' where operation = 'summary'", MALFORMED),
    ("ledger sum", "update completeness_ledger set pages = 99 where operation = 'summary'", MALFORMED),
    ("ledger count", "update completeness_ledger set skipped = null where operation = 'summary'", MALFORMED),
    (
        "ledger summaries",
        "insert into completeness_ledger select sync_id, 'x', parent_type, parent_id, operation, pages, rows, \
         expected, dropped, reason, state, incomplete, skipped from completeness_ledger where operation = 'summary'",
        MALFORMED,
    ),
    ("ledger column", "alter table completeness_ledger drop column expected", MALFORMED),
    (
        "ledger key",
        "create table l as select * from completeness_ledger; drop table completeness_ledger; \
         alter table l rename to completeness_ledger",
        MALFORMED,
    ),
    (
        "ledger open",
        "delete from completeness_ledger where operation = 'summary'",
        &["the completeness ledger of a sync has no summary"],
    ),
];

/// What may be right, and what a reader does not go by.
#[tokio::test]
async fn what_is_odd_is_a_warning() -> Result<()> {
    for (name, sql, want) in [
        (
            "ahead",
            "update v1_grants set discovered_at = '2999-01-01 00:00:00' where id = 3",
            "v1_grants: discovered_at is more than a day from now",
        ),
        (
            "begins ahead",
            "update v1_sync_runs set started_at = '2999-01-01 00:00:00', ended_at = '2999-01-01 00:00:01'",
            "a sync starts more than a day from now",
        ),
        (
            "no types",
            "update v1_sync_runs set stats = replace(stats, '\"resource_types\":3,', '')",
            "the counts of a sync differ from its rows",
        ),
    ] {
        let path = broken(&format!("odd-{}.c1z", name.replace(' ', "-")), sql).await?;
        let report = verify(&path, &VerifyOptions::default()).await?;
        assert!(report.is_sound(), "{name}: {report:?}");
        let kinds: Vec<_> = report.warnings.iter().map(|p| p.kind.as_str()).collect();
        assert_eq!(kinds, [want], "{name}");
    }
    Ok(())
}

/// The clock may show an hour twice, and a sync may begin in the first of them and end in the second.
#[tokio::test]
async fn an_hour_that_comes_twice_is_a_warning() -> Result<()> {
    let sql = "update v1_sync_runs set started_at = '2026-11-24 07:13:00'";
    let report = verify(&broken("twice.c1z", sql).await?, &VerifyOptions::default()).await?;
    assert!(report.is_sound(), "{report:?}");
    let warnings: Vec<_> = report.warnings.iter().map(|w| w.kind.as_str()).collect();
    assert_eq!(warnings, ["a sync ends before it starts"]);
    Ok(())
}

/// Rows that other programs leave behind, which no reader sees.
#[tokio::test]
async fn rows_of_no_sync_are_a_warning() -> Result<()> {
    let sql = "insert into v1_assets values (1, 'a', 'b', x'', 'c', '2026-11-24 06:13:53'); \
               insert into v1_resource_types select 99, external_id, data, 'gone', discovered_at \
               from v1_resource_types limit 1";
    let report = verify(&broken("gone.c1z", sql).await?, &VerifyOptions::default()).await?;
    assert!(report.is_sound(), "{report:?}");
    let warnings: Vec<_> = report.warnings.iter().map(|w| w.kind.as_str()).collect();
    assert_eq!(warnings, ["there are rows of a sync that is not in the file"]);
    Ok(())
}

#[tokio::test]
async fn each_broken_rule_is_told() -> Result<()> {
    for (name, sql, want) in BREAKS {
        let path = broken(&format!("{}.c1z", name.replace(' ', "-")), sql).await?;
        let report = verify(&path, &VerifyOptions::default()).await?;
        assert_eq!(kinds(&report), *want, "{name}: {report:?}");
        if name.starts_with("ledger") {
            let sync = &report.syncs[0];
            assert!(
                sync.completeness.starts_with("unknown (the ledger ") && sync.ledger.is_none(),
                "{sync:?}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_a_ledger_says_is_no_broken_rule() -> Result<()> {
    let of = |report: &Report| (report.syncs[0].completeness.clone(), report.syncs[0].ledger.is_some());
    for (name, sql, warning, said) in [
        (
            "incomplete",
            "update completeness_ledger set state = 'incomplete' where resource_type = 'site'; \
             update completeness_ledger set state = 'incomplete', incomplete = 1, reason = 'sites: timed out' \
             where operation = 'summary'",
            Some("a sync is incomplete"),
            ("incomplete: sites: timed out", true),
        ),
        (
            "short",
            "update completeness_ledger set state = 'short' where resource_type = 'site'; \
             update completeness_ledger set state = 'short', reason = 'sites: 9 of 10' where operation = 'summary'",
            Some("a sync is short of rows that its source told of"),
            ("short: sites: 9 of 10", true),
        ),
        ("no table", "drop table completeness_ledger", None, ("unknown (no ledger)", false)),
        ("no rows", "delete from completeness_ledger", None, ("unknown (no ledger)", false)),
        (
            "another sync",
            "update completeness_ledger set sync_id = '3MXbSf4gHuDUKEEryIUNjrsvZx5'",
            Some("the completeness ledger has rows of a sync that is not in the file"),
            ("unknown (no ledger)", false),
        ),
    ] {
        let report = verify(
            &broken(&format!("ledger-{}.c1z", name.replace(' ', "-")), sql).await?,
            &VerifyOptions::default(),
        )
        .await?;
        assert!(report.is_sound(), "{name}: {report:?}");
        assert_eq!(
            report.warnings.iter().map(|w| w.kind.as_str()).collect::<Vec<_>>(),
            Vec::from_iter(warning)
        );
        let (text, there) = of(&report);
        assert_eq!((text.as_str(), there), said, "{name}");
    }
    // Where nobody says that a sync has ended, nobody has to have closed its ledger.
    let sql = "delete from completeness_ledger where operation = 'summary'; update v1_sync_runs set ended_at = null";
    let lenient = VerifyOptions { allow_unfinished: true, ..Default::default() };
    let report = verify(&broken("ledger-under-way.c1z", sql).await?, &lenient).await?;
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(of(&report), ("unknown (the ledger has no summary)".to_owned(), false));
    Ok(())
}

#[tokio::test]
async fn an_expansion_must_not_be_in_two_places() -> Result<()> {
    // Field 4 of the grant, an Any of a GrantExpandable that names `x`; the message's last field is its id (3).
    let any = b"\x0a\x33type.googleapis.com/c1.connector.v2.GrantExpandable\x12\x03\x0a\x01x";
    let hex: String =
        [&[0x22, any.len() as u8][..], any].concat().iter().map(|b| format!("{b:02x}")).collect();
    let sql = format!("update v1_grants set data = cast(data || x'{hex}' as blob) where id = 3");
    let report = verify(&broken("left.c1z", &sql).await?, &VerifyOptions::default()).await?;
    assert_eq!(
        kinds(&report),
        ["an expansion is left in the message though the sync says that it was moved out"]
    );
    // A writer that does not say that it moved them may leave them.
    let sql = format!("{sql}; update v1_sync_runs set grants_backfilled = 0");
    let report = verify(&broken("left-old.c1z", &sql).await?, &VerifyOptions::default()).await?;
    assert!(report.is_sound(), "{report:?}");
    Ok(())
}

#[tokio::test]
async fn lenience_turns_errors_into_warnings() -> Result<()> {
    let lenient =
        VerifyOptions { legacy: true, allow_dangling: true, allow_unfinished: true, ..Default::default() };
    for name in ["wal", "table", "column", "parent", "of nothing", "to nobody", "no end"] {
        let (_, sql, want) = BREAKS.iter().find(|b| b.0 == name).expect("a rule");
        let path = broken(&format!("lenient-{}.c1z", name.replace(' ', "-")), sql).await?;
        let report = verify(&path, &lenient).await?;
        assert!(report.is_sound(), "{name}: {report:?}");
        assert!(report.warnings.iter().any(|w| w.kind == want[0]), "{name}: {report:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_corrupt_database_is_told_and_not_read_on() -> Result<()> {
    let path = sound("corrupt.c1z").await?;
    let dir = tempfile::tempdir().expect("a temporary folder");
    let unpacked = envelope::unpack(&path, dir.path(), &Limits::default()).await?;
    let mut bytes = std::fs::read(unpacked.db()).expect("the database");
    let at = bytes.len() - 16_384;
    bytes[at..at + 64].fill(0xff);
    std::fs::write(unpacked.db(), bytes).expect("written");
    envelope::pack(&unpacked.db(), &path).await?;
    let report = verify(&path, &VerifyOptions::default()).await?;
    assert_eq!(kinds(&report), ["the database is corrupt"]);
    Ok(())
}

#[tokio::test]
async fn files_of_other_writers_are_sound_where_they_are() -> Result<()> {
    let Some(folder) = fixtures::folder() else { return Ok(()) };
    let legacy = VerifyOptions { legacy: true, ..Default::default() };
    // Errors and warnings as another program counts them.
    for (name, errors, warnings, counts) in [
        ("sdk-0.25-sqlite", &[][..], &[][..], &[(1_100, 100, 10_000)][..]),
        ("sdk-0.25-chains-expanded", &[], &[], &[(560, 60, 1_560)]),
        ("small-expanded", &[], &[1, 1, 6], &[(1_221, 342, 14_981)]),
        ("small-unexpanded", &[1], &[1, 1, 6], &[(1_221, 342, 2_909)]),
        ("tableau-2025-01", &[], &[1, 8, 1], &[(115, 24, 299)]),
        ("tableau-two-syncs", &[], &[1, 8, 1], &[(115, 24, 299), (118, 25, 335)]),
    ] {
        let report = verify(&folder.join(format!("{name}.c1z")), &legacy).await?;
        let mut got: Vec<_> = report.warnings.iter().map(|p| p.count).collect();
        let mut want = warnings.to_vec();
        got.sort_unstable();
        want.sort_unstable();
        assert_eq!(got, want, "{name}: {report:?}");
        assert_eq!(report.errors.iter().map(|p| p.count).collect::<Vec<_>>(), errors, "{name}: {report:?}");
        let got: Vec<_> = report.syncs.iter().map(|s| (s.resources, s.entitlements, s.grants)).collect();
        assert_eq!(got, counts, "{name}");
    }
    let error = verify(&folder.join("sdk-0.25-pebble-v3.c1z"), &legacy).await.expect_err("v3");
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    Ok(())
}
