//! Flags of the one-shot tasks, in the order in which the first one given is
//! the task.

use connector_model::config::Field;

use super::{Flag, Use, flag};

fn string(name: &str, description: &str, usage: Use) -> Flag {
    flag(Field::string(name).hidden(), description, usage)
}

fn switch(name: &str, description: &str, usage: Use) -> Flag {
    flag(Field::bool(name).hidden(), description, usage)
}

fn list(name: &str, description: &str, usage: Use) -> Flag {
    flag(Field::string_slice(name).hidden(), description, usage)
}

fn args(name: &str, description: &str, usage: Use) -> Flag {
    flag(Field::string(name).default_value("{}").hidden(), description, usage)
}

pub(super) fn flags() -> Vec<Flag> {
    [access(), accounts(), actions(), tickets(), files()].concat()
}

fn access() -> Vec<Flag> {
    let grant = Use::Unbuilt("granting an entitlement");
    let revoke = Use::Unbuilt("revoking a grant");
    let events = Use::Unbuilt("reading an event feed");
    vec![
        string("grant-entitlement", "the entitlement to grant", grant),
        string("grant-principal", "the id of who is granted it", grant),
        string("grant-principal-type", "the resource type of who is granted it", grant),
        string("revoke-grant", "the grant to revoke", revoke),
        // Text, as in the Go program: it must be given a value.
        string("event-feed", "read the event feed: true or false", events),
        string("event-feed-id", "which event feed", events),
        string("event-feed-cursor", "where the event feed goes on", events),
        string("event-feed-start-at", "from when the event feed is read (RFC 3339)", events),
    ]
}

fn accounts() -> Vec<Flag> {
    let create = Use::Unbuilt("making an account");
    let delete = Use::Unbuilt("deleting a resource");
    let rotate = Use::Unbuilt("changing credentials");
    vec![
        string("create-account-profile", "the profile of the account to make, as JSON", create),
        string("create-account-login", "the login of the account to make", create),
        string("create-account-email", "the e-mail address of the account to make", create),
        string("create-account-resource-type", "the resource type of the account to make", create),
        string("delete-resource", "the id of the resource to delete", delete),
        string("delete-resource-type", "the type of the resource to delete", delete),
        string("rotate-credentials", "the id of the resource whose credentials to change", rotate),
        string("rotate-credentials-type", "the type of the resource whose credentials to change", rotate),
    ]
}

fn actions() -> Vec<Flag> {
    let invoke = Use::Unbuilt("running an action");
    let schemas = Use::Unbuilt("listing actions");
    let never = Use::Ignored("the Go program never reads it");
    vec![
        string("invoke-action", "the action to run", invoke),
        args("invoke-action-args", "the arguments of the action, as JSON", invoke),
        string("invoke-action-resource-type", "the resource type of the action", invoke),
        switch("list-action-schemas", "list the actions", schemas),
        string("list-action-schemas-resource-type", "list the actions of a resource type", schemas),
        string("list-resource-actions", "accepted and not used", never),
        string("invoke-resource-action", "accepted and not used", never),
        string("invoke-resource-action-resource-type", "accepted and not used", never),
        args("invoke-resource-action-args", "accepted and not used", never),
    ]
}

fn tickets() -> Vec<Flag> {
    let create = Use::Unbuilt("making tickets");
    let read = Use::Unbuilt("reading tickets");
    vec![
        switch("create-ticket", "make a ticket", create),
        string("ticket-template-path", "the template of the ticket", create),
        switch("bulk-create-ticket", "make several tickets", create),
        string("bulk-ticket-template-path", "the templates of the tickets", create),
        switch("list-ticket-schemas", "list the kinds of tickets", read),
        switch("get-ticket", "read a ticket", read),
        string("ticket-id", "the id of the ticket", read),
    ]
}

fn files() -> Vec<Flag> {
    let diff = Use::Unbuilt("comparing two syncs");
    let compact = Use::Unbuilt("merging syncs");
    vec![
        switch("diff-syncs", "compare two syncs of the file", diff),
        string("base-sync-id", "the earlier sync", diff),
        string("applied-sync-id", "the later sync", diff),
        switch("compact-syncs", "merge syncs of several files", compact),
        list("compact-sync-ids", "the syncs to merge", compact),
        list("compact-file-paths", "the files of the syncs to merge", compact),
        string("compact-output-path", "the folder for the merged file", compact),
    ]
}
