//! The manifest of a v3 file: enough to say by name what is refused.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use connector_model::{Error, ErrorKind, Result};
use connector_proto::c1::storage::v3::SyncType as WireSyncType;
use prost::{
    DecodeError,
    encoding::{DecodeContext, decode_key, message, skip_field, string},
};
use serde::Serialize;

use super::MAGIC_V3;
use crate::{SyncType, error::During as _};

/// The longest manifest (16 MiB).
const MAX_MANIFEST: u32 = 16 << 20;

/// What the manifest of a v3 file says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct V3Summary {
    /// The engine that wrote it, such as `pebble3`.
    pub engine: String,
    /// The syncs it holds, the first hundred of them; one, by contract.
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
    file.seek(SeekFrom::Start(MAGIC_V3.len() as u64)).during("can't read the file", path)?;
    let mut len = [0; 4];
    file.read_exact(&mut len).map_err(|_| broken("it ends before its manifest"))?;
    let len = u32::from_be_bytes(len);
    if len > MAX_MANIFEST {
        return Err(broken("its manifest is longer than 16 MiB"));
    }
    let mut bytes = Vec::new();
    file.take(u64::from(len)).read_to_end(&mut bytes).during("can't read the file", path)?;
    if bytes.len() < len as usize {
        return Err(broken("it ends within its manifest"));
    }
    summarise(&bytes).map_err(|_| broken("its manifest does not decode"))
}

/// The most syncs that are told of. The contract has one.
const MAX_SYNCS: usize = 100;

/// The fields of a `c1.c1z.v3.SyncRunSummary` that are told, without its maps.
#[derive(Clone, PartialEq, prost::Message)]
struct Run {
    #[prost(string, tag = "1")]
    sync_id: String,
    #[prost(enumeration = "WireSyncType", tag = "2")]
    sync_type: i32,
    #[prost(message, optional, tag = "4")]
    ended_at: Option<Nothing>,
    #[prost(message, optional, tag = "6")]
    stats: Option<Counts>,
}

/// A message of which only its presence is reported.
#[derive(Clone, PartialEq, prost::Message)]
struct Nothing {}

/// The fields of a `c1.storage.v3.SyncStatsRecord` that are told.
#[derive(Clone, PartialEq, prost::Message)]
struct Counts {
    #[prost(int64, tag = "3")]
    resources: i64,
    #[prost(int64, tag = "4")]
    entitlements: i64,
    #[prost(int64, tag = "5")]
    grants: i64,
}

/// Walks a `c1.c1z.v3.C1ZManifestV3`: decoded as a whole, 16 MiB of empty messages would be gigabytes.
fn summarise(mut manifest: &[u8]) -> Result<V3Summary, DecodeError> {
    const ENGINE: u32 = 1;
    const SYNC_RUNS: u32 = 40;
    let mut engine = String::new();
    let mut syncs = Vec::new();
    while !manifest.is_empty() {
        let (field, wire) = decode_key(&mut manifest)?;
        match field {
            ENGINE => string::merge(wire, &mut engine, &mut manifest, DecodeContext::default())?,
            SYNC_RUNS if syncs.len() < MAX_SYNCS => {
                let mut run = Run::default();
                message::merge(wire, &mut run, &mut manifest, DecodeContext::default())?;
                syncs.push(V3Sync::from(run));
            }
            _ => skip_field(wire, field, &mut manifest, DecodeContext::default())?,
        }
    }
    Ok(V3Summary { engine, syncs })
}

impl From<Run> for V3Sync {
    fn from(run: Run) -> Self {
        Self {
            sync_type: match WireSyncType::try_from(run.sync_type) {
                Ok(WireSyncType::Full) => SyncType::Full,
                Ok(WireSyncType::Partial) => SyncType::Partial,
                Ok(WireSyncType::ResourcesOnly) => SyncType::ResourcesOnly,
                Ok(WireSyncType::PartialUpserts) => SyncType::PartialUpserts,
                Ok(WireSyncType::PartialDeletions) => SyncType::PartialDeletions,
                Ok(WireSyncType::Unspecified) | Err(_) => SyncType::Other(run.sync_type.to_string()),
            },
            id: run.sync_id,
            ended: run.ended_at.is_some(),
            resources: run.stats.as_ref().map(|s| s.resources),
            entitlements: run.stats.as_ref().map(|s| s.entitlements),
            grants: run.stats.as_ref().map(|s| s.grants),
        }
    }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use connector_proto::c1::{
        c1z::v3::{C1zManifestV3, SyncRunSummary},
        storage::v3::SyncStatsRecord,
    };
    use prost::Message as _;

    use super::*;

    fn manifest(syncs: usize) -> C1zManifestV3 {
        let run = SyncRunSummary {
            sync_id: "a".into(),
            r#type: WireSyncType::Partial.into(),
            ended_at: Some(prost_types::Timestamp::default()),
            stats: Some(SyncStatsRecord {
                resources: 1,
                entitlements: 2,
                grants: 3,
                resources_by_resource_type: [("user".to_owned(), 1)].into(),
                ..SyncStatsRecord::default()
            }),
            ..SyncRunSummary::default()
        };
        C1zManifestV3 {
            engine: "pebble3".into(),
            engine_schema_version: 3,
            sync_runs: vec![run; syncs],
            fold_dead_bytes: 9,
            ..C1zManifestV3::default()
        }
    }

    #[test]
    fn what_is_told_is_what_the_whole_message_says() {
        let summary = summarise(&manifest(1).encode_to_vec()).unwrap();
        let sync = V3Sync {
            id: "a".into(),
            sync_type: SyncType::Partial,
            ended: true,
            resources: Some(1),
            entitlements: Some(2),
            grants: Some(3),
        };
        assert_eq!(summary, V3Summary { engine: "pebble3".into(), syncs: vec![sync] });
    }

    #[test]
    fn more_syncs_than_anybody_has_are_not_kept() {
        assert_eq!(summarise(&manifest(5_000).encode_to_vec()).unwrap().syncs.len(), MAX_SYNCS);
    }

    /// Cut off anywhere, it is an error or the fields before.
    #[test]
    fn what_is_cut_off_is_never_made_up() {
        let bytes = manifest(1).encode_to_vec();
        let all = summarise(&bytes).unwrap();
        let (mut errors, mut without_sync) = (0, 0);
        for end in 0..bytes.len() {
            let Ok(summary) = summarise(&bytes[..end]) else {
                errors += 1;
                continue;
            };
            assert!(summary.engine.is_empty() || summary.engine == all.engine, "{end}");
            assert!(summary.syncs.is_empty() || summary.syncs == all.syncs, "{end}");
            without_sync += usize::from(summary.syncs.is_empty());
        }
        assert!(errors > 10 && without_sync > 1, "{errors} errors, {without_sync} without the sync");
        assert!(summarise(&[0xc2, 0x02, 0x7f]).is_err());
    }
}
