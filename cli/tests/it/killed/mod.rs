//! The program is killed (SIGKILL) at any moment, again and again, until a run
//! comes to its end. At every moment the old file is there or a whole new one;
//! no page that was safe is asked for again; and in the end the file says what
//! is true of the site.
//!
//! The moments come from a seed that is printed. `BATON_KILLS` says how often
//! to kill, `BATON_KILL_SEED` with which seed.

mod chance;
mod left;
mod truth;
mod victim;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    sync::Arc,
    time::Duration,
};

use connector_testkit::Document;
use tableau_simulator::{Config, Simulator};

pub(crate) use self::truth::true_document;
use self::{
    chance::Chance,
    left::{Left, page_of},
    truth::syncs,
    victim::{Death, Moment, SEAL, Victim},
};
use crate::support::Room;

/// Kills, where nobody says how many.
const KILLS: u64 = 40;

/// Sites whose runs are killed side by side: they wait for answers, mostly.
const SITES: u64 = 3;

/// A site, and the folder in which runs are killed.
struct Place {
    room: Room,
    site: Simulator,
    chance: Chance,
    /// What an uninterrupted run wrote.
    document: Document,
    /// How long it took, and how long its seal did.
    took: Duration,
    sealing: Duration,
    requests: u64,
}

/// How many kills there were, by where they struck.
type Struck = BTreeMap<String, u64>;

impl Place {
    async fn new(seed: u64, users: u32) -> Arc<Self> {
        let config = Config {
            seed,
            users,
            groups: 30,
            members: 10,
            latency: Duration::from_millis(12),
            record: true,
            ..Config::default()
        };
        let (room, site) = (Room::new(), Simulator::start(config).await.unwrap());
        let command = room.sync_command(&site, &["--workers=4"]);
        let death =
            tokio::task::spawn_blocking(|| Victim::start(command).die(&Moment::End, || 0)).await.unwrap();
        assert_eq!(death.code, Some(0), "{}", death.stderr);
        let document = true_document(&room.path("sync.c1z"), &site).await;
        let requests = site.requests().total;
        let Death { took, sealing, .. } = death;
        Arc::new(Self { room, site, chance: Chance::new(seed), document, took, sealing, requests })
    }

    /// A moment by chance: anywhere in time, at a request, in the seal, at the
    /// packing, or right after it.
    fn moment(&self, chance: &mut Chance) -> Moment {
        let micros = |chance: &mut Chance, most: Duration| {
            Duration::from_micros(chance.below(most.as_micros() as u64 + 1))
        };
        let short = Duration::from_millis(2);
        match chance.below(20) {
            0..6 => Moment::After(micros(chance, self.took)),
            6..12 => Moment::Requests(1 + chance.below(self.requests)),
            12..16 => Moment::Line(SEAL, micros(chance, self.sealing)),
            16..19 => {
                let names = [".sync.c1z.work/summary.json", ".sync.c1z.tmp", ".sync.c1z.work/sync.db"];
                let file = self.room.path(chance.one_of(&names));
                Moment::File(file, micros(chance, short))
            }
            _ => Moment::Replaced(self.room.path("sync.c1z")),
        }
    }
}

async fn look(place: &Place) -> Left {
    Left::by(&place.room.path(".sync.c1z.work"), &place.site).await
}

/// Kills runs on one output until there is a new file, and gives how many it
/// killed.
async fn round(place: &Arc<Place>, chance: &mut Chance, struck: &mut Struck) -> u64 {
    let output = place.room.path("sync.c1z");
    let old = std::fs::read(&output).unwrap();
    let old_sync = syncs(&output).await.swap_remove(0);
    let (mut kills, mut left) = (0, Left { pages: BTreeSet::new(), ..look(place).await });
    loop {
        let asked_before = place.site.asked().len() as u64;
        let workers = format!("--workers={}", chance.one_of(&[1, 2, 4, 8]));
        let command = place.room.sync_command(&place.site, &[&workers]);
        let moment = place.moment(chance);
        let at = format!("{moment:?}");
        let here = place.clone();
        let death = tokio::task::spawn_blocking(move || {
            Victim::start(command).die(&moment, || here.site.requests().total - asked_before)
        });
        let death = death.await.unwrap();
        let stderr = format!("killed at {at}\n{}", death.stderr);

        // What was safe is not asked for again, and nothing is asked twice.
        let asked: Vec<_> = place.site.asked()[asked_before as usize..].iter().filter_map(page_of).collect();
        for (at, page) in asked.iter().enumerate() {
            assert!(!left.pages.contains(page), "{page:?} was safe in {}: {stderr}", left.phase);
            assert!(!asked[..at].contains(page), "{page:?} was asked for twice in one run: {stderr}");
        }
        // Nothing is read again but what a run left that had done its work.
        let again = stderr.contains("not gone on with");
        assert!(!again || left.sync.as_ref() == Some(&old_sync), "after {}: {stderr}", left.phase);

        let names = place.room.names();
        let now = std::fs::read(&output).unwrap();
        if now != old {
            // The new file is there, whole, with the old sync in it.
            assert!(true_document(&output, &place.site).await == place.document, "{stderr}");
            let syncs = syncs(&output).await;
            assert_eq!((syncs.len(), &syncs[1]), (2, &old_sync), "{stderr}");
        }
        if !death.killed {
            assert_eq!(death.code, Some(0), "{stderr}");
            assert!(now != old, "{stderr}");
            assert_eq!(names, ["sync.c1z"], "nothing is left: {stderr}");
            return kills;
        }
        kills += 1;
        let known = [".sync.c1z.tmp", ".sync.c1z.work", "sync.c1z"];
        assert!(names.iter().all(|name| known.contains(&&**name)), "{names:?}");
        if now != old {
            *struck.entry("after the new file took its place".to_owned()).or_default() += 1;
            return kills;
        }
        left = look(place).await;
        if left.sync.as_ref() == Some(&old_sync) {
            left = Left { phase: "before it began".to_owned(), pages: BTreeSet::new(), ..left };
        }
        let packing = names.iter().any(|name| name == ".sync.c1z.tmp");
        let phase = if packing { "packing" } else { &left.phase };
        *struck.entry(phase.to_owned()).or_default() += 1;
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_at_any_moment_is_gone_on_with() {
    let kills = setting("BATON_KILLS", KILLS);
    let by_time = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let seed = setting("BATON_KILL_SEED", by_time);
    let _ = writeln!(std::io::stderr(), "BATON_KILL_SEED={seed}");
    let mut places = Vec::new();
    for at in 0..SITES {
        places.push(tokio::spawn(async move {
            // Two pages of users, or one.
            let users = if at == 0 { 1_050 } else { 250 };
            let place = Place::new(seed.wrapping_mul(SITES).wrapping_add(at), users).await;
            let mut chance = place.chance.clone();
            let (mut done, mut rounds, mut struck) = (0, 0, Struck::new());
            while done < kills.div_ceil(SITES) {
                done += round(&place, &mut chance, &mut struck).await;
                rounds += 1;
            }
            (done, rounds, struck)
        }));
    }
    let (mut done, mut rounds, mut struck) = (0, 0, Struck::new());
    for place in places {
        let (d, r, s) = place.await.unwrap();
        (done, rounds) = (done + d, rounds + r);
        s.into_iter().for_each(|(phase, n)| *struck.entry(phase).or_default() += n);
    }
    let _ = writeln!(std::io::stderr(), "{done} kills, {rounds} files: {struck:#?}");
    assert!(done >= kills);
}
