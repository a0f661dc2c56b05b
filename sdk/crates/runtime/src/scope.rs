//! What a sync covers, from the checked values.

use std::time::Duration;

use connector_model::{
    Bid, BidResource, Error, ErrorKind, ResourceTypeId, Result, TraitKind, config::Config,
    wire::resource_type,
};
use connector_sync::{ExternalPrincipals, Scope, Targets};

/// What is read: everything, resources only, or some resources.
pub(crate) fn scope(config: &Config) -> Result<Scope> {
    let skip_entitlements_and_grants = config.bool("skip-entitlements-and-grants")?;
    let resources = each(config, "sync-resources", resource)?;
    if !resources.is_empty() {
        let skip_grants = config.bool("skip-grants")?;
        return Ok(Scope::Resources(Targets { resources, skip_entitlements_and_grants, skip_grants }));
    }
    Ok(if skip_entitlements_and_grants { Scope::ResourcesOnly } else { Scope::Full })
}

/// Which resource types are read; none are all. Whether the connector has
/// them, the engine says.
pub(crate) fn resource_types(config: &Config) -> Result<Vec<ResourceTypeId>> {
    each(config, "sync-resource-types", |name| ResourceTypeId::new(name.trim()))
}

/// The file whose principals grants may name.
pub(crate) fn external(config: &Config) -> Result<Option<ExternalPrincipals>> {
    let file = config.string("external-resource-c1z")?;
    if file.is_empty() {
        return Ok(None);
    }
    let entitlement = config.string("external-resource-entitlement-id-filter")?;
    Ok(Some(ExternalPrincipals {
        file: file.into(),
        entitlement: Some(entitlement.to_owned()).filter(|id| !id.is_empty()),
        traits: each(config, "external-resource-traits", trait_kind)?,
    }))
}

/// How long the run may take.
pub(crate) fn run_duration(config: &Config) -> Result<Option<Duration>> {
    match config.string("run-duration")? {
        "" => Ok(None),
        text => duration(text)
            .filter(|limit| !limit.is_zero())
            .map(Some)
            .ok_or_else(|| {
                Error::invalid(format!("it is a time above zero such as 90s, 30m or 1h30m, and is {text:?}"))
            })
            .map_err(|e| wrong(config, "run-duration", &e)),
    }
}

/// Parses each item of a list.
fn each<T>(config: &Config, name: &str, parse: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    let items = config.list(name)?.iter();
    items.map(|item| parse(item)).collect::<Result<_>>().map_err(|e| wrong(config, name, &e))
}

/// A value that is wrong, with its place; the exit code is that of a wrong
/// command line, whichever part of the program found out.
pub(crate) fn wrong(config: &Config, name: &str, why: &Error) -> Error {
    let place = config.origin(name).map(|o| o.describe(name)).unwrap_or_default();
    Error::new(ErrorKind::Unknown, format!("{place}: {}", why.message()))
}

fn resource(text: &str) -> Result<BidResource> {
    // Only in front: an id may end with a space.
    let kind = match text.trim_start().parse()? {
        Bid::Resource(resource) => return Ok(resource),
        Bid::Entitlement { .. } => "an entitlement",
        Bid::Grant { .. } => "a grant",
    };
    Err(Error::invalid(format!("it takes resources (bid:r:...), and {text:?} is {kind}")))
}

/// `app`, `TRAIT_APP`.
fn trait_kind(text: &str) -> Result<TraitKind> {
    let upper = text.trim().to_ascii_uppercase();
    let short = upper.strip_prefix(PREFIX).unwrap_or(&upper);
    known_traits().find(|(name, _)| *name == short).map(|(_, kind)| kind).ok_or_else(|| {
        let names: Vec<String> = known_traits().map(|(name, _)| name.to_ascii_lowercase()).collect();
        Error::invalid(format!("there is no trait {text:?}; there are {}", names.join(", ")))
    })
}

const PREFIX: &str = "TRAIT_";

/// Every trait that means something, by its name on the wire without the
/// prefix.
fn known_traits() -> impl Iterator<Item = (&'static str, TraitKind)> {
    (1..).map_while(|n| resource_type::Trait::try_from(n).ok()).map(|kind| {
        let name = kind.as_str_name();
        (name.strip_prefix(PREFIX).unwrap_or(name), TraitKind::from(i32::from(kind)))
    })
}

