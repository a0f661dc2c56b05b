//! The list of faults that `--help` prints.

/// Name, argument and meaning of each fault.
pub(super) const FAULTS: &[(&str, &str, &str)] = &[
    ("expire", "=WHEN", "the session has expired before that request: 401 with 401002, until a new sign-in"),
    (
        "rate-limit",
        "=WHEN[:SECONDS|:date[SECONDS]]",
        "429 with 429000, with Retry-After in seconds or as an HTTP date (60 s ahead), or without",
    ),
    ("storm", "=N[:SECONDS|:date[SECONDS]]", "429 on each of the first N requests to any endpoint"),
    ("quota", "=N", "N requests pass, then all get 429 without Retry-After until the hour rolls"),
    ("unavailable", "=WHEN", "503 with a page of HTML"),
    ("hex-error", "=WHEN", "400 with the error code 0x5CE10192"),
    (
        "error",
        "=WHEN:STATUS[:CODE]",
        "an error of that HTTP status and Tableau code (default: status and 000)",
    ),
    ("forbidden", "=WHEN", "403 with 403004"),
    ("html", "=WHEN", "200 with a page of HTML, as a proxy's sign-in page would be"),
    ("bare-401", "=WHEN", "401 without a body"),
    ("truncate", "=WHEN", "the connection closes half way through the body"),
    ("cut-body", "=WHEN", "the body stops half way although HTTP says it is whole"),
    ("slow", "=WHEN:DURATION", "the answer comes that much later (such as 500ms or 2s)"),
    ("hang", "=WHEN", "no answer ever comes"),
    ("reset", "=WHEN", "the connection is reset instead of an answer"),
    ("delete-first", "=WHEN:K", "K users at the head of the list leave the site just before that request"),
    ("delete-last", "=WHEN:K", "K users at the tail of the list leave the site just before that request"),
    ("insert-first", "=WHEN:K", "K users who sort first join the site just before that request"),
    ("insert-last", "=WHEN:K", "K users who sort last join the site just before that request"),
    ("hide-users", "=K", "K members of the first group are not in the list of users, but can be read by id"),
    ("ghost-members", "=K", "K members of the first group do not exist as users: 404 with 404002 by id"),
    ("index-lag", "=N", "a user who joins is missing from the next N list requests, but can be read by id"),
    ("single-object", "", "JSON lists of one are that one object instead of an array"),
    ("native-scalars", "", "JSON numbers and booleans are not quoted"),
    ("omit-last-login", "", "lastLogin is not among the default fields"),
    ("extra-fields", "", "the default fields come even where `fields` names others"),
    (
        "non-admin",
        "",
        "the token belongs to a Viewer: lists of users are refused with 403004, other users with 403133",
    ),
    ("server-admin", "", "the token belongs to a server administrator, who may list sites"),
    ("revoked-token", "", "the right token no longer signs in: 401 with 401001"),
    ("decoy-all-users", "", "the fourth group, from a directory, is called All Users too"),
    ("localised-all-users", "", "All Users is called Alle Benutzer"),
];

/// A sentence for each fault, as `--help` prints them.
pub fn help() -> String {
    let mut text = String::from(
        "Faults, each given as --fault NAME[=ARG]:\n\n\
         WHEN is ENDPOINT[#PAGE][@N[xC|+]]: the N-th request (default the first) to the endpoint, C of them in a row, \
         or all from there on (+); with #PAGE only requests for that page count. ENDPOINT is signin, signout, switchsite, \
         serverinfo, sites, site, users, user, groups, group-members, groupsets, projects, other, or * for any. \
         Example: rate-limit=users#3@1x2:5\n\n",
    );
    for (name, argument, meaning) in FAULTS {
        text.push_str(&format!("  {name}{argument}\n          {meaning}\n"));
    }
    text
}
