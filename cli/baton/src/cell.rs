//! Foreign text, made fit for a table.

use connector_model::text::steers;

/// Characters of a cell; what is longer is cut.
const LONGEST: usize = 500;

/// A text on one line, without what could steer a terminal.
pub(crate) fn cell(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(LONGEST));
    for (n, c) in text.chars().enumerate() {
        if n == LONGEST {
            clean.push('…');
            break;
        }
        if steers(c) { clean.extend(c.escape_default()) } else { clean.push(c) }
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
    }
}
