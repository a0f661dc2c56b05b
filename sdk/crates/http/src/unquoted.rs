//! What is kept of an answer that may not be quoted: what the program can go
//! by, and no words.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;

/// The longest text that is taken for a code, such as `401001`, `0x5CE10192`
/// or `invalid_grant`.
const CODE: usize = 24;

/// The JSON of a body without its texts and names that are no codes; nothing
/// where it is no JSON.
pub(crate) fn body(body: &[u8]) -> Bytes {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return Bytes::new() };
    strip(&mut value);
    value.to_string().into()
}

fn strip(value: &mut Value) {
    match value {
        Value::String(text) if !is_code(text) => text.clear(),
        Value::Array(values) => values.iter_mut().for_each(strip),
        Value::Object(members) => {
            members.retain(|name, _| is_word(name));
            members.values_mut().for_each(strip);
        }
        _ => {}
    }
}

/// Whether a text is a code: a word with a digit or an underscore.
fn is_code(text: &str) -> bool {
    is_word(text) && text.bytes().any(|b| b.is_ascii_digit() || b == b'_')
}

/// Whether a text is one short word of letters and digits.
fn is_word(text: &str) -> bool {
    text.len() <= CODE && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// The headers that the client goes by.
pub(crate) fn headers(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in [header::RETRY_AFTER, header::CONTENT_LENGTH] {
        if let Some(value) = headers.get(&name) {
            kept.insert(name, value.clone());
        }
    }
    if let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(content_type) {
        kept.insert(header::CONTENT_TYPE, kind);
    }
    kept
}

/// The type of a content where it is one of the usual ones, without its
/// parameters.
fn content_type(value: &HeaderValue) -> Option<HeaderValue> {
    const USUAL: [&str; 6] = [
        "application/json",
        "application/problem+json",
        "application/xml",
        "text/html",
        "text/plain",
        "text/xml",
    ];
    let kind = value.to_str().ok()?.split(';').next()?.trim();
    let usual = USUAL.into_iter().find(|usual| kind.eq_ignore_ascii_case(usual))?;
    Some(HeaderValue::from_static(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stay_and_words_go() {
        let said = br#"{"error": {"code": "401001", "hex": "0x5CE10192", "type": "invalid_grant", "n": [1, true, null],
            "detail": "no such thing", "summary": "Unauthorized", "to be or not": 1, "long": "0123456789012345678901234"}}"#;
        let left = r#"{"error":{"code":"401001","hex":"0x5CE10192","type":"invalid_grant","n":[1,true,null],"detail":"","summary":"","long":""}}"#;
        assert_eq!(body(said), left);
        assert_eq!(body(b"<html>"), "");
    }

    #[test]
    fn of_the_headers_the_useful_stay() {
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("retry-after", "3"),
            ("x-said", "word"),
            ("location", "/word"),
            ("content-type", "Text/HTML; a=word"),
        ] {
            map.insert(name, value.parse().expect("a value"));
        }
        let left = headers(&map);
        assert_eq!(left.len(), 2);
        assert_eq!(
            (&left["retry-after"], &left["content-type"]),
            (&"3".parse().expect("a value"), &"text/html".parse().expect("a value"))
        );
        map.insert("content-type", "word/word".parse().expect("a value"));
        assert_eq!(headers(&map).get("content-type"), None);
    }
}
