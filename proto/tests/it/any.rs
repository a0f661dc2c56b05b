//! `connector_proto::any`.

use connector_proto::{
    any::{is, pack, type_name, unpack},
    c1::connector::v2::{GroupTrait, RawId, UserTrait, user_trait::Email},
};
use prost_types::Any;

#[test]
fn packs_under_the_url_that_other_writers_use() {
    let raw = RawId { id: "7".to_owned() };
    let any = pack(&raw);
    assert_eq!(any.type_url, "type.googleapis.com/c1.connector.v2.RawId");
    assert_eq!(any.value, b"\x0a\x017");
    assert_eq!(unpack::<RawId>(&any), Ok(Some(raw)));
}

#[test]
fn nested_messages_have_dotted_names() {
    let any = pack(&Email::default());
    assert_eq!(type_name(&any), "c1.connector.v2.UserTrait.Email");
}

#[test]
fn tells_types_apart_by_the_name_behind_the_last_slash() {
    let any = |url: &str| Any { type_url: url.to_owned(), value: Vec::new() };
    assert!(is::<UserTrait>(&any("example.com/a/c1.connector.v2.UserTrait")));
    assert!(is::<UserTrait>(&any("c1.connector.v2.UserTrait")));
    assert!(!is::<UserTrait>(&any("type.googleapis.com/c1.connector.v2.GroupTrait")));
    assert!(!is::<UserTrait>(&any("")));
    assert_eq!(unpack::<GroupTrait>(&any("type.googleapis.com/c1.connector.v2.UserTrait")), Ok(None));
}

#[test]
fn bytes_of_the_right_name_that_do_not_decode_are_an_error() {
    let mut any = pack(&UserTrait::default());
    any.value = vec![0xff];
    assert!(unpack::<UserTrait>(&any).is_err());
    assert_eq!(unpack::<GroupTrait>(&any), Ok(None));
}
