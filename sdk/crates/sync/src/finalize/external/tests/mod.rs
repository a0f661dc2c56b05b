//! A directory in one file, and grants of a connector that mean its people.

#![expect(clippy::unwrap_used, reason = "tests")]

mod copying;
mod files;
mod linear;
mod matches;
mod restarts;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Weak},
};

use connector_model::{
    Entitlement, EntitlementRef, Expandable, Grant, Resource, ResourceId, ResourceType, Result, TraitKind,
    wire,
};
use connector_store::{
    EntitlementRow, Finish, GrantEncoder, NewSync, OpenOptions, ResourceRow, ResourceTypeRow, WorkDb,
    envelope,
};
use prost::{Message as _, Name};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{External, ExternalAdded, add_external};
use crate::ExternalPrincipals;

/// What a sync has.
#[derive(Clone, Debug, Default)]
struct Site {
    types: Vec<ResourceType>,
    resources: Vec<Resource>,
    entitlements: Vec<Entitlement>,
    grants: Vec<Grant>,
}

fn id(resource_type: &'static str, id: &str) -> ResourceId {
    ResourceId::new(resource_type, id).unwrap()
}

fn types() -> Vec<ResourceType> {
    vec![
        ResourceType::new("site", "Site"),
        ResourceType::new("user", "User").with_trait(TraitKind::User),
        ResourceType::new("group", "Group").with_trait(TraitKind::Group),
        ResourceType::new("role", "Role").with_trait(TraitKind::Role),
    ]
}

fn member(group: &str) -> Entitlement {
    Entitlement::assignment(&Resource::group(id("group", group), group), "member").display_name("Member")
}

fn of(e: &Entitlement) -> EntitlementRef {
    EntitlementRef::from(e)
}

/// Ada, Bob and Eve; Ada is in eng, Bob in ops, which is in eng. Ada is an
/// administrator.
fn directory() -> Site {
    let site = id("site", "acme");
    let user = |name: &str| Resource::user(id("user", name), name).parent(site.clone());
    let group = |name: &str| Resource::group(id("group", name), name);
    let admin = Resource::role(id("role", "admin"), "Administrator");
    let assigned = Entitlement::permission(&admin, "assigned");
    let (eng, ops) = (member("eng"), member("ops"));
    let nested = Expandable {
        entitlement_ids: vec!["group:ops:member".to_owned()],
        shallow: false,
        resource_type_ids: Vec::new(),
    };
    Site {
        types: types(),
        resources: vec![
            Resource::new(site.clone(), "Acme"),
            user("ada").email("Ada@Example.com").email("ada@home.example").profile([("employee", "A-1")]),
            user("bob").profile([("email", "bob@example.com"), ("employee", "b-2")]),
            user("eve").email("eve@example.com").profile([("employee", "E-3")]),
            group("eng").profile([("code", "ΕΝΓΣ")]),
            group("ops").parent(id("group", "eng")),
            admin,
        ],
        grants: vec![
            Grant::new(of(&eng), id("user", "ada")),
            Grant::new(of(&ops), id("user", "bob")),
            Grant::new(of(&eng), id("group", "ops")).expanding(nested),
            Grant::new(of(&assigned), id("user", "ada")),
        ],
        entitlements: vec![eng, ops, assigned],
    }
}

/// A connector with roles and nobody to hold them: the carriers.
fn roles(grants: Vec<Grant>) -> Site {
    let writer = Resource::role(id("role", "writer"), "Writer");
    Site {
        types: vec![ResourceType::new("role", "Role").with_trait(TraitKind::Role)],
        entitlements: vec![Entitlement::permission(&writer, "assigned").display_name("Writer")],
        resources: vec![writer],
        grants,
    }
}

/// A grant of the role to somebody, with an annotation.
fn carrier<M: prost::Message + Name>(to: ResourceId, message: &M) -> Grant {
    Grant::new(EntitlementRef::canonical(&id("role", "writer"), "assigned"), to).with_annotation(message)
}

fn by_id(of: &str) -> wire::ExternalResourceMatchId {
    wire::ExternalResourceMatchId { id: of.to_owned() }
}

fn by_key(of: TraitKind, key: &str, value: &str) -> wire::ExternalResourceMatch {
    wire::ExternalResourceMatch { resource_type: of.into(), key: key.to_owned(), value: value.to_owned() }
}

fn all(of: TraitKind) -> wire::ExternalResourceMatchAll {
    wire::ExternalResourceMatchAll { resource_type: of.into() }
}

/// Work folders that live as long as any of them is needed: where SQLite puts
/// its temporary files is one setting a process, the folder of the database
/// that was opened last, and it must not go while another test uses it.
static FOLDERS: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());

/// A work folder.
struct Place {
    shared: Arc<TempDir>,
    own: TempDir,
}

impl Place {
    fn new() -> Self {
        let mut folders = FOLDERS.lock().unwrap();
        let shared = folders.upgrade().unwrap_or_else(|| Arc::new(tempfile::tempdir().unwrap()));
        *folders = Arc::downgrade(&shared);
        let own = tempfile::tempdir_in(shared.path()).unwrap();
        Self { shared, own }
    }

    /// For files of its own.
    fn path(&self, name: &str) -> PathBuf {
        self.own.path().join(name)
    }

    /// For a database.
    fn database(&self, name: &str) -> PathBuf {
        let own = self.own.path().file_name().unwrap().to_str().unwrap();
        self.shared.path().join(format!("{own}.{name}"))
    }

    /// The database of a file, to be changed and packed again.
    async fn unpacked(&self, file: &Path) -> WorkDb {
        let unpacked = envelope::unpack(file, self.own.path(), &Default::default()).await.unwrap();
        let database = self.database("changed");
        std::fs::copy(unpacked.db(), &database).unwrap();
        WorkDb::open(&database).await.unwrap()
    }

