//! What the engine reads back while it works.

use connector_model::Result;
use sqlx::FromRow;

use super::WorkDb;
use crate::{Connection, error::During as _};

/// A resource as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredResource {
    /// Its row id; pages go by it.
    pub id: i64,
    /// `type:id`.
    pub external_id: String,
    /// `c1.connector.v2.Resource`, encoded.
    pub data: Vec<u8>,
}

pub(super) async fn resources(
    conn: &mut Connection<'_>,
    resource_type: Option<&str>,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredResource>, sqlx::Error> {
    let query = match resource_type {
        Some(t) => sqlx::query_as(
            "select id, external_id, data from v1_resources where resource_type_id = ? and id > ? order by id limit ?",
        )
        .bind(t),
        None => sqlx::query_as("select id, external_id, data from v1_resources where id > ? order by id limit ?"),
    };
    query.bind(after).bind(limit).fetch_all(conn).await
}

impl WorkDb {
    /// At most `limit` resources (of one type, or all) with a row id above `after`, in the order of row ids. Begin
    /// with 0; go on with the last id.
    pub async fn page_resources(
        &mut self,
        resource_type: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredResource>> {
        resources(&mut Connection::of(&mut self.conn), resource_type, after, limit)
            .await
            .during("can't read resources", &self.path)
    }
}
