//! The write path, judged by plain SQLite.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use connector_model::{ErrorKind, Result};
use connector_store::{
    EntitlementRow, Finish, GrantRow, Kind, NewSync, ResourceRow, ResourceTypeRow, WorkDb,
    envelope::{self, FileKind, Limits},
};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(crate) fn resource(n: usize) -> ResourceRow {
    ResourceRow {
        resource_type_id: "user".into(),
        external_id: format!("user:{n}"),
        parent: None,
        data: vec![n as u8; 10],
    }
}

fn grant(n: usize, expansion: bool) -> GrantRow {
    GrantRow {
        resource_type_id: "group".into(),
        resource_id: "g".into(),
        entitlement_id: "group:g:member".into(),
        principal_resource_type_id: "user".into(),
        principal_resource_id: n.to_string().into(),
        external_id: format!("group:g:member:user:{n}"),
        expansion: expansion.then(|| b"\x0a\x01x".to_vec()),
        needs_expansion: expansion,
        data: vec![n as u8; 20],
    }
}

async fn finish(mut db: WorkDb, target: &Path) -> Result<()> {
    db.build_indexes().await?;
    let stats = db.stats().await?;
    db.finish(&Finish { ended_at: jiff::Timestamp::now(), stats, supports_diff: true, completed_actions: 3 })
        .await?;
    envelope::pack(&db.close_for_packing().await?, target).await?;
    Ok(())
}

#[tokio::test]
async fn a_file_is_written_and_decoded() -> Result<()> {
    let dir = folder();
    let target = dir.path().join("out.c1z");
    let mut db = WorkDb::create(&dir.path().join("work.db"), &NewSync::full()).await?;
    let id = db.sync_id().clone();
    let mut batch = db.begin().await?;
    let types = [ResourceTypeRow { external_id: "user".into(), data: b"\x0a\x04user".to_vec() }];
    assert_eq!(batch.put_resource_types(&types).await?.ids, 1..2);
    let users: Vec<_> = (0..1300).map(resource).collect();
    assert_eq!(batch.put_resources(&users).await?.ids, 1..1301);
    let of = EntitlementRow {
        resource_type_id: "group".into(),
        resource_id: "g".into(),
        external_id: "group:g:member".into(),
        data: vec![1],
    };
    assert!(batch.put_entitlements(&[of]).await?.conflicts.is_empty());
    let grants: Vec<_> = (0..700).map(|n| grant(n, n % 7 == 0)).collect();
    assert!(batch.put_grants(&grants).await?.conflicts.is_empty());
    batch.commit().await?;
    finish(db, &target).await?;

    assert_eq!(std::fs::metadata(&target).expect("the file").permissions().mode() & 0o777, 0o600);
    assert_eq!(envelope::inspect(&target)?, FileKind::V1);
    let unpacked = envelope::unpack(&target, dir.path(), &Limits::default()).await?;
    assert!(unpacked.declares_size);
    let head = std::fs::read(unpacked.db()).expect("the database");
    assert_eq!(head[18..20], [1, 1], "rollback journal");
    assert_eq!(head[16..18], [0x40, 0x00], "pages of 16 KiB");

    let db = WorkDb::open(&unpacked.db()).await?;
    assert_eq!(db.sync_id(), &id);
    Ok(())
}

