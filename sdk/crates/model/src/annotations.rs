//! Annotations: typed messages that ride on resources, entitlements, grants
//! and answers.

use connector_proto::any;
use prost::{Message, Name};
use prost_types::Any;

/// An ordered list of `google.protobuf.Any`. What is of no known type is kept
/// as it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotations(Vec<Any>);

impl Annotations {
    /// No annotation.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a message, even where one of its type is there: some types may
    /// repeat, such as [`ChildResourceType`](crate::wire::ChildResourceType).
    pub fn append<M: Message + Name>(&mut self, message: &M) {
        self.0.push(any::pack(message));
    }

    /// Replaces every message of this type by one, or adds it; it comes last.
    pub fn update<M: Message + Name>(&mut self, message: &M) {
        self.remove::<M>();
        self.append(message);
    }

    /// Removes every message of a type; says whether there was one.
    pub fn remove<M: Message + Name>(&mut self) -> bool {
        let before = self.0.len();
        self.0.retain(|a| !any::is::<M>(a));
        self.0.len() < before
    }

    /// The first message of a type that decodes.
    pub fn get<M: Message + Name + Default>(&self) -> Option<M> {
        self.all::<M>().next()
    }

    /// Every message of a type that decodes.
    pub fn all<M: Message + Name + Default>(&self) -> impl Iterator<Item = M> {
        self.0.iter().filter(|a| any::is::<M>(a)).filter_map(|a| M::decode(&*a.value).ok())
    }

    /// Whether there is a message of a type.
    pub fn has<M: Message + Name>(&self) -> bool {
        self.0.iter().any(any::is::<M>)
    }

    /// Adds all of another list.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The raw list.
    pub fn as_slice(&self) -> &[Any] {
        &self.0
    }

    /// Takes the raw list.
    pub fn into_inner(self) -> Vec<Any> {
        self.0
    }
}

impl From<Vec<Any>> for Annotations {
    fn from(list: Vec<Any>) -> Self {
        Self(list)
    }
}

impl FromIterator<Any> for Annotations {
    fn from_iter<I: IntoIterator<Item = Any>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ChildResourceType, SkipGrants};

    fn child(id: &str) -> ChildResourceType {
        ChildResourceType { resource_type_id: id.to_owned() }
    }

    /// What a newer program wrote.
    fn unknown() -> Any {
        Any { type_url: "type.googleapis.com/newer.Message".to_owned(), value: vec![0xff] }
    }

    #[test]
    fn appending_repeats_a_type_and_updating_does_not() {
        let mut list = Annotations::from(vec![unknown()]);
        list.append(&child("user"));
        list.append(&SkipGrants {});
        list.append(&child("group"));
        assert_eq!(list.all::<ChildResourceType>().collect::<Vec<_>>(), [child("user"), child("group")]);
        assert_eq!(list.get(), Some(child("user")));

        list.update(&child("site"));
        assert_eq!(list.all::<ChildResourceType>().collect::<Vec<_>>(), [child("site")]);
        assert!(list.has::<SkipGrants>());
        assert_eq!(list.as_slice().first(), Some(&unknown()));
        assert_eq!(list.as_slice().len(), 3);
    }

    #[test]
    fn removing_takes_one_type_alone() {
        let mut list = Annotations::from(vec![unknown()]);
        list.append(&child("user"));
        list.append(&child("group"));
        assert!(list.remove::<ChildResourceType>());
        assert!(!list.remove::<ChildResourceType>());
        assert_eq!(list.get::<ChildResourceType>(), None);
        assert_eq!(list.into_inner(), [unknown()]);
    }

    #[test]
    fn what_does_not_decode_is_passed_over_and_kept() {
        let mut list = Annotations::new();
        list.append(&child("user"));
        let type_url = list.as_slice()[0].type_url.clone();
        let bad = Any { type_url, value: vec![0xff] };
        let list: Annotations = [bad.clone()].into_iter().chain(list.into_inner()).collect();
        assert_eq!(list.get(), Some(child("user")));
        assert_eq!(list.as_slice()[0], bad);
    }

    /// Readers look only behind the last slash of a type URL.
    #[test]
    fn a_type_is_known_by_its_name_whatever_stands_before_it() {
        let type_url = "example.com/types/c1.connector.v2.SkipGrants".to_owned();
        let mut list = Annotations::from(vec![Any { type_url, value: Vec::new() }]);
        assert!(list.has::<SkipGrants>());
        list.update(&SkipGrants {});
        assert_eq!(list.as_slice()[0].type_url, "type.googleapis.com/c1.connector.v2.SkipGrants");
        assert_eq!(list.as_slice().len(), 1);
    }

    #[test]
    fn merging_adds_at_the_end() {
        let mut list = Annotations::from(vec![unknown()]);
        let mut more = Annotations::new();
        assert!(more.is_empty());
        more.append(&child("user"));
        list.merge(more);
        assert_eq!(list.as_slice().first(), Some(&unknown()));
        assert_eq!(list.get(), Some(child("user")));
    }
}
