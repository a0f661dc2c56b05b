//! Hides secrets in texts that a server wrote.
//!
//! A server that writes a request back does so in the encoding of its answer,
//! so a search for the secret alone does not find it. A text is searched as it
//! is and after each layer of encoding is undone, for the secret, for its
//! base64 at any offset and for its hexadecimal digits, and for any piece of
//! these that is long enough to matter, since a text may have been cut.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use connector_model::{Error, ExposeSecret, SecretString};
use serde_json::Value;

use crate::decode;

/// What stands for a secret.
pub(crate) const HIDDEN: &str = "[redacted]";

/// Characters of a secret in a row that are hidden wherever they are: a
/// shorter rest of a text that was cut brings nobody closer to it.
const PIECE: usize = 8;

/// The same for a secret of at least [`LONG`] characters, which is more likely
/// to hold a whole word.
const LONG_PIECE: usize = 12;
const LONG: usize = 24;

/// A shorter secret is not looked for: it is part of ordinary words, and each
/// of them with a gap would tell what the secret is.
const SHORTEST: usize = 4;

/// Layers of encoding that are undone. Nobody means to be read who uses more:
/// all of such a text is hidden.
const LAYERS: usize = 8;

/// Secrets that are kept in mind; beyond, the oldest is given up. A client has
/// a few, and one more for each time that it signs in again.
const MAX_KNOWN: usize = 256;

/// The secrets that a client ever had to do with.
#[derive(Default)]
pub(crate) struct Known(Mutex<State>);

#[derive(Default)]
struct State {
    secrets: Vec<SecretString>,
    built: Option<Arc<Secrets>>,
}

impl Known {
    /// Adds a secret; one that is known is not added again.
    pub(crate) fn add(&self, secret: &SecretString) {
        let mut state = self.lock();
        if state.secrets.iter().any(|known| known.expose_secret() == secret.expose_secret()) {
            return;
        }
        if state.secrets.len() >= MAX_KNOWN {
            state.secrets.remove(0);
        }
        state.secrets.push(secret.clone());
        state.built = None;
    }

    /// All of them, ready to be looked for. Made when something failed, so
    /// that a request that succeeds pays nothing for it.
    pub(crate) fn secrets(&self) -> Arc<Secrets> {
        let mut state = self.lock();
        if let Some(built) = &state.built {
            return Arc::clone(built);
        }
        let built = Arc::new(Secrets::of(state.secrets.iter().map(|secret| secret.expose_secret())));
        state.built = Some(Arc::clone(&built));
        built
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to look for: pieces of secrets and of their encodings by their length,
/// without whitespace and in lower case.
#[derive(Default)]
pub(crate) struct Secrets(BTreeMap<usize, HashSet<Vec<u8>>>);

impl Secrets {
    pub(crate) fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut this = Self::default();
        for secret in secrets {
            this.add(secret);
        }
        this
    }

    fn add(&mut self, secret: &str) {
        let length = Compact::of(secret).bytes.len();
        if length < SHORTEST {
            return;
        }
        let piece = if length < LONG { PIECE } else { LONG_PIECE };
        self.add_form(secret, piece);
        // A secret that looks encoded itself is decoded with the text.
        let mut decoded = Cow::Borrowed(secret);
        for _ in 0..LAYERS {
            let Some(next) = undo_all(&decoded) else { break };
            self.add_form(&next, piece);
            decoded = Cow::Owned(next);
        }
        // Three bytes make four characters, so there are three offsets. The
        // characters at the ends depend on what stands beside the secret.
        for before in 0..3 {
            let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
            let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                self.add_form(&encoded[from..to], piece);
            }
        }
        let digits: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.add_form(&digits, 2 * piece);
    }

