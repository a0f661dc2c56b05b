//! The built program, on files made here and on files of another writer.

mod commands;
mod completeness;
mod errors;
mod expand;
mod fixtures;
mod json_shape;
mod pipe;
mod program;
mod sample;
mod signal;
