//! Groups and their members.

use std::sync::Arc;

use connector_sdk::{
    Call, Page, Profile, Resource, ResourceId, ResourceSyncer, ResourceType, Result, async_trait,
};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    account::Accounts,
    client::{FirstPageFor, Group, Member, lenient::Listing},
    context::{Context, identity},
    everyone::{self, Membership},
    paging::Position,
};

/// How many members that are in no list are asked for at once.
const UNLISTED_AT_ONCE: usize = 4;

/// Where a group's resource keeps what its grants need to know.
const USER_COUNT: &str = "user_count";
const DOMAIN: &str = "domain";

/// The groups of the site.
#[derive(Debug)]
pub(crate) struct GroupSyncer(pub(crate) Arc<Context>);

#[async_trait]
impl ResourceSyncer for GroupSyncer {
    fn resource_type(&self) -> ResourceType {
        self.0.group.clone()
    }

    async fn list(&self, call: &Call<'_>, parent: Option<&ResourceId>) -> Result<Page> {
        let Some(site) = parent else { return Ok(Page::empty()) };
        let position = Position::of(call)?;
        let client = &self.0.client;
        let listing = if position.is_first() {
            client.first_groups(FirstPageFor::Groups).await.map(Arc::unwrap_or_clone)
        } else {
            client.groups(position.page()).await
        };
        let Some(Listing { extent, rows }) = position.read(listing)? else {
            return Ok(position.past_the_end::<Group>());
        };
        let resources = rows.into_iter().map(|group| resource(&self.0, site, group));
        let mut page = Page::of(resources.collect::<Result<_>>()?);
        position.follow(extent, &mut page)?;
        Ok(page)
    }

    async fn entitlements(&self, _call: &Call<'_>, group: &Resource) -> Result<Page> {
        Ok(Page::of_entitlements(vec![self.0.membership(group, &self.0.group)]))
    }

    async fn grants(&self, call: &Call<'_>, group: &Resource) -> Result<Page> {
        let profile = group.profile.as_ref();
        let is_empty = profile.and_then(|p| p.number(USER_COUNT)) == Some(0.0);
        if is_empty || everyone::is_derived(call, &group.id)? {
            return Ok(Page::empty());
        }
        let position = Position::of(call)?;
        let listing = self.0.client.members(group.id.id(), position.page()).await;
        let Some(Listing { extent, rows }) = position.read(listing)? else {
            return Ok(position.past_the_end::<Member>());
        };
        let fixed = everyone::is_all_users(Some(&group.display_name), profile.and_then(|p| p.text(DOMAIN)));
        let mut page = self.members(call, group, rows, &Membership::of(&group.id, fixed)).await?;
        position.follow(extent, &mut page)?;
        Ok(page)
    }
}

impl GroupSyncer {
    /// The grants of one page of members, and the members themselves where
    /// they were in no list.
    async fn members(
        &self,
        call: &Call<'_>,
        group: &Resource,
        rows: Vec<Member>,
        membership: &Membership,
    ) -> Result<Page> {
        let (mut page, mut unlisted) = (Page::empty(), Vec::new());
        page.grants.reserve(rows.len());
        for row in rows {
            let user = identity(&self.0.user.id, row.id)?;
            if call.is_known(&user) {
                page.grants.push(membership.grant(&user));
            } else {
                unlisted.push(user);
            }
        }
        if unlisted.is_empty() {
            return Ok(page);
        }
        let client = &self.0.client;
        let ask = |user: ResourceId| async move {
            Ok::<_, connector_sdk::Error>((client.unlisted_user(user.id()).await?, user))
        };
        let found: Vec<_> = stream::iter(unlisted).map(ask).buffered(UNLISTED_AT_ONCE).try_collect().await?;
        // The site is the group's parent; a group of an old file may lack it.
        let site = match &group.parent {
            Some(site) => site.clone(),
            None => crate::site::resource(&self.0).await?.id,
        };
        let mut accounts = Accounts::new(&self.0, &site);
        for (user, id) in found {
            match user {
                Some(user) => {
                    accounts.add(user, &mut page)?;
                    page.grants.push(membership.grant(&id));
                }
                None => {
                    // The group's total counts the member all the same.
                    page.left_out += 1;
                    page.warnings.push(format!(
                        "the group {:?} names the user {} as a member, who does not exist: the membership is left \
                         out",
                        group.display_name,
                        id.id()
                    ));
                }
            }
        }
        accounts.finish(&mut page).await?;
        Ok(page)
    }
}

fn resource(context: &Context, site: &ResourceId, group: Group) -> Result<Resource> {
    let mut profile = Profile::new();
    profile
        .set_some("group_id", group.id.as_deref())
        .set_some("group_name", group.name.clone())
        .set_some(DOMAIN, group.domain.clone())
        .set_some("minimum_site_role", group.minimum_site_role())
        .set_some("grant_license_mode", group.grant_license_mode())
        // Exact up to 2^53.
        .set_some(USER_COUNT, group.user_count.map(|n| n as f64));
    let id = identity(&context.group.id, group.id)?;
    let name = group.name.unwrap_or_else(|| id.id().to_owned());
    Ok(Resource::group(id, name).parent(site.clone()).profile(profile))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing;

    #[test]
    fn a_group_keeps_what_is_known_of_it() -> Result<()> {
        let context = testing::context()?;
        let site = testing::site(&context)?;
        let rows: Vec<Group> = testing::decode(json!([
            {"id": "bbbbbbbb-0000-4000-8000-000000000009", "name": "Group 9", "userCount": "10",
             "domain": {"name": "local"}},
            {"id": "b", "name": "R&D", "domain": {"name": "corp.example.com"}, "userCount": 0,
             "import": {"domainName": "corp.example.com", "siteRole": "Viewer", "grantLicenseMode": "onSync"}},
            {"id": "c", "minimumSiteRole": "Explorer", "import": null},
        ]));
        let groups = rows.into_iter().map(|g| resource(&context, &site.id, g)).collect::<Result<Vec<_>>>()?;
        insta::assert_snapshot!(testing::shown(&groups));

        let member = context.membership(&groups[0], &context.group);
        assert_eq!(member.id, "group:bbbbbbbb-0000-4000-8000-000000000009:member");
        assert_eq!(member.display_name, "Group 9 Group member");
        assert_eq!(member.description, "Member of Group 9 Group in Tableau");
        assert_eq!(member.grantable_to, std::slice::from_ref(&context.user));
        Ok(())
    }

    #[test]
    fn a_group_without_an_id_is_an_error() -> Result<()> {
        let context = testing::context()?;
        let site = testing::site(&context)?;
        assert!(resource(&context, &site.id, Group::default()).is_err());
        Ok(())
    }
}
