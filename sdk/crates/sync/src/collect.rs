//! The collection: every phase up to the seal.
//!
//! One task owns the working database and takes pages in; calls of the
//! connector run in tasks of their own, as many as there are workers. A slot
//! is filled again before the finished page is stored, so the connector is
//! kept busy while the database works, and only a few pages wait in memory.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use connector_model::{Error, ErrorKind, Registry, ResourceTypeId, Result};
use connector_store::{Batch, EntitlementRow, Kind, ResourceTypeRow, WorkDb};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    Event, Observer, Phase, SyncOptions, Totals,
    action::{Action, Operation, Subject},
    call::{Shared, call},
    counts::{self, Counts},
    cycle::Cycle,
    duplicates,
    ingest::Ingested,
    listing::{Listing, Verdict},
    plan::Planner,
    queue,
    references::IdHash,
    session,
    warnings::Warnings,
};

/// Rows in one transaction, at least: large enough that commits don't count,
/// small enough that a killed run loses little.
const ROWS_A_COMMIT: u64 = 20_000;

/// A transaction is not kept open longer than this, so that little is lost.
const COMMIT_AFTER: Duration = Duration::from_millis(500);

/// Pages that may wait to be stored before new calls wait for them.
const WAITING_PAGES: usize = 2;

/// Actions kept in memory; the rest waits in the queue.
const READY: usize = 4096;

/// Actions read back from the queue at once.
const RELOAD: i64 = 1024;

/// The warning about rows of one id.
pub(crate) const CAME_TWICE: &str = "an id came twice with different content; the later page won";

/// What the collection adds up to.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) totals: Totals,
    pub(crate) counts: Counts,
    pub(crate) resource_types: usize,
    pub(crate) actions: u64,
    pub(crate) warnings: Warnings,
    pub(crate) phases: Vec<(Phase, Duration)>,
}

pub(crate) struct Collector {
    shared: Arc<Shared>,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
    workers: usize,
    resources_only: bool,
    warnings: Warnings,
    totals: Totals,
    counts: Counts,
    finished_actions: u64,
    next_action: i64,
    phase: PhaseState,
}

/// What belongs to the phase under way.
#[derive(Default)]
struct PhaseState {
    ready: VecDeque<Action>,
    /// Where in the queue the actions begin that are not in memory.
    spilled_from: Option<i64>,
    listings: HashMap<i64, Listing>,
    /// Child listings that were begun, by type and parent.
    children: crate::references::IdSet,
    planner: Planner,
    done: u64,
    known: u64,
}

