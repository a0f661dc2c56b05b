//! Timestamps as the format stores them: text `YYYY-MM-DD HH:MM:SS.fffffffff`, trailing zeros trimmed, the wall clock
//! of the writing host, no zone.
//!
//! Other readers compare these texts with their own local clock as text, so writing UTC would shift their resume and
//! keep-newer rules by the zone's offset.

use std::time::SystemTime;

use connector_model::{Error, ErrorKind, Result};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Years that the format's text and `google.protobuf.Timestamp` can hold.
const YEARS: std::ops::RangeInclusive<i16> = 1..=9999;

/// The text of a moment on this host's wall clock. Fails out of the years 1 to 9999.
pub fn format(at: Timestamp) -> Result<String> {
    let civil = TimeZone::system().to_datetime(at);
    if YEARS.contains(&civil.year()) {
        return Ok(format_civil(civil));
    }
    Err(Error::new(ErrorKind::OutOfRange, "a file can hold dates from the year 1 to 9999 only")
        .with("date", at))
}

/// The text of now.
pub fn now() -> Result<String> {
    format(clock()?)
}

/// Now, by this machine's clock. Fails where that says a time that no file can hold.
pub fn clock() -> Result<Timestamp> {
    at(SystemTime::now())
}

fn at(clock: SystemTime) -> Result<Timestamp> {
    let now = Timestamp::try_from(clock).ok().filter(|at| format(*at).is_ok());
    now.ok_or_else(|| {
        let text = "this machine's clock is not between the years 1 and 9999; set it and run again";
        Error::new(ErrorKind::FailedPrecondition, text)
    })
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

/// Whether a text has exactly the plain form, and names a day and a time that there are.
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
    let fraction =
        bytes.len() == 19 || (sign(19, b'.') && (21..=29).contains(&bytes.len()) && digits(20..bytes.len()));
    fixed && fraction && text.parse::<DateTime>().is_ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_moment_comes_back(seconds in 0_i64..4_000_000_000, nanos in 0_i32..1_000_000_000) {
            let at = Timestamp::new(seconds, nanos).unwrap();
            let text = format(at).unwrap();
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
        assert_eq!(parse(&format(at).unwrap()), Some(at));
        assert!(is_plain(&format(at).unwrap()));
        assert!(is_plain(&now().unwrap()));
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
            assert!(!is_plain(nonsense), "{nonsense}");
        }
        assert!(!is_plain("2025-01-02T03:04:05"));
        assert!(!is_plain("2025-01-02 03:04:05."));
    }

    /// 253,402,300,800 s is the year 10,000 (RFC 3339 ends before it), -62,135,596,800 s the year 1.
    #[test]
    fn a_clock_beyond_the_calendar_is_an_error() {
        let after = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let before = |seconds| SystemTime::UNIX_EPOCH - Duration::from_secs(seconds);
        const DAY: u64 = 24 * 60 * 60;
        for clock in
            [after(253_402_300_800), after(1 << 40), before(62_135_596_800 + 2 * DAY), before(1 << 40)]
        {
            let error = at(clock).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
            assert!(error.message().contains("clock"), "{error}");
        }
        for clock in [after(0), after(253_402_300_800 - 4 * DAY), before(62_135_596_800 - 2 * DAY)] {
            at(clock).unwrap();
        }
    }

    #[test]
    fn a_date_before_the_year_1_has_no_text() {
        for text in ["-000001-01-01T00:00:00Z", "0000-06-01T00:00:00Z", "-009998-01-01T00:00:00Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(format(at).unwrap_err().kind(), ErrorKind::OutOfRange, "{text}");
        }
        let ends: Timestamp = "9999-12-29T00:00:00Z".parse().unwrap();
        assert!(format(ends).unwrap().starts_with("9999-12-2"));
        assert!(is_plain(&format("0002-01-01T00:00:00Z".parse().unwrap()).unwrap()));
    }

    /// Whatever a file says, it is a moment or none.
    #[test]
    fn dates_beyond_the_calendar_are_no_moments() {
        for text in [
            "10000-01-01 00:00:00",
            "99999-12-31T23:59:59Z",
            "+010000-01-01T00:00:00Z",
            "9999-12-31 23:59:60",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-23:00",
            "12000-01-01 00:00:00 +0000 UTC m=+0.1",
            "-010000-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
