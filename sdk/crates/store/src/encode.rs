//! From native values to rows.
//!
//! Messages are encoded deterministically: known fields in the order of their
//! numbers, maps by key. A grant is written field by field, with its
//! entitlement encoded once for a run of grants: there may be millions.

use std::sync::Arc;

use connector_model::{
    Annotations, Entitlement, EntitlementRef, Grant, Resource, ResourceId, ResourceType, wire,
};
use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint, encoded_len_varint},
};

use crate::{EntitlementRow, GrantRow, ResourceRow, ResourceTypeRow, encode_sources};

impl ResourceTypeRow {
    /// The row of a resource type.
    pub fn encode(resource_type: &ResourceType) -> Self {
        Self { external_id: resource_type.id.as_str().into(), data: resource_type.to_wire().encode_to_vec() }
    }
}

impl ResourceRow {
    /// The row of a resource.
    pub fn encode(resource: Resource) -> Self {
        let part = |id: &ResourceId| (id.resource_type().to_arc(), id.to_arc());
        Self {
            resource_type_id: resource.id.resource_type().to_arc(),
            external_id: resource.id.to_string(),
            parent: resource.parent.as_ref().map(part),
            data: resource.into_wire().encode_to_vec(),
        }
    }
}

impl EntitlementRow {
    /// The row of an entitlement.
    pub fn encode(entitlement: &Entitlement) -> Self {
        Self {
            resource_type_id: entitlement.resource.id.resource_type().to_arc(),
            resource_id: entitlement.resource.id.to_arc(),
            external_id: entitlement.id.as_str().into(),
            data: entitlement.to_wire().encode_to_vec(),
        }
    }
}

/// Encodes grants; consecutive ones of the same entitlement share its bytes.
#[derive(Debug, Default)]
pub struct GrantEncoder {
    /// The entitlement that was encoded last, and field 1 of its grants.
    last: Option<(EntitlementRef, Vec<u8>)>,
    /// The annotation of expanded grants, as a field.
    immutable: Vec<u8>,
}

// Fields of c1.connector.v2.Grant.
const ENTITLEMENT: u32 = 1;
const PRINCIPAL: u32 = 2;
const ID: u32 = 3;
pub(crate) const ANNOTATIONS: u32 = 4;
pub(crate) const SOURCES: u32 = 5;
// c1.connector.v2.GrantSources, a map, and the entries of any map.
pub(crate) const GRANT_SOURCES_MAP: u32 = 1;
pub(crate) const MAP_KEY: u32 = 1;
pub(crate) const MAP_VALUE: u32 = 2;
// c1.connector.v2.Resource.
const RESOURCE_ID: u32 = 1;
// c1.connector.v2.ResourceId.
const TYPE: u32 = 1;
const RESOURCE: u32 = 2;

impl GrantEncoder {
    /// The row of a grant.
    ///
    /// The expansion goes to its column, not into the message; one without
    /// any entitlement id is no expansion and is dropped, as the Go SDK does.
    pub fn encode(&mut self, grant: &Grant) -> GrantRow {
        let expansion = grant
            .expandable()
            .filter(|e| e.entitlement_ids.iter().any(|id| !id.trim().is_empty()))
            .map(|e| e.to_wire().encode_to_vec());
        let plain = grant.details.is_none() && !grant.principal.is_baton_resource();
        let external_id = grant.id();
        let data = if plain {
            let (kind, principal) = (grant.principal.resource_type().as_str(), grant.principal.id());
            self.ids(&grant.entitlement, kind, principal, &external_id, 0)
        } else {
            detailed(grant)
        };
        GrantRow {
            resource_type_id: grant.entitlement.resource.resource_type().to_arc(),
            resource_id: grant.entitlement.resource.to_arc(),
            entitlement_id: grant.entitlement.id.clone(),
            principal_resource_type_id: grant.principal.resource_type().to_arc(),
            principal_resource_id: grant.principal.to_arc(),
            external_id,
            needs_expansion: expansion.is_some(),
            expansion,
            data,
        }
    }

