//! What the unit tests share.

use std::fmt::Write as _;

use connector_sdk::{Resource, Result, Trait};
use serde::de::DeserializeOwned;

use crate::{ClientSettings, TableauConfig, client::Client, context::Context};

/// A context whose client reaches nobody.
pub(crate) fn context() -> Result<Context> {
    let config = TableauConfig::parse("baton", "secret".into(), "tableau.example.com", "acme", "3.27")?;
    Context::new(Client::new(&config, &ClientSettings::default())?)
}

/// The site Acme.
pub(crate) fn site(context: &Context) -> Result<Resource> {
    let id = context.site.id.resource("cccccccc-0000-4000-8000-000000000001")?;
    Ok(Resource::new(id, "Acme").with_child_type("user").with_child_type("group"))
}

/// What JSON decodes to.
pub(crate) fn decode<T: DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_slice(json.to_string().as_bytes()).expect("JSON of the expected form")
}

/// Resources as a person would write them down.
pub(crate) fn shown(resources: &[Resource]) -> String {
    resources.iter().map(show).collect::<Vec<_>>().join("\n")
}

fn show(resource: &Resource) -> String {
    let mut out = format!("{}: {:?}", resource.id, resource.display_name);
    if let Some(parent) = &resource.parent {
        let _ = write!(out, " in {parent}");
    }
    if let Some(status) = &resource.status {
        let _ = write!(out, ", {:?} {:?}", status.state, status.details);
    }
    for t in &resource.traits {
        match t {
            Trait::User(user) => {
                let emails: Vec<_> = user.emails.iter().map(|e| (e.address.as_str(), e.is_primary)).collect();
                let at = user.last_login.map(|t| t.seconds);
                let _ = write!(out, "\n  user: login {:?}, e-mail {emails:?}, last login {at:?}", user.login);
            }
            Trait::Group(_) | Trait::Role(_) => {}
            other => {
                let _ = write!(out, "\n  {other:?}");
            }
        }
    }
    for (key, value) in resource.profile.clone().unwrap_or_default().into_wire().fields {
        let _ = write!(out, "\n  {key} = {:?}", value.kind.expect("a value"));
    }
    out
}
