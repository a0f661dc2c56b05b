//! Where a file that is to be written really lies.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use connector_model::{Error, ErrorKind, Result};

use super::entry::{Entry, Kind};

/// Links that are followed one after the other, as Linux has it.
const MOST_LINKS: usize = 40;

/// Fails where a name can't be that of a file to write, whatever is on the disk: an empty one, and one that names a
/// folder.
pub fn check_output_name(path: &Path) -> Result<()> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.is_empty() {
        return Err(Error::invalid("the name of the file to write is empty; give it one, such as sync.c1z"));
    }
    let last = bytes.rsplit(|b| *b == MAIN_SEPARATOR as u8).next().unwrap_or_default();
    if matches!(last, b"" | b"." | b"..") {
        return Err(Error::invalid("this names a folder, not a file to write; add the name of a file")
            .with("file", path.display()));
    }
    Ok(())
}

/// The path of an output after all symbolic links, so that a link stays and its target is replaced, and so that all
/// names of one file share its lock, its working folder and its temporary file. What the last link leads to need not be
/// there, but its folder must.
///
/// Fails before anything is made where the output could never be replaced: where it is a folder, a FIFO, a socket or a
/// device, or an open file of a process such as `/dev/stdout`. Without links the path comes back as it was given.
pub fn resolve_output(given: &Path) -> Result<PathBuf> {
    let mut path = given.to_owned();
    for _ in 0..=MOST_LINKS {
        check_output_name(&path)
            .map_err(|e| if path == given { e } else { e.with("link", given.display()) })?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let real = folder.canonicalize().map_err(|e| {
            let folder = folder.display();
            let text = match e.kind() {
                std::io::ErrorKind::NotFound => {
                    format!("the folder {folder} is not there; make it, or choose another place with --file")
                }
                _ => format!("the folder {folder} can't be used; choose another place with --file"),
            };
            Error::io(text, e).with("file", given.display())
        })?;
        if is_of_the_system(&real) {
            return Err(not_replaceable("is a device or an open file of a process", given));
        }
        let kind = match path.symlink_metadata() {
            Ok(metadata) => Entry::of(&metadata).kind,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Kind::File,
            Err(e) => {
                let text = "the output can't be looked at; choose another place with --file";
                return Err(Error::io(text, e).with("file", given.display()));
            }
        };
        match kind {
            Kind::File => return Ok(by_real_folder(path, &real)),
            Kind::Link => {
                let target = path.read_link().map_err(|e| {
                    Error::io("the link of the output can't be read", e).with("file", given.display())
                })?;
                path = real.join(target);
            }
            Kind::Folder => {
                return Err(Error::invalid("this is a folder, not a file").with("file", given.display()));
            }
            other => return Err(not_replaceable(&format!("is {other}"), given)),
        }
    }
    let text = "the output is a symbolic link in a loop, or behind too many others; name the file itself";
    Err(Error::new(ErrorKind::FailedPrecondition, text).with("file", given.display()))
}

/// How many names (hard links) a regular file has; none where there is no file.
pub fn names_of(path: &Path) -> u64 {
    let entry = path.symlink_metadata().ok().map(|m| Entry::of(&m));
    entry.filter(|e| e.kind == Kind::File).map_or(0, |e| e.links)
}

fn not_replaceable(what: &str, given: &Path) -> Error {
    let text =
        format!("the output {what}, and only a regular file can be replaced; choose another with --file");
    Error::new(ErrorKind::FailedPrecondition, text).with("file", given.display())
}

/// Whether what lies in a folder is no file of anybody's. `/dev/stdout` is a link to one in `/proc`.
fn is_of_the_system(folder: &Path) -> bool {
    folder.starts_with("/proc")
        || folder.starts_with("/sys")
        || folder.starts_with("/dev") && !folder.starts_with("/dev/shm")
}

/// The path with its folder's real name, where that is another one: so that a link to the folder that is changed under
/// way changes nothing.
fn by_real_folder(path: PathBuf, real: &Path) -> PathBuf {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The name stays where it means the same, for messages.
    match (std::path::absolute(folder), path.file_name()) {
        (Ok(absolute), Some(name)) if absolute != real => real.join(name),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn names_of_files_are_told_from_names_of_folders() {
        for name in ["sync.c1z", "./sync.c1z", "a/b", "/tmp/x", ".c1z", "..c1z", "..."] {
            check_output_name(Path::new(name)).unwrap();
        }
        for name in ["", "/", "a/", ".", "..", "a/.", "a/..", "//"] {
            assert_eq!(check_output_name(Path::new(name)).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn a_path_without_links_stays_as_it_is_given() {
        assert_eq!(resolve_output(Path::new("sync.c1z")).unwrap(), Path::new("sync.c1z"));
        assert_eq!(resolve_output(Path::new("src/sync.c1z")).unwrap(), Path::new("src/sync.c1z"));
    }

    #[test]
    fn relative_links_are_of_the_folder_that_they_lie_in() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        symlink("a/b", root.join("in")).unwrap();
        // `..` is that of the real folder: `a`, not the root.
        symlink("../x.c1z", root.join("a/b/link")).unwrap();
        assert_eq!(resolve_output(&root.join("in/link")).unwrap(), root.join("a/x.c1z"));
        assert_eq!(resolve_output(&root.join("in/y.c1z")).unwrap(), root.join("a/b/y.c1z"));
    }

    #[test]
    fn chains_end_somewhere() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for n in 0..60 {
            symlink(format!("{}", n + 1), root.join(n.to_string())).unwrap();
        }
        assert_eq!(resolve_output(&root.join("20")).unwrap(), root.join("60"));
        let error = resolve_output(&root.join("0")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
        symlink("self", root.join("self")).unwrap();
        assert_eq!(resolve_output(&root.join("self")).unwrap_err().kind(), ErrorKind::FailedPrecondition);
    }
}
