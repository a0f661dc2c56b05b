//! The users who are on a site now, and the memberships that differ from the seed.

use std::collections::{HashMap, HashSet};

use crate::seed::{BACK, EMPTY_GROUP, FRONT, GroupIndex, Seed, Slot};

/// The changes of one site since its start.
#[derive(Debug)]
pub(crate) struct Live {
    /// Everyone on the site, in name order.
    order: Vec<Slot>,
    removed: HashSet<Slot>,
    added_front: u32,
    added_back: u32,
    /// Added users whom the search index does not have yet, with the number of list requests
    /// that will still miss them.
    lagging: HashMap<Slot, u64>,
    /// Users whom lists never show although they can be read by id.
    hidden: HashSet<Slot>,
    /// Members whose user is gone: in groups, but neither listed nor readable.
    ghosts: HashSet<Slot>,
    joined: HashMap<GroupIndex, Vec<Slot>>,
    left: HashSet<(GroupIndex, Slot)>,
}

impl Live {
    pub(crate) fn new(seed: &Seed) -> Self {
        Self {
            order: (0..seed.users).collect(),
            removed: HashSet::new(),
            added_front: 0,
            added_back: 0,
            lagging: HashMap::new(),
            hidden: HashSet::new(),
            ghosts: HashSet::new(),
            joined: HashMap::new(),
            left: HashSet::new(),
        }
    }

    /// Everyone on the site, in name order.
    pub(crate) fn users(&self) -> &[Slot] {
        &self.order
    }

    /// Whether a user can be read by id.
    pub(crate) fn has(&self, slot: Slot, seed: &Seed) -> bool {
        let known = match slot {
            slot if slot & FRONT != 0 => slot & !FRONT < self.added_front,
            slot if slot & BACK != 0 => slot & !BACK < self.added_back,
            _ => slot < seed.users,
        };
        known && !self.removed.contains(&slot)
    }

    /// What the list of users shows, or `None` where that is everyone.
    pub(crate) fn listed(&self) -> Option<Vec<Slot>> {
        if self.hidden.is_empty() && self.lagging.is_empty() {
            return None;
        }
        let shown = |slot: &&Slot| !self.hidden.contains(slot) && !self.lagging.contains_key(slot);
        Some(self.order.iter().filter(shown).copied().collect())
    }

    /// Lets the search index come one list request closer to the truth.
    pub(crate) fn index_once(&mut self) {
        self.lagging.retain(|_, requests| {
            *requests -= 1;
            *requests > 0
        });
    }

    pub(crate) fn is_lagging(&self) -> bool {
        !self.lagging.is_empty()
    }

    /// The members of a group, in a stable order.
    pub(crate) fn members(&self, group: GroupIndex, seed: &Seed) -> Vec<Slot> {
        if group == 0 {
            return self.order.clone();
        }
        let joined = self.joined.get(&group).into_iter().flatten().copied();
        let all = seed.seeded_members(group).chain(joined);
        if self.removed.is_empty() && self.left.is_empty() {
            return all.collect();
        }
        all.filter(|slot| !self.removed.contains(slot) || self.ghosts.contains(slot))
            .filter(|slot| !self.left.contains(&(group, *slot)))
            .collect()
    }

    pub(crate) fn member_count(&self, group: GroupIndex, seed: &Seed) -> usize {
        match group {
            0 => self.order.len(),
            _ if self.removed.is_empty() && self.left.is_empty() => {
                seed.seeded_count(group) + self.joined.get(&group).map_or(0, Vec::len)
            }
            _ => self.members(group, seed).len(),
        }
    }

    /// Adds a user whose name sorts before or after all seeded ones.
    pub(crate) fn add(&mut self, front: bool, lag: u64) -> Slot {
        let slot = if front {
            let slot = FRONT | self.added_front;
            let position = self.order.iter().take_while(|slot| **slot & FRONT != 0).count();
            self.order.insert(position, slot);
            self.added_front += 1;
            slot
        } else {
            let slot = BACK | self.added_back;
            self.order.push(slot);
            self.added_back += 1;
            slot
        };
        if lag > 0 {
            self.lagging.insert(slot, lag);
        }
        slot
    }

