//! What a text must be.

use regex::Regex;

use super::WellKnown;

/// What a text must be. Lengths are in bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StringRules {
    /// Exactly this.
    pub eq: Option<String>,
    /// So many bytes.
    pub len: Option<u64>,
    /// At least so many bytes.
    pub min_len: Option<u64>,
    /// At most so many bytes.
    pub max_len: Option<u64>,
    /// A regular expression matches somewhere in it.
    pub pattern: Option<String>,
    /// It begins so.
    pub prefix: Option<String>,
    /// It ends so.
    pub suffix: Option<String>,
    /// It has this in it.
    pub contains: Option<String>,
    /// It does not have this in it.
    pub not_contains: Option<String>,
    /// One of these, where there are any.
    pub one_of: Vec<String>,
    /// None of these.
    pub none_of: Vec<String>,
    /// It has this form.
    pub well_known: Option<WellKnown>,
    /// Whether the rules hold for an empty text.
    pub validate_empty: bool,
}

impl StringRules {
    /// The first rule that a text breaks.
    pub(in super::super) fn check(&self, text: &str) -> Result<(), String> {
        if text.is_empty() && !self.validate_empty {
            return Ok(());
        }
        let n = text.len() as u64;
        let lacks =
            |part: &Option<String>, has: fn(&str, &str) -> bool| part.clone().filter(|part| !has(text, part));
        if let Some(eq) = lacks(&self.eq, |t, p| t == p) {
            return Err(format!("must be {eq:?}"));
        }
        if let Some(len) = self.len.filter(|len| n != *len) {
            return Err(format!("must be {len} bytes long, and has {n}"));
        }
        if let Some(min) = self.min_len.filter(|min| n < *min) {
            return Err(format!("must be at least {min} bytes long, and has {n}"));
        }
        if let Some(max) = self.max_len.filter(|max| n > *max) {
            return Err(format!("must be at most {max} bytes long, and has {n}"));
        }
        if let Some(pattern) = &self.pattern {
            let regex = Regex::new(pattern).map_err(|_| format!("has a broken rule: {pattern:?}"))?;
            if !regex.is_match(text) {
                return Err(format!("must match the pattern {pattern:?}"));
            }
        }
        if let Some(prefix) = lacks(&self.prefix, |t, p| t.starts_with(p)) {
            return Err(format!("must begin with {prefix:?}"));
        }
        if let Some(suffix) = lacks(&self.suffix, |t, p| t.ends_with(p)) {
            return Err(format!("must end with {suffix:?}"));
        }
        if let Some(part) = lacks(&self.contains, |t, p| t.contains(p)) {
            return Err(format!("must contain {part:?}"));
        }
        if let Some(part) = lacks(&self.not_contains, |t, p| !t.contains(p)) {
            return Err(format!("must not contain {part:?}"));
        }
        if !self.one_of.is_empty() && !self.one_of.iter().any(|v| v == text) {
            return Err(format!("must be one of {:?}", self.one_of));
        }
        if self.none_of.iter().any(|v| v == text) {
            return Err(format!("must be none of {:?}", self.none_of));
        }
        match self.well_known {
            Some(form) if !form.fits(text) => Err(format!("must be {}", form.describe())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn each_rule() {
        let r = StringRules::default;
        let table = [
            (StringRules { eq: s("a"), ..r() }, "a", "b", "must be \"a\""),
            (StringRules { len: Some(2), ..r() }, "é", "e", "must be 2 bytes long, and has 1"),
            (StringRules { min_len: Some(2), ..r() }, "é", "e", "must be at least 2 bytes long, and has 1"),
            (StringRules { max_len: Some(1), ..r() }, "e", "é", "must be at most 1 bytes long, and has 2"),
            (StringRules { pattern: s("[0-9]"), ..r() }, "a1", "ab", "must match the pattern \"[0-9]\""),
            (StringRules { prefix: s("a"), ..r() }, "ab", "ba", "must begin with \"a\""),
            (StringRules { suffix: s("a"), ..r() }, "ba", "ab", "must end with \"a\""),
            (StringRules { contains: s("b"), ..r() }, "abc", "ac", "must contain \"b\""),
            (StringRules { not_contains: s("b"), ..r() }, "ac", "abc", "must not contain \"b\""),
            (StringRules { one_of: vec!["a".into()], ..r() }, "a", "b", "must be one of [\"a\"]"),
            (StringRules { none_of: vec!["a".into()], ..r() }, "b", "a", "must be none of [\"a\"]"),
            (
                StringRules { well_known: Some(WellKnown::Uuid), ..r() },
                "01234567-89ab-CDEF-0123-456789abcdef",
                "01234567",
                "must be a UUID",
            ),
        ];
        for (rules, good, bad, why) in table {
            assert_eq!(rules.check(good), Ok(()), "{rules:?}");
            assert_eq!(rules.check(bad), Err(why.to_owned()), "{rules:?}");
        }
    }

    #[test]
    fn an_empty_text_is_looked_at_only_where_asked() {
        let rules = StringRules { min_len: Some(1), ..StringRules::default() };
        assert_eq!(rules.check(""), Ok(()));
        assert!(StringRules { validate_empty: true, ..rules }.check("").is_err());
    }
}
