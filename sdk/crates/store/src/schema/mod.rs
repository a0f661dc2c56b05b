//! The SQLite schema of a c1z v1 file, in the names and columns that other readers expect.
//!
//! Two index names on `v1_resources` are swapped against what they index. That is how the format is: other writers
//! create their indexes `if not exists`, so straight names would leave files with one index missing.

mod policy;
mod tokens;

pub(crate) use policy::refusal;

/// Bytes of a database page. A third less work than SQLite's 4 KiB for rows of a few hundred bytes.
pub(crate) const PAGE_SIZE: u32 = 16_384;

/// Tables, in the order other writers create them, each with its columns beside `id`, and whether the column may be
/// absent in files of older writers (then with the SQL expression that stands for it).
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "v1_resource_types",
        columns: &[col("external_id"), col("data"), col("sync_id"), col("discovered_at")],
    },
    Table {
        name: "v1_resources",
        columns: &[
            col("resource_type_id"),
            col("external_id"),
            nullable("parent_resource_type_id"),
            nullable("parent_resource_id"),
            col("data"),
            col("sync_id"),
            col("discovered_at"),
        ],
    },
    Table {
        name: "v1_entitlements",
        columns: &[
            col("resource_type_id"),
            col("resource_id"),
            col("external_id"),
            col("data"),
            col("sync_id"),
            col("discovered_at"),
        ],
    },
    Table {
        name: "v1_sync_runs",
        columns: &[
            col("sync_id"),
            col("started_at"),
            nullable("ended_at"),
            col("sync_token"),
            later("sync_type", "'full'"),
            later("parent_sync_id", "''"),
            later("linked_sync_id", "''"),
            later("supports_diff", "0"),
            later("grants_backfilled", "0"),
            Column { nullable: true, ..later("stats", "NULL") },
            later("ingest_invariant_generation", "''"),
            later("ingest_invariant_coverage", "''"),
            later("ingest_invariant_mode", "''"),
        ],
    },
    Table {
        name: "v1_grants",
        columns: &[
            col("resource_type_id"),
            col("resource_id"),
            col("entitlement_id"),
            col("principal_resource_type_id"),
            col("principal_resource_id"),
            col("external_id"),
            Column { nullable: true, ..later("expansion", "NULL") },
            later("needs_expansion", "0"),
            col("data"),
            col("sync_id"),
            col("discovered_at"),
        ],
    },
    Table {
        name: "v1_assets",
        columns: &[
            col("external_id"),
            col("content_type"),
            col("data"),
            col("sync_id"),
            col("discovered_at"),
        ],
    },
    Table { name: "v1_connector_sessions", columns: &[col("sync_id"), col("key"), col("value")] },
];

/// One table of the format.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [Column],
}

/// One column of a table, beside `id`.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// What stands for the column in a file whose writer did not know it yet; `None` where every writer had it.
    pub(crate) default: Option<&'static str>,
    /// Whether it may hold null.
    pub(crate) nullable: bool,
}

pub(crate) const fn col(name: &'static str) -> Column {
    Column { name, default: None, nullable: false }
}

pub(crate) const fn nullable(name: &'static str) -> Column {
    Column { name, default: None, nullable: true }
}

const fn later(name: &'static str, default: &'static str) -> Column {
    Column { name, default: Some(default), nullable: false }
}

/// What a working database is created with: all tables, unique indexes, and the indexes that the engine reads by or
/// that cost nothing while rows are inserted.
pub(crate) const CREATE: &[&str] = &[
    "create table v1_resource_types (id integer primary key, external_id text not null, data blob not null, \
     sync_id text not null, discovered_at datetime not null)",
    "create unique index idx_resource_types_external_sync_v1 on v1_resource_types (external_id, sync_id)",
    "create table v1_resources (id integer primary key, resource_type_id text not null, external_id text not null, \
     parent_resource_type_id text, parent_resource_id text, data blob not null, sync_id text not null, \
     discovered_at datetime not null)",
    "create index idx_resources_resource_type_id_v1 on v1_resources (resource_type_id)",
    "create index idx_resources_external_sync_v1 on v1_resources (parent_resource_type_id, parent_resource_id)",
    "create unique index idx_resources_parent_resource_id_v1 on v1_resources (external_id, sync_id)",
    "create table v1_entitlements (id integer primary key, resource_type_id text not null, \
     resource_id text not null, external_id text not null, data blob not null, sync_id text not null, \
     discovered_at datetime not null)",
    "create index idx_entitlements_resource_id_v1 on v1_entitlements (resource_type_id, resource_id)",
    "create unique index idx_entitlements_external_sync_v1 on v1_entitlements (external_id, sync_id)",
    "create table v1_sync_runs (id integer primary key, sync_id text not null, started_at datetime not null, \
     ended_at datetime, sync_token text not null, sync_type text not null default 'full', \
     parent_sync_id text not null default '', linked_sync_id text not null default '', \
     supports_diff integer not null default 0, grants_backfilled integer not null default 0, stats text, \
     ingest_invariant_generation text not null default '', ingest_invariant_coverage text not null default '', \
     ingest_invariant_mode text not null default '')",
    "create unique index idx_sync_runs_sync_id_v1 on v1_sync_runs (sync_id)",
    "create table v1_grants (id integer primary key, resource_type_id text not null, resource_id text not null, \
     entitlement_id text not null, principal_resource_type_id text not null, principal_resource_id text not null, \
     external_id text not null, expansion blob, needs_expansion integer not null default 0, data blob not null, \
     sync_id text not null, discovered_at datetime not null)",
    "create index idx_grants_sync_expansion_v1 on v1_grants (sync_id) where expansion is not null",
    "create index idx_grants_sync_needs_expansion_v1 on v1_grants (sync_id) where needs_expansion = 1",
    "create table v1_assets (id integer primary key, external_id text not null, content_type text not null, \
     data blob not null, sync_id text not null, discovered_at datetime not null)",
    "create unique index idx_assets_external_sync_v1 on v1_assets (external_id, sync_id)",
    "create table v1_connector_sessions (id integer primary key, sync_id text not null, key text not null, \
     value blob not null)",
    "create unique index idx_session_store_sync_key_v1 on v1_connector_sessions (sync_id, key)",
];

/// The unique index of grants. It is put off too: kept up to date while grants of random ids come, it rewrites a page
/// a row once it is larger than the cache.
pub(crate) const GRANT_IDS: &str =
    "create unique index if not exists idx_grants_external_sync_v1 on v1_grants (external_id, sync_id)";

/// Its name.
pub(crate) const GRANT_IDS_NAME: &str = "idx_grants_external_sync_v1";

/// The secondary indexes of the grants table. Made in one go at the seal, which is 1.3 to 1.7 times faster than
/// keeping them while rows are inserted.
pub(crate) const DEFERRED: &[&str] = &[
    "create index if not exists idx_grants_resource_type_id_resource_id_v1 on v1_grants (resource_type_id, resource_id)",
    "create index if not exists idx_grants_principal_id_v1 \
     on v1_grants (principal_resource_type_id, principal_resource_id)",
    "create index if not exists idx_grants_entitlement_id_principal_id_v1 \
     on v1_grants (entitlement_id, principal_resource_type_id, principal_resource_id)",
    "create index if not exists idx_grants_entitlement_sync_grant_v1 on v1_grants (entitlement_id, sync_id, id)",
];
