//! How the flags that every program has depend on one another.

use connector_model::config::Constraint;

pub(super) fn constraints() -> Vec<Constraint> {
    let together: [&[&str]; 7] = [
        &["grant-entitlement", "grant-principal"],
        &["client-id", "client-secret"],
        &["create-ticket", "ticket-template-path"],
        &["bulk-create-ticket", "bulk-ticket-template-path"],
        &["get-ticket", "ticket-id"],
        &["diff-syncs", "base-sync-id", "applied-sync-id"],
        &["compact-syncs", "compact-sync-ids", "compact-file-paths", "compact-output-path"],
    ];
    let exclusive: [&[&str]; 2] = [
        &[
            "grant-entitlement",
            "revoke-grant",
            "create-account-login",
            "delete-resource",
            "rotate-credentials",
            "event-feed",
            "create-ticket",
            "get-ticket",
            "list-ticket-schemas",
            "bulk-create-ticket",
        ],
        &[
            "grant-entitlement",
            "revoke-grant",
            "create-account-email",
            "delete-resource-type",
            "rotate-credentials-type",
            "event-feed",
            "diff-syncs",
            "compact-syncs",
            "list-ticket-schemas",
        ],
    ];
    let dependent: [(&[&str], &str); 3] = [
        (&["external-resource-entitlement-id-filter", "external-resource-traits"], "external-resource-c1z"),
        (&["skip-grants"], "sync-resources"),
        (&["health-check-port", "health-check-bind-address"], "health-check"),
    ];
    let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let together = together.iter().map(|names| Constraint::required_together(own(names)));
    let exclusive = exclusive.iter().map(|names| Constraint::mutually_exclusive(own(names)));
    let dependent = dependent.iter().map(|(names, on)| Constraint::dependent_on(own(names), [*on]));
    together.chain(exclusive).chain(dependent).collect()
}
