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

    /// Replaces every message of this type by one, or adds it.
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
