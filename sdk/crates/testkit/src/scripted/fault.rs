//! What can go wrong with a call.

use connector_model::ErrorKind;
use tokio_util::sync::CancellationToken;

use super::Row;

/// What goes wrong with a call. Several rules may meet at one call: delays
/// and changes add up, and the first rule that ends the call is the last that
/// fires.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// It takes so many turns of the scheduler longer, so that other calls
    /// overtake it. No clock is involved.
    Delay(u32),
    /// It waits until the gate is opened, or until it is given up.
    Hang(Gate),
    /// It fails before anything is read.
    Fail(ErrorKind, String),
    /// It is carried out, and the answer is lost on its way.
    LostAnswer(ErrorKind, String),
    /// It panics.
    Panic(String),
    /// The page names as its next the one that lies so many pages back in the
    /// chain, itself included: 1 is the page itself. Further back than the
    /// first page is the first page.
    Loop(usize),
    /// The listing changes before this page: it and every later page, and the
    /// whole listing from the next attempt on, see the changed rows. It fires
    /// once for each page that sees them.
    Drift(Drift),
    /// The page brings more rows, such as another content under an id.
    Extra(Vec<Row>),
    /// The page leaves its last rows out, and tells the same total.
    DropRows(usize),
}

impl Fault {
    /// [`Fault::Fail`].
    pub fn fail(kind: ErrorKind, message: &str) -> Self {
        Self::Fail(kind, message.to_owned())
    }

    /// [`Fault::LostAnswer`].
    pub fn lost_answer(kind: ErrorKind, message: &str) -> Self {
        Self::LostAnswer(kind, message.to_owned())
    }

    /// [`Fault::Panic`].
    pub fn panic(message: &str) -> Self {
        Self::Panic(message.to_owned())
    }

    /// [`Fault::Extra`], of one row.
    pub fn extra(row: impl Into<Row>) -> Self {
        Self::Extra(vec![row.into()])
    }

    /// Whether nothing comes after it.
    pub(super) fn ends(&self) -> bool {
        matches!(self, Self::Fail(..) | Self::LostAnswer(..) | Self::Panic(_))
    }
}

/// How a listing changes while it is read.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    pub(super) removed: Vec<String>,
    pub(super) inserted: Vec<Row>,
}

impl Drift {
    /// Rows with these [ids](Row::id) go.
    pub fn removing(ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { removed: ids.into_iter().map(Into::into).collect(), inserted: Vec::new() }
    }

    /// Rows come in front of all others, where they shift the most.
    pub fn inserting(rows: impl IntoIterator<Item = impl Into<Row>>) -> Self {
        Self { removed: Vec::new(), inserted: rows.into_iter().map(Into::into).collect() }
    }

    pub(super) fn apply(&self, rows: &mut Vec<Row>) {
        rows.retain(|row| !self.removed.contains(&row.id()));
        rows.splice(..0, self.inserted.iter().cloned());
    }
}

/// What a hanging call waits for.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    reached: CancellationToken,
    open: CancellationToken,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until a call hangs here.
    pub async fn reached(&self) {
        self.reached.cancelled().await;
    }

    /// Lets all calls go on, now and later.
    pub fn open(&self) {
        self.open.cancel();
    }

    pub(super) async fn pass(&self) {
        self.reached.cancel();
        self.open.cancelled().await;
    }
}
