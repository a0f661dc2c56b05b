//! Expansion itself, on integers: who holds an entitlement because of which others.
//!
//! Nodes are taken parents first. For each of a node's entitlements the holders of all source entitlements are gone
//! through once; who comes for the first time is a new holder. The sources that a holder has are one number: sets that
//! begin alike share their beginning, and while one source is gone through, each set is extended by it once, however
//! many hold it. So a contribution (one holder over one edge) costs two look-ups in arrays.

use super::{
    components::Csr,
    graph::Graph,
    rule::{EVERY_TYPE, Rule},
};

/// A principal that holds an entitlement, with whether directly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holder(u32);

impl Holder {
    /// The greatest number that a principal may have.
    pub(crate) const MAX_PRINCIPAL: u32 = u32::MAX >> 1;

    pub(crate) fn new(principal: u32, is_direct: bool) -> Self {
        Self(principal << 1 | u32::from(is_direct))
    }

    pub(crate) fn principal(self) -> u32 {
        self.0 >> 1
    }

    pub(crate) fn is_direct(self) -> bool {
        self.0 & 1 != 0
    }
}

/// A set of sources by its number, within one entitlement.
pub(crate) type SetId = u32;

/// Of who does not hold the entitlement.
const NOBODY: SetId = 0;
/// The empty set of who holds it already.
const THERE: SetId = 1;
/// The empty set of a new holder.
const NEW: SetId = 2;

/// Another set and one more source.
#[derive(Clone, Copy, Debug, Default)]
struct SourceSet {
    rest: SetId,
    source: u32,
    is_direct: bool,
    /// What the source at hand makes of this set, where it is not direct and where it is: the source's number, so that
    /// what an earlier one made does not count, and the set.
    extended: [(u32, SetId); 2],
}

/// Gives one entitlement after the other with who holds it and why.
#[derive(Debug)]
pub(crate) struct Propagation<'a> {
    graph: &'a Graph,
    /// The resource type of each principal.
    types: &'a [u32],
    /// The place of each entitlement in the order of their ids.
    ranks: &'a [u32],
    /// Who holds each entitlement, each principal once; only while some entitlement still needs it.
    holders: Vec<Vec<Holder>>,
    /// How many nodes have still to ask for the holders of each node.
    asking: Vec<u32>,
    /// The node at hand, and its entitlements that are still to come.
    node: u32,
    waiting: Vec<u32>,
    sources: Vec<(u32, Rule)>,
    /// The entitlement at hand, and what each principal has of it.
    entitlement: Option<u32>,
    set_of: Vec<SetId>,
    sets: Vec<SourceSet>,
    /// Who got sources, in the order of their first: a holder is direct here where it was there already.
    changed: Vec<Holder>,
    source_number: u32,
    contributions: u64,
}

impl<'a> Propagation<'a> {
    /// `stored` are the holders of each entitlement before expansion.
    pub(crate) fn new(graph: &'a Graph, types: &'a [u32], ranks: &'a [u32], stored: &Csr<Holder>) -> Self {
        let mut places = vec![0; types.len()];
        let once = |entitlement| each_once(stored.of(entitlement), &mut places);
        Self {
            graph,
            types,
            ranks,
            holders: (0..ranks.len() as u32).map(once).collect(),
            asking: graph.children.clone(),
            node: graph.nodes(),
            waiting: Vec::new(),
            sources: Vec::new(),
            entitlement: None,
            set_of: vec![NOBODY; types.len()],
            sets: Vec::new(),
            changed: Vec::new(),
            source_number: 0,
            contributions: 0,
        }
    }

    /// Advances to the next entitlement that others give to; the other methods report on it.
    pub(crate) fn next(&mut self) -> Option<u32> {
        if let Some(done) = self.entitlement.take() {
            for holder in &self.holders[done as usize] {
                self.set_of[holder.principal() as usize] = NOBODY;
            }
        }
        loop {
            if let Some(entitlement) = self.waiting.pop() {
                self.gather(entitlement);
                self.entitlement = Some(entitlement);
                return Some(entitlement);
            }
            if self.node < self.graph.nodes() {
                self.let_go();
            }
            self.node = self.node.checked_sub(1)?;
            self.list_sources();
            if !self.sources.is_empty() {
                self.waiting.extend_from_slice(self.graph.members.of(self.node));
            }
        }
    }

