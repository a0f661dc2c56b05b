//! What the connector is told: which server and site, and with which token.

use connector_sdk::{
    Error, ExposeSecret, Result, SecretString,
    config::{Config, Field, Schema},
    http::Url,
};

use crate::{client::ApiVersion, server_path};

/// Which site to read, and with which personal access token.
///
/// `Debug` does not show the token's secret.
#[derive(Clone, Debug)]
pub struct TableauConfig {
    /// The name of the personal access token.
    pub access_token_name: String,
    /// Its secret.
    pub access_token_secret: SecretString,
    /// The server's address, without a path.
    pub server: Url,
    /// The site's content URL, which follows `/site/` in the address of its
    /// pages; empty for the default site of a Tableau Server.
    pub site_id: String,
    /// The version of the REST API to use; `None` takes the newest that both
    /// sides know.
    pub api_version: Option<ApiVersion>,
}

const TOKEN_NAME: &str = "access-token-name";
const TOKEN_SECRET: &str = "access-token-secret";
const SERVER_PATH: &str = "server-path";
const SITE_ID: &str = "site-id";
const API_VERSION: &str = "api-version";

/// What the connector can be told: flags, `BATON_*` variables, the form in
/// ConductorOne.
pub fn schema() -> Result<Schema> {
    Schema::builder("Tableau")
        .help_url("/docs/baton/tableau")
        .icon_url("/static/app-icons/tableau.svg")
        .field(
            Field::string(TOKEN_NAME)
                .display_name("Access Token Name")
                .description("The name of a personal access token of an administrator of the site.")
                .required(),
        )
        .field(
            Field::string(TOKEN_SECRET)
                .display_name("Access Token Secret")
                .description("The secret of the personal access token, which Tableau shows once.")
                .required()
                .secret(),
        )
        .field(
            Field::string(SERVER_PATH)
                .display_name("Server Path")
                .description(
                    "The address of the Tableau server, such as 10ay.online.tableau.com; https where it does \
                     not say.",
                )
                .placeholder("10ay.online.tableau.com")
                .required(),
        )
        .field(Field::string(SITE_ID).display_name("Site ID").description(
            "The site, as it stands after /site/ in the address of its pages. Empty for the default \
                     site of a Tableau Server.",
        ))
        .field(Field::string(API_VERSION).display_name("API Version").description(
            "The version of Tableau's REST API to use, such as 3.27. Empty for the newest that both \
                     sides know.",
        ))
        .build()
}

impl TableauConfig {
    /// The values of the fields of [`schema`].
    pub fn from_config(config: &Config) -> Result<Self> {
        Self::parse(
            config.string(TOKEN_NAME)?,
            config.secret(TOKEN_SECRET)?.clone(),
            config.string(SERVER_PATH)?,
            config.string(SITE_ID)?,
            config.string(API_VERSION)?,
        )
    }

    /// Reads the values as a person typed them. Each may have spaces around
    /// it; `api_version` may be empty.
    pub fn parse(
        access_token_name: &str,
        access_token_secret: SecretString,
        server_path: &str,
        site_id: &str,
        api_version: &str,
    ) -> Result<Self> {
        let name = access_token_name.trim();
        if name.is_empty() {
            return Err(Error::invalid(
                "access-token-name is empty; it is the name of a personal access token",
            ));
        }
        let secret = access_token_secret.expose_secret().trim();
        if secret.is_empty() {
            return Err(Error::invalid(
                "access-token-secret is empty; Tableau shows it once, when the token is made",
            ));
        }
        let site_id = site_id.trim();
        if site_id.contains(['/', '#', ':']) {
            return Err(Error::invalid(format!(
                "site-id {site_id:?} is no site; it is the one word that follows /site/ in the address of the \
                 site's pages"
            )));
        }
        let version = api_version.trim();
        Ok(Self {
            access_token_name: name.to_owned(),
            access_token_secret: secret.to_owned().into(),
            server: server_path::parse(server_path, site_id)?,
            site_id: site_id.to_owned(),
            api_version: if version.is_empty() { None } else { Some(version.parse()?) },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, secret: &str, version: &str) -> Result<TableauConfig> {
        TableauConfig::parse(name, secret.into(), "tableau.example.com", " acme ", version)
    }

    #[test]
    fn spaces_around_values_are_of_no_account() -> Result<()> {
        let config = parse(" baton\n", "secret==:x\n", " 3.24 ")?;
        assert_eq!(config.access_token_name, "baton");
        assert_eq!(config.access_token_secret.expose_secret(), "secret==:x");
        assert_eq!(config.site_id, "acme");
        assert_eq!(config.api_version.map(|v| v.to_string()), Some("3.24".to_owned()));
        assert_eq!(parse("a", "b", "")?.api_version, None);
        assert!(!format!("{config:?}").contains("secret=="));
        Ok(())
    }

    #[test]
    fn the_fields_are_those_that_customers_have_set() -> Result<()> {
        // As the Go connector declares them, but for the default of api-version.
        let schema = schema()?;
        let fields: Vec<_> = schema
            .fields()
            .iter()
            .map(|f| (f.variable(), f.display_name.as_str(), f.required, f.secret))
            .collect();
        assert_eq!(
            fields,
            [
                ("BATON_ACCESS_TOKEN_NAME".to_owned(), "Access Token Name", true, false),
                ("BATON_ACCESS_TOKEN_SECRET".to_owned(), "Access Token Secret", true, true),
                ("BATON_SERVER_PATH".to_owned(), "Server Path", true, false),
                ("BATON_SITE_ID".to_owned(), "Site ID", false, false),
                ("BATON_API_VERSION".to_owned(), "API Version", false, false),
            ]
        );
        let config = schema.config([
            ("access-token-name", "baton"),
            ("access-token-secret", "hunter2"),
            ("server-path", "tableau.example.com"),
        ])?;
        let config = TableauConfig::from_config(&config)?;
        assert_eq!((config.site_id.as_str(), config.api_version), ("", None));
        assert_eq!(config.server.as_str(), "https://tableau.example.com/");
        Ok(())
    }

    #[test]
    fn an_address_is_no_site() {
        for site in ["https://tableau.example.com/#/site/acme", "/site/acme", "acme/"] {
            let config = TableauConfig::parse("a", "b".into(), "tableau.example.com", site, "");
            let error = config.map(|_| ()).expect_err(site).to_string();
            assert!(error.contains("site-id"), "{error}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (name, secret, version, says) in [
            (" ", "b", "", "access-token-name is empty"),
            ("a", "\n", "", "access-token-secret is empty"),
            ("a", "b", "three", "api-version"),
            ("a", "b", "2.8", "personal access tokens"),
        ] {
            let error = parse(name, secret, version).map(|_| ()).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
