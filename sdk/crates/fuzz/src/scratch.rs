//! A folder and a runtime, made once a thread: a target runs thousands of
//! times.

use std::path::PathBuf;

use connector_store::envelope::Limits;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// What a target of this crate may be given to decode. Far below what a
/// program allows, so that limits are met.
pub(crate) const LIMITS: Limits =
    Limits { decoded: 1 << 20, window: 1 << 20, rows: None, trust_declared: true };

pub(crate) struct Scratch {
    folder: TempDir,
    runtime: Runtime,
}

thread_local! {
    static SCRATCH: Scratch = Scratch::new();
}

impl Scratch {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            runtime: runtime.expect("a runtime can be made"),
        }
    }

    /// Writes bytes to a file, and does something with it: with its path, and
    /// a folder for what is decoded.
    pub(crate) fn with_file<F: Future<Output = ()>>(bytes: &[u8], then: impl FnOnce(PathBuf, PathBuf) -> F) {
        SCRATCH.with(|scratch| {
            let file = scratch.folder.path().join("input");
            std::fs::write(&file, bytes).expect("the temporary folder takes a file");
            scratch.runtime.block_on(then(file, scratch.folder.path().to_owned()));
            let left = std::fs::read_dir(scratch.folder.path()).expect("the folder is there").count();
            assert_eq!(left, 1, "a decoded copy was left behind");
        });
    }
}
