//! What is still to be asked in a phase, and in which order.
//!
//! Every action is a row of the queue; a window of them is in memory, and the
//! rest is read back when the window is empty.

use std::collections::{HashMap, VecDeque};

use connector_model::{Error, ErrorKind, PageToken, Registry, ResourceId, ResourceTypeId, Result};
use connector_store::Batch;

use crate::{
    Phase,
    action::{Action, Operation, Subject},
    cycle::Cycle,
    ingest::Ingested,
    listing::{Listing, Verdict},
    plan::Planner,
    queue,
    references::{IdHash, IdSet},
};

/// Actions kept in memory; the rest waits in the queue.
const READY: usize = 4096;

/// Actions read back from the queue at once.
const RELOAD: i64 = 1024;

/// The actions of a phase.
#[derive(Debug)]
pub(crate) struct Schedule {
    registry: Registry,
    next_id: i64,
    ready: VecDeque<Action>,
    /// Where in the queue the actions begin that are not in memory.
    spilled_from: Option<i64>,
    listings: HashMap<i64, Listing>,
    /// Child listings that were begun, by type and parent.
    children: IdSet,
    planner: Planner,
    end_of_lists: Option<i64>,
    /// Chains that were followed to their end.
    finished: Vec<i64>,
    pub(crate) done: u64,
    pub(crate) known: u64,
}

impl Schedule {
    pub(crate) fn new(registry: Registry) -> Self {
        Self {
            registry,
            next_id: 1,
            ready: VecDeque::new(),
            spilled_from: None,
            listings: HashMap::new(),
            children: IdSet::default(),
            planner: Planner::default(),
            end_of_lists: None,
            finished: Vec::new(),
            done: 0,
            known: 0,
        }
    }

    /// Begins a phase; the one before it must be at its end.
    pub(crate) async fn begin(&mut self, batch: &mut Batch<'_>, phase: Phase) -> Result<()> {
        (self.done, self.known) = (0, 0);
        let asked = match phase {
            Phase::Entitlements => Some(Operation::Entitlements),
            Phase::Grants => Some(Operation::Grants),
            Phase::Resources
            | Phase::StaticEntitlements
            | Phase::External
            | Phase::Expansion
            | Phase::Seal => None,
        };
        self.planner = match asked {
            Some(operation) => {
                let until = self.end_of_lists(batch).await?;
                Planner::begin(operation, &self.registry, until)
            }
            None => Planner::default(),
        };
        if phase == Phase::Resources {
            let types: Vec<_> = self.registry.resource_types().map(|t| t.id.clone()).collect();
            let roots = types.into_iter().map(|t| (Operation::List, t, Subject::Inside(None))).collect();
            self.begin_listings(batch, roots).await?;
        }
        Ok(())
    }

    /// The last row of the lists. What comes in a later phase is not asked
    /// about: whether it would be seen depended on when it came.
    async fn end_of_lists(&mut self, batch: &mut Batch<'_>) -> Result<i64> {
        match self.end_of_lists {
            Some(row) => Ok(row),
            None => Ok(*self.end_of_lists.insert(batch.last_resource().await?)),
        }
    }

    /// The next action to ask, if one is in memory.
    pub(crate) fn next_ready(&mut self) -> Option<Action> {
        self.ready.pop_front()
    }

    /// The next action to ask: from memory, else from the queue, else from
    /// what the planner finds.
    pub(crate) async fn next(&mut self, batch: &mut Batch<'_>) -> Result<Option<Action>> {
        loop {
            if let Some(action) = self.ready.pop_front() {
                return Ok(Some(action));
            }
            if let Some(from) = self.spilled_from.take() {
                let actions = queue::load(batch, from, RELOAD).await?;
                if let (true, Some(last)) = (actions.len() as i64 == RELOAD, actions.last()) {
                    self.spilled_from = Some(last.id + 1);
                }
                self.ready.extend(actions);
                continue;
            }
            let Some(roots) = self.planner.next(batch, &self.registry).await? else { return Ok(None) };
            self.begin_listings(batch, roots).await?;
        }
    }

    /// Takes in what a page means for what is to be asked. Gives sentences
    /// that a person should read.
    pub(crate) async fn page_read(
        &mut self,
        batch: &mut Batch<'_>,
        action: &Action,
        page: &mut Ingested,
    ) -> Result<Vec<String>> {
        let next = following(action, page.next.take())?;
        let ends_chain = next.is_none();
        match next {
            Some(next) => {
                queue::advance(batch.connection(), &next).await?;
                self.ready.push_front(next);
            }
            None => self.finished.push(action.id),
        }
        let mut warnings = self.begin_children(batch, std::mem::take(&mut page.children)).await?;
        let also = self.name_further_pages(action, std::mem::take(&mut page.also));
        self.enqueue(batch, also).await?;
        warnings.extend(self.settle_listing(batch, action, page, ends_chain).await?);
        self.done += u64::from(ends_chain);
        Ok(warnings)
    }

    /// Writes down which chains are at their end, for the transaction that
    /// holds their rows.
    pub(crate) async fn settle_finished(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        queue::finish(batch.connection(), &self.finished).await?;
        self.finished.clear();
        Ok(())
    }

