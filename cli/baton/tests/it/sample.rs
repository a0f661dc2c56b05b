//! A small file: two types, a team inside a team, one expandable grant, and one to somebody who is not there.

use std::path::Path;

use connector_model::{
    Entitlement, EntitlementRef, Expandable, Grant, Resource, ResourceId, ResourceType, Result, TraitKind,
};
use connector_store::{
    Completeness, EntitlementRow, Finish, GrantEncoder, GrantRow, LedgerOperation, LedgerRow, NewSync,
    ResourceRow, ResourceTypeRow, SyncId, SyncType, WorkDb, envelope,
};
use jiff::Timestamp;
use tempfile::TempDir;

/// The sync's id.
pub(crate) const SYNC: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";

/// A folder with the file in it, as `sync.c1z`.
pub(crate) async fn folder() -> Result<TempDir> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "sync.c1z", grants()?).await?;
    Ok(folder)
}

fn teams() -> Result<[Resource; 2]> {
    let all = ResourceId::new("team", "all")?;
    let inner = Resource::group(ResourceId::new("team", "core")?, "Core \u{1b}[31mteam").parent(all.clone());
    Ok([Resource::group(all, "Everyone"), inner])
}

fn users() -> Result<[Resource; 2]> {
    let unknown =
        prost_types::Any { type_url: "type.googleapis.com/acme.v1.Badge".into(), value: vec![8, 7] };
    let mut zoe =
        Resource::user(ResourceId::new("user", "zoë")?, "Zoë 東京").disabled("left").email("zoe@example.com");
    zoe.annotations = vec![unknown].into();
    Ok([Resource::user(ResourceId::new("user", "ada")?, "Ada Lovelace").enabled().login("ada"), zoe])
}

/// The grants, as native values.
pub(crate) fn grants() -> Result<Vec<Grant>> {
    let [all, core] = teams()?;
    let member = |team: &Resource| EntitlementRef::canonical(&team.id, "member");
    let inner = Expandable {
        entitlement_ids: vec!["team:core:member".into()],
        shallow: true,
        resource_type_ids: vec!["user".into()],
    };
    Ok(vec![
        Grant::new(member(&core), ResourceId::new("user", "ada")?),
        Grant::new(member(&core), ResourceId::new("user", "zoë")?).immutable(),
        Grant::new(member(&all), core.id).expanding(inner),
        Grant::new(member(&all), ResourceId::new("user", "ghost")?),
    ])
}

/// Grants of one entitlement; 5,000 are far more than a pipe and the program's buffer hold (64 and 256 KiB).
pub(crate) fn many_grants(count: usize) -> Result<Vec<Grant>> {
    let team = ResourceId::new("team", "all")?;
    let grant = |n| {
        Ok(Grant::new(
            EntitlementRef::canonical(&team, "member"),
            ResourceId::new("user", format!("{n:040}"))?,
        ))
    };
    (0..count).map(grant).collect()
}

/// Writes the sample, with these grants, under a name.
pub(crate) async fn write(folder: &Path, name: &str, grants: Vec<Grant>) -> Result<()> {
    let mut encoder = GrantEncoder::default();
    let rows: Vec<_> = grants.iter().map(|grant| encoder.encode(grant)).collect();
    write_rows(folder, name, &rows).await
}

/// Writes the sample, with these rows of grants, under a name.
pub(crate) async fn write_rows(folder: &Path, name: &str, grants: &[GrantRow]) -> Result<()> {
    write_all(folder, name, grants, &[]).await
}

/// Writes the sample, with this ledger, under a name.
pub(crate) async fn write_ledger(folder: &Path, name: &str, ledger: &[LedgerRow]) -> Result<()> {
    let mut encoder = GrantEncoder::default();
    let rows: Vec<_> = grants()?.iter().map(|grant| encoder.encode(grant)).collect();
    write_all(folder, name, &rows, ledger).await
}