    /// Adds the pieces of a form, or a form that is shorter than a piece.
    fn add_form(&mut self, form: &str, piece: usize) {
        let bytes = Compact::of(form).bytes;
        let piece = piece.min(bytes.len());
        if piece >= SHORTEST {
            self.0.entry(piece).or_default().extend(bytes.windows(piece).map(<[u8]>::to_vec));
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without secrets. Where one stands in it encoded, that is the
    /// decoded text, in one line; else it is as it was.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut found = self.find(text);
        let mut most = found.count();
        let mut stage = Cow::Borrowed(text);
        for layer in 0.. {
            let mut changed = false;
            // One kind of encoding at a time: a secret that looks encoded must
            // be seen before it is decoded itself.
            for undo in [decode::json, decode::html, decode::percent] {
                let Some(decoded) = undo(&stage) else { continue };
                found = self.find(&decoded);
                most = most.max(found.count());
                stage = Cow::Owned(decoded);
                changed = true;
            }
            if !changed {
                break;
            }
            if layer == LAYERS {
                return Cow::Borrowed(HIDDEN);
            }
        }
        match found.count() {
            0 if most == 0 => Cow::Borrowed(text),
            // Something was seen that is not there any more.
            count if count < most => Cow::Borrowed(HIDDEN),
            _ if stage == text => Cow::Owned(found.hide_in(text)),
            _ => {
                let one_line = |c: char| if c.is_control() { ' ' } else { c };
                Cow::Owned(found.hide_in(&stage).chars().map(one_line).collect())
            }
        }
    }

    /// The error with all its texts and causes hidden.
    pub(crate) fn hide_in(&self, error: Error) -> Error {
        if self.is_empty() { error } else { error.map_texts(|text| self.redact(text)) }
    }

    /// The body of an answer without secrets, in JSON and elsewhere.
    pub(crate) fn redact_body(&self, body: Bytes) -> Bytes {
        let text = String::from_utf8_lossy(&body);
        let hidden = self.redact(&text);
        if hidden == text {
            return body;
        }
        let Ok(mut value) = serde_json::from_slice(&body) else { return hidden.into_owned().into() };
        self.hide_in_json(&mut value);
        let shown = value.to_string();
        if self.redact(&shown) == shown { shown.into() } else { Bytes::new() }
    }

    fn hide_in_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(hidden) = self.redact(text) {
                    *text = hidden;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.hide_in_json(value)),
            Value::Object(members) => {
                members.retain(|name, _| self.redact(name) == *name);
                members.values_mut().for_each(|value| self.hide_in_json(value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Finds what stands in the text as it is.
    fn find(&self, text: &str) -> Found {
        let Compact { bytes, places } = Compact::of(text);
        let mut secret = vec![false; bytes.len()];
        for (length, pieces) in &self.0 {
            for (at, piece) in bytes.windows(*length).enumerate() {
                if pieces.contains(piece) {
                    secret[at..at + length].fill(true);
                }
            }
        }
        Found { secret, places }
    }
}

/// Where secrets stand in a text.
struct Found {
    /// Of each byte that is compared, whether it is of a secret.
    secret: Vec<bool>,
    places: Vec<(usize, usize)>,
}

impl Found {
    /// How many bytes are of secrets.
    fn count(&self) -> usize {
        self.secret.iter().filter(|secret| **secret).count()
    }

    fn hide_in(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let (mut done, mut at) = (0, 0);
        while let Some(first) = self.secret[at..].iter().position(|s| *s).map(|n| at + n) {
            let run = self.secret[first..].iter().take_while(|s| **s).count();
            let (from, to) = (self.places[first].0, self.places[first + run - 1].1);
            out.push_str(text.get(done..from).unwrap_or_default());
            out.push_str(HIDDEN);
            (done, at) = (to, first + run);
        }
        out.push_str(&text[done..]);
        out
    }
}

/// All encodings undone once.
fn undo_all(text: &str) -> Option<String> {
    let mut decoded = None;
    for undo in [decode::json, decode::html, decode::percent] {
        let next = undo(decoded.as_deref().unwrap_or(text));
        decoded = next.or(decoded);
    }
    decoded
}

/// A text as it is compared: in lower case, without what does not show, so that
/// a line break within a secret does not keep it from being found, and without
/// slashes, which escapes add and which addresses turn into one another, and
/// pluses, which are spaces there.
struct Compact {
    bytes: Vec<u8>,
    /// Where in the text the character of each byte begins and ends.
    places: Vec<(usize, usize)>,
}

impl Compact {
    fn of(text: &str) -> Self {
        let (mut bytes, mut places) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        for (at, character) in text.char_indices().filter(|(_, c)| !is_passed_over(*c)) {
            let mut buffer = [0; 4];
            for byte in character.to_ascii_lowercase().encode_utf8(&mut buffer).bytes() {
                bytes.push(byte);
                places.push((at, at + character.len_utf8()));
            }
        }
        Self { bytes, places }
    }
}

fn is_passed_over(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(
            character,
            '/' | '\\' | '+' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests;
