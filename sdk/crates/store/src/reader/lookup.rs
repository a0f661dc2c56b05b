//! Many rows at once by their ids, for readers that join page by page.

use connector_model::{Error, ErrorKind, Result};
use futures::{Stream, StreamExt as _, future::Either, stream};
use sqlx::AssertSqlSafe;

use super::{
    Record, SyncView,
    record::Read,
    view::{reading, record},
};
use crate::{EntitlementRow, Kind, ResourceRow, error::During as _};

impl<'a> SyncView<'a> {
    /// Streams the resources of these ids (`type:id`, as [`ResourceRow::external_id`] has it), in no order; those that
    /// are not stored are left out.
    ///
    /// The joined id is lossy: a row may be of another type than was meant. And the index that finds them is the file's:
    /// call [`Self::check_index`] before.
    pub fn resources_by_ids<'s>(
        &'s self,
        external_ids: &[String],
    ) -> impl Stream<Item = Result<Record<ResourceRow>>> + Send + use<'s, 'a> {
        self.by_ids(external_ids)
    }

    /// Streams the entitlements of these ids, in no order; those that are not stored are left out.
    pub fn entitlements_by_ids<'s>(
        &'s self,
        ids: &[String],
    ) -> impl Stream<Item = Result<Record<EntitlementRow>>> + Send + use<'s, 'a> {
        self.by_ids(ids)
    }

    /// Makes sure that [`Self::resources_by_ids`] and its like find the rows that are there, and no others: they look
    /// into an index of the file, and a forged one may lack rows, or one of two of the same id. Reads all of the kind's
    /// table once a file; fails with [`ErrorKind::DataLoss`] where its indexes don't fit its rows.
    pub async fn check_index(&self, kind: Kind) -> Result<()> {
        let file = self.file();
        let table = kind.table();
        file.checked_index(kind)
            .get_or_try_init(|| async {
                let found: String =
                    sqlx::query_scalar(AssertSqlSafe(format!("pragma integrity_check({table})")))
                        .fetch_one(file.conn())
                        .await
                        .during("can't check the indexes of the database in the file", file.path())?;
                if found == "ok" {
                    return Ok(());
                }
                Err(Error::new(
                    ErrorKind::DataLoss,
                    format!("an index of the database in the file does not fit its table: {found}"),
                )
                .with("file", file.path().display())
                .with("table", table))
            })
            .await
            .copied()
    }

    fn by_ids<'s, R: Read + Send + 's>(
        &'s self,
        ids: &[String],
    ) -> impl Stream<Item = Result<Record<R>>> + Send + use<'s, 'a, R> {
        // One text rather than a parameter an id, so that the statement is the same for any number of them.
        let ids = match serde_json::to_string(ids) {
            Ok(ids) => ids,
            Err(e) => {
                let error = Error::internal("the ids to look up don't become JSON").caused_by(e);
                return Either::Left(stream::once(async { Err(error) }));
            }
        };
        let sql = format!(
            "{} where external_id in (select value from json_each(?)) and sync_id = ?",
            self.select_by_index::<R>()
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(ids)
            .bind(self.run().id.clone())
            .fetch(self.file().conn())
            .map(|row| {
                row.and_then(|row| record::<R>(&row, &self.run().id))
                    .during(reading(R::KIND), self.file().path())
            });
        Either::Right(rows)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use futures::TryStreamExt as _;

    use crate::{
        C1z, EntitlementRow, Finish, NewSync, OpenOptions, ResourceRow, SyncStats, WorkDb, envelope,
    };

    fn resource(id: &str) -> ResourceRow {
        ResourceRow {
            resource_type_id: "user".into(),
            external_id: format!("user:{id}"),
            parent: None,
            data: Vec::new(),
        }
    }

    #[tokio::test]
    async fn those_that_are_there_come_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut db = WorkDb::create(&dir.path().join("work"), &NewSync::full()).await.unwrap();
        let mut batch = db.begin().await.unwrap();
        // Ids that JSON and SQL must not take for their own.
        let odd = ["plain", "quo\"te", "apo'strophe", "back\\slash", "zoë 東京", "null", "7", "[1]", ""];
        let rows: Vec<_> = odd.iter().map(|id| resource(id)).collect();
        assert!(batch.put_resources(&rows).await.unwrap().conflicts.is_empty());
        let entitlement = EntitlementRow {
            resource_type_id: "user".into(),
            resource_id: "plain".into(),
            external_id: "7".into(),
            data: Vec::new(),
        };
        assert!(batch.put_entitlements(&[entitlement]).await.unwrap().conflicts.is_empty());
        batch.commit().await.unwrap();
        db.build_indexes().await.unwrap();
        let ended_at = jiff::Timestamp::now();
        let finish =
            Finish { ended_at, stats: SyncStats::default(), supports_diff: true, completed_actions: 0 };
        db.finish(&finish).await.unwrap();
        let target = dir.path().join("out.c1z");
        envelope::pack(&db.close_for_packing().await.unwrap(), &target).await.unwrap();

        let file = C1z::open(&target, &OpenOptions::default()).await.unwrap();
        let view = file.view(None).await.unwrap();
        let mut ids: Vec<_> = odd.iter().map(|id| format!("user:{id}")).collect();
        ids.extend(["user:nobody".to_owned(), "user:plain".to_owned()]);
        let found: Vec<_> = view.resources_by_ids(&ids).try_collect().await.unwrap();
        assert_eq!(found.len(), odd.len());
        let found: BTreeSet<_> = found.into_iter().map(|r| r.row.external_id).collect();
        assert_eq!(found, odd.iter().map(|id| format!("user:{id}")).collect());
        assert_eq!(view.resources_by_ids(&[]).try_collect::<Vec<_>>().await.unwrap(), []);
        let found: Vec<_> = view.entitlements_by_ids(&["7".to_owned()]).try_collect().await.unwrap();
        assert_eq!(&*found[0].row.external_id, "7");
    }
}
