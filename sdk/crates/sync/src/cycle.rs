//! Page tokens that lead back to where they came from.

use connector_model::PageToken;

/// Finds a cycle of any length in a chain of tokens with one saved token
/// (Brent 1980, "An improved Monte Carlo factorization algorithm", §2): the
/// saved token moves up at every power of two, so a cycle of length n is found
/// at most about 3n pages after it is entered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cycle {
    saved: Option<PageToken>,
    steps: u64,
    power: u64,
}

impl Cycle {
    /// Takes the next token of the chain; true where it was there before.
    pub(crate) fn closes(&mut self, next: &PageToken) -> bool {
        if self.saved.as_ref() == Some(next) {
            return true;
        }
        self.steps += 1;
        if self.steps >= self.power {
            self.saved = Some(next.clone());
            self.power = (self.power * 2).max(1);
            self.steps = 0;
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
        fn every_cycle_is_found_and_no_chain_is_called_one(tail in 0u32..40, length in 1u32..40) {
            let mut cycle = Cycle::default();
            let visits = (0..).map(|i| if i < tail { i } else { tail + (i - tail) % length });
            let found = visits.take(400).position(|n| cycle.closes(&token(n)));
            let found = u32::try_from(found.expect("the cycle is found")).expect("small");
            // Never before a token came twice, and not much later.
            prop_assert!(found >= tail + length, "{found}");
            prop_assert!(found <= 4 * (tail + length) + 4, "{found}");
            let mut chain = Cycle::default();
            prop_assert!((0..400).all(|n| !chain.closes(&token(n))));
        }
    }
}
