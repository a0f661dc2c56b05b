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
/// One condition finds, through an index whose next column is the row id; the others only sift, which `+` tells the
/// planner: it would otherwise sort everything of a type again for each page. Where the file lacks the index, or no
/// condition finds, rows are scanned in the order of their ids, once over all pages.
#[derive(Debug, Default)]
pub(super) struct Conditions<'a> {
    sql: String,
    texts: Vec<&'a str>,
    found: bool,
}

impl<'a> Conditions<'a> {
    fn add(&mut self, columns: &[&str], texts: &[&'a str], finds: bool) {
        let plus = if finds && !self.found { "" } else { "+" };
        self.found |= finds;
        for column in columns {
            self.sql.push_str(&format!("{plus}{column} = ? and "));
        }
        self.texts.extend(texts);
    }

    /// The whole condition: `sync_id` finds only with an entitlement, whose index it is part of.
    pub(super) fn sql(&self, sync_id_finds: bool) -> String {
        format!("{}{}sync_id = ? and id > ?", self.sql, if sync_id_finds { "" } else { "+" })
    }

    pub(super) fn bind<'q>(
        &self,
        mut query: Query<'q, Sqlite, SqliteArguments>,
    ) -> Query<'q, Sqlite, SqliteArguments> {
        for text in &self.texts {
            query = query.bind((*text).to_owned());
        }
        query
    }
}

/// A filter of one kind of row.
pub(super) trait Filter {
    fn conditions(&self) -> Conditions<'_>;

    fn sync_id_finds(&self) -> bool {
        false
    }
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
            c.add(&["parent_resource_type_id", "parent_resource_id"], &[t, id], true);
        }
        if let Some(t) = &self.resource_type {
            c.add(&["resource_type_id"], &[t], true);
        }
        c
    }
}

impl Filter for EntitlementFilter {
    fn conditions(&self) -> Conditions<'_> {
        let mut c = Conditions::default();
        if let Some((t, id)) = &self.resource {
            c.add(&["resource_type_id", "resource_id"], &[t, id], true);
        }
        if let Some(t) = &self.resource_type {
            c.add(&["resource_type_id"], &[t], false);
        }
        c
    }
}

impl Filter for GrantFilter {
    fn conditions(&self) -> Conditions<'_> {
        let mut c = Conditions::default();
        if let Some((t, id)) = &self.principal {
            c.add(&["principal_resource_type_id", "principal_resource_id"], &[t, id], true);
        }
        if let Some(e) = &self.entitlement {
            c.add(&["entitlement_id"], &[e], true);
        }
        if let Some((t, id)) = &self.resource {
            c.add(&["resource_type_id", "resource_id"], &[t, id], true);
        }
        if let Some(t) = &self.resource_type {
            c.add(&["resource_type_id"], &[t], false);
        }
        c
    }

    fn sync_id_finds(&self) -> bool {
        self.entitlement.is_some() && self.principal.is_none()
    }
}
