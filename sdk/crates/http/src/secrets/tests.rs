//! Nothing of a secret is left, however a server wrote it back.

use proptest::prelude::*;

use super::*;

fn hidden(secret: &str, text: &str) -> String {
    Secrets::of([secret]).redact(text).into_owned()
}

#[test]
fn what_holds_no_secret_stays_as_it_is() {
    for text in ["", "plain", r"C:\new\table 100%41 &amp; more", "\u{1b}[2J", "hunter", "Basic aHVudGU="] {
        assert_eq!(hidden("hunter2!", text), text);
    }
}

#[test]
fn a_secret_is_hidden_in_place() {
    for (text, shown) in [
        ("token hunter2! is unknown", "token [redacted] is unknown"),
        ("HUNTER2!hunter2!", "[redacted]"),
        ("hun\n ter2! and hunter2!", "[redacted] and [redacted]"),
        ("a %68unter2%21 b", "a [redacted] b"),
        (r"a \u0068unter2\u0021\n b", "a [redacted]  b"),
        ("<p>&#104;unter2&excl;</p>", "<p>[redacted]</p>"),
        ("68756e7465723221", "[redacted]"),
    ] {
        assert_eq!(hidden("hunter2!", text), shown, "{text}");
    }
}

#[test]
fn a_short_secret_is_hidden_and_one_that_is_part_of_words_is_not() {
    assert_eq!(hidden("pa55", "the pa55word"), "the [redacted]word");
    assert_eq!(hidden("the", "the word"), "the word");
}

#[test]
fn a_secret_that_looks_encoded_is_found() {
    for secret in ["abc%41defg", r"abc\u0041defg", "abc&amp;defg", "abc%2541defg", "%25%35%42%35%42"] {
        for text in [
            secret.to_owned(),
            serde_json::to_string(secret).expect("a text"),
            html_escape::encode_text(secret).into_owned(),
            secret.replace('%', "%25"),
            secret.replace('&', "&amp;").replace('%', "%25"),
        ] {
            assert_eq!(hidden(secret, &text).trim_matches('"'), HIDDEN, "{secret} in {text}");
        }
    }
}

#[test]
fn a_body_stays_what_it_is_without_its_secrets() {
    let body = |text: &'static str| {
        let hidden = Secrets::of(["hunter2=hunter2"]).redact_body(Bytes::from_static(text.as_bytes()));
        String::from_utf8(hidden.to_vec()).expect("UTF-8")
    };
    for (text, left) in [
        (r#"{ "code": "1", "said": "none" }"#, r#"{ "code": "1", "said": "none" }"#),
        (
            r#"{"code": "1", "said": ["\"hunter2\u003dhunter2\""], "hunter2=hunter2": 1}"#,
            r#"{"code":"1","said":["\"[redacted]\""]}"#,
        ),
        ("<p>hunter2&#61;hunter2", "<p>[redacted]"),
        (r#"["hunter2=h", "unter2"]"#, r#"["[redacted]","unter2"]"#),
    ] {
        assert_eq!(body(text), left);
    }
}

#[test]
fn a_text_with_too_many_layers_is_not_shown() {
    let encoded = (0..20).fold("hunter2!".to_owned(), |text, _| text.replace('h', "%68").replace('%', "%25"));
    assert_eq!(hidden("hunter2!", &encoded), HIDDEN);
}

#[test]
fn secrets_are_known_once_and_the_oldest_is_given_up() {
    let known = Known::default();
    known.add(&"secret-first".into());
    for n in 0..MAX_KNOWN {
        known.add(&format!("session-{n:08}").into());
        known.add(&format!("session-{n:08}").into());
    }
    assert_eq!(known.lock().secrets.len(), MAX_KNOWN);
    assert_eq!(known.secrets().redact("00000255"), HIDDEN);
    assert_eq!(known.secrets().redact("ret-first"), "ret-first");
}

type Encode = fn(&str) -> String;

const ENCODINGS: [Encode; 9] = [
    str::to_owned,
    |s| serde_json::to_string(s).expect("a text"),
    |s| s.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
    |s| html_escape::encode_text(s).into_owned(),
    |s| s.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
    |s| s.bytes().map(|b| format!("%{b:02X}")).collect(),
    |s| url::form_urlencoded::byte_serialize(s.as_bytes()).collect(),
    |s| s.chars().map(|c| format!("{c}\n")).collect(),
    |s| s.to_uppercase(),
];

proptest! {
    /// Under up to two layers of any encoding, beside any text, and cut
    /// anywhere, at most a piece too short to matter is left.
    #[test]
    fn no_piece_of_a_secret_is_shown(
        secret in "[!-~]{8,40}",
        before in ".{0,12}",
        after in ".{0,12}",
        (inner, outer) in (0..ENCODINGS.len(), 0..ENCODINGS.len()),
        (from, to) in (0.0..0.5, 0.5..1.0),
    ) {
        let text = ENCODINGS[outer](&format!("{before}{}{after}", ENCODINGS[inner](&secret)));
        let cut = |at: f64| text.floor_char_boundary((text.len() as f64 * at) as usize);
        let shown = hidden(&secret, &text[cut(from)..cut(to)]);
        // What is shown, as somebody may read it.
        let mut read = shown;
        while let Some(next) = undo_all(&read) {
            read = next;
        }
        let read = Compact::of(&read).bytes;
        let secret = Compact::of(&secret).bytes;
        let piece = if secret.len() < LONG { PIECE } else { LONG_PIECE };
        let left = secret.windows(piece).find(|piece| read.windows(piece.len()).any(|w| w == *piece));
        prop_assert_eq!(left, None);
    }

    /// Base64 at any offset, and hexadecimal digits.
    #[test]
    fn no_piece_of_its_bytes_is_shown(
        secret in "[ -~]{12,40}",
        (before, after) in ("[ -~]{0,9}", "[ -~]{0,9}"),
        form in 0..3,
    ) {
        let text = format!("{before}{secret}{after}");
        let encoded = match form {
            0 => STANDARD_NO_PAD.encode(&text),
            1 => URL_SAFE_NO_PAD.encode(&text),
            _ => text.bytes().map(|b| format!("{b:02X}")).collect(),
        };
        let shown = hidden(&secret, &encoded);
        prop_assume!(Compact::of(&secret).bytes.len() >= SHORTEST);
        prop_assert!(shown.contains(HIDDEN), "{}", shown);
        // The parts beside it are those of the text beside it, give or
        // take the characters that hold bits of both.
        let left: usize = shown.split(HIDDEN).map(str::len).sum();
        prop_assert!(left <= (before.len() + after.len()) * 2 + 6, "{}", shown);
    }

    #[test]
    fn no_text_panics(secret in ".{0,20}", text in ".{0,60}") {
        let _ = hidden(&secret, &text);
    }
}
