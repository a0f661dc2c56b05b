//! The program from outside: what it prints, what it refuses, and how it ends.
#![expect(clippy::unwrap_used, reason = "tests")]

mod artifacts;
#[cfg(unix)]
mod bad_disk;
#[cfg(unix)]
mod bad_input;
#[cfg(feature = "demo")]
mod demo;
#[cfg(feature = "demo")]
mod goldens;
#[cfg(unix)]
mod killed;
mod readme;
mod refusals;
#[cfg(unix)]
mod special_files;
mod support;
mod sync;
