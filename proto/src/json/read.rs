//! JSON to encoded message.
//!
//! Encodes directly, field by field, because a `DynamicMessage` keeps maps in random order and its own JSON reader
//! refuses an `Any` of unknown type. Single scalars and the small well-known types are left to it.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint},
};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use prost_types::{Any, ListValue, Struct, value::Kind as ValueKind};
use serde_json::{Map, Value};

use super::{Error, descriptor, has_own_form};
use crate::any::type_name;

/// How deep messages may lie in each other: enough for all that writing can print, small enough for any stack.
const MAX_DEPTH: usize = 150;

pub(super) fn message(descriptor: &MessageDescriptor, json: &Value, depth: usize) -> Result<Vec<u8>, Error> {
    if depth > MAX_DEPTH {
        return Err(unfit(descriptor, format_args!("it is nested deeper than {MAX_DEPTH} messages")));
    }
    match descriptor.full_name() {
        "google.protobuf.Any" => any(descriptor, json, depth).map(|any| any.encode_to_vec()),
        "google.protobuf.Struct" => Ok(structure(descriptor, json, depth)?.encode_to_vec()),
        "google.protobuf.ListValue" => Ok(list(descriptor, json, depth)?.encode_to_vec()),
        "google.protobuf.Value" => Ok(value(descriptor, json, depth)?.encode_to_vec()),
        name if has_own_form(name) => leaf(descriptor, json.clone()),
        _ => fields(descriptor, object(descriptor, json)?.iter(), depth),
    }
}

fn fields<'a>(
    descriptor: &MessageDescriptor,
    members: impl Iterator<Item = (&'a String, &'a Value)>,
    depth: usize,
) -> Result<Vec<u8>, Error> {
    let mut by_number = BTreeMap::new();
    let mut oneofs = BTreeSet::new();
    for (name, json) in members {
        let Some(field) =
            descriptor.get_field_by_json_name(name).or_else(|| descriptor.get_field_by_name(name))
        else {
            return Err(unfit(descriptor, format_args!("it has no field {name:?}")));
        };
        if json.is_null() && !is_value(&field.kind()) {
            continue; // null is the default of every other field
        }
        let again = by_number.contains_key(&field.number())
            || field.containing_oneof().is_some_and(|o| !oneofs.insert(o.name().to_owned()));
        if again {
            return Err(unfit(descriptor, format_args!("{name:?} is set a second time")));
        }
        by_number.insert(field.number(), one_field(descriptor, &field, json, depth)?);
    }
    Ok(by_number.into_values().flatten().collect())
}

fn one_field(
    parent: &MessageDescriptor,
    field: &FieldDescriptor,
    json: &Value,
    depth: usize,
) -> Result<Vec<u8>, Error> {
    let Kind::Message(inner) = field.kind() else {
        let member = (field.json_name().to_owned(), json.clone());
        return leaf(parent, Value::Object(Map::from_iter([member])));
    };
    let mut out = Vec::new();
    let mut put = |bytes: Vec<u8>| length_delimited(field, &bytes, &mut out);
    if field.is_map() {
        let sorted: BTreeMap<_, _> = object(parent, json)?.iter().collect();
        for (key, value) in sorted {
            put(map_entry(&inner, key, value, depth)?);
        }
    } else if field.is_list() {
        for item in array(parent, json)? {
            put(message(&inner, item, depth + 1)?);
        }
    } else {
        put(message(&inner, json, depth + 1)?);
    }
    Ok(out)
}

/// Key and value, either left out where it is the default, as the generated types encode them.
fn map_entry(entry: &MessageDescriptor, key: &str, json: &Value, depth: usize) -> Result<Vec<u8>, Error> {
    let mut out = one_field(entry, &entry.map_entry_key_field(), &Value::from(key), depth)?;
    let field = entry.map_entry_value_field();
    if let Kind::Message(inner) = field.kind() {
        let bytes = message(&inner, json, depth + 1)?;
        if !bytes.is_empty() {
            length_delimited(&field, &bytes, &mut out);
        }
    } else {
        out.extend(one_field(entry, &field, json, depth)?);
    }
    Ok(out)
}

