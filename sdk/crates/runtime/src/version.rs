//! What this SDK says that it is.

/// The release of the Go SDK whose behaviour this one follows on the wire:
/// what peers that look at the version of a connector's SDK are told, with
/// the `v` that they expect.
pub const SDK_VERSION: &str = "v0.25.0";

/// The `User-Agent` of a program's requests: `<name>/<version>
/// baton-sdk/<version of the SDK>`.
pub fn user_agent(name: &str, version: &str) -> String {
    format!("{name}/{version} baton-sdk/{SDK_VERSION}")
}
