//! What rows refer to: looked up by the page, printed once, and kept for the rows that follow.

use std::{collections::HashSet, rc::Rc, sync::Arc};

use connector_model::Result;
use connector_proto::c1::connector::v2 as wire;
use connector_store::{EntitlementRow, ResourceRow, ResourceTypeRow, SyncView};
use futures::TryStreamExt as _;
use prost::{Message, Name};

use crate::{
    cache::{Cache, Text},
    message,
    output::Format,
};

/// Bytes of each cache's young generation.
const LIMIT: usize = 24 << 20;

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
}

impl<'v> Joins<'v> {
    pub(crate) fn new(view: &'v SyncView<'v>, format: Format) -> Self {
        let (types, resources, entitlements) = (Cache::new(LIMIT), Cache::new(LIMIT), Cache::new(LIMIT));
        Self { view, format, types, resources, entitlements }
    }

    /// Looks up those resources of a page that are not known, in one go.
    pub(crate) async fn load_resources(&mut self, keys: impl Iterator<Item = ResourceKey>) -> Result<()> {
        let mut wanted: HashSet<_> = keys.filter(|key| self.resources.get(key).is_none()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
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
        if let Some(text) = self.types.get(id) {
            return Ok(text);
        }
        let text = match self.view.resource_type(id).await? {
            Some(record) => self.resource_type_text(&record.row)?,
            None => None,
        };
        self.types.insert(id.clone(), text.clone());
        Ok(text)
    }

    /// A resource.
    pub(crate) async fn resource(&mut self, key: &ResourceKey) -> Result<Text> {
        if let Some(text) = self.resources.get(key) {
            return Ok(text);
        }
        let text = match self.view.resource(&key.0, &key.1).await? {
            Some(record) => self.resource_text(&record.row)?,
            None => None,
        };
        self.resources.insert(key.clone(), text.clone());
        Ok(text)
    }

    /// An entitlement.
    pub(crate) async fn entitlement(&mut self, id: &Arc<str>) -> Result<Text> {
        if let Some(text) = self.entitlements.get(id) {
            return Ok(text);
        }
        let text = match self.view.entitlement(id).await? {
            Some(record) => self.entitlement_text(&record.row)?,
            None => None,
        };
        self.entitlements.insert(id.clone(), text.clone());
        Ok(text)
    }

    fn resource_type_text(&self, row: &ResourceTypeRow) -> Result<Text> {
        self.text::<wire::ResourceType>(&row.external_id, &row.data, |m| &m.display_name)
    }

    fn resource_text(&self, row: &ResourceRow) -> Result<Text> {
        self.text::<wire::Resource>(&row.external_id, &row.data, |m| &m.display_name)
    }

    fn entitlement_text(&self, row: &EntitlementRow) -> Result<Text> {
        self.text::<wire::Entitlement>(&row.external_id, &row.data, |m| &m.display_name)
    }

    fn text<M>(&self, id: &str, data: &[u8], name: impl Fn(&M) -> &String) -> Result<Text>
    where
        M: Message + Name + Default,
    {
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

/// A resource's id: its external id is `type:id`.
fn id_of(row: &ResourceRow) -> Option<Arc<str>> {
    row.external_id.strip_prefix(&*row.resource_type_id)?.strip_prefix(':').map(Arc::from)
}
