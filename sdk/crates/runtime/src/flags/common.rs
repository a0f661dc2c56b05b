//! Flags of a sync, of logs and of HTTP.

use connector_model::config::{Export, Field};

use super::{Flag, Use, exported, flag};

/// A file of ours is always SQLite: what is said where another is asked for.
pub(crate) const STORAGE_ENGINES: [&str; 2] = ["sqlite", "pebble"];

pub(super) fn flags() -> Vec<Flag> {
    [ops(), sync(), chosen()].concat()
}

/// The exported ones, in the order of the `config` output.
fn ops() -> Vec<Flag> {
    let ops = Export::Ops;
    let otel = Use::Ignored("telemetry is not built yet");
    let health = Use::Ignored("the health server runs in service mode only");
    vec![
        exported(
            Field::string("log-level").export(ops).default_value("info"),
            "how much to log: debug, info, warn or error",
            Use::Works,
        ),
        exported(
            Field::string("log-level-debug-expires-at").export(ops),
            "when the level debug falls back to info, in hosted mode",
            Use::Ignored("it is for connectors that ConductorOne hosts"),
        ),
        exported(
            Field::int("session-store-maximum-size").export(ops).default_value(15_728_640).hidden(),
            "the size of the session cache, in bytes",
            Use::Ignored("there is no session store"),
        ),
        exported(
            Field::string("otel-collector-endpoint").export(ops),
            "where to send telemetry (OTLP)",
            otel,
        ),
        exported(
            Field::string("otel-collector-endpoint-tls-cert-path").export(ops).hidden(),
            "a file with the CA certificate of the telemetry endpoint",
            otel,
        ),
        exported(
            Field::string("otel-collector-endpoint-tls-cert").export(ops).hidden(),
            "the CA certificate of the telemetry endpoint, PEM in base64url",
            otel,
        ),
        exported(
            Field::bool("otel-collector-endpoint-tls-insecure").export(ops).hidden(),
            "send telemetry without TLS",
            otel,
        ),
        exported(Field::bool("otel-tracing-disabled").export(ops).hidden(), "send no traces", otel),
        exported(Field::bool("otel-logging-disabled").export(ops).hidden(), "send no logs", otel),
        exported(Field::bool("health-check").export(ops), "answer health checks over HTTP", health),
        exported(
            Field::int("health-check-port").export(ops).default_value(8081),
            "the port of the health server",
            health,
        ),
        exported(
            Field::string("health-check-bind-address").export(ops).default_value("127.0.0.1").hidden(),
            "the address of the health server",
            health,
        ),
        exported(
            Field::int("http-timeout-seconds").export(ops).default_value(300).at_least(1).at_most(1800),
            "how long one HTTP request may take, in seconds",
            Use::Works,
        ),
    ]
}

fn sync() -> Vec<Flag> {
    let no_lists = "every sync reads everything";
    vec![
        flag(
            Field::string("file").short('f').default_value("sync.c1z"),
            "the .c1z file to write",
            Use::Works,
        ),
        flag(
            Field::bool("overwrite"),
            "replace the file even if it is of a format that this program does not write",
            Use::Works,
        ),
        flag(
            Field::int("workers").default_value(-1).at_least(-1).at_most(1024),
            "how many requests may be in flight: -1 chooses, 0 and 1 are one after the other",
            Use::Works,
        ),
        flag(
            Field::string("log-format"),
            "json or console; console where stdout is a terminal, else json",
            Use::Works,
        ),
        flag(Field::string_slice("log-path"), "files to log to, instead of stderr", Use::Works),
        flag(
            Field::string("c1z-temp-dir").hidden(),
            "the folder for working files; must be there (else BATON_TMPDIR, else beside the file)",
            Use::Works,
        ),
        flag(
            Field::string("auth-method"),
            "which group of settings to use, for a connector with several ways to sign in",
            Use::Works,
        ),
        flag(
            Field::string("storage-engine").one_of(STORAGE_ENGINES),
            "accepted for the Go program's sake: files are always written with SQLite (c1z v1)",
            Use::Works,
        ),
        flag(Field::bool("parallel-sync"), "deprecated: the same as --workers=-1", Use::Works),
        flag(
            Field::bool("keep-previous-sync-c1z"),
            "keep the previous file for comparison",
            Use::Ignored(no_lists),
        ),
    ]
}

/// What a sync covers.
fn chosen() -> Vec<Flag> {
    vec![
        flag(
            Field::bool("skip-entitlements-and-grants"),
            "read resources only, no entitlements and no grants",
            Use::Works,
        ),
        flag(
            Field::string_slice("sync-resources"),
            "read only these resources and what is on them, by Baton ID (bid:r:user/1)",
            Use::Works,
        ),
        flag(
            Field::string_slice("sync-resource-types"),
            "read only resources of these types and what is on them",
            Use::Works,
        ),
        flag(Field::bool("skip-grants").hidden(), "read no grants; only with --sync-resources", Use::Works),
        flag(
            Field::string("external-resource-c1z"),
            "a second .c1z file, whose principals grants may name",
            Use::Works,
        ),
        flag(
            Field::string("external-resource-entitlement-id-filter"),
            "only principals who hold this entitlement in the second file",
            Use::Works,
        ),
        flag(
            Field::string_slice("external-resource-traits"),
            "only resources with these traits in the second file (app, role, ...; else user and group)",
            Use::Works,
        ),
        flag(
            Field::bool("allow-incomplete"),
            "write the file even if something could not be read; the file and the summary say what",
            Use::Works,
        ),
        flag(
            Field::string("run-duration"),
            "stop after this time (90s, 30m, 1h30m); the next run goes on",
            Use::Works,
        ),
    ]
}
