//! The documentation: what its console blocks show is what the programs print,
//! and its links lead somewhere.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every Markdown file that a reader is led to.
fn documents() -> Vec<PathBuf> {
    let root = root();
    let mut documents = Vec::new();
    for folder in ["", "docs", "docs/adr", "connector-tableau/simulator"] {
        let entries = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        documents.extend(entries.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    documents.sort();
    documents
}

/// The targets of a document's links, code blocks left out.
fn links(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let prose = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    });
    prose
        .flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split_once(')')))
        .map(|(to, _)| to)
        .collect()
}

/// As GitHub makes it from a heading.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let (mut followed, mut broken) = (0, Vec::new());
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (path, part) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if path.is_empty() { document.clone() } else { document.parent().unwrap().join(path) };
            let leads = target.exists()
                && (part.is_empty()
                    || fs::read_to_string(&target)
                        .is_ok_and(|t| t.lines().any(|l| l.starts_with('#') && anchor(l) == part)));
            followed += 1;
            if !leads {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(followed >= 10, "only {followed} links were found");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Each difference from the Go programs names the tests that hold it, a file
/// and then its functions, or the same as the row before, or says that there is
/// none yet.
#[test]
fn every_test_that_is_named_is_there() {
    let text = fs::read_to_string(root().join("docs/compat.md")).unwrap();
    let mut named = 0;
    let mut source = None;
    for row in text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---")) {
        let held_by = row.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        if ["held by", "no test yet"].contains(&held_by) {
            continue;
        }
        if !held_by.starts_with("the same") {
            source = None;
        }
        for name in held_by.split('`').skip(1).step_by(2) {
            if name.ends_with(".rs") {
                source =
                    Some(fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}")));
                continue;
            }
            let source = source.as_deref().unwrap_or_else(|| panic!("no file before {name}: {row}"));
            assert!(source.contains(&format!("fn {name}(")), "no test {name}: {row}");
            named += 1;
        }
        assert!(source.is_some(), "nothing holds this: {row}");
    }
    assert!(named >= 30, "only {named} tests are named");
}

/// The blocks run in an empty folder, with the programs of this build.
#[cfg(all(unix, feature = "demo"))]
#[test]
fn the_console_blocks_are_true() {
    let program = connector_testkit::program!("baton-tableau");
    let programs = program.parent().unwrap();
    let baton = baton(programs);
    let folder = tempfile::tempdir().unwrap();
    let cases = trycmd::TestCases::new();
    for document in ["README.md", "docs/cli.md"] {
        let copy = folder.path().join(Path::new(document).file_name().unwrap());
        fs::copy(root().join(document), &copy).unwrap();
        // Where there is such a folder, the commands run in it.
        fs::create_dir(copy.with_extension("in")).unwrap();
        cases.case(copy);
    }
    for name in ["SERVER_PATH", "SITE_ID", "ACCESS_TOKEN_NAME", "ACCESS_TOKEN_SECRET", "CONFIG_PATH"] {
        // An empty variable counts as not set.
        cases.env(format!("BATON_{name}"), "");
    }
    cases
        .env("PROGRAMS", programs.to_str().unwrap())
        .register_bin("cargo", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cargo.sh").as_path())
        .register_bin("baton-tableau", program)
        .register_bin("baton", baton.as_path())
        .run();
}

/// `baton` is of another package: tests of the whole workspace have built it,
/// those of this one may not.
#[cfg(all(unix, feature = "demo"))]
fn baton(programs: &Path) -> PathBuf {
    let baton = programs.join("baton");
    if !baton.exists() {
        let mut build = std::process::Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "-p", "baton", "--target-dir"]);
        build.arg(programs.parent().unwrap()).current_dir(root());
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "baton does not build");
    }
    baton
}
