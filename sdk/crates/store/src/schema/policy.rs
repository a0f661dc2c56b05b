//! Which schemas are accepted in a file that somebody else may have made.
//!
//! A schema can hold code: triggers, views, virtual tables, generated columns, checks, defaults and indexes over
//! expressions. No writer of the format uses any, and some of it runs where one does not expect it: SQLite's integrity
//! check evaluates generated columns. So a schema with code in it is refused before SQLite opens the file, in any
//! table, also in one that nobody reads.

use super::{
    TABLES,
    tokens::{Token, tokens},
};
use crate::{btree::SchemaEntry, ledger};

/// The conditions of the two partial indexes that the format has.
const PARTIAL: [&[&str]; 2] = [&["expansion", "is", "not", "null"], &["needs_expansion", "=", "1"]];

/// Names that stand for the row id where no column has them.
const ROW_ID: [&str; 3] = ["rowid", "oid", "_rowid_"];

/// Why an entry of a schema is refused; `None` where it is accepted.
pub(crate) fn refusal(entry: &SchemaEntry) -> Option<String> {
    let is = |table: &str| entry.table.eq_ignore_ascii_case(table);
    let has_row_ids = TABLES.iter().any(|t| is(t.name));
    let is_ours = has_row_ids || is(ledger::TABLE.name);
    let why = match (entry.kind.as_str(), entry.sql.as_deref()) {
        ("trigger", _) => "is a trigger",
        ("view", _) => "is a view",
        ("table", _) if entry.root == 0 => "is a virtual table",
        ("index", _) if entry.root == 0 => "is an index without a tree",
        // That of a constraint.
        ("index", None) => return None,
        ("table", None) => "has no statement",
        ("table" | "index", Some(sql)) if !sql.bytes().all(is_plain) => {
            "has a statement with characters that no writer uses"
        }
        (kind @ ("table" | "index"), Some(sql)) => match tokens(sql) {
            None => "has a statement that can't be read",
            Some(tokens) => collation(&tokens, is_ours)
                .or_else(|| if kind == "table" { table(&tokens, has_row_ids) } else { index(&tokens) })?,
        },
        _ => "is of a kind that SQLite does not have",
    };
    Some(format!("{} {why}, which no c1z file has", shown(&entry.name)))
}

