//! connector-sync
