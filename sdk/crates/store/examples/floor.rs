//! The floor of a sync: grants that are encoded already, through the store into a packed file, and back.
//!
//! `cargo run --release -p connector-store --example floor [GRANTS]` prints rows a second and the size of the file.

use std::{sync::Arc, time::Instant};

use connector_model::Result;
use connector_store::{C1z, Finish, GrantRow, NewSync, OpenOptions, WorkDb, envelope, reader::GrantFilter};
use futures::TryStreamExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let wanted = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000_u64);
    let folder = tempfile::tempdir().map_err(|e| connector_model::Error::io("no temporary folder", e))?;
    let mut db = WorkDb::create(&folder.path().join("work.db"), &NewSync::full()).await?;

    let began = Instant::now();
    let mut made = std::time::Duration::ZERO;
    let mut group = 0;
    let mut stored = 0;
    while stored < wanted {
        let mut batch = db.begin().await?;
        for _ in 0..20 {
            let began = Instant::now();
            let rows: Vec<GrantRow> = members(group, 500);
            made += began.elapsed();
            group += 1;
            stored += rows.len() as u64;
            assert!(batch.put_grants(&rows).await?.conflicts.is_empty(), "the ids repeat");
        }
        batch.commit().await?;
    }
    let took = began.elapsed() - made;
    say(&format!("insert  {took:>7.2?}  {:.0} rows/s", stored as f64 / took.as_secs_f64()));

    let step = Instant::now();
    db.build_indexes().await?;
    say(&format!("index   {:>7.2?}", step.elapsed()));
    let step = Instant::now();
    let stats = db.stats().await?;
    let finish =
        Finish { ended_at: jiff::Timestamp::now(), stats, supports_diff: true, completed_actions: 0 };
    db.finish(&finish).await?;
    let path = db.close_for_packing().await?;
    say(&format!("finish  {:>7.2?}", step.elapsed()));
    let step = Instant::now();
    let bytes = envelope::pack(&path, &folder.path().join("out.c1z")).await?;
    say(&format!("pack    {:>7.2?}  {bytes} bytes", step.elapsed()));
    let all = began.elapsed() - made;
    let step = Instant::now();
    let file = C1z::open(&folder.path().join("out.c1z"), &OpenOptions::default()).await?;
    say(&format!("open    {:>7.2?}", step.elapsed()));
    let step = Instant::now();
    let view = file.view(None).await?;
    let filter = GrantFilter::default();
    let read = view.grants(&filter).try_fold(0_u64, |n, _| async move { Ok(n + 1) }).await?;
    assert_eq!(read, stored, "all is read");
    let took = step.elapsed();
    say(&format!("read    {took:>7.2?}  {:.0} rows/s", read as f64 / took.as_secs_f64()));
    say(&format!("write   {all:>7.2?}  {:.0} rows/s", stored as f64 / all.as_secs_f64()));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program that prints")]
fn say(line: &str) {
    println!("{line}");
}

fn members(group: u64, count: u64) -> Vec<GrantRow> {
    let resource: Arc<str> = uuid(group, 1).into();
    let entitlement: Arc<str> = format!("group:{resource}:member").into();
    let (group_type, user_type): (Arc<str>, Arc<str>) = ("group".into(), "user".into());
    (0..count)
        .map(|i| {
            let user = uuid(group * count + i, 2);
            let external_id = format!("{entitlement}:user:{user}");
            // As long as the message of a grant with its entitlement and principal inside.
            let mut data = external_id.clone().into_bytes();
            data.resize(300, b'x');
            GrantRow {
                resource_type_id: group_type.clone(),
                resource_id: resource.clone(),
                entitlement_id: entitlement.clone(),
                principal_resource_type_id: user_type.clone(),
                principal_resource_id: user.into(),
                external_id,
                expansion: None,
                needs_expansion: false,
                data,
            }
        })
        .collect()
}

/// A text like a UUID, spread evenly (splitmix64).
fn uuid(n: u64, salt: u64) -> String {
    let mix = |n: u64| {
        let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        n ^ (n >> 31)
    };
    let (a, b) = (mix(n + 1), mix(n ^ (salt << 40)));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}
