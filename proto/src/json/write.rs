//! Message to JSON.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use prost_reflect::{DynamicMessage, Kind, ReflectMessage as _, Value as Field};
use prost_types::Any;
use serde_json::{Map, Value, json};

use super::{Error, decode, descriptor, has_own_form, is_wrapper};
use crate::any::type_name;

/// How many messages may lie around an `Any` that is opened. Each opening starts a decoder with a limit of its own
/// (100, prost's), so this bounds the stack that a hostile chain of `Any` in `Any` can take.
const ANY_DEPTH: usize = 32;

pub(super) fn message(message: &DynamicMessage, depth: usize) -> Result<Value, Error> {
    let descriptor = message.descriptor();
    let Some(well_known) = descriptor.full_name().strip_prefix("google.protobuf.") else {
        return fields(message, depth).map(Value::Object);
    };
    match well_known {
        "Any" => Ok(any(message, depth)),
        "Timestamp" | "Duration" | "FieldMask" => {
            serde_json::to_value(message).map_err(|e| no_form(message, e))
        }
        "Struct" | "ListValue" => match message.fields().next() {
            Some((field, value)) => single(message, value, &field.kind(), depth),
            None if well_known == "Struct" => Ok(json!({})),
            None => Ok(json!([])),
        },
        "Value" => match message.fields().next() {
            Some((_, Field::F64(number))) if !number.is_finite() => {
                Err(no_form(message, format_args!("the number is {number}")))
            }
            Some((field, value)) => single(message, value, &field.kind(), depth),
            None => Ok(Value::Null),
        },
        name if is_wrapper(name) => match message.descriptor().get_field(1) {
            Some(field) => single(message, &message.get_field(&field), &field.kind(), depth),
            None => Err(no_form(message, "the wrapper has no value field")),
        },
        _ => fields(message, depth).map(Value::Object),
    }
}

fn fields(message: &DynamicMessage, depth: usize) -> Result<Map<String, Value>, Error> {
    let mut object = Map::new();
    for (field, value) in message.fields() {
        if field.supports_presence() || !value.is_default_for_field(&field) {
            let json = single(message, value, &field.kind(), depth)?;
            object.insert(field.json_name().to_owned(), json);
        }
    }
    Ok(object)
}

/// A field's value, `kind` being that of the field, or of a map's entry.
fn single(parent: &DynamicMessage, value: &Field, kind: &Kind, depth: usize) -> Result<Value, Error> {
    Ok(match value {
        Field::Bool(v) => json!(v),
        Field::I32(v) => json!(v),
        Field::U32(v) => json!(v),
        Field::I64(v) => json!(v.to_string()),
        Field::U64(v) => json!(v.to_string()),
        Field::F32(v) => float(shortest(*v)),
        Field::F64(v) => float(*v),
        Field::String(v) => json!(v),
        Field::Bytes(v) => json!(BASE64_STANDARD.encode(v)),
        Field::EnumNumber(number) => enum_value(*number, kind),
        Field::Message(v) => message(v, depth + 1)?,
        Field::List(items) => {
            let items = items.iter().map(|v| single(parent, v, kind, depth));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Field::Map(entries) => {
            let value_kind = match kind {
                Kind::Message(entry) if entry.is_map_entry() => entry.map_entry_value_field().kind(),
                _ => return Err(no_form(parent, "a map without an entry type")),
            };
            let sorted: BTreeMap<String, &Field> = entries
                .iter()
                .map(|(key, v)| (Field::from(key.clone()), v))
                .map(|(key, v)| (key_text(&key), v))
                .collect();
            let mut object = Map::new();
            for (key, v) in sorted {
                object.insert(key, single(parent, v, &value_kind, depth)?);
            }
            Value::Object(object)
        }
    })
}

fn any(message: &DynamicMessage, depth: usize) -> Value {
    let text = |number| {
        let field = message.get_field_by_number(number);
        field.and_then(|f| f.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let bytes = message.get_field_by_number(2).and_then(|f| f.as_bytes().map(|b| b.to_vec()));
    let any = Any { type_url: text(1), value: bytes.unwrap_or_default() };
    if any == Any::default() {
        return json!({});
    }
    open(&any, depth)
        .unwrap_or_else(|| json!({"@type": any.type_url, "value": BASE64_STANDARD.encode(&any.value)}))
}

/// The JSON of an `Any` by its content, if that is to be had.
fn open(any: &Any, depth: usize) -> Option<Value> {
    if depth > ANY_DEPTH {
        return None;
    }
    let content = decode(descriptor(type_name(any)).ok()?, &any.value).ok()?;
    let mut object = Map::new();
    object.insert("@type".to_owned(), json!(any.type_url));
    if has_own_form(type_name(any)) {
        object.insert("value".to_owned(), message(&content, depth + 1).ok()?);
    } else {
        object.extend(fields(&content, depth + 1).ok()?);
    }
    Some(Value::Object(object))
}

/// The name, or the number where it has none; `NullValue` is null.
fn enum_value(number: i32, kind: &Kind) -> Value {
    match kind {
        Kind::Enum(e) if e.full_name() == "google.protobuf.NullValue" => Value::Null,
        Kind::Enum(e) => e.get_value(number).map_or(json!(number), |v| json!(v.name())),
        _ => json!(number),
    }
}

/// The shortest decimal that reads as this `f32`; widening alone would print 0.1 as 0.10000000149011612.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// Whole numbers without a fraction, as other writers print them; what JSON numbers cannot be as a string.
fn float(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else if value.fract() == 0.0 && value.abs() <= EXACT && !(value == 0.0 && value.is_sign_negative()) {
        json!(value as i64)
    } else {
        json!(value)
    }
}

fn key_text(key: &Field) -> String {
    match key {
        Field::String(text) => text.clone(),
        Field::Bool(v) => v.to_string(),
        Field::I32(v) => v.to_string(),
        Field::I64(v) => v.to_string(),
        Field::U32(v) => v.to_string(),
        Field::U64(v) => v.to_string(),
        _ => String::new(), // no other type can be a key
    }
}

fn no_form(message: &DynamicMessage, reason: impl ToString) -> Error {
    Error::NoForm { name: message.descriptor().full_name().to_owned(), reason: reason.to_string() }
}
