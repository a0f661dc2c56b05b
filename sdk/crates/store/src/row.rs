//! Rows as they are stored: the columns that readers filter by, and the message, already encoded.

use std::sync::Arc;

/// What a row is about; one table each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `v1_resource_types`.
    ResourceType,
    /// `v1_resources`.
    Resource,
    /// `v1_entitlements`.
    Entitlement,
    /// `v1_grants`.
    Grant,
    /// `v1_assets`.
    Asset,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::ResourceType, Self::Resource, Self::Entitlement, Self::Grant, Self::Asset];

    /// The name of its table.
    pub const fn table(self) -> &'static str {
        match self {
            Self::ResourceType => "v1_resource_types",
            Self::Resource => "v1_resources",
            Self::Entitlement => "v1_entitlements",
            Self::Grant => "v1_grants",
            Self::Asset => "v1_assets",
        }
    }
}

/// A resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceTypeRow {
    /// The type's id.
    pub external_id: Arc<str>,
    /// `c1.connector.v2.ResourceType`, encoded deterministically.
    pub data: Vec<u8>,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    /// Its type's id.
    pub resource_type_id: Arc<str>,
    /// `type:id`, nothing escaped.
    pub external_id: String,
    /// Type and id of its parent.
    pub parent: Option<(Arc<str>, Arc<str>)>,
    /// `c1.connector.v2.Resource`, encoded deterministically.
    pub data: Vec<u8>,
}

/// An entitlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitlementRow {
    /// Type of the resource it is of.
    pub resource_type_id: Arc<str>,
    /// Id of the resource it is of.
    pub resource_id: Arc<str>,
    /// Its id.
    pub external_id: Arc<str>,
    /// `c1.connector.v2.Entitlement`, encoded deterministically.
    pub data: Vec<u8>,
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    /// Type of the entitlement's resource.
    pub resource_type_id: Arc<str>,
    /// Id of the entitlement's resource.
    pub resource_id: Arc<str>,
    /// The entitlement.
    pub entitlement_id: Arc<str>,
    /// Type of who has it.
    pub principal_resource_type_id: Arc<str>,
    /// Id of who has it.
    pub principal_resource_id: Arc<str>,
    /// Its id.
    pub external_id: String,
    /// `c1.connector.v2.GrantExpandable`, encoded, where the grant is expandable; it must not be in `data` then.
    pub expansion: Option<Vec<u8>>,
    /// Whether expansion has still to look at it; only with `expansion`.
    pub needs_expansion: bool,
    /// `c1.connector.v2.Grant` without its expansion, encoded deterministically.
    pub data: Vec<u8>,
}

/// A file that belongs to something, such as an icon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetRow {
    /// Its id.
    pub external_id: Arc<str>,
    /// The media type; `unknown` where none is known.
    pub content_type: Arc<str>,
    /// The file.
    pub data: Vec<u8>,
}
