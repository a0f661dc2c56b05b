//! The paths of the API.

use crate::Endpoint;

/// What a path names; ids are as the client wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    SignIn,
    SignOut,
    SwitchSite,
    ServerInfo,
    Sites,
    Site(&'a str),
    Users(&'a str),
    User(&'a str, &'a str),
    Groups(&'a str),
    GroupMembers(&'a str, &'a str),
    GroupSets(&'a str),
    Projects(&'a str),
    Unknown,
}

impl Target<'_> {
    pub(super) fn endpoint(self) -> Endpoint {
        match self {
            Self::SignIn => Endpoint::SignIn,
            Self::SignOut => Endpoint::SignOut,
            Self::SwitchSite => Endpoint::SwitchSite,
            Self::ServerInfo => Endpoint::ServerInfo,
            Self::Sites => Endpoint::Sites,
            Self::Site(_) => Endpoint::Site,
            Self::Users(_) => Endpoint::Users,
            Self::User(..) => Endpoint::User,
            Self::Groups(_) => Endpoint::Groups,
            Self::GroupMembers(..) => Endpoint::GroupMembers,
            Self::GroupSets(_) => Endpoint::GroupSets,
            Self::Projects(_) => Endpoint::Projects,
            Self::Unknown => Endpoint::Other,
        }
    }
}

/// Splits `/api/{version}/…` without regard to case; the version is `None` where it is none.
pub(super) fn parse_path(path: &str) -> (Option<(u32, u32)>, Target<'_>) {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let lower: Vec<String> = segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let [api, version, rest @ ..] = lower.as_slice() else { return (None, Target::Unknown) };
    if *api != "api" {
        return (None, Target::Unknown);
    }
    // Ids are taken from the path as written, two segments further on.
    let original = |position: usize| segments.get(position + 2).copied().unwrap_or_default();
    let target = match rest {
        ["auth", "signin"] => Target::SignIn,
        ["auth", "signout"] => Target::SignOut,
        ["auth", "switchsite"] => Target::SwitchSite,
        ["serverinfo"] => Target::ServerInfo,
        ["sites"] => Target::Sites,
        ["sites", _] => Target::Site(original(1)),
        ["sites", _, "users"] => Target::Users(original(1)),
        ["sites", _, "users", _] => Target::User(original(1), original(3)),
        ["sites", _, "groups"] => Target::Groups(original(1)),
        ["sites", _, "groups", _, "users"] => Target::GroupMembers(original(1), original(3)),
        ["sites", _, "groupsets"] => Target::GroupSets(original(1)),
        ["sites", _, "projects"] => Target::Projects(original(1)),
        _ => Target::Unknown,
    };
    (parse_version(version), target)
}

/// Reads `major.minor`. The API began with 2.0.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    let version = (major.parse().ok()?, minor.parse().ok()?);
    (version >= (2, 0)).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_without_regard_to_case() {
        assert_eq!(parse_path("/api/2.4/serverInfo"), (Some((2, 4)), Target::ServerInfo));
        assert_eq!(parse_path("/API/3.27/Auth/SignIn"), (Some((3, 27)), Target::SignIn));
        assert_eq!(parse_path("/api/3.27/sites/AbC/Users/x"), (Some((3, 27)), Target::User("AbC", "x")));
        assert_eq!(parse_path("/api/exp/serverinfo"), (None, Target::ServerInfo));
        assert_eq!(parse_path("/"), (None, Target::Unknown));
    }
}
