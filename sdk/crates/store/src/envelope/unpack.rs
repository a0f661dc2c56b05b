//! Decoding a v1 file into a database of its own.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use connector_model::{Error, ErrorKind, Result};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{FileKind, Limits, MAGIC_V1, OLD_READER_LIMIT, create_private, frame, inspect, inspect::open};
use crate::{
    error::{During as _, cancelled},
    free_space,
    fs::{Kind, private_mode},
};

/// A decoded file: a database in a private folder, removed when this is dropped.
#[derive(Debug)]
pub struct Unpacked {
    folder: TempDir,
    /// Bytes of the packed file.
    pub packed_bytes: u64,
    /// Bytes of the database.
    pub decoded_bytes: u64,
    /// The zstd window that the first frame asks for; `None` where it is the content's size (a single segment).
    pub window: Option<u64>,
    /// Whether the first frame declares its content's size.
    pub declares_size: bool,
    /// What a person should know though the file could be read.
    pub warnings: Vec<String>,
}

impl Unpacked {
    /// The decoded database.
    pub fn db(&self) -> PathBuf {
        self.folder.path().join("db")
    }

    /// The private folder it is in, for what else belongs to it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Decodes a v1 file into a new folder inside `temp_dir`.
///
/// The file must be a v1 file (see [`inspect`]); the limits hold whatever its bytes say.
pub async fn unpack(path: &Path, temp_dir: &Path, limits: &Limits) -> Result<Unpacked> {
    unpack_until(path, temp_dir, limits, &CancellationToken::new()).await
}

/// As [`unpack`], and ends early where it is cancelled.
pub(crate) async fn unpack_until(
    path: &Path,
    temp_dir: &Path,
    limits: &Limits,
    cancel: &CancellationToken,
) -> Result<Unpacked> {
    let (path, temp_dir, limits, cancel) = (path.to_owned(), temp_dir.to_owned(), *limits, cancel.clone());
    tokio::task::spawn_blocking(move || unpack_blocking(&path, &temp_dir, &limits, &cancel))
        .await
        .map_err(|e| Error::internal("decoding the file stopped").caused_by(e))?
}

fn unpack_blocking(
    path: &Path,
    temp_dir: &Path,
    limits: &Limits,
    cancel: &CancellationToken,
) -> Result<Unpacked> {
    require_v1(path)?;
    let mut file = open(path)?;
    let packed_bytes = file.metadata().during("can't read the file", path)?.len();
    let mut head = [0; MAGIC_V1.len() + frame::MAX_HEADER];
    let got = read_up_to(&mut file, &mut head).during("can't read the file", path)?;
    let header = head[..got].get(MAGIC_V1.len()..).and_then(frame::parse).ok_or_else(|| corrupt(path))?;
    if let Some(declared) = header.content.filter(|n| limits.trust_declared && *n > limits.decoded) {
        return Err(too_large(path, limits).with("declared_bytes", declared));
    }
    if header.window > limits.window && !header.single_segment {
        return Err(window_too_large(path, limits).with("window_bytes", header.window));
    }
    let free = free_space(temp_dir)?;
    if let Some(declared) = header.content.filter(|n| *n > free) {
        return Err(Error::new(
            ErrorKind::ResourceExhausted,
            "there is no room to decode the file; free some space, or set BATON_TMPDIR to a folder with more",
        )
        .with("file", path.display())
        .with("folder", temp_dir.display())
        .with("needed_bytes", declared)
        .with("free_bytes", free));
    }
    let folder = tempfile::Builder::new()
        .prefix("c1z")
        // Else it would be as open as the umask lets it.
        .permissions(private_mode(Kind::Folder))
        .tempdir_in(temp_dir)
        .during("can't make a folder to decode into; check the temporary folder", temp_dir)?;
    let db = folder.path().join("db");
    let out = create_private(&db)?;
    let stream = head[MAGIC_V1.len()..got].chain(file);
    let decoded_bytes = decode(stream, out, path, &db, limits, cancel)?;
    let mut warnings = Vec::new();
    if decoded_bytes > OLD_READER_LIMIT {
        let text =
            "the decoded database is larger than 2 GiB: readers of SDK versions before 2025 refuse this file";
        tracing::warn!(file = %path.display(), bytes = decoded_bytes, "{text}");
        warnings.push(text.to_owned());
    }
    Ok(Unpacked {
        folder,
        packed_bytes,
        decoded_bytes,
        window: (!header.single_segment).then_some(header.window),
        declares_size: header.content.is_some(),
        warnings,
    })
}

fn require_v1(path: &Path) -> Result<()> {
    match inspect(path)? {
        FileKind::V1 => Ok(()),
        FileKind::V3(summary) => Err(summary.refusal(path)),
        FileKind::Missing => {
            Err(Error::new(ErrorKind::NotFound, "there is no such file; give the path of a .c1z file")
                .with("file", path.display()))
        }
        FileKind::Empty => {
            Err(Error::new(ErrorKind::NotFound, "the file is empty: no sync was ever written to it")
                .with("file", path.display()))
        }
        FileKind::Foreign(first) => {
            Err(Error::invalid("this is not a c1z file; give one that a connector wrote")
                .with("file", path.display())
                .with("starts_with", first.escape_ascii()))
        }
    }
}

fn decode(
    stream: impl Read,
    mut out: File,
    path: &Path,
    db: &Path,
    limits: &Limits,
    cancel: &CancellationToken,
) -> Result<u64> {
    let fail = |e: io::Error| {
        let text = e.to_string();
        if text.contains("requires too much memory") {
            return window_too_large(path, limits).caused_by(e);
        }
        if e.raw_os_error().is_some() {
            return Error::io("can't read the file", e).with("file", path.display());
        }
        corrupt(path).caused_by(e)
    };
    let mut decoder = zstd::Decoder::with_buffer(BufReader::with_capacity(1 << 18, stream)).map_err(fail)?;
    decoder.window_log_max(limits.window_log()).map_err(fail)?;
    let mut block = vec![0; 1 << 20];
    let mut total = 0_u64;
    loop {
        let n = read_up_to(&mut decoder, &mut block).map_err(fail)?;
        if n == 0 {
            break;
        }
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        if total == 0 && !block[..n].starts_with(b"SQLite format 3\0") {
            return Err(Error::new(ErrorKind::DataLoss, "the file holds no SQLite database; write it again")
                .with("file", path.display()));
        }
        total += n as u64;
        if total > limits.decoded {
            return Err(too_large(path, limits));
        }
        out.write_all(&block[..n]).during("can't decode the file into the temporary folder", db)?;
    }
    if total == 0 { Err(corrupt(path)) } else { Ok(total) }
}

fn corrupt(path: &Path) -> Error {
    Error::new(
        ErrorKind::DataLoss,
        "the file is truncated or corrupt; take an older copy or run the sync again",
    )
    .with("file", path.display())
}

fn too_large(path: &Path, limits: &Limits) -> Error {
    Error::new(
        ErrorKind::ResourceExhausted,
        "the file decodes to more than is allowed; if you trust it, raise BATON_DECODER_MAX_DECODED_SIZE_MB",
    )
    .with("file", path.display())
    .with("limit_bytes", limits.decoded)
}

fn window_too_large(path: &Path, limits: &Limits) -> Error {
    Error::new(
        ErrorKind::ResourceExhausted,
        "the file needs more memory to decode than is allowed; if you trust it, raise BATON_DECODER_MAX_MEMORY_MB",
    )
    .with("file", path.display())
    .with("limit_bytes", limits.window)
}

/// Fills the buffer, unless the end comes first.
fn read_up_to(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match from.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}
