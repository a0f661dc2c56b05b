//! A stream of rows that ends because the driver's thread died looks like one that ends because there are no more.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::{
    Stream, TryStreamExt as _,
    future::BoxFuture,
    stream::{BoxStream, StreamExt as _},
};
use sqlx::{
    Either, Error, Execute, Executor, SqlStr, Sqlite,
    sqlite::{SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo},
};

type Item = Result<Either<SqliteQueryResult, SqliteRow>, Error>;

/// An executor whose answers are whole or an error.
///
/// A connection of sqlx has a thread of its own. Where that panics, its channel closes, and what was asked of it ends
/// without an error: a list that looks complete, a write that looks done. Each statement that came to its end says so
/// behind its rows, though; an answer without that is [`Error::WorkerCrashed`].
#[derive(Debug)]
pub(crate) struct Checked<E>(pub(crate) E);

impl<'c, E: Executor<'c, Database = Sqlite>> Executor<'c> for Checked<E> {
    type Database = Sqlite;

    fn fetch_many<'e, 'q, Q>(self, query: Q) -> BoxStream<'e, Item>
    where
        'c: 'e,
        'q: 'e,
        Q: 'q + Execute<'q, Sqlite>,
    {
        Answer { items: self.0.fetch_many(query), ended: false }.boxed()
    }

    fn fetch_optional<'e, 'q, Q>(self, query: Q) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        'q: 'e,
        Q: 'q + Execute<'q, Sqlite>,
    {
        // Not as the inner one does it, which drops what stands behind the rows.
        let mut items = self.fetch_many(query);
        Box::pin(async move {
            while let Some(item) = items.try_next().await? {
                if let Either::Right(row) = item {
                    return Ok(Some(row));
                }
            }
            Ok(None)
        })
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

/// What a statement answers, with an error where it does not come to its end.
struct Answer<'e> {
    items: BoxStream<'e, Item>,
    ended: bool,
}

impl Stream for Answer<'_> {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        match ready!(self.items.poll_next_unpin(cx)) {
            Some(item) => {
                self.ended |= !matches!(item, Ok(Either::Right(_)));
                Poll::Ready(Some(item))
            }
            None if self.ended => Poll::Ready(None),
            None => {
                self.ended = true;
                Poll::Ready(Some(Err(Error::WorkerCrashed)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};

    use super::*;

    /// A database with three rows whose driver dies at the first row, because the type of its column, written in the
    /// schema, is not UTF-8. `empty` has no row.
    async fn deadly(folder: &tempfile::TempDir, rows: u32) -> SqliteConnection {
        let path = folder.path().join(format!("{rows}"));
        let _gone = std::fs::remove_file(&path);
        let mut conn =
            SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.unwrap();
        sqlx::query("create table t (a TYP)").execute(&mut conn).await.unwrap();
        for _ in 0..rows {
            sqlx::query("insert into t values (1)").execute(&mut conn).await.unwrap();
        }
        sqlx::Connection::close(conn).await.unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(3).position(|w| w == b"TYP").unwrap();
        bytes[at] = 0xff;
        std::fs::write(&path, bytes).unwrap();
        SqliteConnectOptions::new().filename(&path).connect().await.unwrap()
    }

    fn is_crash<T>(answer: Result<T, Error>) -> bool {
        matches!(answer, Err(Error::WorkerCrashed))
    }

    #[tokio::test]
    async fn an_answer_whose_thread_dies_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let sql = "select a from t";
        // The driver alone takes it for an empty table.
        assert_eq!(sqlx::query(sql).fetch_all(&mut deadly(&folder, 3).await).await.unwrap().len(), 0);
        assert!(is_crash(sqlx::query(sql).fetch_all(Checked(&mut deadly(&folder, 3).await)).await));
        assert!(is_crash(sqlx::query(sql).fetch_optional(Checked(&mut deadly(&folder, 3).await)).await));
        assert!(is_crash(sqlx::query(sql).fetch_one(Checked(&mut deadly(&folder, 3).await)).await));
        assert!(is_crash(sqlx::query(sql).execute(Checked(&mut deadly(&folder, 3).await)).await));
        let mut conn = deadly(&folder, 3).await;
        let mut rows = sqlx::query(sql).fetch(Checked(&mut conn));
        assert!(is_crash(rows.try_next().await));
        assert!(rows.try_next().await.unwrap().is_none(), "once");
    }

    #[tokio::test]
    async fn other_answers_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut conn = deadly(&folder, 0).await;
        let count = "select count(*) from sqlite_schema";
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(Checked(&mut conn)).await.unwrap(), 1);
        let none = "select 1 where false";
        assert!(sqlx::query(none).fetch_optional(Checked(&mut conn)).await.unwrap().is_none());
        assert!(sqlx::query(none).fetch_all(Checked(&mut conn)).await.unwrap().is_empty());
        let done = sqlx::query("insert into t values (1), (2)").execute(Checked(&mut conn)).await.unwrap();
        assert_eq!(done.rows_affected(), 2);
        let bad = sqlx::query(AssertSqlSafe("select nothing")).fetch_all(Checked(&mut conn)).await;
        assert!(matches!(bad, Err(Error::Database(_))));
    }
}
