//! The same id twice with different content: which row stays does not depend
//! on when its page was read.

use std::sync::Arc;

use connector_model::{Entitlement, EntitlementRef, Grant, Page, Resource, wire};
use connector_testkit::document;

use crate::{
    fake::{Fake, Place, run},
    id, plain, token,
};

const CAME_TWICE: &str = "an id came twice with different content; the later page won";

fn named(name: String) -> Resource {
    Resource::new(id("thing", "same"), name)
}

/// Three pages bring the same thing under other names; each page waits for
/// another number of turns.
fn contested(turns: [usize; 3]) -> Arc<Fake> {
    Arc::new(Fake::new([plain("thing")], move |ask, _| {
        Box::pin(async move {
            if ask.operation != "list" {
                return Ok(Page::empty());
            }
            let at: usize = ask.token.parse().unwrap_or(0);
            for _ in 0..turns[at] * 50 {
                tokio::task::yield_now().await;
            }
            let mut page = Page::of(vec![named(format!("from page {at}"))]);
            if at == 0 {
                page.also = vec![token("1"), token("2")];
            }
            Ok(page)
        })
    }))
}

#[tokio::test]
async fn the_greater_position_wins_whatever_came_first() {
    for turns in [[0, 0, 0], [0, 9, 0], [0, 0, 9], [9, 1, 0]] {
        for workers in [1, 8] {
            let place = Place::new();
            let summary = run(&contested(turns), &place.output(), workers).await.unwrap();
            let document = document(&place.output()).await.unwrap();
            assert_eq!(document.resources["thing:same"]["displayName"], "from page 2", "{turns:?} {workers}");
            assert_eq!(summary.warnings, [(CAME_TWICE.to_owned(), 2)]);
        }
    }
}

#[tokio::test]
async fn the_later_phase_wins_with_all_its_columns() {
    let fake = Arc::new(Fake::simple([plain("thing")], |ask| {
        Ok(match ask.operation {
            "list" => Page::of(vec![named("from the list".to_owned())]),
            "grants" => Page::of(vec![named("from the grants".to_owned()).parent(id("thing", "other"))]),
            _ => Page::empty(),
        })
    }));
    let place = Place::new();
    run(&fake, &place.output(), 0).await.unwrap();
    let document = document(&place.output()).await.unwrap();
    assert_eq!(document.resources["thing:same"]["displayName"], "from the grants");
    assert_eq!(document.resources["thing:same"]["parentResourceId"]["resource"], "other");
}

#[tokio::test]
async fn the_same_row_twice_is_no_matter() {
    let fake = Arc::new(Fake::simple([plain("thing")], |ask| {
        let page = Page::of(vec![named("n".to_owned()), named("n".to_owned())]);
        Ok(if ask.operation == "list" { page } else { Page::empty() })
    }));
    let place = Place::new();
    let summary = run(&fake, &place.output(), 0).await.unwrap();
    assert_eq!((summary.resources["thing"], summary.warnings.len()), (1, 0));
}

/// The same for grants, which are settled at the seal: three pages bring one
/// grant with other details.
#[tokio::test]
async fn grants_of_one_id_are_settled_by_position_too() {
    for turns in [[0, 0, 0], [0, 0, 9], [9, 1, 0]] {
        let fake = Arc::new(Fake::new([plain("thing")], move |ask, _| {
            Box::pin(async move {
                let thing = Resource::new(id("thing", "t"), "T");
                let holds = Entitlement::permission(&thing, "holds");
                if ask.operation == "list" {
                    return Ok(Page { entitlements: vec![holds], ..Page::of(vec![thing]) });
                }
                if ask.operation != "grants" {
                    return Ok(Page::empty());
                }
                let at: usize = ask.token.parse().unwrap_or(0);
                for _ in 0..turns[at] * 50 {
                    tokio::task::yield_now().await;
                }
                let grant =
                    |principal: &str| Grant::new(EntitlementRef::from(&holds), id("thing", principal));
                let source = wire::GrantImmutable { source_id: format!("page {at}"), ..Default::default() };
                let mut page =
                    Page::of_grants(vec![grant("t").with_annotation(&source), grant(&format!("only {at}"))]);
                if at == 0 {
                    page.also = vec![token("1"), token("2")];
                }
                Ok(page)
            })
        }));
        let place = Place::new();
        let summary = run(&fake, &place.output(), 8).await.unwrap();
        assert_eq!(summary.grants["thing"], 4);
        assert!(summary.warnings.contains(&(CAME_TWICE.to_owned(), 2)), "{:?}", summary.warnings);
        let document = document(&place.output()).await.unwrap();
        let grants = &document.grants["thing:t:holds"];
        assert_eq!(grants.len(), 4);
        assert_eq!(grants["thing:t"]["annotations"][0]["sourceId"], "page 2", "{turns:?}");
        assert_eq!(document.counts["grants of thing"], 4);
    }
}
