//! Packing a database into its envelope, and replacing the target whole or not at all.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use connector_model::{Error, Result};

use zstd::zstd_safe::CParameter;

use super::{MAGIC_V1, OLD_READER_LIMIT};
use crate::error::During as _;

/// zstd's default: above it little is won for much time; below it nothing is lost but little gained. Its window is
/// 2 MiB, far below what any reader takes.
const LEVEL: i32 = 3;
/// Bytes that one compressing thread takes at a time: with zstd's own choice, four windows, the buffers of two
/// threads take 75 MiB; with this, 15.
const JOB: u32 = 1 << 20;
/// How much of the block before a thread may refer to: 8 is half a window. It makes up for the smaller blocks: a file
/// is 5 % smaller than with zstd's own choices, and not 7 % larger.
const OVERLAP: u32 = 8;
/// Bytes of a read and of a write.
const BLOCK: usize = 1 << 20;

/// Packs a closed database into `target`, mode 0600. Gives the size of the file.
///
/// The bytes go to a temporary file beside the target, are synced, and take the target's place by a rename; the folder
/// is synced after it. Whatever fails, the old file stays as it was.
pub async fn pack(db: &Path, target: &Path) -> Result<u64> {
    let (db, target) = (db.to_owned(), target.to_owned());
    tokio::task::spawn_blocking(move || pack_through(&db, &target, |file| file))
        .await
        .map_err(|e| Error::internal("packing the file stopped").caused_by(e))?
}

/// As [`pack`], with a writer put before the temporary file.
fn pack_through<W: Write>(db: &Path, target: &Path, wrap: impl FnOnce(File) -> W) -> Result<u64> {
    let source = File::open(db).during("can't open the finished database", db)?;
    let size = source.metadata().during("can't read the finished database", db)?.len();
    if size > OLD_READER_LIMIT {
        tracing::warn!(
            file = %target.display(), bytes = size,
            "the database is larger than 2 GiB: readers of SDK versions before 2025 refuse it"
        );
    }
    let folder = folder_of(target);
    let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    remove_leftover(target)?;
    let temp =
        tempfile::Builder::new().prefix(&format!(".{name}.tmp")).rand_bytes(0).tempfile_in(&folder).during(
            "can't write beside the output; check that its folder exists and may be written to",
            target,
        )?;
    let writer = temp.as_file().try_clone().during("can't write the output", target)?;
    encode(source, size, wrap(writer)).during("can't write the output; the old file is unchanged", target)?;
    temp.as_file().sync_all().during("can't write the output to disk; the old file is unchanged", target)?;
    let packed = temp.as_file().metadata().during("can't write the output", target)?.len();
    temp.persist(target)
        .map_err(|e| e.error)
        .during("can't replace the output; the old file is unchanged", target)?;
    // The file is in its place; that a power cut may undo the rename is no failure of the run.
    if let Err(error) = File::open(&folder).and_then(|f| f.sync_all()) {
        tracing::warn!(folder = %folder.display(), %error, "the output's folder can't be synced to disk");
    }
    Ok(packed)
}

/// Removes the temporary file that a killed run left beside a target; whoever calls it holds the target. [`pack`] does it
/// too: this is for finding out before the work whether it can be done.
pub fn remove_leftover(target: &Path) -> Result<()> {
    // A fixed name, so that it is found.
    let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let leftover = folder_of(target).join(format!(".{name}.tmp"));
    match std::fs::remove_file(&leftover) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(e).during("can't remove what an interrupted run left; remove it yourself", &leftover)
        }
        _ => Ok(()),
    }
}

