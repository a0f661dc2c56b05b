//! The programs of the workspace, run by tests.

use std::{ffi::OsString, path::PathBuf, process::Command};

/// Names a folder of programs that tests run instead of those of their own build.
///
/// So the tests of one version can be held against the programs of another: `.ci/goldens` does.
pub const BUILD: &str = "CONNECTOR_BUILD";

/// The path of a program of the package under test.
///
/// Tests run programs by this macro alone, so that what every program prints can be looked at in one place.
///
/// ```ignore
/// let command = std::process::Command::new(connector_testkit::program!("baton"));
/// ```
#[macro_export]
macro_rules! program {
    ($name:literal) => {
        $crate::program::path($name, env!(concat!("CARGO_BIN_EXE_", $name)))
    };
}

/// The program of this name: in the folder that [`BUILD`] names, else the one that cargo built.
#[doc(hidden)]
pub fn path(name: &str, built: &str) -> PathBuf {
    chosen(name, built, std::env::var_os(BUILD))
}

fn chosen(name: &str, built: &str, folder: Option<OsString>) -> PathBuf {
    match folder.filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder).join(name),
        None => PathBuf::from(built),
    }
}

/// A command without the environment of this process, so that what a developer has set changes no test.
pub fn command(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("COLUMNS", "100");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_build_can_be_named() {
        assert_eq!(chosen("p", "/target/debug/p", None), PathBuf::from("/target/debug/p"));
        assert_eq!(chosen("p", "/target/debug/p", Some("".into())), PathBuf::from("/target/debug/p"));
        assert_eq!(chosen("p", "/target/debug/p", Some("/old".into())), PathBuf::from("/old/p"));
    }
}
