//! The same id twice: which row stays.
//!
//! A later phase wins, then the greater logical position, never the later
//! moment: so the finished file is the same at any number of workers. Where
//! each page's rows lie is noted once a page, so a row's position costs
//! nothing until somebody asks.

use connector_model::Result;
use connector_store::{Batch, Connection, EntitlementRow, Kind, Put, ResourceRow, Stored};
use sqlx::{QueryBuilder, Sqlite};
use tokio_util::sync::CancellationToken;

use crate::{database_error, error::cancelled};

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

/// Forgets pages whose rows were all refused at the end of a killed run: their
/// row ids are given again.
pub(crate) async fn go_on(batch: &mut Batch<'_>) -> Result<()> {
    for kind in [Kind::Resource, Kind::Entitlement, Kind::Grant] {
        let last = batch.last_row(kind).await?;
        sqlx::query("delete from work_pages where kind = ? and first_row > ?")
            .bind(kind as i64)
            .bind(last)
            .execute(batch.connection())
            .await
            .map_err(database_error("go on with the page table"))?;
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

/// Settles which of two rows of one id stays: the stored one, or one that was
/// refused because of it. Says whether their content was different.
pub(crate) async fn settle<R: Conflicting>(batch: &mut Batch<'_>, position: &str, row: &R) -> Result<bool> {
    let kind = R::KIND as i64;
    let Some(stored) = batch.existing(R::KIND, row.external_id()).await? else { return Ok(false) };
    let same = row.is_same(&stored);
    // Within one page the later row wins, as between pages. One that says the
    // same wins too: it must not give way to a page that lies between the two.
    if position >= position_of(&mut batch.connection(), kind, stored.id).await?.as_str() {
        if !same {
            row.replace(batch, stored.id).await?;
        }
        sqlx::query("insert or replace into work_winners (kind, row, position) values (?, ?, ?)")
            .bind(kind)
            .bind(stored.id)
            .bind(position.to_owned())
            .execute(batch.connection())
            .await
            .map_err(database_error("note the winner of two rows"))?;
    }
    Ok(!same)
}

/// Pages noted in one statement.
const PAGES_A_STATEMENT: usize = 500;

/// Ids settled in one go.
const IDS_AT_ONCE: u32 = 1000;

/// Settles which of the grants of one id stay. Grants have no unique index
/// while they come, so this is the end of the collection; it is asked only
/// where there are such grants.
///
/// The caller saves what it did in the same transaction, for a run that is
/// stopped right after it.
pub(crate) async fn settle_grants(batch: &mut Batch<'_>, cancel: &CancellationToken) -> Result<Repeated> {
    batch.create_grant_id_index().await?;
    let mut repeated = Repeated::default();
    let mut after = String::new();
    loop {
        let ids = batch.repeated_grant_ids(&after, IDS_AT_ONCE).await?;
        let Some(last) = ids.last() else { break };
        after.clone_from(last);
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        for id in &ids {
            settle_grant(batch, id, &mut repeated).await?;
        }
    }
    batch.drop_grant_id_index().await?;
    Ok(repeated)
}

/// Grants that had the id of another one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Repeated {
    /// Those whose content was another one than the grant's before.
    pub(crate) differing: u64,
    /// Those that were removed.
    pub(crate) removed: u64,
}

async fn settle_grant(batch: &mut Batch<'_>, id: &str, repeated: &mut Repeated) -> Result<()> {
    let mut best: Option<(String, Stored)> = None;
    for rival in batch.grants_of_id(id).await? {
        let position = position_of(&mut batch.connection(), Kind::Grant as i64, rival.id).await?;
        let Some((held, holder)) = best.take() else {
            best = Some((position, rival));
            continue;
        };
        repeated.differing += u64::from((&rival.data, &rival.expansion) != (&holder.data, &holder.expansion));
        // Rows of one page are stored in its order.
        let (winner, loser) =
            if position >= held { ((position, rival), holder) } else { ((held, holder), rival) };
        batch.delete_grant(loser.id).await?;
        repeated.removed += 1;
        best = Some(winner);
    }
    Ok(())
}

async fn position_of(conn: &mut Connection<'_>, kind: i64, row: i64) -> Result<String> {
    let won: Option<String> =
        sqlx::query_scalar("select position from work_winners where kind = ? and row = ?")
            .bind(kind)
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
    .bind(kind)
    .bind(row)
    .fetch_optional(conn)
    .await
    .map_err(database_error("look up a row"))?;
    Ok(page.unwrap_or_default())
}
