//! What is still to be asked in a phase, and in which order.
//!
//! Every action is a row of the queue; a window of them is in memory, and the
//! rest is read back when the window is empty.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use connector_model::{
    BidResource, Error, ErrorKind, PageToken, Registry, ResourceId, ResourceTypeId, Result,
};
use connector_store::{Batch, IdHash, IdSet, Kind};

use crate::{
    Phase, Scope, SyncOptions,
    checkpoint::{Checkpoint, listings::Listings, queue},
    collect::ledger::{Ledger, not_read},
    fetch::{
        action::{Action, Operation, Subject},
        cycle::Cycle,
        listing::{PageFacts, Verdict},
        plan::{Planner, whole_types},
    },
    ingest::Ingested,
};

/// Actions kept in memory; the rest waits in the queue.
const READY: usize = 4096;

/// Actions read back from the queue at once.
const RELOAD: i64 = 1024;

/// Where something new begins: what is asked, of whose syncer, about what.
type Root = (Operation, ResourceTypeId, Subject);

/// The actions of a phase.
#[derive(Debug)]
pub(crate) struct Schedule {
    registry: Registry,
    options: Arc<SyncOptions>,
    next_id: i64,
    ready: VecDeque<Action>,
    /// Where in the queue the actions begin that are not in memory.
    spilled_from: Option<i64>,
    /// Those of them that were taken into memory before their turn.
    ahead: HashSet<i64>,
    listings: Listings,
    /// Child listings and single resources that were begun.
    begun: IdSet,
    planner: Planner,
    end_of_lists: Option<i64>,
    /// Chains that were followed to their end.
    finished: Vec<i64>,
    pub(crate) done: u64,
    known: u64,
}

