//! Whatever a message holds, encoding and JSON give it back.

use std::fmt::Debug;

use connector_proto::{
    any::{pack, unpack},
    c1::{
        connector::v2::{
            Entitlement, Grant, GrantSources, InvokeActionRequest, Resource, ResourceId, Status, UserTrait,
            grant_sources::GrantSource, user_trait::Email,
        },
        reader::v2::{CallStat, SyncStats},
    },
    json::{from_json, to_json},
};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
};
use prost::{Message, Name};
use prost_types::{Any, Duration, ListValue, Struct, Timestamp, Value, value::Kind};

fn timestamp() -> impl Strategy<Value = Timestamp> {
    // Years 1 to 9999, as the JSON form allows.
    (-62_135_596_800_i64..=253_402_300_799, 0..1_000_000_000)
        .prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}

fn duration() -> impl Strategy<Value = Duration> {
    // 10,000 years either way; both parts have one sign.
    (0..=315_576_000_000_i64, 0..1_000_000_000, any::<bool>()).prop_map(|(seconds, nanos, negative)| {
        let nanos = if seconds == 315_576_000_000 { 0 } else { nanos };
        let sign = if negative { -1 } else { 1 };
        Duration { seconds: seconds * i64::from(sign), nanos: nanos * sign }
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Kind::NullValue(0)),
        any::<bool>().prop_map(Kind::BoolValue),
        prop_oneof![any::<i32>().prop_map(f64::from), -1e300..1e300_f64, Just(0.1)]
            .prop_map(Kind::NumberValue),
        any::<String>().prop_map(Kind::StringValue),
    ]
    .prop_map(|kind| Value { kind: Some(kind) });
    leaf.prop_recursive(3, 16, 4, |inner| {
        let list = vec(inner.clone(), 0..4).prop_map(|values| Kind::ListValue(ListValue { values }));
        let fields =
            btree_map(any::<String>(), inner, 0..4).prop_map(|fields| Kind::StructValue(Struct { fields }));
        prop_oneof![list, fields].prop_map(|kind| Value { kind: Some(kind) })
    })
}

fn structure() -> impl Strategy<Value = Struct> {
    btree_map(any::<String>(), value(), 0..4).prop_map(|fields| Struct { fields })
}

fn resource_id() -> impl Strategy<Value = ResourceId> {
    (any::<String>(), any::<String>(), any::<bool>()).prop_map(|(resource_type, resource, baton_resource)| {
        ResourceId { resource_type, resource, baton_resource }
    })
}

fn user_trait() -> impl Strategy<Value = UserTrait> {
    let emails = vec((any::<String>(), any::<bool>()), 0..3);
    (emails, option::of(structure()), 0..5, any::<String>(), option::of(timestamp())).prop_map(
        |(emails, profile, account_type, login, last_login)| UserTrait {
            emails: emails.into_iter().map(|(address, is_primary)| Email { address, is_primary }).collect(),
            profile,
            account_type, // 4 has no name yet
            login,
            last_login,
            ..UserTrait::default()
        },
    )
}

fn annotation() -> impl Strategy<Value = Any> {
    let unknown = ("[a-z./]{0,20}", vec(any::<u8>(), 0..20))
        .prop_map(|(name, value)| Any { type_url: format!("type.googleapis.com/acme.{name}"), value });
    prop_oneof![
        unknown,
        user_trait().prop_map(|m| pack(&m)),
        resource_id().prop_map(|m| pack(&pack(&m))),
        value().prop_map(|m| Any {
            type_url: "type.googleapis.com/google.protobuf.Value".to_owned(),
            value: m.encode_to_vec(),
        }),
        duration().prop_map(|m| pack(&m)),
    ]
}

fn resource() -> impl Strategy<Value = Resource> {
    let status = (0..6, any::<String>()).prop_map(|(status, details)| Status { status, details });
    (
        option::of(resource_id()),
        option::of(resource_id()),
        any::<String>(),
        vec(annotation(), 0..4),
        option::of(structure()),
        option::of(status),
        option::of(timestamp()),
    )
        .prop_map(|(id, parent_resource_id, display_name, annotations, profile, status, created_at)| {
            Resource {
                id,
                parent_resource_id,
                display_name,
                annotations,
                profile,
                status,
                created_at,
                ..Resource::default()
            }
        })
}

fn grant() -> impl Strategy<Value = Grant> {
    let source = any::<bool>().prop_map(|is_direct| GrantSource { is_direct });
    let sources = btree_map(any::<String>(), source, 0..5).prop_map(|sources| GrantSources { sources });
    (option::of(resource()), option::of(resource()), any::<String>(), option::of(sources)).prop_map(
        |(resource, principal, id, sources)| Grant {
            entitlement: Some(Entitlement { resource, ..Entitlement::default() }),
            principal,
            id,
            sources,
            ..Grant::default()
        },
    )
}

fn stats() -> impl Strategy<Value = SyncStats> {
    let call = (any::<i64>(), any::<i64>()).prop_map(|(count, max_ms)| CallStat {
        count,
        max_ms,
        ..CallStat::default()
    });
    (any::<i64>(), btree_map(any::<String>(), any::<i64>(), 0..5), btree_map(any::<String>(), call, 0..5))
        .prop_map(|(grants, resources_by_resource_type, connector_call_stats)| SyncStats {
            grants,
            resources_by_resource_type,
            connector_call_stats,
            ..SyncStats::default()
        })
}

fn round_trips<M: Message + Name + Default + PartialEq + Debug>(message: &M) -> Result<(), TestCaseError> {
    prop_assert_eq!(&M::decode(&*message.encode_to_vec())?, message);
    let unpacked = unpack::<M>(&pack(message))?;
    prop_assert_eq!(unpacked.as_ref(), Some(message));
    let json = to_json(message)?;
    prop_assert_eq!(&from_json::<M>(&json)?, message, "{}", json);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn resources(message in resource()) {
        round_trips(&message)?;
    }

    #[test]
    fn grants(message in grant()) {
        round_trips(&message)?;
    }

    #[test]
    fn statistics(message in stats()) {
        round_trips(&message)?;
    }

    #[test]
    fn durations(inline_wait in duration(), args in structure()) {
        round_trips(&InvokeActionRequest {
            inline_wait: Some(inline_wait),
            args: Some(args),
            ..InvokeActionRequest::default()
        })?;
    }
}
