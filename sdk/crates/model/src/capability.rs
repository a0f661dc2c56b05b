//! Capabilities: what a connector can do, as data.

use connector_proto::c1::connector::v2 as wire;

use crate::ResourceType;

/// One thing that a connector can do with a resource type; the numbers are
/// those of `c1.connector.v2.Capability`, and their order is the order of
/// every list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Capability {
    /// Grants can be given and taken away.
    Provision = 1,
    /// It can be read.
    Sync = 2,
    /// Accounts can be made.
    AccountProvisioning = 5,
    /// Credentials can be changed.
    CredentialRotation = 6,
    /// Resources can be made.
    ResourceCreate = 7,
    /// Resources can be deleted.
    ResourceDelete = 8,
}

/// What a connector can do: the one place that the `capabilities` command,
/// the greeting to ConductorOne and the refusals of the runtime read.
#[derive(Clone, Debug, PartialEq)]
pub struct Capabilities {
    types: Vec<(ResourceType, Vec<Capability>)>,
}

impl Capabilities {
    /// Every type can be read; the types in the order of their ids.
    pub(crate) fn reading(types: impl IntoIterator<Item = ResourceType>) -> Self {
        let mut types: Vec<_> = types.into_iter().map(|t| (t, vec![Capability::Sync])).collect();
        types.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        Self { types }
    }

    /// The types with what can be done with them.
    pub fn types(&self) -> impl Iterator<Item = (&ResourceType, &[Capability])> {
        self.types.iter().map(|(t, c)| (t, c.as_slice()))
    }

    /// What can be done with any type, in the order of the numbers.
    pub fn all(&self) -> Vec<Capability> {
        let mut all: Vec<_> = self.types.iter().flat_map(|(_, c)| c).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The wire form.
    pub fn to_wire(&self) -> wire::ConnectorCapabilities {
        let numbers = |list: &[Capability]| list.iter().map(|c| *c as i32).collect();
        wire::ConnectorCapabilities {
            resource_type_capabilities: self
                .types
                .iter()
                .map(|(resource_type, list)| wire::ResourceTypeCapability {
                    resource_type: Some(resource_type.to_wire()),
                    capabilities: numbers(list),
                    permissions: Some(resource_type.annotations.get().unwrap_or_default()),
                    opt_in_required: resource_type.annotations.has::<wire::OptInRequired>(),
                    skip_sync_anomaly_detection: resource_type
                        .annotations
                        .has::<wire::SkipSyncAnomalyDetection>(),
                    credential_issue: None,
                    deprecated: resource_type.annotations.has::<wire::Deprecated>(),
                })
                .collect(),
            connector_capabilities: numbers(&self.all()),
            credential_details: Some(wire::CredentialDetails::default()),
        }
    }
}
