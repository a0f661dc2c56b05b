//! A reader that stops early.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use connector_model::Result;

use crate::{program, sample};

#[tokio::test]
async fn a_closed_pipe_ends_it_quietly() -> Result<()> {
    let folder = sample::folder().await?;
    sample::write(folder.path(), "many.c1z", sample::many_grants(5_000)?).await?;
    for format in ["console", "json"] {
        let mut child = program::baton(folder.path(), &["grants", "-f", "many.c1z", "-o", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut out = BufReader::with_capacity(16, child.stdout.take().expect("its output"));
        assert!(!out.fill_buf().expect("a first byte").is_empty());
        drop(out);
        let mut said = String::new();
        child.stderr.take().expect("its messages").read_to_string(&mut said).expect("UTF-8");
        assert_eq!(said, "", "{format}");
        assert!(child.wait().expect("its end").success(), "{format}");
    }
    Ok(())
}

/// More rows than a page, so that pages are joined to one table and one document.
#[tokio::test]
async fn pages_are_joined() -> Result<()> {
    let folder = sample::folder().await?;
    sample::write(folder.path(), "many.c1z", sample::many_grants(2_345)?).await?;
    let document = program::json(folder.path(), &["grants", "-f", "many.c1z"]);
    let ids: Vec<_> =
        document["grants"].as_array().expect("a list").iter().map(|g| &g["grant"]["id"]).collect();
    let expected: Vec<_> = (0..2_345).map(|n| format!("team:all:member:user:{n:040}")).collect();
    assert_eq!(ids, expected.iter().collect::<Vec<_>>());
    let table = program::run(folder.path(), &["grants", "-f", "many.c1z"]).stdout;
    let rows: Vec<_> =
        table.lines().skip(2).map(|l| l.split('|').next().unwrap_or_default().trim()).collect();
    assert_eq!(rows, expected);
    Ok(())
}
