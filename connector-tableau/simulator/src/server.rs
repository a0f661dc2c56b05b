//! Everything that the handlers share.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;

use crate::{
    config::Config,
    counters::{Asked, Counters},
    faults::{Effect, Fault, Plan, Switches},
    seed::{Luid, Seed, Slot, Tier, tier},
    state::{Live, Sessions},
};

/// The site that requests are about unless they sign in to the other one.
pub(crate) const MAIN: usize = 0;

/// Slots of the users whom the token can belong to; the seed gives them these roles.
const SITE_ADMINISTRATOR: Slot = 0;
const SERVER_ADMINISTRATOR: Slot = 1;
const VIEWER: Slot = 6;

/// A simulated server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) config: Config,
    sites: [Site; 2],
    sessions: Mutex<Sessions>,
    plan: Mutex<Plan>,
    switches: RwLock<Switches>,
    pub(crate) counters: Counters,
    asked: Mutex<Vec<Asked>>,
    stop: watch::Receiver<bool>,
}

/// One site of the server.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) id: Luid,
    pub(crate) name: &'static str,
    pub(crate) content_url: String,
    pub(crate) seed: Seed,
    pub(crate) capacity: Seats,
    live: RwLock<Live>,
}

/// Licences by tier, bought or used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Seats {
    /// Users of every role, with or without a licence.
    pub users: usize,
    /// Creator licences.
    pub creators: usize,
    /// Explorer licences.
    pub explorers: usize,
    /// Viewer licences.
    pub viewers: usize,
}

impl Server {
    pub(crate) fn new(config: Config, stop: watch::Receiver<bool>) -> Self {
        let seed = config.seed;
        let main =
            Seed::new(seed, config.users, config.groups, config.members).with_future_role(config.future_role);
        // A second site so that a token can be used for the wrong one.
        let other = Seed::new(seed ^ u64::from(u32::MAX), 8, 1, 2);
        let server = Self {
            sites: [
                Site::new(Seed::site_id(seed, 0), "Simulated", config.site.clone(), main),
                Site::new(Seed::site_id(seed, 1), "Other", "other-site".to_owned(), other),
            ],
            sessions: Mutex::default(),
            plan: Mutex::default(),
            switches: RwLock::default(),
            counters: Counters::default(),
            asked: Mutex::default(),
            stop,
            config,
        };
        server.set_faults(&server.config.faults);
        server
    }

    pub(crate) fn set_faults(&self, faults: &[Fault]) {
        let switches = Switches::from_faults(faults);
        *self.plan() = Plan::from_faults(faults);
        *self.switches.write().unwrap_or_else(PoisonError::into_inner) = switches;
        let site = self.site(MAIN);
        site.live_mut().set_apart(switches.hide_users, switches.ghost_members, &site.seed);
    }

    pub(crate) fn site(&self, index: usize) -> &Site {
        &self.sites[index]
    }

    pub(crate) fn sites(&self) -> impl Iterator<Item = (usize, &Site)> {
        self.sites.iter().enumerate()
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn switches(&self) -> Switches {
        *self.switches.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom a sign-in makes the caller.
    pub(crate) fn caller(&self) -> Slot {
        match self.switches() {
            Switches { non_admin: true, .. } => VIEWER,
            Switches { server_admin: true, .. } => SERVER_ADMINISTRATOR,
            _ => SITE_ADMINISTRATOR,
        }
    }

    pub(crate) fn token_name(&self) -> &'static str {
        "simulator-token"
    }

    pub(crate) fn token_secret(&self) -> String {
        format!("{}==:{}", Seed::site_id(self.config.seed, 2), "simulated-secret")
    }

    pub(crate) fn password(&self) -> String {
        format!("pw-{}", Seed::site_id(self.config.seed, 3))
    }

    /// Applies the effects that change who is on the site.
    pub(crate) fn drift(&self, effects: &[Effect]) {
        let lag = self.switches().index_lag;
        for effect in effects {
            let site = self.site(MAIN);
            match effect {
                Effect::DeleteFirst(count) => site.live_mut().remove_many(*count, false, SITE_ADMINISTRATOR),
                Effect::DeleteLast(count) => site.live_mut().remove_many(*count, true, SITE_ADMINISTRATOR),
                Effect::InsertFirst(count) => site.add(*count, true, lag),
                Effect::InsertLast(count) => site.add(*count, false, lag),
                _ => {}
            }
        }
    }

    /// Resolves when the simulator stops, so that no handler keeps it from stopping.
    pub(crate) async fn stopped(&self) {
        // An error means that the handle is gone, which is a stop too.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }
}

impl Site {
    fn new(id: Luid, name: &'static str, content_url: String, seed: Seed) -> Self {
        let live = Live::new(&seed);
        let used = Seats::count(&seed, live.users());
        let bought = |used: usize| used + used / 4 + 5;
        let capacity = Seats {
            users: bought(used.users),
            creators: bought(used.creators),
            explorers: bought(used.explorers),
            viewers: bought(used.viewers),
        };
        Self { id, name, content_url, seed, capacity, live: RwLock::new(live) }
    }

    pub(crate) fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn live_mut(&self) -> RwLockWriteGuard<'_, Live> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The licences in use now.
    pub(crate) fn usage(&self) -> Seats {
        Seats::count(&self.seed, self.live().users())
    }

    fn add(&self, count: usize, front: bool, lag: u64) {
        let mut live = self.live_mut();
        for _ in 0..count {
            live.add(front, lag);
        }
    }
}

impl Seats {
    fn count(seed: &Seed, users: &[Slot]) -> Self {
        let mut seats = Self { users: users.len(), ..Self::default() };
        for slot in users {
            match tier(seed.site_role(*slot)) {
                Tier::Creator => seats.creators += 1,
                Tier::Explorer => seats.explorers += 1,
                Tier::Viewer => seats.viewers += 1,
                Tier::None => {}
            }
        }
        seats
    }
}
