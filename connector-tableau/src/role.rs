//! Site roles: their entitlements, and the license each consumes.

use std::borrow::Cow;

/// A kind of license. A user has exactly one, by the site role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum License {
    /// Makes and publishes content from any data.
    Creator,
    /// Edits what is there.
    Explorer,
    /// Looks at what is there.
    Viewer,
    /// None: the user can't sign in.
    Unlicensed,
}

impl License {
    /// All kinds.
    pub(crate) const ALL: [Self; 4] = [Self::Creator, Self::Explorer, Self::Viewer, Self::Unlicensed];

    /// The id of the license resource.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Creator => "creator",
            Self::Explorer => "explorer",
            Self::Viewer => "viewer",
            Self::Unlicensed => "unlicensed",
        }
    }

    /// What Tableau calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Creator => "Creator",
            Self::Explorer => "Explorer",
            Self::Viewer => "Viewer",
            Self::Unlicensed => "Unlicensed",
        }
    }
}

/// A site role that is known.
struct Known {
    /// The name in the REST API.
    name: &'static str,
    /// The slug of its entitlement on the site, where the words of the name
    /// are not it.
    slug: Option<&'static str>,
    license: Option<License>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// May read all users and groups of the site.
    Admin,
    Ordinary,
    /// Of versions of the REST API before 3.0; never seen from there on, so
    /// it is not listed on a site that has nobody with it.
    Legacy,
}

const fn role(name: &'static str, license: Option<License>, kind: Kind) -> Known {
    Known { name, slug: None, license, kind }
}

/// The roles of Tableau's REST API reference. `SiteAdministrator` is the older
/// name of `SiteAdministratorExplorer`; `ReadOnly` is the ancestor of
/// `Viewer`, but was counted with the explorers ever since this connector
/// reports licenses.
const KNOWN: &[Known] = {
    use Kind::{Admin, Legacy, Ordinary};
    use License::{Creator, Explorer, Unlicensed, Viewer};
    &[
        role("ServerAdministrator", Some(Creator), Admin),
        role("SiteAdministratorCreator", Some(Creator), Admin),
        role("SiteAdministratorExplorer", Some(Explorer), Admin),
        role("SiteAdministrator", Some(Explorer), Admin),
        role("Creator", Some(Creator), Ordinary),
        role("ExplorerCanPublish", Some(Explorer), Ordinary),
        role("Explorer", Some(Explorer), Ordinary),
        role("Viewer", Some(Viewer), Ordinary),
        role("Unlicensed", Some(Unlicensed), Ordinary),
        Known { name: "ReadOnly", slug: Some("readonly"), license: Some(Explorer), kind: Ordinary },
        role("Guest", None, Ordinary),
        role("SupportUser", None, Ordinary),
        role("Publisher", Some(Explorer), Legacy),
        role("Interactor", Some(Explorer), Legacy),
        role("ViewerWithPublish", Some(Explorer), Legacy),
        role("UnlicensedWithPublish", Some(Unlicensed), Legacy),
    ]
};

fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|r| r.name == name)
}

/// What a site role is to this connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SiteRole {
    /// The slug of its entitlement on the site: lower-case words.
    pub(crate) slug: Cow<'static, str>,
    /// What it consumes, where that is known.
    pub(crate) license: Option<License>,
    /// Whether every site has the entitlement; otherwise it comes with the
    /// first user who holds it.
    pub(crate) listed: bool,
}

impl SiteRole {
    /// The role of a name, also of one that is newer than this program.
    pub(crate) fn of(name: &str) -> Self {
        match known(name) {
            Some(role) => Self {
                slug: role.slug.map_or_else(|| Cow::Owned(words(name)), Cow::Borrowed),
                license: role.license,
                listed: role.kind != Kind::Legacy,
            },
            None => Self { slug: Cow::Owned(words(name)), license: None, listed: false },
        }
    }
}

/// The slugs of the entitlements that every site has.
pub(crate) fn listed_slugs() -> impl Iterator<Item = String> {
    KNOWN.iter().map(|r| SiteRole::of(r.name)).filter(|r| r.listed).map(|r| r.slug.into_owned())
}

/// Whether a role may read all users of its site.
pub(crate) fn is_admin(name: &str) -> bool {
    known(name).is_some_and(|r| r.kind == Kind::Admin)
}

/// The roles that suffice, for a sentence.
pub(crate) const ADMIN_ROLES: &str =
    "SiteAdministratorCreator, SiteAdministratorExplorer or ServerAdministrator";

/// `DataSteward` as `data steward`: the words of a name in lower case, with
/// nothing but letters and digits in them, for a colon would break the ids
/// that hold a slug.
fn words(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut previous = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_alphanumeric() {
            previous = ' ';
            continue;
        }
        let starts = c.is_uppercase()
            && (!previous.is_uppercase() || chars.peek().is_some_and(|next| next.is_lowercase()));
        if !out.is_empty() && (starts || previous == ' ') {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
        previous = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn roles_have_the_slugs_and_licenses_of_their_history() {
        use License::{Creator, Explorer, Unlicensed, Viewer};
        // The ten slugs as they stand in files that exist.
        for (name, slug, license) in [
            ("SiteAdministratorCreator", "site administrator creator", Some(Creator)),
            ("SiteAdministratorExplorer", "site administrator explorer", Some(Explorer)),
            ("SiteAdministrator", "site administrator", Some(Explorer)),
            ("ServerAdministrator", "server administrator", Some(Creator)),
            ("Creator", "creator", Some(Creator)),
            ("Explorer", "explorer", Some(Explorer)),
            ("ExplorerCanPublish", "explorer can publish", Some(Explorer)),
            ("Viewer", "viewer", Some(Viewer)),
            ("Unlicensed", "unlicensed", Some(Unlicensed)),
            ("ReadOnly", "readonly", Some(Explorer)),
            ("Guest", "guest", None),
            ("SupportUser", "support user", None),
        ] {
            assert_eq!(SiteRole::of(name), SiteRole { slug: slug.into(), license, listed: true }, "{name}");
        }
        assert_eq!(listed_slugs().count(), 12);
    }

    #[test]
    fn roles_of_other_times_come_with_their_holders() {
        for (name, slug, license) in [
            ("Interactor", "interactor", Some(License::Explorer)),
            ("ViewerWithPublish", "viewer with publish", Some(License::Explorer)),
            ("DataSteward", "data steward", None),
            ("IDPAdmin2", "idp admin2", None),
            ("a:b/c", "a b c", None),
        ] {
            assert_eq!(SiteRole::of(name), SiteRole { slug: slug.into(), license, listed: false }, "{name}");
        }
    }

    #[test]
    fn administrators_may_read() {
        let admins: Vec<_> = KNOWN.iter().map(|r| r.name).filter(|name| is_admin(name)).collect();
        assert_eq!(
            admins,
            [
                "ServerAdministrator",
                "SiteAdministratorCreator",
                "SiteAdministratorExplorer",
                "SiteAdministrator"
            ]
        );
        assert!(!is_admin("SuperAdministrator"));
    }

    proptest! {
        #[test]
        fn a_slug_has_nothing_that_means_something_in_an_id(name in any::<String>()) {
            let slug = SiteRole::of(&name).slug;
            prop_assert!(slug.chars().all(|c| c == ' ' || (c != ':' && c != '/' && c != '\\')), "{slug:?}");
            prop_assert!(!slug.starts_with(' ') && !slug.ends_with(' '));
        }
    }
}
