//! Where each page's rows lie, so that of two rows of one id the same one stays at any number of workers. It is noted
//! once a page, so a row's position costs nothing until somebody asks.

use connector_model::Result;
use connector_store::{Batch, Connection, Kind, Put};
use sqlx::{QueryBuilder, Sqlite};

use crate::database_error;

/// Pages noted in one statement.
const PAGES_A_STATEMENT: usize = 500;

pub(crate) const CREATE: [&str; 2] = [
    "create table if not exists work_pages (
        kind integer not null,
        first_row integer not null,
        position text not null,
        primary key (kind, first_row)
    ) strict, without rowid",
    "create table if not exists work_winners (
        kind integer not null,
        row integer not null,
        position text not null,
        primary key (kind, row)
    ) strict, without rowid",
];

pub(crate) async fn create(conn: &mut Connection<'_>) -> Result<()> {
    for statement in CREATE {
        sqlx::query(statement).execute(&mut *conn).await.map_err(database_error("create the page table"))?;
    }
    Ok(())
}

pub(crate) async fn drop(conn: &mut Connection<'_>) -> Result<()> {
    for statement in ["drop table if exists work_pages", "drop table if exists work_winners"] {
        sqlx::query(statement).execute(&mut *conn).await.map_err(database_error("drop the page table"))?;
    }
    Ok(())
}

/// Deletes pages whose rows were all refused at the end of a killed run: their
/// row ids are given again.
pub(crate) async fn resume(batch: &mut Batch<'_>) -> Result<()> {
    for kind in [Kind::Resource, Kind::Entitlement, Kind::Grant] {
        let last = batch.last_row(kind).await?;
        sqlx::query("delete from work_pages where kind = ? and first_row > ?")
            .bind(kind as i64)
            .bind(last)
            .execute(batch.connection())
            .await
            .map_err(database_error("resume the page table"))?;
    }
    Ok(())
}

/// Notes where the rows of pages lie that were put together: each page with
/// the place of its first row among them, and its position.
pub(crate) async fn note_pages(
    batch: &mut Batch<'_>,
    kind: Kind,
    put: &Put,
    pages: &[(usize, &str)],
) -> Result<()> {
    for chunk in pages.chunks(PAGES_A_STATEMENT) {
        let mut insert = QueryBuilder::<Sqlite>::new("insert into work_pages (kind, first_row, position) ");
        insert.push_values(chunk, |mut row, (start, position)| {
            row.push_bind(kind as i64)
                .push_bind(put.ids.start + *start as i64)
                .push_bind((*position).to_owned());
        });
        insert.build().execute(batch.connection()).await.map_err(database_error("note pages"))?;
    }
    Ok(())
}

/// Notes that a row was replaced by one of another page, whose position it has from now on.
pub(crate) async fn note_winner(
    conn: &mut Connection<'_>,
    kind: Kind,
    row: i64,
    position: &str,
) -> Result<()> {
    sqlx::query("insert or replace into work_winners (kind, row, position) values (?, ?, ?)")
        .bind(kind as i64)
        .bind(row)
        .bind(position.to_owned())
        .execute(conn)
        .await
        .map_err(database_error("note the winner of two rows"))?;
    Ok(())
}

/// The position of a stored row: its page's, unless it won against another row.
pub(crate) async fn of(conn: &mut Connection<'_>, kind: Kind, row: i64) -> Result<String> {
    let won: Option<String> =
        sqlx::query_scalar("select position from work_winners where kind = ? and row = ?")
            .bind(kind as i64)
            .bind(row)
            .fetch_optional(&mut *conn)
            .await
            .map_err(database_error("look up a row"))?;
    if let Some(position) = won {
        return Ok(position);
    }
    let page: Option<String> = sqlx::query_scalar(
        "select position from work_pages where kind = ? and first_row <= ? order by first_row desc limit 1",
    )
    .bind(kind as i64)
    .bind(row)
    .fetch_optional(conn)
    .await
    .map_err(database_error("look up a row"))?;
    Ok(page.unwrap_or_default())
}
