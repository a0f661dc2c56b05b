//! How much a file may ask of its reader.

/// Limits on decoding; sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest decoded database: 10 GiB unless `BATON_DECODER_MAX_DECODED_SIZE_MB` (MiB) says otherwise.
    pub decoded: u64,
    /// The largest zstd window: 128 MiB unless `BATON_DECODER_MAX_MEMORY_MB` (MiB) says otherwise.
    pub window: u64,
    /// The most rows of all tables together, where `BATON_DECODER_MAX_ROWS` says so: else four million, or one for
    /// each sixteen bytes of the packed file. A million grants take 34 MB.
    pub rows: Option<u64>,
    /// Whether a file that declares too large a size fails before it is decoded; `BATON_DISABLE_FCS_FAIL_FAST=1`
    /// turns that off. What is decoded is cut at the limit in any case.
    pub trust_declared: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { decoded: 10 << 30, window: 128 << 20, rows: None, trust_declared: true }
    }
}

impl Limits {
    /// Returns the defaults with what variables override: `var` looks one up by its name. A value that is no number
    /// above zero is ignored with a warning, as the Go SDK does.
    pub fn from_vars(mut var: impl FnMut(&str) -> Option<String>) -> Self {
        let default = Self::default();
        let mut number = |name: &str| {
            let text = var(name)?;
            match text.trim().parse::<u64>() {
                Ok(n) if n > 0 => Some(n),
                _ => {
                    tracing::warn!(variable = name, value = text, "not a number above zero, ignored");
                    None
                }
            }
        };
        let [decoded, window] = ["BATON_DECODER_MAX_DECODED_SIZE_MB", "BATON_DECODER_MAX_MEMORY_MB"]
            .map(|name| Some(number(name)?.saturating_mul(1 << 20)));
        let rows = number("BATON_DECODER_MAX_ROWS");
        Self {
            decoded: decoded.unwrap_or(default.decoded),
            window: window.unwrap_or(default.window),
            rows,
            trust_declared: var("BATON_DISABLE_FCS_FAIL_FAST").as_deref() != Some("1"),
        }
    }

    /// The most rows of a file that is packed into so many bytes.
    pub(crate) fn most_rows(&self, packed: u64) -> u64 {
        self.rows.unwrap_or((packed / 16).max(4_000_000))
    }

    /// The window as zstd wants it: the greatest power of two that is not above it, within what zstd takes.
    pub(crate) fn window_log(&self) -> u32 {
        self.window.max(1).ilog2().clamp(10, 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_overrides() {
        let limits = Limits::from_vars(|name| match name {
            "BATON_DECODER_MAX_DECODED_SIZE_MB" => Some("3".into()),
            "BATON_DECODER_MAX_MEMORY_MB" => Some("64".into()),
            "BATON_DECODER_MAX_ROWS" => Some("7".into()),
            "BATON_DISABLE_FCS_FAIL_FAST" => Some("1".into()),
            _ => None,
        });
        assert_eq!(
            limits,
            Limits { decoded: 3 << 20, window: 64 << 20, rows: Some(7), trust_declared: false }
        );
        assert_eq!(limits.most_rows(1 << 40), 7);
        assert_eq!(limits.window_log(), 26);
    }

    #[test]
    fn nonsense_is_ignored() {
        assert_eq!(Limits::from_vars(|_| Some("-1".into())), Limits::default());
        assert_eq!(Limits::default().window_log(), 27);
    }
}
