//! The connection of a working database as statements reach it.

use futures::{future::BoxFuture, stream::BoxStream};
use sqlx::{
    Connection as _, Either, Error, Execute, Executor, SqlStr, Sqlite, SqliteConnection,
    sqlite::{SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo},
};

use super::Checked;

type Item = Result<Either<SqliteQueryResult, SqliteRow>, Error>;

/// A connection, lent. It runs statements as sqlx's own does (give it, or `&mut` of it, to `execute` and its like); an
/// answer is whole or an error, also where the driver's thread dies (`sqlx::Error::WorkerCrashed`).
#[derive(Debug)]
pub struct Connection<'a>(&'a mut SqliteConnection);

/// A transaction on a [`Connection`]: rolled back when dropped, unless it was committed.
#[derive(Debug)]
pub struct Transaction<'a>(sqlx::Transaction<'a, Sqlite>);

impl<'a> Connection<'a> {
    pub(crate) fn of(conn: &'a mut SqliteConnection) -> Self {
        Self(conn)
    }

    /// Lends it on.
    pub fn lend(&mut self) -> Connection<'_> {
        Connection(self.0)
    }

    /// Begins a transaction, or a savepoint in one.
    pub async fn begin(self) -> Result<Transaction<'a>, Error> {
        self.0.begin().await.map(Transaction)
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin_immediate(self) -> Result<Transaction<'a>, Error> {
        self.0.begin_with("begin immediate").await.map(Transaction)
    }
}

impl Transaction<'_> {
    /// The connection inside the transaction.
    pub fn connection(&mut self) -> Connection<'_> {
        Connection(&mut self.0)
    }

    /// Makes all of it lasting, or none.
    pub async fn commit(self) -> Result<(), Error> {
        self.0.commit().await
    }
}

impl<'c> Executor<'c> for &'c mut Connection<'_> {
    type Database = Sqlite;

    fn fetch_many<'e, 'q, Q>(self, query: Q) -> BoxStream<'e, Item>
    where
        'c: 'e,
        'q: 'e,
        Q: 'q + Execute<'q, Sqlite>,
    {
        Checked(&mut *self.0).fetch_many(query)
    }

    fn fetch_optional<'e, 'q, Q>(self, query: Q) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        'q: 'e,
        Q: 'q + Execute<'q, Sqlite>,
    {
        Checked(&mut *self.0).fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        self.0.prepare_with(sql, parameters)
    }
}

impl<'c> Executor<'c> for Connection<'c> {
    type Database = Sqlite;

    fn fetch_many<'e, 'q, Q>(self, query: Q) -> BoxStream<'e, Item>
    where
        'c: 'e,
        'q: 'e,
        Q: 'q + Execute<'q, Sqlite>,
    {
        Checked(self.0).fetch_many(query)
    }

    fn fetch_optional<'e, 'q, Q>(self, query: Q) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        'q: 'e,
        Q: 'q + Execute<'q, Sqlite>,
    {
        Checked(self.0).fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        self.0.prepare_with(sql, parameters)
    }
}
