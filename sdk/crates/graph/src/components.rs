//! Strongly connected components, by Tarjan's algorithm with a stack of its own: chains of any depth.

/// Lists by number, one after the other in one vector: compressed sparse rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Csr<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Csr<T> {
    /// Puts `items` into lists by their keys, which are below `keys`; items of one key keep their order.
    pub(crate) fn by_key(keys: usize, items: impl Iterator<Item = (u32, T)> + Clone, fill: T) -> Self {
        let mut starts = vec![0_u32; keys + 1];
        for (key, _) in items.clone() {
            starts[key as usize + 1] += 1;
        }
        for key in 0..keys {
            starts[key + 1] += starts[key];
        }
        let mut next = starts.clone();
        let mut listed = vec![fill; starts[keys] as usize];
        for (key, item) in items {
            listed[next[key as usize] as usize] = item;
            next[key as usize] += 1;
        }
        Self { starts, items: listed }
    }

    /// The list of a number.
    pub(crate) fn of(&self, key: u32) -> &[T] {
        let (from, to) = (self.starts[key as usize], self.starts[key as usize + 1]);
        &self.items[from as usize..to as usize]
    }
}

const UNSEEN: u32 = u32::MAX;

/// The component of each node, and how many there are. They are numbered so that every edge between two of them leads
/// to a smaller number.
pub(crate) fn components(nodes: usize, edges: &Csr<u32>) -> (Vec<u32>, u32) {
    let mut component = vec![UNSEEN; nodes];
    let mut count = 0;
    // In the order of discovery; of a node the smallest that is known to be reached from it and on the stack.
    let mut low = vec![UNSEEN; nodes];
    let mut seen = 0;
    let mut stack: Vec<u32> = Vec::new();
    // The path from the root: a node, its place in the order, and how many of its edges were followed.
    let mut path: Vec<(u32, u32, u32)> = Vec::new();
    for root in 0..nodes as u32 {
        if low[root as usize] != UNSEEN {
            continue;
        }
        let mut enter = Some(root);
        loop {
            if let Some(node) = enter.take() {
                low[node as usize] = seen;
                path.push((node, seen, 0));
                stack.push(node);
                seen += 1;
            }
            let Some((node, place, followed)) = path.last_mut() else { break };
            let node = *node;
            if let Some(&to) = edges.of(node).get(*followed as usize) {
                *followed += 1;
                if low[to as usize] == UNSEEN {
                    enter = Some(to);
                } else if component[to as usize] == UNSEEN {
                    low[node as usize] = low[node as usize].min(low[to as usize]);
                }
                continue;
            }
            if low[node as usize] == *place {
                while let Some(member) = stack.pop() {
                    component[member as usize] = count;
                    if member == node {
                        break;
                    }
                }
                count += 1;
            }
            path.pop();
            if let Some((parent, ..)) = path.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(low[node as usize]);
            }
        }
    }
    (component, count)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn lists(nodes: usize, edges: &[(u32, u32)]) -> Csr<u32> {
        Csr::by_key(nodes, edges.iter().copied(), 0)
    }

    proptest! {
        /// The oracle is the definition: two nodes are in one component where each reaches the other.
        #[test]
        fn a_component_is_who_reaches_each_other(edges in vec((0..12_u32, 0..12_u32), 0..30)) {
            let mut reaches = [[false; 12]; 12];
            (0..12).for_each(|n| reaches[n][n] = true);
            edges.iter().for_each(|(a, b)| reaches[*a as usize][*b as usize] = true);
            for via in 0..12 {
                for from in 0..12 {
                    for to in 0..12 {
                        reaches[from][to] |= reaches[from][via] && reaches[via][to];
                    }
                }
            }
            let (component, count) = components(12, &lists(12, &edges));
            for a in 0..12 {
                prop_assert!(component[a] < count);
                for b in 0..12 {
                    prop_assert_eq!(component[a] == component[b], reaches[a][b] && reaches[b][a]);
                    prop_assert!(!reaches[a][b] || component[a] >= component[b], "against the order");
                }
            }
        }
    }

    #[test]
    fn depth_is_no_limit() {
        let nodes = 1_000_000;
        let chain: Vec<_> = (1..nodes as u32).map(|n| (n - 1, n)).collect();
        assert_eq!(components(nodes, &lists(nodes, &chain)).1, nodes as u32);
        let ring: Vec<_> = (0..nodes as u32).map(|n| (n, (n + 1) % nodes as u32)).collect();
        assert_eq!(components(nodes, &lists(nodes, &ring)).1, 1);
    }
}
