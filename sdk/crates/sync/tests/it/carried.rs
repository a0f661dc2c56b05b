//! Annotations that mean nothing to a sync: they change nothing, and are in the file as they came.

use std::{collections::BTreeMap, sync::Arc};

use connector_model::{Entitlement, Grant, Page, Resource, ResourceType, TraitKind, wire};
use connector_sync::{ExternalPrincipals, SyncOptions};
use prost_types::Any;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Fake, Place, run, run_with},
    id, plain,
    stored::Stored,
    user, user_type,
};

/// Messages that a sync does not act on, and what they hold: a text, a number, a message or nothing. The last two are
/// of no type that we know.
const CARRIED: [(&str, &[u8]); 33] = [
    ("c1.connector.v2.GrantImmutable", b"\x0a\x01s"),
    ("c1.connector.v2.EntitlementImmutable", b"\x0a\x01s"),
    ("c1.connector.v2.GrantMetadata", b"\x0a\x00"),
    ("c1.connector.v2.GrantAlreadyExists", b""),
    ("c1.connector.v2.GrantAlreadyRevoked", b""),
    ("c1.connector.v2.ResourceDoesNotExist", b""),
    ("c1.connector.v2.GrantReplaced", b"\x0a\x01g"),
    ("c1.connector.v2.ResourceDeleted", b"\x0a\x00"),
    ("c1.connector.v2.InsertResourceGrants", b""),
    ("c1.connector.v2.EnqueuePageTokens", b"\x0a\x01t"),
    ("c1.connector.v2.SourceCacheCapability", b"\x08\x02"),
    ("c1.connector.v2.SourceCacheRecord", b"\x0a\x01s"),
    ("c1.connector.v2.SourceCacheReplay", b"\x0a\x01s\x18\x01"),
    ("c1.connector.v2.SourceCacheLookupOffer", b""),
    ("c1.connector.v2.SourceCacheLookupAsk", b"\x0a\x00"),
    ("c1.connector.v2.SourceCacheLookupAnswers", b"\x0a\x00"),
    ("c1.connector.v2.ETag", b"\x0a\x01e\x12\x01i"),
    ("c1.connector.v2.ETagMetadata", b"\x0a\x00"),
    ("c1.connector.v2.ETagMatch", b"\x0a\x01i"),
    ("c1.connector.v2.RateLimitDescription", b"\x08\x02"),
    ("c1.connector.v2.RateLimitWaitReport", b"\x08\x7f"),
    ("c1.connector.v2.SessionStoreUsage", b"\x0a\x01k"),
    ("c1.connector.v2.ExternalTicketSettings", b"\x08\x01"),
    ("c1.connector.v2.CapabilityPermissions", b"\x0a\x00"),
    ("c1.connector.v2.OptInRequired", b""),
    ("c1.connector.v2.SkipSyncAnomalyDetection", b""),
    ("c1.connector.v2.Deprecated", b""),
    ("c1.connector.v2.RawId", b"\x0a\x01r"),
    // Twice the same, which would be refused if anybody looked.
    ("c1.connector.v2.Aliases", b"\x0a\x01a\x0a\x01a"),
    ("c1.connector.v2.V1Identifier", b"\x0a\x02v1"),
    ("c1.connector.v2.ExternalLink", b"\x0a\x09not a url"),
    ("c1.connector.v2.NewerThanUs", b"\x0a\x01n"),
    // Not even a message.
    ("example.com.Unknown", b"\xff\xff"),
];

fn carried() -> Vec<Any> {
    // Another writer's prefix stays, too.
    let url = |name: &str, n: usize| match n % 2 {
        0 => format!("type.googleapis.com/{name}"),
        _ => format!("example.org/types/{name}"),
    };
    let list = CARRIED.iter().enumerate();
    list.map(|(n, (name, value))| Any { type_url: url(name, n), value: value.to_vec() }).collect()
}

