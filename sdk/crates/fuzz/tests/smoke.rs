//! Every target on its seeds and on mutations of them. The mutations are the
//! same on each run: a failure is told with the bytes that make it, and they
//! belong among the seeds. `BATON_MUTATIONS=10` runs ten times as many.

use std::{fs, panic::AssertUnwindSafe, path::Path};

use connector_fuzz::{TARGETS, Target};

/// Mutations of a target, so many that all of them together take a few
/// seconds without optimisation.
fn mutations(target: &str) -> usize {
    match target {
        "reader" => 60,
        "structure" => 60,
        "envelope" => 1_500,
        _ => 6_000,
    }
}

#[test]
fn envelope() {
    smoke("envelope");
}

#[test]
fn expansion() {
    smoke("expansion");
}

#[test]
fn foreign_token() {
    smoke("foreign_token");
}

#[test]
fn page_token() {
    smoke("page_token");
}

#[test]
fn reader() {
    smoke("reader");
}

#[test]
fn structure() {
    smoke("structure");
}

/// Every target has its program, its seeds and its test.
#[test]
fn no_target_is_forgotten() {
    let programs = fs::read_dir(root().join("fuzz_targets")).expect("the programs are there");
    let mut programs: Vec<_> = programs
        .map(|entry| entry.expect("a readable folder").path().file_stem().expect("a name").to_owned())
        .collect();
    programs.sort();
    assert_eq!(programs, TARGETS.map(|(name, _)| name));
    let tests = include_str!("smoke.rs");
    assert!(TARGETS.iter().all(|(name, _)| tests.contains(&format!("smoke(\"{name}\");"))));
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz"))
}

fn smoke(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(n, _)| *n == name).expect("a target");
    let seeds = seeds(name);
    seeds.iter().for_each(|seed| run(name, target, seed));
    let mut random = Random(0x5eed);
    let times = std::env::var("BATON_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    for _ in 0..mutations(name) * times {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(4) {
            mutate(&mut bytes, &seeds, &mut random);
        }
        run(name, target, &bytes);
    }
}

/// The seeds in the order of their names, so that mutations are the same
/// everywhere.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(root().join("seeds").join(name)).expect("the target has seeds");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name} has no seed");
    paths.iter().map(|path| fs::read(path).expect("a readable seed")).collect()
}

fn run(name: &str, target: Target, bytes: &[u8]) {
    if let Err(panic) = std::panic::catch_unwind(AssertUnwindSafe(|| target(bytes))) {
        let why = panic.downcast_ref::<String>().map(String::as_str);
        let why = why.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it said nothing");
        panic!("{name} fails on \"{}\": {why}", bytes.escape_ascii());
    }
}

/// Numbers at which lengths and offsets go wrong.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'['];

fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let len = bytes.len();
    let at = random.below(len + 1);
    match random.below(7) {
        0 if at < len => bytes[at] ^= 1 << random.below(8),
        1 if at < len => bytes[at] = EDGES[random.below(EDGES.len())],
        2 => bytes.truncate(at),
        3 => bytes.insert(at, u8::try_from(random.below(256)).unwrap_or_default()),
        4 if at < len => drop(bytes.drain(at..(at + 1 + random.below(8)).min(len))),
        5 => {
            // A piece of it comes twice.
            let piece = bytes[at..(at + random.below(16)).min(len)].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => {
            let other = &seeds[random.below(seeds.len())];
            bytes.truncate(at);
            bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
    }
}

/// SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound.max(1) as u64).unwrap_or_default()
    }
}
