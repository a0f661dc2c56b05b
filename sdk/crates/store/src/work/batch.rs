//! One transaction of rows.

use std::{collections::HashSet, ops::Range, sync::Arc};

use connector_model::{Error, Result};
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    WorkDb, grant_runs,
    insert::{self, Insert},
    match_grants::json,
    page::{self, StoredResource},
};
use crate::{
    AssetRow, Connection, EntitlementRow, GrantRow, Kind, LedgerRow, ResourceRow, ResourceTypeRow,
    Transaction, error::During as _, ledger,
};

/// What became of rows that were put.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "rows that were refused are not stored"]
pub struct Put {
    /// The row ids that the rows were given, in their order; a refused row's id stays unused.
    pub ids: Range<i64>,
    /// Positions of the rows that were refused because one of the same external id was there, in the file or earlier
    /// in the same call; ascending.
    pub conflicts: Vec<usize>,
}

/// A row that is stored already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its row id.
    pub id: i64,
    /// Its message.
    pub data: Vec<u8>,
    /// A grant's expansion.
    pub expansion: Option<Vec<u8>>,
}

/// A transaction on the working database.
#[derive(Debug)]
pub struct Batch<'a> {
    tx: Transaction<'a>,
    path: &'a std::path::Path,
    sync: Arc<str>,
    discovered_at: Arc<str>,
    next_ids: &'a mut [i64; Kind::ALL.len()],
    texts: &'a mut insert::Texts,
    grants_are_unique: bool,
}

impl<'a> Batch<'a> {
    pub(super) async fn begin(db: &'a mut WorkDb, discovered_at: String) -> Result<Self> {
        let WorkDb { path, conn, sync, next_ids, texts, grants_are_unique } = db;
        let tx = Connection::of(conn).begin_immediate().await.during("can't begin a transaction", path)?;
        Ok(Self {
            tx,
            path,
            sync: sync.as_str().into(),
            discovered_at: discovered_at.into(),
            next_ids,
            texts,
            grants_are_unique: *grants_are_unique,
        })
    }

    /// The sync that the rows belong to.
    pub fn sync_id(&self) -> &str {
        &self.sync
    }

