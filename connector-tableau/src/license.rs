//! Licenses: four, each with its seats. Who holds one follows from the site
//! roles, so the grants come with the users.

use std::sync::Arc;

use async_trait::async_trait;
use connector_sdk::{
    Call, Page, Resource, ResourceId, ResourceSyncer, ResourceType, Result, wire::LicenseProfileTrait,
};

use crate::{client::Site, context::Context, role::License};

/// The kinds of license.
#[derive(Debug)]
pub(crate) struct LicenseSyncer(pub(crate) Arc<Context>);

#[async_trait]
impl ResourceSyncer for LicenseSyncer {
    fn resource_type(&self) -> ResourceType {
        self.0.license.clone()
    }

    async fn list(&self, _call: &Call<'_>, parent: Option<&ResourceId>) -> Result<Page> {
        if parent.is_some() {
            return Ok(Page::empty());
        }
        let site = self.0.client.site().await?;
        let licenses = License::ALL.map(|license| resource(&self.0, &site, license));
        Ok(Page::of(licenses.into_iter().collect::<Result<_>>()?))
    }

    async fn entitlements(&self, _call: &Call<'_>, license: &Resource) -> Result<Page> {
        Ok(Page::of_entitlements(vec![self.0.membership(license, &self.0.license)]))
    }
}

fn resource(context: &Context, site: &Site, license: License) -> Result<Resource> {
    let id = context.license.id.resource(license.id())?;
    let resource = Resource::role(id, license.name())
        .profile([("license_id", license.id()), ("license_name", license.name())]);
    Ok(match site.seats(license) {
        None => resource,
        Some(seats) => resource.with_trait(LicenseProfileTrait {
            license_name: license.name().to_owned(),
            purchased_seats: seats.purchased,
            consumed_seats: seats.consumed,
            entitlement_ids: vec![context.license_member(license).id.to_string()],
            ..Default::default()
        }),
    })
}
