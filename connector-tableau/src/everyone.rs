//! Groups that everyone is in, whose members need not be read.
//!
//! A group with as many members as the site has users contains every user, so
//! its memberships follow from the list of users. All Users is always such a
//! group, whatever it is called in the server's language; on a large site it
//! would cost as many requests as the users themselves.
//!
//! This is found out with the first page of users, which tells their number,
//! from the first page of groups, which is read beside it; where that is not
//! all of them, the server is asked for those of that size. It is handed to
//! the further pages in their tokens, and remembered for the groups, which are
//! asked for their members later.

use connector_sdk::{Call, EntitlementRef, Error, Grant, Page, ResourceId, Result};
use serde::{Deserialize, Serialize};

use crate::{
    client::{Group, lenient::Listing},
    context::{Context, MEMBER},
};

/// The most groups whose memberships are derived; the others are read. Their
/// ids stand in the token of every page of users.
const MAX_DERIVED: usize = 16;

/// Where the ids are remembered.
const KEY: &str = "everyone";

/// A group that everyone is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Everyone {
    id: String,
    /// Nobody can be taken out of it.
    fixed: bool,
}

impl Everyone {
    pub(crate) fn new(id: impl Into<String>, fixed: bool) -> Self {
        Self { id: id.into(), fixed }
    }
}

/// Finds the groups that hold all of the site's users. `first` is the first
/// page of groups.
pub(crate) async fn find(
    context: &Context,
    users: Option<u64>,
    first: &Listing<Group>,
) -> Result<Vec<Everyone>> {
    let Some(users) = users.filter(|n| *n > 0) else { return Ok(Vec::new()) };
    if first.extent.is_whole() {
        return Ok(of_size(users, &first.rows));
    }
    Ok(of_size(users, &context.client.groups_of(users).await?))
}

fn of_size(users: u64, groups: &[Group]) -> Vec<Everyone> {
    let whole = groups.iter().filter(|group| group.user_count == Some(users)).filter_map(|group| {
        let fixed = is_all_users(group.name.as_deref(), group.domain.as_deref());
        Some(Everyone::new(group.id.as_deref()?, fixed))
    });
    whole.take(MAX_DERIVED).collect()
}

/// Whether a group is the one that Tableau itself keeps: nobody can be added
/// to it or taken out. A directory may have a group of that name too.
pub(crate) fn is_all_users(name: Option<&str>, domain: Option<&str>) -> bool {
    name == Some("All Users") && domain.is_none_or(|domain| domain == "local")
}

/// Remembers the groups for [`is_derived`].
pub(crate) fn remember(page: &mut Page, groups: &[Everyone]) -> Result<()> {
    let ids: Vec<&str> = groups.iter().map(|g| g.id.as_str()).collect();
    let json = serde_json::to_vec(&ids)
        .map_err(|e| Error::internal("a list of ids can't be written").caused_by(e))?;
    page.remember.push((KEY.to_owned(), json));
    Ok(())
}

/// Whether the memberships of a group came with the users.
pub(crate) fn is_derived(call: &Call<'_>, group: &ResourceId) -> Result<bool> {
    let Some(json) = call.recall(KEY) else { return Ok(false) };
    let ids: Vec<String> = serde_json::from_slice(&json)
        .map_err(|e| Error::internal("a remembered list of ids can't be read").caused_by(e))?;
    Ok(ids.iter().any(|id| id == group.id()))
}

/// The membership of a group.
pub(crate) struct Membership {
    entitlement: EntitlementRef,
    fixed: bool,
}

impl Membership {
    pub(crate) fn of(group: &ResourceId, fixed: bool) -> Self {
        Self { entitlement: EntitlementRef::canonical(group, MEMBER), fixed }
    }

    /// A user's membership.
    pub(crate) fn grant(&self, user: &ResourceId) -> Grant {
        let grant = Grant::new(self.entitlement.clone(), user.clone());
        if self.fixed { grant.immutable() } else { grant }
    }
}

/// The memberships of the groups in a token.
pub(crate) fn entitlements(context: &Context, groups: &[Everyone]) -> Result<Vec<Membership>> {
    let of = |g: &Everyone| Ok(Membership::of(&context.group.id.resource(g.id.as_str())?, g.fixed));
    groups.iter().map(of).collect()
}
