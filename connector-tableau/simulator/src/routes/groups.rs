//! Groups and their members.

use std::borrow::Cow;

use super::{
    Context, Reply,
    users::{self, write_user},
};
use crate::{
    errors::ApiError,
    faults::Switches,
    query::{Clause, GROUP_FIELDS, Op, PageRequest, USER_FIELDS, group, parse_filter, parse_sort},
    render::Doc,
    seed::{DECOY_GROUP, GroupIndex, Luid, Seed, Slot},
    server::Site,
    state::Live,
};

/// `GET /sites/{id}/groups`.
pub(super) fn list(context: &Context<'_>, site: &str) -> Result<Reply, ApiError> {
    let (_, site) = context.session_for(site)?;
    let request = PageRequest::parse(&context.query)?;
    let mut fields = GROUP_FIELDS.parse(context.query.get("fields"));
    if context.switches.extra_fields {
        fields = fields.or(GROUP_FIELDS.default());
    }
    let clauses = context.query.get("filter").map(parse_filter).transpose()?.unwrap_or_default();
    check_filter(&clauses)?;
    let order = context.query.get("sort").map(parse_sort).transpose()?.unwrap_or_default();

    let live = site.live();
    let mut rows = all(&site.seed, context.switches);
    rows.retain(|index| clauses.iter().all(|clause| fits(clause, context.switches, site, &live, *index)));
    for key in order.iter().rev() {
        match key.field.as_str() {
            "name" => rows.sort_by_cached_key(|index| name(&site.seed, *index, context.switches)),
            "userCount" => rows.sort_by_cached_key(|index| live.member_count(*index, &site.seed)),
            "domainName" => rows.sort_by_key(|index| site.seed.group_domain(*index)),
            "minimumSiteRole" => {
                rows.sort_by_key(|index| site.seed.group_license(*index).map(|license| license.0))
            }
            _ => return Err(key.unknown_field()),
        }
        if key.descending {
            rows.reverse();
        }
    }
    let page = request.of(rows.len())?;
    let rows = &rows[page.range()];
    let mut doc = context.doc(rows.len() * 200);
    page.write(&mut doc);
    doc.list("groups", "group", rows.iter(), |doc, index| {
        doc.id("id", site.seed.group_ids.id(*index));
        if fields.has(group::NAME) {
            doc.attr("name", &name(&site.seed, *index, context.switches));
        }
        if fields.has(group::USER_COUNT) {
            doc.number("userCount", live.member_count(*index, &site.seed));
        }
        let license = site.seed.group_license(*index);
        if fields.has(group::MINIMUM_SITE_ROLE) {
            doc.attr_opt("minimumSiteRole", license.map(|(role, _)| role));
        }
        let domain = site.seed.group_domain(*index);
        if fields.has(group::DOMAIN) {
            doc.open("domain");
            doc.attr("name", domain);
            doc.close("domain");
        }
        if fields.has(group::IMPORT) {
            write_import(doc, domain, license);
        }
    });
    Ok(Reply::document(doc))
}

/// `GET /sites/{id}/groups/{id}/users`, whose rows have the default fields only.
pub(super) fn members(context: &Context<'_>, site: &str, wanted: &str) -> Result<Reply, ApiError> {
    let (_, site) = context.session_for(site)?;
    let request = PageRequest::parse(&context.query)?;
    let index = wanted.parse::<Luid>().ok().and_then(|id| site.seed.group_ids.index(id));
    let index = index
        .filter(|index| *index <= site.seed.groups)
        .ok_or_else(|| ApiError::not_found("404012", format!("Group '{wanted}' could not be found")))?;
    if context.switches.non_admin {
        return Err(ApiError::forbidden("The user may not list the users of this group"));
    }
    let order = context.query.get("sort").map(parse_sort).transpose()?.unwrap_or_default();
    let mut rows: Cow<'_, [Slot]> = Cow::Owned(site.live().members(index, &site.seed));
    users::sort(&mut rows, &order, &site.seed, index == 0)?;
    let page = request.of(rows.len())?;
    let rows = &rows[page.range()];
    let mut doc = context.doc(rows.len() * 330);
    page.write(&mut doc);
    let fields = USER_FIELDS.default();
    doc.list("users", "user", rows.iter(), |doc, slot| write_user(context, doc, &site.seed, *slot, fields));
    Ok(Reply::document(doc))
}

/// The element that says where a group comes from and which role it grants. A local group
/// without a minimum role has none.
fn write_import(doc: &mut Doc, domain: &str, license: Option<(&str, &str)>) {
    if domain == "local" && license.is_none() {
        return;
    }
    doc.open("import");
    doc.attr("domainName", domain);
    if let Some((role, mode)) = license {
        doc.attr("siteRole", role);
        doc.attr("grantLicenseMode", mode);
    }
    doc.close("import");
}

/// All groups in name order, All Users first and a namesake second.
pub(crate) fn all(seed: &Seed, switches: Switches) -> Vec<GroupIndex> {
    let mut rows: Vec<GroupIndex> = (0..=seed.groups).collect();
    if switches.decoy_all_users && seed.groups >= DECOY_GROUP {
        rows.retain(|index| *index != DECOY_GROUP);
        rows.insert(1, DECOY_GROUP);
    }
    rows
}

/// The name of a group, as the switches have it.
pub(crate) fn name(seed: &Seed, index: GroupIndex, switches: Switches) -> String {
    match index {
        0 if switches.localised_all_users => "Alle Benutzer".to_owned(),
        DECOY_GROUP if switches.decoy_all_users => "All Users".to_owned(),
        _ => seed.group_name(index),
    }
}

fn check_filter(clauses: &[Clause]) -> Result<(), ApiError> {
    for clause in clauses {
        match clause.field.as_str() {
            "name" => clause.allow(&[Op::Eq, Op::In, Op::CiEq, Op::Like])?,
            "luid" | "domainName" | "domainNickname" | "minimumSiteRole" => {
                clause.allow(&[Op::Eq, Op::In])?
            }
            "isLocal" | "isExternalUserEnabled" => clause.allow(&[Op::Eq])?,
            "userCount" => clause.allow(&[Op::Eq, Op::Gt, Op::Gte, Op::Lt, Op::Lte])?,
            _ => return Err(clause.unknown_field()),
        }
    }
    Ok(())
}

fn fits(clause: &Clause, switches: Switches, site: &Site, live: &Live, index: GroupIndex) -> bool {
    let seed = &site.seed;
    let domain = seed.group_domain(index);
    match clause.field.as_str() {
        "name" => clause.matches(&name(seed, index, switches)),
        "luid" => clause.matches(&seed.group_ids.id(index).to_string()),
        "domainName" => clause.matches(domain),
        "domainNickname" => clause.matches(domain.split('.').next().unwrap_or(domain)),
        "isLocal" => clause.matches(if domain == "local" { "true" } else { "false" }),
        "isExternalUserEnabled" => clause.matches("false"),
        "minimumSiteRole" => seed.group_license(index).is_some_and(|(role, _)| clause.matches(role)),
        "userCount" => clause.matches_number(live.member_count(index, seed)),
        _ => false,
    }
}
