//! Generated data: everything follows from a seed and an index, nothing is stored.

mod group;
mod hash;
mod luid;
mod role;
mod text;
mod user;

pub use group::Group;
pub(crate) use group::{DECOY_GROUP, EMPTY_GROUP, GroupIndex};
pub(crate) use hash::mix;
pub(crate) use luid::LuidSpace;
pub use luid::{Luid, NotALuid};
pub(crate) use role::{Tier, tier};
pub(crate) use text::push_number;
pub use user::User;
pub(crate) use user::{BACK, FRONT, Slot};

/// The generator of one site.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    key: u64,
    /// How many users the site starts with.
    pub(crate) users: u32,
    /// How many groups it has beside All Users.
    pub(crate) groups: u32,
    members: u32,
    pub(crate) user_ids: LuidSpace,
    pub(crate) group_ids: LuidSpace,
    idp_ids: LuidSpace,
    /// Whether a site role occurs that no client knows.
    future_role: bool,
}

impl Seed {
    pub(crate) fn new(seed: u64, users: u32, groups: u32, members: u32) -> Self {
        Self {
            key: mix(&[seed]),
            users: users.min(BACK - 1),
            groups,
            members,
            user_ids: LuidSpace::new(seed, "user"),
            group_ids: LuidSpace::new(seed, "group"),
            idp_ids: LuidSpace::new(seed, "idp"),
            future_role: false,
        }
    }

    /// Lets some users have a site role that does not exist today.
    pub(crate) fn with_future_role(self, future_role: bool) -> Self {
        Self { future_role, ..self }
    }

    /// The site's own id.
    pub(crate) fn site_id(seed: u64, site: u32) -> Luid {
        LuidSpace::new(seed, "site").id(site)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_users_and_groups_sort_by_index() {
        let seed = Seed::new(3, 2_000, 300, 5);
        let users: Vec<_> = (0..2_000).map(|slot| seed.user_name(slot)).collect();
        assert!(users.is_sorted());
        assert!(seed.user_name(FRONT) < users[0] && seed.user_name(BACK) > users[1_999]);
        assert!((0..=300).map(|group| seed.group_name(group)).is_sorted());
    }

    #[test]
    fn a_group_has_the_members_asked_for_and_nobody_twice() {
        for users in [1, 2, 10, 97, 500] {
            let seed = Seed::new(9, users, 30, 25);
            for group in (1..=30).filter(|group| *group != EMPTY_GROUP) {
                let members: BTreeSet<_> = seed.seeded_members(group).collect();
                assert_eq!(members.len(), 25.min(users as usize));
                assert!(members.iter().all(|slot| *slot < users));
            }
        }
    }

    #[test]
    fn twenty_users_show_every_role_and_oddity() {
        let seed = Seed::new(1, 20, 0, 0).with_future_role(true);
        let users: Vec<_> = (0..20).map(|slot| seed.user(slot)).collect();
        let roles: BTreeSet<_> = users.iter().map(|user| user.site_role).collect();
        assert!(roles.len() >= 13, "{roles:?}");
        assert!(users.iter().any(|user| user.email.is_none()));
        assert!(users.iter().any(|user| user.full_name.is_none()));
        assert!(users.iter().any(|user| user.name.len() > 200));
        assert!(users.iter().any(|user| !user.name.is_ascii()));
        let emails: Vec<_> = users.iter().filter_map(|user| user.email.clone()).collect();
        assert!(emails.iter().any(|a| emails.iter().any(|b| a != b && a.eq_ignore_ascii_case(b))));
    }

    #[test]
    fn the_same_seed_gives_the_same_people() {
        let (a, b, c) = (Seed::new(5, 9, 1, 1), Seed::new(5, 9, 1, 1), Seed::new(6, 9, 1, 1));
        assert_eq!(a.user(4), b.user(4));
        assert_ne!(a.user(4).id, c.user(4).id);
    }
}
