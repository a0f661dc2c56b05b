//! Actions: what is still to be asked of the connector.

use std::sync::Arc;

use connector_model::{BidResource, PageToken, Resource, ResourceId, ResourceTypeId};

use crate::fetch::cycle::Cycle;

/// A question to a syncer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Operation {
    /// Resources, of a parent or without one.
    List,
    /// What can be held on a resource, or on all of a type.
    Entitlements,
    /// Who holds what on a resource, or on all of a type.
    Grants,
    /// A single resource by its id.
    Get,
}

impl Operation {
    /// The number in the queue. Append only: a working database may outlive
    /// the release that made it.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::List => 1,
            Self::Entitlements => 2,
            Self::Grants => 3,
            Self::Get => 4,
        }
    }

    /// The operation of a number in the queue.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        [Self::List, Self::Entitlements, Self::Grants, Self::Get].into_iter().find(|o| o.number() == number)
    }

    /// Its name in the Go SDK's statistics and tokens.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::List => "list-resources",
            Self::Entitlements => "list-entitlements",
            Self::Grants => "list-grants",
            Self::Get => "targeted-resource-sync",
        }
    }

    /// What a person would call it.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::List => "list resources",
            Self::Entitlements => "list entitlements",
            Self::Grants => "list grants",
            Self::Get => "get the resource",
        }
    }
}

/// What a question is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// Resources inside this one, or those without a parent.
    Inside(Option<ResourceId>),
    /// A resource itself.
    Of(Arc<Resource>),
    /// All resources of the type.
    Whole,
    /// A resource that is known by its id only.
    Named(Arc<BidResource>),
}

impl Subject {
    /// The resource that the question names.
    pub(crate) fn id(&self) -> Option<&ResourceId> {
        match self {
            Self::Inside(parent) => parent.as_ref(),
            Self::Of(resource) => Some(&resource.id),
            Self::Whole => None,
            Self::Named(named) => Some(&named.id),
        }
    }
}

/// One chain of pages to follow, at the page that comes next.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    /// Its row in the queue.
    pub(crate) id: i64,
    pub(crate) operation: Operation,
    /// Whose syncer is asked.
    pub(crate) resource_type: ResourceTypeId,
    pub(crate) subject: Subject,
    /// The action that the whole listing began with: its chains share totals.
    pub(crate) listing: i64,
    /// 1, or 2 where the listing changed under the first reading.
    pub(crate) round: u32,
    /// Which chain of the listing this is: 0 the first, then the ones that
    /// pages named besides.
    pub(crate) chain: u32,
    /// How many pages of the chain were read.
    pub(crate) step: u32,
    /// The page that comes next; none is the first.
    pub(crate) token: Option<PageToken>,
    pub(crate) cycle: Cycle,
}

impl Action {
    /// Where this page stands among all pages of a sync, as text that sorts:
    /// by phase, then by what was asked, then by order within the listing. It
    /// does not depend on when the page was read.
    pub(crate) fn position(&self) -> String {
        let (of_type, of_id) =
            self.subject.id().map_or(("", ""), |id| (id.resource_type().as_str(), id.id()));
        format!(
            "{}\u{1}{}\u{1}{of_type}\u{1}{of_id}\u{1}{}\u{1}{:010}\u{1}{:010}",
            self.operation.number(),
            self.resource_type,
            self.round,
            self.chain,
            self.step,
        )
    }

    /// Whether nothing was read yet of the resource that this is about, or of
    /// what is inside it: then it may be gone, and that is no failure.
    pub(crate) fn is_first_page_of_a_resource(&self) -> bool {
        let of_one = matches!(self.subject, Subject::Of(_) | Subject::Named(_) | Subject::Inside(Some(_)));
        of_one && self.chain == 0 && self.step == 0
    }

    /// What is asked, for errors and warnings.
    pub(crate) fn describe(&self) -> String {
        match self.subject.id() {
            Some(id) if self.operation == Operation::Get => format!("{} {id}", self.operation.verb()),
            Some(id) => format!("{} of {id}", self.operation.verb()),
            None => format!("{} of type {}", self.operation.verb(), self.resource_type),
        }
    }
}
