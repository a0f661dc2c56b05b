//! The collection: every phase in which the connector is asked.
//!
//! One task owns the working database and takes pages in; calls of the
//! connector run in tasks of their own, as many as there are workers. What a
//! page means for what is asked next is settled before its rows are stored, so
//! the connector is kept busy while the database works; only a few pages wait
//! in memory. Rows, queue, ledger and checkpoint are committed together.

pub(crate) mod ledger;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use connector_model::{Error, ErrorKind, ResourceTypeId, Result};
use connector_store::{Batch, IdHash, ResourceTypeRow, WorkDb};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Event, Observer, Phase, Scope, SyncOptions, Totals,
    checkpoint::{
        Checkpoint, listings,
        meta::{self, State},
        positions, queue, waiting,
    },
    collect::ledger::{Ledger, not_read},
    fetch::{
        action::Action,
        call::{Called, Shared, call, guarded_within},
        calls::Calls,
        schedule::Schedule,
    },
    ingest::{Ingested, ingest_static},
    run::error::cancelled,
};

/// Pages are stored together until they have this many rows.
const ROWS_TOGETHER: usize = 2_000;

/// Rows that may wait to be stored before new calls wait for them.
const WAITING_ROWS: usize = 4_000;

/// The same for pages: many may have no row at all.
const WAITING_PAGES: usize = 64;

/// Resources that may be gone before it is asked whether that can be.
const GONE_ALWAYS_ALLOWED: u64 = 10;

/// The phases in which the connector is asked, in their order.
pub(crate) const PHASES: [Phase; 4] =
    [Phase::Resources, Phase::StaticEntitlements, Phase::Entitlements, Phase::Grants];

pub(crate) struct Collector {
    shared: Arc<Shared>,
    options: Arc<SyncOptions>,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
    workers: usize,
    schedule: Schedule,
    ledger: Ledger,
    checkpoint: Checkpoint,
    calls: Calls,
    /// When the run must stop, and what it may take.
    deadline: Option<Instant>,
    /// The first read that failed in this run, where a sync may be incomplete.
    first_lost: Option<Error>,
    /// Why the run ends once the pages that came before are taken in.
    failed: Option<Error>,
    /// Whether a listing came to nothing sound: reading on would not mend it.
    spoiled: bool,
}

type Running = JoinSet<Called>;

/// What a transaction holds so far.
struct Open {
    rows: u64,
    since: Instant,
}

impl Open {
    fn now() -> Self {
        Self { rows: 0, since: Instant::now() }
    }
}

