//! What is fuzzed: bytes that come from outside, each kind with a function
//! that takes any bytes and panics where something is wrong.
//!
//! The functions are run in two ways: by the programs in `sdk/fuzz`, which
//! libFuzzer leads to new paths and which need a nightly compiler; and by the
//! smoke test of this crate, which mutates the same seeds a few thousand times
//! on any compiler.
//!
//! A target checks more than that nothing panics: what was read can be written
//! and read again, limits hold, and bad bytes are an error of a kind that says
//! so.

mod envelope;
mod expansion;
mod foreign_token;
mod page_token;
mod reader;
mod scratch;
mod structure;

use connector_model::{Error, ErrorKind};

pub use envelope::envelope;
pub use expansion::expansion;
pub use foreign_token::foreign_token;
pub use page_token::page_token;
pub use reader::reader;
pub use structure::{forged, structure};

/// A target: any bytes in, a panic where something is wrong.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its program and of the
/// folder of its seeds.
pub const TARGETS: [(&str, Target); 6] = [
    ("envelope", envelope),
    ("expansion", expansion),
    ("foreign_token", foreign_token),
    ("page_token", page_token),
    ("reader", reader),
    ("structure", structure),
];

/// Bytes that can't be read are the file's fault, and the error must say so: it
/// must not call itself a bug of ours.
fn blames_the_bytes(error: &Error) {
    assert!(
        !matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unknown),
        "bad bytes are told as a bug: {}",
        error.report()
    );
}
