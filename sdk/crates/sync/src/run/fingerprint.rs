//! What a working database is of: only a run that would do the same may go
//! on with it.

use connector_model::Registry;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Scope, SyncOptions};

/// What makes two runs the same sync: program and version, configuration
/// without secrets, who is signed in, and what is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    program: String,
    version: String,
    settings: Vec<(String, String)>,
    /// Known once the connector was validated, which a run that only has to
    /// seal does without.
    pub(crate) identity: Option<String>,
    sync_type: String,
    /// The filters, in words that nobody but us compares.
    scope: String,
    resource_types: Vec<String>,
}

impl Fingerprint {
    /// The fingerprint of a run, but for who is signed in.
    pub(crate) fn of(registry: &Registry, options: &SyncOptions) -> Self {
        let mut settings = options.settings.clone();
        settings.sort();
        let types = registry.resource_types().filter(|t| options.wants_type(&t.id));
        let scope = match &options.scope {
            Scope::Full => "everything".to_owned(),
            Scope::ResourcesOnly => "resources".to_owned(),
            Scope::Nothing => "nothing".to_owned(),
            Scope::Resources(targets) => format!("{targets:?}"),
        };
        let (expand, lenient) = (options.expand, options.allow_incomplete);
        // Another file under the same name has other principals.
        let external = options.external.as_ref().map(|external| {
            let found = std::fs::metadata(&external.file);
            (external, found.map(|f| (f.len(), f.modified().ok())).ok())
        });
        Self {
            program: options.program.clone(),
            version: options.version.clone(),
            settings,
            identity: None,
            sync_type: options.sync_type().as_str().to_owned(),
            scope: format!("{scope}, expand {expand}, external {external:?}, allow incomplete {lenient}"),
            resource_types: types.map(|t| t.id.to_string()).collect(),
        }
    }

    /// With who is signed in.
    pub(crate) fn signed_in_as(self, identity: Option<String>) -> Self {
        Self { identity, ..self }
    }

    /// What is another one than that of a run, the signed-in user apart.
    pub(crate) fn difference(&self, now: &Self) -> Option<&'static str> {
        [
            ("the program", self.program != now.program),
            ("the program's version", self.version != now.version),
            ("the configuration", self.settings != now.settings),
            ("what is read", (&self.sync_type, &self.scope) != (&now.sync_type, &now.scope)),
            ("the list of resource types", self.resource_types != now.resource_types),
        ]
        .into_iter()
        .find_map(|(what, differs)| differs.then_some(what))
    }

    /// A short form for logs.
    pub(crate) fn digest(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        Sha256::digest(json).iter().take(8).map(|b| format!("{b:02x}")).collect()
    }
}
