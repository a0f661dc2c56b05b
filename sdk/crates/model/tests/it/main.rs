//! The model against the wire: the descriptors say what there is, and what
//! there is must come back.

#![expect(clippy::unwrap_used, reason = "tests")]

mod completeness;
mod generate;
mod native;
mod numbers;
mod wire;
