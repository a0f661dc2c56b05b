//! The collection: every phase up to the seal.
//!
//! One task owns the working database and takes pages in; calls of the
//! connector run in tasks of their own, as many as there are workers. What a
//! page means for what is asked next is settled before its rows are stored, so
//! the connector is kept busy while the database works; only a few pages wait
//! in memory.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use connector_model::{Error, ErrorKind, Registry, Result};
use connector_store::{Batch, ResourceTypeRow, WorkDb};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    Event, Observer, Phase, SyncOptions, Totals,
    action::Action,
    call::{Shared, call, guarded},
    counts::Counts,
    duplicates,
    ingest::{Ingested, ingest_static},
    intake::Intake,
    queue,
    schedule::Schedule,
    session,
    warnings::Warnings,
};

/// Rows in one transaction, at least: large enough that commits don't count,
/// small enough that a killed run loses little.
const ROWS_A_COMMIT: u64 = 20_000;

/// A transaction is not kept open longer than this, so that little is lost.
const COMMIT_AFTER: Duration = Duration::from_millis(500);

/// Pages are stored together until they have this many rows.
const ROWS_TOGETHER: usize = 2_000;

/// Rows that may wait to be stored before new calls wait for them.
const WAITING_ROWS: usize = 4_000;

/// The same for pages: many may have no row at all.
const WAITING_PAGES: usize = 64;

/// Resources that may be gone before it is asked whether that can be.
const GONE_ALWAYS_ALLOWED: u64 = 10;

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
    schedule: Schedule,
    intake: Intake,
    warnings: Warnings,
    finished_actions: u64,
    /// Resources that were gone when they were asked for.
    gone: u64,
}

type Calls = JoinSet<(Action, Result<Ingested>)>;

impl Collector {
    pub(crate) fn new(
        registry: Registry,
        workers: usize,
        options: &SyncOptions,
        observer: Arc<dyn Observer>,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            schedule: Schedule::new(registry.clone()),
            shared: Arc::new(Shared::new(registry, !options.wants_entitlements())),
            observer,
            cancel,
            workers,
            resources_only: !options.wants_entitlements(),
            intake: Intake::default(),
            warnings: Warnings::default(),
            finished_actions: 0,
            gone: 0,
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
        if self.intake.differing > 0 {
            self.warnings.add_many(CAME_TWICE, self.intake.differing);
        }
        for dangling in self.shared.references.dangling() {
            let such_as = if dangling.examples.is_empty() { "" } else { ", such as " };
            let examples = dangling.examples.join(", ");
            self.warn(format!(
                "{} of grants that are not among what was read: {}{such_as}{examples}",
                dangling.what, dangling.count
            ));
        }
        Ok(Collected {
            totals: self.intake.totals,
            counts: self.intake.counts,
            resource_types: types.len(),
            actions: self.finished_actions,
            warnings: self.warnings,
            phases: durations,
        })
    }

    /// One phase of pages: begins with what there is to ask, and ends when no
    /// page is left.
    async fn follow_pages(&mut self, db: &mut WorkDb, phase: Phase) -> Result<()> {
        let mut batch = db.begin().await?;
        self.schedule.begin(&mut batch, phase).await?;
        let mut calls = Calls::new();
        let (mut rows, mut opened) = (0, Instant::now());
        loop {
            while self.may_call(&calls)
                && let Some(action) = self.schedule.next(&mut batch).await?
            {
                calls.spawn(call(self.shared.clone(), action));
            }
            let Some(pages) = self.read_pages(&mut calls).await? else { break };
            let mut taken = Vec::with_capacity(pages.len());
            for (action, mut page) in pages {
                self.take_in(&mut batch, &action, &mut page).await?;
                taken.push((action, page));
            }
            while self.may_call(&calls)
                && let Some(action) = self.schedule.next_ready()
            {
                calls.spawn(call(self.shared.clone(), action));
            }
            rows += self.store(&mut batch, phase, taken).await?;
            if rows >= ROWS_A_COMMIT || opened.elapsed() >= COMMIT_AFTER {
                self.schedule.settle_finished(&mut batch).await?;
                batch.commit().await?;
                (rows, opened) = (0, Instant::now());
                batch = db.begin().await?;
            }
        }
        self.schedule.settle_finished(&mut batch).await?;
        batch.commit().await
    }

