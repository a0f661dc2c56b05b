//! Timestamps as the format stores them: text `YYYY-MM-DD HH:MM:SS.fffffffff`, trailing zeros trimmed, the wall clock
//! of the writing host, no zone.
//!
//! Other readers compare these texts with their own local clock as text, so writing UTC would shift their resume and
//! keep-newer rules by the zone's offset.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The text of a moment on this host's wall clock.
pub fn format(at: Timestamp) -> String {
    format_civil(TimeZone::system().to_datetime(at))
}

/// The text of now.
pub fn now() -> String {
    format(Timestamp::now())
}

fn format_civil(at: DateTime) -> String {
    let (date, time) = (at.date(), at.time());
    let mut text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    let nanos = time.subsec_nanosecond();
    if nanos != 0 {
        text.push_str(format!(".{nanos:09}").trim_end_matches('0'));
    }
    text
}

/// The moment of a stored text, read leniently: the plain form on this host's clock, RFC 3339, and the form that Go
/// prints (`2025-01-02 03:04:05.6 +0000 UTC m=+0.1`). `None` where it is none of these.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let mut words = text.split_ascii_whitespace();
    let plain = match (words.next(), words.next()) {
        (Some(date), Some(time)) => format!("{date} {time}"),
        (Some(whole), None) => whole.to_owned(),
        _ => return None,
    };
    if let Some(offset) = words.next() {
        return format!("{plain}{offset}").parse::<Timestamp>().ok();
    }
    let civil = plain.parse::<DateTime>().ok()?;
    TimeZone::system().to_timestamp(civil).ok()
}

/// Whether a text has exactly the plain form.
pub fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|b| b.iter().all(u8::is_ascii_digit));
    let sign = |at: usize, c: u8| bytes.get(at) == Some(&c);
    let fixed = digits(0..4)
        && sign(4, b'-')
        && digits(5..7)
        && sign(7, b'-')
        && digits(8..10)
        && sign(10, b' ')
        && digits(11..13)
        && sign(13, b':')
        && digits(14..16)
        && sign(16, b':')
        && digits(17..19);
    fixed
        && (bytes.len() == 19
            || (sign(19, b'.') && (21..=29).contains(&bytes.len()) && digits(20..bytes.len())))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_moment_comes_back(seconds in 0_i64..4_000_000_000, nanos in 0_i32..1_000_000_000) {
            let at = Timestamp::new(seconds, nanos).unwrap();
            let text = format(at);
            prop_assert!(is_plain(&text), "{text}");
            // An hour that the clock shows twice in autumn is read as one of the two.
            let off = parse(&text).unwrap().duration_since(at).as_secs().abs();
            prop_assert!(off == 0 || off <= 7_200, "{text} is {off} s off");
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,40}|[0-9:. TZ+-]{0,40}") {
            let _either = (parse(&text), is_plain(&text));
        }
    }

    #[test]
    fn zeros_are_trimmed() {
        let at: DateTime = "2026-11-24T06:13:53.866446340".parse().unwrap();
        assert_eq!(format_civil(at), "2026-11-24 06:13:53.86644634");
        let at: DateTime = "2026-11-24T06:13:53".parse().unwrap();
        assert_eq!(format_civil(at), "2026-11-24 06:13:53");
    }

    #[test]
    fn what_is_written_is_read() {
        let at: Timestamp = "2026-11-24T06:13:53.86644634Z".parse().unwrap();
        assert_eq!(parse(&format(at)), Some(at));
        assert!(is_plain(&format(at)));
        assert!(is_plain(&now()));
    }

    #[test]
    fn old_forms_are_read() {
        let at: Timestamp = "2025-01-02T03:04:05.6Z".parse().unwrap();
        assert_eq!(parse("2025-01-02T03:04:05.6Z"), Some(at));
        assert_eq!(parse("2025-01-02T05:04:05.6+02:00"), Some(at));
        assert_eq!(parse("2025-01-02 03:04:05.6 +0000 UTC"), Some(at));
        assert_eq!(parse("2025-01-02 03:04:05.6 +0000 UTC m=+0.012"), Some(at));
        for nonsense in ["", "yesterday", "2025-13-02 03:04:05", "2025-01-02 03:04:05 x y z"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
            assert!(!is_plain(nonsense) || nonsense.starts_with("2025-13"));
        }
        assert!(!is_plain("2025-01-02T03:04:05"));
        assert!(!is_plain("2025-01-02 03:04:05."));
    }
}