    /// Takes a user off the site and out of all groups.
    pub(crate) fn remove(&mut self, slot: Slot) -> bool {
        match self.order.iter().position(|other| *other == slot) {
            Some(position) => {
                self.order.remove(position);
                self.removed.insert(slot)
            }
            None => false,
        }
    }

    /// Takes the first or the last users off the site, never the one in `keep`.
    pub(crate) fn remove_many(&mut self, count: usize, from_end: bool, keep: Slot) {
        for _ in 0..count {
            let mut candidates = self.order.iter().copied().filter(|slot| *slot != keep);
            let next = if from_end { candidates.next_back() } else { candidates.next() };
            match next {
                Some(slot) => self.remove(slot),
                None => return,
            };
        }
    }

    pub(crate) fn join(&mut self, group: GroupIndex, slot: Slot, seed: &Seed) {
        self.left.remove(&(group, slot));
        if !self.members(group, seed).contains(&slot) {
            self.joined.entry(group).or_default().push(slot);
        }
    }

    pub(crate) fn leave(&mut self, group: GroupIndex, slot: Slot) {
        if let Some(joined) = self.joined.get_mut(&group) {
            joined.retain(|other| *other != slot);
        }
        self.left.insert((group, slot));
    }

    /// Hides the first members of the first group with members from the list of users, or
    /// takes them off the site while their memberships stay. Both start from nobody.
    pub(crate) fn set_apart(&mut self, hide: usize, ghost: usize, seed: &Seed) {
        for slot in std::mem::take(&mut self.ghosts) {
            self.removed.remove(&slot);
            let position = self.order.partition_point(|other| order_key(*other) < order_key(slot));
            self.order.insert(position, slot);
        }
        self.hidden.clear();
        let group = (1..=seed.groups).find(|group| *group != EMPTY_GROUP);
        let Some(group) = group else { return };
        // Slot 0 is whoever signs in, who has to stay.
        let mut members = seed.seeded_members(group).filter(|slot| *slot != 0);
        self.hidden.extend(members.by_ref().take(hide));
        for slot in members.take(ghost) {
            if self.remove(slot) {
                self.ghosts.insert(slot);
            }
        }
    }
}

/// Sorts as the names do: added in front, seeded, added at the back.
fn order_key(slot: Slot) -> (u8, Slot) {
    let class = match slot {
        slot if slot & FRONT != 0 => 0,
        slot if slot & BACK != 0 => 2,
        _ => 1,
    };
    (class, slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(live: &Live, seed: &Seed) -> Vec<String> {
        live.users().iter().map(|slot| seed.user_name(*slot)).collect()
    }

    #[test]
    fn the_order_stays_name_order_through_changes() {
        let seed = Seed::new(1, 30, 4, 6);
        let mut live = Live::new(&seed);
        live.add(true, 0);
        live.add(false, 0);
        live.add(true, 0);
        live.remove_many(2, false, 0);
        live.remove_many(1, true, 0);
        live.set_apart(0, 2, &seed);
        live.set_apart(0, 0, &seed);
        assert!(names(&live, &seed).is_sorted());
        assert_eq!(live.users().len(), 30);
        assert!(live.users().contains(&0));
    }

    #[test]
    fn who_leaves_the_site_leaves_its_groups_unless_a_ghost() {
        let seed = Seed::new(1, 30, 4, 6);
        let mut live = Live::new(&seed);
        let member = live.members(1, &seed).into_iter().find(|slot| *slot != 0).unwrap_or_default();
        live.remove(member);
        assert!(!live.members(1, &seed).contains(&member));
        assert_eq!(live.member_count(1, &seed), 5);
        assert_eq!(live.member_count(0, &seed), 29);

        let mut live = Live::new(&seed);
        live.set_apart(0, 1, &seed);
        assert_eq!(live.member_count(1, &seed), 6);
        assert_eq!(live.member_count(0, &seed), 29);
    }
}
