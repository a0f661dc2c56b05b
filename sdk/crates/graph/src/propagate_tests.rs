//! The oracle is naive: strings and sets, and over and over until nothing changes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{graph::Edge, rule::Filters};

const ENTITLEMENTS: u32 = 8;
const PRINCIPALS: u32 = 6;

/// An edge as it is asked for, and a grant that is stored.
type Asked = (u32, u32, bool, BTreeSet<u32>);
type Stored = (u32, u32, bool);

/// Sources by entitlement and principal.
type Outcome = BTreeMap<(u32, u32), BTreeMap<u32, bool>>;

/// The entitlements that reach each other.
type Node = BTreeSet<u32>;

/// Whether only direct holders pass, and of which types: `None` is of every one.
type Passes = (bool, Option<BTreeSet<u32>>);

/// A principal's type.
fn type_of(principal: u32) -> u32 {
    principal % 3
}

fn naive(edges: &[Asked], stored: &[Stored]) -> Outcome {
    // Who reaches whom, and with it which entitlements are one node.
    let mut reaches: BTreeSet<(u32, u32)> = edges.iter().map(|(from, to, ..)| (*from, *to)).collect();
    loop {
        let more: Vec<_> = reaches
            .iter()
            .flat_map(|(a, b)| reaches.iter().filter(move |(c, _)| b == c).map(move |(_, d)| (*a, *d)))
            .filter(|pair| !reaches.contains(pair))
            .collect();
        if more.is_empty() {
            break;
        }
        reaches.extend(more);
    }
    let node = |e: u32| -> Node {
        let together = |o: &u32| *o == e || reaches.contains(&(e, *o)) && reaches.contains(&(*o, e));
        (0..ENTITLEMENTS).filter(together).collect()
    };
    // The widest rule between two nodes; None lets every type through.
    let mut rules: BTreeMap<(Node, Node), Passes> = BTreeMap::new();
    for (from, to, shallow, types) in edges {
        if node(*from) == node(*to) {
            continue;
        }
        let types = (!types.is_empty()).then(|| types.clone());
        let rule = rules.entry((node(*from), node(*to))).or_insert((*shallow, types.clone()));
        rule.0 &= shallow;
        rule.1 = rule.1.take().zip(types).map(|(a, b)| &a | &b);
    }
    let mut holds: Outcome = stored.iter().map(|(e, p, _)| ((*e, *p), BTreeMap::new())).collect();
    let direct: BTreeSet<_> = stored.iter().filter(|s| s.2).map(|(e, p, _)| (*e, *p)).collect();
    loop {
        let before = holds.clone();
        for ((froms, tos), (shallow, types)) in &rules {
            for (from, principal) in before.keys() {
                let is_direct = direct.contains(&(*from, *principal));
                let passes = types.as_ref().is_none_or(|t| t.contains(&type_of(*principal)));
                if froms.contains(from) && passes && (is_direct || !shallow) {
                    for to in tos {
                        holds.entry((*to, *principal)).or_default().insert(*from, is_direct);
                    }
                }
            }
        }
        if holds == before {
            return holds;
        }
    }
}

fn real(edges: &[Asked], stored: &[Stored]) -> Outcome {
    let mut filters = Filters::default();
    let edges = edges
        .iter()
        .map(|(from, to, shallow, types)| {
            let filter = filters.number(types.iter().copied().collect());
            Edge { from: *from, to: *to, rule: Rule { shallow: *shallow, filter } }
        })
        .collect();
    let graph = Graph::condense(ENTITLEMENTS as usize, filters, edges);
    let types: Vec<_> = (0..PRINCIPALS).map(type_of).collect();
    // In the order of ids that are numbers backwards.
    let ranks: Vec<_> = (0..ENTITLEMENTS).rev().collect();
    let holders = stored.iter().map(|(e, p, direct)| (*e, Holder::new(*p, *direct)));
    let stored_holders = Csr::by_key(ENTITLEMENTS as usize, holders, Holder::default());
    let mut holds: Outcome = stored.iter().map(|(e, p, _)| ((*e, *p), BTreeMap::new())).collect();
    let mut propagation = Propagation::new(&graph, &types, &ranks, &stored_holders);
    let mut contributions = 0;
    while let Some(entitlement) = propagation.next() {
        let there: BTreeSet<_> = stored.iter().filter(|s| s.0 == entitlement).map(|s| s.1).collect();
        let added = there.iter().filter_map(|p| Some((*p, propagation.added_to(*p)?)));
        for (principal, set) in propagation.created().chain(added) {
            let sources = propagation.sources_in(set);
            assert!(sources.is_sorted_by(|a, b| ranks[a.0 as usize] < ranks[b.0 as usize]), "by id");
            contributions += sources.len() as u64;
            let entry = holds.entry((entitlement, principal)).or_default();
            assert!(entry.is_empty(), "told twice");
            entry.extend(sources);
        }
    }
    assert_eq!(contributions, propagation.contributions());
    assert!(propagation.holders.iter().all(Vec::is_empty), "nobody asks any more");
    holds
}

fn edge() -> impl Strategy<Value = Asked> {
    let types = prop_oneof![Just(vec![]), vec(0..4_u32, 1..3)];
    let types = types.prop_map(|types| types.into_iter().collect());
    (0..ENTITLEMENTS, 0..ENTITLEMENTS, any::<bool>(), types)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_the_naive_one_finds_is_found(
        edges in vec(edge(), 0..14),
        stored in vec((0..ENTITLEMENTS, 0..PRINCIPALS, any::<bool>()), 0..14),
    ) {
        prop_assert_eq!(real(&edges, &stored), naive(&edges, &stored));
    }
}

fn all(from: u32, to: u32) -> Asked {
    (from, to, false, BTreeSet::new())
}

/// In a cycle nobody copies: what comes from outside reaches each, and each feeds the outside.
#[test]
fn a_cycle_is_one_node() {
    let edges = [all(0, 1), all(1, 2), all(2, 1), all(2, 3), all(4, 4)];
    let stored = [(0, 0, true), (1, 1, true), (2, 2, true), (4, 5, true)];
    let holds = real(&edges, &stored);
    let sources = |e, p| holds.get(&(e, p)).map(|s| s.iter().map(|(s, d)| (*s, *d)).collect::<Vec<_>>());
    assert_eq!((sources(1, 2), sources(2, 1)), (None, None));
    assert_eq!((sources(1, 0), sources(2, 0)), (Some(vec![(0, true)]), Some(vec![(0, true)])));
    assert_eq!(sources(3, 0), Some(vec![(1, false), (2, false)]));
    assert_eq!((sources(3, 1), sources(3, 2)), (Some(vec![(1, true)]), Some(vec![(2, true)])));
    assert_eq!(sources(4, 5), Some(vec![]));
    assert_eq!(holds.len(), 9);
}

/// A shallow edge looks at how the source is held, not at how far it is away.
#[test]
fn a_shallow_edge_takes_who_holds_the_source_directly() {
    let edges = [all(0, 1), (1, 2, true, BTreeSet::new())];
    let holds = real(&edges, &[(0, 0, true), (1, 1, true), (1, 2, false)]);
    let of = |e| holds.keys().filter(|(at, _)| *at == e).map(|(_, p)| *p).collect::<Vec<_>>();
    assert_eq!((of(1), of(2)), (vec![0, 1, 2], vec![1]));
}
