//! What rows are asked for, and the SQL that finds them page by page.

use sqlx::{
    query::Query,
    sqlite::{Sqlite, SqliteArguments},
};

/// Which resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    /// Of this type.
    pub resource_type: Option<String>,
    /// Below this parent (type and id).
    pub parent: Option<(String, String)>,
}

/// Which entitlements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntitlementFilter {
    /// Of resources of this type.
    pub resource_type: Option<String>,
    /// Of this resource (type and id).
    pub resource: Option<(String, String)>,
}

/// Which grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Of entitlements of resources of this type.
    pub resource_type: Option<String>,
    /// Of entitlements of this resource (type and id).
    pub resource: Option<(String, String)>,
    /// Of this entitlement.
    pub entitlement: Option<String>,
    /// To this principal (type and id).
    pub principal: Option<(String, String)>,
}

/// Conditions as SQL and the texts they bind, without the sync and the page's beginning.
///
/// They sift rows that are read in the order of their ids. An index would find them faster; but one of a forged file may
/// lack entries, and rows would be missing from the answer that nobody misses.
#[derive(Debug, Default)]
pub(super) struct Conditions<'a> {
    sql: String,
    texts: Vec<&'a str>,
}

impl<'a> Conditions<'a> {
    fn add(&mut self, columns: &[&str], texts: &[&'a str]) {
        for column in columns {
            self.sql.push_str(&format!("{column} = ? and "));
        }
        self.texts.extend(texts);
    }

    /// The whole condition; the sync is bound behind the texts.
    pub(super) fn sql(&self) -> String {
        format!("{}sync_id = ?", self.sql)
    }

    pub(super) fn bind<'q>(
        &self,
        mut query: Query<'q, Sqlite, SqliteArguments>,
        sync: &str,
    ) -> Query<'q, Sqlite, SqliteArguments> {
        for text in &self.texts {
            query = query.bind((*text).to_owned());
        }
        query.bind(sync.to_owned())
    }
}

/// A filter of one kind of row.
pub(super) trait Filter {
    fn conditions(&self) -> Conditions<'_>;
}

impl Filter for () {
    fn conditions(&self) -> Conditions<'_> {
        Conditions::default()
    }
}

impl Filter for ResourceFilter {
    fn conditions(&self) -> Conditions<'_> {
        let mut c = Conditions::default();
        if let Some((t, id)) = &self.parent {
            c.add(&["parent_resource_type_id", "parent_resource_id"], &[t, id]);
        }
        if let Some(t) = &self.resource_type {
            c.add(&["resource_type_id"], &[t]);
        }
        c
    }
}

impl Filter for EntitlementFilter {
    fn conditions(&self) -> Conditions<'_> {
        let mut c = Conditions::default();
        if let Some((t, id)) = &self.resource {
            c.add(&["resource_type_id", "resource_id"], &[t, id]);
        }
        if let Some(t) = &self.resource_type {
            c.add(&["resource_type_id"], &[t]);
        }
        c
    }
}

impl Filter for GrantFilter {
    fn conditions(&self) -> Conditions<'_> {
        let mut c = Conditions::default();
        if let Some((t, id)) = &self.principal {
            c.add(&["principal_resource_type_id", "principal_resource_id"], &[t, id]);
        }
        if let Some(e) = &self.entitlement {
            c.add(&["entitlement_id"], &[e]);
        }
        if let Some((t, id)) = &self.resource {
            c.add(&["resource_type_id", "resource_id"], &[t, id]);
        }
        if let Some(t) = &self.resource_type {
            c.add(&["resource_type_id"], &[t]);
        }
        c
    }
}
