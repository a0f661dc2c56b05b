//! Stored messages, decoded or as JSON.

use std::borrow::Cow;

use connector_model::{Error, ErrorKind, Result, text};
use connector_proto::json;
use connector_store::message::has_too_many_elements;
use prost::{Message, Name};

/// The message of a row, told by its id.
pub(crate) fn decode<M: Message + Name + Default>(id: &str, data: &[u8]) -> Result<M> {
    check::<M>(id, data)?;
    M::decode(data).map_err(|e| broken::<M>(id).caused_by(e))
}

/// The protobuf JSON of a row's message, on one line and fit for a terminal.
pub(crate) fn to_json<M: Name>(id: &str, data: &[u8]) -> Result<String> {
    check::<M>(id, data)?;
    let json = json::bytes_to_json(&M::full_name(), data).map_err(|e| broken::<M>(id).caused_by(e))?;
    let json = json.to_string();
    Ok(match text::json(&json) {
        Cow::Borrowed(_) => json,
        Cow::Owned(escaped) => escaped,
    })
}

/// The error of a row whose message is of something else than the row.
pub(crate) fn misplaced<M: Name>(id: &str) -> Error {
    wrong::<M>("is of something else than its row", id)
}

/// Decoded, a message of a few megabytes could take hundreds.
fn check<M: Name>(id: &str, data: &[u8]) -> Result<()> {
    if has_too_many_elements(data) { Err(wrong::<M>("has too many elements", id)) } else { Ok(()) }
}

fn broken<M: Name>(id: &str) -> Error {
    wrong::<M>("does not decode", id)
}

fn wrong<M: Name>(how: &str, id: &str) -> Error {
    let text = format!("a stored {} {how}; `baton verify` tells what else is wrong with the file", M::NAME);
    Error::new(ErrorKind::DataLoss, text).with("id", id.chars().take(100).collect::<String>())
}

#[cfg(test)]
mod tests {
    use connector_proto::c1::connector::v2::Grant;
    use connector_store::message::MOST_ELEMENTS;

    use super::*;

    /// Field 9, which is empty, again and again: some hundred bytes each once it is decoded.
    #[test]
    fn messages_of_many_elements_are_not_decoded() {
        for (elements, decodes) in [(MOST_ELEMENTS, true), (MOST_ELEMENTS + 1, false)] {
            let data = [0x4a, 0].repeat(elements);
            assert_eq!(decode::<Grant>("g", &data).is_ok(), decodes, "{elements}");
            let json = to_json::<Grant>("g", &data).map_err(|e| e.message().to_owned());
            match decodes {
                true => assert!(json.is_ok()),
                false => assert!(json.is_err_and(|why| why.contains("too many elements"))),
            }
        }
    }
}
