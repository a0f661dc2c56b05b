//! The manifest of a v3 file: enough to say by name what is refused.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use connector_model::{Error, ErrorKind, Result};
use connector_proto::c1::{c1z::v3::C1zManifestV3, storage::v3::SyncType as WireSyncType};
use prost::Message as _;
use serde::Serialize;

use super::MAGIC_V3;
use crate::{SyncType, error::Doing as _};

/// The longest manifest (16 MiB).
const MAX_MANIFEST: u32 = 16 << 20;

/// What the manifest of a v3 file says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct V3Summary {
    /// The engine that wrote it, such as `pebble3`.
    pub engine: String,
    /// The syncs it holds; one, by contract.
    pub syncs: Vec<V3Sync>,
}

/// One sync of a v3 file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct V3Sync {
    /// Its id.
    pub id: String,
    /// What it covers.
    pub sync_type: SyncType,
    /// Whether it ended.
    pub ended: bool,
    /// Resources, where counted.
    pub resources: Option<i64>,
    /// Entitlements, where counted.
    pub entitlements: Option<i64>,
    /// Grants, where counted.
    pub grants: Option<i64>,
}

pub(super) fn read(mut file: &File, path: &Path) -> Result<V3Summary> {
    let broken = |why: &str| {
        Error::new(ErrorKind::DataLoss, format!("this is a c1z v3 file, and {why}; take an older copy"))
            .with("file", path.display())
    };
    file.seek(SeekFrom::Start(MAGIC_V3.len() as u64)).doing("can't read the file", path)?;
    let mut len = [0; 4];
    file.read_exact(&mut len).map_err(|_| broken("it ends before its manifest"))?;
    let len = u32::from_be_bytes(len);
    if len > MAX_MANIFEST {
        return Err(broken("its manifest is longer than 16 MiB"));
    }
    let mut bytes = Vec::new();
    file.take(u64::from(len)).read_to_end(&mut bytes).doing("can't read the file", path)?;
    if bytes.len() < len as usize {
        return Err(broken("it ends within its manifest"));
    }
    let manifest =
        C1zManifestV3::decode(bytes.as_slice()).map_err(|_| broken("its manifest does not decode"))?;
    Ok(summarise(manifest))
}

fn summarise(manifest: C1zManifestV3) -> V3Summary {
    let syncs = manifest.sync_runs.into_iter().map(|run| V3Sync {
        sync_type: match WireSyncType::try_from(run.r#type) {
            Ok(WireSyncType::Full) => SyncType::Full,
            Ok(WireSyncType::Partial) => SyncType::Partial,
            Ok(WireSyncType::ResourcesOnly) => SyncType::ResourcesOnly,
            Ok(WireSyncType::PartialUpserts) => SyncType::PartialUpserts,
            Ok(WireSyncType::PartialDeletions) => SyncType::PartialDeletions,
            Ok(WireSyncType::Unspecified) | Err(_) => SyncType::Other(run.r#type.to_string()),
        },
        id: run.sync_id,
        ended: run.ended_at.is_some(),
        resources: run.stats.as_ref().map(|s| s.resources),
        entitlements: run.stats.as_ref().map(|s| s.entitlements),
        grants: run.stats.as_ref().map(|s| s.grants),
    });
    V3Summary { engine: manifest.engine, syncs: syncs.collect() }
}

impl V3Summary {
    /// Why a v3 file is not read, what is in it, and what to do.
    pub fn refusal(&self, path: &Path) -> Error {
        self.refuse(
            path,
            "this is a c1z v3 file, which only the Go SDK reads; have the Go connector write it with \
             --storage-engine sqlite",
        )
    }

    /// Why a v3 file is not replaced.
    pub fn target_refusal(&self, path: &Path) -> Error {
        self.refuse(
            path,
            "the output is a c1z v3 file of the Go SDK; choose another path, or pass --overwrite to replace it by a \
             v1 file",
        )
    }

    fn refuse(&self, path: &Path, text: &'static str) -> Error {
        let mut error = Error::new(ErrorKind::FailedPrecondition, text)
            .with("file", path.display())
            .with("engine", clip(&self.engine));
        for sync in self.syncs.iter().take(3) {
            let count = |n: Option<i64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
            error = error.with(
                "sync",
                format!(
                    "{} {} {}: {} resources, {} entitlements, {} grants",
                    clip(&sync.id),
                    sync.sync_type,
                    if sync.ended { "ended" } else { "unfinished" },
                    count(sync.resources),
                    count(sync.entitlements),
                    count(sync.grants)
                ),
            );
        }
        error
    }
}

/// A foreign text, short enough for an error.
fn clip(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}
