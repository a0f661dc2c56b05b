//! `connector_proto::json` beyond what the golden files show: unknown and broken `Any`s, order, limits, errors.

use connector_proto::{
    any::pack,
    c1::{
        connector::v2::{ETag, GrantsServiceListGrantsRequest, RawId, Resource, ResourceId, Status},
        transport::v1::Request,
    },
    json::{Error, bytes_to_json, from_json, json_to_bytes, to_json},
};
use prost::Message as _;
use prost_types::{Any, Timestamp};
use serde_json::{Value, json};

const UNKNOWN: &str = "type.googleapis.com/acme.v1.Future";

fn any(type_url: &str, value: &[u8]) -> Any {
    Any { type_url: type_url.to_owned(), value: value.to_vec() }
}

fn annotated(annotations: Vec<Any>) -> Resource {
    Resource { annotations, ..Resource::default() }
}

#[track_caller]
fn there_and_back(resource: &Resource) -> Value {
    let json = to_json(resource).expect("it has a JSON form");
    assert_eq!(from_json::<Resource>(&json).expect("it reads back"), *resource);
    json
}

#[test]
fn an_any_of_unknown_type_is_kept_as_name_and_base64() {
    let raw = RawId { id: "r".to_owned() };
    let json = there_and_back(&annotated(vec![any(UNKNOWN, &[0, 255]), pack(&raw)]));
    let expected = json!({"annotations": [
        {"@type": UNKNOWN, "value": "AP8="},
        {"@type": "type.googleapis.com/c1.connector.v2.RawId", "id": "r"},
    ]});
    assert_eq!(json, expected);
}

#[test]
fn an_unknown_any_in_an_any_is_kept() {
    let inner = annotated(vec![any(UNKNOWN, b"\x01")]);
    let json = there_and_back(&annotated(vec![pack(&pack(&inner))]));
    let opened = &json["annotations"][0]["value"];
    assert_eq!(opened["@type"], "type.googleapis.com/c1.connector.v2.Resource");
    assert_eq!(opened["annotations"][0], json!({"@type": UNKNOWN, "value": "AQ=="}));
}

#[test]
fn an_any_whose_bytes_do_not_decode_is_kept() {
    let url = "type.googleapis.com/c1.connector.v2.UserTrait";
    let json = there_and_back(&annotated(vec![any(url, &[0xff])]));
    assert_eq!(json["annotations"][0], json!({"@type": url, "value": "/w=="}));
}

#[test]
fn an_any_that_json_has_no_form_for_is_kept() {
    let late = Timestamp { seconds: 253_402_300_800, nanos: 0 };
    let json = there_and_back(&annotated(vec![pack(&late)]));
    assert!(json["annotations"][0]["value"].is_string());
    assert!(matches!(to_json(&late), Err(Error::NoForm { .. })));
}

#[test]
fn an_any_without_a_type_is_kept() {
    assert_eq!(there_and_back(&annotated(vec![Any::default()])), json!({"annotations": [{}]}));
    let json = there_and_back(&annotated(vec![any("", b"\x01")]));
    assert_eq!(json["annotations"][0], json!({"@type": "", "value": "AQ=="}));
}

#[test]
fn an_empty_stands_under_value_as_go_prints_it() {
    let url = "type.googleapis.com/google.protobuf.Empty";
    let json = there_and_back(&annotated(vec![any(url, &[])]));
    assert_eq!(json["annotations"][0], json!({"@type": url, "value": {}}));
}

#[test]
fn broken_bytes_of_a_type_with_a_value_string_come_back_as_that_string() {
    let url = "type.googleapis.com/c1.connector.v2.ETag";
    let json = to_json(&annotated(vec![any(url, &[0xff])])).expect("it has a JSON form");
    let back: Resource = from_json(&json).expect("it reads");
    let tag = ETag { value: "/w==".to_owned(), ..ETag::default() };
    assert_eq!(back, annotated(vec![pack(&tag)]));
}

#[test]
fn a_long_chain_of_anys_ends_in_base64_instead_of_the_stack() {
    let mut chain = any(UNKNOWN, &[]);
    for _ in 0..2_000 {
        chain = pack(&chain);
    }
    let resource = annotated(vec![chain]);
    let json = there_and_back(&resource);
    let depth =
        std::iter::successors(Some(&json["annotations"][0]), |v| v["value"].is_object().then(|| &v["value"]));
    assert!(depth.count() < 40);
}

