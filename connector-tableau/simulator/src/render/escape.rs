//! Escaping for attribute values and strings.

/// Appends text as the inside of a double-quoted XML attribute or of an element
/// (XML 1.0 §2.4; white space other than a space is kept as a reference, §3.3.3).
pub(crate) fn push_xml(out: &mut String, text: &str) {
    push_escaped(out, text, |byte| {
        Some(match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\n' => "&#10;",
            b'\r' => "&#13;",
            b'\t' => "&#9;",
            // No other control character may stand in an XML 1.0 document (§2.2).
            0..0x20 => "\u{fffd}",
            _ => return None,
        })
    });
}

/// Appends text as the inside of a JSON string (RFC 8259 §7).
pub(crate) fn push_json(out: &mut String, text: &str) {
    push_escaped(out, text, |byte| {
        Some(match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "\\ufffd",
            _ => return None,
        })
    });
}

/// Copies runs of plain text whole and replaces the single bytes, all of them ASCII, that
/// need it.
fn push_escaped(out: &mut String, text: &str, replacement: impl Fn(u8) -> Option<&'static str>) {
    let mut copied = 0;
    for (position, byte) in text.bytes().enumerate() {
        if let Some(escaped) = replacement(byte) {
            out.push_str(&text[copied..position]);
            out.push_str(escaped);
            copied = position + 1;
        }
    }
    out.push_str(&text[copied..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_json_reader_gets_the_text_back(text in "[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]*") {
            let mut out = String::from("\"");
            push_json(&mut out, &text);
            out.push('"');
            prop_assert_eq!(serde_json::from_str::<String>(&out).ok(), Some(text));
        }

        #[test]
        fn an_xml_reader_gets_the_text_back(text in "[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\u{fffe}\u{ffff}]*") {
            let mut out = String::new();
            push_xml(&mut out, &text);
            let read = quick_xml::escape::unescape(&out).unwrap_or_default();
            prop_assert_eq!(read.as_ref(), text.as_str());
        }
    }
}
