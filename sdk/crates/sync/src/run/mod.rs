//! A sync from beginning to end.

pub(crate) mod clock;
pub(crate) mod earlier;
pub(crate) mod error;
pub(crate) mod fingerprint;
pub(crate) mod options;
pub(crate) mod progress;
pub(crate) mod summary;
pub(crate) mod warnings;
pub(crate) mod work_folder;

use std::{path::Path, sync::Arc};

use connector_model::{Error, ErrorKind, Registry, ResourceTypeId, Result};
use connector_store::{
    C1z, Ledger, NewSync, OpenOptions, Retention, SyncId, WorkDb,
    envelope::{FileKind, check_target, pack, remove_leftover},
    free_space,
    fs::{OutputLock, resolve_output},
    time,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Event, Observer, Phase, Scope, Summary, SyncOptions,
    checkpoint::{
        Checkpoint,
        meta::{self, State},
    },
    collect::Collector,
    fetch::{
        call::{Shared, guarded_within},
        calls::Calls,
    },
    finalize::{Seal, external::External, invariants::check_exclusion_groups},
    ingest::{Types, references::References},
    run::{
        earlier::{Earlier, Found, find},
        error::{cancelled, unreadable},
        fingerprint::Fingerprint,
        work_folder::{LEAST_FREE, WorkFolder},
    },
};

/// Reads everything that a connector has and writes it into
/// [`SyncOptions::output`].
///
/// The output is looked at, locked and given room **before** the connector is
/// asked for anything: what can't be written is said before the work, not
/// after. The old file stays as it is until the new one takes its place by a
/// rename.
///
/// A run that is killed, cancelled or fails half way leaves its working files,
/// and the next one with the same [fingerprint](SyncOptions::program) goes on
/// from its last checkpoint: no page that was made safe is asked for again.
/// They are left behind where they are older than seven days or damaged; and a
/// run whose listing came to nothing sound (a source that is missing much
/// twice, pages that lead back into themselves) leaves none.
///
/// Errors that a caller may want to branch on: failed precondition (another
/// run holds the output, or it is no file of ours), cancelled, aborted (not
/// complete: out of time, or too much was gone), resource exhausted (no room),
/// internal (the connector broke a rule); every other kind comes from the
/// connector as it was.
pub async fn sync(
    registry: &Registry,
    options: &SyncOptions,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
) -> Result<Summary> {
    let start = Instant::now();
    check_types(registry, options)?;
    check_targets(registry, options)?;
    time::now()?;
    let given = &*options.output;
    // A link stays, and what it leads to is replaced.
    let options = &SyncOptions { output: resolve_output(given)?, ..options.clone() };
    let _lock = OutputLock::take(&options.output)?;
    let target = check_target(&options.output, options.overwrite)?;
    remove_leftover(&options.output)?;
    let folder = WorkFolder::of(options)?;
    let run = Run { registry, given, options, observer, cancel, start, target, folder, resumed: false };
    let result = Box::pin(run.run()).await;
    result.map_err(|error| error.map_texts(|text| registry.connector().redact(text)))
}

struct Run<'a> {
    registry: &'a Registry,
    /// The output under the name that the user gave.
    given: &'a Path,
    /// With the output where it really lies.
    options: &'a SyncOptions,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
    start: Instant,
    target: FileKind,
    folder: WorkFolder,
    /// Whether an earlier run is gone on with.
    resumed: bool,
}

/// What is read besides the connector.
struct Files {
    /// The file that the new one takes the place of.
    old: Option<C1z>,
    external: Option<External>,
    /// That readers will take an old sync for the newest one.
    warning: Option<String>,
}

impl Files {
    /// Notes the warning for the summary.
    fn warn(&self, checkpoint: &mut Checkpoint, observer: &Arc<dyn Observer>) {
        if let Some(message) = &self.warning
            && checkpoint.warnings.add(message)
        {
            observer.event(&Event::Warning { message: message.clone() });
        }
    }
}

