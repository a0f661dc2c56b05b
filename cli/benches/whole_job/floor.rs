//! The floor: rows that are encoded already, through the store into a file.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Instant,
};

use connector_store::{
    C1z, EntitlementRow, Finish, GrantRow, NewSync, OpenOptions, ResourceRow, ResourceTypeRow, WorkDb,
    envelope::pack,
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
};
use futures::TryStreamExt as _;

/// Rows in one transaction, as the engine has it.
const ROWS_A_COMMIT: usize = 20_000;

struct Rows {
    types: Vec<ResourceTypeRow>,
    resources: Vec<ResourceRow>,
    entitlements: Vec<EntitlementRow>,
    grants: Vec<GrantRow>,
}

/// Reads all rows of a file, then writes them again and says how long the
/// writing took.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let file = PathBuf::from(arguments.next().ok_or_else(|| io::Error::other("floor takes a file"))?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let rows = read(&file).await.map_err(io::Error::other)?;
        let count = rows.resources.len() + rows.entitlements.len() + rows.grants.len();
        let start = Instant::now();
        write(&file, &rows).await.map_err(io::Error::other)?;
        let said = serde_json::json!({ "seconds": start.elapsed().as_secs_f64(), "rows": count });
        writeln!(io::stdout(), "{said}")
    })
}

async fn read(file: &Path) -> connector_sdk::Result<Rows> {
    let file = C1z::open(file, &OpenOptions::default()).await?;
    let view = file.view(None).await?;
    let (resources, entitlements, grants) =
        (ResourceFilter::default(), EntitlementFilter::default(), GrantFilter::default());
    Ok(Rows {
        types: view.resource_types(&()).map_ok(|r| r.row).try_collect().await?,
        resources: view.resources(&resources).map_ok(|r| r.row).try_collect().await?,
        entitlements: view.entitlements(&entitlements).map_ok(|r| r.row).try_collect().await?,
        grants: view.grants(&grants).map_ok(|r| r.row).try_collect().await?,
    })
}

async fn write(beside: &Path, rows: &Rows) -> connector_sdk::Result<()> {
    let database = beside.with_extension("floor.db");
    let target = beside.with_extension("floor.c1z");
    let mut db = WorkDb::create(&database, &NewSync::full()).await?;
    let mut batch = db.begin().await?;
    let put = batch.put_resource_types(&rows.types).await?;
    assert!(put.conflicts.is_empty(), "the rows are those of a finished file");
    batch.commit().await?;
    macro_rules! put {
        ($rows:expr, $put:ident) => {
            for chunk in $rows.chunks(ROWS_A_COMMIT) {
                let mut batch = db.begin().await?;
                let _no_conflicts = batch.$put(chunk).await?;
                batch.commit().await?;
            }
        };
    }
    put!(rows.resources, put_resources);
    put!(rows.entitlements, put_entitlements);
    put!(rows.grants, put_grants);
    db.build_indexes().await?;
    let stats = db.stats().await?;
    let finish = Finish {
        ended_at: connector_store::time::parse("2026-01-01 00:00:00").unwrap_or_default(),
        stats,
        supports_diff: false,
        completed_actions: 0,
    };
    db.finish(&finish).await?;
    let database = db.close_for_packing().await?;
    pack(&database, &target).await?;
    let _ = std::fs::remove_file(&database);
    let _ = std::fs::remove_file(&target);
    Ok(())
}
