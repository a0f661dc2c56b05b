//! A user of Tableau as an account, with what follows from the site role.

use connector_sdk::{
    EntitlementRef, Error, ErrorKind, Grant, Page, Profile, Resource, ResourceId, Result, Timestamp,
};

use crate::{
    client::User,
    context::{Context, identity},
    role::{License, SiteRole},
    site,
};

/// Takes users into a page. The entitlements of a role are made once a page,
/// however many hold it.
pub(crate) struct Accounts<'a> {
    context: &'a Context,
    site: &'a ResourceId,
    roles: Vec<Role>,
    /// How many times of last sign-in were no times, and the first of them.
    bad_times: Option<(usize, String)>,
}

struct Role {
    name: String,
    role: SiteRole,
    entitlement: EntitlementRef,
    license: Option<EntitlementRef>,
}

impl<'a> Accounts<'a> {
    pub(crate) fn new(context: &'a Context, site: &'a ResourceId) -> Self {
        Self { context, site, roles: Vec::new(), bad_times: None }
    }

    /// Adds a user: the account, the site role and the license.
    pub(crate) fn add(&mut self, mut user: User, page: &mut Page) -> Result<ResourceId> {
        let id = identity(&self.context.user.id, user.id.take())?;
        let Some(name) = user.site_role.take() else {
            return Err(Error::new(ErrorKind::DataLoss, "Tableau listed a user without a site role")
                .with("user", id.id()));
        };
        let role = self.role(&name)?;
        let (license, held) = (role.role.license, role.license.clone());
        page.grants.push(Grant::new(role.entitlement.clone(), id.clone()));
        page.grants.extend(held.map(|license| Grant::new(license, id.clone())));
        page.resources.push(self.resource(id.clone(), user, &name, license));
        Ok(id)
    }

    /// Adds what the users of the page have in common: entitlements of roles
    /// that no site has by itself, and warnings.
    pub(crate) async fn finish(self, page: &mut Page) -> Result<()> {
        if self.roles.iter().any(|r| !r.role.listed) {
            let on = site::resource(self.context).await?;
            let unlisted = self.roles.iter().filter(|r| !r.role.listed);
            page.entitlements.extend(unlisted.map(|r| site::entitlement(self.context, &on, &r.role.slug)));
        }
        for role in self.roles.iter().filter(|r| r.license.is_none()) {
            page.warnings.push(format!(
                "which license the site role {} consumes is not known, so its holders are given none",
                role.name
            ));
        }
        if let Some((count, first)) = self.bad_times {
            page.warnings.push(format!(
                "{count} times of a last sign-in are no times and are left out, such as {first:?}"
            ));
        }
        Ok(())
    }

    fn role(&mut self, name: &str) -> Result<&Role> {
        if let Some(i) = self.roles.iter().position(|r| r.name == name) {
            return Ok(&self.roles[i]);
        }
        let role = SiteRole::of(name);
        if role.slug.is_empty() {
            return Err(Error::new(
                ErrorKind::DataLoss,
                format!("Tableau listed a user with the site role {name:?}"),
            ));
        }
        let entitlement = EntitlementRef::canonical(self.site, &role.slug);
        let license = role.license.map(|license| self.context.license_member(license));
        self.roles.push(Role { name: name.to_owned(), role, entitlement, license });
        let last = self.roles.len() - 1;
        Ok(&self.roles[last])
    }

    fn resource(&mut self, id: ResourceId, user: User, role: &str, license: Option<License>) -> Resource {
        let login = user.email.clone().or_else(|| user.name.clone());
        let display_name = user.full_name.clone().or_else(|| user.name.clone());
        let last_login = user.last_login.as_deref().and_then(|text| self.time(text));
        let email = user.email.clone();
        let profile = profile(&id, user, login.as_deref(), role, license);

        let mut account = Resource::user(id.clone(), display_name.unwrap_or_else(|| id.id().to_owned()))
            .parent(self.site.clone());
        if let Some(email) = email {
            account = account.email(email);
        }
        if let Some(login) = login {
            account = account.login(login);
        }
        if let Some(at) = last_login {
            account = account.last_login(at);
        }
        if license == Some(License::Unlicensed) {
            account = account.disabled(role);
        }
        account.profile(profile)
    }