fn folder_of(target: &Path) -> PathBuf {
    match target.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn encode(mut source: impl Read, size: u64, out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BLOCK, out);
    out.write_all(&MAGIC_V1)?;
    let mut encoder = zstd::Encoder::new(out, LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.include_contentsize(true)?;
    encoder.set_pledged_src_size(Some(size))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    if cores > 1 {
        encoder.multithread(cores as u32)?;
        encoder.set_parameter(CParameter::JobSize(JOB))?;
        encoder.set_parameter(CParameter::OverlapSizeLog(OVERLAP))?;
    }
    let mut block = vec![0; BLOCK];
    loop {
        match source.read(&mut block) {
            Ok(0) => break,
            Ok(n) => encoder.write_all(&block[..n])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    encoder.finish()?.flush()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt as _;

    use connector_model::ErrorKind;

    use super::*;

    /// Lets `left` writes of at most `most` bytes through and fails all after them; with nothing to say it takes no
    /// byte any more.
    struct Failing {
        file: File,
        left: usize,
        most: usize,
        says: Option<io::ErrorKind>,
    }

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.left == 0 {
                return self.says.map_or(Ok(0), |kind| Err(kind.into()));
            }
            self.left -= 1;
            self.file.write(&bytes[..bytes.len().min(self.most)])
        }

        fn flush(&mut self) -> io::Result<()> {
            self.file.flush()
        }
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1_u64;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(len)
        .collect()
    }

    /// At each write, whole or short, with each thing that a write can say.
    #[test]
    fn each_failing_write_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let (db, target) = (dir.path().join("db"), dir.path().join("out.c1z"));
        std::fs::write(&db, noise(300_000)).unwrap();
        for (most, least, says, kind) in [
            (1 << 16, 4, Some(io::ErrorKind::StorageFull), ErrorKind::ResourceExhausted),
            (1 << 12, 70, Some(io::ErrorKind::QuotaExceeded), ErrorKind::ResourceExhausted),
            (1 << 13, 35, Some(io::ErrorKind::PermissionDenied), ErrorKind::PermissionDenied),
            (1 << 13, 35, None, ErrorKind::Unknown),
        ] {
            let mut failures = 0;
            for left in 0.. {
                std::fs::write(&target, "old").unwrap();
                match pack_through(&db, &target, |file| Failing { file, left, most, says }) {
                    Ok(_) => break,
                    Err(e) => {
                        assert_eq!(e.kind(), kind, "{says:?}: {}", e.report());
                        assert!(e.message().contains("the old file is unchanged"), "{e}");
                        assert_eq!(std::fs::read(&target).unwrap(), b"old");
                        assert_eq!(names(dir.path()), ["db", "out.c1z"], "no temporary file stays");
                        failures += 1;
                    }
                }
            }
            assert!(failures >= least, "only {failures} writes of {most} bytes could fail");
            let packed = std::fs::read(&target).unwrap();
            assert_eq!(packed[..5], MAGIC_V1);
            assert_eq!(zstd::decode_all(&packed[5..]).unwrap(), noise(300_000));
            assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_target_that_can_not_be_replaced_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (db, target) = (dir.path().join("db"), dir.path().join("out.c1z"));
        std::fs::write(&db, "x").unwrap();
        std::fs::create_dir(&target).unwrap();
        let error = pack_through(&db, &target, |file| file).unwrap_err();
        assert!(error.message().contains("can't replace the output"), "{error}");
        assert_eq!(names(dir.path()), ["db", "out.c1z"]);
        assert!(target.is_dir());
    }

    #[test]
    fn what_a_killed_run_left_gives_way() {
        let dir = tempfile::tempdir().unwrap();
        let (db, target) = (dir.path().join("db"), dir.path().join("out.c1z"));
        std::fs::write(&db, "x").unwrap();
        std::fs::write(dir.path().join(".out.c1z.tmp"), noise(100)).unwrap();
        pack_through(&db, &target, |file| file).unwrap();
        assert_eq!(names(dir.path()), ["db", "out.c1z"]);
        assert_eq!(zstd::decode_all(&std::fs::read(&target).unwrap()[5..]).unwrap(), b"x");
    }

    #[test]
    fn a_missing_folder_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("db");
        std::fs::write(&db, "x").unwrap();
        let error = pack_through(&db, &dir.path().join("no/out.c1z"), |file| file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.message().contains("check that its folder exists"), "{error}");
    }
}
