//! The `fields` parameter: `_default_`, `_all_`, or names.

/// A set of attributes that a list writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields(u32);

/// What one kind of object offers.
#[derive(Debug)]
pub(crate) struct FieldTable {
    names: &'static [(&'static str, Fields)],
    default: Fields,
    /// Written whatever is asked for.
    always: Fields,
}

impl Fields {
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, field: Self) -> bool {
        self.0 & field.0 != 0
    }

    pub(crate) fn without(self, field: Self) -> Self {
        Self(self.0 & !field.0)
    }
}

impl FieldTable {
    /// Every attribute.
    pub(crate) fn all(&self) -> Fields {
        self.names.iter().fold(self.always, |sum, (_, field)| sum.or(*field))
    }

    pub(crate) fn default(&self) -> Fields {
        self.default
    }

    /// Reads the parameter. A name that Tableau does not know is passed over.
    pub(crate) fn parse(&self, parameter: Option<&str>) -> Fields {
        let Some(list) = parameter else { return self.default };
        list.split(',').map(str::trim).fold(self.always, |sum, name| match name {
            "_all_" => self.all(),
            "_default_" => sum.or(self.default),
            _ => {
                let known = self.names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                known.map_or(sum, |(_, field)| sum.or(*field))
            }
        })
    }
}

/// Attributes of a user.
pub(crate) mod user {
    use super::Fields;

    pub(crate) const ID: Fields = Fields(1);
    pub(crate) const NAME: Fields = Fields(1 << 1);
    pub(crate) const SITE_ROLE: Fields = Fields(1 << 2);
    pub(crate) const LAST_LOGIN: Fields = Fields(1 << 3);
    pub(crate) const EXTERNAL_AUTH_USER_ID: Fields = Fields(1 << 4);
    pub(crate) const AUTH_SETTING: Fields = Fields(1 << 5);
    pub(crate) const LOCALE: Fields = Fields(1 << 6);
    pub(crate) const LANGUAGE: Fields = Fields(1 << 7);
    pub(crate) const DOMAIN: Fields = Fields(1 << 8);
    pub(crate) const FULL_NAME: Fields = Fields(1 << 9);
    pub(crate) const EMAIL: Fields = Fields(1 << 10);
    pub(crate) const IDP_CONFIGURATION_ID: Fields = Fields(1 << 11);
}

/// Attributes of a group.
pub(crate) mod group {
    use super::Fields;

    pub(crate) const ID: Fields = Fields(1);
    pub(crate) const NAME: Fields = Fields(1 << 1);
    pub(crate) const DOMAIN: Fields = Fields(1 << 2);
    pub(crate) const IMPORT: Fields = Fields(1 << 3);
    pub(crate) const USER_COUNT: Fields = Fields(1 << 4);
    pub(crate) const MINIMUM_SITE_ROLE: Fields = Fields(1 << 5);
}

/// The default leaves out the e-mail address, the full name and the identity provider.
pub(crate) const USER_FIELDS: FieldTable = FieldTable {
    names: &[
        ("id", user::ID),
        ("name", user::NAME),
        ("siteRole", user::SITE_ROLE),
        ("lastLogin", user::LAST_LOGIN),
        ("externalAuthUserId", user::EXTERNAL_AUTH_USER_ID),
        ("authSetting", user::AUTH_SETTING),
        ("locale", user::LOCALE),
        ("language", user::LANGUAGE),
        ("domain", user::DOMAIN),
        ("fullName", user::FULL_NAME),
        ("email", user::EMAIL),
        ("idpConfigurationId", user::IDP_CONFIGURATION_ID),
    ],
    default: user::ID
        .or(user::NAME)
        .or(user::SITE_ROLE)
        .or(user::LAST_LOGIN)
        .or(user::EXTERNAL_AUTH_USER_ID)
        .or(user::AUTH_SETTING)
        .or(user::LOCALE)
        .or(user::LANGUAGE)
        .or(user::DOMAIN),
    always: user::ID,
};

/// The default leaves out the count and the attribute form of the minimum role; the element
/// form (`import`) comes with the default.
pub(crate) const GROUP_FIELDS: FieldTable = FieldTable {
    names: &[
        ("id", group::ID),
        ("name", group::NAME),
        ("domain", group::DOMAIN),
        ("import", group::IMPORT),
        ("userCount", group::USER_COUNT),
        ("minimumSiteRole", group::MINIMUM_SITE_ROLE),
    ],
    default: group::ID.or(group::NAME).or(group::DOMAIN).or(group::IMPORT),
    always: group::ID,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_defaults_and_all_can_be_combined() {
        let default = USER_FIELDS.parse(None);
        assert!(default.has(user::LAST_LOGIN) && !default.has(user::EMAIL) && !default.has(user::FULL_NAME));
        let more = USER_FIELDS.parse(Some("_default_,email"));
        assert!(more.has(user::LAST_LOGIN) && more.has(user::EMAIL) && !more.has(user::FULL_NAME));
        let named = USER_FIELDS.parse(Some("name, nonsense"));
        assert_eq!(named, user::ID.or(user::NAME));
        assert!(USER_FIELDS.parse(Some("name,_all_")).has(user::IDP_CONFIGURATION_ID));
    }
}
