//! `baton verify`.

use std::path::Path;

use connector_model::{Error, Result};

use crate::{args::VerifyArgs, output::Format};

pub(crate) async fn run(_file: &Path, _args: &VerifyArgs, _format: Format) -> Result<()> {
    Err(Error::unimplemented("`baton verify` is not built yet"))
}