    /// The external file of a directory.
    async fn external(&self, site: &Site) -> ExternalPrincipals {
        let file = self.path("directory.c1z");
        let database = self.database("directory");
        pack(written(&database, site).await.unwrap(), &file).await.unwrap();
        std::fs::remove_file(database).unwrap();
        ExternalPrincipals { file, entitlement: None, traits: Vec::new() }
    }

    /// The working database of a connector, as the seal has it.
    async fn own(&self, site: &Site) -> WorkDb {
        let mut db = written(&self.database("sync"), site).await.unwrap();
        assert!(db.index_grant_ids().await.unwrap());
        db
    }

    async fn open(&self, options: &ExternalPrincipals) -> Result<External> {
        let open = OpenOptions { temp_dir: Some(self.own.path().to_owned()), ..OpenOptions::default() };
        External::open(options, &open).await
    }

    /// Both, with what comes of them.
    async fn add(&self, own: &Site, directory: &Site) -> (WorkDb, ExternalAdded) {
        let options = self.external(directory).await;
        self.add_as(own, &options).await
    }

    async fn add_as(&self, own: &Site, options: &ExternalPrincipals) -> (WorkDb, ExternalAdded) {
        let external = self.open(options).await.unwrap();
        let mut db = self.own(own).await;
        let added = add_external(&mut db, &external, &CancellationToken::new()).await.unwrap();
        counts_fit(&mut db, own, &added).await;
        (db, added)
    }
}

async fn written(path: &Path, site: &Site) -> Result<WorkDb> {
    let mut db = WorkDb::create(path, &NewSync::full()).await?;
    let mut batch = db.begin().await?;
    let rows: Vec<_> = site.types.iter().map(ResourceTypeRow::encode).collect();
    assert!(batch.put_resource_types(&rows).await?.conflicts.is_empty());
    let rows: Vec<_> = site.resources.iter().cloned().map(ResourceRow::encode).collect();
    assert!(batch.put_resources(&rows).await?.conflicts.is_empty());
    let rows: Vec<_> = site.entitlements.iter().map(EntitlementRow::encode).collect();
    assert!(batch.put_entitlements(&rows).await?.conflicts.is_empty());
    let mut encoder = GrantEncoder::default();
    let rows: Vec<_> = site.grants.iter().map(|g| encoder.encode(g)).collect();
    assert!(batch.put_grants(&rows).await?.conflicts.is_empty());
    batch.commit().await?;
    Ok(db)
}

async fn pack(mut db: WorkDb, target: &Path) -> Result<()> {
    db.build_indexes().await?;
    let stats = db.stats().await?;
    let ended_at = jiff::Timestamp::now();
    db.finish(&Finish { ended_at, stats, supports_diff: false, completed_actions: 0 }).await?;
    envelope::pack(&db.close_for_packing().await?, target).await?;
    Ok(())
}

/// The rows that the change tells are those that are there.
async fn counts_fit(db: &mut WorkDb, before: &Site, added: &ExternalAdded) {
    let now = db.stats().await.unwrap();
    let fits = |before: Vec<&str>, change: &BTreeMap<String, i64>, now: &BTreeMap<String, i64>| {
        let mut expected = change.clone();
        before.into_iter().for_each(|t| *expected.entry(t.to_owned()).or_default() += 1);
        expected.retain(|_, n| *n != 0);
        assert_eq!(&expected, now);
    };
    let resources = before.resources.iter().map(|r| r.id.resource_type().as_str()).collect();
    fits(resources, &added.change.resources, &now.resources_by_resource_type);
    let entitlements = before.entitlements.iter().map(|e| e.resource.id.resource_type().as_str()).collect();
    fits(entitlements, &added.change.entitlements, &now.entitlements_by_resource_type);
    let grants = before.grants.iter().map(|g| g.entitlement.resource.resource_type().as_str()).collect();
    fits(grants, &added.change.grants, &now.grants_by_resource_type);
    let types = before.types.len() as u64 + added.change.resource_types;
    assert_eq!(u64::try_from(now.resource_types).unwrap(), types);
}

/// Id, message, expansion, and whether it is to be expanded.
type Row = (String, Vec<u8>, Option<Vec<u8>>, i64);

/// All grants by id, with their expansion put back.
async fn grants(db: &mut WorkDb) -> BTreeMap<String, wire::Grant> {
    let rows: Vec<Row> =
        sqlx::query_as("select external_id, data, expansion, needs_expansion from v1_grants")
            .fetch_all(db.connection())
            .await
            .unwrap();
    let read = |(id, data, expansion, needs): Row| {
        let mut grant = wire::Grant::decode(&*data).unwrap();
        assert_eq!(grant.id, id);
        assert_eq!(needs != 0, expansion.is_some());
        let value = expansion.map(|value| prost_types::Any { type_url: "expansion".to_owned(), value });
        grant.annotations.extend(value);
        (id, grant)
    };
    rows.into_iter().map(read).collect()
}

/// Who holds the role of [`roles`].
async fn holders(db: &mut WorkDb) -> BTreeSet<String> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select principal_resource_type_id, principal_resource_id from v1_grants \
         where entitlement_id = 'role:writer:assigned'",
    )
    .fetch_all(db.connection())
    .await
    .unwrap();
    rows.into_iter().map(|(t, id)| format!("{t}:{id}")).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// The names of the annotations of a message.
fn names(annotations: &[prost_types::Any]) -> Vec<&str> {
    annotations.iter().map(|a| a.type_url.rsplit(['/', '.']).next().unwrap()).collect()
}
