//! The queue of pending pages, as rows of the working database.
//!
//! A page's rows and what the page means for the queue are committed
//! together, so the queue never claims what is not on disk. The rows are
//! private to the engine and dropped at the seal.

use std::sync::Arc;

use connector_model::{Error, PageToken, Resource, ResourceId, ResourceTypeId, Result, wire};
use connector_store::{Batch, Kind};
use prost::Message as _;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection, sqlite::SqliteRow};

use crate::{
    action::{Action, Operation, Subject},
    database_error,
};

const CREATE: &str = "
create table if not exists work_queue (
    id integer primary key,
    operation integer not null,
    resource_type text not null,
    of_type text,
    of_id text,
    listing integer not null,
    round integer not null,
    chain integer not null,
    step integer not null,
    token text,
    done integer not null default 0
) strict";

/// Rows of one multi-row insert: ten columns stay well below SQLite's limit of
/// 32,766 parameters.
const ROWS_A_STATEMENT: usize = 500;

pub(crate) async fn create(conn: &mut SqliteConnection) -> Result<()> {
    sqlx::query(CREATE).execute(conn).await.map_err(database_error("create the queue"))?;
    Ok(())
}

pub(crate) async fn drop(conn: &mut SqliteConnection) -> Result<()> {
    sqlx::query("drop table if exists work_queue")
        .execute(conn)
        .await
        .map_err(database_error("drop the queue"))?;
    Ok(())
}

/// Adds actions that nobody has asked yet.
pub(crate) async fn add(conn: &mut SqliteConnection, actions: &[Action]) -> Result<()> {
    for chunk in actions.chunks(ROWS_A_STATEMENT) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "insert into work_queue \
             (id, operation, resource_type, of_type, of_id, listing, round, chain, step, token) ",
        );
        insert.push_values(chunk, |mut row, action| {
            let of = action.subject.id();
            row.push_bind(action.id)
                .push_bind(action.operation.number())
                .push_bind(action.resource_type.to_string())
                .push_bind(of.map(|id| id.resource_type().to_string()))
                .push_bind(of.map(|id| id.id().to_owned()))
                .push_bind(action.listing)
                .push_bind(i64::from(action.round))
                .push_bind(i64::from(action.chain))
                .push_bind(i64::from(action.step))
                .push_bind(action.token.as_ref().map(|t| t.as_str().to_owned()));
        });
        insert.build().execute(&mut *conn).await.map_err(database_error("add to the queue"))?;
    }
    Ok(())
}

/// Moves a chain on to its next page.
pub(crate) async fn advance(conn: &mut SqliteConnection, next: &Action) -> Result<()> {
    sqlx::query("update work_queue set token = ?, step = ? where id = ?")
        .bind(next.token.as_ref().map(|t| t.as_str().to_owned()))
        .bind(i64::from(next.step))
        .bind(next.id)
        .execute(conn)
        .await
        .map_err(database_error("move the queue on"))?;
    Ok(())
}

/// Marks chains that were followed to their end.
pub(crate) async fn finish(conn: &mut SqliteConnection, ids: &[i64]) -> Result<()> {
    for chunk in ids.chunks(ROWS_A_STATEMENT) {
        let mut update = QueryBuilder::<Sqlite>::new("update work_queue set done = 1 where id in (");
        let mut list = update.separated(", ");
        for id in chunk {
            list.push_bind(*id);
        }
        update.push(")");
        update.build().execute(&mut *conn).await.map_err(database_error("settle the queue"))?;
    }
    Ok(())
}

/// Reads back pending actions with an id from `from` on, in the order of ids.
pub(crate) async fn load(batch: &mut Batch<'_>, from: i64, limit: i64) -> Result<Vec<Action>> {
    let rows = sqlx::query(
        "select id, operation, resource_type, of_type, of_id, listing, round, chain, step, token \
         from work_queue where id >= ? and done = 0 order by id limit ?",
    )
    .bind(from)
    .bind(limit)
    .fetch_all(batch.connection())
    .await
    .map_err(database_error("read the queue"))?;
    let mut actions = Vec::with_capacity(rows.len());
    for row in rows {
        actions.push(read(batch, &row).await?);
    }
    Ok(actions)
}

async fn read(batch: &mut Batch<'_>, row: &SqliteRow) -> Result<Action> {
    let text =
        |column: &str| row.try_get::<Option<String>, _>(column).map_err(database_error("read the queue"));
    let number = |column: &str| row.try_get::<i64, _>(column).map_err(database_error("read the queue"));
    let small = |column: &str| number(column).and_then(|n| u32::try_from(n).map_err(|_| damaged()));
    let operation = match number("operation")? {
        1 => Operation::List,
        2 => Operation::Entitlements,
        3 => Operation::Grants,
        _ => return Err(damaged()),
    };
    let of = match (text("of_type")?, text("of_id")?) {
        (Some(t), Some(id)) => Some(ResourceId::new(ResourceTypeId::new(t)?, id)?),
        _ => None,
    };
    let subject = match operation {
        Operation::List => Subject::Inside(of),
        Operation::Entitlements | Operation::Grants => {
            let id = of.ok_or_else(damaged)?;
            let stored = batch.existing(Kind::Resource, &id.to_string()).await?.ok_or_else(damaged)?;
            Subject::Of(Arc::new(decode_resource(&stored.data)?))
        }
    };
    Ok(Action {
        id: number("id")?,
        operation,
        resource_type: ResourceTypeId::new(text("resource_type")?.unwrap_or_default())?,
        subject,
        listing: number("listing")?,
        round: small("round")?,
        chain: small("chain")?,
        step: small("step")?,
        token: text("token")?.map(PageToken::from_raw).transpose()?,
        cycle: crate::cycle::Cycle::default(),
    })
}

/// A resource as it was stored by this engine.
pub(crate) fn decode_resource(data: &[u8]) -> Result<Resource> {
    wire::Resource::decode(data)
        .map_err(|e| Error::internal("a stored resource does not decode").caused_by(e))
        .and_then(Resource::from_wire)
}

fn damaged() -> Error {
    Error::internal("the queue of the working database is damaged; delete the working files and start again")
}