    /// The connection inside the transaction: what the engine writes through it is committed with the rows.
    pub fn connection(&mut self) -> Connection<'_> {
        self.tx.connection()
    }

    /// Puts resource types.
    pub async fn put_resource_types(&mut self, rows: &[ResourceTypeRow]) -> Result<Put> {
        self.put(rows).await
    }

    /// Puts resources.
    pub async fn put_resources(&mut self, rows: &[ResourceRow]) -> Result<Put> {
        self.put(rows).await
    }

    /// Puts entitlements.
    pub async fn put_entitlements(&mut self, rows: &[EntitlementRow]) -> Result<Put> {
        self.put(rows).await
    }

    /// Puts grants. None is refused before [`WorkDb::index_grant_ids`], which tells whether two have the same id.
    pub async fn put_grants(&mut self, rows: &[GrantRow]) -> Result<Put> {
        let ids = self.take_ids(Kind::Grant, rows.len());
        grant_runs::put(
            &mut self.tx.connection(),
            self.texts,
            ids.start,
            &self.sync,
            &self.discovered_at,
            rows,
        )
        .await
        .during("can't store rows", self.path)?;
        let conflicts = if self.grants_are_unique { self.refused_grants(&ids).await? } else { Vec::new() };
        Ok(Put { ids, conflicts })
    }

    /// Which of the row ids that grants were put under have none.
    async fn refused_grants(&mut self, ids: &Range<i64>) -> Result<Vec<usize>> {
        let operation = "can't look for refused rows";
        let stored: i64 = sqlx::query_scalar("select count(*) from v1_grants where id >= ?")
            .bind(ids.start)
            .fetch_one(&mut self.tx.connection())
            .await
            .during(operation, self.path)?;
        if stored == ids.end - ids.start {
            return Ok(Vec::new());
        }
        let stored: Vec<i64> = sqlx::query_scalar("select id from v1_grants where id >= ?")
            .bind(ids.start)
            .fetch_all(&mut self.tx.connection())
            .await
            .during(operation, self.path)?;
        let stored: HashSet<_> = stored.into_iter().collect();
        Ok(ids.clone().enumerate().filter(|(_, id)| !stored.contains(id)).map(|(at, _)| at).collect())
    }

    /// Puts assets.
    pub async fn put_assets(&mut self, rows: &[AssetRow]) -> Result<Put> {
        self.put(rows).await
    }

    /// Adds to the sync's completeness ledger: numbers to those that are there (`expected` where either has one), the
    /// worse state wins, and reasons that are new are appended. Many rows in one call are cheapest.
    pub async fn add_to_ledger(&mut self, rows: &[LedgerRow]) -> Result<()> {
        ledger::add(&mut self.tx.connection(), self.texts, &self.sync, rows)
            .await
            .during("can't store rows of the completeness ledger", self.path)
    }

    async fn put<R: Insert>(&mut self, rows: &[R]) -> Result<Put> {
        let ids = self.take_ids(R::KIND, rows.len());
        let conflicts = insert::insert(
            &mut self.tx.connection(),
            self.texts,
            ids.start,
            &self.sync,
            &self.discovered_at,
            rows,
        )
        .await
        .during("can't store rows", self.path)?;
        Ok(Put { ids, conflicts })
    }

    fn take_ids(&mut self, kind: Kind, rows: usize) -> Range<i64> {
        let next = &mut self.next_ids[kind as usize];
        let first = *next;
        *next += rows as i64;
        first..*next
    }

    /// The stored row of an external id. Grants are not indexed by it before the seal: it reads all of them then.
    pub async fn existing(&mut self, kind: Kind, external_id: &str) -> Result<Option<Stored>> {
        let expansion = if kind == Kind::Grant { "expansion" } else { "null" };
        let sql = format!(
            "select id, data, {expansion} from {} where external_id = ? and sync_id = ?",
            kind.table()
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(external_id)
            .bind(self.sync.clone())
            .fetch_optional(&mut self.tx.connection())
            .await
            .during("can't read a stored row", self.path)?;
        let read = |row: sqlx::sqlite::SqliteRow| -> Result<Stored, sqlx::Error> {
            Ok(Stored { id: row.try_get(0)?, data: row.try_get(1)?, expansion: row.try_get(2)? })
        };
        row.map(read).transpose().during("can't read a stored row", self.path)
    }

    /// Replaces all columns of a stored resource type.
    pub async fn replace_resource_type(&mut self, id: i64, row: &ResourceTypeRow) -> Result<()> {
        self.replace(id, row).await
    }

    /// Replaces all columns of a stored resource.
    pub async fn replace_resource(&mut self, id: i64, row: &ResourceRow) -> Result<()> {
        self.replace(id, row).await
    }

    /// Replaces all columns of a stored entitlement.
    pub async fn replace_entitlement(&mut self, id: i64, row: &EntitlementRow) -> Result<()> {
        self.replace(id, row).await
    }

    /// Replaces all columns of a stored grant.
    pub async fn replace_grant(&mut self, id: i64, row: &GrantRow) -> Result<()> {
        self.replace(id, row).await
    }

    /// Replaces all columns of a stored asset.
    pub async fn replace_asset(&mut self, id: i64, row: &AssetRow) -> Result<()> {
        self.replace(id, row).await
    }

    async fn replace<R: Insert>(&mut self, id: i64, row: &R) -> Result<()> {
        let found = insert::replace(&mut self.tx.connection(), id, &self.discovered_at, row)
            .await
            .during("can't replace a stored row", self.path)?;
        if found { Ok(()) } else { Err(Error::internal("a row to replace is not there").with("id", id)) }
    }

    /// As [`WorkDb::page_resources`], inside the transaction.
    pub async fn page_resources(
        &mut self,
        resource_type: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredResource>> {
        page::resources(&mut self.tx.connection(), resource_type, after, limit)
            .await
            .during("can't read resources", self.path)
    }

    /// The row id of the last row of a kind; 0 where there is none.
    pub async fn last_row(&mut self, kind: Kind) -> Result<i64> {
        let sql = format!("select coalesce(max(id), 0) from {}", kind.table());
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut self.tx.connection())
            .await
            .during("can't read the last row", self.path)
    }

    /// Deletes the rows of a kind that have one of these ids. Returns id and resource type of those that were there.
    pub async fn delete(&mut self, kind: Kind, external_ids: &[&str]) -> Result<Vec<(String, String)>> {
        let sql = format!(
            "delete from {} where external_id in (select value from json_each(?)) and sync_id = ? \
             returning external_id, resource_type_id",
            kind.table()
        );
        sqlx::query_as(AssertSqlSafe(sql))
            .bind(json(external_ids)?)
            .bind(self.sync.clone())
            .fetch_all(&mut self.tx.connection())
            .await
            .during("can't delete rows", self.path)
    }

    /// Makes all of it lasting, or none.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await.during("can't commit rows", self.path)
    }
}
