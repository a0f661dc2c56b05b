//! What `build.rs` makes of the `.proto` files.
#![allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    rustdoc::all,
    clippy::all,
    clippy::pedantic,
    clippy::large_futures,
    reason = "generated code: which lints it meets depends on the generator"
)]

include!(concat!(env!("OUT_DIR"), "/packages.rs"));
