//! A small site with a little of everything.

use connector_model::{
    Entitlement, EntitlementRef, Expandable, Grant, Resource, ResourceId, ResourceType, StaticEntitlement,
    TraitKind, wire,
};

use super::{At, Operation, Paging, Scenario};

impl Scenario {
    /// A small but complete site, read in at most 60 pages:
    ///
    /// - sites with projects inside, and folders inside the projects;
    /// - lists in one page and in several, as a chain and named ahead, with
    ///   totals and without; the lists of projects and folders without a
    ///   parent are empty;
    /// - static entitlements of projects, entitlements and grants of sites,
    ///   groups and roles;
    /// - licenses, whose entitlements and grants are listed for the whole type;
    /// - users and folders skip entitlements and grants by their type, and
    ///   single resources skip one or both;
    /// - a user, an entitlement and a grant that come on two pages with
    ///   different content;
    /// - grants to users that are listed later, a grant with an id of its own,
    ///   and grants of an entitlement and to a user that never come;
    /// - expandable grants: a chain of groups that ends in a cycle, one with a
    ///   source that never comes, one that is shallow and of users alone;
    /// - values that a list remembers for its next page and for a later phase,
    ///   and a page that asks which users are known;
    /// - a warning.
    pub fn small() -> Self {
        let mut site = Self::new(types());
        sites_and_what_is_inside(&mut site);
        users(&mut site);
        groups(&mut site);
        members(&mut site);
        roles(&mut site);
        licenses(&mut site);
        site
    }
}

fn types() -> [ResourceType; 7] {
    let mut license = ResourceType::new("license", "License");
    license.annotations.append(&wire::TypeScopedEntitlements {});
    license.annotations.append(&wire::TypeScopedGrants {});
    let mut project = ResourceType::new("project", "Project");
    project.annotations.append(&wire::SkipEntitlements {});
    [
        ResourceType::new("folder", "Folder").skip_entitlements_and_grants(),
        ResourceType::new("group", "Group").with_trait(TraitKind::Group),
        license,
        project,
        ResourceType::new("role", "Role").with_trait(TraitKind::Role),
        ResourceType::new("site", "Site"),
        ResourceType::new("user", "User").with_trait(TraitKind::User).skip_entitlements_and_grants(),
    ]
}

pub(super) fn id(resource_type: &'static str, id: impl ToString) -> ResourceId {
    let id = id.to_string();
    ResourceId::new(resource_type, id).expect("a short id that is not empty")
}

fn reference(resource: &ResourceId, slug: &str) -> EntitlementRef {
    EntitlementRef::canonical(resource, slug)
}

/// Whoever is a member of the group holds what the group holds.
pub(super) fn members_hold(group: &ResourceId, more: &[&str]) -> Expandable {
    let own = reference(group, "member").id.to_string();
    let more = more.iter().map(|slug| reference(group, slug).id.to_string());
    Expandable {
        entitlement_ids: [own].into_iter().chain(more).collect(),
        shallow: false,
        resource_type_ids: Vec::new(),
    }
}

fn sites_and_what_is_inside(site: &mut Scenario) {
    site.paging(Operation::List, "project", Paging::of(2).with_totals());
    for n in 1..=2 {
        let top = Resource::new(id("site", n), format!("Site {n}")).with_child_type("project");
        let visit = Entitlement::permission(&top, "visit");
        site.grant(Grant::new((&visit).into(), id("user", n)));
        site.resource(top).entitlement(visit);
    }
    for (n, parent, folders) in [(1, 1, 2), (2, 1, 0), (3, 1, 0), (4, 2, 1)] {
        let project = id("project", n);
        let mut resource = Resource::new(project.clone(), format!("Project {n}"))
            .parent(id("site", parent))
            .description("work");
        if folders > 0 {
            resource = resource.with_child_type("folder");
        }
        if n == 3 {
            resource = resource.with_annotation(&wire::SkipGrants {});
            // Nobody may ask for it, so it must not be in the file.
            site.grant(Grant::new(reference(&project, "edit"), id("user", 9)));
        } else {
            site.grant(Grant::new(reference(&project, "edit"), id("user", n)).immutable());
        }
        site.resource(resource);
        for f in 1..=folders {
            let folder = Resource::new(id("folder", format!("{n}.{f}")), format!("Folder {f}"));
            site.resource(folder.parent(project.clone()));
        }
    }
    site.static_entitlement("project", StaticEntitlement::permission("edit").display_name("Edit"));
    site.static_entitlement("project", StaticEntitlement::permission("view"));
}