    /// The row of a grant that follows from others: of the canonical id, immutable, with its sources, which are encoded
    /// by [`encode_sources`](crate::encode_sources).
    pub fn encode_expanded(
        &mut self,
        entitlement: &EntitlementRef,
        principal_type: &Arc<str>,
        principal_id: &Arc<str>,
        sources: &[u8],
    ) -> GrantRow {
        let external_id = [&*entitlement.id, ":", principal_type, ":", principal_id].concat();
        if self.immutable.is_empty() {
            let mark = connector_proto::any::pack(&wire::GrantImmutable::default());
            put_len(ANNOTATIONS, mark.encoded_len(), &mut self.immutable);
            self.immutable.extend_from_slice(&mark.encode_to_vec());
        }
        let more = self.immutable.len() + sources.len();
        let mut data = self.ids(entitlement, principal_type, principal_id, &external_id, more);
        data.extend_from_slice(&self.immutable);
        data.extend_from_slice(sources);
        GrantRow {
            resource_type_id: entitlement.resource.resource_type().to_arc(),
            resource_id: entitlement.resource.to_arc(),
            entitlement_id: entitlement.id.clone(),
            principal_resource_type_id: principal_type.clone(),
            principal_resource_id: principal_id.clone(),
            external_id,
            expansion: None,
            needs_expansion: false,
            data,
        }
    }

    /// The ids of a grant as its message has them, with room for more bytes.
    fn ids(
        &mut self,
        of: &EntitlementRef,
        principal_type: &str,
        principal_id: &str,
        id: &str,
        more: usize,
    ) -> Vec<u8> {
        if self.last.as_ref().is_none_or(|(last, _)| !is_same(last, of)) {
            self.last = Some((of.clone(), entitlement_field(of)));
        }
        let entitlement = self.last.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        let identity = text_len(principal_type) + text_len(principal_id);
        let resource = 1 + encoded_len_varint(identity as u64) + identity;
        let size = entitlement.len() + 1 + encoded_len_varint(resource as u64) + resource + text_len(id);
        let mut out = Vec::with_capacity(size + more);
        out.extend_from_slice(entitlement);
        put_len(PRINCIPAL, resource, &mut out);
        put_len(RESOURCE_ID, identity, &mut out);
        put_text(TYPE, principal_type, &mut out);
        put_text(RESOURCE, principal_id, &mut out);
        put_text(ID, id, &mut out);
        out
    }
}

/// A page of grants shares the pointer, so the text is rarely compared.
fn is_same(a: &EntitlementRef, b: &EntitlementRef) -> bool {
    (Arc::ptr_eq(&a.id, &b.id) || a.id == b.id)
        && a.resource == b.resource
        && a.resource.is_baton_resource() == b.resource.is_baton_resource()
}

fn entitlement_field(entitlement: &EntitlementRef) -> Vec<u8> {
    let id = wire::ResourceId {
        resource_type: entitlement.resource.resource_type().as_str().to_owned(),
        resource: entitlement.resource.id().to_owned(),
        baton_resource: entitlement.resource.is_baton_resource(),
    };
    let message = wire::Entitlement {
        resource: Some(wire::Resource { id: Some(id), ..Default::default() }),
        id: entitlement.id.to_string(),
        ..Default::default()
    };
    let mut out = Vec::new();
    put_len(ENTITLEMENT, message.encoded_len(), &mut out);
    out.extend_from_slice(&message.encode_to_vec());
    out
}

/// A grant with more than its ids, by way of the message.
fn detailed(grant: &Grant) -> Vec<u8> {
    let mut message = grant.to_wire();
    let mut annotations = Annotations::from(std::mem::take(&mut message.annotations));
    annotations.remove::<wire::GrantExpandable>();
    message.annotations = annotations.into_inner();
    let sources = message.sources.take();
    let mut out = message.encode_to_vec();
    // Not by prost: see `put_map`.
    if let Some(sources) = sources {
        let sources = sources.sources.iter().map(|(id, source)| (id.as_str(), source.is_direct));
        out.extend_from_slice(&encode_sources(sources));
    }
    out
}

pub(crate) fn put_len(field: u32, len: usize, out: &mut Vec<u8>) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(len as u64, out);
}

