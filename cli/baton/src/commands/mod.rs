//! The commands.

mod completion;
mod entitlements;
mod expand;
mod grants;
mod resource_types;
mod resources;
mod stats;
mod syncs;
mod verify;

use std::path::Path;

use connector_model::Result;
use connector_store::{C1z, SyncView};

use crate::{
    args::{Command, Invocation, WhichSync},
    environment::open_options,
    output::say,
};

/// Runs one command.
pub(crate) async fn run(invocation: Invocation) -> Result<()> {
    let Invocation { file, format, command } = invocation;
    match command {
        Command::Stats(args) => stats::run(&open(&file).await?, &args, format).await,
        Command::Syncs => syncs::run(&open(&file).await?, format).await,
        Command::ResourceTypes(args) => resource_types::run(&open(&file).await?, &args, format).await,
        Command::Resources(args) => resources::run(&open(&file).await?, args, format).await,
        Command::Entitlements(args) => entitlements::run(&open(&file).await?, args, format).await,
        Command::Grants(args) => grants::run(&open(&file).await?, args, format).await,
        Command::Expand(args) => expand::run(&file, &args, format).await,
        Command::Verify(args) => verify::run(&file, &args, format).await,
        Command::Completion { shell } => completion::run(shell).await,
    }
}

async fn open(path: &Path) -> Result<C1z> {
    let file = C1z::open(path, &open_options()).await?;
    for warning in &file.unpacked().warnings {
        say(&format!("warning: {warning}"));
    }
    Ok(file)
}

/// The sync that is meant. That it is not complete is said, for nothing printed shows it.
async fn view<'f>(file: &'f C1z, which: &WhichSync) -> Result<SyncView<'f>> {
    let view = file.view(which.sync_id.as_deref()).await?;
    if !view.run().is_finished() {
        say(&format!("note: sync {} is not finished; rows may be missing", view.run().id));
    }
    Ok(view)
}

/// Says that a filter names what is not there, so that nothing printed is not taken for nothing granted.
fn say_unknown(what: &str, id: &str, command: &str) {
    say(&format!("note: the sync holds no {what} {id:?}; `baton {command}` lists them"));
}

/// As [`say_unknown`], for a resource type that may be in the sync.
async fn say_unknown_type(view: &SyncView<'_>, id: Option<&str>) -> Result<()> {
    if let Some(id) = id
        && view.resource_type(id).await?.is_none()
    {
        say_unknown("resource type", id, "resource-types");
    }
    Ok(())
}
