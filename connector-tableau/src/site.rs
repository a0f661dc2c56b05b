//! The site, and the site roles that are held on it.

use std::sync::Arc;

use connector_sdk::{
    Call, Entitlement, Page, Resource, ResourceId, ResourceSyncer, ResourceType, Result, async_trait,
};

use crate::{
    client::Site,
    context::{Context, identity},
    role,
};

/// The one site that the access token signs in to.
#[derive(Debug)]
pub(crate) struct SiteSyncer(pub(crate) Arc<Context>);

#[async_trait]
impl ResourceSyncer for SiteSyncer {
    fn resource_type(&self) -> ResourceType {
        self.0.site.clone()
    }

    async fn list(&self, _call: &Call<'_>, parent: Option<&ResourceId>) -> Result<Page> {
        if parent.is_some() {
            return Ok(Page::empty());
        }
        Ok(Page::of(vec![resource(&self.0).await?]))
    }

    async fn entitlements(&self, _call: &Call<'_>, site: &Resource) -> Result<Page> {
        Ok(Page::of_entitlements(
            role::listed_slugs().map(|slug| entitlement(&self.0, site, &slug)).collect(),
        ))
    }
}

/// The site as a resource.
pub(crate) async fn resource(context: &Context) -> Result<Resource> {
    of(context, &*context.client.site().await?)
}

fn of(context: &Context, site: &Site) -> Result<Resource> {
    let id = identity(&context.site.id, site.id.clone())?;
    let name = site.name.clone().unwrap_or_else(|| id.id().to_owned());
    Ok(Resource::new(id, name)
        .with_child_type(context.user.id.clone())
        .with_child_type(context.group.id.clone()))
}

/// The entitlement of a site role.
pub(crate) fn entitlement(context: &Context, site: &Resource, slug: &str) -> Entitlement {
    let name = &site.display_name;
    Entitlement::permission(site, slug)
        .display_name(format!("{name} {} {slug}", context.site.display_name))
        .description(format!("Role in {name} Tableau site"))
        .grantable_to(&context.user)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing;

    #[test]
    fn a_site_has_the_entitlements_of_its_history() -> Result<()> {
        let context = testing::context()?;
        let decoded = testing::decode(json!({"id": "cccccccc-0000-4000-8000-000000000001", "name": "Acme"}));
        let site = of(&context, &decoded)?;
        assert_eq!(site, testing::site(&context)?);
        assert_eq!(site.child_types().collect::<Vec<_>>(), ["user", "group"]);
        let rows: Vec<_> = role::listed_slugs()
            .map(|slug| entitlement(&context, &site, &slug))
            .map(|e| format!("{} | {} | {} | {:?}", e.id, e.display_name, e.description, e.purpose))
            .collect();
        insta::assert_snapshot!(rows.join("\n"));
        Ok(())
    }

    #[test]
    fn a_site_without_a_name_is_called_by_its_id() -> Result<()> {
        let context = testing::context()?;
        assert_eq!(of(&context, &testing::decode(json!({"id": "x"})))?.display_name, "x");
        assert!(of(&context, &testing::decode(json!({}))).is_err());
        Ok(())
    }
}