    /// A time as Tableau writes it; one without a zone is UTC.
    fn time(&mut self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let at = text.parse::<jiff::Timestamp>().or_else(|_| {
            let local = text.parse::<jiff::civil::DateTime>()?;
            jiff::tz::TimeZone::UTC.to_timestamp(local)
        });
        match at.ok().and_then(wire_time) {
            Some(at) => Some(at),
            None => {
                let (count, _) = self.bad_times.get_or_insert_with(|| (0, text.chars().take(40).collect()));
                *count += 1;
                None
            }
        }
    }
}

/// A moment as the wire has it: from the year 1 to 9999, with nanoseconds that
/// count forward.
fn wire_time(at: jiff::Timestamp) -> Option<Timestamp> {
    const SECONDS: std::ops::Range<i64> = -62_135_596_800..253_402_300_800;
    let nanos = at.as_nanosecond();
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok().filter(|s| SECONDS.contains(s))?;
    let nanos = i32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?;
    Some(Timestamp { seconds, nanos })
}

/// All that Tableau tells of a user, under names that stay as they are once
/// somebody's rules read them.
fn profile(
    id: &ResourceId,
    user: User,
    login: Option<&str>,
    role: &str,
    license: Option<License>,
) -> Profile {
    let mut profile = Profile::new();
    if let Some(full_name) = &user.full_name {
        let (first, last) = full_name.split_once(' ').unwrap_or((full_name, ""));
        profile.set_some("first_name", Some(first)).set_some("last_name", Some(last));
    }
    profile
        .set("user_id", id.id())
        .set_some("login", login)
        .set_some("name", user.name)
        .set_some("full_name", user.full_name)
        .set_some("email", user.email)
        .set("site_role", role)
        .set_some("license", license.map(License::id))
        .set_some("domain", user.domain)
        .set_some("auth_setting", user.auth_setting)
        .set_some("idp_configuration_id", user.idp_configuration_id)
        .set_some("external_auth_user_id", user.external_auth_user_id)
        .set_some("last_login", user.last_login)
        .set_some("locale", user.locale)
        .set_some("language", user.language);
    profile
}

#[cfg(test)]
mod tests {
    use connector_sdk::State;
    use serde_json::json;

    use super::*;
    use crate::testing;

    /// Takes users in as a page of the site Acme.
    fn take(users: serde_json::Value) -> Result<Page> {
        let context = testing::context()?;
        let site = testing::site(&context)?;
        let mut page = Page::empty();
        let mut accounts = Accounts::new(&context, &site.id);
        for user in testing::decode::<Vec<User>>(users) {
            accounts.add(user, &mut page)?;
        }
        if let Some((count, first)) = accounts.bad_times {
            page.warnings.push(format!("{count} {first}"));
        }
        Ok(page)
    }

    #[test]
    fn a_user_is_an_account_with_a_role_and_a_license() -> Result<()> {
        let page = take(json!([{
            "id": "aaaaaaaa-0000-4000-8000-000000000021",
            "name": "user33@example.com",
            "fullName": "First33 Middle Last33",
            "email": "User33@example.com",
            "siteRole": "ExplorerCanPublish",
            "lastLogin": "2026-02-03T04:05:06Z",
            "authSetting": "SAML",
            "externalAuthUserId": "ext-33",
            "idpConfigurationId": "eeeeeeee-0000-4000-8000-000000000001",
            "locale": "de_DE",
            "language": "de",
            "domain": {"name": "local"},
        }]))?;
        insta::assert_snapshot!(testing::shown(&page.resources));
        let grants: Vec<_> = page.grants.iter().map(Grant::id).collect();
        assert_eq!(
            grants,
            [
                "site:cccccccc-0000-4000-8000-000000000001:explorer can publish:user:aaaaaaaa-0000-4000-8000-000000000021",
                "license:explorer:member:user:aaaaaaaa-0000-4000-8000-000000000021",
            ]
        );
        Ok(())
    }

