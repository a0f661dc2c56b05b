//! The vocabulary of a connector, without I/O.

mod bid;
mod error;
mod id;

pub use bid::{Bid, BidResource};
pub use error::{Error, ErrorKind, Result, Retry};
pub use id::{MAX_ID_BYTES, ResourceId, ResourceTypeId, entitlement_id, grant_id};
pub use secrecy::{ExposeSecret, SecretString};
