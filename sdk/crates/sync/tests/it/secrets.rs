//! What a connector knows to be a secret is in no error, no warning and no
//! reason of the ledger, even where the source gave it as an id.

use std::sync::{Arc, Mutex};

use connector_model::{Error, ErrorKind, Page, Registry, Resource};
use connector_sync::{Event, ExternalPrincipals, Observer, SyncOptions};
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Fake, Place, run, run_with},
    id, plain,
    stored::Stored,
    user, user_type,
};

const SECRET: &str = "s3cret";

fn group() -> Resource {
    Resource::new(id("group", "id-s3cret"), "Group".to_owned())
}

/// Warns, fails and panics with the secret, in texts and ids.
fn telling() -> Fake {
    Fake::simple([plain("group"), user_type()], |ask| match ask.operation {
        "list" if ask.resource_type == "group" => {
            let mut page = Page::of(vec![group().with_child_type("s3cret-type")]);
            page.warnings.push("the server said s3cret".to_owned());
            Ok(page)
        }
        "list" => Ok(Page::of(vec![user("a")]).with_total(300)),
        "entitlements" => {
            Err(Error::new(ErrorKind::Unavailable, "no answer but s3cret").with("said", "s3cret"))
        }
        "grants" => panic!("s3cret"),
        _ => Ok(Page::empty()),
    })
    .redacting(SECRET)
}

#[derive(Default)]
struct Told(Mutex<String>);

impl Observer for Told {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push_str(&format!("{event:?}\n"));
    }
}

#[tokio::test]
async fn an_error_does_not_show_it() {
    let place = Place::new();
    let error = run(&Arc::new(telling()), &place.output(), 1).await.unwrap_err();
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains(SECRET), "{shown}");

    let fake = Fake::simple([plain("group")], |ask| match ask.operation {
        "list" => Ok(Page::of(vec![group()])),
        _ => Err(Error::new(ErrorKind::Unavailable, "why").caused_by(std::io::Error::other("io: s3cret"))),
    });
    let error = run(&Arc::new(fake.redacting(SECRET)), &place.output(), 1).await.unwrap_err();
    let said = "list entitlements of group:id-[redacted]: why\n  because: io: [redacted]";
    assert_eq!(error.report(), said);
}

#[tokio::test]
async fn neither_do_warnings_events_and_the_ledger() {
    let place = Place::new();
    let options = SyncOptions { allow_incomplete: true, ..SyncOptions::new(place.output()) };
    let (told, registry) = (Arc::new(Told::default()), Registry::new(Arc::new(telling())).unwrap());
    let summary =
        connector_sync::sync(&registry, &options, told.clone(), CancellationToken::new()).await.unwrap();
    let stored = Stored::read(&place.output()).await;
    let told = told.0.lock().unwrap().clone();
    let shown = format!("{summary:?}\n{:?}\n{told}", stored.ledger);
    assert!(!shown.contains(SECRET), "{shown}");
    for part in ["the server said [redacted]", "said=[redacted]", "[redacted]-type", "panicked"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    // The data is what the source says.
    assert!(stored.resources.keys().any(|id| id.contains(SECRET)), "{:?}", stored.resources);
}

#[tokio::test]
async fn neither_do_examples_of_an_external_file() {
    let directory = Place::new();
    let people = Fake::simple([user_type()], |_| Ok(Page::of(vec![user("u-s3cret")])));
    run(&Arc::new(people), &directory.output(), 0).await.unwrap();
    let place = Place::new();
    let external = ExternalPrincipals { file: directory.output(), entitlement: None, traits: Vec::new() };
    let options = SyncOptions { external: Some(external), ..SyncOptions::new(place.output()) };
    let fake = Fake::simple([user_type()], |ask| match ask.operation {
        "list" => Ok(Page::of(vec![Resource::user(id("user", "u-s3cret"), "Another")])),
        _ => Ok(Page::empty()),
    });
    let summary =
        run_with(&Arc::new(fake.redacting(SECRET)), &options, CancellationToken::new()).await.unwrap();
    assert_eq!(summary.warnings.len(), 1, "{:?}", summary.warnings);
    assert!(summary.warnings[0].0.contains("u-[redacted]"), "{:?}", summary.warnings);
}