/// A group with a member, and these annotations on everything.
fn site(annotations: Vec<Any>) -> Fake {
    let annotated = |mut t: ResourceType| {
        t.annotations = t.annotations.into_inner().into_iter().chain(annotations.clone()).collect();
        t
    };
    let types = [annotated(plain("group")), annotated(user_type())];
    Fake::simple(types, move |ask| {
        let annotated = |mut resource: Resource| {
            resource.annotations = annotations.clone().into();
            resource
        };
        let group = annotated(Resource::new(id("group", "g"), "G"));
        let mut member = Entitlement::assignment(&group, "member");
        member.annotations = annotations.clone().into();
        let mut grant = Grant::new((&member).into(), id("user", "ada"));
        grant.details.get_or_insert_default().annotations = annotations.clone().into();
        Ok(match (ask.operation, ask.resource_type.as_str()) {
            ("list", "user") => Page::of(vec![annotated(user("ada"))]),
            ("list", _) => Page::of(vec![group]),
            ("entitlements", _) => Page::of_entitlements(vec![member]),
            _ => Page::of_grants(vec![grant]),
        })
    })
}

#[tokio::test]
async fn what_means_nothing_to_a_sync_changes_nothing_and_is_kept_as_it_came() {
    let mut seen = Vec::new();
    for annotations in [Vec::new(), carried()] {
        let (fake, place) = (Arc::new(site(annotations.clone())), Place::new());
        let summary = run(&fake, &place.output(), 1).await.unwrap();
        assert_eq!(summary.warnings, []);
        let stored = Stored::read(&place.output()).await;
        // Those of ours come first: what skips on a type, the trait on an account.
        let own = |list: &[Any], ours: usize| assert_eq!(list[ours..], annotations[..]);
        own(&stored.resource_types["group"].annotations, 0);
        own(&stored.resource_types["user"].annotations, 1);
        own(&stored.resources["group:g"].annotations, 0);
        own(&stored.resources["user:ada"].annotations, 1);
        own(&stored.entitlements["group:g:member"].annotations, 0);
        own(&stored.grant("group:g:member:user:ada").annotations, 0);
        let row = &stored.grants["group:g:member:user:ada"];
        assert!(row.expansion.is_none() && !row.needs_expansion);
        seen.push((
            fake.questions(),
            stored.lines(),
            summary.resources,
            summary.entitlements,
            summary.grants,
        ));
    }
    assert_eq!(seen[0], seen[1]);
}

/// Ada, Bob and the group `eng` that Ada is in.
async fn directory(place: &Place) -> ExternalPrincipals {
    let group = ResourceType::new("group", "Group").with_trait(TraitKind::Group);
    let fake = Fake::simple([user_type(), group], |ask| {
        let eng = Resource::group(id("group", "eng"), "Eng");
        let member = Entitlement::assignment(&eng, "member");
        Ok(match (ask.operation, ask.resource_type.as_str()) {
            ("list", "user") => {
                Page::of(vec![user("ada").email("Ada@Example.com"), user("bob").profile([("number", "B-2")])])
            }
            ("list", _) => Page::of(vec![eng]),
            ("entitlements", _) => Page::of_entitlements(vec![member]),
            _ => Page::of_grants(vec![Grant::new((&member).into(), id("user", "ada"))]),
        })
    });
    run(&Arc::new(fake), &place.output(), 0).await.unwrap();
    ExternalPrincipals { file: place.output(), entitlement: None, traits: Vec::new() }
}

fn has(annotations: &[Any], name: &str) -> bool {
    annotations.iter().any(|a| a.type_url.ends_with(name))
}

