//! Expansion of working databases.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use connector_model::{EntitlementRef, ErrorKind, Expandable, Grant, Resource, ResourceId, wire};
use connector_store::{EntitlementRow, GrantEncoder, GrantRow, NewSync, ResourceRow};
use prost::Message as _;
use tempfile::TempDir;

use super::*;

fn id(kind: &'static str, id: impl ToString) -> ResourceId {
    ResourceId::new(kind, id.to_string()).unwrap()
}

fn member(group: &ResourceId) -> EntitlementRef {
    EntitlementRef::canonical(group, "member")
}

fn group(name: impl ToString) -> ResourceId {
    id("group", name)
}

fn user(name: impl ToString) -> ResourceId {
    id("user", name)
}

fn direct(group: &ResourceId, principal: ResourceId) -> Grant {
    Grant::new(member(group), principal)
}

/// Members of `inner` are members of `outer`.
fn inside(inner: &ResourceId, outer: &ResourceId) -> Grant {
    let entitlement_ids = vec![member(inner).id.to_string()];
    let users = vec!["user".to_owned()];
    direct(outer, inner.clone()).expanding(Expandable {
        entitlement_ids,
        shallow: false,
        resource_type_ids: users,
    })
}

fn rows(grants: &[Grant]) -> Vec<GrantRow> {
    let mut encoder = GrantEncoder::default();
    grants.iter().map(|grant| encoder.encode(grant)).collect()
}

async fn database(groups: &[ResourceId], grants: &[GrantRow]) -> (TempDir, WorkDb) {
    let folder = tempfile::tempdir().unwrap();
    let mut db = WorkDb::create(&folder.path().join("work.db"), &NewSync::full()).await.unwrap();
    let mut batch = db.begin().await.unwrap();
    let resources: Vec<_> = groups.iter().map(|g| Resource::group(g.clone(), "a group")).collect();
    let entitlements: Vec<_> = resources
        .iter()
        .map(|r| EntitlementRow::encode(&connector_model::Entitlement::assignment(r, "member")))
        .collect();
    let resources: Vec<_> = resources.into_iter().map(ResourceRow::encode).collect();
    assert!(batch.put_resources(&resources).await.unwrap().conflicts.is_empty());
    assert!(batch.put_entitlements(&entitlements).await.unwrap().conflicts.is_empty());
    assert!(batch.put_grants(grants).await.unwrap().conflicts.is_empty());
    batch.commit().await.unwrap();
    (folder, db)
}

/// Id, message, expansion, and whether it is to be looked at.
type Columns = (String, Vec<u8>, Option<Vec<u8>>, bool);

/// All grants, without the row's number and time.
async fn stored(db: &mut WorkDb) -> BTreeSet<Columns> {
    let rows: Vec<Columns> =
        sqlx::query_as("select external_id, data, expansion, needs_expansion from v1_grants")
            .fetch_all(db.connection())
            .await
            .unwrap();
    let count = rows.len();
    let set: BTreeSet<_> = rows.into_iter().collect();
    assert_eq!(set.len(), count, "no grant comes twice");
    set
}

async fn sources(db: &mut WorkDb, grant: &Grant) -> Vec<(String, bool)> {
    let data: Vec<u8> = sqlx::query_scalar("select data from v1_grants where external_id = ?")
        .bind(grant.id())
        .fetch_one(db.connection())
        .await
        .unwrap();
    let sources = wire::Grant::decode(&*data).unwrap().sources.unwrap_or_default().sources;
    sources.into_iter().map(|(id, source)| (id, source.is_direct)).collect()
}

async fn run(db: &mut WorkDb) -> Result<Expanded> {
    expand(db, usize::MAX, &CancellationToken::new(), &mut |_| {}).await
}

#[tokio::test]
async fn members_of_members_are_members_with_where_from() {
    let [a, b, c] = ["a", "b", "c"].map(group);
    let grants = [
        direct(&a, user("ada")),
        inside(&a, &b),
        inside(&b, &c),
        direct(&b, user("bob")),
        direct(&c, user("ada")),
    ];
    let (_folder, mut db) = database(&[a.clone(), b.clone(), c.clone()], &rows(&grants)).await;
    let done = run(&mut db).await.unwrap();
    assert_eq!((done.edges, done.updated, done.created["group"]), (2, 1, 2));
    let of = |group: &ResourceId, direct: bool| (member(group).id.to_string(), direct);
    assert_eq!(sources(&mut db, &direct(&b, user("ada"))).await, [of(&a, true)]);
    assert_eq!(sources(&mut db, &direct(&c, user("bob"))).await, [of(&b, true)]);
    assert_eq!(sources(&mut db, &direct(&c, user("ada"))).await, [of(&b, false), of(&c, true)]);
    // The groups themselves pass no filter for users, and nothing was added to what they hold.
    assert_eq!(stored(&mut db).await.len(), 7);
    assert_eq!(sources(&mut db, &grants[2]).await, []);
}

