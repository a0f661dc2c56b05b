//! What a connector brings to become a program.

use std::{fmt, future::Future, sync::Arc};

use clap::{ArgMatches, Command};
use connector_model::{
    Connector, Result,
    config::{Config, ConnectContext, Schema},
};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

type Connect = dyn Fn(Config, ConnectContext) -> BoxFuture<'static, Result<Arc<dyn Connector>>> + Send + Sync;
type Handler = dyn Fn(ArgMatches, CommandContext) -> BoxFuture<'static, Result<()>> + Send + Sync;

/// A connector as a program: its name, what it can be told, and how it is
/// made.
pub struct Program {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) schema: fn() -> Result<Schema>,
    pub(crate) connect: Box<Connect>,
    pub(crate) describe: fn() -> Result<Arc<dyn Connector>>,
    pub(crate) commands: Vec<Extra>,
}

/// A command of the program's own.
pub(crate) struct Extra {
    pub(crate) command: Command,
    pub(crate) handler: Box<Handler>,
}

/// What a command of the program's own is given.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CommandContext {
    /// Cancelled when a person pressed ctrl-C or the program is told to stop.
    pub cancel: CancellationToken,
    /// How to call out.
    pub connect: ConnectContext,
}

impl Program {
    /// A program of a name (`baton-tableau`) and version (`0.1.0`).
    ///
    /// - `schema` says what it can be told;
    /// - `connect` makes the connector from what it was told. It must not call
    ///   out: that waits for [`Connector::validate`], so that an output which
    ///   can't be written is noticed before the first request;
    /// - `describe` makes it without credentials, for the `capabilities`
    ///   command, which runs without configuration.
    pub fn new<F, Fut>(
        name: &'static str,
        version: &'static str,
        schema: fn() -> Result<Schema>,
        connect: F,
        describe: fn() -> Result<Arc<dyn Connector>>,
    ) -> Self
    where
        F: Fn(Config, ConnectContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Arc<dyn Connector>>> + Send + 'static,
    {
        let connect: Box<Connect> = Box::new(move |config, context| Box::pin(connect(config, context)));
        Self { name, version, schema, connect, describe, commands: Vec::new() }
    }

    /// With a command of its own. It runs without configuration: no variable
    /// and no file is read for it.
    #[must_use]
    pub fn command<F, Fut>(mut self, command: Command, handler: F) -> Self
    where
        F: Fn(ArgMatches, CommandContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        let handler: Box<Handler> = Box::new(move |matches, context| Box::pin(handler(matches, context)));
        self.commands.push(Extra { command, handler });
        self
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
