//! Expansion on integers alone, without a database.

use std::time::Instant;

use connector_graph::expand_in_memory;
use serde_json::{Value, json};

/// Chains of five groups, each group inside the next and the one after it, with users of their own; every tenth chain
/// ends in one that all of them share.
pub(crate) const CASES: [(&str, u32); 3] = [("memory-1x", 1), ("memory-3x", 3), ("memory-10x", 10)];

const CHAIN: u32 = 5;
const MEMBERS: u32 = 250;

pub(crate) fn run(scale: u32) -> Value {
    let (groups, users) = (2_000 * scale, 50_000 * scale);
    let mut edges = Vec::new();
    for group in 0..groups {
        for next in 1..=2 {
            if group % CHAIN + next < CHAIN {
                edges.push((group, group + next));
            }
        }
        if group % (CHAIN * 10) == CHAIN - 1 {
            edges.push((group, groups + group % 7));
        }
    }
    // The same mix of users whenever it runs, with neighbours far apart.
    let mut state = 1_u64;
    let mut user = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32 % users
    };
    let held: Vec<_> = (0..groups * MEMBERS).map(|n| (n / MEMBERS, user())).collect();
    let began = Instant::now();
    let (contributions, created) = expand_in_memory(groups + 7, users, &edges, &held);
    let seconds = began.elapsed().as_secs_f64();
    json!({ "seconds": seconds, "cpu": seconds, "whole": seconds, "contributions": contributions, "created": created })
}
