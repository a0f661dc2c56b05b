//! Who gives to whom: entitlements as nodes, with every cycle collapsed into one.

use super::{
    components::{Csr, components},
    rule::{Filters, Rule},
};

/// Says that whoever holds one entitlement also holds another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) rule: Rule,
}

/// The graph without cycles that expansion follows. A node of it is an entitlement, or all those of a cycle.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) filters: Filters,
    /// The entitlements of each node; a node's parents have greater numbers.
    pub(crate) members: Csr<u32>,
    /// The nodes that give to each node, with what the edge lets through.
    pub(crate) parents: Csr<(u32, Rule)>,
    /// How many nodes each node gives to.
    pub(crate) children: Vec<u32>,
    /// How many edges between two entitlements there were, each counted once.
    pub(crate) edges: usize,
    /// The nodes that are a cycle, or an entitlement that gives to itself.
    pub(crate) cycles: Vec<u32>,
}

impl Graph {
    /// Collapses the cycles. Edges that are the same then become one of the widest rule, and those inside a node vanish.
    pub(crate) fn condense(entitlements: usize, mut filters: Filters, mut edges: Vec<Edge>) -> Self {
        fold(&mut edges, &mut filters);
        let distinct = edges.len();
        let targets = Csr::by_key(entitlements, edges.iter().map(|e| (e.from, e.to)), 0);
        let (component, nodes) = components(entitlements, &targets);
        drop(targets);
        let node = |entitlement: u32| component[entitlement as usize];
        let mut cyclic = vec![false; nodes as usize];
        for edge in &edges {
            cyclic[node(edge.from) as usize] |= node(edge.from) == node(edge.to);
        }
        edges.retain_mut(|edge| {
            (edge.from, edge.to) = (node(edge.from), node(edge.to));
            edge.from != edge.to
        });
        fold(&mut edges, &mut filters);
        let nodes = nodes as usize;
        let mut children = vec![0; nodes];
        edges.iter().for_each(|e| children[e.from as usize] += 1);
        let no_rule = Rule { shallow: true, filter: 0 };
        Self {
            members: Csr::by_key(nodes, (0..entitlements as u32).map(|e| (node(e), e)), 0),
            parents: Csr::by_key(nodes, edges.iter().map(|e| (e.to, (e.from, e.rule))), (0, no_rule)),
            children,
            edges: distinct,
            cycles: (0..nodes as u32).filter(|n| cyclic[*n as usize]).collect(),
            filters,
        }
    }

    /// How many entitlements others give to.
    pub(crate) fn receiving(&self) -> u64 {
        let nodes = (0..self.nodes()).filter(|n| !self.parents.of(*n).is_empty());
        nodes.map(|n| self.members.of(n).len() as u64).sum()
    }

    /// How many nodes there are.
    pub(crate) fn nodes(&self) -> u32 {
        self.children.len() as u32
    }
}

/// Makes one edge of those between the same two nodes.
fn fold(edges: &mut Vec<Edge>, filters: &mut Filters) {
    edges.sort_unstable_by_key(|e| (e.to, e.from));
    edges.dedup_by(|next, kept| {
        let same = (next.from, next.to) == (kept.from, kept.to);
        if same {
            kept.rule = filters.widest(kept.rule, next.rule);
        }
        same
    });
}
