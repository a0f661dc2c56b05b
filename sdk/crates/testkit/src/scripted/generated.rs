//! Sites as large as wanted.

use std::collections::HashSet;

use connector_model::{Entitlement, EntitlementRef, Grant, Resource, ResourceType, TraitKind};

use super::{
    At, Operation, Paging, Scenario,
    small::{id, members_hold},
};

/// How large a [generated](Scenario::generated) site is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Accounts.
    pub users: usize,
    /// Groups, each with a `member` entitlement.
    pub groups: usize,
    /// Direct members of a group, on average.
    pub members: usize,
    /// Groups that lie in another one, with an expandable grant. There may be
    /// cycles.
    pub nested: usize,
    /// Projects, spread over a tree; each lies in one before it, or in none.
    pub projects: usize,
    /// The most rows on a page. Each kind of listing has its own size.
    pub page: usize,
}

impl Default for Sizes {
    /// Some hundred rows.
    fn default() -> Self {
        Self { users: 60, groups: 12, members: 8, nested: 10, projects: 15, page: 10 }
    }
}

impl Scenario {
    /// A random site. The same seed and sizes always give the same one, on
    /// any machine.
    pub fn generated(seed: u64, sizes: &Sizes) -> Self {
        let mut random = Random(seed);
        let group_type = ResourceType::new("group", "Group").with_trait(TraitKind::Group);
        let project_type = ResourceType::new("project", "Project").skip_entitlements_and_grants();
        let user_type =
            ResourceType::new("user", "User").with_trait(TraitKind::User).skip_entitlements_and_grants();
        let mut site = Self::new([group_type, project_type, user_type]);
        for (operation, resource_type) in [
            (Operation::List, "group"),
            (Operation::List, "project"),
            (Operation::List, "user"),
            (Operation::Grants, "group"),
        ] {
            site.paging(operation, resource_type, random.paging(sizes.page));
        }
        for n in 0..sizes.users {
            site.resource(Resource::user(id("user", n), format!("User {n}")));
        }
        if sizes.users > 0 && random.one_in(2) {
            let n = random.below(sizes.users);
            site.resource(Resource::user(id("user", n), format!("User {n}, renamed")));
        }
        projects(&mut site, &mut random, sizes.projects);
        groups(&mut site, &mut random, sizes);
        site
    }
}

fn projects(site: &mut Scenario, random: &mut Random, count: usize) {
    for n in 0..count {
        let mut project = Resource::new(id("project", n), format!("Project {n}"));
        if n + 1 < count {
            project = project.with_child_type("project");
        }
        if n > 0 && !random.one_in(4) {
            project = project.parent(id("project", random.below(n)));
        }
        site.resource(project);
    }
}

fn groups(site: &mut Scenario, random: &mut Random, sizes: &Sizes) {
    let member = |n: usize| EntitlementRef::canonical(&id("group", n), "member");
    // A page of rows that all came before means a source without an end.
    let mut given = HashSet::new();
    for n in 0..sizes.groups {
        let group = Resource::group(id("group", n), format!("Group {n}"));
        let entitlement = Entitlement::assignment(&group, "member");
        // Some come along with the list.
        if random.one_in(5) {
            site.row(At::list("group"), entitlement);
        } else {
            site.entitlement(entitlement);
        }
        site.resource(group);
        for _ in 0..random.below(sizes.members * 2 + 1) {
            let user = id("user", random.below(sizes.users + 1));
            if given.insert((n, user.clone())) {
                site.grant(Grant::new(member(n), user));
            }
        }
    }
    if sizes.groups == 0 {
        return;
    }
    for _ in 0..sizes.nested {
        let (outer, inner) = (random.below(sizes.groups), id("group", random.below(sizes.groups)));
        let expandable = members_hold(&inner, &[]);
        if given.insert((outer, inner.clone())) {
            site.grant(Grant::new(member(outer), inner).expanding(expandable));
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
/// generators"): small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound that is not 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or_default()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn paging(&mut self, most: usize) -> Paging {
        let mut paging = Paging::of(1 + self.below(most.max(1)));
        if self.one_in(2) {
            paging = paging.with_totals();
        }
        if self.one_in(2) {
            paging = paging.named_ahead();
        }
        paging
    }
}
