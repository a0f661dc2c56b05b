//! A small site with something of everything, written by the store.

use std::{collections::BTreeMap, path::Path};

use connector_model::{
    Entitlement, EntitlementRef, Error, Expandable, Grant, Resource, ResourceId, ResourceType, Result,
    TraitKind,
};
use connector_store::{
    Completeness, EntitlementRow, Finish, GrantEncoder, LedgerOperation, LedgerRow, NewSync, ResourceRow,
    ResourceTypeRow, SyncId, SyncType, WorkDb, envelope,
};

/// The id of the sample's sync.
pub(crate) const SYNC: &str = "3MXdQussQNPAhnJUckxh6DGXezp";
/// The moment that everything in the sample happens at.
const AT: &str = "2026-11-24T06:13:53.8664Z";

fn at() -> Result<jiff::Timestamp> {
    AT.parse().map_err(|e| Error::internal("the sample's time").caused_by(e))
}

/// One site, two groups of which one is in the other, three users.
pub(crate) async fn write(target: &Path, work: &Path) -> Result<()> {
    let sync = NewSync { id: SyncId::new(SYNC)?, sync_type: SyncType::Full, parent: None, started_at: at()? };
    let mut db = WorkDb::create(&work.join("sample.db"), &sync).await?;
    let mut batch = db.begin_at(connector_store::time::format(at()?)?).await?;
    let site_type = ResourceType::new("site", "Site");
    let group_type = ResourceType::new("group", "Group").with_trait(TraitKind::Group);
    let user_type = ResourceType::new("user", "User").with_trait(TraitKind::User);
    let types = [&site_type, &group_type, &user_type].map(ResourceTypeRow::encode);
    assert!(batch.put_resource_types(&types).await?.conflicts.is_empty());

    let site = Resource::new(ResourceId::new("site", "acme")?, "Acme").with_child_type("user");
    let group = |id: &str, name: &str| {
        Ok::<_, Error>(Resource::group(ResourceId::new("group", id)?, name).parent(site.id.clone()))
    };
    let (all, few) = (group("all", "All of us")?, group("few", "A few")?);
    let users = (1..=3).map(|n| {
        let id = ResourceId::new("user", format!("u{n}"))?;
        Ok(Resource::user(id, format!("User {n}"))
            .email(format!("user{n}@example.com"))
            .login(format!("user{n}"))
            .profile([("zeta", "z"), ("alpha", ""), ("mid", "ü")])
            .parent(site.id.clone()))
    });
    let users: Vec<Resource> = users.collect::<Result<_>>()?;
    let resources: Vec<_> =
        [&site, &all, &few].into_iter().chain(&users).cloned().map(ResourceRow::encode).collect();
    assert!(batch.put_resources(&resources).await?.conflicts.is_empty());

    let member = |g: &Resource| {
        Entitlement::assignment(g, "member")
            .display_name("Member")
            .grantable_to(&user_type)
            .grantable_to(&group_type)
    };
    let entitlements = [member(&all), member(&few)];
    let rows: Vec<_> = entitlements.iter().map(EntitlementRow::encode).collect();
    assert!(batch.put_entitlements(&rows).await?.conflicts.is_empty());

    let [of_all, of_few] = entitlements.each_ref().map(EntitlementRef::from);
    let mut derived = Grant::new(of_all.clone(), users[0].id.clone()).immutable();
    derived.details.get_or_insert_default().sources =
        BTreeMap::from([(of_few.id.to_string(), false), (of_all.id.to_string(), true)]);
    let nested = Expandable {
        entitlement_ids: vec![of_few.id.to_string()],
        shallow: false,
        resource_type_ids: vec!["user".to_owned()],
    };
    let grants = [
        Grant::new(of_few.clone(), users[0].id.clone()),
        Grant::new(of_few, users[1].id.clone()).with_id("of its own"),
        Grant::new(of_all.clone(), few.id.clone()).expanding(nested),
        derived,
        Grant::new(of_all, users[2].id.clone()),
    ];
    let mut encoder = GrantEncoder::default();
    let rows: Vec<_> = grants.iter().map(|g| encoder.encode(g)).collect();
    assert!(batch.put_grants(&rows).await?.conflicts.is_empty());
    batch.add_to_ledger(&ledger()).await?;
    batch.commit().await?;

    db.build_indexes().await?;
    let stats = db.stats().await?;
    db.finish(&Finish { ended_at: at()?, stats, supports_diff: true, completed_actions: 6 }).await?;
    assert!(db.finish_ledger().await?.is_some());
    envelope::pack(&db.close_for_packing().await?, target).await?;
    Ok(())
}

/// What reading it took: grants of users were not wanted.
fn ledger() -> Vec<LedgerRow> {
    let row = |resource_type: &str, parent: Option<(&str, &str)>, operation, rows| LedgerRow {
        resource_type: resource_type.to_owned(),
        parent: parent.map(|(t, id)| (t.to_owned(), id.to_owned())),
        operation,
        pages: 1,
        rows,
        expected: None,
        dropped: 0,
        reason: String::new(),
        state: Completeness::Whole,
    };
    let (site, list) = (Some(("site", "acme")), LedgerOperation::ListResources);
    let skipped = LedgerRow {
        pages: 0,
        reason: "its type has none".to_owned(),
        state: Completeness::Skipped,
        ..row("user", None, LedgerOperation::ListGrants, 0)
    };
    vec![
        row("site", None, list, 1),
        row("group", site, list, 2),
        LedgerRow { pages: 2, expected: Some(3), ..row("user", site, list, 3) },
        row("group", None, LedgerOperation::ListStaticEntitlements, 2),
        row("group", Some(("group", "all")), LedgerOperation::ListGrants, 2),
        row("group", Some(("group", "few")), LedgerOperation::ListGrants, 2),
        skipped,
    ]
}
