//! The one error type at the SDK's face.
//!
//! An [`Error`] says what the caller should do about it ([`ErrorKind`] and
//! [`Retry`]), what was being done ([`Error::operation`]), on what (static
//! keys with values that hold no secret), and why (its
//! [source](std::error::Error::source)). Its `Display` is one lower-case
//! sentence without the causes; [`Error::report`] adds them, one a line. Both
//! are fit for a terminal, whatever a system or a file has put into them.

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

use crate::text;

/// The result of everything in the SDK that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync + 'static>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal, $retryable:literal;)*) => {
        /// What went wrong, from the point of view of what a caller can do.
        ///
        /// The kinds are the status codes of gRPC (`google.rpc.Code`), because
        /// ConductorOne reads them from finished tasks and scripts read them
        /// as exit codes: the three are one number here, by construction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum ErrorKind { $($(#[$doc])* $name = $code,)* }

        impl ErrorKind {
            /// Every kind, in the order of the codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code of `google.rpc.Code`, which is also the exit code of
            /// the program.
            pub const fn code(self) -> u8 { self as u8 }

            /// The kind of a gRPC code; what is no error's code is
            /// [`ErrorKind::Unknown`].
            pub const fn from_code(code: i32) -> Self {
                match code { $($code => Self::$name,)* _ => Self::Unknown }
            }

            /// A word for logs and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether an error of this kind is worth a second try where
            /// nobody said otherwise.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }
        }
    };
}

kinds! {
    /// The caller gave up, or a person pressed ctrl-C.
    Cancelled = 1, "cancelled", false;
    /// Nothing better is known; also a command line or configuration that
    /// does not parse, for the Go program exits with 2 there.
    Unknown = 2, "unknown", false;
    /// What was asked can never work as asked.
    InvalidArgument = 3, "invalid argument", false;
    /// It took too long.
    DeadlineExceeded = 4, "deadline exceeded", true;
    /// The thing itself is not there.
    NotFound = 5, "not found", false;
    /// The thing is there already.
    AlreadyExists = 6, "already exists", false;
    /// The caller is known, and may not do this.
    PermissionDenied = 7, "permission denied", false;
    /// A quota or a disk is full.
    ResourceExhausted = 8, "resource exhausted", false;
    /// The system is not in the state that this needs, such as an output file
    /// that another run holds.
    FailedPrecondition = 9, "failed precondition", false;
    /// Stopped half way, to be gone on with: a sync that is not complete.
    Aborted = 10, "aborted", false;
    /// Past the end of what there is.
    OutOfRange = 11, "out of range", false;
    /// This is not built, or the other side does not have it.
    Unimplemented = 12, "unimplemented", false;
    /// A broken promise inside: a bug of ours or of a connector.
    Internal = 13, "internal", false;
    /// The other side can't be reached or is overloaded; try again.
    Unavailable = 14, "unavailable", true;
    /// Bytes that can't be trusted: truncated, corrupt, hostile.
    DataLoss = 15, "data loss", false;
    /// The credentials are wrong, expired or missing.
    Unauthenticated = 16, "unauthenticated", false;
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether, and when, the same call may be made again.
///
/// There is one place that retries (the HTTP or gRPC layer); everyone above
/// reads this to explain, not to loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same call fails the same way.
    Never,
    /// Wait a while, longer each time.
    Backoff,
    /// The other side said when.
    After(Duration),
    /// It was tried as often as it may be.
    Exhausted,
}

/// An error with its kind, operation, context and source.
///
/// ```
/// use connector_model::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::PermissionDenied, "the account may not read users")
///     .during("list users")
///     .with("site", "marketing");
/// assert_eq!(
///     error.to_string(),
///     "list users: the account may not read users (site=marketing)"
/// );
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    retry: Retry,
    operation: Option<Cow<'static, str>>,
    message: Cow<'static, str>,
    context: Vec<(&'static str, String)>,
    source: Option<Source>,
}

