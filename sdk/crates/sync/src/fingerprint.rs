//! What a working database is of: only a run that would do the same may go
//! on with it.

use connector_model::{Registry, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::SyncOptions;

/// What makes two runs the same sync: program and version, configuration
/// without secrets, who is signed in, and what is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    program: String,
    version: String,
    settings: Vec<(String, String)>,
    identity: Option<String>,
    sync_type: String,
    resource_types: Vec<String>,
}

impl Fingerprint {
    /// The fingerprint of a run.
    pub(crate) fn of(registry: &Registry, validation: &Validation, options: &SyncOptions) -> Self {
        let mut settings = options.settings.clone();
        settings.sort();
        Self {
            program: options.program.clone(),
            version: options.version.clone(),
            settings,
            identity: validation.identity.clone(),
            sync_type: options.sync_type().as_str().to_owned(),
            resource_types: registry.resource_types().map(|t| t.id.to_string()).collect(),
        }
    }

    /// As JSON, for the working database.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A short form for logs.
    pub(crate) fn digest(&self) -> String {
        Sha256::digest(self.to_json()).iter().take(8).map(|b| format!("{b:02x}")).collect()
    }
}
