//! What the program takes from its environment.

use std::{env, path::PathBuf};

use connector_store::{OpenOptions, envelope::Limits};

/// How files are opened: `BATON_TMPDIR` and the limits on decoding.
pub(crate) fn open_options() -> OpenOptions {
    OpenOptions { temp_dir: temp_dir(), limits: limits(), ..OpenOptions::default() }
}

/// `BATON_TMPDIR`; an empty one counts as not set.
pub(crate) fn temp_dir() -> Option<PathBuf> {
    env::var_os("BATON_TMPDIR").filter(|v| !v.is_empty()).map(PathBuf::from)
}

/// The limits on decoding, with what variables override.
pub(crate) fn limits() -> Limits {
    Limits::from_vars(|name| env::var(name).ok())
}
