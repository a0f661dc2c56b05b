//! Rows as they come out of a file.

use std::sync::Arc;

use sqlx::{Row as _, sqlite::SqliteRow};

use super::slim;
use crate::{AssetRow, EntitlementRow, GrantRow, Kind, ResourceRow, ResourceTypeRow};

/// A stored row with what the store adds to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<R> {
    /// Its row id, by which pages go.
    pub id: i64,
    /// When it was found, as stored (see [`crate::time`]); empty where the file has none.
    pub discovered_at: String,
    /// The row.
    pub row: R,
}

/// A row that can be read, column by column.
pub trait Read: Sized {
    const KIND: Kind;
    const COLUMNS: &'static [&'static str];
    /// Reads from the columns, which begin at 2 (after `id` and `discovered_at`).
    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error>;
    /// About how many bytes it holds.
    fn weight(&self) -> usize;
    /// Its id.
    fn external_id(&self) -> &str;
}

fn text(row: &SqliteRow, at: usize) -> Result<Arc<str>, sqlx::Error> {
    row.try_get::<&str, _>(at).map(Arc::from)
}

/// What a text takes beside its bytes, about.
const OVERHEAD: usize = 16;

fn weigh(texts: &[&str], data: &[u8]) -> usize {
    texts.iter().map(|t| t.len() + OVERHEAD).sum::<usize>() + data.len() + OVERHEAD
}

impl Read for ResourceTypeRow {
    const KIND: Kind = Kind::ResourceType;
    const COLUMNS: &'static [&'static str] = &["external_id", "data"];

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self { external_id: text(row, 2)?, data: row.try_get(3)? })
    }

    fn external_id(&self) -> &str {
        &self.external_id
    }

    fn weight(&self) -> usize {
        weigh(&[&self.external_id], &self.data)
    }
}

impl Read for ResourceRow {
    const KIND: Kind = Kind::Resource;
    const COLUMNS: &'static [&'static str] =
        &["resource_type_id", "external_id", "parent_resource_type_id", "parent_resource_id", "data"];

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let part =
            |at| row.try_get::<Option<&str>, _>(at).map(|t| t.filter(|t| !t.is_empty()).map(Arc::from));
        Ok(Self {
            resource_type_id: text(row, 2)?,
            external_id: row.try_get(3)?,
            parent: part(4)?.zip(part(5)?),
            data: row.try_get(6)?,
        })
    }

    fn external_id(&self) -> &str {
        &self.external_id
    }

    fn weight(&self) -> usize {
        let (t, id) = self.parent.as_ref().map_or(("", ""), |(t, id)| (t, id));
        weigh(&[&self.resource_type_id, &self.external_id, t, id], &self.data)
    }
}

impl Read for EntitlementRow {
    const KIND: Kind = Kind::Entitlement;
    const COLUMNS: &'static [&'static str] = &["resource_type_id", "resource_id", "external_id", "data"];

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            resource_type_id: text(row, 2)?,
            resource_id: text(row, 3)?,
            external_id: text(row, 4)?,
            data: row.try_get(5)?,
        })
    }

    fn external_id(&self) -> &str {
        &self.external_id
    }

    fn weight(&self) -> usize {
        weigh(&[&self.resource_type_id, &self.resource_id, &self.external_id], &self.data)
    }
}

impl Read for GrantRow {
    const KIND: Kind = Kind::Grant;
    const COLUMNS: &'static [&'static str] = &[
        "resource_type_id",
        "resource_id",
        "entitlement_id",
        "principal_resource_type_id",
        "principal_resource_id",
        "external_id",
        "expansion",
        "needs_expansion",
        "data",
    ];

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let mut grant = Self {
            resource_type_id: text(row, 2)?,
            resource_id: text(row, 3)?,
            entitlement_id: text(row, 4)?,
            principal_resource_type_id: text(row, 5)?,
            principal_resource_id: text(row, 6)?,
            external_id: row.try_get(7)?,
            expansion: row.try_get(8)?,
            needs_expansion: row.try_get::<i64, _>(9)? != 0,
            data: row.try_get(10)?,
        };
        slim::complete(&mut grant);
        Ok(grant)
    }

    fn external_id(&self) -> &str {
        &self.external_id
    }

    fn weight(&self) -> usize {
        let texts = [
            &*self.resource_type_id,
            &self.resource_id,
            &self.entitlement_id,
            &self.principal_resource_type_id,
            &self.principal_resource_id,
            &self.external_id,
        ];
        weigh(&texts, &self.data) + self.expansion.as_ref().map_or(0, Vec::len)
    }
}

impl Read for AssetRow {
    const KIND: Kind = Kind::Asset;
    const COLUMNS: &'static [&'static str] = &["external_id", "content_type", "data"];

    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self { external_id: text(row, 2)?, content_type: text(row, 3)?, data: row.try_get(4)? })
    }

    fn external_id(&self) -> &str {
        &self.external_id
    }

    fn weight(&self) -> usize {
        weigh(&[&self.external_id, &self.content_type], &self.data)
    }
}
