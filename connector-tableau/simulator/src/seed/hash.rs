//! The mixing functions that all generated data comes from.

/// One step of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", OOPSLA 2014): a bijection on 64 bits that scatters neighbouring inputs.
pub(crate) fn mix64(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Mixes several words into one.
pub(crate) fn mix(words: &[u64]) -> u64 {
    words.iter().fold(0, |state, word| mix64(state ^ word))
}

/// A keyed bijection on 32 bits; [`unscramble`] is its inverse.
pub(crate) fn scramble(value: u32, key: u32) -> u32 {
    let mut x = (value ^ key).wrapping_mul(FIRST);
    x ^= x >> 16;
    x = x.wrapping_mul(SECOND);
    x ^ (x >> 16)
}

/// Undoes [`scramble`] under the same key.
pub(crate) fn unscramble(value: u32, key: u32) -> u32 {
    let mut x = value ^ (value >> 16);
    x = x.wrapping_mul(inverse(SECOND));
    x ^= x >> 16;
    x.wrapping_mul(inverse(FIRST)) ^ key
}

const FIRST: u32 = 0x9E37_79B1;
const SECOND: u32 = 0x85EB_CA6B;

/// The inverse of an odd number modulo 2^32, by Newton's iteration: each round doubles the
/// number of right bits, and an odd number is its own inverse in the lowest three.
const fn inverse(odd: u32) -> u32 {
    let mut guess = odd;
    let mut round = 0;
    while round < 4 {
        guess = guess.wrapping_mul(2u32.wrapping_sub(odd.wrapping_mul(guess)));
        round += 1;
    }
    guess
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn unscramble_undoes_scramble(value: u32, key: u32) {
            prop_assert_eq!(unscramble(scramble(value, key), key), value);
        }
    }
}