fn length_delimited(field: &FieldDescriptor, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(field.number(), WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn any(any: &MessageDescriptor, json: &Value, depth: usize) -> Result<Any, Error> {
    let members = object(any, json)?;
    let type_url = match members.get("@type") {
        Some(Value::String(url)) => url.clone(),
        None if members.is_empty() => return Ok(Any::default()),
        _ => return Err(unfit(any, "it has no \"@type\" string")),
    };
    let mut out = Any { type_url, value: Vec::new() };
    let mut others = members.iter().filter(|(name, _)| *name != "@type");
    let opened = descriptor(type_name(&out)).and_then(|content| {
        if !has_own_form(content.full_name()) {
            fields(&content, others, depth + 1)
        } else {
            match (others.next(), others.next()) {
                (Some((name, json)), None) if name == "value" => message(&content, json, depth + 1),
                _ => Err(unfit(&content, "in an Any it has one member, \"value\"")),
            }
        }
    });
    out.value = match (opened, members.get("value")) {
        (Ok(bytes), _) => bytes,
        (Err(error), Some(Value::String(text))) if members.len() == 2 => {
            BASE64_STANDARD.decode(text).map_err(|_| error)?
        }
        (Err(error), _) => return Err(error),
    };
    Ok(out)
}

fn value(at: &MessageDescriptor, json: &Value, depth: usize) -> Result<prost_types::Value, Error> {
    if depth > MAX_DEPTH {
        return Err(unfit(at, format_args!("it is nested deeper than {MAX_DEPTH} values")));
    }
    let kind = match json {
        Value::Null => ValueKind::NullValue(0),
        Value::Bool(v) => ValueKind::BoolValue(*v),
        Value::Number(v) => match v.as_f64() {
            Some(v) => ValueKind::NumberValue(v),
            None => return Err(unfit(at, format_args!("{v} is not a double"))),
        },
        Value::String(v) => ValueKind::StringValue(v.clone()),
        Value::Array(_) => ValueKind::ListValue(list(at, json, depth)?),
        Value::Object(_) => ValueKind::StructValue(structure(at, json, depth)?),
    };
    Ok(prost_types::Value { kind: Some(kind) })
}

fn structure(at: &MessageDescriptor, json: &Value, depth: usize) -> Result<Struct, Error> {
    let members = object(at, json)?.iter();
    let fields = members.map(|(name, v)| Ok((name.clone(), value(at, v, depth + 1)?)));
    Ok(Struct { fields: fields.collect::<Result<_, Error>>()? })
}

fn list(at: &MessageDescriptor, json: &Value, depth: usize) -> Result<ListValue, Error> {
    let values = array(at, json)?.iter().map(|v| value(at, v, depth + 1));
    Ok(ListValue { values: values.collect::<Result<_, _>>()? })
}

/// What holds no `Any` and no map.
fn leaf(descriptor: &MessageDescriptor, json: Value) -> Result<Vec<u8>, Error> {
    let message = DynamicMessage::deserialize(descriptor.clone(), json);
    Ok(message.map_err(|e| unfit(descriptor, e))?.encode_to_vec())
}

fn is_value(kind: &Kind) -> bool {
    matches!(kind, Kind::Message(m) if m.full_name() == "google.protobuf.Value")
}

fn object<'a>(at: &MessageDescriptor, json: &'a Value) -> Result<&'a Map<String, Value>, Error> {
    json.as_object().ok_or_else(|| unfit(at, "an object was expected"))
}

fn array<'a>(at: &MessageDescriptor, json: &'a Value) -> Result<&'a Vec<Value>, Error> {
    json.as_array().ok_or_else(|| unfit(at, "an array was expected"))
}

fn unfit(descriptor: &MessageDescriptor, reason: impl ToString) -> Error {
    Error::Unfit { name: descriptor.full_name().to_owned(), reason: reason.to_string() }
}
