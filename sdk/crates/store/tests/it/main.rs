//! The store from outside: files are made, read and broken.

mod fixtures;
mod hostile;
mod kept;
mod ledger;
mod sample;
mod verify;
mod write;
