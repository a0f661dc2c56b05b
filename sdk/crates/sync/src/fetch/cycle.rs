//! Page tokens that lead back to where they came from.

use connector_model::PageToken;

/// Finds a cycle of any length in a chain of tokens with one saved token
/// (Brent 1980, "An improved Monte Carlo factorization algorithm", §2): the
/// saved token moves up at every power of two, so a cycle of length n is found
/// at most about 3n pages after it is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cycle {
    saved: Option<PageToken>,
}

impl Cycle {
    /// The cycle finder of a chain whose saved token is this one.
    pub(crate) fn with(saved: Option<PageToken>) -> Self {
        Self { saved }
    }

    /// The saved token, for a later run to go on with.
    pub(crate) fn saved(&self) -> Option<&PageToken> {
        self.saved.as_ref()
    }

    /// Takes the token of the page with this number, the second page being 1;
    /// true where it was there before.
    pub(crate) fn closes(&mut self, page: u32, token: &PageToken) -> bool {
        if self.saved.as_ref() == Some(token) {
            return true;
        }
        if page.is_power_of_two() {
            self.saved = Some(token.clone());
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(n: u32) -> PageToken {
        PageToken::from_raw(n.to_string()).expect("a number is no empty text")
    }

    proptest! {
        #[test]
        fn every_cycle_is_found_and_no_chain_is_called_one(tail in 0u32..40, length in 1u32..40, restart in 0u32..80) {
            let mut cycle = Cycle::default();
            let at = |i: u32| if i < tail { i } else { tail + (i - tail) % length };
            let found = (0..400u32).find(|i| {
                if *i == restart {
                    // What a killed run leaves is enough to go on.
                    cycle = Cycle::with(cycle.saved().cloned());
                }
                cycle.closes(i + 1, &token(at(*i)))
            });
            let found = found.expect("the cycle is found");
            // Never before a token came twice, and not much later.
            prop_assert!(found >= tail + length, "{found}");
            prop_assert!(found <= 4 * (tail + length) + 4, "{found}");
            let mut chain = Cycle::default();
            prop_assert!((0..400).all(|n| !chain.closes(n + 1, &token(n))));
        }
    }
}
