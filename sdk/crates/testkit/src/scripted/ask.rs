//! What is asked of a connector, by its logical identity.

use std::fmt;

use connector_model::ResourceId;

/// A question that the engine puts to a connector. The order is that of the
/// phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// Whether the credentials work.
    Validate,
    /// Resources of a type, without a parent or inside one.
    List,
    /// What every resource of a type has alike.
    StaticEntitlements,
    /// What can be held on a resource, or on all of a type.
    Entitlements,
    /// Who holds what on a resource, or on all of a type.
    Grants,
    /// A single resource by its id.
    Get,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Validate => "validate",
            Self::List => "list",
            Self::StaticEntitlements => "static entitlements",
            Self::Entitlements => "entitlements",
            Self::Grants => "grants",
            Self::Get => "get",
        })
    }
}

/// A listing: an operation, the type whose syncer is asked, and the resource
/// that it is about.
///
/// The order is that in which pages of one id win over each other: by phase,
/// type, then resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    /// What is asked.
    pub operation: Operation,
    /// Whose syncer is asked; empty for [`Operation::Validate`].
    pub resource_type: String,
    /// The parent of a list, or the resource that is asked for or about; none
    /// is a list without a parent, or a whole type.
    pub of: Option<ResourceId>,
}

impl At {
    /// The proof of the credentials.
    pub fn validate() -> Self {
        Self { operation: Operation::Validate, resource_type: String::new(), of: None }
    }

    /// Resources of a type that have no parent.
    pub fn list(resource_type: &str) -> Self {
        Self { operation: Operation::List, resource_type: resource_type.to_owned(), of: None }
    }

    /// Resources of a type inside another one.
    pub fn list_inside(resource_type: &str, parent: &ResourceId) -> Self {
        Self { of: Some(parent.clone()), ..Self::list(resource_type) }
    }

    /// What every resource of a type has alike.
    pub fn static_entitlements(resource_type: &str) -> Self {
        Self { operation: Operation::StaticEntitlements, ..Self::list(resource_type) }
    }

    /// Entitlements of a resource.
    pub fn entitlements(of: &ResourceId) -> Self {
        Self { operation: Operation::Entitlements, ..Self::list_inside(of.resource_type().as_str(), of) }
    }

    /// Grants of a resource.
    pub fn grants(of: &ResourceId) -> Self {
        Self { operation: Operation::Grants, ..Self::list_inside(of.resource_type().as_str(), of) }
    }

    /// Entitlements of all resources of a type, for a type that is listed so.
    pub fn entitlements_of_type(resource_type: &str) -> Self {
        Self { operation: Operation::Entitlements, ..Self::list(resource_type) }
    }

    /// Grants of all resources of a type, for a type that is listed so.
    pub fn grants_of_type(resource_type: &str) -> Self {
        Self { operation: Operation::Grants, ..Self::list(resource_type) }
    }

    /// A resource by its id.
    pub fn get(id: &ResourceId) -> Self {
        Self { operation: Operation::Get, ..Self::list_inside(id.resource_type().as_str(), id) }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        match (&self.of, self.operation) {
            (Some(of), Operation::List) => write!(f, " {} in {of}", self.resource_type),
            (Some(of), _) => write!(f, " {of}"),
            (None, Operation::Validate) => Ok(()),
            (None, _) => write!(f, " {}", self.resource_type),
        }
    }
}

/// One call: a page of a listing, and the how-manieth time it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ask {
    /// The listing.
    pub at: At,
    /// The page, from 0.
    pub page: usize,
    /// The attempt, from 1, counted over all connectors that share a
    /// [`Journal`](super::Journal).
    pub attempt: u32,
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} page {} attempt {}", self.at, self.page, self.attempt)
    }
}