#[tokio::test]
async fn refused_rows_are_named_and_replaced() -> Result<()> {
    let dir = folder();
    let mut db = WorkDb::create(&dir.path().join("work.db"), &NewSync::full()).await?;
    let mut batch = db.begin().await?;
    // 2 and 600 are there already, 700 comes twice.
    assert!(batch.put_resources(&[resource(2), resource(600)]).await?.conflicts.is_empty());
    let mut rows: Vec<_> = (0..800).map(resource).collect();
    rows.insert(750, resource(700));
    let put = batch.put_resources(&rows).await?;
    assert_eq!(put.conflicts, [2, 600, 750]);
    assert_eq!(put.ids, 3..804);

    let stored = batch.existing(Kind::Resource, "user:600").await?.expect("the first row");
    assert_eq!((stored.id, stored.data.as_slice()), (2, [88; 10].as_slice()));
    let new = ResourceRow { parent: Some(("site".into(), "s".into())), data: vec![9], ..resource(600) };
    batch.replace_resource(stored.id, &new).await?;
    assert_eq!(batch.existing(Kind::Resource, "user:600").await?.expect("the row").data, [9]);
    assert_eq!(batch.existing(Kind::Resource, "user:9999").await?, None);
    assert!(batch.replace_resource(9_999_999, &new).await.is_err());
    batch.commit().await?;

    let page = db.page_resources(Some("user"), 0, 3).await?;
    assert_eq!(page.iter().map(|r| r.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(db.page_resources(Some("user"), page[2].id, 1000).await?.len(), 797);
    assert_eq!(db.page_resources(Some("group"), 0, 3).await?, []);
    assert_eq!(db.stats().await?.resources, 800);
    Ok(())
}

#[tokio::test]
async fn a_batch_that_is_dropped_leaves_nothing() -> Result<()> {
    let dir = folder();
    let path = dir.path().join("work.db");
    let mut db = WorkDb::create(&path, &NewSync::full()).await?;
    let mut batch = db.begin().await?;
    sqlx::query("create table queue (page text)").execute(batch.connection()).await.expect("a private table");
    assert!(batch.put_resources(&[resource(1)]).await?.conflicts.is_empty());
    drop(batch);
    assert_eq!(db.stats().await?.resources, 0);
    assert!(sqlx::query("select * from queue").execute(db.connection()).await.is_err());

    // Ids are not used twice within a run, and go on where the rows end in the next.
    let mut batch = db.begin().await?;
    assert_eq!(batch.put_resources(&[resource(1)]).await?.ids, 2..3);
    batch.commit().await?;
    db.close().await?;
    let mut db = WorkDb::open(&path).await?;
    let mut batch = db.begin().await?;
    assert_eq!(batch.put_resources(&[resource(3)]).await?.ids, 3..4);
    batch.commit().await?;
    assert!(WorkDb::create(&path, &NewSync::full()).await.is_err(), "it is there already");
    Ok(())
}

#[tokio::test]
async fn a_run_that_was_killed_is_gone_on_with() -> Result<()> {
    let dir = folder();
    let (path, target) = (dir.path().join("work.db"), dir.path().join("out.c1z"));
    let mut db = WorkDb::create(&path, &NewSync::full()).await?;
    let id = db.sync_id().clone();
    let mut batch = db.begin().await?;
    assert!(
        batch.put_grants(&(0..50).map(|n| grant(n, false)).collect::<Vec<_>>()).await?.conflicts.is_empty()
    );
    batch.commit().await?;
    drop(db); // not closed: the log still lies beside the file

    let mut db = WorkDb::open(&path).await?;
    assert_eq!(db.sync_id(), &id);
    db.build_indexes().await?;
    drop(db);
    // Sealing begins again where it was.
    let db = WorkDb::open(&path).await?;
    finish(db, &target).await?;
    let mut files: Vec<_> =
        std::fs::read_dir(dir.path()).expect("the folder").map(|f| f.expect("a file").file_name()).collect();
    files.sort();
    assert_eq!(files, ["out.c1z", "work.db"], "nothing beside the two");
    let unpacked = envelope::unpack(&target, dir.path(), &Limits::default()).await?;
    assert_eq!(WorkDb::open(&unpacked.db()).await?.stats().await?.grants, 50);
    Ok(())
}

/// Other readers look for these names, the two that are swapped on resources included. From a file of baton-sdk v0.25.
#[tokio::test]
async fn the_schema_has_the_names_that_others_expect() -> Result<()> {
    let dir = folder();
    let mut db = WorkDb::create(&dir.path().join("work.db"), &NewSync::full()).await?;
    db.build_indexes().await?;
    let mut got: Vec<(String, String, i64)> = sqlx::query_as(
        "select i.name, (select group_concat(name, ' ') from pragma_index_info(i.name)), \
         (select \"unique\" from pragma_index_list(i.tbl_name) where name = i.name) \
         from sqlite_schema i where type = 'index'",
    )
    .fetch_all(db.connection())
    .await
    .expect("the schema");
    got.sort();
    let got: Vec<_> =
        got.iter().map(|(name, columns, unique)| format!("{name} {unique} {columns}")).collect();
    assert_eq!(
        got,
        [
            "idx_assets_external_sync_v1 1 external_id sync_id",
            "idx_entitlements_external_sync_v1 1 external_id sync_id",
            "idx_entitlements_resource_id_v1 0 resource_type_id resource_id",
            "idx_grants_entitlement_id_principal_id_v1 0 entitlement_id principal_resource_type_id principal_resource_id",
            "idx_grants_entitlement_sync_grant_v1 0 entitlement_id sync_id id",
            "idx_grants_external_sync_v1 1 external_id sync_id",
            "idx_grants_principal_id_v1 0 principal_resource_type_id principal_resource_id",
            "idx_grants_resource_type_id_resource_id_v1 0 resource_type_id resource_id",
            "idx_grants_sync_expansion_v1 0 sync_id",
            "idx_grants_sync_needs_expansion_v1 0 sync_id",
            "idx_resource_types_external_sync_v1 1 external_id sync_id",
            "idx_resources_external_sync_v1 0 parent_resource_type_id parent_resource_id",
            "idx_resources_parent_resource_id_v1 1 external_id sync_id",
            "idx_resources_resource_type_id_v1 0 resource_type_id",
            "idx_session_store_sync_key_v1 1 sync_id key",
            "idx_sync_runs_sync_id_v1 1 sync_id",
        ]
    );
    Ok(())
}

#[tokio::test]
async fn a_full_disk_and_a_read_only_one_are_told() -> Result<()> {
    let dir = folder();
    let mut db = WorkDb::create(&dir.path().join("work.db"), &NewSync::full()).await?;
    for (pragma, kind, word) in [
        ("pragma query_only = on", ErrorKind::PermissionDenied, "can't be written to"),
        (
            "pragma query_only = off; pragma max_page_count = 30",
            ErrorKind::ResourceExhausted,
            "free some space",
        ),
    ] {
        sqlx::raw_sql(pragma).execute(db.connection()).await.expect("a pragma");
        let rows: Vec<_> =
            (0..2000).map(resource).map(|r| ResourceRow { data: vec![0; 2000], ..r }).collect();
        let error = match db.begin().await {
            Err(error) => error,
            Ok(mut batch) => batch.put_resources(&rows).await.expect_err(pragma),
        };
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.message().contains(word) && error.get("file").is_some(), "{error:?}");
    }
    Ok(())
}

#[test]
fn free_space_is_told() -> Result<()> {
    assert!(connector_store::free_space(folder().path())? > 0);
    let missing = connector_store::free_space(Path::new("/no/such/folder")).expect_err("missing");
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    Ok(())
}
