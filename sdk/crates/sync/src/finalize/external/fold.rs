//! Texts that are the same but for upper and lower case.

/// A text for which two are equal exactly where they are the same by simple
/// case folding: Unicode's `CaseFolding.txt`, statuses C and S, as Go's
/// `strings.EqualFold` compares. One letter stays one letter (`ß` is not
/// `ss`), and no language has rules of its own (`ı` is not `i`).
///
/// Three pairs that Unicode made the same only in version 15.1 stay apart: the
/// two code points each of `ΐ`, `ΰ` and `ﬆ`.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(fold_char).collect()
}

/// By way of upper case, where all letters of a class meet: `ſ`, `s` and `S`.
fn fold_char(c: char) -> char {
    match c {
        // The only letter whose upper case is of another class: Turkish only.
        'ı' => c,
        _ => single(single(c, char::to_uppercase), char::to_lowercase),
    }
}

/// A mapping to more than one letter is no simple one.
fn single<I: Iterator<Item = char>>(c: char, map: fn(char) -> I) -> char {
    let mut mapped = map(c);
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::{BTreeSet, HashSet};

    use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

    use super::*;

    #[test]
    fn words_of_some_languages() {
        for (a, b) in [
            ("Ada@Example.COM", "ada@example.com"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("straße", "STRAẞE"),
            ("ſet \u{212a}elvin", "SET kelvin"),
            ("ЖУК", "жук"),
        ] {
            assert_eq!(fold(a), fold(b));
        }
        for (a, b) in [("straße", "strasse"), ("ısı", "isi"), ("İ", "i"), ("é", "e"), ("a", "b")] {
            assert_ne!(fold(a), fold(b));
        }
    }

    /// The oracle are the tables of another crate, for every character.
    #[test]
    fn letters_meet_as_the_tables_of_unicode_say() {
        let newer: BTreeSet<char> =
            ['\u{390}', '\u{1fd3}', '\u{3b0}', '\u{1fe3}', '\u{fb05}', '\u{fb06}'].into();
        // What the other crate is too old to know.
        let unknown = regex_syntax::parse(r"\p{Unassigned}").unwrap();
        let HirKind::Class(Class::Unicode(unknown)) = unknown.into_kind() else { unreachable!() };
        let unknown: HashSet<char> = unknown.ranges().iter().flat_map(|r| r.start()..=r.end()).collect();
        let mut classes = 0;
        for c in ('\0'..=char::MAX).filter(|c| !unknown.contains(c)) {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            class.try_case_fold_simple().unwrap();
            let same: BTreeSet<char> =
                class.ranges().iter().flat_map(|r| r.start()..=r.end()).filter(|d| *d != c).collect();
            classes += usize::from(!same.is_empty());
            for d in &same {
                assert!(fold_char(c) == fold_char(*d) || newer.contains(&c), "{c} and {d}");
            }
            // A letter folds to itself or to one of its own class.
            let to = fold_char(c);
            assert!(to == c || same.contains(&to), "{c} folds to {to}");
        }
        assert!(classes > 2_500, "{classes}");
    }
}
