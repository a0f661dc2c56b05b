//! Any message of the wire, made from its descriptor. Nothing is listed by
//! hand, so a new field or trait takes part by itself.

use std::collections::{BTreeMap, HashMap};

use connector_proto::json::descriptor_pool;
use proptest::{collection::vec, option, prelude::*, strategy::Union};
use prost::Message as _;
use prost_reflect::{
    DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};
use prost_types::{Any, Struct, value::Kind as Json};

/// The package of all that the model converts.
pub(crate) const PACKAGE: &str = "c1.connector.v2";

/// The descriptor of a message of [`PACKAGE`].
pub(crate) fn descriptor(name: &str) -> MessageDescriptor {
    let name = format!("{PACKAGE}.{name}");
    descriptor_pool().get_message_by_name(&name).unwrap_or_else(|| panic!("no message {name}"))
}

/// The descriptor of an enum of [`PACKAGE`].
pub(crate) fn enumeration(name: &str) -> EnumDescriptor {
    let name = format!("{PACKAGE}.{name}");
    descriptor_pool().get_enum_by_name(&name).unwrap_or_else(|| panic!("no enum {name}"))
}

/// The traits that a resource type can declare: name (`SecurityInsight`) and
/// number.
pub(crate) fn trait_names() -> BTreeMap<String, i32> {
    let values = enumeration("ResourceType.Trait");
    values.values().filter(|v| v.number() != 0).map(|v| (camel(v.name(), "TRAIT_"), v.number())).collect()
}

/// `TRAIT_SECURITY_INSIGHT` without `TRAIT_` is `SecurityInsight`.
pub(crate) fn camel(name: &str, prefix: &str) -> String {
    let words = name.strip_prefix(prefix).unwrap_or(name).split('_');
    words.map(|w| [&w[..1], &w[1..].to_lowercase()].concat()).collect()
}

/// The fields without which a message is refused.
pub(crate) fn required(message: &MessageDescriptor) -> &'static [&'static str] {
    match message.name() {
        "ResourceType" => &["id"],
        "ResourceId" => &["resource_type", "resource"],
        "Resource" => &["id"],
        "Entitlement" => &["id", "resource"],
        "Grant" => &["id", "entitlement", "principal"],
        _ => &[],
    }
}

/// Any valid message of a type.
pub(crate) fn message(descriptor: &MessageDescriptor) -> BoxedStrategy<DynamicMessage> {
    let of = descriptor.clone();
    match descriptor.full_name() {
        "google.protobuf.Any" => return annotation().prop_map(move |any| like(&of, &any)).boxed(),
        "google.protobuf.Struct" => return structure().prop_map(move |s| like(&of, &s)).boxed(),
        _ => {}
    }
    let fields: Vec<_> = descriptor
        .fields()
        .map(|field| {
            let must = required(descriptor).contains(&field.name());
            let value = values(&field, must).prop_map(move |v| (field.clone(), v));
            if must { value.prop_map(Some).boxed() } else { option::of(value).boxed() }
        })
        .collect();
    fields
        .prop_map(move |fields| {
            let mut message = DynamicMessage::new(of.clone());
            for (field, value) in fields.into_iter().flatten() {
                message.set_field(&field, value);
            }
            message
        })
        .boxed()
}

fn values(field: &FieldDescriptor, filled: bool) -> BoxedStrategy<Value> {
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let value = single(&entry.map_entry_value_field().kind(), false);
        return vec((".{0,8}", value), 0..3)
            .prop_map(|pairs| {
                let pairs = pairs.into_iter().map(|(k, v)| (MapKey::String(k), v));
                Value::Map(pairs.collect::<HashMap<_, _>>())
            })
            .boxed();
    }
    let one = single(&field.kind(), filled);
    if field.is_list() { vec(one, 0..4).prop_map(Value::List).boxed() } else { one }
}

fn single(kind: &Kind, filled: bool) -> BoxedStrategy<Value> {
    match kind {
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::String if filled => "[a-z0-9:/é ]{1,12}".prop_map(Value::String).boxed(),
        Kind::String => ".{0,12}".prop_map(Value::String).boxed(),
        Kind::Uint32 => any::<u32>().prop_map(Value::U32).boxed(),
        Kind::Int32 => any::<i32>().prop_map(Value::I32).boxed(),
        Kind::Int64 => any::<i64>().prop_map(Value::I64).boxed(),
        Kind::Double => any::<i32>().prop_map(|n| Value::F64(n.into())).boxed(),
        // Known numbers, and one that is newer than we are.
        Kind::Enum(of) => {
            let numbers: Vec<_> = of.values().map(|v| v.number()).chain([7_777]).collect();
            proptest::sample::select(numbers).prop_map(Value::EnumNumber).boxed()
        }
        Kind::Message(of) => message(of).prop_map(Value::Message).boxed(),
        other => panic!("no field is a {other:?} yet; add it here"),
    }
}

/// An `Any` as resources, entitlements and grants carry them: traits, other
/// known messages, unknown ones, and traits that do not decode.
fn annotation() -> BoxedStrategy<Any> {
    let known = ["ChildResourceType", "GrantImmutable", "NonHumanIdentityTrait"];
    let traits = trait_names().into_keys().map(|name| format!("{name}Trait"));
    let packed = |name: &str| {
        let descriptor = descriptor(name);
        let type_url = format!("type.googleapis.com/{}", descriptor.full_name());
        message(&descriptor)
            .prop_map(move |m| Any { type_url: type_url.clone(), value: m.encode_to_vec() })
            .boxed()
    };
    prop_oneof![
        8 => Union::new(traits.map(|name| packed(&name))),
        4 => Union::new(known.map(packed)),
        4 => packed("GrantExpandable"), // often enough that one list has two
        2 => ("[a-z./]{0,12}", vec(any::<u8>(), 0..8)).prop_map(|(url, value)| Any { type_url: url, value }),
        1 => Just(Any {
            type_url: format!("type.googleapis.com/{PACKAGE}.UserTrait"),
            value: vec![0xff],
        }),
    ]
    .boxed()
}

/// At most one member a level: a [`DynamicMessage`] encodes maps in random
/// order, and annotations are compared by their bytes.
fn structure() -> impl Strategy<Value = Struct> {
    let leaf = prop_oneof![
        Just(Json::NullValue(0)),
        any::<bool>().prop_map(Json::BoolValue),
        any::<i32>().prop_map(|n| Json::NumberValue(n.into())),
        ".{0,8}".prop_map(Json::StringValue),
    ];
    let tree = leaf.prop_recursive(3, 8, 2, |inner| {
        let value = inner.prop_map(|kind| prost_types::Value { kind: Some(kind) }).boxed();
        prop_oneof![
            vec(value.clone(), 0..3).prop_map(|values| Json::ListValue(prost_types::ListValue { values })),
            (".{0,4}", value).prop_map(|pair| Json::StructValue(Struct { fields: [pair].into() })),
        ]
    });
    option::of((".{0,8}", tree)).prop_map(|member| Struct {
        fields: member.into_iter().map(|(k, kind)| (k, prost_types::Value { kind: Some(kind) })).collect(),
    })
}

fn like(descriptor: &MessageDescriptor, message: &impl prost::Message) -> DynamicMessage {
    let mut out = DynamicMessage::new(descriptor.clone());
    out.transcode_from(message).unwrap_or_else(|e| panic!("{}: {e}", descriptor.full_name()));
    out
}
