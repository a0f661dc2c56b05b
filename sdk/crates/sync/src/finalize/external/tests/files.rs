//! External files that can't be used.

use std::path::Path;

use connector_model::{ErrorKind, TraitKind};

use super::{Place, add_external, directory, roles};
use crate::ExternalPrincipals;

fn options(file: &Path) -> ExternalPrincipals {
    ExternalPrincipals { file: file.to_owned(), entitlement: None, traits: Vec::new() }
}

#[tokio::test]
async fn a_file_that_can_not_be_read_is_named() {
    let place = Place::new();
    let good = place.external(&directory()).await;
    let whole = std::fs::read(&good.file).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    for (bytes, kind, why) in [
        (None, ErrorKind::NotFound, "no such file"),
        (Some(&b""[..]), ErrorKind::NotFound, "is empty"),
        (Some(b"hello"), ErrorKind::InvalidArgument, "not a c1z file"),
        (Some(b"C1Z3\0\0\0\0\0"), ErrorKind::FailedPrecondition, "v3"),
        (Some(&whole[..whole.len() - 9]), ErrorKind::DataLoss, "truncated"),
        (Some(&damaged), ErrorKind::DataLoss, "corrupt"),
    ] {
        let file = place.path("other.c1z");
        if let Some(bytes) = bytes {
            std::fs::write(&file, bytes).unwrap();
        }
        let error = place.open(&options(&file)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.message().contains("--external-resource-c1z"), "{error}");
        assert_eq!(error.get("file"), Some(&*file.display().to_string()));
        assert!(error.report().contains(why), "{why}: {}", error.report());
    }
}

#[tokio::test]
async fn a_file_without_a_finished_full_sync_is_refused() {
    let place = Place::new();
    for change in
        ["update v1_sync_runs set ended_at = null", "update v1_sync_runs set sync_type = 'resources_only'"]
    {
        let good = place.external(&directory()).await;
        let file = place.path("other.c1z");
        changed(&place, &good.file, &file, change).await;
        let error = place.open(&options(&file)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error:?}");
        assert!(error.report().contains("no finished full sync"), "{}", error.report());
    }
}

/// A file with its database changed by a statement.
async fn changed(place: &Place, from: &Path, to: &Path, statement: &'static str) {
    let mut db = place.unpacked(from).await;
    sqlx::raw_sql(statement).execute(db.connection()).await.unwrap();
    connector_store::envelope::pack(&db.close_for_packing().await.unwrap(), to).await.unwrap();
}

#[tokio::test]
async fn an_entitlement_that_is_not_there_is_named() {
    let place = Place::new();
    let mut good = place.external(&directory()).await;
    good.entitlement = Some("group:none:member".to_owned());
    let error = place.open(&good).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let report = error.report();
    assert!(report.contains("group:none:member"), "{report}");
}

#[tokio::test]
async fn the_types_that_come_are_known_before_the_connector_is_asked() {
    let place = Place::new();
    let mut good = place.external(&directory()).await;
    let supplied = async |options: &ExternalPrincipals| {
        let external = place.open(options).await.unwrap();
        external.supplied_types().map(|t| t.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(supplied(&good).await, ["user", "group"]);
    good.traits = vec![TraitKind::Role, TraitKind::App];
    assert_eq!(supplied(&good).await, ["role"]);
    good.traits = vec![TraitKind::App];
    assert_eq!(supplied(&good).await, [""; 0]);
}

/// A killed run leaves its decoded copy; it is not kept beside the next.
#[tokio::test]
async fn the_copy_of_an_earlier_run_goes() {
    let place = Place::new();
    let good = place.external(&directory()).await;
    std::mem::forget(place.open(&good).await.unwrap());
    let external = place.open(&good).await.unwrap();
    let copies = || std::fs::read_dir(place.path("external")).unwrap().count();
    assert_eq!(copies(), 1);
    drop(external);
    assert_eq!(copies(), 0);
}

/// Rows whose message is not what the columns say, or none.
#[tokio::test]
async fn a_row_that_does_not_fit_is_named_and_nothing_is_kept() {
    for (statement, what) in [
        ("update v1_resources set data = x'ff' where external_id = 'user:ada'", "resource"),
        ("update v1_resources set data = x'' where external_id = 'user:ada'", "resource"),
        ("update v1_resources set external_id = 'user:x' where external_id = 'user:ada'", "resource"),
        ("update v1_resources set external_id = 'x' where external_id = 'user:ada'", "resource"),
        ("update v1_entitlements set data = x'0a7f' where resource_id = 'eng'", "entitlement"),
        ("update v1_entitlements set external_id = 'e' where resource_id = 'eng'", "entitlement"),
        ("update v1_grants set data = x'0a7f'", "grant"),
        ("update v1_grants set external_id = 'g' || id", "grant"),
    ] {
        let place = Place::new();
        let good = place.external(&directory()).await;
        let file = place.path("other.c1z");
        changed(&place, &good.file, &file, statement).await;
        let external = place.open(&options(&file)).await.unwrap();
        let mut db = place.own(&roles(Vec::new())).await;
        let error = add_external(&mut db, &external, &super::CancellationToken::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataLoss, "{statement}: {error:?}");
        assert!(error.message().contains(&format!("a {what} of the external file")), "{error}");
        assert_eq!(db.stats().await.unwrap().resources, 1, "{statement}");
    }
}

#[tokio::test]
async fn a_type_that_does_not_fit_is_named() {
    let place = Place::new();
    let good = place.external(&directory()).await;
    let file = place.path("other.c1z");
    changed(&place, &good.file, &file, "update v1_resource_types set data = x'ff'").await;
    let error = place.open(&options(&file)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{error:?}");
}

/// A file without unique indexes may have an id twice.
#[tokio::test]
async fn of_rows_of_one_id_the_last_comes() {
    let place = Place::new();
    let file = place.external(&directory()).await.file;
    let other = place.path("other.c1z");
    let statement = "drop index idx_grants_external_sync_v1; insert into v1_grants (resource_type_id, resource_id, \
         entitlement_id, principal_resource_type_id, principal_resource_id, external_id, data, sync_id, \
         discovered_at) select resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
         principal_resource_id, external_id, data, sync_id, discovered_at from v1_grants";
    changed(&place, &file, &other, statement).await;
    let (mut db, added) = place.add_as(&roles(Vec::new()), &options(&other)).await;
    assert_eq!((added.grants, db.stats().await.unwrap().grants), (6, 3));
}
