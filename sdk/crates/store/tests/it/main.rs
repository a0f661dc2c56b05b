//! The store from outside: files are made, read and broken.

mod fixtures;
mod kept;
mod write;