/// What the grants of a sync become, whatever of it was done before.
#[tokio::test]
async fn stopped_after_any_batch_it_comes_to_the_same_end() {
    let groups: Vec<_> = (0..6).map(group).collect();
    let mut grants = Vec::new();
    for (n, to) in groups.iter().enumerate() {
        grants.extend((0..4).map(|k| direct(to, user((n * 3 + k * 2) % 11))));
        grants.extend(n.checked_sub(1).map(|from| inside(&groups[from], to)));
        grants.extend(n.checked_sub(3).map(|from| inside(&groups[from], to)));
    }
    let rows = rows(&grants);
    let (_folder, mut whole) = database(&groups, &rows).await;
    let done = run(&mut whole).await.unwrap();
    let wanted = stored(&mut whole).await;
    assert!(done.updated > 10 && done.created["group"] > 10, "{done:?}");
    let again = run(&mut whole).await.unwrap();
    assert_eq!((again.updated, again.created.len()), (0, 0));
    assert_eq!(stored(&mut whole).await, wanted);

    let mut cuts = 0;
    loop {
        let (folder, mut db) = database(&groups, &rows).await;
        let (cancel, mut batches) = (CancellationToken::new(), 0);
        let stop = cancel.clone();
        let mut progress = |_| {
            batches += 1;
            if batches > cuts {
                stop.cancel();
            }
        };
        let ended = expand_in_batches(&mut db, usize::MAX, &cancel, &mut progress, 3).await;
        // As it is on disk, for whoever opens it next.
        db.close().await.unwrap();
        let mut db = WorkDb::open(&folder.path().join("work.db")).await.unwrap();
        run(&mut db).await.unwrap();
        assert!(stored(&mut db).await == wanted, "cut after batch {cuts}");
        if ended.is_ok() {
            break;
        }
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Cancelled);
        cuts += 1;
    }
    assert!(cuts > 10, "only {cuts} cuts");
}

#[tokio::test]
async fn edges_take_no_more_memory_than_is_allowed() {
    let [a, b] = ["a", "b"].map(group);
    let entitlement_ids = vec![member(&a).id.to_string(); 1_000];
    let many = Expandable { entitlement_ids, shallow: false, resource_type_ids: Vec::new() };
    let grants = [direct(&a, user("ada")), direct(&b, a.clone()).expanding(many)];
    for (most_bytes, fits) in [(40_000, true), (20_000, false)] {
        let (_folder, mut db) = database(&[a.clone(), b.clone()], &rows(&grants)).await;
        let done = expand(&mut db, most_bytes, &CancellationToken::new(), &mut |_| {}).await;
        match done {
            Ok(done) => assert!(fits && done.edges == 1, "{done:?}"),
            Err(e) => assert!(!fits && e.kind() == ErrorKind::ResourceExhausted, "{e}"),
        }
    }
}

#[tokio::test]
async fn ids_take_no_more_memory_than_is_allowed() {
    let [a, b] = ["a", "b"].map(group);
    let grants = [direct(&a, user("a".repeat(500))), inside(&a, &b)];
    for (most_bytes, fits) in [(600, true), (400, false)] {
        let (_folder, mut db) = database(&[a.clone(), b.clone()], &rows(&grants)).await;
        let done = expand(&mut db, most_bytes, &CancellationToken::new(), &mut |_| {}).await;
        match done {
            Ok(done) => assert!(fits && done.created["group"] == 1, "{done:?}"),
            Err(e) => assert!(!fits && e.kind() == ErrorKind::ResourceExhausted, "{e}"),
        }
    }
}

#[tokio::test]
async fn a_chain_of_any_depth_and_a_group_of_any_width() {
    let groups: Vec<_> = (0..20_000).map(group).collect();
    let mut grants: Vec<_> = groups.windows(2).map(|pair| inside(&pair[0], &pair[1])).collect();
    grants.push(direct(&groups[0], user("ada")));
    let (_folder, mut db) = database(&groups, &rows(&grants)).await;
    let done = run(&mut db).await.unwrap();
    assert_eq!(done.created["group"], 19_999);
    let last = direct(&groups[19_999], user("ada"));
    assert_eq!(sources(&mut db, &last).await, [(member(&groups[19_998]).id.to_string(), false)]);

    // Two thousand groups in one, which each give the same two users.
    let (wide, all) = (&groups[..2_000], group("all"));
    let mut grants = Vec::new();
    for inner in wide {
        grants.extend([inside(inner, &all), direct(inner, user("ada")), direct(inner, user("bob"))]);
    }
    let (_folder, mut db) = database(&groups, &rows(&grants)).await;
    assert_eq!(run(&mut db).await.unwrap().created["group"], 2);
    let got = sources(&mut db, &direct(&all, user("bob"))).await;
    assert!(got.len() == 2_000 && got.iter().all(|(_, direct)| *direct));
}

