//! What rows refer to: looked up by the page, printed once, and kept for the rows that follow.

use std::{collections::HashSet, rc::Rc, sync::Arc};

use connector_model::{Error, ErrorKind, Result};
use connector_proto::c1::connector::v2 as wire;
use connector_store::{EntitlementRow, Kind, ResourceRow, ResourceTypeRow, SyncView, message::fields};
use futures::TryStreamExt as _;
use prost::{Message, Name};

use crate::{
    cache::{Cache, Text},
    message,
    output::Format,
};

/// Bytes of each cache's young generation.
const LIMIT: usize = 24 << 20;

/// Bytes that may be printed of rows that others refer to for each byte of the database's content, and at least. In a
/// file of a connector a row takes some 500 bytes and refers to some 3,000; in a forged one a million rows refer to a
/// few megabytes each.
const REPEATED_A_BYTE: u64 = 32;
const REPEATED_AT_LEAST: u64 = 64 << 20;

/// Type and id of a resource.
pub(crate) type ResourceKey = (Arc<str>, Arc<str>);

/// The rows of a sync that others refer to, as the format prints them: their JSON, or their name.
#[derive(Debug)]
pub(crate) struct Joins<'v> {
    view: &'v SyncView<'v>,
    format: Format,
    types: Cache<Arc<str>>,
    resources: Cache<ResourceKey>,
    entitlements: Cache<Arc<str>>,
    /// Bytes that were printed of rows that others refer to, and how many may be.
    repeated: u64,
    most: u64,
}

impl<'v> Joins<'v> {
    pub(crate) fn new(view: &'v SyncView<'v>, format: Format) -> Self {
        let (types, resources, entitlements) = (Cache::new(LIMIT), Cache::new(LIMIT), Cache::new(LIMIT));
        let content = view.file().content_bytes();
        let most = REPEATED_AT_LEAST.saturating_add(content.saturating_mul(REPEATED_A_BYTE));
        Self { view, format, types, resources, entitlements, repeated: 0, most }
    }

