//! Capabilities: what a connector can do, as data.

use connector_proto::c1::connector::v2 as wire;

use crate::ResourceType;

/// One thing that a connector can do with a resource type; the numbers are
/// those of `c1.connector.v2.Capability`, and their order is the order of the
/// list for the whole connector.
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
    /// Single resources can be read by their id.
    TargetedSync = 11,
    /// The same in service mode: of a whole connector, never of a type.
    ServiceModeTargetedSync = 13,
}

/// What a connector can do: the one place that the `capabilities` command,
/// the greeting to ConductorOne and the refusals of the runtime read.
#[derive(Clone, Debug, PartialEq)]
pub struct Capabilities {
    types: Vec<(ResourceType, Vec<Capability>)>,
}

impl Capabilities {
    /// Every type can be read, and some in another way besides; the types in
    /// the order of their ids.
    pub(crate) fn reading(types: impl IntoIterator<Item = (ResourceType, Option<Capability>)>) -> Self {
        let mut types: Vec<_> = types
            .into_iter()
            .map(|(t, besides)| (t, [Capability::Sync].into_iter().chain(besides).collect()))
            .collect::<Vec<(ResourceType, Vec<Capability>)>>();
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
        if all.contains(&Capability::TargetedSync) {
            all.push(Capability::ServiceModeTargetedSync);
        }
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

#[cfg(test)]
mod tests {
    use connector_proto::json;

    use super::*;
    use crate::TraitKind;

    /// The shape is that of the `capabilities` command of the Go SDK: types in
    /// the order of their ids, `permissions` and `credentialDetails` always
    /// there, marks only where they are set.
    #[test]
    fn the_json_is_what_go_connectors_print() -> Result<(), json::Error> {
        let mut user = ResourceType::new("user", "User").with_trait(TraitKind::User);
        user.annotations.append(&wire::CapabilityPermissions {
            permissions: vec![wire::CapabilityPermission { permission: "read users".to_owned() }],
        });
        user.annotations.append(&wire::OptInRequired {});
        user.annotations.append(&wire::SkipSyncAnomalyDetection {});
        user.annotations.append(&wire::Deprecated {});
        let group = ResourceType::new("group", "Group").with_trait(TraitKind::Group);

        let mut printed = json::to_json(&Capabilities::reading([(user, None), (group, None)]).to_wire())?;
        // The type itself is not the matter here.
        let types = printed["resourceTypeCapabilities"].as_array_mut().into_iter().flatten();
        for resource_type in types {
            resource_type["resourceType"] = resource_type["resourceType"]["id"].take();
        }
        insta::assert_json_snapshot!(printed, @r#"
        {
          "resourceTypeCapabilities": [
            {
              "resourceType": "group",
              "capabilities": [
                "CAPABILITY_SYNC"
              ],
              "permissions": {}
            },
            {
              "resourceType": "user",
              "capabilities": [
                "CAPABILITY_SYNC"
              ],
              "permissions": {
                "permissions": [
                  {
                    "permission": "read users"
                  }
                ]
              },
              "optInRequired": true,
              "skipSyncAnomalyDetection": true,
              "deprecated": true
            }
          ],
          "connectorCapabilities": [
            "CAPABILITY_SYNC"
          ],
          "credentialDetails": {}
        }
        "#);
        Ok(())
    }

    #[test]
    fn the_connector_can_do_what_any_type_can_in_the_order_of_the_numbers() {
        let types = [ResourceType::new("user", "User"), ResourceType::new("group", "Group")];
        let mut capabilities = Capabilities::reading(types.map(|t| (t, None)));
        capabilities.types[0].1.push(Capability::Provision);
        capabilities.types[1].1.insert(0, Capability::ResourceDelete);
        let all = capabilities.all();
        assert_eq!(all, [Capability::Provision, Capability::Sync, Capability::ResourceDelete]);
        assert_eq!(capabilities.to_wire().connector_capabilities, [1, 2, 8]);
        assert_eq!(Capabilities::reading([]).all(), []);
        let targeted = (ResourceType::new("user", "User"), Some(Capability::TargetedSync));
        assert_eq!(Capabilities::reading([targeted]).to_wire().connector_capabilities, [2, 11, 13]);
    }
}
