//! Users of a site.

use std::borrow::Cow;

use http::StatusCode;

use super::{Context, Reply};
use crate::{
    errors::ApiError,
    query::{Clause, Fields, Op, Order, PageRequest, USER_FIELDS, parse_filter, parse_sort, user},
    render::Doc,
    seed::{Luid, Seed, Slot},
};

/// A guess at the bytes of one user, to size the body.
const ROW_SIZE: usize = 420;

/// `GET /sites/{id}/users`.
pub(super) fn list(context: &Context<'_>, site: &str) -> Result<Reply, ApiError> {
    let (_, site) = context.session_for(site)?;
    if context.switches.non_admin {
        return Err(ApiError::forbidden("The user may not list the users of this site"));
    }
    let request = PageRequest::parse(&context.query)?;
    let mut fields = USER_FIELDS.parse(context.query.get("fields"));
    if context.switches.extra_fields {
        fields = fields.or(USER_FIELDS.default());
    }
    if context.switches.omit_last_login && context.query.get("fields").is_none() {
        fields = fields.without(user::LAST_LOGIN);
    }
    let clauses = context.query.get("filter").map(parse_filter).transpose()?.unwrap_or_default();
    check_filter(&clauses)?;
    let order = context.query.get("sort").map(parse_sort).transpose()?.unwrap_or_default();

    let live = site.live();
    let mut rows = live.listed().map_or(Cow::Borrowed(live.users()), Cow::Owned);
    if !clauses.is_empty() {
        let fits = |slot: &Slot| clauses.iter().all(|clause| fits(clause, &site.seed, *slot));
        rows = Cow::Owned(rows.iter().copied().filter(fits).collect());
    }
    sort(&mut rows, &order, &site.seed, true)?;
    let page = request.of(rows.len())?;
    let rows = &rows[page.range()];
    let mut doc = context.doc(rows.len() * ROW_SIZE);
    page.write(&mut doc);
    doc.list("users", "user", rows.iter(), |doc, slot| write_user(context, doc, &site.seed, *slot, fields));
    let lagging = live.is_lagging();
    drop(live);
    if lagging {
        site.live_mut().index_once();
    }
    Ok(Reply::document(doc))
}

/// `GET /sites/{id}/users/{id}`, which has every attribute.
pub(super) fn get(context: &Context<'_>, site: &str, wanted: &str) -> Result<Reply, ApiError> {
    let (session, site) = context.session_for(site)?;
    let slot = wanted.parse::<Luid>().ok().and_then(|id| site.seed.user_ids.index(id));
    let own = slot == Some(session.user);
    if context.switches.non_admin && !own {
        let detail = "The user may not read another user";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "403133", "Forbidden", detail));
    }
    // The caller is there even on a site made without users.
    let slot = slot.filter(|slot| own || site.live().has(*slot, &site.seed));
    let slot =
        slot.ok_or_else(|| ApiError::not_found("404002", format!("User '{wanted}' could not be found")))?;
    let mut doc = context.doc(ROW_SIZE);
    doc.open("user");
    write_user(context, &mut doc, &site.seed, slot, USER_FIELDS.all());
    doc.close("user");
    Ok(Reply::document(doc))
}

/// Writes the attributes of one user.
pub(super) fn write_user(context: &Context<'_>, doc: &mut Doc, seed: &Seed, slot: Slot, fields: Fields) {
    doc.id("id", seed.user_ids.id(slot));
    if fields.has(user::NAME) {
        doc.attr("name", &seed.user_name(slot));
    }
    if fields.has(user::FULL_NAME) {
        doc.attr_opt("fullName", seed.full_name(slot).as_deref());
    }
    if fields.has(user::EMAIL) {
        doc.attr_opt("email", seed.email(slot).as_deref());
    }
    if fields.has(user::SITE_ROLE) {
        doc.attr("siteRole", seed.site_role(slot));
    }
    if fields.has(user::LAST_LOGIN) {
        doc.attr_opt("lastLogin", seed.last_login(slot).as_deref());
    }
    if fields.has(user::AUTH_SETTING) {
        doc.attr_opt("authSetting", seed.auth_setting(slot));
    }
    if fields.has(user::EXTERNAL_AUTH_USER_ID) {
        doc.attr("externalAuthUserId", &seed.external_auth_user_id(slot));
    }
    if fields.has(user::LOCALE) {
        doc.attr_opt("locale", seed.locale(slot));
    }
    if fields.has(user::LANGUAGE) {
        doc.attr_opt("language", seed.language(slot));
    }
    if fields.has(user::IDP_CONFIGURATION_ID)
        && context.version >= (3, 24)
        && let Some(id) = seed.idp_configuration_id(slot)
    {
        doc.id("idpConfigurationId", id);
    }
    if fields.has(user::DOMAIN) {
        doc.open("domain");
        doc.attr("name", seed.user_domain(slot));
        doc.close("domain");
    }
}

