//! Numbers as people read them.

use std::time::Duration;

/// `1,234,567`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `35.2 KiB`.
pub(super) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// `1.25 s`, `2 min 5 s`.
pub(super) fn duration(took: Duration) -> String {
    match took.as_secs() {
        0..60 => format!("{:.2} s", took.as_secs_f64()),
        s => format!("{} min {} s", s / 60, s % 60),
    }
}

/// `42 s`, `2 min 10 s`, `3 h 5 min`: whole seconds, and none beside hours.
/// What is begun counts, so that a wait is over when it is said to be.
pub(crate) fn rough(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let two = |n: u64, unit: &str, rest: u64, of: &str| match rest {
        0 => format!("{n} {unit}"),
        rest => format!("{n} {unit} {rest} {of}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        _ => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        for (n, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (1_000_000, "1,000,000")]
        {
            assert_eq!(grouped(n), text);
        }
    }

    #[test]
    fn times_are_rough() {
        for (millis, text) in [
            (0, "0 s"),
            (41_001, "42 s"),
            (60_000, "1 min"),
            (130_000, "2 min 10 s"),
            (3_600_000, "1 h"),
            (11_100_000, "3 h 5 min"),
        ] {
            assert_eq!(rough(Duration::from_millis(millis)), text);
        }
    }
}
