//! Compiles `proto/**/*.proto` without protoc: the descriptor set that the JSON module reads, and the Rust types.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet};

const ROOT: &str = "proto";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed={ROOT}");
    let mut files = Vec::new();
    find(Path::new(ROOT), &mut files)?;
    files.sort();
    // Nothing of ours imports these, but an `Any` may hold one.
    files.extend(["google/protobuf/empty.proto", "google/protobuf/field_mask.proto"].map(PathBuf::from));

    // Comments are kept for the generated documentation, and dropped from what the program embeds.
    let mut set = protox::compile(&files, [ROOT])?;
    let mut embedded = set.clone();
    for file in &mut embedded.file {
        file.source_code_info = None;
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), embedded.encode_to_vec())?;

    undeprecate(&mut set);
    prost_build::Config::new()
        .btree_map(["."])
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        .include_file("packages.rs")
        .compile_fds(set)?;
    Ok(())
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// Other writers still fill the deprecated fields, so reading them is right: no `#[deprecated]` on the Rust side.
/// The embedded descriptors keep the mark.
fn undeprecate(set: &mut FileDescriptorSet) {
    fn clear(message: &mut DescriptorProto) {
        for options in message.field.iter_mut().filter_map(|f| f.options.as_mut()) {
            options.deprecated = None;
        }
        message.nested_type.iter_mut().for_each(clear);
    }
    let files = set.file.iter_mut();
    files.flat_map(|f| &mut f.message_type).for_each(clear);
}
