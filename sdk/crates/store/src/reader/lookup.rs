//! Many rows at once by their ids, for readers that join page by page.

use connector_model::{Error, Result};
use futures::{Stream, StreamExt as _, future::Either, stream};
use sqlx::AssertSqlSafe;

use super::{
    Record, SyncView,
    record::Read,
    view::{reading, record},
};
use crate::{EntitlementRow, ResourceRow, error::Doing as _};

impl<'a> SyncView<'a> {
    /// Streams the resources of these ids (`type:id`, as [`ResourceRow::external_id`] has it), in no order; those that
    /// are not stored are left out.
    ///
    /// The joined id is lossy: a row may be of another type than was meant.
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
            self.select::<R>()
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(ids)
            .bind(self.run().id.clone())
            .fetch(self.file().pool())
            .map(|row| row.and_then(|row| record::<R>(&row)).doing(reading(R::KIND), self.file().path()));
        Either::Right(rows)
    }
}