pub(crate) fn put_text(field: u32, text: &str, out: &mut Vec<u8>) {
    put_len(field, text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// A text field with its key (one byte for these fields) and length.
pub(crate) fn text_len(text: &str) -> usize {
    1 + encoded_len_varint(text.len() as u64) + text.len()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use connector_model::{Expandable, Result};
    use proptest::prelude::*;

    use super::*;

    fn id() -> impl Strategy<Value = ResourceId> {
        ("[a-z]{1,8}", "\\PC{1,40}", any::<bool>()).prop_map(|(t, id, mark)| {
            connector_model::ResourceTypeId::new(t).unwrap().resource(id).unwrap().with_baton_resource(mark)
        })
    }

    proptest! {
        /// The oracle is the generated code of the message.
        #[test]
        fn field_by_field_is_what_the_message_encodes_to(
            resources in proptest::collection::vec((id(), "[a-z ]{1,20}"), 1..3),
            principals in proptest::collection::vec((id(), 0usize..3), 1..12),
        ) {
            let mut encoder = GrantEncoder::default();
            for (principal, of) in principals {
                let (resource, slug) = &resources[of % resources.len()];
                let grant = Grant::new(EntitlementRef::canonical(resource, slug), principal);
                let row = encoder.encode(&grant);
                prop_assert_eq!(&row.data, &grant.to_wire().encode_to_vec());
                prop_assert_eq!(row.external_id, grant.to_wire().id);
            }
        }
    }

    #[test]
    fn the_expansion_is_in_its_column_only() -> Result<()> {
        let group = ResourceId::new("group", "g")?;
        let expandable = |ids: &[&str]| Expandable {
            entitlement_ids: ids.iter().map(|s| (*s).to_owned()).collect(),
            shallow: true,
            resource_type_ids: vec![],
        };
        let grant = Grant::new(EntitlementRef::canonical(&group, "member"), group.clone());
        let row = GrantEncoder::default().encode(&grant.clone().expanding(expandable(&["a"])));
        assert!(row.needs_expansion);
        assert_eq!(wire::GrantExpandable::decode(&*row.expansion.unwrap()).unwrap().entitlement_ids, ["a"]);
        assert!(wire::Grant::decode(&*row.data).unwrap().annotations.is_empty());
        let blank = GrantEncoder::default().encode(&grant.expanding(expandable(&[" "])));
        assert_eq!((blank.expansion, blank.needs_expansion), (None, false));
        Ok(())
    }

    /// The oracle is the encoder of whole grants.
    #[test]
    fn an_expanded_grant_is_an_immutable_one_with_sources() -> Result<()> {
        let group = ResourceId::new("group", "g")?;
        let user = ResourceId::new("user", "zo\u{eb}")?;
        let of = EntitlementRef::canonical(&group, "member");
        let mut grant = Grant::new(of.clone(), user.clone()).immutable();
        grant.details.get_or_insert_default().sources =
            [("d".to_owned(), true), ("e".to_owned(), false)].into();
        let mut encoder = GrantEncoder::default();
        let sources = encode_sources([("d", true), ("e", false)]);
        for _ in 0..2 {
            let row = encoder.encode_expanded(&of, &user.resource_type().to_arc(), &user.to_arc(), &sources);
            assert_eq!(row, GrantEncoder::default().encode(&grant));
        }
        Ok(())
    }

    #[test]
    fn a_source_that_is_not_direct_has_an_empty_value() -> Result<()> {
        let group = ResourceId::new("group", "g")?;
        let mut grant = Grant::new(EntitlementRef::canonical(&group, "member"), group);
        grant.details.get_or_insert_default().sources =
            [("d".to_owned(), true), ("e".to_owned(), false)].into();
        let data = GrantEncoder::default().encode(&grant).data;
        // As protobuf for Python writes it: field 5 holds two entries of field 1, each with key and value.
        let sources = b"\x2a\x10\x0a\x07\x0a\x01d\x12\x02\x08\x01\x0a\x05\x0a\x01e\x12\x00";
        assert!(data.ends_with(sources), "{}", data.escape_ascii());
        assert_eq!(wire::Grant::decode(&*data).unwrap(), grant.to_wire());
        Ok(())
    }
}