fn with_trait_user(key: &str, value: &str) -> wire::ExternalResourceMatch {
    wire::ExternalResourceMatch {
        resource_type: wire::resource_type::Trait::User.into(),
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

/// Each kind of match, from a connector that lists no accounts to a file with the grants of those who are meant.
#[tokio::test]
async fn external_resource_match_end_to_end() {
    let place = Place::new();
    let external = directory(&place).await;
    let fake = Arc::new(Fake::simple([plain("role")], |ask| {
        let role = Resource::new(id("role", "r"), "R");
        let to =
            |slug: &str, principal| Grant::new((&Entitlement::permission(&role, slug)).into(), principal);
        let all = wire::ExternalResourceMatchAll { resource_type: wire::resource_type::Trait::User.into() };
        let by_id = |id: &str| wire::ExternalResourceMatchId { id: id.to_owned() };
        Ok(match ask.operation {
            "list" => Page::of(vec![role]),
            "entitlements" => Page::of_entitlements(
                ["all", "id", "email", "key", "none"].map(|s| Entitlement::permission(&role, s)).into(),
            ),
            _ => Page::of_grants(vec![
                to("all", id("user", "?")).with_annotation(&all),
                to("id", id("group", "?")).with_annotation(&by_id("eng")),
                to("email", id("user", "?")).with_annotation(&with_trait_user("email", "ADA@example.COM")),
                to("key", id("user", "?")).with_annotation(&with_trait_user("number", "b-2")),
                to("none", id("user", "?")).with_annotation(&by_id("nobody")),
            ]),
        })
    }));
    let output = Place::new();
    let options = SyncOptions { external: Some(external), ..SyncOptions::new(output.output()) };
    let summary = run_with(&fake, &options, CancellationToken::new()).await.unwrap();
    let stored = Stored::read(&output.output()).await;
    assert_eq!(
        stored.grant_ids(),
        [
            "group:eng:member:user:ada",
            "role:r:all:user:ada",
            "role:r:all:user:bob",
            "role:r:email:user:ada",
            "role:r:id:group:eng",
            "role:r:key:user:bob",
        ]
    );
    assert_eq!(stored.resource_ids(), ["group:eng", "role:r", "user:ada", "user:bob"]);
    // What comes of the other file is marked, and nothing else is.
    for (id, resource) in &stored.resources {
        assert_eq!(has(&resource.annotations, ".BatonID"), id != "role:r", "{id}");
    }
    for (id, entitlement) in &stored.entitlements {
        let marked = has(&entitlement.annotations, ".EntitlementImmutable");
        assert_eq!(marked, id == "group:eng:member", "{id}");
    }
    for id in stored.grant_ids() {
        let marked = has(&stored.grant(id).annotations, ".GrantImmutable");
        assert_eq!(marked, id == "group:eng:member:user:ada", "{id}");
    }
    let counts = |of: &BTreeMap<String, u64>| of.values().sum::<u64>();
    assert_eq!(
        (counts(&summary.resources), counts(&summary.entitlements), counts(&summary.grants)),
        (4, 6, 6)
    );
    let external = summary.external.unwrap();
    assert_eq!((external.matched, external.unmatched), (5, 1));
}

/// Without another file the carriers stay, for somebody else to match.
#[tokio::test]
async fn external_resource_match_stays_where_there_is_no_other_file() {
    let fake = Arc::new(Fake::simple([plain("role")], |ask| {
        let role = Resource::new(id("role", "r"), "R");
        let holds = Entitlement::permission(&role, "holds");
        let carrier =
            Grant::new((&holds).into(), id("user", "?")).with_annotation(&with_trait_user("email", "a"));
        Ok(match ask.operation {
            "list" => Page { entitlements: vec![holds], ..Page::of(vec![role]) },
            "grants" => Page::of_grants(vec![carrier]),
            _ => Page::empty(),
        })
    }));
    let place = Place::new();
    let summary = run(&fake, &place.output(), 0).await.unwrap();
    let stored = Stored::read(&place.output()).await;
    assert!(has(&stored.grant("role:r:holds:user:?").annotations, ".ExternalResourceMatch"));
    assert_eq!(summary.warnings, []);
}
