//! `baton expand`, killed (SIGKILL) all along its way.

use std::{
    collections::BTreeSet,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use connector_model::{EntitlementRef, Expandable, Grant, ResourceId, Result};

use crate::{program, sample};

/// Kills, spread evenly over the time that it takes; as many again as soon as
/// the packer is at work.
const KILLS: u32 = 8;

/// Those of the inner team are to be members of the outer one.
fn grants() -> Result<Vec<Grant>> {
    let (outer, inner) = (ResourceId::new("team", "all")?, ResourceId::new("team", "core")?);
    let expand = Expandable {
        entitlement_ids: vec!["team:core:member".into()],
        shallow: false,
        resource_type_ids: vec!["user".into()],
    };
    let mut grants =
        vec![Grant::new(EntitlementRef::canonical(&outer, "member"), inner.clone()).expanding(expand)];
    let member = EntitlementRef::canonical(&inner, "member");
    for n in 0..3_000 {
        grants.push(Grant::new(member.clone(), ResourceId::new("user", format!("{n:040}"))?));
    }
    Ok(grants)
}

/// Starts it and kills it when `now` says so; gives whether it had ended by
/// itself, and how long it took.
fn kill(folder: &Path, temp: &Path, mut now: impl FnMut(Duration) -> bool) -> (bool, Duration) {
    let mut child = program::baton(folder, &["expand", "sync.c1z"])
        .env("BATON_TMPDIR", temp)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("its state") {
            assert!(status.success(), "{status}");
            return (true, start.elapsed());
        }
        if now(start.elapsed()) {
            child.kill().expect("it can be killed");
            let status = child.wait().expect("its end");
            return (status.success(), start.elapsed());
        }
        std::thread::sleep(Duration::from_micros(50));
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn the_old_file_stays_whenever_it_is_killed_and_the_next_run_ends() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    sample::write(folder, "sync.c1z", grants()?).await?;
    let file = folder.join("sync.c1z");
    let old = std::fs::read(&file).expect("the old file");
    let temp = tempfile::tempdir().expect("a temporary folder");
    let temp = temp.path();

    let (_, took) = kill(folder, temp, |_| false);
    let held = |folder: &Path| {
        let run = program::run(folder, &["grants", "-e", "team:all:member"]);
        assert_eq!(run.code, Some(0), "{run}");
        run.stdout
    };
    let expanded = held(folder);
    assert!(expanded.lines().count() > 3_000, "3,000 members and the inner team");

    let (mut early, mut packing) = (0, 0);
    for n in 0..2 * KILLS {
        std::fs::write(&file, &old).expect("the old file");
        let (ended, _) = if n < KILLS {
            kill(folder, temp, |since| since >= took * n / KILLS)
        } else {
            kill(folder, temp, |_| folder.join(".sync.c1z.tmp").exists())
        };
        let now = std::fs::read(&file).expect("the file");
        if now == old {
            assert!(!ended, "kill {n}");
            early += 1;
        } else {
            assert_eq!(held(folder), expanded, "kill {n}: a whole new file");
        }
        packing += u32::from(names(folder).contains(".sync.c1z.tmp"));
        let known = [".sync.c1z.lock", ".sync.c1z.tmp", "sync.c1z"].map(String::from).into();
        assert!(names(folder).is_subset(&known), "kill {n}: {:?}", names(folder));

        // What was left stands in nobody's way.
        let (ended, _) = kill(folder, temp, |_| false);
        assert!(ended, "kill {n}");
        assert_eq!(held(folder), expanded, "kill {n}");
        assert_eq!(names(folder), ["sync.c1z".to_owned()].into(), "kill {n}");
    }
    assert!(early > 0 && packing > 0, "{early} kills before the new file, {packing} of them at the packing");
    Ok(())
}