    /// Looks up those resources of a page that are not known, in one go.
    pub(crate) async fn load_resources(&mut self, keys: impl Iterator<Item = ResourceKey>) -> Result<()> {
        let mut wanted: HashSet<_> = keys.filter(|key| self.resources.get(key).is_none()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        self.view.check_index(Kind::Resource).await?;
        let ids: Vec<_> = wanted.iter().map(|(t, id)| format!("{t}:{id}")).collect();
        let mut found = std::pin::pin!(self.view.resources_by_ids(&ids));
        while let Some(record) = found.try_next().await? {
            let Some(id) = id_of(&record.row) else { continue };
            let text = self.resource_text(&record.row)?;
            let key = (record.row.resource_type_id, id);
            wanted.remove(&key);
            self.resources.insert(key, text);
        }
        for missing in wanted {
            self.resources.insert(missing, None);
        }
        Ok(())
    }

    /// Looks up those entitlements of a page that are not known, in one go.
    pub(crate) async fn load_entitlements(&mut self, ids: impl Iterator<Item = Arc<str>>) -> Result<()> {
        let mut wanted: HashSet<_> = ids.filter(|id| self.entitlements.get(id).is_none()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        self.view.check_index(Kind::Entitlement).await?;
        let ids: Vec<_> = wanted.iter().map(|id| id.to_string()).collect();
        let mut found = std::pin::pin!(self.view.entitlements_by_ids(&ids));
        while let Some(record) = found.try_next().await? {
            let text = self.entitlement_text(&record.row)?;
            wanted.remove(&record.row.external_id);
            self.entitlements.insert(record.row.external_id, text);
        }
        for missing in wanted {
            self.entitlements.insert(missing, None);
        }
        Ok(())
    }

    /// A resource type.
    pub(crate) async fn resource_type(&mut self, id: &Arc<str>) -> Result<Text> {
        let text = match self.types.get(id) {
            Some(text) => text,
            None => {
                let found = self.view.resource_type(id).await?;
                let text = found.map(|record| self.resource_type_text(&record.row)).transpose()?.flatten();
                self.types.insert(id.clone(), text.clone());
                text
            }
        };
        self.printed(text)
    }

    /// A resource.
    pub(crate) async fn resource(&mut self, key: &ResourceKey) -> Result<Text> {
        let text = match self.resources.get(key) {
            Some(text) => text,
            None => {
                let found = self.view.resource(&key.0, &key.1).await?;
                let text = found.map(|record| self.resource_text(&record.row)).transpose()?.flatten();
                self.resources.insert(key.clone(), text.clone());
                text
            }
        };
        self.printed(text)
    }

    /// An entitlement.
    pub(crate) async fn entitlement(&mut self, id: &Arc<str>) -> Result<Text> {
        let text = match self.entitlements.get(id) {
            Some(text) => text,
            None => {
                let found = self.view.entitlement(id).await?;
                let text = found.map(|record| self.entitlement_text(&record.row)).transpose()?.flatten();
                self.entitlements.insert(id.clone(), text.clone());
                text
            }
        };
        self.printed(text)
    }

    /// A table shows the beginning of a text, a document all of it.
    fn printed(&mut self, text: Text) -> Result<Text> {
        if self.format == Format::Json {
            self.repeated += text.as_ref().map_or(0, |t| t.len() as u64);
        }
        if self.repeated <= self.most {
            return Ok(text);
        }
        Err(Error::new(
            ErrorKind::ResourceExhausted,
            "the rows repeat what they refer to so often that the document would be far larger than the file; \
             what is printed is not all",
        )
        .with("file", self.view.file().path().display())
        .with("limit_bytes", self.most))
    }

    fn resource_type_text(&self, row: &ResourceTypeRow) -> Result<Text> {
        let is_of = text_field(&row.data, TYPE_ID) == Some(row.external_id.as_bytes());
        self.text::<wire::ResourceType>(is_of, &row.external_id, &row.data, |m| &m.display_name)
    }

    fn resource_text(&self, row: &ResourceRow) -> Result<Text> {
        let mut id = wire::ResourceId::default();
        let of_id = fields(&row.data).filter_map(Result::ok).filter(|f| f.number == RESOURCE_ID);
        let is_of = of_id.into_iter().all(|field| id.merge(field.value).is_ok())
            && id.resource_type == *row.resource_type_id
            && id_of(row).is_some_and(|of| *of == *id.resource);
        self.text::<wire::Resource>(is_of, &row.external_id, &row.data, |m| &m.display_name)
    }

    fn entitlement_text(&self, row: &EntitlementRow) -> Result<Text> {
        let is_of = text_field(&row.data, ENTITLEMENT_ID) == Some(row.external_id.as_bytes());
        self.text::<wire::Entitlement>(is_of, &row.external_id, &row.data, |m| &m.display_name)
    }

    /// `is_of` says whether the message is of the row that was looked up. An index of a forged file may lead to another
    /// row, whose name would then stand for somebody else's.
    fn text<M>(&self, is_of: bool, id: &str, data: &[u8], name: impl Fn(&M) -> &String) -> Result<Text>
    where
        M: Message + Name + Default,
    {
        if !is_of {
            return Err(message::misplaced::<M>(id));
        }
        Ok(match self.format {
            Format::Json => Some(Rc::from(message::to_json::<M>(id, data)?)),
            // A row without a name is shown by its id, as one that is not stored.
            Format::Console => {
                let decoded: M = message::decode(id, data)?;
                Some(name(&decoded)).filter(|n| !n.is_empty()).map(|n| Rc::from(n.as_str()))
            }
        })
    }
}

// Fields of `c1.connector.v2`: `ResourceType.id`, `Resource.id`, `Entitlement.id`.
const TYPE_ID: u32 = 1;
const RESOURCE_ID: u32 = 1;
const ENTITLEMENT_ID: u32 = 2;

/// The text of a field, the last where there are several, without decoding the rest; empty where there is none.
fn text_field(message: &[u8], number: u32) -> Option<&[u8]> {
    let mut value = &[][..];
    for field in fields(message) {
        let field = field.ok()?;
        if field.number == number {
            value = field.value;
        }
    }
    Some(value)
}

/// A resource's id: its external id is `type:id`.
fn id_of(row: &ResourceRow) -> Option<Arc<str>> {
    row.external_id.strip_prefix(&*row.resource_type_id)?.strip_prefix(':').map(Arc::from)
}
