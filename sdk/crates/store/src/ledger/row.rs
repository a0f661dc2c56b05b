//! One row of the ledger.

use std::fmt;

use serde::{Serialize, Serializer};

/// What was read. The words are those of the engine's steps, which other readers know from checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerOperation {
    /// Resources of a type, inside a parent or not.
    ListResources,
    /// Entitlements that all resources of a type have.
    ListStaticEntitlements,
    /// Entitlements of resources.
    ListEntitlements,
    /// Grants of resources.
    ListGrants,
    /// Single resources, asked for by their ids.
    TargetedResourceSync,
    /// Principals of another file.
    ListExternalResources,
    /// Grants that follow from others.
    GrantExpansion,
}

impl LedgerOperation {
    /// Every operation.
    pub const ALL: [Self; 7] = [
        Self::ListResources,
        Self::ListStaticEntitlements,
        Self::ListEntitlements,
        Self::ListGrants,
        Self::TargetedResourceSync,
        Self::ListExternalResources,
        Self::GrantExpansion,
    ];

    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ListResources => "list-resources",
            Self::ListStaticEntitlements => "list-static-entitlements",
            Self::ListEntitlements => "list-entitlements",
            Self::ListGrants => "list-grants",
            Self::TargetedResourceSync => "targeted-resource-sync",
            Self::ListExternalResources => "list-external-resources",
            Self::GrantExpansion => "grant-expansion",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.as_str() == word)
    }
}

impl fmt::Display for LedgerOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for LedgerOperation {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

/// Whether all there was has been read; the greater is the worse, and of many the worst counts. The words in the file
/// are in the opposite order of the alphabet, so that SQL finds the worst as the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Completeness {
    /// All of it.
    Whole,
    /// Not read, or not all of it, because somebody wanted it so.
    Skipped,
    /// The source said twice that there are a few rows more than came.
    Short,
    /// Something is missing that should be there.
    Incomplete,
}

impl Completeness {
    /// Every state, from the best to the worst.
    pub const ALL: [Self; 4] = [Self::Whole, Self::Skipped, Self::Short, Self::Incomplete];

    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Skipped => "skipped",
            Self::Short => "short",
            Self::Incomplete => "incomplete",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

impl fmt::Display for Completeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Completeness {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

/// What became of the lists of one resource type inside one parent by one operation. To be added to what the ledger
/// has for them ([`crate::Batch::add_to_ledger`]). Numbers above `i64::MAX` are stored as that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// The resource type that was listed, or of whose resources.
    pub resource_type: String,
    /// Type and id of the resource that the list is inside of, where it is.
    pub parent: Option<(String, String)>,
    /// What was read.
    pub operation: LedgerOperation,
    /// Pages that were read.
    pub pages: u64,
    /// Rows that they held.
    pub rows: u64,
    /// Rows that there should be, where the source tells it.
    pub expected: Option<u64>,
    /// Rows that were left out of the file.
    pub dropped: u64,
    /// Why it is not whole, or why rows were left out; empty where there is nothing to say. The first 1,000 bytes of
    /// all reasons together are kept.
    pub reason: String,
    /// Whether it was all.
    pub state: Completeness,
}

impl LedgerRow {
    /// The row of a step that is of all resource types and complete.
    pub fn of_all_types(operation: LedgerOperation, rows: u64) -> Self {
        Self {
            resource_type: String::new(),
            parent: None,
            operation,
            pages: 0,
            rows,
            expected: None,
            dropped: 0,
            reason: String::new(),
            state: Completeness::Whole,
        }
    }
}
