//! The built program, on files made here and on files of another writer.

mod commands;
mod completeness;
mod errors;
mod expand;
mod fixtures;
#[cfg(unix)]
mod forged;
mod goldens;
mod json_shape;
#[cfg(unix)]
mod killed;
mod pipe;
mod program;
mod sample;
mod signal;