/// `1h30m`: whole numbers, each with its unit (h, m, s or ms), added up.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let n: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let part = match &rest[..unit] {
            "h" => Duration::from_secs(n.checked_mul(3600)?),
            "m" => Duration::from_secs(n.checked_mul(60)?),
            "s" => Duration::from_secs(n),
            "ms" => Duration::from_millis(n),
            _ => return None,
        };
        rest = &rest[unit..];
        sum = sum.checked_add(part)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use connector_model::config::Schema;

    use super::*;
    use crate::flags;

    fn config(values: &[(&str, &str)]) -> Config {
        let fields = flags::all().into_iter().map(|f| f.field).collect();
        let schema = Schema::builder("Team").build().and_then(|s| s.behind(fields, Vec::new()));
        schema.and_then(|s| s.config(values.iter().copied())).expect("a configuration")
    }

    fn sentence<T: std::fmt::Debug>(result: Result<T>) -> String {
        let error = result.expect_err("an error");
        assert_eq!(error.kind().code(), 2, "{error}");
        error.to_string()
    }

    #[test]
    fn what_is_given_says_what_is_read() -> Result<()> {
        assert_eq!(scope(&config(&[]))?, Scope::Full);
        assert_eq!(scope(&config(&[("skip-entitlements-and-grants", "true")]))?, Scope::ResourcesOnly);
        let user = |id: &str| -> Result<_> { ResourceTypeId::new("user")?.resource(id) };
        let site = ResourceTypeId::new("site")?.resource("acme")?;
        let targets = Targets {
            resources: vec![
                BidResource { id: user("1")?, parent: None },
                BidResource { id: user("a/b")?, parent: Some(site) },
            ],
            skip_entitlements_and_grants: false,
            skip_grants: true,
        };
        let given = [("sync-resources", r"bid:r:user/1, bid:r:site/acme/user/a\/b"), ("skip-grants", "true")];
        assert_eq!(scope(&config(&given))?, Scope::Resources(targets));
        let given = [("sync-resources", "bid:r:user/1"), ("skip-entitlements-and-grants", "true")];
        let Scope::Resources(targets) = scope(&config(&given))? else { panic!("chosen resources") };
        assert_eq!((targets.skip_entitlements_and_grants, targets.skip_grants), (true, false));
        Ok(())
    }

    #[test]
    fn a_resource_that_does_not_parse_is_shown_with_its_place() {
        let of = |text| sentence(scope(&config(&[("sync-resources", text)])));
        assert_eq!(
            of("bid:r:user/1,bid:r:user"),
            "the variable BATON_SYNC_RESOURCES: not a baton id: a resource has two or four components\n\
             \x20 bid:r:user\n\
             \x20       ^"
        );
        assert_eq!(
            of("bid:e:group/1:member"),
            "the variable BATON_SYNC_RESOURCES: it takes resources (bid:r:...), \
             and \"bid:e:group/1:member\" is an entitlement"
        );
        assert!(of("bid:g:group/1:member:user/1").ends_with("is a grant"));
    }

    #[test]
    fn resource_types_are_ids() -> Result<()> {
        let types = resource_types(&config(&[("sync-resource-types", "user, group")]))?;
        assert_eq!(types, [ResourceTypeId::new("user")?, ResourceTypeId::new("group")?]);
        assert!(resource_types(&config(&[]))?.is_empty());
        let text = sentence(resource_types(&config(&[("sync-resource-types", "user,,group")])));
        assert!(text.starts_with("the variable BATON_SYNC_RESOURCE_TYPES: "), "{text}");
        Ok(())
    }

    #[test]
    fn traits_have_names() -> Result<()> {
        let traits = |text: &str| {
            let config = config(&[("external-resource-c1z", "x.c1z"), ("external-resource-traits", text)]);
            external(&config).map(|external| external.expect("an external file").traits)
        };
        assert_eq!(traits("")?, []);
        assert_eq!(
            traits("app,TRAIT_APP,Trait_Security_Insight,managed_device")?,
            [TraitKind::App, TraitKind::App, TraitKind::SecurityInsight, TraitKind::ManagedDevice]
        );
        assert_eq!(
            sentence(traits("user,robot")),
            "the variable BATON_EXTERNAL_RESOURCE_TRAITS: there is no trait \"robot\"; there are user, group, \
             role, app, secret, security_insight, scope_binding, vendor, vendor_agreement, license_profile, agent, \
             managed_device"
        );
        assert!(sentence(traits("unspecified")).contains("no trait"));
        Ok(())
    }

    #[test]
    fn an_external_file_may_be_narrowed_down() -> Result<()> {
        assert_eq!(external(&config(&[]))?, None);
        let given = [
            ("external-resource-c1z", "other.c1z"),
            ("external-resource-entitlement-id-filter", "group:1:member"),
        ];
        let expected = ExternalPrincipals {
            file: "other.c1z".into(),
            entitlement: Some("group:1:member".to_owned()),
            traits: Vec::new(),
        };
        assert_eq!(external(&config(&given))?, Some(expected));
        Ok(())
    }

    #[test]
    fn a_time_is_read_as_people_write_it() -> Result<()> {
        let limit = |text| run_duration(&config(&[("run-duration", text)]));
        assert_eq!(limit("")?, None);
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2h", 7200), ("1500ms1s", 2)] {
            assert_eq!(limit(text)?.map(|d| d.as_secs()), Some(seconds), "{text}");
        }
        for text in [
            "30",
            "m",
            "1.5h",
            "-1s",
            "1d",
            "1h30",
            "0s",
            "30 m",
            "99999999999999999999h",
            "9999999999999999999h",
        ] {
            assert!(sentence(limit(text)).contains("such as 90s, 30m or 1h30m"), "{text}");
        }
        Ok(())
    }
}
