//! connector-store