impl Run<'_> {
    async fn run(mut self) -> Result<Summary> {
        let fingerprint = Fingerprint::of(self.registry, self.options);
        let result = match find(&self.folder, &fingerprint, &self.observer).await? {
            Some(earlier) => {
                self.folder.go_on(&earlier.record)?;
                Box::pin(self.go_on(earlier, fingerprint)).await
            }
            None => self.begin(fingerprint).await,
        };
        let result = result.map_err(|e| self.folder.blame(self.said_of_the_limit(e)));
        match &result {
            Ok(_) => self.folder.keep(false),
            Err(_) if self.folder.is_kept() => {
                self.observer.event(&Event::Kept { folder: self.folder.path().to_owned() });
            }
            Err(_) => {}
        }
        result
    }

    /// Holds the database to the size that it may have.
    async fn limit(&self, db: &mut WorkDb) -> Result<()> {
        match self.options.max_database_bytes {
            Some(bytes) => db.limit_size(bytes).await,
            None => Ok(()),
        }
    }

    /// SQLite says the same of a full disk and of its limit.
    fn said_of_the_limit(&self, error: Error) -> Error {
        let Some(bytes) = self.options.max_database_bytes else { return error };
        let is_full = error.kind() == ErrorKind::ResourceExhausted
            && free_space(self.folder.path()).is_ok_and(|free| free < LEAST_FREE);
        if error.kind() != ErrorKind::ResourceExhausted || is_full {
            return error;
        }
        Error::new(
            ErrorKind::ResourceExhausted,
            format!("the working database needs more than the {bytes} bytes that it may have; allow more and run it again"),
        )
        .with("file", self.folder.database().display())
        .caused_by(error)
    }

    /// A new sync.
    async fn begin(&mut self, fingerprint: Fingerprint) -> Result<Summary> {
        self.folder.begin()?;
        let files = self.open_files(State::Collecting).await?;
        let identity = self.validate().await?;
        self.begin_with(fingerprint.signed_in_as(identity), files).await
    }

    async fn begin_with(&mut self, fingerprint: Fingerprint, files: Files) -> Result<Summary> {
        tracing::debug!(fingerprint = fingerprint.digest(), "a new sync");
        let parent = match (&self.options.scope, &files.old) {
            (Scope::Resources(_), Some(old)) => newest_full(old).await?,
            _ => None,
        };
        let new = NewSync { sync_type: self.options.sync_type(), parent, ..NewSync::full() };
        let mut db = WorkDb::create(&self.folder.database(), &new).await?;
        self.folder.check_in_place()?;
        self.limit(&mut db).await?;
        // Behind the database: one that is half made is nobody's.
        self.folder.write_record(&self.folder.new_record(fingerprint)?)?;
        let result = self.collect(&mut db, None, &files).await;
        self.close(db, result).await
    }

    /// A sync that an earlier run left.
    async fn go_on(&mut self, earlier: Earlier, fingerprint: Fingerprint) -> Result<Summary> {
        let Earlier { record, mut db, found } = earlier;
        self.resumed = true;
        self.limit(&mut db).await?;
        self.observer.event(&Event::Resumed {
            phase: found.phase(),
            totals: found.totals(),
            age: record.age(),
        });
        match found {
            // Nothing is left to be asked: not even who is signed in.
            Found::Sealed(checkpoint) => self.close(db, Ok((checkpoint, Calls::default()))).await,
            Found::At(State::Collecting, checkpoint) => {
                let files = self.open_files(State::Collecting).await?;
                let identity = self.validate().await?;
                if record.fingerprint.identity == identity {
                    let result = self.collect(&mut db, Some(checkpoint), &files).await;
                    return self.close(db, result).await;
                }
                db.close().await?;
                let reason = "another account is signed in now".to_owned();
                self.observer.event(&Event::StartedAgain { reason });
                self.resumed = false;
                drop(files);
                self.folder.begin()?;
                let files = self.open_files(State::Collecting).await?;
                self.begin_with(fingerprint.signed_in_as(identity), files).await
            }
            Found::At(state, mut checkpoint) => {
                let files = self.open_files(state).await?;
                files.warn(&mut checkpoint, &self.observer);
                let result = self.seal(&mut db, state, checkpoint, &files).await;
                self.close(db, result.map(|c| (c, Calls::default()))).await
            }
        }
    }

    /// Packs the sealed database, or closes one that is to be gone on with.
    async fn close(&mut self, mut db: WorkDb, sealed: Result<(Checkpoint, Calls)>) -> Result<Summary> {
        let (mut checkpoint, calls) = match sealed {
            Ok(sealed) => sealed,
            Err(e) => {
                if let Err(error) = db.close().await {
                    tracing::debug!(error = %error.report(), "the working database was not closed well");
                }
                return Err(e);
            }
        };
        let sync_id = db.sync_id().to_string();
        let ledger =
            db.ledger().await?.ok_or_else(|| Error::internal("the ledger of the sync does not read"))?;
        let database = db.close_for_packing().await?;
        self.observer.event(&Event::SealStep { step: "pack" });
        if self.cancel.is_cancelled() {
            return Err(cancelled());
        }
        self.folder.check_in_place()?;
        let packing = Instant::now();
        let bytes = pack(&database, &self.options.output).await?;
        checkpoint.spent(Phase::Seal, packing.elapsed());
        Ok(self.summary(sync_id, bytes, checkpoint, calls, ledger))
    }

    fn summary(
        &self,
        sync_id: String,
        bytes: u64,
        checkpoint: Checkpoint,
        calls: Calls,
        ledger: Ledger,
    ) -> Summary {
        let counts = checkpoint.intake.counts;
        Summary {
            sync_id,
            output: self.given.to_owned(),
            bytes,
            resources: counts.resources,
            entitlements: counts.entitlements,
            grants: counts.grants,
            pages: checkpoint.intake.totals.pages,
            phases: checkpoint.phases,
            elapsed: self.start.elapsed(),
            warnings: checkpoint.warnings.into_list(),
            kept_syncs: checkpoint.kept_syncs,
            calls: calls.into_map(),
            waited: self.registry.connector().waits().total,
            resumed: self.resumed,
            completeness: ledger.summary.state,
            ledger: ledger.totals.into_iter().map(Into::into).collect(),
            expansion: checkpoint.expansion,
            external: checkpoint.external,
        }
    }

    /// Reads what is left to be read, and seals.
    async fn collect(
        &mut self,
        db: &mut WorkDb,
        earlier: Option<Checkpoint>,
        files: &Files,
    ) -> Result<(Checkpoint, Calls)> {
        let going_on = earlier.is_some();
        let supplied =
            files.external.iter().flat_map(External::supplied_types).map(ToString::to_string).collect();
        let types = Types::new(self.registry, self.options, supplied);
        let references = match going_on {
            true => References::load(db).await?,
            false => References::default(),
        };
        let shared = Shared::new(self.registry.clone(), types, references, self.options.call_limit);
        if going_on {
            for (key, value) in db.session_values().await? {
                shared.remember(key, value)?;
            }
        }
        let workers = self.options.workers.resolve(self.registry.connector().max_parallel_calls());
        let mut checkpoint = earlier.unwrap_or_else(Checkpoint::begin);
        files.warn(&mut checkpoint, &self.observer);
        let mut collector = Collector::new(
            shared,
            workers,
            Arc::new(self.options.clone()),
            self.observer.clone(),
            self.cancel.clone(),
            checkpoint,
            // One that is beyond all clocks is none.
            self.options.time_limit.and_then(|limit| self.start.checked_add(limit)),
        );
        // A run that is killed leaves its files anyway; so does one that fails.
        self.folder.keep(true);
        if let Err(e) = collector.run(db, going_on).await {
            // Nothing to go on with, or it would come to the same end.
            self.folder.keep(!collector.is_spoiled() && has_pages(db).await);
            return Err(e);
        }
        let (checkpoint, calls) = collector.into_parts();
        if checkpoint.exclusion_groups
            && let Err(e) = check_exclusion_groups(db).await
        {
            // What was read breaks a rule, and would break it again.
            self.folder.keep(false);
            return Err(e);
        }
        let checkpoint = self.seal(db, State::Collecting, checkpoint, files).await?;
        Ok((checkpoint, calls))
    }

    async fn seal(
        &mut self,
        db: &mut WorkDb,
        state: State,
        checkpoint: Checkpoint,
        files: &Files,
    ) -> Result<Checkpoint> {
        let cancel = self.cancel.clone();
        db.stop_when(move || cancel.is_cancelled()).await?;
        let seal = Seal {
            connector: self.registry.connector(),
            folder: &self.folder,
            options: self.options,
            old: files.old.as_ref(),
            external: files.external.as_ref(),
            observer: &self.observer,
            cancel: &self.cancel,
        };
        let sealed = seal.run(db, state, checkpoint).await;
        match sealed {
            Err(e) if e.kind() == ErrorKind::Cancelled => Err(cancelled()),
            Err(e) if e.kind() == ErrorKind::DataLoss => {
                // Perhaps the database itself: the next run looks first.
                self.folder.distrust();
                Err(e)
            }
            sealed => sealed,
        }
    }

    /// The files that are still needed from a state on. One that can't be read
    /// is said before the work.
    async fn open_files(&self, state: State) -> Result<Files> {
        let old = if state < State::Kept { self.decode_old().await? } else { None };
        let warning = match &old {
            Some(old) => clock::behind(old, time::clock()?).await?,
            None => None,
        };
        Ok(Files {
            old,
            warning,
            external: if state < State::Matched { self.open_external().await? } else { None },
        })
    }

    /// The file of external principals, decoded and checked.
    async fn open_external(&self) -> Result<Option<External>> {
        match &self.options.external {
            Some(external) if self.options.scope == Scope::Full => {
                let opened = External::open(external, &self.reading()).await;
                opened.map(Some).map_err(|e| if e.kind() == ErrorKind::Cancelled { cancelled() } else { e })
            }
            _ => Ok(None),
        }
    }

    /// How other files are opened: in the working folder, until the run is cancelled.
    fn reading(&self) -> OpenOptions {
        OpenOptions {
            temp_dir: Some(self.folder.path().to_owned()),
            limits: self.options.limits,
            cancel: self.cancel.clone(),
        }
    }

    async fn validate(&self) -> Result<Option<String>> {
        let connector = self.registry.connector();
        let validation = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(cancelled()),
            validation = guarded_within(self.options.call_limit, connector.validate()) => validation,
        };
        let validation = validation.map_err(|e| match e.kind() {
            ErrorKind::DeadlineExceeded => e.during("validate the connector"),
            _ => e,
        })?;
        Ok(validation.identity)
    }

    /// The old file, decoded and checked where syncs of it are kept.
    async fn decode_old(&self) -> Result<Option<C1z>> {
        if !matches!(self.target, FileKind::V1) || self.options.retention() == Retention::Newest(1) {
            return Ok(None);
        }
        let open = async {
            let old = C1z::open(&self.options.output, &self.reading()).await?;
            old.check().await?;
            old.check_kept_syncs(self.options.retention()).await?;
            Ok::<_, Error>(old)
        };
        match open.await {
            Ok(old) => Ok(Some(old)),
            Err(e) if e.kind() == ErrorKind::Cancelled => Err(cancelled()),
            Err(e) if self.options.overwrite => {
                tracing::warn!(error = %e.report(), "the old file can't be read and is replaced, as --overwrite says");
                Ok(None)
            }
            Err(e) => Err(unreadable(self.options, e)),
        }
    }
}

