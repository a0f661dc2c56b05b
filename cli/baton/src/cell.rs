//! Foreign text, made fit for a table.

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

/// Control characters, and those that turn the direction of what follows (Unicode UAX #9 §2).
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered() {
        assert_eq!(cell("Zoë 東京"), "Zoë 東京");
        assert_eq!(cell("a\x1b[2J\nb\u{202e}c"), "a\\u{1b}[2J\\nb\\u{202e}c");
        assert_eq!(cell(&"x".repeat(501)).chars().count(), 501);
        assert!(cell(&"x".repeat(5_000)).ends_with("x…"));
    }
}
