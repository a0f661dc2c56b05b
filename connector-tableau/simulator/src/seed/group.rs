//! Generated groups and their members.

use serde::Serialize;

use super::{
    Luid, Seed,
    hash::mix,
    text::push_number,
    user::{AD_DOMAIN, Slot},
};

/// Names a group inside a site: 0 is All Users, the others follow in name order.
pub(crate) type GroupIndex = u32;

/// The group with a minimum site role that is granted on sign-in.
pub(crate) const MINIMUM_ROLE_GROUP: GroupIndex = 1;
/// The group that comes from Active Directory, with a role granted on synchronisation.
pub(crate) const DIRECTORY_GROUP: GroupIndex = 2;
/// The group without members.
pub(crate) const EMPTY_GROUP: GroupIndex = 3;
/// The group that can be made to share All Users' name.
pub(crate) const DECOY_GROUP: GroupIndex = 4;

const TEAMS: [&str; 8] =
    ["Finance", "Sales", "Operations", "Revisión", "Données", "財務", "R&D <Labs>", "Support"];

/// Everything a site knows of one group but its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The id on this site.
    pub id: Luid,
    /// The name, unique within its domain.
    pub name: String,
    /// `local` or an Active Directory domain.
    pub domain: &'static str,
    /// The site role that members have at least, where the group grants one.
    pub minimum_site_role: Option<&'static str>,
    /// When the minimum role is granted: `onLogin` or `onSync`.
    pub license_mode: Option<&'static str>,
    /// How many members the group has now.
    pub user_count: usize,
}

impl Seed {
    pub(crate) fn group_name(&self, group: GroupIndex) -> String {
        if group == 0 {
            return "All Users".to_owned();
        }
        let mut name = String::with_capacity(24);
        name.push_str("Group ");
        push_number(&mut name, u64::from(group), 5);
        name.push(' ');
        name.push_str(TEAMS[usize::try_from(self.group_hash(group, 1)).unwrap_or(0) % TEAMS.len()]);
        name
    }

    pub(crate) fn group_domain(&self, group: GroupIndex) -> &'static str {
        match group {
            DIRECTORY_GROUP | DECOY_GROUP => AD_DOMAIN,
            0..=DECOY_GROUP => "local",
            _ if self.group_hash(group, 2).is_multiple_of(10) => AD_DOMAIN,
            _ => "local",
        }
    }

    /// The minimum role of a group and when it is granted.
    pub(crate) fn group_license(&self, group: GroupIndex) -> Option<(&'static str, &'static str)> {
        match group {
            MINIMUM_ROLE_GROUP => Some(("Explorer", "onLogin")),
            DIRECTORY_GROUP => Some(("Viewer", "onSync")),
            0..=DECOY_GROUP => None,
            _ if self.group_hash(group, 3).is_multiple_of(25) => Some(("Viewer", "onLogin")),
            _ => None,
        }
    }

    /// The seeded members of a group other than All Users: a walk around the ring of users by
    /// a step without a common divisor, which meets nobody twice.
    pub(crate) fn seeded_members(&self, group: GroupIndex) -> impl Iterator<Item = Slot> + use<> {
        let ring = u64::from(self.users.max(1));
        let count = self.seeded_count(group) as u64;
        let start = self.group_hash(group, 4) % ring;
        let mut step = self.group_hash(group, 5) % ring;
        while gcd(step, ring) != 1 {
            step += 1;
        }
        (0..count).filter_map(move |turn| Slot::try_from((start + turn * step) % ring).ok())
    }

    /// How many [`Seed::seeded_members`] there are.
    pub(crate) fn seeded_count(&self, group: GroupIndex) -> usize {
        if group == EMPTY_GROUP { 0 } else { self.members.min(self.users) as usize }
    }

    fn group_hash(&self, group: GroupIndex, salt: u64) -> u64 {
        mix(&[self.key, 0x6772_6f75_7073, u64::from(group), salt])
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}
