//! The Rust files of the workspace, as tokens.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};

/// A file, taken apart.
pub(super) struct Source {
    /// From the root of the workspace, with slashes.
    pub(super) path: String,
    pub(super) text: String,
    /// The content of texts, documentation comments included.
    pub(super) literals: Vec<String>,
    /// Names, in their order.
    pub(super) names: Vec<String>,
    tokens: TokenStream,
}

impl Source {
    pub(super) fn of(path: &str, text: &str) -> Self {
        let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{path}: {e}"));
        let mut source = Self {
            path: path.to_owned(),
            text: text.to_owned(),
            literals: Vec::new(),
            names: Vec::new(),
            tokens: tokens.clone(),
        };
        source.take(tokens);
        source
    }

    fn take(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.take(group.stream()),
                TokenTree::Ident(name) => self.names.push(name.to_string()),
                TokenTree::Literal(literal) => match syn::Lit::new(literal) {
                    syn::Lit::Str(text) => self.literals.push(text.value()),
                    syn::Lit::ByteStr(bytes) => {
                        self.literals.push(String::from_utf8_lossy(&bytes.value()).into_owned());
                    }
                    _ => {}
                },
                TokenTree::Punct(_) => {}
            }
        }
    }

    /// Code that is in a program or a library, not in a test, a benchmark, an example or the fuzzers' forge.
    pub(super) fn is_product(&self) -> bool {
        let path = Path::new(&self.path);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let outside = ["tests", "benches", "examples", "fuzz", "build.rs"];
        !path.iter().any(|part| outside.iter().any(|o| part == *o))
            && name != "tests"
            && !name.ends_with("_tests")
    }

    /// The folder of its crate, by its last name.
    pub(super) fn package(&self) -> &str {
        let folder = self.path.split("/src/").next().unwrap_or_default();
        let folder = folder.split("/tests/").next().unwrap_or_default();
        let folder = folder.split("/benches/").next().unwrap_or_default();
        folder.trim_end_matches("/build.rs")
    }

    /// How often it names `env::var` and its like.
    pub(super) fn reads_of_the_environment(&self) -> usize {
        fn count(tokens: TokenStream) -> usize {
            let tokens: Vec<_> = tokens.into_iter().collect();
            let is = |at: usize, wanted: &[&str]| matches!(tokens.get(at), Some(TokenTree::Ident(name)) if wanted.iter().any(|w| name == w));
            let inside = tokens.iter().map(|token| match token {
                TokenTree::Group(group) => count(group.stream()),
                _ => 0,
            });
            let here = (0..tokens.len()).filter(|at| {
                let reads = ["var", "vars", "var_os", "vars_os"];
                let colon = |at: usize| matches!(&tokens[at], TokenTree::Punct(p) if p.as_char() == ':');
                is(*at, &["env"])
                    && at + 3 < tokens.len()
                    && colon(at + 1)
                    && colon(at + 2)
                    && is(at + 3, &reads)
            });
            inside.sum::<usize>() + here.count()
        }
        count(without_tests(self.tokens.clone()))
    }

    /// Names and texts outside of `#[cfg(test)]`.
    pub(super) fn without_tests(&self) -> Self {
        let mut source = Self {
            path: self.path.clone(),
            text: self.text.clone(),
            literals: Vec::new(),
            names: Vec::new(),
            tokens: without_tests(self.tokens.clone()),
        };
        source.take(source.tokens.clone());
        source
    }
}

/// Leaves out what stands behind `#[cfg(test)]`, up to the next braces or semicolon.
fn without_tests(tokens: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_hash = matches!(&token, TokenTree::Punct(p) if p.as_char() == '#');
        let is_test = |next: &TokenTree| matches!(next, TokenTree::Group(group) if group.stream().to_string().replace(' ', "") == "cfg(test)");
        if is_hash && tokens.peek().is_some_and(is_test) {
            for skipped in tokens.by_ref().skip(1) {
                match skipped {
                    TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace => break,
                    TokenTree::Punct(p) if p.as_char() == ';' => break,
                    _ => {}
                }
            }
            continue;
        }
        out.push(match token {
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), without_tests(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other,
        });
    }
    out.into_iter().collect()
}

/// All files of the workspace that are written by hand.
pub(super) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["cli", "connector-tableau", "examples", "proto", "sdk"] {
        walk(&root.join(folder), &mut files);
    }
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        Source::of(&name, &fs::read_to_string(path).expect("a source"))
    };
    files.iter().map(read).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "target" && name != "snapshots" {
                walk(&path, files);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Whether a name is a word of its own in an identifier: `go_on` is in `go_on_with`, not in `ergo_one`.
pub(super) fn has_words(identifier: &str, words: &str) -> bool {
    let snake = snake(identifier);
    format!("_{snake}_").contains(&format!("_{words}_"))
}

/// `WorkFolder` is `work_folder`.
fn snake(identifier: &str) -> String {
    let mut out = String::new();
    for (n, c) in identifier.char_indices() {
        if c.is_uppercase() && n > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