impl Collector {
    pub(crate) fn new(
        shared: Shared,
        workers: usize,
        options: Arc<SyncOptions>,
        observer: Arc<dyn Observer>,
        cancel: CancellationToken,
        checkpoint: Checkpoint,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            schedule: Schedule::new(shared.registry.clone(), options.clone()),
            ledger: Ledger::new(Arc::clone(shared.registry.connector())),
            shared: Arc::new(shared),
            options,
            observer,
            cancel,
            workers,
            checkpoint,
            calls: Calls::default(),
            deadline,
            first_lost: None,
            failed: None,
            spoiled: false,
        }
    }

    /// Whether what was read of a listing can't be gone on with.
    pub(crate) fn is_spoiled(&self) -> bool {
        self.spoiled
    }

    /// The checkpoint, and what the calls took.
    pub(crate) fn into_parts(self) -> (Checkpoint, Calls) {
        (self.checkpoint, self.calls)
    }

    /// Runs every phase in which the connector is asked, from the one that the
    /// checkpoint is in.
    pub(crate) async fn run(&mut self, db: &mut WorkDb, go_on: bool) -> Result<()> {
        let phases: Vec<_> = PHASES.into_iter().filter(|phase| self.wants(*phase)).collect();
        let first = self.checkpoint.phase;
        if !go_on {
            let mut batch = db.begin().await?;
            self.create_tables(&mut batch).await?;
            batch.commit().await?;
        }
        for phase in phases.into_iter().filter(|phase| *phase >= first) {
            let start = Instant::now();
            self.observer.event(&Event::PhaseStarted { phase });
            let going_on = go_on && phase == first;
            let mut batch = db.begin().await?;
            if going_on {
                positions::resume(&mut batch).await?;
                self.schedule.go_on(&mut batch, &self.checkpoint).await?;
            } else {
                self.checkpoint.phase = phase;
                self.schedule.begin(&mut batch, phase).await?;
                self.save(&mut batch).await?;
            }
            batch.commit().await?;
            let done = match phase {
                Phase::StaticEntitlements => self.static_entitlements(db).await,
                _ => self.follow_pages(db, phase, start).await,
            };
            done?;
            self.checkpoint.spent(phase, start.elapsed());
        }
        if self.checkpoint.lost > 0 && self.checkpoint.intake.totals.pages == 0 {
            return Err(nothing_read(self.first_lost.take()));
        }
        self.note_dangling_references();
        Ok(())
    }

    fn wants(&self, phase: Phase) -> bool {
        match phase {
            Phase::StaticEntitlements | Phase::Entitlements => self.options.wants_entitlements(),
            Phase::Grants => self.options.wants_grants(),
            _ => self.options.scope != Scope::Nothing,
        }
    }

    /// The engine's own tables, and the resource types that are read.
    async fn create_tables(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        queue::create(&mut batch.connection()).await?;
        listings::create(&mut batch.connection()).await?;
        waiting::create(&mut batch.connection()).await?;
        positions::create(&mut batch.connection()).await?;
        meta::create(&mut batch.connection()).await?;
        self.ledger.skipped_by_intent(&self.shared.registry, &self.options);
        if self.options.scope == Scope::Nothing {
            return self.ledger.save(batch).await;
        }
        let types = self.shared.registry.resource_types().filter(|t| self.options.wants_type(&t.id));
        let types: Vec<_> = types.map(ResourceTypeRow::encode).collect();
        let _new_file_has_no_conflicts = batch.put_resource_types(&types).await?;
        self.ledger.save(batch).await
    }

    /// References that nothing was found for. Saved with the end of the
    /// collection, so that they are counted once.
    fn note_dangling_references(&mut self) {
        for dangling in self.shared.references.dangling() {
            let such_as = if dangling.examples.is_empty() { "" } else { ", such as " };
            let examples = dangling.examples.join(", ");
            self.warn(format!(
                "{} that are not among what was read: {}{such_as}{examples}",
                dangling.what, dangling.count
            ));
        }
    }

    /// Follows the pages of a phase until none is left.
    async fn follow_pages(&mut self, db: &mut WorkDb, phase: Phase, start: Instant) -> Result<()> {
        let mut batch = db.begin().await?;
        let mut running = Running::new();
        let mut open = Open::now();
        let ended = loop {
            while self.may_call(&running)
                && let Some(action) = self.schedule.next(&mut batch).await?
            {
                running.spawn(call(self.shared.clone(), action));
            }
            let pages = match self.read_pages(&mut running).await {
                Ok(Some(pages)) => pages,
                Ok(None) => break Ok(()),
                Err(e) => break Err(e),
            };
            let mut taken = Vec::with_capacity(pages.len());
            for (action, mut page) in pages {
                self.take_in(&mut batch, &action, &mut page).await?;
                taken.push((action, page));
            }
            while self.may_call(&running)
                && let Some(action) = self.schedule.next_ready()
            {
                running.spawn(call(self.shared.clone(), action));
            }
            open.rows += self.store(&mut batch, phase, taken).await?;
            let limits = self.options.checkpoints;
            if open.rows >= limits.rows || open.since.elapsed() >= limits.every {
                self.commit(batch).await?;
                open = Open::now();
                batch = db.begin().await?;
            }
        };
        match ended {
            Ok(()) => self.commit(batch).await,
            Err(e) => {
                // What was read is not lost with what could not be.
                self.checkpoint.spent(phase, start.elapsed());
                if let Err(error) = self.commit(batch).await {
                    tracing::debug!(error = %error.report(), "the last pages could not be made safe");
                }
                Err(e)
            }
        }
    }

    /// Writes what is in memory besides the rows.
    async fn save(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        self.schedule.save(batch, &mut self.checkpoint).await?;
        self.shared.references.save(&mut batch.connection()).await?;
        self.ledger.save(batch).await?;
        meta::save(&mut batch.connection(), State::Collecting, &self.checkpoint).await
    }

    async fn commit(&mut self, mut batch: Batch<'_>) -> Result<()> {
        self.save(&mut batch).await?;
        batch.commit().await?;
        self.observer.event(&Event::Committed { totals: self.checkpoint.intake.totals });
        Ok(())
    }

    /// Whether one more call may begin: there is a worker, and the pages that
    /// wait to be stored are few. More of them would take memory and not make
    /// the database faster.
    fn may_call(&self, running: &Running) -> bool {
        let (pages, rows) = self.shared.waiting();
        self.failed.is_none()
            && running.len() - pages.min(running.len()) < self.workers
            && (rows < WAITING_ROWS && pages < WAITING_PAGES || running.is_empty())
    }

    /// Waits for a page, and takes others that are there with it while they are
    /// small; none where no call is under way.
    async fn read_pages(&mut self, running: &mut Running) -> Result<Option<Vec<(Action, Ingested)>>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut done = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(cancelled()),
            () = expired(self.deadline) => return Err(out_of_time(self.options.time_limit)),
            done = running.join_next() => done,
        };
        if done.is_none() {
            return Ok(None);
        }
        // A test that stops after each page needs each of them alone.
        let together =
            usize::try_from(self.options.checkpoints.rows).unwrap_or(usize::MAX).min(ROWS_TOGETHER);
        let (mut pages, mut rows) = (Vec::new(), 0);
        while let Some(finished) = done {
            let Called { action, result, took } =
                finished.map_err(|e| Error::internal("a worker ended early").caused_by(e))?;
            self.calls.took(&action, took);
            self.shared.page_taken(result.as_ref().map_or(0, Ingested::rows));
            match self.accept(&action, result) {
                Ok(Some(page)) => {
                    rows += page.rows().max(1);
                    pages.push((action, page));
                }
                Ok(None) => {}
                Err(e) if pages.is_empty() => return Err(e),
                Err(e) => {
                    self.failed = Some(e);
                    break;
                }
            }
            done = if rows < together { running.try_join_next() } else { None };
        }
        Ok(Some(pages))
    }

    /// What becomes of a page that could not be read.
    ///
    /// A resource that is gone by the time it is asked for is no failure: it is
    /// gone, and a person is told. One that was half read is one, and so are
    /// many: then it is not the resources that are missing. The limits are
    /// those of the Go SDK: more than ten, and more than a tenth of what was
    /// asked. Any other failed read ends the sync, unless an incomplete one is
    /// allowed: then the ledger keeps what is missing, and many that are gone
    /// are missing too.
    fn accept(&mut self, action: &Action, result: Result<Ingested>) -> Result<Option<Ingested>> {
        let error = match result {
            Ok(page) => return Ok(Some(page)),
            Err(error) => error,
        };
        if may_be_gone(action, &error) {
            let (gone, asked) = (self.checkpoint.gone + 1, self.checkpoint.actions + 1);
            if gone <= GONE_ALWAYS_ALLOWED || gone * 10 <= self.checkpoint.actions {
                self.checkpoint.gone = gone;
                self.warn(match error.kind() {
                    ErrorKind::Unimplemented => format!("{}: {}", action.describe(), error.message()),
                    _ => format!("{}: it was gone when it was asked for", action.describe()),
                });
                return Ok(Some(Ingested::default()));
            }
            if !self.options.allow_incomplete {
                return Err(too_many_gone(gone, asked).caused_by(error));
            }
            self.checkpoint.gone = gone;
        }
        if !self.options.allow_incomplete {
            return Err(error);
        }
        self.ledger.incomplete(action, &error);
        self.schedule.page_lost(&mut self.ledger, action);
        self.checkpoint.actions += 1;
        self.lost(error);
        Ok(None)
    }

    /// Notes a read that failed, in a sync that may be incomplete.
    fn lost(&mut self, error: Error) {
        self.checkpoint.lost += 1;
        self.warn(not_read(&error));
        self.first_lost.get_or_insert(error);
    }

    fn warn(&mut self, message: String) {
        let message = self.shared.registry.connector().redact(&message).into_owned();
        if self.checkpoint.warnings.add(&message) {
            self.observer.event(&Event::Warning { message });
        }
    }

    /// Takes in what a page means for later calls: what is asked next, what is
    /// known, what is remembered.
    async fn take_in(&mut self, batch: &mut Batch<'_>, action: &Action, page: &mut Ingested) -> Result<()> {
        self.shared.references.page_read(page);
        page.related.retain(|id| !self.shared.references.has_resource(IdHash::resource(id)));
        for (key, value) in std::mem::take(&mut page.remember) {
            batch.put_session_value(&key, &value).await?;
            self.shared.remember(key, value)?;
        }
        self.checkpoint.exclusion_groups |= page.has_exclusion_groups;
        self.ledger.page(action, page);
        for why in &page.dropped.why {
            self.warn(format!("left out: {why}"));
        }
        let before = self.schedule.done;
        let read = self.schedule.page_read(batch, &mut self.ledger, action, page).await;
        self.spoiled |=
            read.as_ref().is_err_and(|e| matches!(e.kind(), ErrorKind::DataLoss | ErrorKind::Internal));
        for message in read? {
            self.warn(message);
        }
        self.checkpoint.actions += self.schedule.done - before;
        for message in std::mem::take(&mut page.warnings) {
            self.warn(message);
        }
        Ok(())
    }

    /// Stores the rows of pages and tells of it; gives how many they are.
    async fn store(
        &mut self,
        batch: &mut Batch<'_>,
        phase: Phase,
        pages: Vec<(Action, Ingested)>,
    ) -> Result<u64> {
        let pages_read = pages.len() as u64;
        let mut at = self.checkpoint.intake.totals;
        let mut of_types: BTreeMap<ResourceTypeId, (Totals, Option<u64>)> = BTreeMap::new();
        for (action, page) in &pages {
            at.pages += 1;
            at.resources += page.resources.len() as u64;
            at.entitlements += page.entitlements.len() as u64;
            at.grants += page.grants.len() as u64;
            of_types.insert(action.resource_type.clone(), (at, page.total));
        }
        let rows = self.checkpoint.intake.store(batch, pages).await?;
        let (done, known) = (self.schedule.done, self.schedule.known());
        let mut told: Vec<_> = of_types.into_iter().collect();
        told.sort_by_key(|(_, (totals, _))| totals.pages);
        for (resource_type, (totals, expected)) in told {
            let resource_type = resource_type.to_string();
            self.observer.event(&Event::Page { phase, resource_type, totals, done, known, expected });
        }
        // A page without rows counts too: it moved the queue on.
        Ok(rows.max(pages_read))
    }

    /// Entitlements that a type declares once, made for each of its resources:
    /// a transaction a type, so that none is asked twice.
    async fn static_entitlements(&mut self, db: &mut WorkDb) -> Result<()> {
        let types = self.shared.registry.resource_types().filter(|t| self.options.wants_type(&t.id));
        let types: Vec<_> = types.map(|t| t.id.clone()).collect();
        for id in types.iter().skip(self.checkpoint.static_types) {
            let syncer = self.shared.registry.syncer(id)?.clone();
            let declared = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(cancelled()),
                () = expired(self.deadline) => return Err(out_of_time(self.options.time_limit)),
                declared = guarded_within(self.options.call_limit, syncer.static_entitlements()) => declared,
            }
            .map_err(|e| e.during(format!("list static entitlements of type {id}")));
            let declared = match declared {
                Err(e) if self.options.allow_incomplete => {
                    self.ledger.incomplete_static(id, &e);
                    self.lost(e);
                    Vec::new()
                }
                declared => declared?,
            };
            let mut batch = db.begin().await?;
            let (mut after, mut rows) = (0, 0);
            while !declared.is_empty() {
                let stored = batch.page_resources(Some(id.as_str()), after, 1000).await?;
                let Some(last) = stored.last() else { break };
                after = last.id;
                let mut made = Vec::with_capacity(stored.len() * declared.len());
                for row in &stored {
                    let resource = queue::decode_resource(&row.data)?;
                    made.extend(declared.iter().map(|d| d.on(&resource)));
                }
                rows += made.len() as u64;
                let page = ingest_static(made)?;
                self.checkpoint.exclusion_groups |= page.has_exclusion_groups;
                self.shared.references.store_entitlements(page.entitlement_ids.iter().copied());
                self.checkpoint.intake.store_static(&mut batch, id, after, page).await?;
            }
            if !declared.is_empty() {
                self.ledger.static_entitlements(id, rows);
            }
            self.checkpoint.static_types += 1;
            self.commit(batch).await?;
            if self.cancel.is_cancelled() {
                return Err(cancelled());
            }
        }
        Ok(())
    }
}

