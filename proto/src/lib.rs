//! The wire format of ConductorOne connectors: our own `.proto` files (in `proto/`), the Rust types made from them,
//! and the canonical protobuf JSON of any message ([`json`]).
//!
//! Modules mirror packages: the message `c1.connector.v2.Grant` is [`c1::connector::v2::Grant`]. Well-known types are
//! those of [`prost_types`]. Maps are `BTreeMap`s, so the same message is always the same bytes. Every message knows
//! its name ([`prost::Name`]), from which [`any`] makes type URLs. Service stubs are not made here; the rpcs are in
//! [`FILE_DESCRIPTOR_SET`].

pub mod any;
mod generated;
pub mod json;

pub use generated::{baton, c1, google};

/// Every package of the wire format, well-known types included, as an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
