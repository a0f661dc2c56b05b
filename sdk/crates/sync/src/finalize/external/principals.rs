//! The principals that grants ask for, found by what they are asked by.
//!
//! What is asked is known before the principals come, so only those are kept
//! that somebody asks for, and each is looked at once.

use std::collections::HashMap;

use connector_model::{ResourceId, Trait, TraitKind, wire};
use prost_types::{Struct, value::Kind};

use super::{
    fold::fold,
    matching::{Attribute, Match},
};

/// Places in the list of principals.
type Places = Vec<u32>;

/// What is asked, and who was found.
#[derive(Debug, Default)]
pub(super) struct Principals {
    found: Vec<ResourceId>,
    by_trait: HashMap<TraitKind, Places>,
    by_id: HashMap<String, Places>,
    by_email: HashMap<String, Places>,
    /// By trait, name in the profile, folded value.
    by_attribute: HashMap<TraitKind, HashMap<String, HashMap<String, Places>>>,
}

impl Principals {
    /// Takes in what a grant asks. An empty value asks for nobody: it would
    /// find all of whom nothing is known.
    pub(super) fn ask(&mut self, wanted: &Match) {
        match wanted {
            Match::All(of) => {
                self.by_trait.entry(*of).or_default();
            }
            Match::Some { id, attribute } => {
                if let Some(id) = id {
                    self.by_id.entry(id.clone()).or_default();
                }
                if let Some(a) = attribute.as_ref().filter(|a| !a.value.is_empty()) {
                    if a.is_email() {
                        self.by_email.entry(a.value.clone()).or_default();
                    }
                    let keys = self.by_attribute.entry(a.of).or_default();
                    keys.entry(a.key.clone()).or_default().entry(a.value.clone()).or_default();
                }
            }
        }
    }

    /// Takes a principal in where it is asked for. Its traits are those among
    /// `traits` that it has.
    pub(super) fn add(&mut self, id: &ResourceId, resource: &wire::Resource, traits: &[TraitKind]) {
        let place = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
        let mut asked = note(&mut self.by_id, id.id(), place);
        let own: Vec<_> = resource.annotations.iter().filter_map(Trait::from_any).collect();
        let profile = resource.profile.as_ref().or_else(|| own.iter().find_map(profile));
        for one in own.iter().filter(|t| traits.contains(&t.kind())) {
            if let Some(places) = self.by_trait.get_mut(&one.kind()) {
                places.push(place);
                asked = true;
            }
            if let (Trait::User(user), false) = (one, self.by_email.is_empty()) {
                for email in &user.emails {
                    asked |= note(&mut self.by_email, &fold(&email.address), place);
                }
            }
            let Some(keys) = self.by_attribute.get_mut(&one.kind()) else { continue };
            // Through the profile rather than the keys: those are as many as
            // the connector likes.
            for (key, value) in profile.iter().flat_map(|p| &p.fields) {
                if let (Some(values), Some(Kind::StringValue(text))) = (keys.get_mut(key), &value.kind) {
                    asked |= note(values, &fold(text), place);
                }
            }
        }
        if asked {
            self.found.push(id.clone());
        }
    }

    /// Those that a grant means, each once; `like` is the type of who holds
    /// it now.
    pub(super) fn find(&self, wanted: &Match, like: &str) -> Vec<&ResourceId> {
        let mut places = Places::new();
        match wanted {
            Match::All(of) => places.extend(self.by_trait.get(of).into_iter().flatten()),
            Match::Some { id, attribute } => {
                places.extend(id.as_ref().and_then(|id| self.of_id(id, like)));
                if let Some(a) = attribute {
                    places.extend(self.of_attribute(a));
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| self.found.get(place as usize)).collect()
    }

    /// An id is of one principal. Where several types have it, that of the
    /// type that the grant is to already is meant, else the first type's.
    fn of_id(&self, id: &str, like: &str) -> Option<u32> {
        let rank = |place: &u32| {
            let of = self.found.get(*place as usize).map(|p| p.resource_type().as_str());
            (of != Some(like), of)
        };
        self.by_id.get(id)?.iter().copied().min_by(|a, b| rank(a).cmp(&rank(b)))
    }

    fn of_attribute(&self, a: &Attribute) -> impl Iterator<Item = u32> {
        let in_profile = self.by_attribute.get(&a.of).and_then(|keys| keys.get(&a.key)?.get(&a.value));
        let by_email = a.is_email().then(|| self.by_email.get(&a.value)).flatten();
        in_profile.into_iter().chain(by_email).flatten().copied()
    }
}

/// Notes a place under a text that is asked for.
fn note(asked: &mut HashMap<String, Places>, text: &str, place: u32) -> bool {
    let Some(places) = asked.get_mut(text) else { return false };
    if places.last() != Some(&place) {
        places.push(place);
    }
    true
}

/// Older writers have the profile on the trait alone.
fn profile(of: &Trait) -> Option<&Struct> {
    match of {
        Trait::User(t) => t.profile.as_ref(),
        Trait::Group(t) => t.profile.as_ref(),
        Trait::Role(t) => t.profile.as_ref(),
        Trait::App(t) => t.profile.as_ref(),
        Trait::Secret(t) => t.profile.as_ref(),
        Trait::Agent(t) => t.profile.as_ref(),
        _ => None,
    }
}
