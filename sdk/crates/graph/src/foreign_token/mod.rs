//! The checkpoint of another writer's unfinished sync, read only to see what is left to do.
//!
//! The Go SDK keeps its state as JSON in the token of the sync's run: since 2026 as a map of actions with a version
//! (1 or 2), before that as a list and a current action without one. What is of neither shape says nothing: an old Go
//! program took a newer token for one with nothing left, and ended a sync that was half read.

mod document;

use std::collections::BTreeSet;

use document::Document;

/// The longest token that is looked at, in bytes. With the graph of a large site in it, it has some megabytes.
const MAX_BYTES: usize = 64 << 20;

/// How many operations are named, and how many characters of a name.
const NAMED: usize = 8;
const NAME: usize = 40;

/// Grants follow from others.
const EXPANSION: &str = "grant-expansion";
/// Principals of another file take the place of those that are named in grants.
const EXTERNAL: &str = "list-external-resources";

/// What a sync has still to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remaining {
    /// Nothing but to write its end.
    Nothing,
    /// Its grants are to be expanded.
    Expansion,
    /// Principals of another file are to be matched, and then its grants to be expanded.
    External,
    /// The connector has still to be asked: the operations that are pending.
    Collection(Vec<String>),
    /// It is not known, and why.
    Unknown(&'static str),
}

/// Reads a token.
pub(crate) fn remaining(token: &str) -> Remaining {
    if token.is_empty() {
        // The state of a sync that has only begun.
        return Remaining::Collection(vec!["init".to_owned()]);
    }
    if token.len() > MAX_BYTES {
        return Remaining::Unknown("its state is larger than any that is written");
    }
    let Ok(document) = serde_json::from_str::<Document>(token) else {
        return Remaining::Unknown("its state is of no known form");
    };
    match document.operations() {
        Ok(operations) => classify(operations),
        Err(why) => Remaining::Unknown(why),
    }
}

/// What a token has left to do, in words of no fixed form: for the fuzzer.
#[doc(hidden)]
pub fn foreign_token_remaining(token: &str) -> String {
    format!("{:?}", remaining(token))
}

fn classify(operations: BTreeSet<&str>) -> Remaining {
    let shown = |name: &str| match name {
        "" => "unknown".to_owned(),
        name => name.chars().filter(|c| !c.is_control()).take(NAME).collect(),
    };
    let collection: Vec<_> = operations
        .iter()
        .filter(|o| ![EXPANSION, EXTERNAL].contains(o))
        .take(NAMED)
        .map(|o| shown(o))
        .collect();
    if !collection.is_empty() {
        Remaining::Collection(collection)
    } else if operations.contains(EXTERNAL) {
        Remaining::External
    } else if operations.contains(EXPANSION) {
        Remaining::Expansion
    } else {
        Remaining::Nothing
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn collection(operations: &[&str]) -> Remaining {
        Remaining::Collection(operations.iter().map(|o| (*o).to_owned()).collect())
    }

    #[test]
    fn each_shape_says_what_is_left() {
        let graph = r#"{"nodes":{"1":{"id":1,"eids":["a"]}},"edges":{},"loaded":true}"#;
        for (token, left) in [
            // Files of Go programs of three ages.
            (r#"{"actions":[],"current_action":{"operation":"grant-expansion"},"needs_expansion":false,"entitlement_graph":null}"#.to_owned(), Remaining::Expansion),
            (format!(r#"{{"current_action":{{"operation":"grant-expansion"}},"needs_expansion":true,"entitlement_graph":{graph}}}"#), Remaining::Expansion),
            (r#"{"needs_expansion":true}"#.to_owned(), Remaining::Nothing),
            (r#"{"current_action_id":131,"needs_expansion":true,"completed_actions_count":131,"ingest_quality":{"source_cache_replay_blocked":true},"version":1}"#.to_owned(), Remaining::Nothing),
            // By the facts of the format.
            (r#"{"actions_map":{"0000000007":{"id":"0000000007","operation":"grant-expansion"}},"action_order":["0000000007"],"version":1}"#.to_owned(), Remaining::Expansion),
            (r#"{"actions_map":{"1":{"operation":"grant-expansion"},"2":{"operation":"list-external-resources"}},"action_order":["1","2"],"version":2}"#.to_owned(), Remaining::External),
            (r#"{"actions_map":{"1":{"operation":"grant-expansion"},"2":{"operation":"list-grants","resource_id":"g","spawned":true}},"action_order":["1","2"],"version":2}"#.to_owned(), collection(&["list-grants"])),
            (r#"{"actions":[{"operation":"grant-expansion"},{"operation":"list-entitlements"}],"current_action":{"operation":"list-resources","page_token":"x"},"needs_expansion":false}"#.to_owned(), collection(&["list-entitlements", "list-resources"])),
            (String::new(), collection(&["init"])),
        ] {
            assert_eq!(remaining(&token), left, "{token}");
        }
    }

    /// What is not understood is never taken for nothing left.
    #[test]
    fn what_is_not_known_is_not_done() {
        for token in [
            r#"{"version":3}"#,
            r#"{"version":3,"actions":[],"current_action":null}"#,
            r#"{"version":"1"}"#,
            r#"{"version":1.5}"#,
            r#"{"version":-1}"#,
            r#"{"version":true}"#,
            r#"{"actions_map":{},"action_order":[]}"#,
            r#"{"steps":[]}"#,
            "{}",
            "[]",
            "null",
            "{",
            r#"{"version":1,"version":2}"#,
            r#"{"actions":"grant-expansion","version":1}"#,
        ] {
            assert!(matches!(remaining(token), Remaining::Unknown(_)), "{token}: {:?}", remaining(token));
        }
        // An operation of a later program, or none, and an order that names what is not there.
        let of = |operation: &str| {
            format!(r#"{{"actions_map":{{"1":{{"operation":"{operation}"}}}},"version":1}}"#)
        };
        assert_eq!(remaining(&of("list-dreams")), collection(&["list-dreams"]));
        assert_eq!(remaining(&of("")), collection(&["unknown"]));
        assert_eq!(
            remaining(r#"{"actions_map":{},"action_order":["1"],"version":1}"#),
            collection(&["unknown"])
        );
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,60}|[{}\\[\\]\",:a-z_0-9]{0,60}") {
            let left = remaining(&text);
            prop_assert!(left != Remaining::Nothing || text.contains("version") || text.contains("action"));
        }
    }

    #[test]
    fn depth_is_an_error_and_no_overflow() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let left = |token: String| remaining(&token);
        assert_eq!(left(format!(r#"{{"version":1,"x":{deep}}}"#)), Remaining::Nothing);
        assert!(matches!(left(format!(r#"{{"version":{deep}}}"#)), Remaining::Unknown(_)));
    }
}
