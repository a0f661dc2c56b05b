//! Who is signed in.

use std::collections::HashMap;

use crate::seed::{Slot, mix, push_number};

/// A signed-in user on one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) site: usize,
    pub(crate) user: Slot,
    /// Signed in by the personal access token, which carries one session at a time.
    pub(crate) by_token: bool,
}

/// All sessions that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: HashMap<String, Session>,
    issued: u64,
    superseded: u64,
}

impl Sessions {
    /// Starts a session. One by token ends the session that the token had, on whatever site.
    pub(crate) fn start(&mut self, session: Session) -> String {
        if session.by_token {
            let before = self.open.len();
            self.open.retain(|_, other| !other.by_token);
            self.superseded += (before - self.open.len()) as u64;
        }
        self.issued += 1;
        let mut token = String::from("sim");
        push_number(&mut token, self.issued, 4);
        token.push('|');
        push_number(&mut token, mix(&[self.issued, 0x73_6573_7369_6f6e]), 20);
        self.open.insert(token.clone(), session);
        token
    }

    pub(crate) fn get(&self, token: &str) -> Option<Session> {
        self.open.get(token).copied()
    }

    /// Ends one session.
    pub(crate) fn end(&mut self, token: &str) -> Option<Session> {
        self.open.remove(token)
    }

    pub(crate) fn end_all(&mut self) {
        self.open.clear();
    }

    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// How many sessions ended because their token signed in again.
    pub(crate) fn superseded(&self) -> u64 {
        self.superseded
    }
}
