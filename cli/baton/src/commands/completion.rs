//! `baton completion`.

use connector_model::{Error, Result};

use crate::{args, output};

pub(crate) async fn run(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "baton", &mut script);
    let script = String::from_utf8(script)
        .map_err(|e| Error::internal("the completion script is not UTF-8").caused_by(e))?;
    output::text(&script).await
}
