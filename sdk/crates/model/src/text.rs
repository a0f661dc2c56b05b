//! Foreign text on its way to people: names, ids and messages of systems and files may hold characters that steer a
//! terminal, or hide or turn what stands beside them.

use std::{borrow::Cow, fmt::Write as _};

/// Whether a character is more than a mark on the page: control characters, those that turn the direction of text
/// ([UAX #9](https://www.unicode.org/reports/tr9/) §2) or break lines, and those that nobody sees: zero width, tags,
/// blank letters, and the other
/// [`Default_Ignorable_Code_Point`](https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt)s. U+FE0F,
/// which makes a picture of the character before it, is left as it is.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0e}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The text on one line, with characters that steer written out: `\n`, `\u{1b}`.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false, |out, c| out.extend(c.escape_default()))
}

/// As [`one_line`], and lines stay lines.
pub fn lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| c == '\n', |out, c| out.extend(c.escape_default()))
}

/// A JSON document with characters that steer written as JSON's own escapes: its content is the same.
pub fn json(document: &str) -> Cow<'_, str> {
    // Outside of texts JSON has nothing that steers but spaces.
    let is_space = |c| matches!(c, '\n' | '\r' | '\t');
    escape(document, is_space, |out, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

fn escape(text: &str, keep: impl Fn(char) -> bool, write: impl Fn(&mut String, char)) -> Cow<'_, str> {
    let must = |c: char| steers(c) && !keep(c);
    let Some(first) = may_steer(text).find(|at| text[*at..].starts_with(must)) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        if must(c) { write(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Places where a character begins that may steer, told by its first byte: most texts have none, and there may be
/// gigabytes of them.
fn may_steer(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes().iter().enumerate();
    bytes.filter(|(_, byte)| FIRST_BYTES[usize::from(**byte)]).map(|(at, _)| at)
}

/// The first bytes of all characters for which [`steers`] holds.
const FIRST_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] =
            matches!(byte, 0..0x20 | 0x7f | 0xc2 | 0xcd | 0xd8 | 0xe1 | 0xe2 | 0xe3 | 0xef | 0xf0 | 0xf3);
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_stays() {
        for text in ["", "Zoë 東京", "a\u{301}", "👩🏽", "❤\u{fe0f}", "ㅎ한"] {
            assert_eq!(one_line(text), text);
            assert_eq!(json(text), text);
        }
    }

    #[test]
    fn what_steers_is_written_out() {
        for (text, line) in [
            ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\x7f", "\\u{7f}"),
            (
                "a\u{202e}b\u{61c}c\u{200d}d\u{e0041}e\u{feff}\u{2028}",
                "a\\u{202e}b\\u{61c}c\\u{200d}d\\u{e0041}e\\u{feff}\\u{2028}",
            ),
        ] {
            assert_eq!(one_line(text), line);
        }
        assert_eq!(lines("a\nb\rc"), "a\nb\\rc");
    }

    #[test]
    fn every_character_that_steers_is_seen() {
        for c in ('\0'..=char::MAX).filter(|c| steers(*c)) {
            assert!(FIRST_BYTES[usize::from(c.to_string().as_bytes()[0])], "{c:?}");
            assert_ne!(one_line(&format!("é{c}")), format!("é{c}"));
        }
    }

    proptest! {
        /// The oracle is the parser of JSON.
        #[test]
        fn json_keeps_its_content(text in any::<String>(), odd in "[\u{0}-\u{9f}\u{200b}-\u{2069}\u{e0000}-\u{e007f}]{0,8}") {
            let value = serde_json::json!({"a": text + &odd});
            for document in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let escaped = json(&document);
                prop_assert!(!escaped.chars().any(|c| steers(c) && c != '\n'));
                prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), &value);
            }
        }
    }
}
