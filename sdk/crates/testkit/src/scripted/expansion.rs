//! Who holds what because they hold something else: the naive way.
//!
//! Entitlements are names in sets, and the rules are applied over and over
//! until nothing changes. Cycles are collapsed as the Go SDK's topological
//! algorithm does: the entitlements of a cycle are one node, each of them gives
//! to what the node leads to, and they give nothing to each other.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use connector_model::{EntitlementRef, Grant, GrantDetails, ResourceId};

use super::walk::Walk;

/// An edge between two nodes, after all edges between the two were put
/// together: the widest wins.
#[derive(Debug)]
struct Edge {
    shallow: bool,
    /// Only principals of these types; none is every type.
    types: Option<BTreeSet<String>>,
}

/// The entitlements that lead to each other.
type Node = BTreeSet<String>;

type Edges = BTreeMap<(Node, Node), Edge>;

/// Who holds what, and from where: directly or not.
type Held = BTreeMap<(String, ResourceId), BTreeMap<String, bool>>;

impl Walk {
    /// Expands the grants.
    pub(super) fn expand(&mut self) {
        let edges = self.edges();
        let pair = |g: &Grant| (g.entitlement.id.to_string(), g.principal.clone());
        let stored: BTreeSet<_> = self.grants.values().map(pair).collect();
        // No source means that it is direct, and so does the entitlement itself.
        let is_direct = |g: &&Grant| {
            let sources = g.details.as_ref().map(|d| &d.sources);
            sources.is_none_or(|s| s.is_empty() || s.contains_key(&*g.entitlement.id))
        };
        let direct: BTreeSet<_> = self.grants.values().filter(is_direct).map(pair).collect();
        let mut held: Held = stored.iter().map(|pair| (pair.clone(), BTreeMap::new())).collect();
        while give(&edges, &direct, &mut held) {}
        for ((entitlement, principal), sources) in held {
            if stored.contains(&(entitlement.clone(), principal.clone())) {
                self.set_sources(&entitlement, &principal, &sources);
            } else {
                self.create(&entitlement, principal, sources);
            }
        }
    }

    /// The edges between nodes; those inside a node are gone, and those from
    /// an entitlement that is not there.
    fn edges(&self) -> Edges {
        let mut single = Vec::new();
        for grant in self.grants.values() {
            let Some(expandable) = grant.expandable() else { continue };
            for source in expandable.entitlement_ids.iter().filter(|id| self.entitlements.contains_key(*id)) {
                single.push((source.clone(), grant.entitlement.id.to_string(), expandable));
            }
        }
        let mut reaches: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to, _) in &single {
            reaches.entry(from.clone()).or_default().insert(to.clone());
        }
        while step(&mut reaches) {}
        let leads = |a: &str, b: &str| reaches.get(a).is_some_and(|to| to.contains(b));
        let node = |e: &String| -> Node {
            let others = reaches.keys().filter(|o| leads(e, o) && leads(o, e)).cloned();
            others.chain([e.clone()]).collect()
        };
        let mut edges = Edges::new();
        for (from, to, expandable) in &single {
            let (from, to) = (node(from), node(to));
            if from == to {
                continue;
            }
            let types: BTreeSet<_> = expandable.resource_type_ids.iter().cloned().collect();
            let types = (!types.is_empty()).then_some(types);
            match edges.entry((from, to)) {
                Entry::Vacant(new) => {
                    new.insert(Edge { shallow: expandable.shallow, types });
                }
                Entry::Occupied(mut old) => {
                    let edge = old.get_mut();
                    edge.shallow &= expandable.shallow;
                    edge.types = edge.types.take().zip(types).map(|(a, b)| &a | &b);
                }
            }
        }
        edges
    }

    fn set_sources(&mut self, entitlement: &str, principal: &ResourceId, sources: &BTreeMap<String, bool>) {
        let of_pair = |g: &&mut Grant| *g.entitlement.id == *entitlement && g.principal == *principal;
        for grant in self.grants.values_mut().filter(of_pair) {
            let details = grant.details.get_or_insert_default();
            let mut all = std::mem::take(&mut details.sources);
            if all.is_empty() && !sources.is_empty() {
                // It is direct, and must go on saying so.
                all.insert(entitlement.to_owned(), true);
            }
            for (source, direct) in sources {
                *all.entry(source.clone()).or_default() |= direct;
            }
            details.sources = all;
            if **details == GrantDetails::default() {
                grant.details = None;
            }
        }
    }

    fn create(&mut self, entitlement: &str, principal: ResourceId, sources: BTreeMap<String, bool>) {
        // A grant that expands to it is there in any case, and names its resource.
        let of_a_grant = || self.grants.values().find(|g| *g.entitlement.id == *entitlement);
        let own = self.entitlements.get(entitlement).map(EntitlementRef::from);
        let Some(own) = own.or_else(|| of_a_grant().map(|g| g.entitlement.clone())) else { return };
        let mut grant = Grant::new(own, principal).immutable();
        grant.details.get_or_insert_default().sources = sources;
        self.grants.insert(grant.id(), grant);
    }
}

/// Whoever is reached by what is reached is reached; false where that brought
/// nothing new.
fn step(reaches: &mut BTreeMap<String, BTreeSet<String>>) -> bool {
    let before = reaches.clone();
    for to in reaches.values_mut() {
        let further: Vec<_> = to.iter().filter_map(|t| before.get(t)).flatten().cloned().collect();
        to.extend(further);
    }
    *reaches != before
}

/// Gives along every edge once; false where that brought nothing new.
fn give(edges: &Edges, direct: &BTreeSet<(String, ResourceId)>, held: &mut Held) -> bool {
    let before = held.clone();
    for ((from, to), edge) in edges {
        for pair @ (entitlement, principal) in before.keys() {
            let is_direct = direct.contains(pair);
            let passes =
                edge.types.as_ref().is_none_or(|types| types.contains(principal.resource_type().as_str()));
            if from.contains(entitlement) && passes && (is_direct || !edge.shallow) {
                for target in to {
                    let sources = held.entry((target.clone(), principal.clone())).or_default();
                    sources.insert(entitlement.clone(), is_direct);
                }
            }
        }
    }
    *held != before
}
