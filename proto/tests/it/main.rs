//! The wire format from outside: descriptors, encoding, and JSON against what another implementation printed.

mod any;
mod descriptors;
mod determinism;
mod golden;
mod json;
mod round_trip;
