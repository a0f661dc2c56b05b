//! Times of a sync.

use connector_store::time;
use prost_types::Timestamp;

/// Seconds of the year 1 and of the year 10,000, between which `google.protobuf.Timestamp` lies.
const RANGE: std::ops::Range<i64> = -62_135_596_800..253_402_300_800;

/// The moment of a stored text, which is the wall clock of this host where it names no zone. `None` where it is no
/// time.
pub(crate) fn wire(text: &str) -> Option<Timestamp> {
    let nanos = time::parse(text)?.as_nanosecond();
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    let nanos = i32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?;
    RANGE.contains(&seconds).then_some(Timestamp { seconds, nanos })
}

/// A stored time for people: RFC 3339 in UTC, or the text as it is.
pub(crate) fn shown(text: &str) -> String {
    time::parse(text).map_or_else(|| text.to_owned(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_count_forward() {
        let at = |text| wire(text).map(|t| (t.seconds, t.nanos));
        assert_eq!(at("1970-01-01T00:00:01.5Z"), Some((1, 500_000_000)));
        assert_eq!(at("1969-12-31T23:59:59.25Z"), Some((-1, 250_000_000)));
        assert_eq!(at("0001-01-01T00:00:00Z"), Some((-62_135_596_800, 0)));
        assert_eq!(at("0000-12-31T00:00:00Z"), None);
        assert_eq!(at("yesterday"), None);
        assert_eq!(shown("yesterday"), "yesterday");
        assert_eq!(shown("2025-01-02T05:04:05.6+02:00"), "2025-01-02T03:04:05.6Z");
    }
}