fn users(site: &mut Scenario) {
    site.paging(Operation::List, "user", Paging::of(3).with_totals().named_ahead());
    let user = |n: u32, name: &str| {
        Resource::user(id("user", n), name)
            .email(format!("u{n}@example.com"))
            .login(format!("u{n}"))
            .profile([("number", n.to_string())])
    };
    for n in 1..=5 {
        site.resource(user(n, &format!("User {n}")));
    }
    // Another content under an id of the first page.
    site.resource(user(2, "User 2, renamed").disabled("left"));
    for n in 6..=9 {
        site.resource(user(n, &format!("User {n}")));
    }
    let list = At::list("user");
    site.remember(list.clone(), 1, "tenant", b"t-1").warning(list, 3, "a guest was left out");
}

fn groups(site: &mut Scenario) {
    site.paging(Operation::List, "group", Paging::of(2).with_totals());
    site.paging(Operation::Entitlements, "group", Paging::of(2));
    for n in 1..=5 {
        let mut group = Resource::group(id("group", n), format!("Group {n}"));
        if n == 5 {
            group = group.with_annotation(&wire::SkipEntitlements {});
            // The list brings along what nobody asks for.
            site.row(At::list("group"), Entitlement::assignment(&group, "member"));
        } else {
            site.entitlement(Entitlement::assignment(&group, "member").grantable_to(&types()[6]));
        }
        if n == 1 {
            site.entitlement(Entitlement::ownership(&group, "owner"));
            site.entitlement(Entitlement::ownership(&group, "owner").display_name("Owner, renamed"));
        }
        site.resource(group);
    }
    let list = At::list("group");
    // Listed before the user.
    site.row(list.clone(), Grant::new(reference(&id("group", 1), "owner"), id("user", 8)));
    site.remember(list.clone(), 0, "cursor", b"\x00\xff").needs(list, 1, "cursor", b"\x00\xff");
}

fn members(site: &mut Scenario) {
    site.paging(Operation::Grants, "group", Paging::of(2).with_totals());
    let member = |n: u32| reference(&id("group", n), "member");
    for n in [1, 2, 3] {
        site.grant(Grant::new(member(1), id("user", n)));
    }
    site.grant(Grant::new(member(1), id("user", 1)).immutable());
    // A chain 4 → 3 → 2 → 1, and 5 in a cycle with 4.
    for (inner, outer) in [(2, 1), (3, 2), (4, 3), (5, 4), (4, 5)] {
        let inner = id("group", inner);
        let expandable = members_hold(&inner, &[]);
        site.grant(Grant::new(member(outer), inner).expanding(expandable));
    }
    site.grant(Grant::new(member(2), id("user", 4)).with_id("membership-17"));
    site.grant(Grant::new(member(4), id("user", 5)));
    site.grant(Grant::new(member(5), id("user", 6)));
    site.grant(Grant::new(member(3), id("user", "ghost")));
    site.grant(Grant::new(reference(&id("group", 3), "vanished"), id("user", 7)));
    let grants = At::grants(&id("group", 3));
    site.knows(grants.clone(), 0, id("user", 7), true).knows(grants, 0, id("user", "ghost"), false);
}

fn roles(site: &mut Scenario) {
    site.paging(Operation::Grants, "role", Paging::of(1).named_ahead());
    let holds = |role: &Resource| Entitlement::permission(role, "holds");
    let admin = Resource::role(id("role", "admin"), "Administrator");
    let nobody =
        Resource::role(id("role", "nobody"), "Nobody").with_annotation(&wire::SkipEntitlementsAndGrants {});
    let reference = EntitlementRef::from(&holds(&admin));
    let (first, fifth) = (id("group", 1), id("group", 5));
    let users_only =
        Expandable { shallow: true, resource_type_ids: vec!["user".to_owned()], ..members_hold(&first, &[]) };
    site.grant(Grant::new(reference.clone(), first).expanding(users_only));
    site.grant(Grant::new(reference.clone(), fifth.clone()).expanding(members_hold(&fifth, &["nothing"])));
    site.grant(Grant::new(reference, id("user", 9)));
    site.needs(At::grants(&admin.id), 1, "tenant", b"t-1");
    site.entitlement(holds(&admin)).entitlement(holds(&nobody)).resource(admin).resource(nobody);
}

fn licenses(site: &mut Scenario) {
    site.paging(Operation::Entitlements, "license", Paging::of(1).with_totals());
    site.paging(Operation::Grants, "license", Paging::of(2).with_totals().named_ahead());
    site.targeted("license").targeted("user");
    for (n, holders) in [(1, 1..=3), (2, 3..=3)] {
        let license = Resource::new(id("license", n), format!("License {n}"));
        let seat = Entitlement::assignment(&license, "seat");
        for user in holders {
            site.grant(Grant::new((&seat).into(), id("user", user)));
        }
        // No single license is asked about its seats.
        site.row(At::grants(&license.id), Grant::new((&seat).into(), id("user", 9)));
        site.resource(license).entitlement(seat);
    }
}
