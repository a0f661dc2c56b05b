//! The JSON of grants, of which there may be millions.
//!
//! A grant's message brings its entitlement along, often with the whole resource, and the next grant brings the same
//! bytes: they are made to JSON once.

use connector_model::Result;
use connector_proto::c1::connector::v2::{Entitlement, Grant};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use crate::message;

/// `c1.connector.v2.Grant.entitlement`.
const ENTITLEMENT: u32 = 1;

/// Makes the JSON of one grant after the other.
#[derive(Debug, Default)]
pub(crate) struct GrantJson {
    /// The entitlement of the last grant: its bytes and their JSON.
    last: Option<(Vec<u8>, String)>,
}

impl GrantJson {
    /// The JSON of a grant, told by its id.
    pub(crate) fn json(&mut self, id: &str, data: &[u8]) -> Result<String> {
        let Some((entitlement, rest)) = split(data) else { return message::to_json::<Grant>(id, data) };
        let known = self.last.take().filter(|(bytes, _)| bytes == entitlement);
        let (_, first) = match known {
            Some(known) => self.last.insert(known),
            None => {
                let json = message::to_json::<Entitlement>(id, entitlement)?;
                self.last.insert((entitlement.to_vec(), json))
            }
        };
        let rest = message::to_json::<Grant>(id, rest)?;
        // Of two objects one: fields stand in the order of their numbers, and the entitlement's is the first.
        let comma = if rest == "{}" { "" } else { "," };
        Ok(format!("{{\"entitlement\":{first}{comma}{}", &rest[1..]))
    }
}

/// The entitlement's bytes and the fields behind it. `None` where the entitlement is not the first field and the only
/// one of its number (two would be merged), or the bytes are no message.
fn split(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = data;
    if decode_key(&mut rest).ok()? != (ENTITLEMENT, WireType::LengthDelimited) {
        return None;
    }
    let len = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
    let (entitlement, behind) = rest.split_at_checked(len)?;
    let mut rest = behind;
    while !rest.is_empty() {
        let (field, wire) = decode_key(&mut rest).ok()?;
        if field == ENTITLEMENT {
            return None;
        }
        skip_field(wire, field, &mut rest, DecodeContext::default()).ok()?;
    }
    Some((entitlement, behind))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use connector_proto::c1::connector::v2::{Resource, ResourceId};
    use prost::Message as _;

    use super::*;

    fn grant(entitlement: Option<&str>, principal: bool, id: &str) -> Vec<u8> {
        let entitlement = entitlement.map(|e| Entitlement { id: e.to_owned(), ..Entitlement::default() });
        let user = ResourceId { resource: "u".into(), ..ResourceId::default() };
        let principal = principal.then(|| Resource { id: Some(user), ..Resource::default() });
        Grant { entitlement, principal, id: id.to_owned(), ..Grant::default() }.encode_to_vec()
    }

    /// The oracle is the JSON of the whole message.
    #[test]
    fn it_is_the_json_of_the_whole() {
        let mut json = GrantJson::default();
        let merged = [grant(Some("a"), true, "x"), grant(Some("b"), false, "")].concat();
        let behind = [grant(None, true, "x"), grant(Some("a"), false, "")].concat();
        for data in [
            grant(Some("a"), true, "1"),
            grant(Some("a"), true, "2"),
            grant(Some("b"), false, "3"),
            grant(Some("b"), false, ""),
            grant(Some(""), true, "5"),
            grant(None, true, "6"),
            grant(Some("b"), false, "7"),
            merged,
            behind,
            Vec::new(),
        ] {
            let whole = message::to_json::<Grant>("", &data).unwrap();
            assert_eq!(json.json("", &data).unwrap(), whole);
        }
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let whole = grant(Some("a"), true, "1");
        for broken in [&whole[..whole.len() - 1], &whole[..2], &[0x0a, 0x7f], &[0xff; 11]] {
            assert!(GrantJson::default().json("g", broken).is_err(), "{broken:?}");
        }
    }
}
