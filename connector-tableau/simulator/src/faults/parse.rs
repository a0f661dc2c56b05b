//! The text form of faults.

use std::{fmt, str::FromStr, time::Duration};

use super::{Effect, Fault, Kind, RetryAfter, Switch, When};

/// Why a text is not a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError(String);

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultError {}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (name, argument) = match text.split_once('=') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let kind = match switch(name) {
            Some(switch) => match argument {
                None => Ok(Kind::Switch(switch)),
                Some(_) => Err("takes no argument".to_owned()),
            },
            None => argument
                .ok_or_else(|| "needs an argument".to_owned())
                .and_then(|argument| with_argument(name, argument)),
        };
        kind.map(Fault).map_err(|why| {
            let known = super::catalogue::FAULTS.iter().any(|(known, ..)| *known == name);
            let why = if known { why } else { "is not a fault; --help lists them".to_owned() };
            FaultError(format!("fault {text:?}: {name} {why}"))
        })
    }
}

fn switch(name: &str) -> Option<Switch> {
    Some(match name {
        "single-object" => Switch::SingleObject,
        "native-scalars" => Switch::NativeScalars,
        "omit-last-login" => Switch::OmitLastLogin,
        "extra-fields" => Switch::ExtraFields,
        "non-admin" => Switch::NonAdmin,
        "server-admin" => Switch::ServerAdmin,
        "revoked-token" => Switch::RevokedToken,
        "decoy-all-users" => Switch::DecoyAllUsers,
        "localised-all-users" => Switch::LocalisedAllUsers,
        _ => return None,
    })
}

fn with_argument(name: &str, argument: &str) -> Result<Kind, String> {
    let (head, rest) = match argument.split_once(':') {
        Some((head, rest)) => (head, Some(rest)),
        None => (argument, None),
    };
    let count = |text: Option<&str>| number::<usize>(text.ok_or("needs a count after the colon")?);
    match name {
        "hide-users" => return Ok(Kind::HideUsers(number(argument)?)),
        "ghost-members" => return Ok(Kind::GhostMembers(number(argument)?)),
        "index-lag" => return Ok(Kind::IndexLag(number(argument)?)),
        "storm" => {
            let when = When { endpoint: None, page: None, first: 1, times: Some(number(head)?) };
            return Ok(Kind::Strike(when, Effect::RateLimit(retry_after(rest)?)));
        }
        "quota" => {
            let first = number::<u64>(argument)?.saturating_add(1);
            let when = When { endpoint: None, page: None, first, times: None };
            return Ok(Kind::Strike(when, Effect::RateLimit(RetryAfter::Absent)));
        }
        _ => {}
    }
    let effect = match name {
        "rate-limit" => Effect::RateLimit(retry_after(rest)?),
        "slow" => Effect::Slow(duration(rest.ok_or("needs a duration after the colon")?)?),
        "error" => error(rest.ok_or("needs a status after the colon")?)?,
        "delete-first" => Effect::DeleteFirst(count(rest)?),
        "delete-last" => Effect::DeleteLast(count(rest)?),
        "insert-first" => Effect::InsertFirst(count(rest)?),
        "insert-last" => Effect::InsertLast(count(rest)?),
        _ if rest.is_some() => return Err("takes nothing after a colon".to_owned()),
        "expire" => Effect::Expire,
        "unavailable" => Effect::Unavailable,
        "hex-error" => Effect::HexError,
        "truncate" => Effect::Truncate,
        "cut-body" => Effect::CutBody,
        "hang" => Effect::Hang,
        "reset" => Effect::Reset,
        "forbidden" => Effect::Forbidden,
        "html" => Effect::Html,
        "bare-401" => Effect::Bare401,
        _ => return Err(String::new()),
    };
    Ok(Kind::Strike(when(head)?, effect))
}

fn when(text: &str) -> Result<When, String> {
    let (target, ordinal) = text.split_once('@').unwrap_or((text, "1"));
    let (endpoint, page) = match target.split_once('#') {
        Some((endpoint, page)) => (endpoint, Some(number(page)?)),
        None => (target, None),
    };
    let endpoint = if endpoint == "*" { None } else { Some(endpoint.parse()?) };
    let (first, times) = match (ordinal.strip_suffix('+'), ordinal.split_once('x')) {
        (Some(first), _) => (first, None),
        (None, Some((first, times))) => (first, Some(number(times)?)),
        (None, None) => (ordinal, Some(1)),
    };
    let first = number::<u64>(first)?;
    if first == 0 {
        return Err("counts requests from 1".to_owned());
    }
    Ok(When { endpoint, page, first, times })
}