impl Schedule {
    pub(crate) fn new(registry: Registry, options: Arc<SyncOptions>) -> Self {
        Self {
            registry,
            options,
            next_id: 1,
            ready: VecDeque::new(),
            spilled_from: None,
            ahead: HashSet::new(),
            listings: Listings::default(),
            begun: IdSet::default(),
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
        self.plan(batch, phase).await?;
        let roots = match (phase, operation_of(phase)) {
            (_, Some(operation)) => whole_types(operation, &self.registry, &self.options),
            (Phase::Resources, None) => self.first_lists(),
            (_, None) => Vec::new(),
        };
        self.begin_listings(batch, roots).await
    }

    /// Goes on with the phase that an earlier run was in.
    pub(crate) async fn go_on(&mut self, batch: &mut Batch<'_>, checkpoint: &Checkpoint) -> Result<()> {
        (self.done, self.known) = (checkpoint.done, checkpoint.known);
        self.end_of_lists = checkpoint.end_of_lists;
        self.next_id = queue::next_id(&mut batch.connection()).await?;
        self.listings = Listings::load(&mut batch.connection()).await?;
        for operation in [Operation::List, Operation::Get] {
            let begun = queue::begun(&mut batch.connection(), operation).await?;
            self.begun.extend(begun.iter().map(|(of_type, id)| begun_key(operation, of_type, id)));
        }
        self.plan(batch, checkpoint.phase).await?;
        if let Some(place) = &checkpoint.plan {
            self.planner.go_on(place);
            self.planner.count(batch).await?;
        }
        self.spilled_from = Some(0);
        Ok(())
    }

    async fn plan(&mut self, batch: &mut Batch<'_>, phase: Phase) -> Result<()> {
        self.planner = match operation_of(phase) {
            Some(operation) => {
                let until = self.end_of_lists(batch).await?;
                let mut planner = Planner::begin(operation, &self.registry, &self.options, until);
                planner.count(batch).await?;
                planner
            }
            None => Planner::default(),
        };
        Ok(())
    }

    /// What the first phase begins with: every type's resources that have no
    /// parent, or the resources that were named.
    fn first_lists(&mut self) -> Vec<Root> {
        let options = self.options.clone();
        match &options.scope {
            Scope::Resources(targets) => {
                targets.resources.iter().filter_map(|named| self.get(named.clone())).collect()
            }
            _ => {
                let types = self.registry.resource_types().filter(|t| options.wants_type(&t.id));
                types.map(|t| (Operation::List, t.id.clone(), Subject::Inside(None))).collect()
            }
        }
    }

    /// The question for a single resource; none where it was asked already.
    fn get(&mut self, named: BidResource) -> Option<Root> {
        let resource_type = named.id.resource_type().clone();
        let key = begun_key(Operation::Get, resource_type.as_str(), &named.id.to_string());
        self.begun.insert(key).then(|| (Operation::Get, resource_type, Subject::Named(Arc::new(named))))
    }

    /// Asks for resources that are referred to and not known, once each; those
    /// of types whose single resources nobody can ask for are left alone.
    async fn get_related(&mut self, batch: &mut Batch<'_>, ids: Vec<ResourceId>) -> Result<()> {
        let mut roots = Vec::new();
        for id in ids {
            let can_ask = self.registry.syncer(id.resource_type()).is_ok_and(|s| s.targeted().is_some());
            if can_ask && self.options.wants_type(id.resource_type()) {
                roots.extend(self.get(BidResource { id, parent: None }));
            }
        }
        self.begin_listings(batch, roots).await
    }

    /// The last row of the lists. What comes in a later phase is not asked
    /// about: whether it would be seen depended on when it came.
    async fn end_of_lists(&mut self, batch: &mut Batch<'_>) -> Result<i64> {
        match self.end_of_lists {
            Some(row) => Ok(row),
            None => Ok(*self.end_of_lists.insert(batch.last_row(Kind::Resource).await?)),
        }
    }

    /// Actions of the phase that are known, those that are still to be planned
    /// included.
    pub(crate) fn known(&self) -> u64 {
        self.known + self.planner.left()
    }

    /// Writes down what changed, for the transaction that holds the rows.
    pub(crate) async fn save(&mut self, batch: &mut Batch<'_>, checkpoint: &mut Checkpoint) -> Result<()> {
        queue::finish(&mut batch.connection(), &self.finished).await?;
        self.finished.clear();
        self.listings.save(&mut batch.connection()).await?;
        checkpoint.plan = self.planner.place();
        checkpoint.end_of_lists = self.end_of_lists;
        (checkpoint.done, checkpoint.known) = (self.done, self.known);
        Ok(())
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
                match actions.last().filter(|_| actions.len() as i64 == RELOAD) {
                    Some(last) => self.spilled_from = Some(last.id + 1),
                    None => self.spilled_from = None,
                }
                self.ready.extend(actions.into_iter().filter(|action| !self.ahead.contains(&action.id)));
                match self.spilled_from {
                    Some(from) => self.ahead.retain(|id| *id >= from),
                    None => self.ahead.clear(),
                }
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
        ledger: &mut Ledger,
        action: &Action,
        page: &mut Ingested,
    ) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        let facts = PageFacts {
            rows: &page.asked,
            left_out: page.left_out,
            total: page.total,
            has_next: page.next.is_some(),
            is_last: page.next.is_none() && page.also.is_empty(),
        };
        let sound = self.listings.of(action.listing).page(facts).map_err(|e| e.during(action.describe()));
        let next = match sound.and_then(|()| following(action, page.next.take())) {
            Err(e) if self.options.allow_incomplete => {
                ledger.incomplete(action, &e);
                self.listings.of(action.listing).page_lost();
                warnings.push(not_read(&e));
                // What such a listing names is not followed.
                page.also.clear();
                None
            }
            next => next?,
        };
        let ends_chain = next.is_none();
        match next {
            Some(next) => {
                queue::advance(batch, action, &next).await?;
                self.ready.push_front(next);
            }
            None => self.finished.push(action.id),
        }
        let children = std::mem::take(&mut page.children);
        if self.lists_inside(action) {
            warnings.extend(self.begin_children(batch, children).await?);
        }
        let also = self.name_further_pages(action, std::mem::take(&mut page.also));
        self.enqueue_first(batch, also).await?;
        self.get_related(batch, std::mem::take(&mut page.related)).await?;
        warnings.extend(self.settle_listing(batch, ledger, action, ends_chain).await?);
        self.done += u64::from(ends_chain);
        Ok(warnings)
    }

    /// A page that could not be read, in a sync that goes on without it: its
    /// chain ends here.
    pub(crate) fn page_lost(&mut self, ledger: &mut Ledger, action: &Action) {
        self.finished.push(action.id);
        self.done += 1;
        let listing = self.listings.of(action.listing);
        listing.page_lost();
        listing.open = listing.open.saturating_sub(1);
        if listing.open == 0 {
            ledger.listing_ended(action, listing.rows(), listing.total());
            self.listings.end(action.listing);
        }
    }

    /// Adds listings that begin with their first page.
    async fn begin_listings(&mut self, batch: &mut Batch<'_>, roots: Vec<Root>) -> Result<()> {
        let mut actions = Vec::with_capacity(roots.len());
        for root in roots {
            actions.push(self.root(root, 1));
        }
        self.enqueue(batch, actions).await
    }

