//! Undoes one layer of an encoding in which a server may write a text back.
//!
//! Each function takes a piece of text, not a document: it decodes what it
//! recognises and leaves the rest. `None` means that there was nothing to
//! decode, so that a caller can repeat it until nothing is left.

use percent_encoding::percent_decode_str;

/// The escapes of JSON strings, and `\x..` of JavaScript.
pub(crate) fn json(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find('\\') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (character, length) = match rest.as_bytes().first() {
            Some(b'n') => ('\n', 1),
            Some(b't') => ('\t', 1),
            Some(b'r') => ('\r', 1),
            Some(b'b') => ('\u{8}', 1),
            Some(b'f') => ('\u{c}', 1),
            Some(mark @ (b'"' | b'\'' | b'\\' | b'/')) => (char::from(*mark), 1),
            Some(b'u') => unicode(rest).unwrap_or(('\\', 0)),
            Some(b'x') => match number(rest, 1, 2).and_then(char::from_u32) {
                Some(character) => (character, 3),
                None => ('\\', 0),
            },
            _ => ('\\', 0),
        };
        changed |= length > 0;
        decoded.push(character);
        rest = &rest[length..];
    }
    decoded.push_str(rest);
    changed.then_some(decoded)
}

/// `uXXXX`, or two of them that make one character: it and their length.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = number(text, 1, 4)?;
    if let Some(character) = char::from_u32(unit) {
        return Some((character, 5));
    }
    let low = text.get(5..7).filter(|mark| *mark == "\\u").and_then(|_| number(text, 7, 4));
    let pair = low.filter(|low| (0xdc00..0xe000).contains(low) && unit < 0xdc00);
    let pair = pair.and_then(|low| char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)));
    Some(pair.map_or((char::REPLACEMENT_CHARACTER, 5), |character| (character, 11)))
}

/// So many hexadecimal digits from a place on.
fn number(text: &str, from: usize, digits: usize) -> Option<u32> {
    let digits = text.get(from..from + digits).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

/// The entities of HTML and XML.
pub(crate) fn html(text: &str) -> Option<String> {
    let decoded = html_escape::decode_html_entities(text);
    (decoded != text).then(|| decoded.into_owned())
}

/// Percent-encoding.
pub(crate) fn percent(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    (decoded != text).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_json_are_undone_and_what_is_none_stays() {
        for (text, decoded) in [
            (r"a\u003d\/\u003D", "a=/="),
            (r#"\"\\n\n"#, "\"\\n\n"),
            (r"\ud83d\ude00 \ud83d \ude00\ud83d", "\u{1f600} \u{fffd} \u{fffd}\u{fffd}"),
            (r"\x3d\u3d \q \", r"=\u3d \q \"),
        ] {
            assert_eq!(json(text).as_deref(), Some(decoded), "{text}");
        }
        for text in ["", "plain", r"C:\Users\é", r"\u00e", r"\u00é0", "\\"] {
            assert_eq!(json(text), None, "{text}");
        }
    }

    #[test]
    fn entities_are_undone() {
        assert_eq!(html("&#61;&#x3d;&#X3D;&equals;&amp;amp;&sol;").as_deref(), Some("===\u{3d}&amp;/"));
        assert_eq!(html("a & b &no such;"), None);
    }

    #[test]
    fn percent_encoding_is_undone() {
        assert_eq!(percent("%3d%3D%2Fü%C3%BC%").as_deref(), Some("==/üü%"));
        assert_eq!(percent("100 % sure %zz"), None);
    }

    proptest::proptest! {
        #[test]
        fn whatever_json_writes_is_read_back(text in ".{0,40}") {
            let written = serde_json::to_string(&text).expect("a text");
            let inner = &written[1..written.len() - 1];
            proptest::prop_assert_eq!(json(inner).unwrap_or_else(|| inner.to_owned()), text);
        }
    }
}