#[tokio::test]
async fn what_is_missing_or_goes_round_is_told() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(group);
    let grants = [
        inside(&a, &b),
        inside(&b, &a),
        inside(&c, &c),
        inside(&d, &a),
        direct(&a, user("ada")),
        direct(&c, user("ada")),
    ];
    let (_folder, mut db) = database(&[a.clone(), b, c], &rows(&grants)).await;
    let done = run(&mut db).await.unwrap();
    assert_eq!(done.missing, Skipped { count: 1, examples: vec!["group:d:member".to_owned()] });
    let ids = |of: &[&str]| of.iter().map(|g| format!("group:{g}:member")).collect::<Vec<_>>();
    assert_eq!(done.cycles, Cycles { count: 2, examples: vec![ids(&["a", "b"]), ids(&["c"])] });
    assert_eq!((done.edges, done.updated, done.created.len()), (3, 0, 0));
}

/// The connector's mistake, which would give access that nobody gave.
#[tokio::test]
async fn a_source_of_another_resource_is_refused_with_the_grant() {
    let [a, b, c] = ["a", "b", "c"].map(group);
    let entitlement_ids = vec![member(&c).id.to_string()];
    let wrong = direct(&b, a.clone()).with_id("the wrong one").expanding(Expandable {
        entitlement_ids,
        shallow: false,
        resource_type_ids: vec![],
    });
    let (_folder, mut db) = database(&[a, b, c], &rows(&[wrong])).await;
    let error = run(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    for word in ["grant=the wrong one", "principal=group:a", "source=group:c:member"] {
        assert!(error.to_string().contains(word), "{word} in: {error}");
    }
}

#[tokio::test]
async fn what_does_not_decode_is_refused_with_the_grant() {
    let [a, b] = ["a", "b"].map(group);
    for (column, value) in [("expansion", "x'ff'"), ("data", "x'2aff'")] {
        let grants = [inside(&a, &b), direct(&a, user("ada"))];
        let (_folder, mut db) = database(&[a.clone(), b.clone()], &rows(&grants)).await;
        let sql = format!("update v1_grants set {column} = {value} where external_id = ?");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(grants[0].id()).execute(db.connection()).await.unwrap();
        let error = run(&mut db).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataLoss, "{error}");
        assert!(error.to_string().contains("grant=group:b:member:group:a"), "{error}");
    }
}

/// A grant may be stored slim, and twice under two ids; both get the sources, and nothing else of them changes.
#[tokio::test]
async fn rows_keep_their_bytes_around_the_sources() {
    let [a, b] = ["a", "b"].map(group);
    let mut rows = rows(&[
        inside(&a, &b),
        direct(&a, user("ada")),
        direct(&b, user("ada")),
        direct(&b, user("ada")).with_id("another"),
    ]);
    // Only an id, and a field that nobody knows; with an asterisk, which is the key of the sources.
    rows[2].data = b"\x1a\x01*\x7a\x01x".to_vec();
    let wanted = b"\x1a\x01*\x2a\x2c\x0a\x14\x0a\x0egroup:a:member\x12\x02\x08\x01\x0a\x14\x0a\x0egroup:b:member\x12\x02\x08\x01\x7a\x01x";
    let (_folder, mut db) = database(&[a, b], &rows).await;
    assert_eq!(run(&mut db).await.unwrap().updated, 2);
    let stored = stored(&mut db).await;
    let of = |id: &str| stored.iter().find(|row| row.0 == id).map(|row| row.1.clone()).unwrap();
    assert_eq!(of(&rows[2].external_id), wanted);
    assert!(of("another").starts_with(&rows[3].data) && of("another").len() > rows[3].data.len());
}

/// Rows that are to be looked at say so; the others, and those of other syncs, are let alone.
#[tokio::test]
async fn only_what_needs_expansion_is_expanded() {
    let [a, b] = ["a", "b"].map(group);
    let mut rows = rows(&[inside(&a, &b), direct(&a, user("ada"))]);
    rows[0].needs_expansion = false;
    let (_folder, mut db) = database(&[a, b], &rows).await;
    assert_eq!(run(&mut db).await.unwrap(), Expanded::default());
    sqlx::query("update v1_grants set needs_expansion = 1, sync_id = 'another'")
        .execute(db.connection())
        .await
        .unwrap();
    assert_eq!(run(&mut db).await.unwrap(), Expanded::default());
}

/// A connector may give any id to a grant of its own: where that is the id of
/// one that follows from others, the stored one stays and it is reported.
#[tokio::test]
async fn a_grant_whose_id_another_has_is_told() {
    let (inner, outer) = (group("inner"), group("outer"));
    let taken = direct(&outer, user("ada")).id();
    let other = direct(&inner, user("bob")).with_id(taken.clone());
    let grants = [inside(&inner, &outer), direct(&inner, user("ada")), other];
    let (_folder, mut db) = database(&[inner.clone(), outer.clone()], &rows(&grants)).await;
    assert!(db.index_grant_ids().await.unwrap());
    let expanded = run(&mut db).await.unwrap();
    assert_eq!((expanded.refused.count, expanded.refused.examples), (1, vec![taken]));
    // Bob's made it, Ada's did not.
    assert_eq!(expanded.created.values().sum::<u64>(), 1);
    assert_eq!(stored(&mut db).await.len(), 4);
}
