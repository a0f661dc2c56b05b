//! Licenses: four, each with its seats. Who holds one follows from the site
//! roles, so the grants come with the users.

use std::sync::Arc;

use connector_sdk::{
    Call, Page, Resource, ResourceId, ResourceSyncer, ResourceType, Result, async_trait,
    wire::LicenseProfileTrait,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing;

    fn licenses(site: serde_json::Value) -> Result<Vec<Resource>> {
        let context = testing::context()?;
        let site = testing::decode(site);
        License::ALL.into_iter().map(|license| resource(&context, &site, license)).collect()
    }

    #[test]
    fn licenses_have_the_seats_that_the_site_tells_of() -> Result<()> {
        let all = licenses(json!({
            "tierCreatorCapacity": "10", "tierExplorerCapacity": 20, "tierViewerCapacity": "-1",
            "usage": {"numCreators": 7, "numExplorers": "0", "numViewers": "33"},
        }))?;
        insta::assert_snapshot!(testing::shown(&all));
        Ok(())
    }

    #[test]
    fn licenses_without_known_seats_say_nothing_of_seats() -> Result<()> {
        for site in
            [json!({}), json!({"usage": {}}), json!({"tierCreatorCapacity": "unlimited", "usage": null})]
        {
            for license in licenses(site.clone())? {
                assert_eq!(license.traits.len(), 1, "{site} {license:?}");
                assert_eq!(license.parent, None);
            }
        }
        Ok(())
    }

    #[test]
    fn the_entitlement_of_a_license_is_that_of_its_history() -> Result<()> {
        let context = testing::context()?;
        let viewer = licenses(json!({}))?.remove(License::Viewer as usize);
        let member = context.membership(&viewer, &context.license);
        assert_eq!(member.id, "license:viewer:member");
        assert_eq!(member.display_name, "Viewer License member");
        assert_eq!(member.description, "Member of Viewer License in Tableau");
        Ok(())
    }
}