impl Error {
    /// An error of a kind, with one lower-case sentence that holds no secret.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let retry = if kind.is_retryable() { Retry::Backoff } else { Retry::Never };
        Self(Box::new(Inner {
            kind,
            retry,
            operation: None,
            message: message.into(),
            context: Vec::new(),
            source: None,
        }))
    }

    /// A promise broken inside: a bug of ours or of a connector.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// A request or a value that can never work.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// A part that is not built.
    pub fn unimplemented(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unimplemented, message)
    }

    /// The kind of a failed file operation: full disks, missing permissions
    /// and missing files are told apart.
    pub fn io(message: impl Into<Cow<'static, str>>, source: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let message = match source.kind() {
            Io::FileTooLarge => format!(
                "{}: it is beyond the file-size limit of this process (ulimit -f), or of the file system",
                message.into()
            )
            .into(),
            _ => message.into(),
        };
        let kind = match source.kind() {
            Io::NotFound => ErrorKind::NotFound,
            Io::PermissionDenied | Io::ReadOnlyFilesystem => ErrorKind::PermissionDenied,
            Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge | Io::OutOfMemory => {
                ErrorKind::ResourceExhausted
            }
            Io::AlreadyExists => ErrorKind::AlreadyExists,
            Io::TimedOut => ErrorKind::DeadlineExceeded,
            Io::UnexpectedEof | Io::InvalidData => ErrorKind::DataLoss,
            _ => ErrorKind::Unknown,
        };
        Self::new(kind, message).retry_as(Retry::Never).caused_by(source)
    }

    /// Names what was being done, as a verb and its object: `list users`. The
    /// first name stays: it is the closest to the fault.
    #[must_use]
    pub fn during(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.operation.get_or_insert(operation.into());
        self
    }

    /// Adds a fact; the value must hold no secret.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((key, value.to_string()));
        self
    }

    /// The error below this one.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says when to try again, where the kind's default is wrong.
    #[must_use]
    pub fn retry_as(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Passes every text through a function, for example one that redacts
    /// secrets: the sentence, the operation, the facts and the causes. Causes
    /// that it changes stay as texts only; others keep their types.
    #[must_use]
    pub fn map_texts(mut self, map: impl Fn(&str) -> Cow<'_, str>) -> Self {
        let changed = |text: &str| match map(text) {
            new if new == text => None,
            new => Some(new.into_owned()),
        };
        if let Some(message) = changed(&self.0.message) {
            self.0.message = message.into();
        }
        if let Some(operation) = self.0.operation.as_deref().and_then(changed) {
            self.0.operation = Some(operation.into());
        }
        for (_, value) in &mut self.0.context {
            if let Some(new) = changed(value) {
                *value = new;
            }
        }
        let mut causes = Vec::new();
        let mut next = StdError::source(&self);
        while let Some(cause) = next {
            let text = cause.to_string();
            let new = changed(&text);
            causes.push((new.is_some(), new.unwrap_or(text)));
            next = cause.source();
        }
        if causes.iter().any(|(changed, _)| *changed) {
            let chain =
                causes.into_iter().rev().fold(None, |below, (_, text)| Some(Box::new(Cause { text, below })));
            self.0.source = chain.map(|cause| cause as Source);
        }
        self
    }

    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether and when to try again.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// What was being done.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The sentence, without operation and context.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The facts, in the order they were added.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.context.iter().map(|(k, v)| (*k, v.as_str()))
    }

    /// The value of one fact.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.context().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// The sentence and its causes, one a line, as a person should see them.
    /// A cause that only repeats what is above it is left out.
    pub fn report(&self) -> String {
        let mut text = self.to_string();
        let mut next = StdError::source(self);
        while let Some(cause) = next {
            let line = cause.to_string();
            // Ours is fit to be shown as it is.
            let line = if cause.is::<Self>() { line.into() } else { text::one_line(&line) };
            if !text.contains(&*line) {
                text.push_str("\n  because: ");
                text.push_str(&line);
            }
            next = cause.source();
        }
        text
    }
}

