//! The same id twice: which row stays.
//!
//! A later phase wins, then the greater logical position, never the later
//! moment: so the finished file is the same at any number of workers. Where
//! each page's rows lie is noted once a page, so a row's position costs
//! nothing until somebody asks.

use connector_model::Result;
use connector_store::{Batch, EntitlementRow, GrantRow, Kind, Put, ResourceRow, Stored};
use sqlx::SqliteConnection;

use crate::database_error;

const CREATE: [&str; 2] = [
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

pub(crate) async fn create(conn: &mut SqliteConnection) -> Result<()> {
    for statement in CREATE {
        sqlx::query(statement).execute(&mut *conn).await.map_err(database_error("create the page table"))?;
    }
    Ok(())
}

pub(crate) async fn drop(conn: &mut SqliteConnection) -> Result<()> {
    for statement in ["drop table if exists work_pages", "drop table if exists work_winners"] {
        sqlx::query(statement).execute(&mut *conn).await.map_err(database_error("drop the page table"))?;
    }
    Ok(())
}

/// A kind of row that can meet one of the same id.
pub(crate) trait Conflicting {
    const KIND: Kind;
    fn external_id(&self) -> &str;
    fn is_same(&self, stored: &Stored) -> bool;
    async fn replace(&self, batch: &mut Batch<'_>, id: i64) -> Result<()>;
}

macro_rules! conflicting {
    ($row:ty, $kind:ident, $replace:ident, |$self:ident, $stored:ident| $same:expr) => {
        impl Conflicting for $row {
            const KIND: Kind = Kind::$kind;
            fn external_id(&self) -> &str {
                &self.external_id
            }
            fn is_same(&$self, $stored: &Stored) -> bool {
                $same
            }
            async fn replace(&self, batch: &mut Batch<'_>, id: i64) -> Result<()> {
                batch.$replace(id, self).await
            }
        }
    };
}

conflicting!(ResourceRow, Resource, replace_resource, |self, stored| self.data == stored.data);
conflicting!(EntitlementRow, Entitlement, replace_entitlement, |self, stored| self.data == stored.data);
conflicting!(GrantRow, Grant, replace_grant, |self, stored| {
    self.data == stored.data && self.expansion == stored.expansion
});

/// Notes where the rows of a page lie, and settles which of two rows of one id
/// stays. Gives the number of ids that came twice with different content.
pub(crate) async fn settle<R: Conflicting>(
    batch: &mut Batch<'_>,
    position: &str,
    rows: &[R],
    put: &Put,
) -> Result<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    let kind = R::KIND as i64;
    sqlx::query("insert into work_pages (kind, first_row, position) values (?, ?, ?)")
        .bind(kind)
        .bind(put.ids.start)
        .bind(position.to_owned())
        .execute(batch.connection())
        .await
        .map_err(database_error("note a page"))?;
    let mut differing = 0;
    for row in put.conflicts.iter().filter_map(|at| rows.get(*at)) {
        let Some(stored) = batch.existing(R::KIND, row.external_id()).await? else { continue };
        if row.is_same(&stored) {
            continue;
        }
        differing += 1;
        // Within one page the later row wins, as between pages.
        if position >= position_of(batch, kind, stored.id).await?.as_str() {
            row.replace(batch, stored.id).await?;
            sqlx::query("insert or replace into work_winners (kind, row, position) values (?, ?, ?)")
                .bind(kind)
                .bind(stored.id)
                .bind(position.to_owned())
                .execute(batch.connection())
                .await
                .map_err(database_error("note the winner of two rows"))?;
        }
    }
    Ok(differing)
}

async fn position_of(batch: &mut Batch<'_>, kind: i64, row: i64) -> Result<String> {
    let won: Option<String> =
        sqlx::query_scalar("select position from work_winners where kind = ? and row = ?")
            .bind(kind)
            .bind(row)
            .fetch_optional(batch.connection())
            .await
            .map_err(database_error("look up a row"))?;
    if let Some(position) = won {
        return Ok(position);
    }
    let page: Option<String> = sqlx::query_scalar(
        "select position from work_pages where kind = ? and first_row <= ? order by first_row desc limit 1",
    )
    .bind(kind)
    .bind(row)
    .fetch_optional(batch.connection())
    .await
    .map_err(database_error("look up a row"))?;
    Ok(page.unwrap_or_default())
}
