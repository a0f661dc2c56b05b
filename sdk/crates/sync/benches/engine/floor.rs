//! The floor: the rows of a finished sync, encoded already, through the store
//! into a file.
//!
//! The rows of a transaction are made while the clock stands still, so that
//! they are ready when it runs and never all in memory.

use std::{path::Path, time::Instant};

use connector_model::Result;
use connector_store::{
    EntitlementRow, Finish, GrantEncoder, GrantRow, NewSync, ResourceRow, ResourceTypeRow, WorkDb,
    envelope::pack,
};
use nix::sys::resource::{UsageWho, getrusage};

use crate::shape::{PAGE, Shape, Types, group_type, user_type};

/// Rows in one transaction, as the engine has it.
const ROWS_A_COMMIT: usize = 20_000;

/// A clock that can stand still, of wall and of processor time.
#[derive(Default)]
struct Clock {
    wall: f64,
    cpu: f64,
}

impl Clock {
    async fn time<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let (start, cpu) = (Instant::now(), cpu_seconds());
        let done = work.await;
        self.wall += start.elapsed().as_secs_f64();
        self.cpu += cpu_seconds() - cpu;
        done
    }
}

/// What this process used so far, all threads and the kernel included.
fn cpu_seconds() -> f64 {
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |u| seconds(u.user_time()) + seconds(u.system_time()))
}

/// Writes the rows of a shape and says how long that took.
pub(crate) async fn run(shape: &Shape, file: &Path, expanded: bool) -> Result<serde_json::Value> {
    let database = file.with_extension("floor.db");
    let target = file.with_extension("floor.c1z");
    let types = Types::new();
    let mut clock = Clock::default();
    let mut db = clock.time(WorkDb::create(&database, &NewSync::full())).await?;
    let rows = [user_type(), group_type()].map(|t| ResourceTypeRow::encode(&t));
    clock.time(put(&mut db, async |batch| batch.put_resource_types(&rows).await)).await?;
    let mut count = 0;
    macro_rules! store {
        ($rows:expr, $put:ident) => {
            let rows = &$rows;
            count += rows.len();
            clock.time(put(&mut db, async |batch| batch.$put(rows).await)).await?;
        };
    }
    for (of, is_user) in [(shape.users, true), (shape.groups, false)] {
        for numbers in chunks(of, ROWS_A_COMMIT) {
            let rows: Result<Vec<_>> = numbers
                .map(|n| if is_user { shape.user(&types, n) } else { shape.group(&types, n) })
                .map(|resource| resource.map(ResourceRow::encode))
                .collect();
            store!(rows?, put_resources);
        }
    }
    for groups in chunks(shape.groups, ROWS_A_COMMIT) {
        let rows: Result<Vec<_>> = groups
            .map(|n| Ok(EntitlementRow::encode(&Shape::entitlement(&shape.group(&types, n)?))))
            .collect();
        store!(rows?, put_entitlements);
    }
    // What expansion adds is put behind what the connector told, as it comes.
    for inherited in [false, true].into_iter().take(1 + usize::from(expanded)) {
        let mut rows = Vec::with_capacity(ROWS_A_COMMIT + PAGE as usize);
        for group in 0..shape.groups {
            encode(shape, &types, group, inherited, &mut rows)?;
            if rows.len() >= ROWS_A_COMMIT || group + 1 == shape.groups {
                store!(rows, put_grants);
                rows.clear();
            }
        }
    }
    let stored = clock.wall;
    let bytes = clock.time(seal(db, &target)).await?;
    let _ = std::fs::remove_file(&database);
    let _ = std::fs::remove_file(&target);
    Ok(serde_json::json!({
        "seconds": clock.wall,
        "seal": clock.wall - stored,
        "cpu": clock.cpu,
        "rows": count,
        "bytes": bytes,
    }))
}

fn encode(shape: &Shape, types: &Types, group: u32, inherited: bool, to: &mut Vec<GrantRow>) -> Result<()> {
    let mut encoder = GrantEncoder::default();
    if inherited {
        to.extend(shape.inherited(types, group)?.iter().map(|g| encoder.encode(g)));
        return Ok(());
    }
    for from in (0..shape.members).step_by(PAGE as usize) {
        to.extend(shape.grants(types, group, from)?.iter().map(|g| encoder.encode(g)));
    }
    Ok(())
}

fn chunks(of: u32, size: usize) -> impl Iterator<Item = std::ops::Range<u32>> {
    (0..of).step_by(size).map(move |from| from..(from + size as u32).min(of))
}

/// One transaction.
async fn put(
    db: &mut WorkDb,
    rows: impl AsyncFnOnce(&mut connector_store::Batch<'_>) -> Result<connector_store::Put>,
) -> Result<()> {
    let mut batch = db.begin().await?;
    let put = rows(&mut batch).await?;
    assert!(put.conflicts.is_empty(), "every row has an id of its own");
    batch.commit().await
}

async fn seal(mut db: WorkDb, target: &Path) -> Result<u64> {
    db.build_indexes().await?;
    let stats = db.stats().await?;
    let ended_at = jiff::Timestamp::now();
    db.finish(&Finish { ended_at, stats, supports_diff: false, completed_actions: 0 }).await?;
    let database = db.close_for_packing().await?;
    pack(&database, target).await
}
