//! The words of a statement, as SQLite's own tokenizer parts them (`tokenize.c`), as far as a schema needs it.

/// One word of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or a keyword without quotes.
    Word(&'a str),
    /// A name or a text in quotes, which are part of it.
    Quoted(&'a str),
    /// A number.
    Number(&'a str),
    /// Anything else: one character.
    Sign(char),
}

impl Token<'_> {
    /// Whether it is this keyword, which can't be one in quotes.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// Parts a statement into its words, without spaces and comments. `None` where a quote or a comment has no end.
pub(super) fn tokens(sql: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let second = rest[first.len_utf8()..].chars().next();
        let len = match (first, second) {
            _ if is_space(first) => 1,
            // To the end of the line, or of the statement.
            ('-', Some('-')) => rest.find('\n').map_or(rest.len(), |at| at + 1),
            ('/', Some('*')) => rest[2..].find("*/")? + 4,
            ('\'' | '"' | '`', _) => quoted(rest, first)?,
            ('[', _) => rest.find(']')? + 1,
            ('0'..='9', _) | ('.', Some('0'..='9')) => {
                rest.find(|c: char| !is_of_word(c) && c != '.').unwrap_or(rest.len())
            }
            (c, _) if is_of_word(c) => rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()),
            (c, _) => c.len_utf8(),
        };
        let (text, after) = rest.split_at(len);
        match first {
            c if is_space(c) || text.starts_with("--") || text.starts_with("/*") => {}
            '\'' | '"' | '`' | '[' => tokens.push(Token::Quoted(text)),
            '0'..='9' => tokens.push(Token::Number(text)),
            '.' if text.len() > 1 => tokens.push(Token::Number(text)),
            c if is_of_word(c) => tokens.push(Token::Word(text)),
            c => tokens.push(Token::Sign(c)),
        }
        rest = after;
    }
    Some(tokens)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0c' | '\r')
}

/// Characters of names; SQLite takes all that are not ASCII for such.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// The length of a text in quotes. The quote itself is written twice in there.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text[at..].find(quote)? + 1;
        if !text[at..].starts_with(quote) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_parted_as_in_sqlite() {
        use Token::{Number, Quoted, Sign, Word};
        let sql = "create/*check(*/table \"a\"\"check\" -- check\n(x'41''', [b c] `d`'e', -1.5e3, été)";
        let want = [
            Word("create"),
            Word("table"),
            Quoted("\"a\"\"check\""),
            Sign('('),
            Word("x"),
            Quoted("'41'''"),
            Sign(','),
            Quoted("[b c]"),
            Quoted("`d`"),
            Quoted("'e'"),
            Sign(','),
            Sign('-'),
            Number("1.5e3"),
            Sign(','),
            Word("été"),
            Sign(')'),
        ];
        assert_eq!(tokens(sql).unwrap(), want);
        for open in ["a 'b", "a \"b\"\"", "a [b", "a `", "a /* b", "a /*/"] {
            assert_eq!(tokens(open), None, "{open}");
        }
        assert!(tokens("CHECK").unwrap()[0].is("check"));
        assert!(!tokens("'check'").unwrap()[0].is("check"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(sql in "[a-z('\"`\\[\\]/*.0-9é \n-]{0,40}") {
            let _either = tokens(&sql);
        }
    }
}
