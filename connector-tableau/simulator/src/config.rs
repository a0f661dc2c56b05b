//! What a simulated site is made of.

use std::time::Duration;

use crate::Fault;

/// The choices for one simulator.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything generated follows from this number.
    pub seed: u64,
    /// How many users the site has at the start, at most 2^30 - 1.
    pub users: u32,
    /// How many groups it has beside All Users.
    pub groups: u32,
    /// How many members each group has, except for the empty one; capped at `users`.
    pub members: u32,
    /// How much later than needed each answer comes.
    pub latency: Duration,
    /// The loopback port; 0 lets the system choose.
    pub port: u16,
    /// The content URL of the site; empty for the default site of a Tableau Server.
    pub site: String,
    /// The API version that the server claims, major and minor.
    pub api_version: (u32, u32),
    /// Whether one user in a thousand, and the thirteenth in any case, has the site role
    /// `DataSteward`, which stands for roles yet to come. Off by default, because Tableau's own
    /// Python client refuses a whole list that has a role it does not know.
    pub future_role: bool,
    /// Whether [`Simulator::asked`](crate::Simulator::asked) knows every request; off by default,
    /// because it takes memory.
    pub record: bool,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            users: 500,
            groups: 20,
            members: 25,
            latency: Duration::ZERO,
            port: 0,
            site: "simulated".to_owned(),
            api_version: (3, 27),
            future_role: false,
            record: false,
            faults: Vec::new(),
        }
    }
}
