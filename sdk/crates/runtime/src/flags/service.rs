//! Flags of service mode, in which ConductorOne gives the tasks.

use connector_model::config::Field;

use super::{Flag, Use, flag};

pub(super) fn flags() -> Vec<Flag> {
    let service = Use::Unbuilt("service mode");
    let in_service = Use::Ignored("it is for service mode");
    let all = vec![
        flag(
            Field::string("client-id"),
            "the client id that ConductorOne gave; starts service mode",
            service,
        ),
        flag(Field::string("client-secret").secret(), "the client secret that ConductorOne gave", service),
        flag(
            Field::bool("provisioning").short('p'),
            "allow tasks that change something",
            Use::Ignored("a sync only reads, and tasks that change something are not built yet"),
        ),
        flag(
            Field::bool("ticketing"),
            "allow tasks with tickets",
            Use::Ignored("a sync has no tickets, and tasks with them are not built yet"),
        ),
        flag(
            Field::bool("skip-full-sync"),
            "answer full-sync tasks without reading, in service mode",
            Use::Ignored("it is for service mode, and a sync that is not a task of it reads everything"),
        ),
        flag(
            Field::int("task-concurrency").default_value(3).at_least(1).at_most(100),
            "how many tasks may run at once, in service mode",
            in_service,
        ),
    ];
    #[cfg(windows)]
    let all = [
        all,
        vec![flag(
            Field::bool("log-event-log"),
            "log to the event log",
            Use::Ignored("it is for the Windows service"),
        )],
    ]
    .concat();
    all
}