    /// New holders, each with its sources.
    pub(crate) fn created(&self) -> impl Iterator<Item = (u32, SetId)> {
        self.changed
            .iter()
            .filter(|h| !h.is_direct())
            .map(|h| (h.principal(), self.set_of[h.principal() as usize]))
    }

    /// The sources that a principal who was there already got, if any.
    pub(crate) fn added_to(&self, principal: u32) -> Option<SetId> {
        Some(self.set_of[principal as usize]).filter(|set| *set > NEW)
    }

    /// A set's entitlements, with whether they are held directly, in the order of their ids.
    pub(crate) fn sources_in(&self, mut set: SetId) -> Vec<(u32, bool)> {
        let mut sources = Vec::new();
        while set > NEW {
            let last = &self.sets[set as usize];
            sources.push((last.source, last.is_direct));
            set = last.rest;
        }
        sources.reverse();
        sources
    }

    /// How often a holder of one entitlement gave to another so far.
    pub(crate) fn contributions(&self) -> u64 {
        self.contributions
    }

    fn list_sources(&mut self) {
        self.sources.clear();
        for (parent, rule) in self.graph.parents.of(self.node) {
            self.sources.extend(self.graph.members.of(*parent).iter().map(|source| (*source, *rule)));
        }
        let ranks = self.ranks;
        self.sources.sort_unstable_by_key(|(source, _)| ranks[*source as usize]);
    }

    fn gather(&mut self, entitlement: u32) {
        self.sets.clear();
        self.sets.resize(NEW as usize + 1, SourceSet::default());
        self.changed.clear();
        let mut own = std::mem::take(&mut self.holders[entitlement as usize]);
        for holder in &own {
            self.set_of[holder.principal() as usize] = THERE;
        }
        for at in 0..self.sources.len() {
            let (source, rule) = self.sources[at];
            let givers = std::mem::take(&mut self.holders[source as usize]);
            self.give(source, rule, &givers);
            self.holders[source as usize] = givers;
        }
        own.extend(self.created().map(|(principal, _)| Holder::new(principal, false)));
        self.holders[entitlement as usize] = own;
    }

    fn give(&mut self, source: u32, rule: Rule, givers: &[Holder]) {
        self.source_number += 1;
        for giver in givers {
            let principal = giver.principal();
            let kept_out = rule.shallow && !giver.is_direct()
                || rule.filter != EVERY_TYPE
                    && !self.graph.filters.lets_pass(rule.filter, self.types[principal as usize]);
            if kept_out {
                continue;
            }
            self.contributions += 1;
            let mut set = self.set_of[principal as usize];
            if set <= THERE {
                self.changed.push(Holder::new(principal, set == THERE));
                set = if set == THERE { THERE } else { NEW };
            }
            let (number, extended) = self.sets[set as usize].extended[usize::from(giver.is_direct())];
            self.set_of[principal as usize] = if number == self.source_number {
                extended
            } else {
                self.extend(set, source, giver.is_direct())
            };
        }
    }

    fn extend(&mut self, set: SetId, source: u32, is_direct: bool) -> SetId {
        let extended = self.sets.len() as SetId;
        self.sets[set as usize].extended[usize::from(is_direct)] = (self.source_number, extended);
        self.sets.push(SourceSet { rest: set, source, is_direct, ..SourceSet::default() });
        extended
    }

    /// Forgets the holders that nobody will ask for again.
    fn let_go(&mut self) {
        for (parent, _) in self.graph.parents.of(self.node) {
            self.asking[*parent as usize] -= 1;
            self.forget_unless_asked(*parent);
        }
        self.forget_unless_asked(self.node);
    }

    fn forget_unless_asked(&mut self, node: u32) {
        if self.asking[node as usize] == 0 {
            for member in self.graph.members.of(node) {
                self.holders[*member as usize] = Vec::new();
            }
        }
    }
}

/// Of two grants to one principal the direct one counts. `places` is room to work in, one a principal.
fn each_once(stored: &[Holder], places: &mut [u32]) -> Vec<Holder> {
    let mut holders: Vec<Holder> = Vec::with_capacity(stored.len());
    for holder in stored {
        let place = &mut places[holder.principal() as usize];
        match holders.get_mut(*place as usize) {
            Some(there) if there.principal() == holder.principal() => *there = (*there).max(*holder),
            _ => {
                *place = holders.len() as u32;
                holders.push(*holder);
            }
        }
    }
    holders
}

#[cfg(test)]
#[path = "propagate_tests.rs"]
mod tests;