    /// Whether one more call may begin: there is a worker, and the pages that
    /// wait to be stored are few. More of them would take memory and not make
    /// the database faster.
    fn may_call(&self, calls: &Calls) -> bool {
        let (pages, rows) = self.shared.waiting();
        calls.len() - pages.min(calls.len()) < self.workers
            && (rows < WAITING_ROWS && pages < WAITING_PAGES || calls.is_empty())
    }

    /// Waits for a page, and takes others that are there with it while they are
    /// small; none where no call is under way.
    async fn read_pages(&mut self, calls: &mut Calls) -> Result<Option<Vec<(Action, Ingested)>>> {
        let mut done = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(cancelled()),
            done = calls.join_next() => done,
        };
        if done.is_none() {
            return Ok(None);
        }
        let (mut pages, mut rows) = (Vec::new(), 0);
        while let Some(finished) = done {
            let (action, page) =
                finished.map_err(|e| Error::internal("a worker ended early").caused_by(e))?;
            let page = self.warn_if_gone(&action, page)?;
            rows += page.rows();
            pages.push((action, page));
            done = if rows < ROWS_TOGETHER { calls.try_join_next() } else { None };
        }
        Ok(Some(pages))
    }

    /// A resource that is gone by the time its entitlements or grants are
    /// asked for is no failure: it is gone, and a person is told. One that was
    /// half read is one, and so are many: then it is not the resources that
    /// are missing. The limits are those of the Go SDK: more than ten, and
    /// more than a tenth of what was asked.
    fn warn_if_gone(&mut self, action: &Action, page: Result<Ingested>) -> Result<Ingested> {
        self.shared.page_taken(page.as_ref().map_or(0, Ingested::rows));
        match page {
            Err(e) if e.kind() == ErrorKind::NotFound && action.is_first_page_of_a_resource() => {
                self.gone += 1;
                if self.gone > GONE_ALWAYS_ALLOWED && self.gone * 10 > self.finished_actions {
                    return Err(Error::new(
                        ErrorKind::FailedPrecondition,
                        format!(
                            "{} resources were not found when they were asked for, of {} that were asked: it is \
                             not they that are missing",
                            self.gone,
                            self.finished_actions + 1
                        ),
                    )
                    .caused_by(e));
                }
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

    /// Takes in what a page means for later calls: what is asked next, what is
    /// known, what is remembered.
    async fn take_in(&mut self, batch: &mut Batch<'_>, action: &Action, page: &mut Ingested) -> Result<()> {
        self.shared.references.page_read(page);
        for (key, value) in std::mem::take(&mut page.remember) {
            session::put(batch, &key, &value).await?;
            self.shared.remember(key, value);
        }
        let before = self.schedule.done;
        for message in self.schedule.page_read(batch, action, page).await? {
            self.warn(message);
        }
        self.finished_actions += self.schedule.done - before;
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
        let last = pages.last().map(|(action, _)| action.resource_type.to_string());
        let rows = self.intake.store(batch, pages).await?;
        self.observer.event(&Event::Page {
            phase,
            resource_type: last.unwrap_or_default(),
            totals: self.intake.totals,
            done: self.schedule.done,
            known: self.schedule.known,
            expected: None,
        });
        Ok(rows)
    }

    /// Entitlements that a type declares once, made for each of its resources.
    async fn static_entitlements(&mut self, db: &mut WorkDb) -> Result<()> {
        let types: Vec<_> = self.shared.registry.resource_types().map(|t| t.id.clone()).collect();
        for id in &types {
            let syncer = self.shared.registry.syncer(id)?.clone();
            let declared = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(cancelled()),
                declared = guarded(syncer.static_entitlements()) => declared,
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
                let mut rows = Vec::with_capacity(stored.len() * declared.len());
                for row in &stored {
                    let resource = queue::decode_resource(&row.data)?;
                    rows.extend(declared.iter().map(|d| d.on(&resource)));
                }
                let page = ingest_static(rows)?;
                self.shared.references.store_entitlements(page.entitlement_ids.iter().copied());
                self.intake.store_static(&mut batch, id, after, page).await?;
                batch.commit().await?;
            }
        }
        Ok(())
    }
}

/// The error of a run that was told to stop.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the sync was cancelled; the old file is untouched")
}
