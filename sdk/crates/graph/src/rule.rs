//! What an edge lets through.

use std::collections::HashMap;

/// A filter by its number; [`EVERY_TYPE`] is none.
pub(crate) type FilterId = u32;

/// Principals of every resource type pass.
pub(crate) const EVERY_TYPE: FilterId = 0;

/// What an edge lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Only those who hold the source directly.
    pub(crate) shallow: bool,
    /// Only principals of these types.
    pub(crate) filter: FilterId,
}

/// Sets of resource types, each once.
#[derive(Clone, Debug)]
pub(crate) struct Filters {
    types: Vec<Vec<u32>>,
    numbers: HashMap<Vec<u32>, FilterId>,
    bytes: usize,
}

impl Default for Filters {
    fn default() -> Self {
        // The place of the number that stands for every type.
        Self { types: vec![Vec::new()], numbers: HashMap::new(), bytes: 0 }
    }
}

impl Filters {
    /// The number of a set of types; none at all means every one.
    pub(crate) fn number(&mut self, mut types: Vec<u32>) -> FilterId {
        if types.is_empty() {
            return EVERY_TYPE;
        }
        types.sort_unstable();
        types.dedup();
        if let Some(number) = self.numbers.get(&types) {
            return *number;
        }
        let number = self.types.len() as FilterId;
        self.bytes += 2 * size_of_val(&*types);
        self.types.push(types.clone());
        self.numbers.insert(types, number);
        number
    }

    /// Bytes of all sets.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether principals of a type pass.
    pub(crate) fn lets_pass(&self, filter: FilterId, resource_type: u32) -> bool {
        filter == EVERY_TYPE || self.types[filter as usize].binary_search(&resource_type).is_ok()
    }

    /// The widest of two rules: deep wins over shallow, no filter over one, and two filters become one of both.
    pub(crate) fn widest(&mut self, a: Rule, b: Rule) -> Rule {
        let filter = match (a.filter, b.filter) {
            (EVERY_TYPE, _) | (_, EVERY_TYPE) => EVERY_TYPE,
            (a, b) if a == b => a,
            (a, b) => self.number([&*self.types[a as usize], &*self.types[b as usize]].concat()),
        };
        Rule { shallow: a.shallow && b.shallow, filter }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_rule_lets_through_what_either_does() {
        let mut filters = Filters::default();
        let all = EVERY_TYPE;
        let [a, b, both] = [vec![1], vec![2], vec![2, 1, 2]].map(|types| filters.number(types));
        assert_eq!(filters.number(Vec::new()), all);
        for (x, y, wanted) in [(a, a, a), (a, b, both), (b, both, both), (all, a, all), (all, all, all)] {
            for (shallow, other) in [(true, true), (true, false), (false, false)] {
                let [x, y] = [Rule { shallow, filter: x }, Rule { shallow: other, filter: y }];
                let wide = Rule { shallow: shallow && other, filter: wanted };
                assert_eq!((filters.widest(x, y), filters.widest(y, x)), (wide, wide));
            }
        }
        assert!(filters.lets_pass(both, 1) && filters.lets_pass(both, 2) && !filters.lets_pass(both, 3));
        assert!(filters.lets_pass(all, 3));
    }
}
