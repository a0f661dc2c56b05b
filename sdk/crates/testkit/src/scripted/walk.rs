//! A sync of a scenario in thought: which pages are asked for, and what the
//! file holds in the end.
//!
//! It is kept naive on purpose: no queue, no workers, no store. Pages are
//! gone through in the order of phases, types, resources and page numbers, and
//! a later row replaces an earlier one of its id.

use std::collections::{BTreeMap, BTreeSet};

use connector_model::{Annotations, Entitlement, Grant, Resource, ResourceId, wire};

use super::{At, Operation, Row, Scenario};

/// What a sync of a scenario comes to.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) asks: Vec<(At, usize)>,
    pub(super) resources: BTreeMap<ResourceId, Resource>,
    pub(super) entitlements: BTreeMap<String, Entitlement>,
    pub(super) grants: BTreeMap<String, Grant>,
}

impl Walk {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let mut walk = Self::default();
        for at in lists(scenario) {
            walk.read(scenario, at);
        }
        // What comes in a later phase is not asked about.
        let listed: Vec<_> = walk.resources.keys().cloned().collect();
        for resource_type in types(scenario) {
            walk.asks.push((At::static_entitlements(&resource_type), 0));
            for declared in scenario.statics.get(&resource_type).into_iter().flatten() {
                let own = |id: &&ResourceId| id.resource_type().as_str() == resource_type;
                let made: Vec<_> =
                    listed.iter().filter(own).map(|id| declared.on(&walk.resources[id])).collect();
                walk.entitlements.extend(made.into_iter().map(|e| (e.id.clone(), e)));
            }
        }
        for operation in [Operation::Entitlements, Operation::Grants] {
            // Whether a resource is asked about is settled when the phase begins.
            let asked = listed.iter().filter(|id| !walk.skips(scenario, id, operation));
            let single = asked.map(|id| At { operation, ..At::grants(id) });
            let whole = types(scenario).into_iter().filter(|t| scenario.is_whole(operation, t));
            let whole = whole.map(|t| At { operation, ..At::list(&t) });
            for at in single.chain(whole).collect::<BTreeSet<_>>() {
                walk.read(scenario, at);
            }
        }
        walk
    }

    fn read(&mut self, scenario: &Scenario, at: At) {
        for row in scenario.rows_at(&at) {
            match row.clone() {
                Row::Resource(r) => drop(self.resources.insert(r.id.clone(), r)),
                Row::Entitlement(e) => drop(self.entitlements.insert(e.id.clone(), e)),
                Row::Grant(g) => drop(self.grants.insert(g.id(), g)),
            }
        }
        self.asks.extend((0..scenario.pages(&at)).map(|page| (at.clone(), page)));
    }

    fn skips(&self, scenario: &Scenario, id: &ResourceId, operation: Operation) -> bool {
        let of_type = scenario.types.iter().find(|t| t.id == *id.resource_type()).map(|t| &t.annotations);
        let both = |a: &Annotations| a.has::<wire::SkipEntitlementsAndGrants>();
        let own = &self.resources[id].annotations;
        if scenario.is_whole(operation, id.resource_type().as_str()) {
            return true;
        }
        match operation {
            Operation::Entitlements => {
                of_type.is_some_and(|a| both(a) || a.has::<wire::SkipEntitlements>())
                    || both(own)
                    || own.has::<wire::SkipEntitlements>()
            }
            // `SkipGrants` counts on a resource only.
            _ => of_type.is_some_and(both) || both(own) || own.has::<wire::SkipGrants>(),
        }
    }
}

fn types(scenario: &Scenario) -> Vec<String> {
    let mut types: Vec<_> = scenario.types.iter().map(|t| t.id.to_string()).collect();
    types.sort();
    types
}

/// The lists that are asked for, in the order in which their rows win: those
/// of each type, and those inside every resource that names a type as its
/// child.
fn lists(scenario: &Scenario) -> BTreeSet<At> {
    let types = types(scenario);
    let mut found: BTreeSet<_> = types.iter().map(|t| At::list(t)).collect();
    let mut open: Vec<_> = found.iter().cloned().collect();
    while let Some(at) = open.pop() {
        for row in scenario.rows_at(&at) {
            let Row::Resource(parent) = row else { continue };
            for child in parent.child_types().filter(|c| types.contains(c)) {
                let inside = At::list_inside(&child, &parent.id);
                if found.insert(inside.clone()) {
                    open.push(inside);
                }
            }
        }
    }
    found
}
