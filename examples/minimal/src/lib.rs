//! example-minimal
