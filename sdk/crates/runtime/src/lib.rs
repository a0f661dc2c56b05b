//! connector-runtime
