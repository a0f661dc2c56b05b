//! The listings under way, and the part of them that a later run needs.
//!
//! Most listings have one page and are never written down: the queue's row is
//! enough to begin them again. One that goes on is saved with the pages that
//! were read of it.

use std::collections::{HashMap, HashSet};

use connector_model::{Error, ErrorKind, Result};
use connector_store::{Connection, IdHash};
use sqlx::{QueryBuilder, Sqlite};

use crate::{
    database_error,
    fetch::listing::{Listing, Numbers},
};

pub(crate) const CREATE: [&str; 2] = [
    "create table if not exists work_listings (
        id integer primary key,
        open integer not null,
        chains integer not null,
        pages integer not null,
        rows integer not null,
        total integer,
        totals_differ integer not null,
        left_out integer not null,
        lost integer not null
    ) strict",
    "create table if not exists work_seen (
        id integer primary key,
        listing integer not null,
        distinct_rows blob not null,
        named blob not null
    ) strict",
];

pub(crate) const TABLES: [&str; 2] = ["work_listings", "work_seen"];

/// Listings by the action that they began with.
#[derive(Debug, Default)]
pub(crate) struct Listings {
    open: HashMap<i64, Listing>,
    /// Those that changed since the last save.
    changed: HashSet<i64>,
    /// Those that the database has.
    saved: HashSet<i64>,
    /// Of these, those that ended since the last save.
    ended: Vec<i64>,
}

pub(crate) async fn create(conn: &mut Connection<'_>) -> Result<()> {
    for statement in CREATE {
        sqlx::query(statement).execute(&mut *conn).await.map_err(database_error("create the listings"))?;
    }
    Ok(())
}

impl Listings {
    /// A listing that an action belongs to; it begins with its first page.
    pub(crate) fn of(&mut self, id: i64) -> &mut Listing {
        self.changed.insert(id);
        self.open.entry(id).or_insert_with(Listing::begin)
    }

    /// A listing whose last chain is at its end.
    pub(crate) fn end(&mut self, id: i64) {
        self.open.remove(&id);
        self.changed.remove(&id);
        if self.saved.remove(&id) {
            self.ended.push(id);
        }
    }

    /// Writes down what changed, in the transaction that holds the pages.
    pub(crate) async fn save(&mut self, conn: &mut Connection<'_>) -> Result<()> {
        let operation = "save the listings";
        for table in TABLES {
            let key = if table == "work_seen" { "listing" } else { "id" };
            for ids in self.ended.chunks(500) {
                let mut delete = QueryBuilder::<Sqlite>::new(format!("delete from {table} where {key} in ("));
                let mut list = delete.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                delete.push(")");
                delete.build().execute(&mut *conn).await.map_err(database_error(operation))?;
            }
        }
        self.ended.clear();
        for id in std::mem::take(&mut self.changed) {
            let Some(listing) = self.open.get_mut(&id) else { continue };
            let (numbers, fresh) = listing.save();
            self.saved.insert(id);
            sqlx::query(
                "insert or replace into work_listings (id, open, chains, pages, rows, total, totals_differ, \
                 left_out, lost) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(id)
            .bind(i64::from(numbers.open))
            .bind(i64::from(numbers.chains))
            .bind(stored(numbers.pages))
            .bind(stored(numbers.rows))
            .bind(numbers.total.map(stored))
            .bind(i64::from(numbers.totals_differ))
            .bind(stored(numbers.left_out))
            .bind(i64::from(numbers.lost))
            .execute(&mut *conn)
            .await
            .map_err(database_error(operation))?;
            if fresh.distinct.is_empty() && fresh.named.is_empty() {
                continue;
            }
            sqlx::query("insert into work_seen (listing, distinct_rows, named) values (?, ?, ?)")
                .bind(id)
                .bind(fresh.distinct.iter().flat_map(|h| h.to_le_bytes()).collect::<Vec<u8>>())
                .bind(IdHash::to_bytes(&fresh.named))
                .execute(&mut *conn)
                .await
                .map_err(database_error(operation))?;
        }
        Ok(())
    }

    /// Reads what an earlier run saved.
    pub(crate) async fn load(conn: &mut Connection<'_>) -> Result<Self> {
        let operation = "read the listings";
        let rows: Vec<Saved> = sqlx::query_as("select * from work_listings")
            .fetch_all(&mut *conn)
            .await
            .map_err(database_error(operation))?;
        let mut listings = Self::default();
        for row in rows {
            listings.saved.insert(row.id);
            listings.open.insert(row.id, Listing::restore(row.numbers()?));
        }
        let seen: Vec<(i64, Vec<u8>, Vec<u8>)> =
            sqlx::query_as("select listing, distinct_rows, named from work_seen")
                .fetch_all(conn)
                .await
                .map_err(database_error(operation))?;
        for (id, distinct, named) in seen {
            let listing = listings.open.get_mut(&id).ok_or_else(damaged)?;
            let distinct = distinct.as_chunks().0.iter().map(|h| u64::from_le_bytes(*h));
            listing.restore_seen(distinct, &IdHash::from_bytes(&named));
        }
        Ok(listings)
    }
}

/// A listing as it is saved.
#[derive(sqlx::FromRow)]
struct Saved {
    id: i64,
    open: i64,
    chains: i64,
    pages: i64,
    rows: i64,
    total: Option<i64>,
    totals_differ: bool,
    left_out: i64,
    lost: bool,
}

impl Saved {
    fn numbers(&self) -> Result<Numbers> {
        Ok(Numbers {
            open: small(self.open)?,
            chains: small(self.chains)?,
            pages: read(self.pages)?,
            rows: read(self.rows)?,
            total: self.total.map(read).transpose()?,
            totals_differ: self.totals_differ,
            left_out: read(self.left_out)?,
            lost: self.lost,
        })
    }
}

fn stored(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn read(n: i64) -> Result<u64> {
    u64::try_from(n).map_err(|_| damaged())
}

fn small(n: i64) -> Result<u32> {
    u32::try_from(n).map_err(|_| damaged())
}

fn damaged() -> Error {
    Error::new(ErrorKind::DataLoss, "the listings of the working database are damaged")
}
