//! Words that nobody uses but us, and that the vocabulary has others for.

use std::collections::BTreeMap;

use super::sources::{Source, has_words};

/// Parts of identifiers and words of texts. What may be right in another sense (`position`, `holds`) is not listed: a
/// reader finds those.
const WORDS: [&str; 43] = [
    "adopt",
    "asks",
    "awaited",
    "began",
    "begun",
    "calm",
    "carrier",
    "cut_sweep",
    "debt",
    "distrust",
    "doing",
    "drifted",
    "everyone",
    "go_on",
    "gone_on",
    "going_on",
    "goes_on",
    "ingested",
    "intake",
    "is_broken",
    "left_out",
    "lenient",
    "make_up",
    "recall",
    "remember",
    "say_so",
    "says_so",
    "scripted",
    "seal",
    "sealed",
    "seals",
    "settle",
    "settled",
    "settles",
    "settling",
    "shut_for",
    "spread",
    "stamp",
    "taken_in",
    "take_in",
    "tells",
    "told",
    "whole",
];

/// How often each word is in a file's identifiers, messages and documentation.
pub(super) fn in_source(source: &Source) -> Vec<(&'static str, usize)> {
    let mut counts = BTreeMap::new();
    let source = if source.is_product() { source.without_tests() } else { return Vec::new() };
    for word in WORDS {
        let names = source.names.iter().filter(|name| has_words(name, word)).count();
        let spaced = word.replace('_', " ");
        let texts: usize = source.literals.iter().map(|text| times(text, &spaced)).sum();
        if names + texts > 0 {
            counts.insert(word, names + texts);
        }
    }
    counts.into_iter().collect()
}

/// How often the words stand in a text, as words of their own.
fn times(text: &str, words: &str) -> usize {
    let text = text.to_lowercase();
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(words)
        .filter(|(at, found)| {
            let (before, behind) = (&text[..*at], &text[at + found.len()..]);
            !is_letter(before.chars().next_back()) && !is_letter(behind.chars().next())
        })
        .count()
}