/// Whether the error of a page means that a resource is not there any more. A
/// single resource that the connector has no way to ask for is left out in the
/// same way.
fn may_be_gone(action: &Action, error: &Error) -> bool {
    action.is_first_page_of_a_resource()
        && match error.kind() {
            ErrorKind::NotFound => true,
            ErrorKind::Unimplemented => action.operation == crate::fetch::action::Operation::Get,
            _ => false,
        }
}

fn too_many_gone(gone: u64, asked: u64) -> Error {
    Error::new(
        ErrorKind::Aborted,
        format!(
            "{gone} resources were not found when they were asked for, of {asked} that were asked: it is not they \
             that are missing"
        ),
    )
}

/// The error of a sync that may be incomplete and has nothing.
fn nothing_read(first: Option<Error>) -> Error {
    let text = "nothing at all could be read, so there is nothing to write; the old file is untouched";
    match first {
        Some(first) => Error::new(first.kind(), text).caused_by(first),
        None => Error::new(ErrorKind::Unavailable, text),
    }
}

/// Ends when the run must stop.
async fn expired(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn out_of_time(limit: Option<Duration>) -> Error {
    let limit = limit.unwrap_or_default().as_secs_f64();
    Error::new(
        ErrorKind::Aborted,
        format!("the sync is not complete: it may run for {limit} s; the old file is untouched"),
    )
}
