//! The queue of pending pages, as rows of the working database.
//!
//! A page's rows and what the page means for the queue are committed
//! together, so the queue never claims what is not on disk. The rows are
//! private to the engine and dropped at the seal.

use std::sync::Arc;

use connector_model::{
    BidResource, Error, ErrorKind, PageToken, Resource, ResourceId, ResourceTypeId, Result, wire,
};
use connector_store::{Batch, Connection, Kind};
use prost::Message as _;
use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};

use crate::{
    database_error,
    fetch::{
        action::{Action, Operation, Subject},
        cycle::Cycle,
    },
};

pub(crate) const TABLE: &str = "work_queue";

pub(crate) const CREATE: &str = "
create table if not exists work_queue (
    id integer primary key,
    operation integer not null,
    resource_type text not null,
    of_type text,
    of_id text,
    parent_type text,
    parent_id text,
    listing integer not null,
    round integer not null,
    chain integer not null,
    step integer not null,
    token text,
    saved_token text,
    done integer not null default 0
) strict";

/// Rows of one multi-row insert: twelve columns stay well below SQLite's limit of
/// 32,766 parameters.
const ROWS_A_STATEMENT: usize = 500;

pub(crate) async fn create(conn: &mut Connection<'_>) -> Result<()> {
    sqlx::query(CREATE).execute(conn).await.map_err(database_error("create the queue"))?;
    Ok(())
}

/// Adds actions that nobody has asked yet.
pub(crate) async fn add(conn: &mut Connection<'_>, actions: &[Action]) -> Result<()> {
    for chunk in actions.chunks(ROWS_A_STATEMENT) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "insert into work_queue \
             (id, operation, resource_type, of_type, of_id, parent_type, parent_id, listing, round, chain, step, \
             token) ",
        );
        insert.push_values(chunk, |mut row, action| {
            let of = action.subject.id();
            row.push_bind(action.id)
                .push_bind(action.operation.number())
                .push_bind(action.resource_type.to_string())
                .push_bind(of.map(|id| id.resource_type().to_string()))
                .push_bind(of.map(|id| id.id().to_owned()))
                .push_bind(parent(action).map(|id| id.resource_type().to_string()))
                .push_bind(parent(action).map(|id| id.id().to_owned()))
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

/// The parent that a named resource is said to have.
fn parent(action: &Action) -> Option<&ResourceId> {
    match &action.subject {
        Subject::Named(named) => named.parent.as_ref(),
        _ => None,
    }
}

/// Bytes from which a token may lie on pages of its own, which would be free pages of the file once it is replaced, and
/// keep it. SQLite puts it there when the row is longer than a page, of 16 KiB (file format, §1.6). All other tokens are
/// overwritten when the queue is dropped.
const LONG_TOKEN: usize = 4096;

/// Moves a chain on to its next page.
pub(crate) async fn advance(batch: &mut Batch<'_>, from: &Action, next: &Action) -> Result<()> {
    let long = from.token.iter().chain(from.cycle.saved()).any(|t| t.as_str().len() >= LONG_TOKEN);
    if long {
        batch.secure_delete(true).await?;
    }
    sqlx::query("update work_queue set token = ?, saved_token = ?, step = ? where id = ?")
        .bind(next.token.as_ref().map(|t| t.as_str().to_owned()))
        .bind(next.cycle.saved().map(|t| t.as_str().to_owned()))
        .bind(i64::from(next.step))
        .bind(next.id)
        .execute(batch.connection())
        .await
        .map_err(database_error("move the queue on"))?;
    if long { batch.secure_delete(false).await } else { Ok(()) }
}

/// Marks chains that were followed to their end.
pub(crate) async fn finish(conn: &mut Connection<'_>, ids: &[i64]) -> Result<()> {
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
        "select id, operation, resource_type, of_type, of_id, parent_type, parent_id, listing, round, chain, \
         step, token, saved_token from work_queue where id >= ? and done = 0 order by id limit ?",
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
    let resource = |of_type: &str, of_id: &str| -> Result<Option<ResourceId>> {
        let (Some(of_type), Some(of_id)) = (text(of_type)?, text(of_id)?) else { return Ok(None) };
        Ok(Some(ResourceId::new(ResourceTypeId::new(of_type)?, of_id)?))
    };
    let operation = Operation::from_number(number("operation")?).ok_or_else(damaged)?;
    let subject = match (operation, resource("of_type", "of_id")?) {
        (Operation::List, of) => Subject::Inside(of),
        (Operation::Entitlements | Operation::Grants, None) => Subject::Whole,
        (Operation::Entitlements | Operation::Grants, Some(id)) => {
            let stored = batch.existing(Kind::Resource, &id.to_string()).await?.ok_or_else(damaged)?;
            Subject::Of(Arc::new(decode_resource(&stored.data)?))
        }
        (Operation::Get, Some(id)) => {
            Subject::Named(Arc::new(BidResource { id, parent: resource("parent_type", "parent_id")? }))
        }
        (Operation::Get, None) => return Err(damaged()),
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
        cycle: Cycle::with(text("saved_token")?.map(PageToken::from_raw).transpose()?),
    })
}

/// The id that the next action gets.
pub(crate) async fn next_id(conn: &mut Connection<'_>) -> Result<i64> {
    sqlx::query_scalar("select coalesce(max(id), 0) + 1 from work_queue")
        .fetch_one(conn)
        .await
        .map_err(database_error("read the queue"))
}

/// What is asked inside or of a single resource, as `type` and the resource's
/// id: the child listings and the named resources that were begun.
pub(crate) async fn begun(conn: &mut Connection<'_>, operation: Operation) -> Result<Vec<(String, String)>> {
    // Many rows in one: a row costs the driver far more than its bytes.
    let lists: Vec<String> = sqlx::query_scalar(
        "select json_group_array(json_array(resource_type, of_type || ':' || of_id)) from work_queue \
         where operation = ? and of_type is not null and round = 1 group by id / 1000",
    )
    .bind(operation.number())
    .fetch_all(conn)
    .await
    .map_err(database_error("read the queue"))?;
    let mut begun = Vec::new();
    for list in lists {
        begun.extend(serde_json::from_str::<Vec<(String, String)>>(&list).map_err(|_| damaged())?);
    }
    Ok(begun)
}

/// A resource as it was stored by this engine.
pub(crate) fn decode_resource(data: &[u8]) -> Result<Resource> {
    wire::Resource::decode(data)
        .map_err(|e| Error::internal("a stored resource does not decode").caused_by(e))
        .and_then(Resource::from_wire)
}

fn damaged() -> Error {
    Error::new(ErrorKind::DataLoss, "the queue of the working database is damaged")
}