fn retry_after(text: Option<&str>) -> Result<RetryAfter, String> {
    match text {
        None => Ok(RetryAfter::Absent),
        Some("date") => Ok(RetryAfter::Date(60)),
        Some(text) => match text.strip_prefix("date") {
            Some(seconds) => Ok(RetryAfter::Date(number(seconds)?)),
            None => Ok(RetryAfter::Seconds(number(text)?)),
        },
    }
}

fn error(text: &str) -> Result<Effect, String> {
    let (status, code) = text.split_once(':').unwrap_or((text, ""));
    let status: u16 = number(status)?;
    if !(400..600).contains(&status) {
        return Err(format!("needs a status from 400 to 599, not {status}"));
    }
    let code = if code.is_empty() { format!("{status}000") } else { code.to_owned() };
    Ok(Effect::Error { status, code })
}

fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("needs a whole number where it has {text:?}"))
}

/// Reads a duration of milliseconds or seconds, such as `20ms` or `2s`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("needs a duration such as 20ms or 2s where it has {text:?}");
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().map(Duration::from_millis).map_err(|_| wrong());
    }
    let seconds = text.strip_suffix('s').unwrap_or(if text == "0" { text } else { "" });
    seconds.parse().map(Duration::from_secs).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;

    fn strike(text: &str) -> (When, Effect) {
        match text.parse() {
            Ok(Fault(Kind::Strike(when, effect))) => (when, effect),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn requests_are_named_by_endpoint_page_and_ordinal() {
        let users = Some(Endpoint::Users);
        for (text, when) in [
            ("hang=users", When { endpoint: users, page: None, first: 1, times: Some(1) }),
            ("hang=users@3", When { endpoint: users, page: None, first: 3, times: Some(1) }),
            ("hang=users@3x4", When { endpoint: users, page: None, first: 3, times: Some(4) }),
            ("hang=*@2+", When { endpoint: None, page: None, first: 2, times: None }),
            ("hang=users#7@1x2", When { endpoint: users, page: Some(7), first: 1, times: Some(2) }),
        ] {
            assert_eq!(strike(text).0, when, "{text}");
        }
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(strike("rate-limit=users:5").1, Effect::RateLimit(RetryAfter::Seconds(5)));
        assert_eq!(strike("rate-limit=users:date").1, Effect::RateLimit(RetryAfter::Date(60)));
        assert_eq!(strike("storm=9").0.times, Some(9));
        assert_eq!(strike("quota=9").0.first, 10);
        assert_eq!(strike("slow=users:20ms").1, Effect::Slow(Duration::from_millis(20)));
        assert_eq!(strike("error=users:409").1, Effect::Error { status: 409, code: "409000".into() });
        assert_eq!(strike("delete-first=users@2:3").1, Effect::DeleteFirst(3));
    }

    #[test]
    fn every_fault_of_the_catalogue_can_be_given() {
        for (name, argument, _) in super::super::catalogue::FAULTS {
            let example = match *argument {
                "" => (*name).to_owned(),
                argument if argument.starts_with("=WHEN:DURATION") => format!("{name}=users@2:2s"),
                argument if argument.starts_with("=WHEN:STATUS") => format!("{name}=users@2:500"),
                argument if argument.starts_with("=WHEN:K") => format!("{name}=users@2:1"),
                argument if argument.starts_with("=WHEN") => format!("{name}=users@2"),
                _ => format!("{name}=3"),
            };
            assert!(example.parse::<Fault>().is_ok(), "{example}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        for (text, told) in [
            ("nonsense", "is not a fault"),
            ("hang", "needs an argument"),
            ("hang=people", "is no endpoint"),
            ("hang=users@0", "from 1"),
            ("hang=users:5", "nothing after a colon"),
            ("single-object=1", "takes no argument"),
            ("slow=users", "needs a duration"),
            ("slow=users:5", "needs a duration"),
            ("error=users:200", "from 400"),
        ] {
            let error = text.parse::<Fault>().expect_err(text).to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
