//! The same message is the same bytes and the same text, in whatever order it was filled.

use connector_proto::{
    any::pack,
    c1::connector::v2::{Grant, GrantSources, Resource, UserTrait, grant_sources::GrantSource},
    json::{json_to_bytes, to_json},
};
use prost::Message as _;
use prost_types::{Struct, Value, value::Kind};
use serde_json::{Map, Value as Json, json};

const KEYS: [&str; 6] = ["delta", "alpha", "échelon", "charlie", "", "bravo"];

fn grant<'a>(keys: impl Iterator<Item = &'a str>) -> Grant {
    let sources = keys.map(|key| (key.to_owned(), GrantSource { is_direct: true })).collect();
    Grant { sources: Some(GrantSources { sources }), ..Grant::default() }
}

fn user<'a>(keys: impl Iterator<Item = &'a str>) -> Resource {
    let value = |key: &str| Value { kind: Some(Kind::StringValue(key.to_owned())) };
    let fields = keys.map(|key| (key.to_owned(), value(key))).collect();
    let user = UserTrait { profile: Some(Struct { fields }), ..UserTrait::default() };
    Resource { annotations: vec![pack(&user)], ..Resource::default() }
}

#[test]
fn maps_encode_in_the_order_of_their_keys() {
    let (there, back) = (grant(KEYS.into_iter()), grant(KEYS.into_iter().rev()));
    let bytes = there.encode_to_vec();
    assert_eq!(bytes, back.encode_to_vec());
    let position = |key: &[u8]| bytes.windows(key.len()).position(|w| w == key);
    assert!(position(b"alpha") < position(b"bravo"));
    assert!(position(b"bravo") < position(b"charlie"));
    assert!(position(b"charlie") < position(b"delta"));
}

#[test]
fn json_prints_maps_in_the_order_of_their_keys() {
    let text = |r: &Resource| to_json(r).expect("it has a JSON form").to_string();
    let there = text(&user(KEYS.into_iter()));
    assert_eq!(there, text(&user(KEYS.into_iter().rev())));
    let profile = r#""profile":{"":"","alpha":"alpha","bravo":"bravo","charlie":"charlie","delta":"delta","échelon":"échelon"}"#;
    assert!(there.contains(profile), "{there}");
}

#[test]
fn json_reads_to_the_same_bytes_as_the_types_encode() {
    let object = |keys: &mut dyn Iterator<Item = &str>| -> Json {
        keys.map(|k| (k.to_owned(), json!(k))).collect::<Map<_, _>>().into()
    };
    let resource = |profile: Json| {
        let user = json!({"profile": profile, "@type": "type.googleapis.com/c1.connector.v2.UserTrait"});
        json_to_bytes("c1.connector.v2.Resource", &json!({"annotations": [user]})).expect("it fits")
    };
    let expected = user(KEYS.into_iter()).encode_to_vec();
    assert_eq!(resource(object(&mut KEYS.into_iter())), expected);
    assert_eq!(resource(object(&mut KEYS.into_iter().rev())), expected);
}
