//! Files of other writers, where their folder is beside the repository. The counts are those that the folder's own
//! notes give.

use std::path::{Path, PathBuf};

use connector_model::{ErrorKind, Result};
use connector_store::{
    C1z, OpenOptions,
    envelope::{self, FileKind},
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
};
use futures::{StreamExt as _, TryStreamExt as _};

/// The folder of fixtures, or nothing, said aloud.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures");
    if folder.is_dir() {
        return Some(folder);
    }
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: there is no folder of fixtures beside the repository");
    }
    None
}

#[tokio::test]
async fn every_v1_file_is_read() -> Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    for (name, types, resources, entitlements, grants, expandable) in [
        ("small-unexpanded", 4, 1_221, 342, 2_909, None),
        ("small-expanded", 4, 1_221, 342, 14_981, None),
        ("sdk-0.25-sqlite", 2, 1_100, 100, 10_000, Some(0)),
        ("tableau-2025-01", 4, 115, 24, 299, Some(0)),
    ] {
        let file = C1z::open(&folder.join(format!("{name}.c1z")), &OpenOptions::default()).await?;
        let view = file.view(None).await?;
        let stats = match view.stored_stats().await? {
            Some(stats) => stats,
            None => view.counted_stats().await?,
        };
        assert_eq!(
            (stats.resource_types, stats.resources, stats.entitlements, stats.grants),
            (types, resources, entitlements, grants),
            "{name}"
        );
        assert_eq!(view.counted_stats().await?.resources_by_resource_type, stats.resources_by_resource_type);
        assert_eq!(view.resource_types(&()).count().await as i64, types, "{name}");
        assert_eq!(view.resources(&ResourceFilter::default()).count().await as i64, resources, "{name}");
        assert_eq!(
            view.entitlements(&EntitlementFilter::default()).count().await as i64,
            entitlements,
            "{name}"
        );
        let all: Vec<_> = view.grants(&GrantFilter::default()).try_collect().await?;
        assert_eq!(all.len() as i64, grants, "{name}");
        if let Some(expandable) = expandable {
            assert_eq!(all.iter().filter(|g| g.row.expansion.is_some()).count(), expandable, "{name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn filters_find_what_a_scan_finds() -> Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    for name in ["tableau-2025-01", "sdk-0.25-sqlite", "small-expanded"] {
        let file = C1z::open(&folder.join(format!("{name}.c1z")), &OpenOptions::default()).await?;
        let view = file.view(None).await?;
        let all: Vec<_> = view.grants(&GrantFilter::default()).try_collect().await?;
        let one = &all[all.len() / 2].row;
        let entitlement = Some(one.entitlement_id.to_string());
        let principal =
            Some((one.principal_resource_type_id.to_string(), one.principal_resource_id.to_string()));
        let resource = Some((one.resource_type_id.to_string(), one.resource_id.to_string()));
        let resource_type = Some(one.resource_type_id.to_string());
        for bits in 0..16 {
            let filter = GrantFilter {
                entitlement: entitlement.clone().filter(|_| bits & 1 != 0),
                principal: principal.clone().filter(|_| bits & 2 != 0),
                resource: resource.clone().filter(|_| bits & 4 != 0),
                resource_type: resource_type.clone().filter(|_| bits & 8 != 0),
            };
            let got: Vec<_> = view.grants(&filter).map_ok(|g| g.id).try_collect().await?;
            let want: Vec<_> = all
                .iter()
                .filter(|g| bits & 1 == 0 || g.row.entitlement_id == one.entitlement_id)
                .filter(|g| {
                    bits & 2 == 0
                        || (&g.row.principal_resource_type_id, &g.row.principal_resource_id)
                            == (&one.principal_resource_type_id, &one.principal_resource_id)
                })
                .filter(|g| {
                    bits & 4 == 0
                        || (&g.row.resource_type_id, &g.row.resource_id)
                            == (&one.resource_type_id, &one.resource_id)
                })
                .filter(|g| bits & 8 == 0 || g.row.resource_type_id == one.resource_type_id)
                .map(|g| g.id)
                .collect();
            assert_eq!(got, want, "{name} {filter:?}");
            assert!(!got.is_empty());
        }
        assert_eq!(
            view.grant(&one.external_id).await?.map(|g| g.row.external_id),
            Some(one.external_id.clone())
        );
        assert_eq!(view.grant("no such grant").await?, None);
        let principal = view.resource(&one.principal_resource_type_id, &one.principal_resource_id).await?;
        assert!(principal.is_some(), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn two_syncs_of_one_file_are_told_apart() -> Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    let file = C1z::open(&folder.join("tableau-two-syncs.c1z"), &OpenOptions::default()).await?;
    let syncs = file.syncs().await?;
    assert_eq!(syncs.len(), 2);
    assert!(syncs.iter().all(|s| s.is_finished()));
    assert!(syncs[0].ended_at > syncs[1].ended_at, "the newest comes first");
    let users = ResourceFilter { resource_type: Some("user".into()), parent: None };
    let groups = ResourceFilter {
        resource_type: Some("group".into()),
        parent: Some(("site".into(), "cccccccc-0000-4000-8000-000000000001".into())),
    };
    for (run, (n_users, n_groups)) in syncs.iter().zip([(102, 11), (100, 10)]) {
        let view = file.view(Some(&run.id)).await?;
        assert_eq!(view.resources(&users).count().await, n_users);
        assert_eq!(view.resources(&groups).count().await, n_groups);
    }
    assert_eq!(file.default_sync().await?.as_ref(), Some(&syncs[0]));
    let error = file.view(Some("3MXbSf4gHuDUKEEryIUNjrsvZxx")).await.expect_err("no such sync");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_v3_file_is_refused_by_name() -> Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    let path = folder.join("sdk-0.25-pebble-v3.c1z");
    let FileKind::V3(summary) = envelope::inspect(&path)? else { panic!("it is v3") };
    assert_eq!(summary.engine, "pebble3");
    let [sync] = summary.syncs.as_slice() else { panic!("one sync") };
    assert_eq!((sync.resources, sync.entitlements, sync.grants), (Some(1_100), Some(100), Some(10_000)));
    assert!(sync.ended);

    let error = C1z::open(&path, &OpenOptions::default()).await.expect_err("v3");
    assert_eq!(error.kind().code(), 9);
    for word in ["v3", "pebble3", "1100 resources", "100 entitlements", "10000 grants", &sync.id] {
        assert!(error.to_string().contains(word), "{word} in: {error}");
    }
    assert_eq!(envelope::check_target(&path, false).expect_err("v3").kind().code(), 9);
    assert!(envelope::check_target(&path, true).is_ok());
    Ok(())
}
