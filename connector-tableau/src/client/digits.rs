//! Numbers by their digits.

/// JSON whose numbers are texts. What stands in texts stays as it is.
pub(super) fn quoted(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() + 64);
    let (mut in_text, mut escaped, mut in_number) = (false, false, false);
    for &byte in json {
        let is_number =
            !in_text && (byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
        // `true` and `false` have an e, and no number begins with one.
        let is_number = is_number && (in_number || byte.is_ascii_digit() || byte == b'-');
        if is_number != in_number {
            out.push(b'"');
            in_number = is_number;
        }
        out.push(byte);
        match byte {
            b'"' if !escaped => in_text = !in_text,
            _ => {}
        }
        escaped = in_text && byte == b'\\' && !escaped;
    }
    if in_number {
        out.push(b'"');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_texts_and_the_rest_stays() {
        for (json, expected) in [
            ("7", "\"7\""),
            ("[-1.5e+3,true,false,null]", "[\"-1.5e+3\",true,false,null]"),
            (r#"{"a1": "2\\" , "b\"3": 4}"#, r#"{"a1": "2\\" , "b\"3": "4"}"#),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&quoted(json.as_bytes())), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn texts_are_untouched(texts in proptest::collection::vec(".{0,9}", 0..5)) {
            let json = serde_json::to_vec(&texts).expect("texts");
            proptest::prop_assert_eq!(quoted(&json), json);
        }
    }
}
