//! connector-tableau
