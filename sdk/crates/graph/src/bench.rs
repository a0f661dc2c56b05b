//! Expansion on integers alone, for the benchmark.

use super::{
    components::Csr,
    graph::{Edge, Graph},
    propagate::{Holder, Propagation},
    rule::{EVERY_TYPE, Filters, Rule},
};

/// Expands entitlements that are numbers: `edges` lead from one to another, `held` are pairs of an entitlement and a
/// principal who holds it directly. Gives how many contributions there were and how many new holders.
#[doc(hidden)]
pub fn expand_in_memory(
    entitlements: u32,
    principals: u32,
    edges: &[(u32, u32)],
    held: &[(u32, u32)],
) -> (u64, u64) {
    let rule = Rule { shallow: false, filter: EVERY_TYPE };
    let edges = edges.iter().map(|(from, to)| Edge { from: *from, to: *to, rule }).collect();
    let graph = Graph::condense(entitlements as usize, Filters::default(), edges);
    let held = held.iter().map(|(entitlement, principal)| (*entitlement, Holder::new(*principal, true)));
    let stored = Csr::by_key(entitlements as usize, held, Holder::default());
    let ranks: Vec<_> = (0..entitlements).collect();
    let types = vec![0; principals as usize];
    let mut propagation = Propagation::new(&graph, &types, &ranks, &stored);
    let mut created = 0;
    while propagation.next().is_some() {
        created += propagation.created().count() as u64;
    }
    (propagation.contributions(), created)
}