async fn write_all(folder: &Path, name: &str, grants: &[GrantRow], ledger: &[LedgerRow]) -> Result<()> {
    let at = |text: &str| text.parse::<Timestamp>().expect("a time");
    let sync = NewSync {
        id: SyncId::new(SYNC)?,
        sync_type: SyncType::Full,
        parent: None,
        started_at: at("2026-11-24T06:13:53.5Z"),
    };
    let mut db = WorkDb::create(&folder.join("work.db"), &sync).await?;
    let mut batch = db.begin().await?;
    let user = ResourceType::new("user", "User").with_trait(TraitKind::User).skip_entitlements_and_grants();
    let team = ResourceType::new("team", "Team").with_trait(TraitKind::Group);
    let types = [&user, &team].map(ResourceTypeRow::encode);
    assert!(batch.put_resource_types(&types).await?.conflicts.is_empty());
    let resources: Vec<_> = teams()?.iter().chain(&users()?).cloned().map(ResourceRow::encode).collect();
    assert!(batch.put_resources(&resources).await?.conflicts.is_empty());
    let entitlements: Vec<_> = teams()?
        .iter()
        .map(|t| Entitlement::assignment(t, "member").display_name("Member").grantable_to(&user))
        .map(|e| EntitlementRow::encode(&e))
        .collect();
    assert!(batch.put_entitlements(&entitlements).await?.conflicts.is_empty());
    for page in grants.chunks(500) {
        assert!(batch.put_grants(page).await?.conflicts.is_empty());
    }
    batch.add_to_ledger(ledger).await?;
    batch.commit().await?;
    db.finish_ledger().await?;
    db.build_indexes().await?;
    let stats = db.stats().await?;
    let ended_at = at("2026-11-24T06:13:55.75Z");
    db.finish(&Finish { ended_at, stats, supports_diff: true, completed_actions: 3 }).await?;
    let db = db.close_for_packing().await?;
    envelope::pack(&db, &folder.join(name)).await?;
    std::fs::remove_file(db).expect("the working database");
    Ok(())
}

/// A row whose message is no message.
pub(crate) fn broken_grant() -> Result<GrantRow> {
    let mut row = GrantEncoder::default().encode(&grants()?[0]);
    row.data = vec![0xff; 4];
    Ok(row)
}

/// A ledger whose worst state is this.
pub(crate) fn ledger(worst: Completeness) -> Vec<LedgerRow> {
    let row = |resource_type: &str, operation, rows| LedgerRow {
        resource_type: resource_type.to_owned(),
        parent: None,
        operation,
        pages: 1,
        rows,
        expected: None,
        dropped: 0,
        reason: String::new(),
        state: Completeness::Whole,
    };
    let of = |team: &str, row| LedgerRow { parent: Some(("team".to_owned(), team.to_owned())), ..row };
    let mut rows = vec![
        row("team", LedgerOperation::ListResources, 2),
        LedgerRow {
            pages: 2,
            expected: Some(3),
            dropped: 1,
            reason: "1 without an id is left out".to_owned(),
            ..row("user", LedgerOperation::ListResources, 2)
        },
        of("all", row("team", LedgerOperation::ListGrants, 2)),
        of("core", row("team", LedgerOperation::ListGrants, 2)),
    ];
    if worst >= Completeness::Skipped {
        rows.push(LedgerRow {
            pages: 0,
            state: Completeness::Skipped,
            reason: "its type has none".to_owned(),
            ..row("user", LedgerOperation::ListGrants, 0)
        });
    }
    if worst >= Completeness::Short {
        rows.push(LedgerRow {
            state: Completeness::Short,
            expected: Some(1),
            reason: "list grants of team:late: the source says 1, and 0 came, twice".to_owned(),
            ..of("late", row("team", LedgerOperation::ListGrants, 0))
        });
    }
    if worst >= Completeness::Incomplete {
        rows.push(LedgerRow {
            state: Completeness::Incomplete,
            reason: "the server \u{1b}[2J took too long".to_owned(),
            ..of("gone", row("team", LedgerOperation::ListGrants, 0))
        });
    }
    rows
}
