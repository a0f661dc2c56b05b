//! Users, and with them, as they are read once: site roles, licenses, and
//! membership of the groups that everyone is in.

use std::sync::Arc;

use connector_sdk::{Call, Page, ResourceId, ResourceSyncer, ResourceType, Result, async_trait};
use tokio::try_join;

use crate::{
    account::Accounts,
    client::{FirstPageFor, User, lenient::Listing},
    context::Context,
    everyone,
    paging::Position,
};

/// The users of the site.
#[derive(Debug)]
pub(crate) struct UserSyncer(pub(crate) Arc<Context>);

#[async_trait]
impl ResourceSyncer for UserSyncer {
    fn resource_type(&self) -> ResourceType {
        self.0.user.clone()
    }

    async fn list(&self, call: &Call<'_>, parent: Option<&ResourceId>) -> Result<Page> {
        let Some(site) = parent else { return Ok(Page::empty()) };
        let mut position = Position::of(call)?;
        let client = &self.0.client;
        let mut page = Page::empty();
        let listing = if position.is_first() {
            let users = client.users(position.page());
            let (users, groups) = try_join!(users, client.first_groups(FirstPageFor::Users))?;
            position.everyone = everyone::find(&self.0, users.extent.total, &groups).await?;
            everyone::remember(&mut page, &position.everyone)?;
            Ok(users)
        } else {
            client.users(position.page()).await
        };
        let Some(Listing { extent, rows }) = position.read(listing)? else {
            return Ok(position.past_the_end::<User>());
        };
        let groups = everyone::entitlements(&self.0, &position.everyone)?;
        let mut accounts = Accounts::new(&self.0, site);
        page.resources.reserve(rows.len());
        page.grants.reserve(rows.len() * (2 + groups.len()));
        for user in rows {
            let user = accounts.add(user, &mut page)?;
            page.grants.extend(groups.iter().map(|group| group.grant(&user)));
        }
        accounts.finish(&mut page).await?;
        position.follow(extent, &mut page)?;
        Ok(page)
    }
}
