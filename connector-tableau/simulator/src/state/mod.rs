//! What changes while the simulator runs: who is on a site, and who is signed in.

mod live;
mod session;

pub(crate) use live::Live;
pub(crate) use session::{Session, Sessions};
