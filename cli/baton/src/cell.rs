//! Foreign text, made fit for a table.

use connector_model::text::steers;

/// Characters of a cell as it is printed; what is longer is cut.
const LONGEST: usize = 500;

/// A text on one line, without what could steer a terminal.
pub(crate) fn cell(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(LONGEST));
    let mut length = 0;
    for c in text.chars() {
        let written = if steers(c) { c.escape_default().len() } else { 1 };
        if length + written > LONGEST {
            clean.push('…');
            break;
        }
        if written == 1 {
            clean.push(c)
        } else {
            clean.extend(c.escape_default())
        }
        length += written;
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered() {
        assert_eq!(cell("Zoë 東京"), "Zoë 東京");
        assert_eq!(cell("a\x1b[2J\nb\u{202e}c"), "a\\u{1b}[2J\\nb\\u{202e}c");
        assert_eq!(cell("a\u{61c}\u{200b}\u{e0041}"), "a\\u{61c}\\u{200b}\\u{e0041}");
        assert_eq!(cell(&"x".repeat(501)).chars().count(), 501);
        assert!(cell(&"x".repeat(5_000)).ends_with("x…"));
        let escaped = cell(&"\u{200b}".repeat(5_000));
        assert!(escaped.ends_with("\\u{200b}…") && escaped.len() <= 503, "{} bytes", escaped.len());
    }
}
