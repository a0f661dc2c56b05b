//! The handle of a running simulator.

use std::{io, net::Ipv4Addr, sync::Arc};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    Asked, Config, Fault, Group, Luid, Requests, SiteTruth, User,
    listener::{Connection, ResettableListener},
    routes::{self, groups, truth},
    seed::Slot,
    server::{MAIN, Server, Site},
};

/// A simulated Tableau server on a loopback port, running until it is shut down or dropped.
#[derive(Debug)]
pub struct Simulator {
    server: Arc<Server>,
    url: String,
    stop: watch::Sender<bool>,
    task: JoinHandle<io::Result<()>>,
}

/// Where an added user stands in name order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all users whom the site started with.
    First,
    /// After them.
    Last,
}

impl Simulator {
    /// Binds the port and serves on the current runtime.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = watch::channel(false);
        let server = Arc::new(Server::new(config, stopped));
        let service = routes::router(Arc::clone(&server)).into_make_service_with_connect_info::<Connection>();
        let until = Arc::clone(&server);
        let serve = axum::serve(ResettableListener(listener), service)
            .with_graceful_shutdown(async move { until.stopped().await });
        let task = tokio::spawn(serve.into_future());
        Ok(Self { server, url, stop, task })
    }

    /// Stops accepting, lets running answers finish, and ends.
    pub async fn shutdown(mut self) -> io::Result<()> {
        // The receiver lives in the server, so this reaches it.
        let _ = self.stop.send(true);
        (&mut self.task).await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// The address, such as `http://127.0.0.1:40123`, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The content URL of the site.
    pub fn site(&self) -> &str {
        &self.server.config.site
    }

    /// The content URL of a second, small site of the same server and token.
    pub fn other_site(&self) -> &str {
        &self.server.site(1).content_url
    }

    /// The name of the personal access token.
    pub fn token_name(&self) -> &str {
        self.server.token_name()
    }

    /// The secret of the personal access token.
    pub fn token_secret(&self) -> String {
        self.server.token_secret()
    }

    /// The name of the user whom the token belongs to, for a sign-in by password.
    pub fn user_name(&self) -> String {
        self.main().seed.user_name(self.server.caller())
    }

    /// The password of [`Simulator::user_name`].
    pub fn password(&self) -> String {
        self.server.password()
    }

    /// Requests counted since the start or the last reset.
    pub fn requests(&self) -> Requests {
        self.server.counters.snapshot()
    }

    /// Sets all counts to zero.
    pub fn reset_requests(&self) {
        self.server.counters.reset();
    }

    /// Every request since the start, in order, where [`Config::record`] says so; else nothing.
    pub fn asked(&self) -> Vec<Asked> {
        self.server.asked().clone()
    }

    /// Replaces all faults; ordinals count from this moment.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        let faults: Vec<Fault> = faults.into_iter().collect();
        self.server.set_faults(&faults);
    }

    /// Starts a new hour for quotas: the ordinals of all faults count from here again.
    pub fn roll_hour(&self) {
        self.server.plan().restart();
    }

    /// Ends every session, as time would.
    pub fn expire_sessions(&self) {
        self.server.sessions().end_all();
    }

    /// How many sessions are open.
    pub fn open_sessions(&self) -> usize {
        self.server.sessions().open()
    }

    /// How many sessions ended because their token signed in again.
    pub fn superseded_sessions(&self) -> u64 {
        self.server.sessions().superseded()
    }

    /// What is true of the site now.
    pub fn seed(&self) -> Truth<'_> {
        Truth { server: &self.server }
    }

    /// Adds an Explorer, who is in All Users at once, and returns the id.
    pub fn add_user(&self, place: Place) -> Luid {
        let lag = self.server.switches().index_lag;
        let slot = self.main().live_mut().add(place == Place::First, lag);
        self.main().seed.user_ids.id(slot)
    }

    /// Takes a user off the site and out of all groups; false where there is none of that id.
    pub fn remove_user(&self, user: Luid) -> bool {
        self.slot(user).is_some_and(|slot| self.main().live_mut().remove(slot))
    }

    /// Puts a user into a group; false where either is unknown.
    pub fn add_member(&self, group: Luid, user: Luid) -> bool {
        let (Some(group), Some(slot)) = (self.main().seed.group_ids.index(group), self.slot(user)) else {
            return false;
        };
        self.main().live_mut().join(group, slot, &self.main().seed);
        true
    }

    /// Takes a user out of a group; false where either is unknown.
    pub fn remove_member(&self, group: Luid, user: Luid) -> bool {
        let (Some(group), Some(slot)) = (self.main().seed.group_ids.index(group), self.slot(user)) else {
            return false;
        };
        self.main().live_mut().leave(group, slot);
        true
    }

    fn main(&self) -> &Site {
        self.server.site(MAIN)
    }

    fn slot(&self, user: Luid) -> Option<Slot> {
        let site = self.main();
        site.seed.user_ids.index(user).filter(|slot| site.live().has(*slot, &site.seed))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Nobody listens after a shutdown, which is as good.
        let _ = self.stop.send(true);
    }
}

/// The truth behind the site, changes included. Each call computes its answer afresh.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a> {
    server: &'a Server,
}

impl Truth<'_> {
    /// The site and its licences.
    pub fn site(&self) -> SiteTruth {
        truth::site(self.server)
    }

    /// How many users the site has.
    pub fn user_count(&self) -> usize {
        self.main().live().users().len()
    }

    /// Every user in name order.
    pub fn users(&self) -> Vec<User> {
        self.main().live().users().iter().map(|slot| self.main().seed.user(*slot)).collect()
    }

    /// One user who is on the site.
    pub fn user(&self, id: Luid) -> Option<User> {
        let site = self.main();
        let slot = site.seed.user_ids.index(id).filter(|slot| site.live().has(*slot, &site.seed))?;
        Some(site.seed.user(slot))
    }

    /// Every group in name order, All Users first.
    pub fn groups(&self) -> Vec<Group> {
        let all = groups::all(&self.main().seed, self.server.switches());
        all.into_iter().map(|index| truth::group(self.server, index)).collect()
    }

    /// The ids of a group's members, or nothing for an unknown group.
    pub fn members(&self, group: Luid) -> Vec<Luid> {
        let index = self.main().seed.group_ids.index(group).filter(|index| *index <= self.main().seed.groups);
        index.map(|index| truth::members(self.server, index)).unwrap_or_default()
    }

    fn main(&self) -> &Site {
        self.server.site(MAIN)
    }
}
