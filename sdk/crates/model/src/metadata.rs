//! What a connector says of itself.

use connector_proto::c1::connector::v2 as wire;

use crate::Capabilities;

/// Name, description and help of a connector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectorMetadata {
    /// What people call the system: `Tableau`.
    pub display_name: String,
    /// A sentence about the connector.
    pub description: String,
    /// Where its documentation is.
    pub help_url: String,
}

impl ConnectorMetadata {
    /// A name and a sentence.
    pub fn new(display_name: impl Into<String>, description: impl Into<String>) -> Self {
        Self { display_name: display_name.into(), description: description.into(), help_url: String::new() }
    }

    /// The wire form, with what the connector can do.
    pub fn to_wire(&self, capabilities: &Capabilities) -> wire::ConnectorMetadata {
        wire::ConnectorMetadata {
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            help_url: self.help_url.clone(),
            capabilities: Some(capabilities.to_wire()),
            ..Default::default()
        }
    }
}
