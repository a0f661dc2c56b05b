//! Fields whose value is the content of a file: a form uploads it, and here
//! the file is named.

use std::{collections::BTreeMap, io, path::Path};

use connector_model::{
    Error, ErrorKind, Result,
    config::{Given, Kind, Raw, Schema, StringForm, StringKind},
};

use super::read_text;

/// The most that such a file may hold, in bytes (as the Go program has it).
const MAX_BYTES: u64 = 2 << 20;

/// Puts the contents of files in the place of their paths.
pub(super) fn read_files(schema: &Schema, given: &mut BTreeMap<String, Given>) -> Result<()> {
    for field in schema.fields() {
        let Kind::String(kind) = &field.kind else { continue };
        if kind.form != StringForm::FileUpload {
            continue;
        }
        if let Some(Given { raw: Raw::Text(text), origin }) = given.get_mut(&field.name)
            && !text.is_empty()
        {
            *text = read(Path::new(text.as_str()), kind).map_err(|e| {
                Error::new(
                    ErrorKind::Unknown,
                    format!("{} must name a file to read", origin.describe(&field.name)),
                )
                .caused_by(e)
            })?;
        }
    }
    Ok(())
}

fn read(path: &Path, kind: &StringKind) -> Result<String> {
    let wrong = |why: String| Error::new(ErrorKind::Unknown, why);
    let ending = path.extension().map(|e| format!(".{}", e.display())).unwrap_or_default();
    if !kind.allowed_extensions.is_empty() && !kind.allowed_extensions.contains(&ending) {
        return Err(wrong(format!("the file must end with one of {:?}", kind.allowed_extensions)));
    }
    read_text(path, MAX_BYTES).map_err(|e| match e.kind() {
        io::ErrorKind::FileTooLarge => wrong(format!("the file can't be read: {e}")),
        _ => Error::io("the file can't be read", e).with("file", path.display()),
    })
}

#[cfg(test)]
mod tests {
    use connector_model::config::{Config, Field, Origin};

    use super::*;

    fn load(path: &Path) -> Result<Config> {
        let key = Field::string("key").secret().form(StringForm::FileUpload).allowed_extensions([".pem"]);
        let schema = Schema::builder("Team").field(key).build()?;
        let raw = Raw::Text(path.display().to_string());
        let mut given = BTreeMap::from([("key".to_owned(), Given { raw, origin: Origin::Flag })]);
        read_files(&schema, &mut given)?;
        schema.resolve(&given, None)
    }

    #[test]
    fn the_value_is_the_content_of_the_file() -> Result<()> {
        use connector_model::ExposeSecret as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        std::fs::write(&path, "hunter2\n").expect("a file");
        assert_eq!(load(&path)?.secret("key")?.expose_secret(), "hunter2\n");
        assert_eq!(load(Path::new(""))?.secret("key")?.expose_secret(), "", "not given is not read");
        Ok(())
    }

    #[test]
    fn nobody_waits_for_the_other_end_of_a_fifo() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        let report = load(&path).expect_err("a FIFO").report();
        assert!(
            report.contains("the flag --key must name a file") && report.contains("is a FIFO"),
            "{report}"
        );
    }

    #[test]
    fn a_file_that_can_not_be_the_one_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("key.txt"), "hunter2").expect("a file");
        std::fs::write(at("binary.pem"), b"\xff").expect("a file");
        let big = std::fs::File::create(at("big.pem")).expect("a file");
        big.set_len(MAX_BYTES + 1).expect("a length");
        for (name, says) in [
            ("key.txt", "must end with one of"),
            ("binary.pem", "can't be read"),
            ("big.pem", "2097153 bytes"),
            ("gone.pem", "can't be read"),
        ] {
            let error = load(&at(name)).expect_err(name);
            let report = error.report();
            assert_eq!(error.kind().code(), 2, "{report}");
            assert!(report.starts_with("the flag --key must name a file to read"), "{report}");
            assert!(report.contains(says) && !report.contains("hunter2"), "{report}");
        }
    }
}