/// Whether pages were made safe.
async fn has_pages(db: &mut WorkDb) -> bool {
    let safe = meta::load(&mut db.connection()).await;
    safe.is_ok_and(|safe| safe.is_some_and(|(_, checkpoint)| checkpoint.intake.totals.pages > 0))
}

/// The sync that a partial one builds on.
async fn newest_full(old: &C1z) -> Result<Option<SyncId>> {
    let syncs = old.syncs().await?;
    let newest = syncs.into_iter().find(|run| run.is_finished() && run.sync_type.is_full());
    newest.map(|run| SyncId::new(run.id)).transpose()
}

/// A filter that names a type which nobody registered is a mistake: it would
/// give an empty file.
fn check_types(registry: &Registry, options: &SyncOptions) -> Result<()> {
    let unknown = options.resource_types.iter().find(|t| registry.resource_type(t).is_none());
    let Some(unknown) = unknown else { return Ok(()) };
    let known: Vec<_> = registry.resource_types().map(|t| t.id.as_str()).collect();
    Err(Error::invalid(format!(
        "the connector has no resource type {unknown:?}; it has {}",
        known.join(", ")
    ))
    .during("choose resource types"))
}

/// Single resources that the connector has no way to ask for are refused: the
/// sync would come to nothing.
fn check_targets(registry: &Registry, options: &SyncOptions) -> Result<()> {
    let Scope::Resources(targets) = &options.scope else { return Ok(()) };
    let targeted = |id: &ResourceTypeId| registry.syncer(id).is_ok_and(|s| s.targeted().is_some());
    let types = || targets.resources.iter().map(|target| target.id.resource_type());
    let unable = types().find(|id| registry.resource_type(id).is_some() && !targeted(id));
    let what = match unable {
        Some(id) => format!("the type {id}"),
        None if types().next().is_some() && !registry.resource_types().any(|t| targeted(&t.id)) => {
            "any type".to_owned()
        }
        None => return Ok(()),
    };
    Err(Error::unimplemented(format!(
        "the connector can't read single resources of {what}; read everything, or whole types \
         (--sync-resource-types)"
    ))
    .during("choose resources"))
}