    /// Adds listings that begin with their first page.
    async fn begin_listings(
        &mut self,
        batch: &mut Batch<'_>,
        roots: Vec<(Operation, ResourceTypeId, Subject)>,
    ) -> Result<()> {
        let mut actions = Vec::with_capacity(roots.len());
        for (operation, resource_type, subject) in roots {
            actions.push(self.root(operation, resource_type, subject, 1));
        }
        self.enqueue(batch, actions).await
    }

    fn root(
        &mut self,
        operation: Operation,
        resource_type: ResourceTypeId,
        subject: Subject,
        round: u32,
    ) -> Action {
        let id = self.new_id();
        self.listings.insert(id, Listing::begin());
        let cycle = Cycle::default();
        Action {
            id,
            operation,
            resource_type,
            subject,
            listing: id,
            round,
            chain: 0,
            step: 0,
            token: None,
            cycle,
        }
    }

    fn new_id(&mut self) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    async fn enqueue(&mut self, batch: &mut Batch<'_>, actions: Vec<Action>) -> Result<()> {
        if actions.is_empty() {
            return Ok(());
        }
        queue::add(batch.connection(), &actions).await?;
        self.known += actions.len() as u64;
        for action in actions {
            if self.spilled_from.is_none() && self.ready.len() < READY {
                self.ready.push_back(action);
            } else {
                self.spilled_from.get_or_insert(action.id);
            }
        }
        Ok(())
    }

    /// Lists inside resources that name types as their children.
    async fn begin_children(
        &mut self,
        batch: &mut Batch<'_>,
        children: Vec<(String, ResourceId)>,
    ) -> Result<Vec<String>> {
        let (mut roots, mut warnings) = (Vec::new(), Vec::new());
        for (child, parent) in children {
            let registered = self.registry.resource_types().find(|t| t.id == *child).map(|t| t.id.clone());
            let Some(child) = registered else {
                warnings.push(format!("{parent} names children of type {child}, which nobody registered"));
                continue;
            };
            if self.children.insert(IdHash::text(&format!("{child}\u{1}{parent}"))) {
                roots.push((Operation::List, child, Subject::Inside(Some(parent))));
            }
        }
        self.begin_listings(batch, roots).await?;
        Ok(warnings)
    }

    /// Chains for the further pages of a listing, each once.
    fn name_further_pages(&mut self, action: &Action, tokens: Vec<PageToken>) -> Vec<Action> {
        let mut actions = Vec::new();
        for token in tokens {
            let id = self.next_id;
            let Some(listing) = self.listings.get_mut(&action.listing) else { break };
            if !listing.named.insert(IdHash::text(token.as_str())) {
                continue;
            }
            listing.open += 1;
            let chain = listing.chains;
            listing.chains += 1;
            self.next_id += 1;
            let (token, cycle) = (Some(token), Cycle::default());
            actions.push(Action { id, chain, step: 0, token, cycle, ..action.clone() });
        }
        actions
    }

    /// Adds a page to its listing; at the listing's end, asks once more where
    /// it did not come whole.
    async fn settle_listing(
        &mut self,
        batch: &mut Batch<'_>,
        action: &Action,
        page: &Ingested,
        ends_chain: bool,
    ) -> Result<Option<String>> {
        let Some(listing) = self.listings.get_mut(&action.listing) else { return Ok(None) };
        listing.page(page.total, &page.asked, page.left_out);
        listing.open -= u32::from(ends_chain);
        if listing.open > 0 {
            return Ok(None);
        }
        let verdict = listing.verdict();
        self.listings.remove(&action.listing);
        let Verdict::Drifted { announced, distinct } = verdict else { return Ok(None) };
        let came = format!("{distinct} rows came, {announced} were announced");
        let what = action.describe();
        if action.round > 1 && verdict.is_broken() {
            return Err(Error::new(
                ErrorKind::DataLoss,
                format!("the source was read twice, and both times rows were missing: {came}"),
            )
            .during(what));
        }
        if action.round > 1 {
            return Ok(Some(format!("{what}: the source changed while it was read, twice: {came}")));
        }
        let again = self.root(
            action.operation,
            action.resource_type.clone(),
            action.subject.clone(),
            action.round + 1,
        );
        self.enqueue(batch, vec![again]).await?;
        Ok(Some(format!("{what}: the source changed while it was read ({came}); it was read again")))
    }
}

/// The same chain at its next page; none where the page ended it. Fails where
/// the chain leads back into itself.
fn following(action: &Action, token: Option<PageToken>) -> Result<Option<Action>> {
    let Some(token) = token else { return Ok(None) };
    let mut next = Action { step: action.step + 1, ..action.clone() };
    if action.token.as_ref() == Some(&token) || next.cycle.closes(&token) {
        return Err(Error::internal(
            "a page token came again, so the listing would never end; this is a bug in the connector",
        )
        .during(action.describe())
        .with("page", next.step)
        .with("token", token));
    }
    next.token = Some(token);
    Ok(Some(next))
}
