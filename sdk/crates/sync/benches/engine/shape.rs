//! What the synthetic sites consist of. Everything follows from a number, so
//! that connector and floor make the same rows and hold none.

use std::sync::Arc;

use connector_model::{
    Entitlement, EntitlementRef, Expandable, Grant, GrantDetails, Resource, ResourceId, ResourceType,
    ResourceTypeId, Result, TraitKind, wire,
};

/// Rows on a page.
pub(crate) const PAGE: u32 = 100;

/// The entitlement of a group.
const SLUG: &str = "member";

/// A site of users and groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) users: u32,
    pub(crate) groups: u32,
    /// Users that are directly in a group.
    pub(crate) members: u32,
    /// Groups of a chain, each of which contains the next; 1 is no chain.
    pub(crate) chain: u32,
    /// Ids are UUIDs and not short.
    pub(crate) uuids: bool,
    /// The members of a group stand all over the list of users, and not one
    /// after the other: the file compresses less.
    pub(crate) scattered: bool,
}

/// A million direct grants; the others are told by how they differ.
const DIRECT: Shape = Shape {
    name: "direct",
    users: 100_000,
    groups: 10_000,
    members: 100,
    chain: 1,
    uuids: false,
    scattered: false,
};

const CHAINS: Shape = Shape { name: "chains", users: 50_000, groups: 1_000, members: 50, chain: 5, ..DIRECT };

/// The measured ones.
pub(crate) const SHAPES: [Shape; 5] = [
    DIRECT,
    Shape { name: "scattered", scattered: true, ..DIRECT },
    Shape { name: "uuid", uuids: true, ..DIRECT },
    CHAINS,
    Shape { name: "chains-large", members: 250, ..CHAINS },
];

pub(crate) fn user_type() -> ResourceType {
    ResourceType::new("user", "User").with_trait(TraitKind::User).skip_entitlements_and_grants()
}

pub(crate) fn group_type() -> ResourceType {
    ResourceType::new("group", "Group").with_trait(TraitKind::Group)
}

/// The ids of the types, made once: a connector shares them too.
#[derive(Debug)]
pub(crate) struct Types {
    user: ResourceTypeId,
    group: ResourceTypeId,
}

impl Types {
    pub(crate) fn new() -> Self {
        Self { user: ResourceTypeId::from_static("user"), group: ResourceTypeId::from_static("group") }
    }
}

impl Shape {
    /// The same site at a percentage of its users and groups.
    pub(crate) fn at(self, percent: u32) -> Self {
        let groups = self.groups * percent / 100;
        Self { users: self.users * percent / 100, groups: groups - groups % self.chain, ..self }
    }

    /// Grants that the connector tells.
    pub(crate) fn direct_grants(&self) -> u64 {
        let nested = u64::from(self.groups / self.chain) * u64::from(self.chain - 1);
        u64::from(self.groups) * u64::from(self.members) + nested
    }

    /// Grants after expansion: the n-th group of a chain, from the end, also
    /// has what the ones behind it have.
    pub(crate) fn expanded_grants(&self) -> u64 {
        let own = |n: u64| n * u64::from(self.members) + n - 1;
        u64::from(self.groups / self.chain) * (1..=u64::from(self.chain)).map(own).sum::<u64>()
    }

    /// Rows of all kinds beside grants and resource types.
    pub(crate) fn other_rows(&self) -> u64 {
        u64::from(self.users) + 2 * u64::from(self.groups)
    }

    pub(crate) fn user(&self, types: &Types, n: u32) -> Result<Resource> {
        let id = ResourceId::new(types.user.clone(), self.id("u", n))?;
        Ok(Resource::user(id, format!("User {n}")).email(format!("user{n}@example.com")))
    }

    pub(crate) fn group(&self, types: &Types, n: u32) -> Result<Resource> {
        Ok(Resource::group(self.group_id(types, n)?, format!("Group {n}")))
    }

