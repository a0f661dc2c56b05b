//! The reader and the verifier over a database whose bytes are anything.

use std::sync::LazyLock;

use connector_model::Result;
use connector_store::{
    C1z, OpenOptions,
    envelope::MAGIC_V1,
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
    verify::{VerifyOptions, verify},
};
use futures::TryStreamExt as _;

use crate::{
    blames_the_bytes,
    scratch::{LIMITS, Scratch},
};

/// A sound file with a little of everything.
const SOUND: &[u8] = include_bytes!("../../../fuzz/seeds/envelope/small");

static DATABASE: LazyLock<Vec<u8>> =
    LazyLock::new(|| zstd::decode_all(&SOUND[MAGIC_V1.len()..]).expect("the sound file decodes"));

/// Opens a file, reads all of it, and verifies it.
///
/// Bytes that begin like a SQLite file are the database. All others are patches
/// of a sound one, so that what is behind the header is reached: four bytes of
/// offset (little endian, modulo the size), one of length, and what is written
/// there.
pub fn reader(bytes: &[u8]) {
    let database = match bytes.starts_with(b"SQLite format 3\0") {
        true => bytes.to_vec(),
        false => patched(bytes),
    };
    // Else nothing is looked at but the way out.
    let is_sound = database == *DATABASE;
    // The content is the matter, not its packing.
    let mut file = MAGIC_V1.to_vec();
    file.extend(zstd::bulk::compress(&database, 1).expect("bytes can be compressed"));
    Scratch::with_file(&file, |file, folder| async move {
        let open = OpenOptions { temp_dir: Some(folder), limits: LIMITS, ..OpenOptions::default() };
        if let Err(error) = read_all(&file, &open).await {
            assert!(!is_sound, "the sound file can't be read: {}", error.report());
            blames_the_bytes(&error);
        }
        // The sound one has grants to nobody.
        let options = VerifyOptions { open, allow_dangling: true, ..VerifyOptions::default() };
        match verify(&file, &options).await {
            Ok(report) => assert!(!is_sound || report.is_sound(), "the sound file is not: {report:?}"),
            Err(error) => blames_the_bytes(&error),
        }
    });
}

fn patched(mut patches: &[u8]) -> Vec<u8> {
    let mut database = DATABASE.clone();
    while let [a, b, c, d, len, rest @ ..] = patches {
        let at = u32::from_le_bytes([*a, *b, *c, *d]) as usize % database.len();
        let len = usize::from(*len).min(rest.len()).min(database.len() - at);
        database[at..at + len].copy_from_slice(&rest[..len]);
        patches = &rest[len..];
    }
    database
}

async fn read_all(path: &std::path::Path, open: &OpenOptions) -> Result<()> {
    let file = C1z::open(path, open).await?;
    for run in file.syncs().await? {
        let view = file.view(Some(&run.id)).await?;
        view.stored_stats().await?;
        view.counted_stats().await?;
        view.resource_types(&()).try_for_each(|_| std::future::ready(Ok(()))).await?;
        view.resources(&ResourceFilter::default()).try_for_each(|_| std::future::ready(Ok(()))).await?;
        view.entitlements(&EntitlementFilter::default()).try_for_each(|_| std::future::ready(Ok(()))).await?;
        view.grants(&GrantFilter::default()).try_for_each(|_| std::future::ready(Ok(()))).await?;
    }
    Ok(())
}
