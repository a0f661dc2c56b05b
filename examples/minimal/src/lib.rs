//! The smallest connector one would write: a made-up forum with teams, and
//! people inside them.
//!
//! Two resource types, a nested parent, a listing in pages, and who is a
//! member of what.

use std::sync::Arc;

use connector_sdk::{
    Call, Connector, ConnectorMetadata, EntitlementRef, Grant, Page, PageToken, Resource, ResourceId,
    ResourceSyncer, ResourceType, Result, StaticEntitlement, TraitKind, Validation, async_trait,
};

/// The forum's own data; a real connector has a client here.
const TEAMS: [(&str, &[&str]); 2] = [("editors", &["ada", "grace", "edsger"]), ("readers", &["barbara"])];

/// How many people a page holds.
const PAGE_SIZE: usize = 2;

/// The connector.
#[derive(Debug)]
pub struct Forum;

#[async_trait]
impl Connector for Forum {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata::new("Forum", "People and teams of a forum")
    }

    async fn validate(&self) -> Result<Validation> {
        Ok(Validation::default())
    }

    fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        vec![Arc::new(Teams), Arc::new(People)]
    }
}

fn team_type() -> ResourceType {
    ResourceType::new("team", "Team").with_trait(TraitKind::Group)
}

fn person_type() -> ResourceType {
    ResourceType::new("person", "Person").with_trait(TraitKind::User).skip_entitlements_and_grants()
}

/// Teams: few, so they come on one page.
struct Teams;

#[async_trait]
impl ResourceSyncer for Teams {
    fn resource_type(&self) -> ResourceType {
        team_type()
    }

    async fn list(&self, _call: &Call<'_>, _parent: Option<&ResourceId>) -> Result<Page> {
        let team = |name: &str| {
            let id = team_type().id.resource(name)?;
            Ok(Resource::group(id, name).with_child_type("person"))
        };
        Ok(Page::of(TEAMS.iter().map(|(name, _)| team(name)).collect::<Result<_>>()?))
    }

    async fn static_entitlements(&self) -> Result<Vec<StaticEntitlement>> {
        Ok(vec![StaticEntitlement::assignment("member").display_name("Member").grantable_to(&person_type())])
    }

    async fn grants(&self, _call: &Call<'_>, team: &Resource) -> Result<Page> {
        let member = EntitlementRef::canonical(&team.id, "member");
        let grant = |name: &&str| Ok(Grant::new(member.clone(), person_type().id.resource(*name)?));
        Ok(Page::of_grants(people_of(team.id.id()).iter().map(grant).collect::<Result<_>>()?))
    }
}

/// People: many, so they come in pages, and only inside a team.
struct People;

#[async_trait]
impl ResourceSyncer for People {
    fn resource_type(&self) -> ResourceType {
        person_type()
    }

    async fn list(&self, call: &Call<'_>, parent: Option<&ResourceId>) -> Result<Page> {
        let Some(team) = parent else { return Ok(Page::empty()) };
        let people = people_of(team.id());
        let from: usize = call.position()?.unwrap_or(0);
        let to = (from + PAGE_SIZE).min(people.len());
        let person = |name: &&str| {
            let id = person_type().id.resource(*name)?;
            Ok(Resource::user(id, *name)
                .email(format!("{name}@forum.example"))
                .login(*name)
                .profile([("team", team.id())])
                .parent(team.clone()))
        };
        let page = people.get(from..to).unwrap_or_default();
        let next = (to < people.len()).then(|| PageToken::encode(&to)).transpose()?;
        Ok(Page::of(page.iter().map(person).collect::<Result<_>>()?)
            .with_next(next)
            .with_total(people.len() as u64))
    }
}

fn people_of(team: &str) -> &'static [&'static str] {
    TEAMS.iter().find(|(name, _)| *name == team).map_or(&[], |(_, people)| people)
}
