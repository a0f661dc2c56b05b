//! The connector that plays a scenario.

use std::{borrow::Cow, sync::Arc};

use async_trait::async_trait;
use connector_model::{
    Call, Connector, ConnectorMetadata, Error, ErrorKind, Page, Resource, ResourceId, ResourceSyncer,
    ResourceType, Result, StaticEntitlement, TargetedSyncer, TypeScopedEntitlements, TypeScopedGrants,
    Validation,
};

use super::{
    Ask, At, Fault, Journal, Operation, Outcome, Row, Scenario, Schedule,
    answer::{add, page_of, token},
    schedule::Rules,
};

/// A connector that answers from a [`Scenario`], with the faults of a
/// [`Schedule`], and writes a [`Journal`].
#[derive(Clone, Debug)]
pub struct Scripted {
    scenario: Arc<Scenario>,
    rules: Arc<Rules>,
    journal: Arc<Journal>,
    run: u32,
    parallel: Option<usize>,
}

impl Scripted {
    /// A connector without faults, with a journal of its own.
    pub fn new(scenario: Scenario) -> Self {
        let journal = Arc::new(Journal::default());
        let run = journal.begin_run();
        Self { scenario: Arc::new(scenario), rules: Arc::default(), journal, run, parallel: None }
    }

    /// Has the faults of a schedule.
    #[must_use]
    pub fn with_schedule(mut self, schedule: &Schedule) -> Self {
        self.rules = schedule.rules();
        self
    }

    /// Declares how many calls the system likes to have in flight.
    #[must_use]
    pub fn with_max_parallel_calls(mut self, calls: usize) -> Self {
        self.parallel = Some(calls);
        self
    }

    /// The same connector in a later run: attempts go on being counted, and
    /// the journal and the schedule are the same ones.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { run: self.journal.begin_run(), ..self.clone() }
    }

    /// What was asked and what came of it, in this run and those that share
    /// the journal.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// One call, with the faults that happen to it.
    async fn call<T>(
        &self,
        at: At,
        page: usize,
        answer: impl FnOnce(&Ask, &[Fault]) -> Result<T>,
    ) -> Result<T> {
        let (place, ask) = self.journal.begin(at, page, self.run);
        let open = OpenCall { journal: &self.journal, place };
        let faults = self.rules.fire(&ask);
        for fault in &faults {
            match fault {
                Fault::Delay(turns) => {
                    for _ in 0..*turns {
                        tokio::task::yield_now().await;
                    }
                }
                Fault::Hang(gate) => gate.pass().await,
                Fault::Fail(kind, message) => {
                    open.settle(Outcome::Failed(*kind));
                    return Err(Error::new(*kind, message.clone()));
                }
                Fault::Panic(message) => {
                    open.settle(Outcome::Panicked);
                    panic!("{message}");
                }
                _ => {}
            }
        }
        let answer = answer(&ask, &faults).inspect_err(|e| open.settle(Outcome::Failed(e.kind())))?;
        if let Some(Fault::LostAnswer(kind, message)) = faults.last() {
            open.settle(Outcome::Lost(*kind));
            return Err(Error::new(*kind, message.clone()));
        }
        open.settle(Outcome::Answered);
        Ok(answer)
    }

    async fn page(&self, at: At, call: &Call<'_>) -> Result<Page> {
        let number = page_of(&at, call.token())?;
        self.call(at, number, |ask, faults| {
            self.scenario.check_needs(ask, call)?;
            let mut page = self.scenario.answer(ask, &self.rows(ask, faults))?;
            for fault in faults {
                match fault {
                    Fault::Loop(back) => page.next = Some(token((ask.page + 1).saturating_sub(*back))?),
                    Fault::Extra(rows) => rows.iter().for_each(|row| add(&mut page, row.clone())),
                    Fault::DropRows(rows) => drop_rows(&mut page, *rows),
                    _ => {}
                }
            }
            Ok(page)
        })
        .await
    }

    /// The rows of a listing as a call sees them.
    fn rows(&self, ask: &Ask, faults: &[Fault]) -> Cow<'_, [Row]> {
        let mut rows = Cow::Borrowed(self.scenario.rows_at(&ask.at));
        for fault in faults {
            if let Fault::Drift(drift) = fault {
                drift.apply(rows.to_mut());
            }
        }
        rows
    }
}

