//! Each field that the descriptors know, set alone: it must survive the way
//! to the native type and back. A field that is new on the wire and forgotten
//! in the model fails here by its name.

use connector_model::{Entitlement, Grant, Resource, ResourceType, Trait, wire};
use connector_proto::json::descriptor_pool;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use prost_types::Any;

use crate::generate::{PACKAGE, descriptor, required};

/// The message of required fields alone.
fn minimal(of: &MessageDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields().filter(|f| required(of).contains(&f.name())) {
        let value = match field.kind() {
            Kind::Message(inner) => Value::Message(minimal(&inner)),
            _ => Value::String(field.name().to_owned()),
        };
        message.set_field(&field, value);
    }
    message
}

/// A message for each field of its type and of the types inside, with that
/// field set besides the required ones, and the path of the field.
fn one_field_each(of: &MessageDescriptor) -> Vec<(String, DynamicMessage)> {
    if of.package_name() != PACKAGE && !of.is_map_entry() {
        return vec![(String::new(), well_known(of))];
    }
    let mut out = vec![(String::new(), minimal(of))];
    for field in of.fields() {
        for (path, value) in field_values(&field) {
            let mut message = minimal(of);
            message.set_field(&field, value);
            out.push((format!(".{}{path}", field.name()), message));
        }
    }
    out
}

fn field_values(field: &FieldDescriptor) -> Vec<(String, Value)> {
    let kind = match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
        kind => kind,
    };
    let values: Vec<(String, Value)> = match kind {
        Kind::Message(inner) => {
            one_field_each(&inner).into_iter().map(|(path, m)| (path, Value::Message(m))).collect()
        }
        Kind::Enum(of) => {
            let numbers = of.values().map(|v| v.number()).filter(|n| *n != 0).chain([7_777]);
            numbers.map(|n| (format!("={n}"), Value::EnumNumber(n))).collect()
        }
        Kind::Bool => vec![(String::new(), Value::Bool(true))],
        Kind::String => vec![(String::new(), Value::String("other".to_owned()))],
        other => panic!("{}: no value of a {other:?} yet; add one here", field.full_name()),
    };
    let wrap = |value| match (field.is_map(), field.is_list()) {
        (true, _) => Value::Map([(MapKey::String("key".to_owned()), value)].into()),
        (_, true) => Value::List(vec![value.clone(), value]),
        _ => value,
    };
    values.into_iter().map(|(path, value)| (path, wrap(value))).collect()
}

fn well_known(of: &MessageDescriptor) -> DynamicMessage {
    let mut out = DynamicMessage::new(of.clone());
    let done = match of.full_name() {
        "google.protobuf.Any" => out.transcode_from(&Any {
            type_url: "type.googleapis.com/newer.Message".to_owned(),
            value: vec![1, 2, 3],
        }),
        "google.protobuf.Timestamp" => out.transcode_from(&prost_types::Timestamp { seconds: -1, nanos: 1 }),
        "google.protobuf.Struct" => {
            let yes = prost_types::Value { kind: Some(prost_types::value::Kind::BoolValue(true)) };
            out.transcode_from(&prost_types::Struct { fields: [("key".to_owned(), yes)].into() })
        }
        other => panic!("no value of {other} yet; add one here"),
    };
    done.expect("the descriptor is that of the type");
    out
}

/// Paths that are lost although they were set, `through` being the way to the
/// native type and back. Compared as dynamic messages, which also see fields
/// that the Rust types do not have.
fn lost(name: &str, through: impl Fn(&DynamicMessage) -> connector_model::Result<Vec<u8>>) -> Vec<String> {
    let of = descriptor(name);
    let cases = one_field_each(&of);
    assert!(cases.len() > of.fields().len(), "{name}: each field is set at least once");
    let lost = cases.into_iter().filter_map(|(path, message)| {
        let back = through(&message).map(|bytes| DynamicMessage::decode(of.clone(), &*bytes));
        match back {
            Ok(Ok(back)) if back == message => None,
            Ok(_) => Some(format!("{name}{path}")),
            Err(error) => Some(format!("{name}{path}: {error}")),
        }
    });
    lost.collect()
}

macro_rules! lost {
    ($type:ident) => {
        lost(stringify!($type), |message| {
            let message: wire::$type = message.transcode_to().expect("the type has this descriptor");
            Ok($type::from_wire(message)?.to_wire().encode_to_vec())
        })
    };
}

#[test]
fn no_field_of_a_resource_type_is_forgotten() {
    assert_eq!(lost!(ResourceType), [""; 0]);
}

#[test]
fn no_field_of_a_resource_is_forgotten() {
    assert_eq!(lost!(Resource), [""; 0]);
}

#[test]
fn no_field_of_an_entitlement_is_forgotten() {
    assert_eq!(lost!(Entitlement), [""; 0]);
}

#[test]
fn no_field_of_a_grant_is_forgotten() {
    // A list of sources with nothing in it means the same as no list.
    assert_eq!(lost!(Grant), ["Grant.sources"]);
}

/// The check above can fail: a way that drops one field is noticed.
#[test]
fn a_forgotten_field_is_noticed() {
    let lost = lost("Resource", |message| {
        let mut message: wire::Resource = message.transcode_to().expect("the type has this descriptor");
        message.icon = None;
        Ok(message.encode_to_vec())
    });
    assert_eq!(lost, ["Resource.icon", "Resource.icon.id"]);
}

/// Every trait message of the wire is a variant of `Trait`, but the one that
/// no resource type declares: that stays an annotation.
#[test]
fn no_trait_is_forgotten() {
    let package = descriptor_pool().all_messages().filter(|m| m.package_name() == PACKAGE);
    let unknown: Vec<String> = package
        .filter(|m| m.name().ends_with("Trait"))
        .map(|m| Any { type_url: format!("type.googleapis.com/{}", m.full_name()), value: Vec::new() })
        .filter(|any| Trait::from_any(any).is_none())
        .map(|any| any.type_url)
        .collect();
    assert_eq!(unknown, ["type.googleapis.com/c1.connector.v2.NonHumanIdentityTrait"]);
}
