//! Grants stored without their entitlement and principal.
//!
//! A writer may leave both out of the message, because the columns name them. Readers then put identity stubs in
//! their place: the ids, and nothing else.

use connector_proto::c1::connector::v2::{Entitlement, Resource, ResourceId};
use prost::{
    Message,
    bytes::Buf as _,
    encoding::{DecodeContext, decode_key, skip_field},
};

use crate::GrantRow;

/// `c1.connector.v2.Grant.entitlement`.
const ENTITLEMENT: u32 = 1;
/// `c1.connector.v2.Grant.principal`.
const PRINCIPAL: u32 = 2;

/// Puts stubs into a slim grant's message; any other stays as it is.
pub(super) fn complete(grant: &mut GrantRow) {
    let Some((entitlement, principal)) = embedded(&grant.data) else { return };
    if entitlement && principal {
        return;
    }
    let mut data = Vec::with_capacity(grant.data.len() + 200);
    if !entitlement {
        let stub = Entitlement {
            resource: Some(resource(&grant.resource_type_id, &grant.resource_id)),
            id: grant.entitlement_id.to_string(),
            ..Entitlement::default()
        };
        push(ENTITLEMENT, &stub, &mut data);
    }
    // With an entitlement and no principal, the stub goes behind the first field, so that fields stay in order.
    let head = if entitlement && !principal { first_field_len(&grant.data) } else { 0 };
    data.extend_from_slice(&grant.data[..head]);
    if !principal {
        push(
            PRINCIPAL,
            &resource(&grant.principal_resource_type_id, &grant.principal_resource_id),
            &mut data,
        );
    }
    data.extend_from_slice(&grant.data[head..]);
    grant.data = data;
}

fn resource(resource_type: &str, id: &str) -> Resource {
    let id = ResourceId {
        resource_type: resource_type.to_owned(),
        resource: id.to_owned(),
        ..ResourceId::default()
    };
    Resource { id: Some(id), ..Resource::default() }
}

fn push(tag: u32, message: &impl Message, to: &mut Vec<u8>) {
    prost::encoding::message::encode(tag, message, to);
}

/// Whether a grant's message has an entitlement and a principal. `None` where it is no message.
fn embedded(mut data: &[u8]) -> Option<(bool, bool)> {
    let mut has = (false, false);
    while data.has_remaining() {
        let (tag, wire) = decode_key(&mut data).ok()?;
        has.0 |= tag == ENTITLEMENT;
        has.1 |= tag == PRINCIPAL;
        if has == (true, true) {
            break;
        }
        skip_field(wire, tag, &mut data, DecodeContext::default()).ok()?;
    }
    Some(has)
}

fn first_field_len(data: &[u8]) -> usize {
    let mut rest = data;
    let Ok((tag, wire)) = decode_key(&mut rest) else { return 0 };
    if tag != ENTITLEMENT || skip_field(wire, tag, &mut rest, DecodeContext::default()).is_err() {
        return 0;
    }
    data.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use connector_proto::c1::connector::v2::Grant;

    use super::*;

    fn row(data: Vec<u8>) -> GrantRow {
        GrantRow {
            resource_type_id: "group".into(),
            resource_id: "g".into(),
            entitlement_id: "group:g:member".into(),
            principal_resource_type_id: "user".into(),
            principal_resource_id: "u".into(),
            external_id: "group:g:member:user:u".into(),
            expansion: None,
            needs_expansion: false,
            data,
        }
    }

    fn whole() -> Grant {
        let entitlement = Entitlement {
            resource: Some(resource("group", "g")),
            id: "group:g:member".into(),
            ..Default::default()
        };
        Grant {
            entitlement: Some(entitlement),
            principal: Some(resource("user", "u")),
            id: "group:g:member:user:u".into(),
            ..Default::default()
        }
    }

    #[test]
    fn every_slimness_becomes_the_same_message() {
        for (entitlement, principal) in [(true, true), (true, false), (false, true), (false, false)] {
            let mut grant = whole();
            if !entitlement {
                grant.entitlement = None;
            }
            if !principal {
                grant.principal = None;
            }
            let mut row = row(grant.encode_to_vec());
            complete(&mut row);
            assert_eq!(row.data, whole().encode_to_vec(), "{entitlement} {principal}");
        }
    }

    #[test]
    fn what_is_no_message_stays() {
        for broken in [&[0xff, 0xff][..], &[0x0a, 0x7f], &[0x1a]] {
            let mut row = row(broken.to_vec());
            complete(&mut row);
            assert_eq!(row.data, broken);
        }
    }
}
