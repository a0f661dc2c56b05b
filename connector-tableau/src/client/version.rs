//! Which version of the REST API is spoken.

use std::{fmt, str::FromStr};

use connector_sdk::{
    Error, ErrorKind, Result,
    http::{HttpClient, StatusCode},
};
use serde::Deserialize;

use super::lenient;

/// A version of Tableau's REST API, such as 3.27 (Server 2025.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    major: u16,
    minor: u16,
}

impl ApiVersion {
    /// The oldest that will do: the first with personal access tokens, which
    /// came with Tableau Server 2019.4.
    pub const MIN: Self = Self::new(3, 6);
    /// The newest that this connector was written for; a newer server speaks
    /// it too.
    pub const MAX: Self = Self::new(3, 28);
    /// The first whose users have an identity provider configuration.
    pub(crate) const IDP_CONFIGURATIONS: Self = Self::new(3, 24);

    const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    /// Reads `3.27`. A version too old to work is refused.
    fn from_str(text: &str) -> Result<Self> {
        let number =
            |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten();
        let version =
            text.split_once('.').and_then(|(major, minor)| Some(Self::new(number(major)?, number(minor)?)));
        match version {
            Some(version) if version >= Self::MIN => Ok(version),
            Some(version) => Err(Error::invalid(format!(
                "api-version {version} is too old: personal access tokens came with {} (Tableau Server 2019.4)",
                Self::MIN
            ))),
            None => Err(Error::invalid(format!(
                "api-version {text:?} is no version such as {}; leave it out to take what the server offers",
                Self::MAX
            ))),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    server_info: Info,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    #[serde(default, deserialize_with = "lenient::text")]
    rest_api_version: Option<String>,
}

/// Asks the server for its version, which needs no session, and takes the
/// newest that both sides know.
///
/// The question itself is asked in the oldest version that will do, so that a
/// server too old answers that it does not know it.
pub(crate) async fn discover(http: &HttpClient) -> Result<ApiVersion> {
    let path = format!("api/{}/serverinfo", ApiVersion::MIN);
    let answer = http.get(&path).without_auth().fetch_with(lenient::decode::<Answer>).await.map_err(|e| {
        if e.get("status") == Some(StatusCode::NOT_FOUND.as_str()) {
            too_old("an older version of the REST API, or is no Tableau server").caused_by(e)
        } else {
            e
        }
    });
    let said = answer.map_err(|e| e.during("ask the server for its version"))?.server_info.rest_api_version;
    choose(said.as_deref()).map_err(|e| e.during("ask the server for its version"))
}

fn choose(said: Option<&str>) -> Result<ApiVersion> {
    let Some(said) = said else {
        return Err(Error::new(
            ErrorKind::DataLoss,
            "the server does not say which version of the REST API it speaks; set api-version",
        ));
    };
    match said.trim().parse::<ApiVersion>() {
        Ok(version) => Ok(version.min(ApiVersion::MAX)),
        Err(_) => Err(too_old(&format!("version {said:?} of the REST API"))),
    }
}

fn too_old(what: &str) -> Error {
    Error::new(
        ErrorKind::FailedPrecondition,
        format!(
            "the server speaks {what}; {} (Tableau Server 2019.4) or newer is needed; check server-path",
            ApiVersion::MIN
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_not_text() -> Result<()> {
        assert!("3.9".parse::<ApiVersion>()? < "3.27".parse()?);
        assert_eq!("3.27".parse::<ApiVersion>()?.to_string(), "3.27");
        for text in ["", "3", "3.", ".3", "3.x", "3.27.1", "v3.27", "+3.27", "3.-1", "3.99999999", "３.27"] {
            assert!(text.parse::<ApiVersion>().is_err(), "{text}");
        }
        Ok(())
    }

    #[test]
    fn the_newest_that_both_know_is_taken() -> Result<()> {
        for (said, taken) in
            [("3.6", "3.6"), ("3.27", "3.27"), ("3.28", "3.28"), ("3.40", "3.28"), ("4.0", "3.28")]
        {
            assert_eq!(choose(Some(said))?.to_string(), taken, "{said}");
        }
        for said in [None, Some("2.8"), Some("3.5"), Some("new")] {
            assert!(choose(said).is_err(), "{said:?}");
        }
        Ok(())
    }
}
