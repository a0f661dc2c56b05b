//! What to say of a body that should have been JSON.

/// Characters of foreign text that go into an error.
const SHOWN: usize = 200;

/// Bytes of a page that are looked at.
pub(crate) const HEAD: usize = 4096;

/// Whether a body is a page (or XML) rather than data, by its type or its
/// first character.
pub(crate) fn is_markup(content_type: Option<&str>, body: &[u8]) -> bool {
    content_type.is_some_and(|t| t.contains("html"))
        || body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
}

/// ` with text/html that begins "Sign in"`.
pub(crate) fn describe(content_type: Option<&str>, body: &[u8]) -> String {
    let head = String::from_utf8_lossy(&body[..body.len().min(HEAD)]);
    let line = one_line(&without_tags(&head));
    let kind = content_type.map_or("no content type", |t| t.trim());
    if line.is_empty() {
        format!(" with {kind} and no text")
    } else {
        format!(" with {} that begins {line:?}", one_line(kind))
    }
}

/// The text on one line, cut after 200 characters, without control characters.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !c.is_control()));
        if line.len() > SHOWN * 4 {
            break;
        }
    }
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// The first text of a page: without tags, comments, scripts and styles.
fn without_tags(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some(open) = rest.find('<') {
        if !rest[..open].trim().is_empty() {
            text.push_str(&rest[..open]);
            break;
        }
        rest = &rest[open..];
        let end = ["script", "style"]
            .iter()
            .find(|name| rest[1..].get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name)))
            .map_or(">".to_owned(), |name| format!("</{name}>"));
        let end = if rest.starts_with("<!--") { "-->".to_owned() } else { end };
        match rest.to_ascii_lowercase().find(&end) {
            Some(at) => rest = &rest[at + end.len()..],
            None => return text,
        }
    }
    if text.is_empty() { rest.to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_text_of_a_page() {
        for (page, text) in [
            ("<!DOCTYPE html><html><title>Sign in</title><p>x", "Sign in"),
            ("<!-- <b>no</b> --><STYLE>p{}</STYLE><script>if(a<b){}</script><h1>Oops", "Oops"),
            ("plain words", "plain words"),
            ("<unclosed", ""),
            ("", ""),
        ] {
            assert_eq!(one_line(&without_tags(page)), text, "{page}");
        }
    }

    #[test]
    fn foreign_text_is_cut_and_cannot_move_the_cursor() {
        let line = one_line(&format!("a\u{1b}[2J\n b {}", "é".repeat(500)));
        assert!(line.starts_with("a[2J b é"), "{line}");
        assert_eq!(line.chars().count(), SHOWN + 1);
    }

    proptest::proptest! {
        #[test]
        fn no_page_panics(page in "[<>!/a-z\\- é]{0,60}|.{0,60}") {
            let _ = describe(None, page.as_bytes());
        }
    }
}