fn drop_rows(page: &mut Page, mut rows: usize) {
    while rows > 0 && page.rows() > 0 {
        let _last = page.grants.pop().is_some()
            || page.entitlements.pop().is_some()
            || page.resources.pop().is_some();
        rows -= 1;
    }
}

/// A call under way: it ends when it is answered, and when it is given up.
struct OpenCall<'a> {
    journal: &'a Journal,
    place: usize,
}

impl OpenCall<'_> {
    fn settle(&self, outcome: Outcome) {
        self.journal.settle(self.place, outcome);
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        self.journal.end();
    }
}

#[async_trait]
impl Connector for Scripted {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata::new("Scripted", "Answers by script")
    }

    async fn validate(&self) -> Result<Validation> {
        let identity = self.scenario.identity.clone();
        self.call(At::validate(), 0, |_, _| Ok(Validation { identity })).await
    }

    fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        let syncer = |t: &ResourceType| -> Arc<dyn ResourceSyncer> {
            Arc::new(Syncer { connector: self.clone(), resource_type: t.clone() })
        };
        self.scenario.types.iter().map(syncer).collect()
    }

    fn max_parallel_calls(&self) -> Option<usize> {
        self.parallel
    }
}

struct Syncer {
    connector: Scripted,
    resource_type: ResourceType,
}

impl Syncer {
    fn type_id(&self) -> &str {
        self.resource_type.id.as_str()
    }
}

#[async_trait]
impl ResourceSyncer for Syncer {
    fn resource_type(&self) -> ResourceType {
        self.resource_type.clone()
    }

    async fn list(&self, call: &Call<'_>, parent: Option<&ResourceId>) -> Result<Page> {
        let at = At { of: parent.cloned(), ..At::list(self.type_id()) };
        self.connector.page(at, call).await
    }

    async fn static_entitlements(&self) -> Result<Vec<StaticEntitlement>> {
        let id = self.type_id();
        let declared = self.connector.scenario.statics.get(id).cloned().unwrap_or_default();
        self.connector.call(At::static_entitlements(id), 0, |_, _| Ok(declared)).await
    }

    async fn entitlements(&self, call: &Call<'_>, resource: &Resource) -> Result<Page> {
        self.connector.page(At::entitlements(&resource.id), call).await
    }

    async fn grants(&self, call: &Call<'_>, resource: &Resource) -> Result<Page> {
        self.connector.page(At::grants(&resource.id), call).await
    }

    fn type_scoped_entitlements(&self) -> Option<&dyn TypeScopedEntitlements> {
        let whole = self.connector.scenario.is_whole(Operation::Entitlements, self.type_id());
        whole.then_some(self as _)
    }

    fn type_scoped_grants(&self) -> Option<&dyn TypeScopedGrants> {
        let whole = self.connector.scenario.is_whole(Operation::Grants, self.type_id());
        whole.then_some(self as _)
    }

    fn targeted(&self) -> Option<&dyn TargetedSyncer> {
        self.connector.scenario.is_targeted(self.type_id()).then_some(self as _)
    }
}

#[async_trait]
impl TypeScopedEntitlements for Syncer {
    async fn entitlements_of_type(&self, call: &Call<'_>) -> Result<Page> {
        self.connector.page(At::entitlements_of_type(self.type_id()), call).await
    }
}

#[async_trait]
impl TypeScopedGrants for Syncer {
    async fn grants_of_type(&self, call: &Call<'_>) -> Result<Page> {
        self.connector.page(At::grants_of_type(self.type_id()), call).await
    }
}

#[async_trait]
impl TargetedSyncer for Syncer {
    async fn get(&self, id: &ResourceId, _parent: Option<&ResourceId>) -> Result<Resource> {
        let found = self.connector.scenario.find(id).cloned();
        let missing = || Error::new(ErrorKind::NotFound, format!("there is no {id}"));
        self.connector.call(At::get(id), 0, |_, _| found.ok_or_else(missing)).await
    }
}
