//! Small building blocks for generated text, free of the formatting machinery because a
//! benchmark asks for millions of these strings.

/// Appends a number in decimal, padded with zeros to at least `width` digits.
pub(crate) fn push_number(out: &mut String, number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut start = digits.len();
    while rest > 0 || digits.len() - start < width.clamp(1, 20) {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    for digit in &digits[start..] {
        out.push(char::from(*digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_and_never_cut() {
        let mut out = String::new();
        for (number, width) in [(0, 1), (7, 3), (1234, 2), (u64::MAX, 0)] {
            push_number(&mut out, number, width);
            out.push(' ');
        }
        assert_eq!(out, "0 007 1234 18446744073709551615 ");
    }
}
