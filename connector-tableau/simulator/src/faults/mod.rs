//! What can go wrong on purpose.
//!
//! A fault is written `NAME` or `NAME=ARGUMENT`. Some change how the site behaves throughout;
//! the others strike certain requests, named by endpoint and by their ordinal among the
//! requests to it, so that a run with the same requests always fails at the same place.

mod catalogue;
mod parse;
mod plan;

use std::time::Duration;

pub use catalogue::help;
pub use parse::{FaultError, duration as parse_duration};
pub(crate) use plan::Plan;

use crate::counters::Endpoint;

/// One thing to go wrong; parse it from its text, as the command line does.
///
/// ```
/// use tableau_simulator::Fault;
///
/// # fn main() -> Result<(), tableau_simulator::FaultError> {
/// let fault: Fault = "rate-limit=users@2x3:5".parse()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub(crate) Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Switch(Switch),
    /// Members hidden from the list of users.
    HideUsers(usize),
    /// Members whose user does not exist.
    GhostMembers(usize),
    /// List requests that miss a new user.
    IndexLag(u64),
    Strike(When, Effect),
}

/// A lasting peculiarity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    SingleObject,
    NativeScalars,
    OmitLastLogin,
    ExtraFields,
    NonAdmin,
    ServerAdmin,
    RevokedToken,
    DecoyAllUsers,
    LocalisedAllUsers,
}

/// Which requests a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct When {
    /// `None` stands for any endpoint.
    pub(crate) endpoint: Option<Endpoint>,
    /// Only requests for this page number.
    pub(crate) page: Option<u64>,
    /// The first request struck, from 1, among those that fit.
    pub(crate) first: u64,
    /// How many in a row, or `None` for all that follow.
    pub(crate) times: Option<u64>,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The session ends before the request is looked at.
    Expire,
    RateLimit(RetryAfter),
    /// 503 with a page of HTML.
    Unavailable,
    /// An error with a code that is no decimal number.
    HexError,
    /// The connection closes half way through the body.
    Truncate,
    /// The body stops half way although HTTP says it is complete.
    CutBody,
    Slow(Duration),
    Hang,
    /// The connection is reset before any answer.
    Reset,
    Forbidden,
    /// 200 with a page of HTML.
    Html,
    /// 401 without a body.
    Bare401,
    Error {
        status: u16,
        code: String,
    },
    DeleteFirst(usize),
    DeleteLast(usize),
    InsertFirst(usize),
    InsertLast(usize),
}

/// What a 429 says about when to come back (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Absent,
    Seconds(u64),
    /// An HTTP date this many seconds from now.
    Date(u64),
}

/// The lasting peculiarities in force.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Switches {
    pub(crate) single_object: bool,
    pub(crate) native_scalars: bool,
    pub(crate) omit_last_login: bool,
    pub(crate) extra_fields: bool,
    pub(crate) non_admin: bool,
    pub(crate) server_admin: bool,
    pub(crate) revoked_token: bool,
    pub(crate) decoy_all_users: bool,
    pub(crate) localised_all_users: bool,
    pub(crate) hide_users: usize,
    pub(crate) ghost_members: usize,
    pub(crate) index_lag: u64,
}

impl Switches {
    pub(crate) fn from_faults(faults: &[Fault]) -> Self {
        let mut on = Self::default();
        for fault in faults {
            match fault.0 {
                Kind::Switch(Switch::SingleObject) => on.single_object = true,
                Kind::Switch(Switch::NativeScalars) => on.native_scalars = true,
                Kind::Switch(Switch::OmitLastLogin) => on.omit_last_login = true,
                Kind::Switch(Switch::ExtraFields) => on.extra_fields = true,
                Kind::Switch(Switch::NonAdmin) => on.non_admin = true,
                Kind::Switch(Switch::ServerAdmin) => on.server_admin = true,
                Kind::Switch(Switch::RevokedToken) => on.revoked_token = true,
                Kind::Switch(Switch::DecoyAllUsers) => on.decoy_all_users = true,
                Kind::Switch(Switch::LocalisedAllUsers) => on.localised_all_users = true,
                Kind::HideUsers(count) => on.hide_users = count,
                Kind::GhostMembers(count) => on.ghost_members = count,
                Kind::IndexLag(requests) => on.index_lag = requests,
                Kind::Strike(..) => {}
            }
        }
        on
    }
}