    pub(crate) fn group_id(&self, types: &Types, n: u32) -> Result<ResourceId> {
        ResourceId::new(types.group.clone(), self.id("g", n))
    }

    pub(crate) fn entitlement(group: &Resource) -> Entitlement {
        Entitlement::assignment(group, SLUG).grantable_to(&user_type())
    }

    /// Which group an id is of: groups are numbered in their listing.
    pub(crate) fn number_of(&self, group: &ResourceId) -> Option<u32> {
        if !self.uuids {
            return group.id().strip_prefix('g')?.parse().ok();
        }
        // The last twelve digits of the id hold the number.
        u32::from_str_radix(group.id().rsplit('-').next()?, 16).ok()
    }

    /// Grants that stand on the page of a group's grants that begins at `from`.
    pub(crate) fn grants(&self, types: &Types, group: u32, from: u32) -> Result<Vec<Grant>> {
        let entitlement = EntitlementRef::canonical(&self.group_id(types, group)?, SLUG);
        let until = (from + PAGE).min(self.members);
        let mut grants = Vec::with_capacity(PAGE as usize + 1);
        for m in from..until {
            grants.push(Grant::new(entitlement.clone(), self.member(types, group, m)?));
        }
        if until == self.members && self.contains_next(group) {
            let next = self.group_id(types, group + 1)?;
            let source = EntitlementRef::canonical(&next, SLUG).id.to_string();
            grants.push(Grant::new(entitlement, next).expanding(Expandable {
                entitlement_ids: vec![source],
                shallow: false,
                resource_type_ids: Vec::new(),
            }));
        }
        Ok(grants)
    }

    /// Grants that a group has because of the ones behind it in its chain: an
    /// id, a source (the next group) and a mark, as expansion makes them.
    pub(crate) fn inherited(&self, types: &Types, group: u32) -> Result<Vec<Grant>> {
        let mut grants = Vec::new();
        if !self.contains_next(group) {
            return Ok(grants);
        }
        let entitlement = EntitlementRef::canonical(&self.group_id(types, group)?, SLUG);
        let source: Arc<str> = EntitlementRef::canonical(&self.group_id(types, group + 1)?, SLUG).id;
        for behind in group + 1..=group - group % self.chain + self.chain - 1 {
            let mut add = |principal| {
                let mut grant = Grant::new(entitlement.clone(), principal);
                let mut details = GrantDetails::default();
                details.sources.insert(source.to_string(), behind == group + 1);
                details.annotations.append(&wire::GrantImmutable::default());
                grant.details = Some(Box::new(details));
                grants.push(grant);
            };
            for m in 0..self.members {
                add(self.member(types, behind, m)?);
            }
            if self.contains_next(behind) {
                add(self.group_id(types, behind + 1)?);
            }
        }
        Ok(grants)
    }

    fn contains_next(&self, group: u32) -> bool {
        group % self.chain + 1 < self.chain
    }

    /// A member of a group. Groups of one chain have no user in common.
    fn member(&self, types: &Types, group: u32, m: u32) -> Result<ResourceId> {
        let (users, place) = (u64::from(self.users), u64::from(group * self.members + m));
        // A prime that divides no number of users here, so each round is a
        // permutation of them.
        let user =
            if self.scattered { (place % users * 7_919 + place / users * 13) % users } else { place % users };
        ResourceId::new(types.user.clone(), self.id("u", u32::try_from(user).unwrap_or_default()))
    }

    fn id(&self, prefix: &str, n: u32) -> String {
        if !self.uuids {
            return format!("{prefix}{n}");
        }
        // splitmix64 (Steele et al. 2014), so that ids come in no order.
        let mut z =
            (u64::from(n) + (u64::from(prefix.as_bytes()[0]) << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{n:012x}",
            z >> 32,
            z >> 16 & 0xffff,
            z >> 4 & 0xfff,
            z & 0xfff
        )
    }
}
