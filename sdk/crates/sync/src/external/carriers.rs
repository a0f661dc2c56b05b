//! Carriers: grants of the connector that say which principal is meant by a
//! match annotation, and are nobody's own.
//!
//! They are moved into a table of their own before anything of the external
//! file comes, in the order of their ids: so grants of the external file are
//! none, and the result does not depend on the order in which grants came.

use std::sync::Arc;

use connector_model::{Error, Result};
use connector_store::Batch;
use sqlx::FromRow;

use super::{
    matching::{Match, match_of},
    principals::Principals,
    put::{Change, count, json},
};
use crate::database_error;

/// Carriers read in one go.
const PAGE: i64 = 1_000;

/// A temporary table, so that nothing of it can be left behind. The text that
/// the names of all match annotations begin with is looked for in the bytes,
/// a sixth of a microsecond a grant, and only those that have it are decoded.
/// Not by the index of ids, which would read the grants in no order.
const MOVE: [&str; 3] = [
    "create temp table work_carriers (
        id integer primary key,
        grant_row integer not null,
        external_id text not null,
        resource_type_id text not null,
        resource_id text not null,
        entitlement_id text not null,
        principal_resource_type_id text not null,
        principal_resource_id text not null,
        expansion blob,
        data blob not null
    ) strict",
    "insert into temp.work_carriers (grant_row, external_id, resource_type_id, resource_id, entitlement_id, \
     principal_resource_type_id, principal_resource_id, expansion, data) \
     select id, external_id, resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
     principal_resource_id, expansion, data from main.v1_grants not indexed \
     where sync_id = ? and instr(data, cast('c1.connector.v2.ExternalResourceMatch' as blob)) \
     order by external_id",
    "delete from main.v1_grants where id in (select grant_row from temp.work_carriers)",
];

/// A carrier.
#[derive(Debug, FromRow)]
pub(super) struct Carrier {
    pub(super) id: i64,
    pub(super) external_id: String,
    pub(super) resource_type_id: String,
    pub(super) resource_id: String,
    pub(super) entitlement_id: String,
    pub(super) principal_resource_type_id: String,
    pub(super) principal_resource_id: String,
    pub(super) expansion: Option<Vec<u8>>,
    pub(super) data: Vec<u8>,
}

impl Carrier {
    /// The error of one that is not what it should be.
    pub(super) fn broken(&self, what: &'static str) -> Error {
        Error::internal(what).with("grant", &self.external_id)
    }

    /// Whom it means.
    pub(super) fn wanted(&self) -> Result<Option<Match>> {
        match_of(&self.data).map_err(|e| {
            self.broken("a grant's annotation that matches external principals does not decode").caused_by(e)
        })
    }
}

/// Moves the carriers out of the grants and takes in whom they ask for; gives
/// their number.
pub(super) async fn collect(
    batch: &mut Batch<'_>,
    principals: &mut Principals,
    change: &mut Change,
) -> Result<u64> {
    let doing = "look for grants to external principals";
    let sync = batch.sync_id().to_owned();
    let [create, fill, delete] = MOVE;
    for (statement, bound) in [(create, None), (fill, Some(sync))] {
        let query = bound.into_iter().fold(sqlx::query(statement), sqlx::query::Query::bind);
        query.execute(batch.connection()).await.map_err(database_error(doing))?;
    }
    let mut after = 0;
    loop {
        let page = page(batch, after).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        // What only has the text somewhere else stays where it is.
        let mut others = Vec::new();
        for carrier in &page {
            match carrier.wanted()? {
                Some(wanted) => principals.ask(&wanted),
                None => others.push(carrier.id),
            }
        }
        if !others.is_empty() {
            sqlx::query("delete from temp.work_carriers where id in (select value from json_each(?))")
                .bind(json(&others)?)
                .execute(batch.connection())
                .await
                .map_err(database_error(doing))?;
        }
    }
    sqlx::query(delete).execute(batch.connection()).await.map_err(database_error(doing))?;
    let by_type: Vec<(String, i64)> =
        sqlx::query_as("select resource_type_id, count(*) from temp.work_carriers group by 1")
            .fetch_all(batch.connection())
            .await
            .map_err(database_error(doing))?;
    let mut carriers = 0;
    for (resource_type, n) in by_type {
        count(&mut change.grants, &resource_type, -n);
        carriers += n.unsigned_abs();
    }
    Ok(carriers)
}

/// Carriers behind one, in the order of their ids.
pub(super) async fn page(batch: &mut Batch<'_>, after: i64) -> Result<Vec<Arc<Carrier>>> {
    let rows: Vec<Carrier> = sqlx::query_as(
        "select id, external_id, resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
         principal_resource_id, expansion, data from temp.work_carriers where id > ? order by id limit ?",
    )
    .bind(after)
    .bind(PAGE)
    .fetch_all(batch.connection())
    .await
    .map_err(database_error("read grants to external principals"))?;
    Ok(rows.into_iter().map(Arc::new).collect())
}

/// Removes the table.
pub(super) async fn forget(batch: &mut Batch<'_>) -> Result<()> {
    sqlx::query("drop table temp.work_carriers")
        .execute(batch.connection())
        .await
        .map_err(database_error("drop the table of grants to external principals"))?;
    Ok(())
}