fn check_filter(clauses: &[Clause]) -> Result<(), ApiError> {
    for clause in clauses {
        match clause.field.as_str() {
            "name" | "friendlyName" | "email" => clause.allow(&[Op::Eq, Op::In, Op::CiEq])?,
            "siteRole" => {
                clause.allow(&[Op::Eq, Op::In])?;
                if clause.values.iter().any(|role| role == "SiteAdministrator" || role == "ReadOnly") {
                    return Err(ApiError::internal("java.lang.NullPointerException"));
                }
            }
            "luid" | "domainName" => clause.allow(&[Op::Eq, Op::In])?,
            "isLocal" => clause.allow(&[Op::Eq])?,
            "lastLogin" => {
                clause.allow(&[Op::Eq, Op::Gt, Op::Gte, Op::Lt, Op::Lte])?;
                if !clause.values.iter().all(|value| value.starts_with(|first: char| first.is_ascii_digit()))
                {
                    return Err(ApiError::bad_request(
                        "400025",
                        "Invalid filter: lastLogin is compared with a date",
                    ));
                }
            }
            _ => return Err(clause.unknown_field()),
        }
    }
    Ok(())
}

fn fits(clause: &Clause, seed: &Seed, slot: Slot) -> bool {
    match clause.field.as_str() {
        "name" => clause.matches(&seed.user_name(slot)),
        "friendlyName" => seed.full_name(slot).is_some_and(|name| clause.matches(&name)),
        "email" => seed.email(slot).is_some_and(|email| clause.matches(&email)),
        "siteRole" => clause.matches(seed.site_role(slot)),
        "luid" => clause.matches(&seed.user_ids.id(slot).to_string()),
        "domainName" => clause.matches(seed.user_domain(slot)),
        "isLocal" => clause.matches(if seed.user_domain(slot) == "local" { "true" } else { "false" }),
        "lastLogin" => seed.last_login(slot).is_some_and(|time| !time.is_empty() && clause.matches(&time)),
        _ => false,
    }
}

/// Sorts rows, which may be in name order already. Users without a value come first.
pub(super) fn sort(
    rows: &mut Cow<'_, [Slot]>,
    order: &[Order],
    seed: &Seed,
    in_name_order: bool,
) -> Result<(), ApiError> {
    for key in order.iter().rev() {
        let value = |slot: &Slot| match key.field.as_str() {
            "friendlyName" | "fullName" => seed.full_name(*slot).unwrap_or_default(),
            "email" => seed.email(*slot).unwrap_or_default(),
            "siteRole" => seed.site_role(*slot).to_owned(),
            "lastLogin" => seed.last_login(*slot).unwrap_or_default(),
            "luid" => seed.user_ids.id(*slot).to_string(),
            _ => seed.user_name(*slot),
        };
        match (key.field.as_str(), key.descending) {
            ("name", false) if order.len() == 1 && in_name_order => {}
            (
                "name" | "friendlyName" | "fullName" | "email" | "siteRole" | "lastLogin" | "luid",
                descending,
            ) => {
                rows.to_mut().sort_by_cached_key(value);
                if descending {
                    rows.to_mut().reverse();
                }
            }
            _ => return Err(key.unknown_field()),
        }
    }
    Ok(())
}