    fn root(&mut self, (operation, resource_type, subject): Root, round: u32) -> Action {
        let id = self.new_id();
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
        queue::add(&mut batch.connection(), &actions).await?;
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

    /// Whether a page's resources are looked into. In a sync of some resources
    /// only those are: what they are related to comes without what is inside.
    fn lists_inside(&self, action: &Action) -> bool {
        let Scope::Resources(targets) = &self.options.scope else { return true };
        match &action.subject {
            Subject::Inside(_) => true,
            Subject::Named(named) => targets.resources.iter().any(|target| target.id == named.id),
            Subject::Of(_) | Subject::Whole => false,
        }
    }

    /// Adds further pages of a listing that is under way. They come before other
    /// listings, so that few are open at a time: an open one is in memory.
    async fn enqueue_first(&mut self, batch: &mut Batch<'_>, actions: Vec<Action>) -> Result<()> {
        if actions.is_empty() {
            return Ok(());
        }
        queue::add(&mut batch.connection(), &actions).await?;
        self.known += actions.len() as u64;
        let mut actions = actions;
        let room = READY.saturating_sub(self.ready.len()).min(actions.len());
        if let Some(spilled) = actions.split_off(room).first() {
            self.spilled_from = Some(self.spilled_from.map_or(spilled.id, |from| from.min(spilled.id)));
        }
        for action in actions.into_iter().rev() {
            if self.spilled_from.is_some_and(|from| action.id >= from) {
                self.ahead.insert(action.id);
            }
            self.ready.push_front(action);
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
            if self.options.wants_type(&child)
                && self.begun.insert(begun_key(Operation::List, child.as_str(), &parent.to_string()))
            {
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
            let named = self.listings.of(action.listing).name_further_page(IdHash::text(token.as_str()));
            let Some(chain) = named else { continue };
            let id = self.new_id();
            let (token, cycle) = (Some(token), Cycle::default());
            actions.push(Action { id, chain, step: 0, token, cycle, ..action.clone() });
        }
        actions
    }

    /// Ends a listing whose last chain ended; asks for it once more where it
    /// did not come whole.
    async fn settle_listing(
        &mut self,
        batch: &mut Batch<'_>,
        ledger: &mut Ledger,
        action: &Action,
        ends_chain: bool,
    ) -> Result<Option<String>> {
        let listing = self.listings.of(action.listing);
        listing.open = listing.open.saturating_sub(u32::from(ends_chain));
        if listing.open > 0 {
            return Ok(None);
        }
        let (verdict, rows, total) = (listing.verdict(), listing.rows(), listing.total());
        self.listings.end(action.listing);
        let (what, came) = match verdict {
            Verdict::Drifted { announced, distinct } => {
                (action.describe(), format!("{distinct} rows came, {announced} were announced"))
            }
            Verdict::Whole => {
                ledger.listing_ended(action, rows, total);
                return Ok(None);
            }
        };
        if action.round == 1 {
            let root = (action.operation, action.resource_type.clone(), action.subject.clone());
            let again = self.root(root, 2);
            self.enqueue(batch, vec![again]).await?;
            return Ok(Some(format!(
                "{what}: the source changed while it was read ({came}); it was read again"
            )));
        }
        ledger.listing_ended(action, rows, total);
        if let Some((came, announced)) = verdict.short() {
            ledger.short(action, came, announced);
        }
        if !verdict.is_broken() {
            return Ok(Some(format!("{what}: the source changed while it was read, twice: {came}")));
        }
        let error = Error::new(
            ErrorKind::DataLoss,
            format!("the source was read twice, and both times rows were missing: {came}"),
        )
        .during(what);
        if !self.options.allow_incomplete {
            return Err(error);
        }
        ledger.incomplete(action, &error);
        Ok(Some(error.to_string()))
    }
}

/// What a phase asks about each stored resource.
fn operation_of(phase: Phase) -> Option<Operation> {
    match phase {
        Phase::Entitlements => Some(Operation::Entitlements),
        Phase::Grants => Some(Operation::Grants),
        _ => None,
    }
}

/// The key of something that is begun once a sync.
fn begun_key(operation: Operation, of_type: &str, id: &str) -> IdHash {
    IdHash::text(&format!("{}\u{1}{of_type}\u{1}{id}", operation.number()))
}

/// The same chain at its next page; none where the page ended it. Fails where
/// the chain leads back into itself.
fn following(action: &Action, token: Option<PageToken>) -> Result<Option<Action>> {
    let Some(token) = token else { return Ok(None) };
    let mut next = Action { step: action.step + 1, ..action.clone() };
    if action.token.as_ref() == Some(&token) || next.cycle.closes(next.step, &token) {
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