    #[test]
    fn a_user_of_whom_little_is_known_has_a_name_and_a_login() -> Result<()> {
        let page = take(json!([
            {"id": 7, "siteRole": "Unlicensed", "name": "ada", "lastLogin": "", "fullName": null},
            {"id": "8", "siteRole": "Viewer", "email": "", "language": 5},
        ]))?;
        let [ada, nobody] = &page.resources[..] else { panic!("{:?}", page.resources) };
        assert_eq!((ada.id.id(), ada.display_name.as_str()), ("7", "ada"));
        let user = ada.user_trait().expect("an account");
        assert_eq!((user.login.as_str(), user.emails.len(), user.last_login), ("ada", 0, None));
        let status = ada.status.as_ref().expect("a status");
        assert_eq!((status.state, status.details.as_str()), (State::Disabled, "Unlicensed"));
        assert_eq!(
            (nobody.display_name.as_str(), nobody.user_trait().map(|u| u.login.as_str())),
            ("8", Some(""))
        );
        assert_eq!(nobody.profile.as_ref().and_then(|p| p.text("language")), Some("5"));
        Ok(())
    }

    #[test]
    fn times_are_read_leniently_and_bad_ones_are_told() -> Result<()> {
        let at = |time: &str| json!({"id": time, "siteRole": "Viewer", "lastLogin": time});
        // 2024-02-29T23:59:59Z is 1,709,251,199 seconds after the epoch.
        for time in [
            "2024-02-29T23:59:59Z",
            "2024-03-01T00:59:59+01:00",
            "2024-02-29T23:59:59",
            " 2024-02-29T23:59:59Z",
        ] {
            let page = take(json!([at(time)]))?;
            let login = page.resources[0].user_trait().and_then(|u| u.last_login);
            assert_eq!(login.map(|t| t.seconds), Some(1_709_251_199), "{time}");
            assert!(page.warnings.is_empty());
        }
        let page = take(json!([at("2024-02-30T00:00:00Z"), at("never")]))?;
        assert!(page.resources.iter().all(|r| r.user_trait().is_some_and(|u| u.last_login.is_none())));
        assert_eq!(page.warnings, ["2 2024-02-30T00:00:00Z"]);
        // The text itself is kept.
        assert_eq!(page.resources[1].profile.as_ref().and_then(|p| p.text("last_login")), Some("never"));
        Ok(())
    }

    /// `google.protobuf.Timestamp`: from the year 1 to 9999, with nanoseconds that count forward also before 1970.
    #[test]
    fn times_that_the_wire_does_not_have_are_bad_ones() -> Result<()> {
        let at = |time: &str| json!({"id": time, "siteRole": "Viewer", "lastLogin": time});
        let login = |page: &Page| page.resources[0].user_trait().and_then(|u| u.last_login);
        let page = take(json!([at("1969-12-31T23:59:59.25Z")]))?;
        assert_eq!(login(&page).map(|t| (t.seconds, t.nanos)), Some((-1, 250_000_000)));
        let page = take(json!([at("0001-01-01T00:00:00Z")]))?;
        assert_eq!(login(&page).map(|t| t.seconds), Some(-62_135_596_800));
        for time in [
            "0000-12-31T23:59:59Z",
            "-000005-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "+010000-01-01T00:00:00",
        ] {
            let page = take(json!([at(time)]))?;
            assert_eq!((login(&page), page.warnings.len()), (None, 1), "{time}");
        }
        Ok(())
    }

    #[test]
    fn a_row_that_can_not_be_recorded_is_an_error() {
        for user in [
            json!({"siteRole": "Viewer"}),
            json!({"id": "", "siteRole": "Viewer"}),
            json!({"id": "1"}),
            json!({"id": "1", "siteRole": "::"}),
        ] {
            let error = take(json!([user])).expect_err("no row");
            assert_eq!(error.kind(), ErrorKind::DataLoss, "{user}: {error}");
        }
    }
}
