//! How much a file may ask of its reader.

/// Limits on decoding, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest decoded database: 10 GiB unless `BATON_DECODER_MAX_DECODED_SIZE_MB` (MiB) says otherwise.
    pub decoded: u64,
    /// The largest zstd window: 128 MiB unless `BATON_DECODER_MAX_MEMORY_MB` (MiB) says otherwise.
    pub window: u64,
    /// Whether a file that declares too large a size fails before it is decoded; `BATON_DISABLE_FCS_FAIL_FAST=1`
    /// turns that off. What is decoded is cut at the limit in any case.
    pub trust_declared: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { decoded: 10 << 30, window: 128 << 20, trust_declared: true }
    }
}

impl Limits {
    /// The defaults, with what the environment overrides.
    pub fn from_env() -> Self {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let mib = |name: &str| {
            let text = var(name)?;
            match text.trim().parse::<u64>() {
                Ok(n) if n > 0 => Some(n.saturating_mul(1 << 20)),
                _ => {
                    tracing::warn!(variable = name, value = text, "not a number of MiB above zero, ignored");
                    None
                }
            }
        };
        let default = Self::default();
        Self {
            decoded: mib("BATON_DECODER_MAX_DECODED_SIZE_MB").unwrap_or(default.decoded),
            window: mib("BATON_DECODER_MAX_MEMORY_MB").unwrap_or(default.window),
            trust_declared: var("BATON_DISABLE_FCS_FAIL_FAST").as_deref() != Some("1"),
        }
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
            "BATON_DISABLE_FCS_FAIL_FAST" => Some("1".into()),
            _ => None,
        });
        assert_eq!(limits, Limits { decoded: 3 << 20, window: 64 << 20, trust_declared: false });
        assert_eq!(limits.window_log(), 26);
    }

    #[test]
    fn nonsense_is_ignored() {
        assert_eq!(Limits::from_vars(|_| Some("-1".into())), Limits::default());
        assert_eq!(Limits::default().window_log(), 27);
    }
}
