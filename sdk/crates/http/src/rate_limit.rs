//! What a server says about its rate limit in an answer's headers.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

/// Stems under which services count; the first that is present is read.
const STEMS: &[&str] = &["x-ratelimit-", "ratelimit-", "x-ratelimit-requests-", "x-rate-limit-"];

/// A number of seconds from which a reset is no longer an interval but a
/// moment since 1970 (30 years), and from which it is in milliseconds.
const EPOCH_SECONDS: u64 = 30 * 365 * 24 * 60 * 60;
const EPOCH_MILLIS: u64 = EPOCH_SECONDS * 1000;

/// How long the server asks to wait after this answer, if it does.
///
/// `Retry-After` counts with 429 and 503 ([RFC 9110 §10.2.3]); a reset time
/// counts with 429, and with any answer that says that nothing remains.
/// Moments are measured from the answer's own `Date`, so that a wrong clock
/// here does not matter.
///
/// [RFC 9110 §10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
pub(crate) fn wait(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let now = text(headers, "date").and_then(|d| httpdate::parse_http_date(d).ok()).unwrap_or(now);
    let told = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if told
        && let Some(after) = text(headers, header::RETRY_AFTER.as_str())
        && let Some(wait) = moment(after, now)
    {
        return Some(wait);
    }
    let spent = counted(headers, "remaining").and_then(leading_integer) == Some(0);
    if !spent && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    moment(counted(headers, "reset")?, now)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn counted<'a>(headers: &'a HeaderMap, what: &str) -> Option<&'a str> {
    STEMS.iter().find_map(|stem| text(headers, &format!("{stem}{what}")))
}

/// The integer at the start: `100;w=60` is 100.
fn leading_integer(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// An interval in seconds, a moment since 1970 in seconds or milliseconds, an
/// HTTP date in any of its three forms, or an RFC 3339 time.
fn moment(text: &str, now: SystemTime) -> Option<Duration> {
    let until = |at: SystemTime| at.duration_since(now).unwrap_or_default();
    let since_epoch = |d: Duration| SystemTime::UNIX_EPOCH.checked_add(d).map(until);
    if let Ok(at) = httpdate::parse_http_date(text) {
        return Some(until(at));
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return SystemTime::try_from(at).ok().map(until);
    }
    match leading_integer(text)? {
        n if n > EPOCH_MILLIS => since_epoch(Duration::from_millis(n)),
        n if n > EPOCH_SECONDS => since_epoch(Duration::from_secs(n)),
        n => Some(Duration::from_secs(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 §5.6.7.
    const NOW: u64 = 784_111_777;

    fn wait_for(status: u16, pairs: &[(&'static str, &str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().expect("a value"));
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        wait(StatusCode::from_u16(status).expect("a status"), &headers, now).map(|d| d.as_secs())
    }

    #[test]
    fn retry_after_in_every_form() {
        for (value, seconds) in [
            ("120", 120),
            ("Sun, 06 Nov 1994 08:49:47 GMT", 10),  // IMF-fixdate
            ("Sunday, 06-Nov-94 08:49:47 GMT", 10), // RFC 850
            ("Sun Nov  6 08:49:47 1994", 10),       // asctime
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0),   // past
        ] {
            assert_eq!(wait_for(429, &[("retry-after", value)]), Some(seconds), "{value}");
            assert_eq!(wait_for(503, &[("retry-after", value)]), Some(seconds), "{value}");
        }
        assert_eq!(wait_for(200, &[("retry-after", "120")]), None);
        assert_eq!(wait_for(429, &[("retry-after", "soon")]), None);
        assert_eq!(wait_for(429, &[]), None);
    }

    #[test]
    fn the_servers_own_clock_counts() {
        let date = ("date", "Sun, 06 Nov 1994 09:00:00 GMT");
        let after = ("retry-after", "Sun, 06 Nov 1994 09:00:05 GMT");
        assert_eq!(wait_for(429, &[date, after]), Some(5));
    }

    #[test]
    fn resets_under_every_stem_and_unit() {
        for stem in ["x-ratelimit", "ratelimit", "x-ratelimit-requests", "x-rate-limit"] {
            let reset: &'static str = format!("{stem}-reset").leak();
            let remaining: &'static str = format!("{stem}-remaining").leak();
            assert_eq!(wait_for(429, &[(reset, "7")]), Some(7), "{stem}");
            assert_eq!(wait_for(200, &[(reset, "7"), (remaining, "0")]), Some(7), "{stem}");
            assert_eq!(wait_for(200, &[(reset, "7"), (remaining, "1;w=60")]), None, "{stem}");
        }
        let reset = "x-ratelimit-reset";
        // More than 30 years is a moment, which these tests' 1994 is before.
        let date = ("date", "Tue, 14 Nov 2023 22:13:20 GMT"); // 1,700,000,000
        assert_eq!(wait_for(429, &[date, (reset, "1700000009")]), Some(9));
        assert_eq!(wait_for(429, &[date, (reset, "1700000009000")]), Some(9));
        assert_eq!(wait_for(429, &[date, (reset, "2023-11-14T22:13:29Z")]), Some(9));
        assert_eq!(wait_for(429, &[date, (reset, "100;w=60")]), Some(100));
        assert_eq!(wait_for(429, &[(reset, "99999999999999999999")]), None);
    }
}
