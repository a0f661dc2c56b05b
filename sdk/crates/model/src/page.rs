//! Pages: what a connector answers to one question.

use crate::{Entitlement, Grant, PageToken, Resource};

/// Further pages that one page may name: the limit of `EnqueuePageTokens` in
/// the Go SDK.
pub const MAX_FURTHER_PAGES: usize = 1024;

/// The bytes that the tokens of those pages may have together: 16 MiB, as in
/// the Go SDK.
pub const MAX_FURTHER_PAGES_BYTES: usize = 16 << 20;

/// One page of rows, and where the listing goes on.
///
/// A page may carry rows of **every** kind, whatever was asked: a list of
/// users that also shows their roles yields users and grants at once, so that
/// nothing is read twice. References may point to rows that come later; they
/// are checked when all is there. A resource that comes in a later phase than
/// the lists is stored, and not asked for entitlements or grants of its own.
///
/// ```
/// # use connector_model::{Page, PageToken, Resource, ResourceId};
/// # fn page(users: Vec<Resource>, next: Option<PageToken>) -> Page {
/// Page::of(users).with_total(1_204).with_next(next)
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Resources of any type.
    pub resources: Vec<Resource>,
    /// Entitlements on any resource.
    pub entitlements: Vec<Entitlement>,
    /// Grants of any entitlement.
    pub grants: Vec<Grant>,
    /// The page to read after this one.
    pub next: Option<PageToken>,
    /// Pages that are known already and may be read at once, in any order.
    /// One that an earlier page named is not read again; the same one twice on
    /// one page is an error. Let one page name them all, in their order: it
    /// decides which of two rows of one id stays. At most
    /// [`MAX_FURTHER_PAGES`] with [`MAX_FURTHER_PAGES_BYTES`] together.
    pub also: Vec<PageToken>,
    /// How many rows of the asked kind the source says the **whole** listing
    /// has. Where another number of distinct ones comes, or two pages tell
    /// different totals, the listing is read once more; rows of the first
    /// reading stay. Where many are missing even then, the sync fails.
    pub total: Option<u64>,
    /// Rows of the asked kind that the source counts and this page leaves out
    /// on purpose, with a warning that says why.
    pub left_out: u64,
    /// What is to be remembered for later calls of this sync, by key; see
    /// [`Call::recall`](crate::Call::recall). It is kept in the same
    /// transaction as the rows. One listing should write a key: of two pages
    /// that are read in parallel, either may be the last.
    pub remember: Vec<(String, Vec<u8>)>,
    /// What a person should know about this page, such as a row that was left
    /// out and why. Counted and shown in the summary.
    pub warnings: Vec<String>,
}

impl Page {
    /// A page with nothing on it, which ends the listing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A page of resources.
    pub fn of(resources: Vec<Resource>) -> Self {
        Self { resources, ..Self::default() }
    }

    /// A page of entitlements.
    pub fn of_entitlements(entitlements: Vec<Entitlement>) -> Self {
        Self { entitlements, ..Self::default() }
    }

    /// A page of grants.
    pub fn of_grants(grants: Vec<Grant>) -> Self {
        Self { grants, ..Self::default() }
    }

    /// Says where the listing goes on.
    #[must_use]
    pub fn with_next(mut self, next: Option<PageToken>) -> Self {
        self.next = next;
        self
    }

    /// Says how many rows the whole listing has.
    #[must_use]
    pub fn with_total(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }

    /// The number of rows of all kinds.
    pub fn rows(&self) -> usize {
        self.resources.len() + self.entitlements.len() + self.grants.len()
    }
}
