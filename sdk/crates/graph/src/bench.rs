//! Expansion on integers alone, for the benchmark.

use super::{
    components::Lists,
    graph::{Edge, Graph},
    rule::{EVERY_TYPE, Filters, Rule},
    spread::{Holder, Spread},
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
    let stored = Lists::by_key(entitlements as usize, held, Holder::default());
    let ranks: Vec<_> = (0..entitlements).collect();
    let types = vec![0; principals as usize];
    let mut spread = Spread::new(&graph, &types, &ranks, &stored);
    let mut created = 0;
    while spread.next().is_some() {
        created += spread.created().count() as u64;
    }
    (spread.contributions(), created)
}
