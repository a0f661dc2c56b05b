//! Users.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use connector_sdk::{
    Error, ErrorKind, Result,
    http::{RequestBuilder, StatusCode},
};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::{
    ApiVersion, Client, PAGE_SIZE, error,
    lenient::{self, Listing, Row},
};

/// A user as a list or a single read gives it. Lists give what their `fields`
/// ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct User {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) id: Option<Arc<str>>,
    /// What is typed to sign in.
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) full_name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) email: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) site_role: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) last_login: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) auth_setting: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) external_auth_user_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) idp_configuration_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) locale: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) language: Option<String>,
    #[serde(deserialize_with = "lenient::name")]
    pub(crate) domain: Option<String>,
}

impl Row for User {
    const LIST: &'static str = "users";
    const ROW: &'static str = "user";
}

/// A member of a group. Its row tells more, but neither e-mail nor full name,
/// so it can't stand for the user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Member {
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) id: Option<Arc<str>>,
}

impl Row for Member {
    const LIST: &'static str = "users";
    const ROW: &'static str = "user";
}

/// The fields that a list of users is asked for.
const FIELDS: &str =
    "id,name,fullName,email,siteRole,lastLogin,authSetting,externalAuthUserId,locale,language,domain";
const FIELDS_SINCE_3_24: &str = "id,name,fullName,email,siteRole,lastLogin,authSetting,externalAuthUserId,\
                                 locale,language,domain,idpConfigurationId";

#[derive(Deserialize)]
struct One {
    user: User,
}

impl Client {
    /// A page of all users of the site, in the order of their names.
    ///
    /// The fields are named, because the default ones lack e-mail and full
    /// name, and on some sites the last sign-in. A server that refuses a name
    /// is asked for all fields, which costs it more.
    pub(crate) async fn users(&self, page: u32) -> Result<Listing<User>> {
        let named = !self.all_fields.load(Ordering::Relaxed);
        let fields = match self.version().await? {
            _ if !named => "_all_",
            version if version >= ApiVersion::IDP_CONFIGURATIONS => FIELDS_SINCE_3_24,
            _ => FIELDS,
        };
        match self.users_with(fields, page).await {
            Err(e) if named && error::has_status(&e, StatusCode::BAD_REQUEST) && page == 1 => {
                tracing::info!(error = %e, "the server refuses fields of users by name; asking for all");
                let listing = self.users_with("_all_", page).await;
                self.all_fields.fetch_or(listing.is_ok(), Ordering::Relaxed);
                listing
            }
            listing => listing,
        }
        .map_err(|e| error::never_missing(e).during("list users"))
    }

    async fn users_with(&self, fields: &str, page: u32) -> Result<Listing<User>> {
        let request = self.at_site(&["users"]).await?.query([("fields", fields), ("sort", "name:asc")]);
        paged(request, page).fetch_with(lenient::decode).await
    }

    /// A page of the members of a group.
    pub(crate) async fn members(&self, group: &str, page: u32) -> Result<Listing<Member>> {
        let request = paged(self.at_site(&["groups", group, "users"]).await?, page);
        request.fetch_with(lenient::decode).await.map_err(|e| {
            let is_gone = error::has_code(&e, error::NO_SUCH_GROUP);
            let e = if is_gone { e } else { error::never_missing(e) };
            e.during("list the members of a group").with("group", group)
        })
    }

    /// One user; `None` where there is none with this id.
    async fn user(&self, id: &str) -> Result<Option<User>> {
        match self.at_site(&["users", id]).await?.fetch_with(lenient::decode::<One>).await {
            Ok(One { user }) if user.id.as_deref() == Some(id) => Ok(Some(user)),
            Ok(_) => {
                Err(Error::new(ErrorKind::DataLoss, "the answer is about another user than was asked for")
                    .with("user", id))
            }
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e.with("user", id)),
        }
        .map_err(|e| e.during("read a user"))
    }

    /// The owner of the access token.
    pub(crate) async fn own_user(&self) -> Result<User> {
        let id = self.signed_in().await?.user_id.clone();
        let user = self.user(&id).await?;
        user.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "the owner of the access token is no user of the site any more")
                .with("user", &id)
        })
    }

    /// A user who is in no list, asked for once however many groups name it;
    /// `None` where there is none.
    pub(crate) async fn unlisted_user(&self, id: &str) -> Result<Option<User>> {
        let cell = self.unlisted_cell(id);
        cell.get_or_try_init(|| self.user(id)).await.cloned()
    }
}

/// The users that were asked for one by one.
pub(super) type Unlisted = HashMap<String, Arc<OnceCell<Option<User>>>>;

/// Adds what asks for one page.
pub(super) fn paged(request: RequestBuilder, page: u32) -> RequestBuilder {
    request.query([("pageSize", PAGE_SIZE), ("pageNumber", page)])
}
