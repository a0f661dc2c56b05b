//! Site roles, how often each occurs, and the licence each consumes.

/// The licence that a site role consumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    Creator,
    Explorer,
    Viewer,
    None,
}

/// Stands for a role that does not exist yet.
pub(crate) const FUTURE_ROLE: &str = "DataSteward";

/// The roles of the first users of every site, in order, so that a small site shows them all.
pub(crate) const FIRST_ROLES: [&str; 13] = [
    "SiteAdministratorCreator",
    "ServerAdministrator",
    "Creator",
    "SiteAdministratorExplorer",
    "ExplorerCanPublish",
    "Explorer",
    "Viewer",
    "Unlicensed",
    "SiteAdministrator",
    "ReadOnly",
    "Guest",
    "SupportUser",
    FUTURE_ROLE,
];

/// Each role of the further users with its share of a thousand.
const WEIGHTS: [(&str, u64); 11] = [
    ("Viewer", 500),
    ("Explorer", 200),
    ("Unlicensed", 120),
    ("Creator", 80),
    ("ExplorerCanPublish", 60),
    ("SiteAdministratorExplorer", 18),
    ("SiteAdministratorCreator", 12),
    ("SiteAdministrator", 4),
    ("ReadOnly", 4),
    ("Guest", 1),
    (FUTURE_ROLE, 1),
];

/// The role that a hash picks by weight.
pub(crate) fn weighted(hash: u64) -> &'static str {
    let mut left = hash % 1000;
    for (role, weight) in WEIGHTS {
        if left < weight {
            return role;
        }
        left -= weight;
    }
    WEIGHTS[0].0
}

/// The licence of a role, by Tableau's table of site roles. `SiteAdministrator` is the older
/// name of `SiteAdministratorExplorer`; the remaining roles consume none.
pub(crate) fn tier(role: &str) -> Tier {
    match role {
        "Creator" | "SiteAdministratorCreator" | "ServerAdministrator" => Tier::Creator,
        "Explorer" | "ExplorerCanPublish" | "SiteAdministratorExplorer" | "SiteAdministrator" => {
            Tier::Explorer
        }
        "Viewer" => Tier::Viewer,
        _ => Tier::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_add_up_to_a_thousand() {
        assert_eq!(WEIGHTS.iter().map(|(_, weight)| weight).sum::<u64>(), 1000);
        assert_eq!(weighted(0), "Viewer");
        assert_eq!(weighted(999), "DataSteward");
    }
}
