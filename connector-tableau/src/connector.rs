//! The connector.

use std::{borrow::Cow, sync::Arc};

use connector_sdk::{
    Connector, ConnectorMetadata, Error, ErrorKind, ResourceSyncer, Result, Validation, Waits, async_trait,
    config::{Config, ConnectContext},
    http::Stats,
};

use crate::{
    ClientSettings, TableauConfig,
    client::Client,
    context::Context,
    group::GroupSyncer,
    license::LicenseSyncer,
    role::{ADMIN_ROLES, is_admin},
    site::SiteSyncer,
    user::UserSyncer,
};

/// Reads one site of Tableau Cloud or Tableau Server.
#[derive(Debug)]
pub struct Tableau(Arc<Context>);

impl Tableau {
    /// A connector for a site. Nothing is asked of the server yet.
    pub fn new(config: &TableauConfig, settings: &ClientSettings) -> Result<Self> {
        Ok(Self(Arc::new(Context::new(Client::new(config, settings)?)?)))
    }

    /// A connector from checked values of [`schema`](crate::schema).
    pub fn connect(config: &Config, context: &ConnectContext) -> Result<Self> {
        Self::new(&TableauConfig::from_config(config)?, &context.into())
    }

    /// What was asked of the server so far.
    pub fn stats(&self) -> Stats {
        self.0.client.stats()
    }
}

#[async_trait]
impl Connector for Tableau {
    fn metadata(&self) -> ConnectorMetadata {
        let mut metadata =
            ConnectorMetadata::new("Tableau", "Connector syncing Tableau users, groups, sites and licenses");
        metadata.help_url = "/docs/baton/tableau".to_owned();
        metadata
    }

    /// Signs in, and makes sure that the token's owner may read all users and
    /// groups: others get lists that are refused, or silently shorter.
    async fn validate(&self) -> Result<Validation> {
        let client = &self.0.client;
        client.forget();
        let identity = client.signed_in().await?.user_id.clone();
        // The site is needed next; reading it now costs no time of its own.
        let (own, site) = tokio::join!(client.own_user(), client.site());
        let role = own?.site_role;
        match role.as_deref() {
            Some(role) if is_admin(role) => site.map(|_| Validation { identity: Some(identity) }),
            role => Err(Error::new(
                ErrorKind::PermissionDenied,
                format!(
                    "the owner of the access token has the site role {}, which may not read all users and \
                     groups; {ADMIN_ROLES} is needed",
                    role.unwrap_or("(not told)")
                ),
            )
            .during("check the permissions of the access token")
            .with("user", identity)),
        }
    }

    fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        let context = || Arc::clone(&self.0);
        vec![
            Arc::new(SiteSyncer(context())),
            Arc::new(UserSyncer(context())),
            Arc::new(GroupSyncer(context())),
            Arc::new(LicenseSyncer(context())),
        ]
    }

    fn waits(&self) -> Waits {
        self.0.client.waits()
    }

    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.0.client.redact(text)
    }

    /// Ends the session, which frees the token for other programs.
    async fn close(&self) -> Result<()> {
        self.0.client.sign_out().await
    }
}
