//! What was read, and how complete it is: kept with the rows, so that the file
//! says it for good.

use std::{collections::BTreeMap, sync::Arc};

use connector_model::{Connector, Error, Registry, ResourceTypeId, Result};
use connector_store::{Batch, Completeness, LedgerOperation, LedgerRow};

use crate::{
    Scope, SyncOptions,
    fetch::action::{Action, Operation, Subject},
    ingest::Ingested,
};

/// A type, the resource that its listing is inside of, and what was asked.
type Key = (String, Option<(String, String)>, LedgerOperation);

/// What the ledger has to be told since the last time.
pub(crate) struct Ledger {
    rows: BTreeMap<Key, LedgerRow>,
    /// Knows what no reason may show.
    connector: Arc<dyn Connector>,
}

impl Ledger {
    pub(crate) fn new(connector: Arc<dyn Connector>) -> Self {
        Self { rows: BTreeMap::new(), connector }
    }

    /// A page was read.
    pub(crate) fn page(&mut self, action: &Action, page: &Ingested) {
        let connector = Arc::clone(&self.connector);
        let row = self.row(action);
        row.pages += 1;
        row.dropped += page.dropped.rows;
        for why in &page.dropped.why {
            explain(row, &connector.redact(&format!("left out: {why}")));
        }
    }

    /// A listing came to its end, with this many rows of the asked kind, and
    /// the source said how many there are.
    pub(crate) fn listing_ended(&mut self, action: &Action, rows: u64, total: Option<u64>) {
        let row = self.row(action);
        row.rows += rows;
        if let Some(total) = total {
            row.expected = Some(row.expected.unwrap_or_default() + total);
        }
    }

    /// Something of it could not be read.
    pub(crate) fn incomplete(&mut self, action: &Action, error: &Error) {
        let connector = Arc::clone(&self.connector);
        let row = self.row(action);
        row.state = Completeness::Incomplete;
        explain(row, &connector.redact(&error.to_string()));
    }

    /// The source said twice that there are a few rows more than came.
    pub(crate) fn short(&mut self, action: &Action, came: u64, announced: u64) {
        let connector = Arc::clone(&self.connector);
        let row = self.row(action);
        row.state = row.state.max(Completeness::Short);
        let why = format!("{}: the source says {announced}, and {came} came, twice", action.describe());
        explain(row, &connector.redact(&why));
    }

    /// Entitlements were made from a type's declaration.
    pub(crate) fn static_entitlements(&mut self, id: &ResourceTypeId, rows: u64) {
        let row = self.of(id, None, LedgerOperation::ListStaticEntitlements);
        row.pages += 1;
        row.rows += rows;
    }

    /// A type's declaration could not be read.
    pub(crate) fn incomplete_static(&mut self, id: &ResourceTypeId, error: &Error) {
        let connector = Arc::clone(&self.connector);
        let row = self.of(id, None, LedgerOperation::ListStaticEntitlements);
        row.state = Completeness::Incomplete;
        explain(row, &connector.redact(&error.to_string()));
    }

    /// What this sync does not read because somebody said so.
    pub(crate) fn skipped_by_intent(&mut self, registry: &Registry, options: &SyncOptions) {
        for resource_type in registry.resource_types() {
            let id = &resource_type.id;
            if options.scope == Scope::Nothing {
                self.skipped(id, LedgerOperation::ListResources, "nothing was to be read");
                continue;
            }
            if !options.wants_type(id) {
                self.skipped(id, LedgerOperation::ListResources, "the type was not among those to be read");
                continue;
            }
            if matches!(options.scope, Scope::Resources(_)) {
                self.skipped(id, LedgerOperation::ListResources, "only some resources were to be read");
            }
            if !options.wants_entitlements() {
                self.skipped(id, LedgerOperation::ListEntitlements, "entitlements were not to be read");
            }
            if !options.wants_grants() {
                self.skipped(id, LedgerOperation::ListGrants, "grants were not to be read");
            }
        }
    }

    fn skipped(&mut self, id: &ResourceTypeId, operation: LedgerOperation, why: &str) {
        let row = self.of(id, None, operation);
        row.state = Completeness::Skipped;
        explain(row, why);
    }

    /// Adds to what the working database has.
    pub(crate) async fn save(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        let rows: Vec<_> = std::mem::take(&mut self.rows).into_values().collect();
        batch.add_to_ledger(&rows).await
    }

    fn row(&mut self, action: &Action) -> &mut LedgerRow {
        let parent = match &action.subject {
            Subject::Inside(Some(parent)) => {
                Some((parent.resource_type().to_string(), parent.id().to_owned()))
            }
            _ => None,
        };
        let operation = match action.operation {
            Operation::List => LedgerOperation::ListResources,
            Operation::Entitlements => LedgerOperation::ListEntitlements,
            Operation::Grants => LedgerOperation::ListGrants,
            Operation::Get => LedgerOperation::TargetedResourceSync,
        };
        self.of(&action.resource_type, parent, operation)
    }

    fn of(
        &mut self,
        id: &ResourceTypeId,
        parent: Option<(String, String)>,
        operation: LedgerOperation,
    ) -> &mut LedgerRow {
        let key = (id.to_string(), parent.clone(), operation);
        self.rows.entry(key).or_insert_with(|| LedgerRow {
            resource_type: id.to_string(),
            parent,
            ..LedgerRow::of_all_types(operation, 0)
        })
    }
}

/// What a person is told of a read that failed.
pub(crate) fn not_read(error: &Error) -> String {
    format!("not read, and the sync is incomplete without it: {error}")
}

/// Bytes of reasons that are gathered for a row; the store keeps about as
/// many.
const MAX_REASON: usize = 1000;

/// Adds a reason, once.
fn explain(row: &mut LedgerRow, why: &str) {
    if row.reason.len() > MAX_REASON || row.reason.contains(why) {
        return;
    }
    if !row.reason.is_empty() {
        row.reason.push_str("; ");
    }
    row.reason.push_str(why);
}
