//! The external file, looked at before the connector is asked for anything.

use std::sync::Arc;

use connector_model::{Error, ErrorKind, Result, TraitKind, wire};
use connector_store::{C1z, OpenOptions, ResourceTypeRow, SyncView, fs::create_private_dir};
use futures::TryStreamExt as _;
use prost::Message as _;

use crate::{ExternalPrincipals, finalize::external::message::annotation};

/// What makes a principal where nobody says otherwise.
const DEFAULT_TRAITS: [TraitKind; 2] = [TraitKind::User, TraitKind::Group];

/// Field `annotations` of `c1.connector.v2.ResourceType`.
const TYPE_ANNOTATIONS: u32 = 4;

/// Another file, whose principals are carried over.
#[derive(Debug)]
pub(crate) struct External {
    file: C1z,
    sync: String,
    entitlement: Option<String>,
    traits: Vec<TraitKind>,
    types: Vec<Supplied>,
}

/// A resource type that is carried over.
#[derive(Debug)]
pub(super) struct Supplied {
    pub(super) row: ResourceTypeRow,
    /// Its resources come without entitlements and grants.
    pub(super) alone: bool,
}

impl External {
    /// Decodes a file into a folder of its own below that of `open` and checks it:
    /// it must be sound, with a finished full sync, and have the entitlement
    /// of the filter. What an earlier run left in the folder is removed.
    pub(crate) async fn open(options: &ExternalPrincipals, open: &OpenOptions) -> Result<Self> {
        Self::read(options, open).await.map_err(|e| {
            let text = "the file of external principals can't be used; check --external-resource-c1z";
            Error::new(e.kind(), text).with("file", options.file.display()).caused_by(e)
        })
    }

    async fn read(options: &ExternalPrincipals, open: &OpenOptions) -> Result<Self> {
        let folder = open.temp_dir().join("external");
        let made = match std::fs::remove_dir_all(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
            _ => create_private_dir(&folder),
        };
        made.map_err(|e| {
            Error::io("the folder for the external file can't be made", e).with("folder", folder.display())
        })?;
        // What is decoded lies in a private folder in there.
        let inside = OpenOptions { temp_dir: Some(folder), ..open.clone() };
        let file = C1z::open(&options.file, &inside).await?;
        file.check().await?;
        let run = file.syncs().await?.into_iter().find(|run| run.is_finished() && run.sync_type.is_full());
        let run = run.ok_or_else(|| {
            Error::new(ErrorKind::FailedPrecondition, "it holds no finished full sync; finish one first")
        })?;
        let traits = match options.traits.as_slice() {
            [] => DEFAULT_TRAITS.to_vec(),
            some => some.to_vec(),
        };
        let mut external =
            Self { file, sync: run.id, entitlement: options.entitlement.clone(), traits, types: Vec::new() };
        external.types = external.read_types().await?;
        if external.types.is_empty() {
            tracing::warn!(
                file = %options.file.display(),
                "no resource type of the external file has a trait of --external-resource-traits"
            );
        }
        if let Some(id) = &external.entitlement
            && external.view().await?.entitlement(id).await?.is_none()
        {
            let text = "it has no such entitlement; check --external-resource-entitlement-id-filter";
            return Err(Error::new(ErrorKind::NotFound, text).with("entitlement", id));
        }
        Ok(external)
    }

    async fn read_types(&self) -> Result<Vec<Supplied>> {
        let view = self.view().await?;
        let mut rows = std::pin::pin!(view.resource_types(&()));
        let mut types = Vec::new();
        while let Some(record) = rows.try_next().await? {
            let row = record.row;
            let message = wire::ResourceType::decode(&*row.data)
                .ok()
                .filter(|t| *t.id == *row.external_id)
                .ok_or_else(|| self.unsound("resource type", &row.external_id))?;
            if message.traits.iter().any(|t| self.traits.contains(&TraitKind::from(*t))) {
                let skip = annotation::<wire::SkipEntitlementsAndGrants>(&row.data, TYPE_ANNOTATIONS);
                let alone = skip.map_err(|e| self.unsound("resource type", &row.external_id).caused_by(e))?;
                types.push(Supplied { row, alone: alone.is_some() });
            }
        }
        Ok(types)
    }

    /// The ids of the resource types whose resources are carried over: grants
    /// to one of them are not to somebody of a type that is not there.
    pub(crate) fn supplied_types(&self) -> impl Iterator<Item = &Arc<str>> {
        self.types.iter().map(|t| &t.row.external_id)
    }

    /// A view of that sync.
    pub(super) async fn view(&self) -> Result<SyncView<'_>> {
        self.file.view(Some(&self.sync)).await
    }

    pub(super) fn types(&self) -> &[Supplied] {
        &self.types
    }

    /// What makes a principal.
    pub(super) fn traits(&self) -> &[TraitKind] {
        &self.traits
    }

    /// The entitlement that principals must hold.
    pub(super) fn entitlement(&self) -> Option<&str> {
        self.entitlement.as_deref()
    }

    /// The error of a row that is not what the format says.
    pub(super) fn unsound(&self, what: &'static str, id: &str) -> Error {
        let text = format!(
            "a {what} of the external file can't be read: its message is damaged or does not fit its columns; \
             `baton verify` tells more"
        );
        Error::new(ErrorKind::DataLoss, text)
            .with("file", self.file.path().display())
            .with("id", id.chars().take(200).collect::<String>())
    }
}