#[test]
fn members_stand_in_the_order_of_field_numbers() {
    let resource = Resource {
        id: Some(ResourceId { resource_type: "t".to_owned(), ..ResourceId::default() }),
        display_name: "d".to_owned(),
        description: "e".to_owned(),
        annotations: vec![any(UNKNOWN, &[])],
        status: Some(Status::default()),
        ..Resource::default()
    };
    let text = to_json(&resource).expect("it has a JSON form").to_string();
    let expected = r#"{"id":{"resourceType":"t"},"displayName":"d","annotations":[{"@type":"type.googleapis.com/acme.v1.Future","value":""}],"description":"e","status":{}}"#;
    assert_eq!(text, expected);
}

#[test]
fn fields_of_a_newer_format_do_not_disturb() {
    let mut bytes = RawId { id: "r".to_owned() }.encode_to_vec();
    bytes.extend(b"\xa2\x3e\x01x"); // field 996, length-delimited
    let json = bytes_to_json("c1.connector.v2.RawId", &bytes).expect("it has a JSON form");
    assert_eq!(json, json!({"id": "r"}));
}

#[test]
fn names_of_the_proto_file_read_too_and_null_is_the_default() {
    let json = json!({"page_size": "7", "pageToken": null, "activeSyncId": "s", "resource": null});
    let request: GrantsServiceListGrantsRequest = from_json(&json).expect("it fits");
    let expected = GrantsServiceListGrantsRequest {
        page_size: 7,
        active_sync_id: "s".to_owned(),
        ..GrantsServiceListGrantsRequest::default()
    };
    assert_eq!(request, expected);
}

#[track_caller]
fn unfit(name: &str, json: Value, part: &str) {
    let error = json_to_bytes(name, &json).expect_err("it does not fit");
    assert!(matches!(error, Error::Unfit { .. }), "{error:?}");
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn json_that_does_not_fit_says_what_and_where() {
    unfit("c1.connector.v2.Resource", json!([]), "an object was expected");
    unfit("c1.connector.v2.Resource", json!({"nom": 1}), "c1.connector.v2.Resource: it has no field \"nom\"");
    unfit("c1.connector.v2.Resource", json!({"id": {"resource": 1}}), "c1.connector.v2.ResourceId");
    unfit("c1.connector.v2.Resource", json!({"annotations": {}}), "an array was expected");
    unfit("c1.connector.v2.Resource", json!({"annotations": [{"id": "r"}]}), "@type");
    unfit("c1.connector.v2.Resource", json!({"createdAt": "yesterday"}), "google.protobuf.Timestamp");
    unfit("c1.connector.v2.Resource", json!({"displayName": "a", "display_name": "b"}), "a second time");
    unfit("c1.connector.v2.Event", json!({"grantEvent": {}, "usageEvent": {}}), "a second time");
    let no_base64 = json!({"req": {"@type": UNKNOWN, "value": "%"}});
    let error = from_json::<Request>(&no_base64).expect_err("it does not fit");
    assert!(matches!(error, Error::UnknownType(name) if name == "acme.v1.Future"));
}

#[test]
fn unknown_types_and_broken_bytes_are_errors_at_the_top() {
    assert!(matches!(bytes_to_json("acme.v1.Future", &[]), Err(Error::UnknownType(_))));
    assert!(matches!(bytes_to_json("c1.connector.v2.Resource", &[0xff]), Err(Error::Decode { .. })));
}

#[test]
fn deep_json_is_an_error_instead_of_the_stack() {
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "k": inner }));
    assert!(json_to_bytes("google.protobuf.Struct", &deep(20)).is_ok());
    unfit("google.protobuf.Struct", deep(1_000), "nested deeper");

    // A map of messages in a map of messages costs the same at every level.
    let field = |levels: usize| {
        (0..levels).fold(json!({}), |inner, _| json!({"mapField": {"defaultValue": {"k": inner}}}))
    };
    let name = "c1.connector.v2.ConnectorAccountCreationSchema.Field";
    assert!(json_to_bytes(name, &field(40)).is_ok());
    unfit(name, field(400), "nested deeper");
}