/// A cause of which only the text is left.
#[derive(Debug)]
struct Cause {
    text: String,
    below: Option<Box<Cause>>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.below.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.0.operation {
            write!(f, "{}: ", text::one_line(operation))?;
        }
        // Lines of our own are indented.
        for (i, line) in self.0.message.split("\n  ").enumerate() {
            f.write_str(if i == 0 { "" } else { "\n  " })?;
            f.write_str(&text::one_line(line))?;
        }
        for (i, (key, value)) in self.0.context.iter().enumerate() {
            write!(f, "{}{key}={}", if i == 0 { " (" } else { ", " }, text::one_line(value))?;
        }
        if self.0.context.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.0.kind, self.report())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|s| &**s as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_google_rpc() {
        // google/rpc/code.proto: CANCELLED = 1 … UNAUTHENTICATED = 16.
        let codes: Vec<u8> = ErrorKind::ALL.iter().map(|k| k.code()).collect();
        assert_eq!(codes, (1..=16).collect::<Vec<_>>());
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_code(i32::from(kind.code())), *kind);
        }
        assert_eq!(ErrorKind::from_code(99), ErrorKind::Unknown);
    }

    #[test]
    fn report_lists_causes_once() {
        let error = Error::new(ErrorKind::Unavailable, "no answer")
            .caused_by(Error::new(ErrorKind::Unknown, "connection refused"))
            .during("sign in");
        assert_eq!(error.report(), "sign in: no answer\n  because: connection refused");
        assert_eq!(error.retry(), Retry::Backoff);
    }

    #[test]
    fn no_part_of_it_steers_a_terminal() {
        let foreign = "\x1b[2J\r\n\u{202e}\u{9b}\u{e0041}x";
        let error = Error::new(ErrorKind::DataLoss, format!("bad {foreign}"))
            .during(format!("read {foreign}"))
            .with("id", foreign)
            .caused_by(Error::internal(foreign.to_owned()).caused_by(std::io::Error::other(foreign)));
        for shown in [error.to_string(), error.report(), format!("{error:?}")] {
            assert!(!shown.chars().any(|c| text::steers(c) && c != '\n'), "{shown:?}");
            assert!(shown.lines().skip(1).all(|line| line.starts_with("  because: ")), "{shown:?}");
            assert!(shown.contains("\\u{1b}[2J\\r\\n\\u{202e}\\u{9b}\\u{e0041}x"), "{shown}");
        }
        assert_eq!(error.get("id"), Some(foreign), "what a program asks for is as it was");
    }

    #[test]
    fn lines_of_a_message_are_indented() {
        let error = Error::invalid("two values are wrong:\n  one\n  two\nthree");
        assert_eq!(error.to_string(), "two values are wrong:\n  one\n  two\\nthree");
    }

    #[test]
    fn every_text_of_an_error_can_be_changed() {
        let io = || std::io::Error::other("io: s3cret");
        let error = || {
            Error::new(ErrorKind::Unavailable, "message: s3cret")
                .during("operation: s3cret")
                .with("fact", "s3cret")
                .caused_by(
                    Error::new(ErrorKind::Unknown, "cause: s3cret").with("x", "s3cret").caused_by(io()),
                )
        };
        let hidden = error().map_texts(|text| text.replace("s3cret", "…").into());
        assert_eq!(
            hidden.report(),
            "operation: …: message: … (fact=…)\n  because: cause: … (x=…)\n  because: io: …"
        );
        assert_eq!((hidden.kind(), hidden.get("fact")), (ErrorKind::Unavailable, Some("…")));
        // Types stay where there is nothing to change.
        let same = Error::internal("x").caused_by(io()).map_texts(|text| text.to_owned().into());
        assert!(StdError::source(&same).is_some_and(|e| e.is::<std::io::Error>()));
    }

    #[test]
    fn a_full_disk_is_told_apart() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Error::io("write the file", full).kind(), ErrorKind::ResourceExhausted);
    }
}
