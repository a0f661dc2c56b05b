//! Connectors that break the rules, and what is left behind: nothing.

use std::sync::Arc;

use connector_model::{Entitlement, Error, ErrorKind, Page, Resource};

use crate::{
    fake::{Ask, Fake, Place, run},
    id, plain, user, user_type,
};

async fn fails(fake: Fake) -> Error {
    let place = Place::new();
    run(&Arc::new(user_list()), &place.output(), 0).await.unwrap();
    let before = std::fs::read(place.output()).unwrap();
    let error = run(&Arc::new(fake), &place.output(), 0).await.unwrap_err();
    assert_eq!(std::fs::read(place.output()).unwrap(), before, "the old file is untouched");
    let left: Vec<_> = place.files().into_iter().filter(|name| name != ".sync.c1z.work").collect();
    assert_eq!(left, ["sync.c1z"], "nothing is left but what the next run goes on with");
    error
}

fn user_list() -> Fake {
    Fake::simple([user_type()], |_| Ok(Page::of(vec![user("ada")])))
}

#[tokio::test]
async fn each_ends_in_one_sentence() {
    let broken: Vec<(&str, Fake)> = vec![
        (
            "a type that is not registered",
            Fake::simple([user_type()], |_| Ok(Page::of(vec![Resource::new(id("ghost", "1"), "")]))),
        ),
        (
            "a missing trait",
            Fake::simple([user_type()], |_| Ok(Page::of(vec![Resource::new(id("user", "1"), "")]))),
        ),
        (
            "an entitlement without a slug",
            Fake::simple([plain("group")], |ask: &Ask| {
                let group = Resource::new(id("group", "g"), "G");
                Ok(match ask.operation {
                    "list" => Page::of(vec![group]),
                    "entitlements" => Page::of_entitlements(vec![Entitlement::assignment(&group, "")]),
                    _ => Page::empty(),
                })
            }),
        ),
        ("a panic", Fake::simple([user_type()], |_| panic!("index out of range"))),
        ("no resource type", Fake::simple([], |_| Ok(Page::empty()))),
        ("a type twice", Fake::simple([plain("a"), plain("a")], |_| Ok(Page::empty()))),
        ("a type without an id", Fake::simple([plain("")], |_| Ok(Page::empty()))),
    ];
    let mut sentences = String::new();
    for (what, fake) in broken {
        let error = fails(fake).await;
        sentences.push_str(&format!("{what}:\n  [{}] {error}\n", error.kind()));
    }
    insta::assert_snapshot!(sentences);
}

#[tokio::test]
async fn children_of_an_unknown_type_are_told() {
    let fake = Fake::simple([user_type()], |_| Ok(Page::of(vec![user("ada").with_child_type("device")])));
    let place = Place::new();
    let summary = run(&Arc::new(fake), &place.output(), 0).await.unwrap();
    let warning = "user:ada names children of type device, which nobody registered".to_owned();
    assert_eq!(summary.warnings, [(warning, 1)]);
}

#[tokio::test]
async fn the_kind_of_the_connector_s_error_is_kept() {
    let fake = Fake::simple([user_type()], |_| Err(Error::new(ErrorKind::Unauthenticated, "token expired")));
    assert_eq!(fails(fake).await.kind(), ErrorKind::Unauthenticated);
}
