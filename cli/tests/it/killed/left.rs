//! What a killed run left beside the output, looked at without the engine:
//! the rows that are safe, and how far it came.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use connector_store::WorkDb;
use tableau_simulator::{Asked, Endpoint, Simulator};

/// Rows of a page of users.
const PAGE: usize = 1000;

/// What is safe.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Where the run was.
    pub(crate) phase: String,
    /// The sync that the working database is for.
    pub(crate) sync: Option<String>,
    /// Pages whose rows are there, as (what, page): the list of users, and of
    /// the members of a group.
    pub(crate) pages: BTreeSet<(String, u64)>,
}

impl Left {
    /// Looks at a copy of the folder, so that the next run finds it as it was.
    pub(crate) async fn by(folder: &Path, site: &Simulator) -> Self {
        let at = |phase: &str| Self { phase: phase.to_owned(), ..Self::default() };
        if !folder.exists() {
            return at("before the working folder");
        }
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
        }
        let database = copy.path().join("sync.db");
        if !database.exists() || !copy.path().join("record.json").exists() {
            return at("before the database");
        }
        let Ok(mut db) = WorkDb::open(&database).await else { return at("while the database was made") };
        let sync = db.sync_id().to_string();
        let finished = db.is_finished().await.unwrap();
        let mut conn = db.connection();
        let meta: Option<(String, String)> = sqlx::query_as(
            "select a.value, b.value from work_meta a, work_meta b where a.key = 'state' and b.key = 'checkpoint'",
        )
        .fetch_optional(&mut conn)
        .await
        .unwrap_or_default();
        let users: Vec<String> = sqlx::query_scalar(
            "select external_id from v1_resources where sync_id = ? and resource_type_id = 'user'",
        )
        .bind(&sync)
        .fetch_all(&mut conn)
        .await
        .unwrap();
        let members: Vec<(String, i64)> = sqlx::query_as(
            "select resource_id, count(*) from v1_grants where sync_id = ? and resource_type_id = 'group' \
             group by resource_id",
        )
        .bind(&sync)
        .fetch_all(&mut conn)
        .await
        .unwrap();
        db.close().await.unwrap();
        let phase = match meta {
            Some((state, checkpoint)) if state == "\"collecting\"" => {
                let checkpoint: serde_json::Value = serde_json::from_str(&checkpoint).unwrap();
                format!("reading {}", checkpoint["phase"].as_str().unwrap())
            }
            Some((state, _)) => format!("seal: {}", state.trim_matches('"')),
            None if finished => "sealed".to_owned(),
            None => "before the first checkpoint".to_owned(),
        };
        Self { phase, sync: Some(sync), pages: pages(&users, &members, site) }
    }
}

/// The pages that rows belong to. Makes sure that each is there as a whole or
/// not at all.
fn pages(users: &[String], members: &[(String, i64)], site: &Simulator) -> BTreeSet<(String, u64)> {
    let users: BTreeSet<&str> = users.iter().map(|id| id.trim_start_matches("user:")).collect();
    let mut pages = BTreeSet::new();
    for (page, of_page) in (1..).zip(site.seed().users().chunks(PAGE)) {
        let there = of_page.iter().filter(|user| users.contains(user.id.to_string().as_str())).count();
        assert!(there == 0 || there == of_page.len(), "a half page of users: {there}");
        if there > 0 {
            pages.insert(("users".to_owned(), page));
        }
    }
    let members: BTreeMap<_, _> = members.iter().map(|(group, n)| (group.as_str(), *n)).collect();
    // The first is All Users, which is known from the list of users.
    for group in site.seed().groups().iter().skip(1) {
        let all = site.seed().members(group.id).len();
        if let Some(there) = members.get(group.id.to_string().as_str()) {
            assert_eq!(usize::try_from(*there).unwrap(), all, "a half page of members");
            pages.insert((group.id.to_string(), 1));
        }
    }
    pages
}

/// The page that a request asks for, if it is one of those that are told
/// apart.
pub(crate) fn page_of(asked: &Asked) -> Option<(String, u64)> {
    match asked.endpoint {
        Endpoint::Users => Some(("users".to_owned(), asked.page)),
        Endpoint::GroupMembers => {
            let group = asked.path.split('/').rev().nth(1)?;
            Some((group.to_owned(), asked.page))
        }
        _ => None,
    }
}