impl Collector {
    pub(crate) fn new(
        registry: Registry,
        workers: usize,
        options: &SyncOptions,
        observer: Arc<dyn Observer>,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            shared: Arc::new(Shared::new(registry, options.skip_entitlements_and_grants)),
            observer,
            cancel,
            workers,
            resources_only: options.skip_entitlements_and_grants,
            warnings: Warnings::default(),
            totals: Totals::default(),
            counts: Counts::default(),
            finished_actions: 0,
            next_action: 1,
            phase: PhaseState::default(),
        }
    }

    /// Runs every phase up to the seal.
    pub(crate) async fn run(mut self, db: &mut WorkDb) -> Result<Collected> {
        let mut batch = db.begin().await?;
        queue::create(batch.connection()).await?;
        duplicates::create(batch.connection()).await?;
        let types: Vec<_> = self.shared.registry.resource_types().map(ResourceTypeRow::encode).collect();
        let _new_file_has_no_conflicts = batch.put_resource_types(&types).await?;
        batch.commit().await?;
        let phases: &[Phase] = if self.resources_only { &Phase::ALL[..1] } else { &Phase::ALL[..4] };
        let mut durations = Vec::new();
        for phase in phases {
            let start = Instant::now();
            self.observer.event(&Event::PhaseStarted { phase: *phase });
            match phase {
                Phase::StaticEntitlements => self.static_entitlements(db).await?,
                _ => self.follow_pages(db, *phase).await?,
            }
            durations.push((*phase, start.elapsed()));
        }
        for dangling in self.shared.references.dangling() {
            self.warn(format!(
                "{} {} are not among what was read, such as {}",
                dangling.count,
                dangling.what,
                dangling.examples.join(", ")
            ));
        }
        Ok(Collected {
            totals: self.totals,
            counts: self.counts,
            resource_types: types.len(),
            actions: self.finished_actions,
            warnings: self.warnings,
            phases: durations,
        })
    }

    /// One phase of pages: begins with what there is to ask, and ends when no
    /// page is left.
    async fn follow_pages(&mut self, db: &mut WorkDb, phase: Phase) -> Result<()> {
        self.phase = PhaseState { planner: self.planner(phase), ..PhaseState::default() };
        let mut batch = db.begin().await?;
        if phase == Phase::Resources {
            self.begin_lists(&mut batch).await?;
        }
        let mut calls = JoinSet::new();
        let (mut rows, mut opened) = (0, Instant::now());
        let mut finished = Vec::new();
        loop {
            while self.may_call(calls.len())
                && let Some(action) = self.take_action(&mut batch).await?
            {
                calls.spawn(call(self.shared.clone(), action));
            }
            let done = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(cancelled()),
                done = calls.join_next() => done,
            };
            let Some(done) = done else { break };
            let (action, page) = done.map_err(|e| Error::internal("a worker ended early").caused_by(e))?;
            self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
            let page = self.warn_if_gone(&action, page)?;
            let next = following(&action, &page)?;
            if let Some(next) = &next {
                self.phase.ready.push_front(next.clone());
            }
            while self.may_call(calls.len())
                && let Some(action) = self.phase.ready.pop_front()
            {
                calls.spawn(call(self.shared.clone(), action));
            }
            rows += self.take_in(&mut batch, &action, page, next.as_ref(), &mut finished).await?;
            if rows >= ROWS_A_COMMIT || opened.elapsed() >= COMMIT_AFTER {
                queue::finish(batch.connection(), &finished).await?;
                batch.commit().await?;
                finished.clear();
                (rows, opened) = (0, Instant::now());
                batch = db.begin().await?;
            }
        }
        queue::finish(batch.connection(), &finished).await?;
        batch.commit().await
    }

    /// Whether one more call may begin: there is a worker, and the pages that
    /// wait to be stored are few. More of them would take memory and not make
    /// the database faster.
    fn may_call(&self, tasks: usize) -> bool {
        let waiting = self.shared.waiting.load(Ordering::Acquire);
        tasks - waiting.min(tasks) < self.workers && (waiting < WAITING_PAGES || tasks == 0)
    }

    fn planner(&self, phase: Phase) -> Planner {
        let operation = match phase {
            Phase::Entitlements => Operation::Entitlements,
            Phase::Grants => Operation::Grants,
            Phase::Resources | Phase::StaticEntitlements | Phase::Seal => return Planner::default(),
        };
        Planner::new(operation, &self.shared.registry)
    }

    async fn begin_lists(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        let types: Vec<_> = self.shared.registry.resource_types().map(|t| t.id.clone()).collect();
        let roots = types.into_iter().map(|t| (Operation::List, t, Subject::Inside(None))).collect();
        self.begin_listings(batch, roots).await
    }

    /// Adds listings that begin with their first page.
    async fn begin_listings(
        &mut self,
        batch: &mut Batch<'_>,
        roots: Vec<(Operation, ResourceTypeId, Subject)>,
    ) -> Result<()> {
        let mut actions = Vec::with_capacity(roots.len());
        for (operation, resource_type, subject) in roots {
            let id = self.new_action_id();
            self.phase.listings.insert(id, Listing::begin());
            actions.push(Action {
                id,
                operation,
                resource_type,
                subject,
                listing: id,
                round: 1,
                chain: 0,
                step: 0,
                token: None,
                cycle: Cycle::default(),
            });
        }
        self.enqueue(batch, actions).await
    }

    fn new_action_id(&mut self) -> i64 {
        let id = self.next_action;
        self.next_action += 1;
        id
    }

    async fn enqueue(&mut self, batch: &mut Batch<'_>, actions: Vec<Action>) -> Result<()> {
        if actions.is_empty() {
            return Ok(());
        }
        queue::add(batch.connection(), &actions).await?;
        self.phase.known += actions.len() as u64;
        for action in actions {
            if self.phase.spilled_from.is_none() && self.phase.ready.len() < READY {
                self.phase.ready.push_back(action);
            } else {
                self.phase.spilled_from.get_or_insert(action.id);
            }
        }
        Ok(())
    }

    /// The next action to ask: from memory, else from the queue, else from
    /// what the planner finds.
    async fn take_action(&mut self, batch: &mut Batch<'_>) -> Result<Option<Action>> {
        loop {
            if let Some(action) = self.phase.ready.pop_front() {
                return Ok(Some(action));
            }
            if let Some(from) = self.phase.spilled_from.take() {
                let actions = queue::load(batch, from, RELOAD).await?;
                if let (true, Some(last)) = (actions.len() as i64 == RELOAD, actions.last()) {
                    self.phase.spilled_from = Some(last.id + 1);
                }
                self.phase.ready.extend(actions);
                continue;
            }
            let Some(roots) = self.phase.planner.next(batch, &self.shared.registry).await? else {
                return Ok(None);
            };
            self.begin_listings(batch, roots).await?;
        }
    }

    /// A resource that is gone by the time its entitlements or grants are
    /// asked for is no failure: it is gone, and a person is told.
    fn warn_if_gone(&mut self, action: &Action, page: Result<Ingested>) -> Result<Ingested> {
        match page {
            Err(e) if e.kind() == ErrorKind::NotFound && matches!(action.subject, Subject::Of(_)) => {
                self.warn(format!("{}: it was gone when it was asked for", action.describe()));
                Ok(Ingested::default())
            }
            other => other,
        }
    }

    fn warn(&mut self, message: String) {
        if self.warnings.add(&message) {
            self.observer.event(&Event::Warning { message });
        }
    }

    /// Stores a page and what it means for the queue, in one transaction.
    /// Gives the number of rows.
    async fn take_in(
        &mut self,
        batch: &mut Batch<'_>,
        action: &Action,
        page: Ingested,
        next: Option<&Action>,
        finished: &mut Vec<i64>,
    ) -> Result<u64> {
        let rows = self.store_rows(batch, action, &page).await?;
        for (key, value) in page.remember {
            session::put(batch, &key, &value).await?;
            self.shared.remember(key, value);
        }
        for message in page.warnings {
            self.warn(message);
        }
        match next {
            Some(next) => queue::advance(batch.connection(), next).await?,
            None => finished.push(action.id),
        }
        self.begin_children(batch, page.children).await?;
        let also = self.name_further_pages(action, page.also);
        self.enqueue(batch, also).await?;
        self.settle_listing(batch, action, page.total, &page.asked, next.is_none()).await?;
        self.phase.done += u64::from(next.is_none());
        self.finished_actions += u64::from(next.is_none());
        self.totals.pages += 1;
        self.observer.event(&Event::Page {
            phase: action.operation.phase(),
            resource_type: action.resource_type.to_string(),
            totals: self.totals,
            done: self.phase.done,
            known: self.phase.known,
        });
        Ok(rows)
    }

    async fn store_rows(&mut self, batch: &mut Batch<'_>, action: &Action, page: &Ingested) -> Result<u64> {
        let position = action.position();
        let mut differing = 0;
        if !page.resources.is_empty() {
            let put = batch.put_resources(&page.resources).await?;
            differing += duplicates::settle(batch, &position, &page.resources, &put).await?;
            self.totals.resources += counts::add(&mut self.counts.resources, &page.resources, &put);
            self.shared.references.store_resources(page.resource_ids.iter().copied());
        }
        if !page.entitlements.is_empty() {
            let put = batch.put_entitlements(&page.entitlements).await?;
            differing += duplicates::settle(batch, &position, &page.entitlements, &put).await?;
            self.totals.entitlements += counts::add(&mut self.counts.entitlements, &page.entitlements, &put);
            self.shared.references.store_entitlements(page.entitlement_ids.iter().copied());
        }
        if !page.grants.is_empty() {
            let put = batch.put_grants(&page.grants).await?;
            duplicates::note_page(batch, &position, Kind::Grant, &put).await?;
            self.totals.grants += counts::add(&mut self.counts.grants, &page.grants, &put);
            self.shared.references.refer_to_principals(page.principals.iter().map(|(hash, id)| (*hash, id)));
            for (hash, id) in &page.granted {
                self.shared.references.refer_to_entitlement(*hash, id);
            }
        }
        if differing > 0 {
            self.warnings.add_many(CAME_TWICE, differing);
        }
        Ok((page.resources.len() + page.entitlements.len() + page.grants.len()) as u64)
    }

    async fn begin_children(
        &mut self,
        batch: &mut Batch<'_>,
        children: Vec<(String, connector_model::ResourceId)>,
    ) -> Result<()> {
        let mut roots = Vec::new();
        for (child, parent) in children {
            let Some(child) =
                self.shared.registry.resource_types().find(|t| t.id == *child).map(|t| t.id.clone())
            else {
                self.warn(format!("{parent} names children of type {child}, which nobody registered"));
                continue;
            };
            if self.phase.children.insert(IdHash::text(&format!("{child}\u{1}{parent}"))) {
                roots.push((Operation::List, child, Subject::Inside(Some(parent))));
            }
        }
        self.begin_listings(batch, roots).await
    }

    /// Chains for the further pages of a listing, each once.
    fn name_further_pages(
        &mut self,
        action: &Action,
        tokens: Vec<connector_model::PageToken>,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        for token in tokens {
            let Some(listing) = self.phase.listings.get_mut(&action.listing) else { break };
            if !listing.named.insert(IdHash::text(token.as_str())) {
                continue;
            }
            listing.open += 1;
            let chain = listing.chains;
            listing.chains += 1;
            let id = self.new_action_id();
            actions.push(Action {
                id,
                chain,
                step: 0,
                token: Some(token),
                cycle: Cycle::default(),
                ..action.clone()
            });
        }
        actions
    }

    /// Adds a page to its listing; at the listing's end, asks once more where
    /// it did not come whole.
    async fn settle_listing(
        &mut self,
        batch: &mut Batch<'_>,
        action: &Action,
        total: Option<u64>,
        asked: &[IdHash],
        ends_chain: bool,
    ) -> Result<()> {
        let Some(listing) = self.phase.listings.get_mut(&action.listing) else { return Ok(()) };
        listing.page(total, asked);
        listing.open -= u32::from(ends_chain);
        if listing.open > 0 {
            return Ok(());
        }
        let verdict = listing.verdict();
        self.phase.listings.remove(&action.listing);
        let Verdict::Drifted { announced, distinct } = verdict else { return Ok(()) };
        let what = action.describe();
        if action.round > 1 {
            self.warn(format!(
                "{what}: the source changed while it was read, twice: {distinct} rows came, {announced} were announced"
            ));
            return Ok(());
        }
        self.warn(format!(
            "{what}: the source changed while it was read ({distinct} rows came, {announced} were announced); it was read again"
        ));
        let id = self.new_action_id();
        self.phase.listings.insert(id, Listing::begin());
        let again = Action {
            id,
            listing: id,
            round: action.round + 1,
            chain: 0,
            step: 0,
            token: None,
            cycle: Cycle::default(),
            ..action.clone()
        };
        self.enqueue(batch, vec![again]).await
    }

    /// Entitlements that a type declares once, made for each of its resources.
    async fn static_entitlements(&mut self, db: &mut WorkDb) -> Result<()> {
        let types: BTreeMap<_, _> =
            self.shared.registry.resource_types().map(|t| (t.id.clone(), t.clone())).collect();
        for id in types.keys() {
            let syncer = self.shared.registry.syncer(id)?.clone();
            let declared = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(cancelled()),
                declared = crate::call::guarded(syncer.static_entitlements()) => declared,
            }
            .map_err(|e| e.during(format!("list static entitlements of type {id}")))?;
            if declared.is_empty() {
                continue;
            }
            let mut after = 0;
            loop {
                let mut batch = db.begin().await?;
                let stored = batch.page_resources(Some(id.as_str()), after, 1000).await?;
                let Some(last) = stored.last() else { break };
                after = last.id;
                let mut page = Ingested::default();
                for row in &stored {
                    let resource = queue::decode_resource(&row.data)?;
                    for entitlement in declared.iter().map(|d| d.on(&resource)) {
                        page.entitlement_ids.push(IdHash::text(&entitlement.id));
                        page.entitlements.push(EntitlementRow::encode(&entitlement));
                    }
                }
                let put = batch.put_entitlements(&page.entitlements).await?;
                let position = format!("1.5\u{1}{id}\u{1}{after:020}");
                duplicates::settle(&mut batch, &position, &page.entitlements, &put).await?;
                self.totals.entitlements +=
                    counts::add(&mut self.counts.entitlements, &page.entitlements, &put);
                self.shared.references.store_entitlements(page.entitlement_ids);
                batch.commit().await?;
            }
        }
        Ok(())
    }
}

/// The same chain at its next page; none where the page ended it. Fails where
/// the chain leads back into itself.
fn following(action: &Action, page: &Ingested) -> Result<Option<Action>> {
    let Some(token) = page.next.clone() else { return Ok(None) };
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

/// The error of a run that was told to stop.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the sync was cancelled; the old file is untouched")
}