/// Outside of ASCII, and among its control characters, SQLite's tokenizer takes for spaces what others take for letters.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// A collation makes texts equal that are not: in our tables, those of two syncs.
fn collation(tokens: &[Token<'_>], is_ours: bool) -> Option<&'static str> {
    let allowed: &[&str] = if is_ours { &["binary"] } else { &["binary", "nocase", "rtrim"] };
    let names = tokens.iter().zip(tokens.iter().skip(1)).filter(|(token, _)| token.is("collate"));
    let is_allowed = |name: &Token<'_>| match name {
        Token::Word(name) => allowed.iter().any(|a| name.eq_ignore_ascii_case(a)),
        Token::Quoted(name) => allowed.iter().any(|a| name[1..name.len() - 1].eq_ignore_ascii_case(a)),
        _ => false,
    };
    names.into_iter().any(|(_, name)| !is_allowed(name)).then_some("has a collation of its own")
}

/// A foreign name, short enough for an error.
fn shown(name: &str) -> String {
    format!("{:?}", name.chars().take(60).collect::<String>())
}

fn table(tokens: &[Token<'_>], has_row_ids: bool) -> Option<&'static str> {
    let starts = |words: &[&str]| words.iter().zip(tokens).all(|(word, token)| token.is(word));
    if !starts(&["create", "table"]) {
        return Some("is not made as a table");
    }
    let follows = |at: usize, sign: char| tokens.get(at + 1) == Some(&Token::Sign(sign));
    for (at, token) in tokens.iter().enumerate() {
        if token.is("check") {
            return Some("has a check");
        }
        if token.is("generated") || token.is("as") {
            return Some("has a generated column");
        }
        if token.is("default") && follows(at, '(') {
            return Some("has an expression as a default");
        }
    }
    if !has_row_ids {
        return None;
    }
    let is_row_id = |t: &Token<'_>| match t {
        Token::Word(name) => ROW_ID.iter().any(|id| name.eq_ignore_ascii_case(id)),
        // A column whose name needs quotes is none of the format's, and could be one of these.
        Token::Quoted(name) => ROW_ID.iter().any(|id| name[1..name.len() - 1].eq_ignore_ascii_case(id)),
        _ => false,
    };
    let ends = tokens.iter().rposition(|t| *t == Token::Sign(')')).unwrap_or_default();
    if tokens[..ends].iter().any(is_row_id) {
        return Some("has a column in the place of the row id");
    }
    tokens[ends..].iter().any(|t| t.is("without")).then_some("has no row ids")
}

fn index(tokens: &[Token<'_>]) -> Option<&'static str> {
    // `create [unique] index name on table (column [collate name] [asc|desc], ...) [where ...]`
    let odd = Some("is an index over an expression, or of a form that is not known");
    let Some(open) = tokens.iter().position(|t| *t == Token::Sign('(')) else { return odd };
    let Some(close) = tokens.iter().position(|t| *t == Token::Sign(')')) else { return odd };
    let head: Vec<_> = tokens[..open].iter().filter(|t| !t.is("unique")).collect();
    let is_head = head.len() == 5
        && head[0].is("create")
        && head[1].is("index")
        && head[3].is("on")
        && [2, 4].iter().all(|at| matches!(head[*at], Token::Word(_) | Token::Quoted(_)));
    let is_list = open < close && tokens[open + 1..close].split(|t| *t == Token::Sign(',')).all(is_column);
    if !is_head || !is_list {
        return odd;
    }
    match &tokens[close + 1..] {
        [] => None,
        [first, condition @ ..]
            if first.is("where") && PARTIAL.iter().any(|p| is_condition(condition, p)) =>
        {
            None
        }
        _ => Some("is an index over some rows only"),
    }
}

/// A name, with or without a collation and an order.
fn is_column(tokens: &[Token<'_>]) -> bool {
    let Some((Token::Word(_) | Token::Quoted(_), mut rest)) = tokens.split_first() else { return false };
    if let [first, Token::Word(_) | Token::Quoted(_), after @ ..] = rest
        && first.is("collate")
    {
        rest = after;
    }
    match rest {
        [] => true,
        [order] => order.is("asc") || order.is("desc"),
        _ => false,
    }
}

fn is_condition(tokens: &[Token<'_>], words: &[&str]) -> bool {
    let is = |token: &Token<'_>, word: &str| match token {
        Token::Sign(c) => word.chars().eq([*c]),
        Token::Number(n) => *n == word,
        token => token.is(word),
    };
    tokens.len() == words.len() && tokens.iter().zip(words).all(|(token, word)| is(token, word))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(kind: &str, sql: &str) -> Option<String> {
        on("v1_grants", kind, sql)
    }

    fn on(table: &str, kind: &str, sql: &str) -> Option<String> {
        let (name, table) = ("it".to_owned(), table.to_owned());
        refusal(&SchemaEntry { kind: kind.to_owned(), name, table, root: 2, sql: Some(sql.to_owned()) })
    }

    #[test]
    fn what_we_write_is_accepted() {
        for sql in super::super::CREATE.iter().chain(super::super::DEFERRED).chain([&super::super::GRANT_IDS])
        {
            let kind = if sql.starts_with("create table") { "table" } else { "index" };
            // SQLite stores a statement without this.
            let stored = sql.replace("if not exists ", "");
            assert_eq!(of(kind, &stored), None, "{sql}");
        }
        assert_eq!(on("completeness_ledger", "table", ledger::CREATE), None);
    }

    #[test]
    fn what_others_write_is_accepted() {
        for (kind, sql) in [
            ("table", "CREATE TABLE t (\n id integer primary key, -- check as generated\n\tb TEXT NOT NULL)"),
            ("table", "CREATE TABLE t (id integer primary key, a text not null default 'check (1)')"),
            ("table", "CREATE TABLE t (id integer primary key, a integer not null default -1 /* as */)"),
            ("table", "CREATE TABLE t (id integer primary key, \"as\" text collate 'Binary' unique)"),
            ("index", "CREATE UNIQUE INDEX i ON \"t\" (`a` COLLATE BINARY DESC, [b])"),
            ("index", "CREATE INDEX i on t (sync_id) WHERE needs_expansion = 1"),
        ] {
            assert_eq!(of(kind, sql), None, "{sql}");
        }
        let other = "CREATE TABLE t (a text collate nocase, rowid text) without rowid";
        assert_eq!(on("other", "table", other), None);
    }

    #[test]
    fn an_index_needs_a_tree() {
        let named = |root, sql: Option<&str>| SchemaEntry {
            kind: "index".to_owned(),
            name: "it".to_owned(),
            table: "v1_grants".to_owned(),
            root,
            sql: sql.map(str::to_owned),
        };
        assert_eq!(refusal(&named(2, None)), None);
        for sql in [None, Some("create index it on v1_grants (sync_id)")] {
            assert!(refusal(&named(0, sql)).unwrap().contains("without a tree"));
        }
    }

    #[test]
    fn code_is_refused() {
        for (kind, sql, why) in [
            ("table", "create table t (a, b as (a + 1))", "generated column"),
            ("table", "create table t (a, b int GENERATED ALWAYS AS (a) stored)", "generated column"),
            ("table", "create table t (a check (a > 1))", "check"),
            ("table", "create table t (a, /* */CHECK/* */(a > 1))", "check"),
            ("table", "create table t (a default (random()))", "expression as a default"),
            ("table", "create virtual table t using fts5(a)", "not made as a table"),
            ("table", "create table t (a 'b)", "can't be read"),
            ("table", "create table t (id integer primary key, RowId text)", "in the place of the row id"),
            ("table", "create table t (id integer primary key, \"oid\" text)", "in the place of the row id"),
            ("table", "create table t (id integer primary key) WITHOUT ROWID", "no row ids"),
            ("index", "create index i on t (lower(a))", "expression"),
            ("index", "create index i on t (a + 1)", "expression"),
            ("index", "create index i on t (a) where b = 2", "some rows only"),
            ("index", "create index i on t (a) where needs_expansion = 1 or 1", "some rows only"),
            ("index", "create index i on t", "expression"),
            ("trigger", "create trigger it after insert on t begin select 1; end", "is a trigger"),
            ("view", "create view it as select 1", "is a view"),
            ("table", "create table t (a, b \u{feff}as (a + 1))", "characters that no writer uses"),
            ("table", "create table t (a, \u{feff}check (a > 1))", "characters that no writer uses"),
            (
                "table",
                "create table t (id integer primary key, \u{feff}rowid)",
                "characters that no writer uses",
            ),
            ("table", "create table t (a default \u{b}(random()))", "characters that no writer uses"),
            ("table", "create table t (sync_id text collate nocase)", "collation"),
            ("table", "create table t (sync_id text collate \"rtrim\")", "collation"),
            ("index", "create index i on t (sync_id collate [nocase])", "collation"),
            ("x", "", "of a kind"),
        ] {
            let refused = of(kind, sql).unwrap();
            assert!(refused.contains(why), "{sql}: {refused}");
        }
    }
}
