//! `baton syncs`.

use std::borrow::Cow;

use connector_model::{Error, Result, text};
use connector_proto::{baton::v1::SyncOutput, json};
use connector_store::{C1z, SyncRun};

use crate::{
    list::{List, Row},
    moment,
    output::Format,
};

pub(crate) async fn run(file: &C1z, format: Format) -> Result<()> {
    let columns = &["ID", "Started At", "Ended At", "Type", "Parent ID", "Token"];
    let mut list = List::new(format, "syncs", columns)?;
    for run in file.syncs().await? {
        let token = file.sync_token(&run).await?;
        list.push(&Item { run, token }).await?;
    }
    list.end().await?;
    Ok(())
}

struct Item {
    run: SyncRun,
    token: String,
}

impl Row for Item {
    fn json(&self, line: &mut String) -> Result<()> {
        let run = &self.run;
        let message = SyncOutput {
            id: run.id.clone(),
            started_at: moment::wire(&run.started_at),
            ended_at: run.ended_at.as_deref().and_then(moment::wire),
            sync_token: self.token.clone(),
            sync_type: run.sync_type.to_string(),
            parent_sync_id: run.parent_sync_id.clone(),
        };
        let json = json::to_json(&message)
            .map_err(|e| Error::internal("a sync does not become JSON").with("sync", &run.id).caused_by(e))?;
        line.push_str(&text::json(&json.to_string()));
        Ok(())
    }

    fn cells(&self) -> Result<Vec<Cow<'_, str>>> {
        let run = &self.run;
        let ended = run.ended_at.as_deref().map_or_else(|| "-".to_owned(), moment::shown);
        Ok(vec![
            run.id.as_str().into(),
            moment::shown(&run.started_at).into(),
            ended.into(),
            run.sync_type.as_str().into(),
            run.parent_sync_id.as_str().into(),
            self.token.as_str().into(),
        ])
    }
}
