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
        match at {
            Ok(at) => Some(Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }),
            Err(_) => {
                let (count, _) = self.bad_times.get_or_insert_with(|| (0, text.chars().take(40).collect()));
                *count += 1;
                None
            }
        }
    }
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
