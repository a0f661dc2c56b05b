//! The flags against the list of what the Go program (SDK 0.25) takes.

use connector_model::config::{Export, Kind, Schema};

use super::*;
use crate::{Program, command};

/// Name, type, default, hidden in help, exported: from the Go program's
/// table. Ours is `workers`' default, -1 for its 0: unset is automatic.
const TABLE: &str = "
file string sync.c1z
client-id string
client-secret string
provisioning bool
ticketing bool
skip-full-sync bool
sync-resources slice
sync-resource-types slice
skip-entitlements-and-grants bool
skip-grants bool - hidden
workers int -1
parallel-sync bool
task-concurrency int 3
storage-engine string
keep-previous-sync-c1z bool
external-resource-c1z string
external-resource-entitlement-id-filter string
external-resource-traits slice
auth-method string
http-timeout-seconds int 300 ops
log-level string info ops
log-level-debug-expires-at string - ops
log-format string
log-path slice
otel-collector-endpoint string - ops
otel-collector-endpoint-tls-cert-path string - hidden ops
otel-collector-endpoint-tls-cert string - hidden ops
otel-collector-endpoint-tls-insecure bool - hidden ops
otel-tracing-disabled bool - hidden ops
otel-logging-disabled bool - hidden ops
health-check bool - ops
health-check-port int 8081 ops
health-check-bind-address string 127.0.0.1 hidden ops
session-store-maximum-size int 15728640 hidden ops
c1z-temp-dir string - hidden
grant-entitlement string - hidden
grant-principal string - hidden
grant-principal-type string - hidden
revoke-grant string - hidden
create-account-login string - hidden
create-account-email string - hidden
create-account-profile string - hidden
create-account-resource-type string - hidden
delete-resource string - hidden
delete-resource-type string - hidden
rotate-credentials string - hidden
rotate-credentials-type string - hidden
event-feed string - hidden
event-feed-id string - hidden
event-feed-cursor string - hidden
event-feed-start-at string - hidden
create-ticket bool - hidden
ticket-template-path string - hidden
bulk-create-ticket bool - hidden
bulk-ticket-template-path string - hidden
get-ticket bool - hidden
ticket-id string - hidden
list-ticket-schemas bool - hidden
invoke-action string - hidden
invoke-action-args string {} hidden
invoke-action-resource-type string - hidden
list-action-schemas bool - hidden
list-action-schemas-resource-type string - hidden
list-resource-actions string - hidden
invoke-resource-action string - hidden
invoke-resource-action-resource-type string - hidden
invoke-resource-action-args string {} hidden
diff-syncs bool - hidden
base-sync-id string - hidden
applied-sync-id string - hidden
compact-syncs bool - hidden
compact-sync-ids slice - hidden
compact-file-paths slice - hidden
compact-output-path string - hidden
";

/// Ours alone.
const OURS: [&str; 3] = ["overwrite", "allow-incomplete", "run-duration"];

#[test]
fn every_flag_of_the_go_program_is_there_as_it_is_there() {
    let flags = all();
    let mut names: Vec<&str> = OURS.to_vec();
    for line in TABLE.trim().lines() {
        let mut words = line.split(' ');
        let (name, kind) = (words.next().expect("a name"), words.next().expect("a type"));
        let default = words.next().filter(|d| *d != "-").unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        let flag = flags.iter().find(|f| f.field.name == name).unwrap_or_else(|| panic!("no --{name}"));
        let (our_kind, our_default) = match &flag.field.kind {
            Kind::String(k) => ("string", k.default.clone()),
            Kind::Int(k) => ("int", k.default.to_string()),
            Kind::Bool(k) => ("bool", if k.default { "true".to_owned() } else { String::new() }),
            Kind::StringSlice(k) => ("slice", k.default.join(",")),
            Kind::StringMap(_) => ("map", String::new()),
        };
        assert_eq!((our_kind, our_default.as_str()), (kind, default), "--{name}");
        assert_eq!(flag.field.hidden, rest.contains(&"hidden"), "--{name} is hidden");
        assert_eq!(flag.field.export == Export::Ops, rest.contains(&"ops"), "--{name} is exported");
        names.push(name);
    }
    let more: Vec<&str> =
        flags.iter().map(|f| f.field.name.as_str()).filter(|n| !names.contains(n)).collect();
    assert_eq!(more, [""; 0], "flags that the table does not have");
}

#[test]
fn every_flag_parses_before_and_behind_a_command() {
    let own = Schema::builder("Team").build().expect("a schema");
    let program = Program::new(
        "baton-team",
        "0.1.0",
        || Schema::builder("Team").build(),
        |_, _| async { Err(connector_model::Error::internal("not made here")) },
        || Err(connector_model::Error::internal("not made here")),
    );
    let command = command::build(&program, &own, &all());
    command.clone().debug_assert();
    for flag in all() {
        let value = match flag.field.kind {
            Kind::Bool(_) => format!("--{}", flag.field.name),
            Kind::Int(_) => format!("--{}=7", flag.field.name),
            _ => format!("--{}=x", flag.field.name),
        };
        for line in [vec!["baton-team", &value], vec!["baton-team", "config", &value]] {
            let parsed = command.clone().try_get_matches_from(&line);
            assert!(parsed.is_ok(), "{line:?}: {parsed:?}");
        }
    }
    for line in [["baton-team", "-f", "x"], ["baton-team", "-p", "config"]] {
        assert!(command.clone().try_get_matches_from(line).is_ok(), "{line:?}");
    }
}

#[test]
fn the_flags_make_a_schema() {
    let own = Schema::builder("Team").build().expect("a schema");
    let fields = all().into_iter().map(|f| f.field).collect();
    own.behind(fields, constraints()).expect("flags and constraints that fit");
}
