//! Who may depend on whom, so that each crate can be read without the ones
//! above it.
//!
//! A new crate, or a new arrow between two, fails here until it stands in
//! [`ARROWS`]: drawing one is a decision.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Each crate of the workspace and those it may use; what it does not use yet
/// is allowed all the same.
const ARROWS: &[(&str, &[&str])] = &[
    ("connector-proto", &[]),
    ("connector-model", &["connector-proto"]),
    ("connector-http", &["connector-model"]),
    ("connector-store", &["connector-model", "connector-proto"]),
    ("connector-graph", &["connector-model", "connector-store"]),
    ("connector-sync", &["connector-graph", "connector-model", "connector-store"]),
    (
        "connector-runtime",
        &["connector-http", "connector-model", "connector-proto", "connector-store", "connector-sync"],
    ),
    ("connector-testkit", &["connector-model", "connector-proto", "connector-store", "connector-sync"]),
    // Bytes from outside, whoever reads them.
    ("connector-fuzz", &["connector-graph", "connector-model", "connector-proto", "connector-store"]),
    ("connector-sdk", &["connector-http", "connector-model", "connector-runtime"]),
    // A connector sees the SDK and nothing below it.
    ("connector-tableau", &["connector-sdk"]),
    ("baton-tableau", &["connector-sdk", "connector-tableau", "tableau-simulator"]),
    // Written from the facts of the service, not from our client.
    ("tableau-simulator", &[]),
    // Reads files, whoever wrote them, and expands their grants.
    ("baton", &["connector-graph", "connector-model", "connector-proto", "connector-store"]),
];

/// What any example may use: that is how a connector of one's own looks.
const EXAMPLE: &[&str] = &["connector-sdk"];

/// What the tests of any crate may use besides.
const TESTS: &[&str] =
    &["connector-fuzz", "connector-graph", "connector-testkit", "connector-store", "tableau-simulator"];

/// What the vocabulary must never bring along: a runtime, a database, a
/// network.
const NOT_IN_THE_MODEL: &[&str] = &["tokio", "sqlx", "reqwest", "tonic"];

fn allowed(package: &str) -> Option<&'static [&'static str]> {
    if package.starts_with("example-") {
        return Some(EXAMPLE);
    }
    ARROWS.iter().find(|(from, _)| *from == package).map(|(_, to)| *to)
}

/// The arrows between crates of the workspace, the tests' apart.
fn drawn(metadata: &Metadata) -> (Arrows, Arrows) {
    let packages = metadata.workspace_packages();
    let ours: BTreeSet<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    let (mut code, mut tests) = (Arrows::new(), Arrows::new());
    for package in &packages {
        let (mut uses, mut tests_use) = (BTreeSet::new(), BTreeSet::new());
        for to in package.dependencies.iter().filter(|d| ours.contains(d.name.as_str())) {
            let side = if to.kind == DependencyKind::Development { &mut tests_use } else { &mut uses };
            side.insert(to.name.clone());
        }
        code.insert(package.name.to_string(), uses);
        tests.insert(package.name.to_string(), tests_use);
    }
    (code, tests)
}

/// What is wrong with the arrows, a sentence each.
fn faults(code: &Arrows, tests: &Arrows) -> Vec<String> {
    let mut faults = Vec::new();
    for (from, uses) in code {
        let Some(allowed) = allowed(from) else {
            faults.push(format!("{from} is new: say in ARROWS what it may use"));
            continue;
        };
        let refused = |to: &&String| !allowed.contains(&to.as_str());
        faults.extend(uses.iter().filter(refused).map(|to| format!("{from} must not use {to}")));
        let tests = tests.get(from).into_iter().flatten();
        let tests = tests.filter(refused).filter(|to| !TESTS.contains(&to.as_str()));
        faults.extend(tests.map(|to| format!("the tests of {from} must not use {to}")));
    }
    let gone = ARROWS.iter().filter(|(name, _)| !code.contains_key(*name));
    faults.extend(gone.map(|(name, _)| format!("{name} is gone: take it out of ARROWS")));
    faults
}

#[test]
fn no_crate_uses_one_that_it_should_not_know() -> Result<(), Box<dyn Error>> {
    let (code, tests) = drawn(&MetadataCommand::new().no_deps().exec()?);
    assert_eq!(faults(&code, &tests), [""; 0]);
    Ok(())
}

/// The check above can fail.
#[test]
fn a_wrong_arrow_is_noticed() -> Result<(), Box<dyn Error>> {
    let (mut code, mut tests) = drawn(&MetadataCommand::new().no_deps().exec()?);
    let mut draw = |from: &str, to: &str| code.entry(from.to_owned()).or_default().insert(to.to_owned());
    draw("connector-model", "connector-store");
    draw("connector-new", "connector-sdk");
    draw("example-minimal", "connector-store");
    tests.entry("connector-http".to_owned()).or_default().insert("connector-runtime".to_owned());
    assert_eq!(
        faults(&code, &tests),
        [
            "the tests of connector-http must not use connector-runtime",
            "connector-model must not use connector-store",
            "connector-new is new: say in ARROWS what it may use",
            "example-minimal must not use connector-store",
        ]
    );
    Ok(())
}

/// Every crate that is built into `package` on this machine, itself included, with the features that it gets when it
/// is built alone: in the whole workspace a neighbour's features would come along.
fn built_into(package: &str) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let arguments =
        ["tree", "--locked", "--edges=normal", "--prefix=none", "--format={p}", "--package", package];
    let output = Command::new(env!("CARGO")).args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

/// It looks into files, and expands them.
#[test]
fn baton_brings_no_network_stack() -> Result<(), Box<dyn Error>> {
    let baton = built_into("baton")?;
    let network = ["reqwest", "hyper", "rustls", "tonic", "h2"];
    let found: Vec<_> = network.iter().filter(|name| baton.contains(**name)).collect();
    assert!(found.is_empty(), "baton brings along {found:?}");

    // The walk finds what is there.
    assert!(baton.contains("connector-graph") && !baton.contains("connector-sync"));
    let runtime = built_into("connector-runtime")?;
    assert!(runtime.contains("reqwest") && runtime.contains("rustls"));
    Ok(())
}

#[test]
fn the_model_knows_no_runtime_database_or_network() -> Result<(), Box<dyn Error>> {
    let model = built_into("connector-model")?;
    let found: Vec<_> = NOT_IN_THE_MODEL.iter().filter(|name| model.contains(**name)).collect();
    assert!(found.is_empty(), "connector-model brings along {found:?}");

    // The walk finds what is there.
    assert!(model.contains("connector-proto") && model.contains("prost-reflect"));
    let store = built_into("connector-store")?;
    assert!(store.contains("sqlx") && store.contains("tokio"));
    Ok(())
}
