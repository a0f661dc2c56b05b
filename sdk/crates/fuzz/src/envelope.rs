//! The container: its magic, a v3 manifest, the header of a zstd frame, and
//! what comes out of it.

use connector_store::envelope::{FileKind, inspect, unpack};

use crate::{
    blames_the_bytes,
    scratch::{LIMITS, Scratch},
};

/// Looks at a file and decodes it with small limits.
pub fn envelope(bytes: &[u8]) {
    Scratch::with_file(bytes, |file, folder| async move {
        let kind = inspect(&file);
        let unpacked = unpack(&file, &folder, &LIMITS).await;
        match (kind, unpacked) {
            (Ok(FileKind::V1), Ok(unpacked)) => {
                let database = std::fs::read(unpacked.db()).expect("the decoded copy is there");
                assert_eq!(database.len() as u64, unpacked.decoded_bytes);
                assert!(unpacked.decoded_bytes <= LIMITS.decoded, "{} bytes", unpacked.decoded_bytes);
                assert!(database.starts_with(b"SQLite format 3\0"));
            }
            (_, Ok(_)) => panic!("something else than a v1 file was decoded"),
            (kind, Err(error)) => {
                blames_the_bytes(&error);
                if let Err(error) = kind {
                    blames_the_bytes(&error);
                }
            }
        }
    });
}
