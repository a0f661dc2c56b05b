//! Opening what people name, without waiting and without surprises.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, IsTerminal as _, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::fs::OFlags;

use super::entry::{Entry, Kind};

/// An open file with what was known of it when it was opened.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: File,
    /// Its metadata.
    pub metadata: Metadata,
}

/// Opens a regular file for reading; links are followed. What is none is an error that names what it is
/// ([`InvalidInput`](io::ErrorKind::InvalidInput), for a folder [`IsADirectory`](io::ErrorKind::IsADirectory)).
pub fn open_regular(path: &Path) -> io::Result<Opened> {
    // Looked at before, because opening a device may do something; and after, because the name may be another one's.
    require_file(&std::fs::metadata(path)?)?;
    let file = nonblocking(OpenOptions::new().read(true)).open(path)?;
    let metadata = file.metadata()?;
    require_file(&metadata)?;
    Ok(Opened { file, metadata })
}

/// Reads a regular file of at most so many bytes. A longer one is an error
/// ([`FileTooLarge`](io::ErrorKind::FileTooLarge)), of which no more is read.
pub fn read_limited(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_at_most(open_regular(path)?.file, most)
}

pub(super) fn read_at_most(file: File, most: u64) -> io::Result<Vec<u8>> {
    let too_large = |bytes| {
        let text = format!("it has {bytes} bytes, and {most} are allowed");
        Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
    };
    let told = file.metadata()?.len();
    if told > most {
        return too_large(told);
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    let got = bytes.len() as u64;
    if got > most { too_large(got) } else { Ok(bytes) }
}

/// Opens a file to append lines to, which is made where it is not there. Links are followed. Besides a regular file it
/// may be a terminal or `/dev/null`.
pub fn open_log(path: &Path) -> io::Result<File> {
    let is_device = |e: &Entry| e.kind == Kind::Device;
    let null = std::fs::metadata("/dev/null").ok().map(|m| Entry::of(&m).id);
    match std::fs::metadata(path) {
        Ok(metadata) if !is_device(&Entry::of(&metadata)) => require_file(&metadata)?,
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let file = nonblocking(OpenOptions::new().create(true).append(true)).open(path)?;
    let metadata = file.metadata()?;
    let entry = Entry::of(&metadata);
    if is_device(&entry) && (Some(entry.id) == null || file.is_terminal()) {
        // A terminal that is slow is waited for.
        rustix::fs::fcntl_setfl(&file, OFlags::APPEND)?;
        return Ok(file);
    }
    require_file(&metadata)?;
    Ok(file)
}

/// Fails where something is no regular file.
pub(super) fn require_file(metadata: &Metadata) -> io::Result<()> {
    match Entry::of(metadata).kind {
        Kind::File => Ok(()),
        Kind::Folder => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
        kind => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {kind}, not a regular file"))),
    }
}

/// Without waiting for the other end of a FIFO, nor for a modem.
fn nonblocking(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::{io::Write as _, os::unix::fs::symlink, process::Command};

    use super::*;

    /// A folder with a FIFO.
    fn with_fifo() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        assert!(Command::new("mkfifo").arg(folder.path().join("fifo")).status().unwrap().success());
        folder
    }

    #[test]
    fn only_regular_files_are_read() {
        let folder = with_fifo();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "text").unwrap();
        symlink("file", at("link")).unwrap();
        symlink("fifo", at("to-fifo")).unwrap();
        assert_eq!(read_limited(&at("file"), 4).unwrap(), b"text");
        assert_eq!(read_limited(&at("link"), 100).unwrap(), b"text");
        for (path, kind, says) in [
            (at("file"), io::ErrorKind::FileTooLarge, "it has 4 bytes, and 3 are allowed"),
            (at("fifo"), io::ErrorKind::InvalidInput, "a FIFO"),
            (at("to-fifo"), io::ErrorKind::InvalidInput, "a FIFO"),
            ("/dev/null".into(), io::ErrorKind::InvalidInput, "a device"),
            (folder.path().into(), io::ErrorKind::IsADirectory, "a folder"),
            (at("none"), io::ErrorKind::NotFound, ""),
        ] {
            let error = read_limited(&path, 3).unwrap_err();
            assert_eq!(error.kind(), kind, "{path:?}: {error}");
            assert!(error.to_string().contains(says), "{path:?}: {error}");
        }
    }

    #[test]
    fn lines_go_to_files_and_to_nowhere_but_not_to_a_fifo() {
        let folder = with_fifo();
        let at = |name: &str| folder.path().join(name);
        symlink("log", at("link")).unwrap();
        for path in [at("log"), at("link"), "/dev/null".into()] {
            open_log(&path).unwrap().write_all(b"line\n").unwrap();
        }
        assert_eq!(std::fs::read(at("log")).unwrap(), b"line\nline\n");
        assert!(open_log(&at("fifo")).unwrap_err().to_string().contains("a FIFO"));
        // With a reader at the other end it could be opened.
        let _reader = OpenOptions::new().read(true).write(true).open(at("fifo")).unwrap();
        assert!(open_log(&at("fifo")).unwrap_err().to_string().contains("a FIFO"));
        assert!(open_log(Path::new("/dev/zero")).unwrap_err().to_string().contains("a device"));
        assert_eq!(open_log(folder.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(open_log(&at("no/log")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
