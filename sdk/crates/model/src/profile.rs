//! Profiles: the free attributes of a resource.

use std::borrow::Cow;

use prost_types::{Struct, Value, value::Kind};

/// Attributes by name, as they stand in a `google.protobuf.Struct`. The order
/// is that of the names, so the encoding is deterministic.
///
/// A page holds thousands of these, so they are kept small: names written in
/// the source take no room, and there is one allocation for all attributes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile(Vec<(Cow<'static, str>, Value)>);

impl Profile {
    /// No attribute.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<ProfileValue>) -> &mut Self {
        let (key, value) = (key.into(), value.into().0);
        match self.find(&key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
        self
    }

    /// Sets an attribute where there is a value that is not empty.
    pub fn set_some<V: Into<ProfileValue>>(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        value: Option<V>,
    ) -> &mut Self {
        match value.map(Into::into) {
            Some(value) if !matches!(&value.0.kind, Some(Kind::StringValue(s)) if s.is_empty()) => {
                self.set(key, value)
            }
            _ => self,
        }
    }

    /// A text attribute.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Kind::StringValue(text) => Some(text),
            _ => None,
        }
    }

    /// A number attribute.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Kind::NumberValue(number) => Some(*number),
            _ => None,
        }
    }

    fn get(&self, key: &str) -> Option<&Kind> {
        let at = self.find(key).ok()?;
        self.0[at].1.kind.as_ref()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(k, _)| (**k).cmp(key))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The wire form.
    pub fn into_wire(self) -> Struct {
        Struct { fields: self.0.into_iter().map(|(key, value)| (key.into_owned(), value)).collect() }
    }
}

impl From<Struct> for Profile {
    fn from(wire: Struct) -> Self {
        Self(wire.fields.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl<K: Into<Cow<'static, str>>, V: Into<ProfileValue>> FromIterator<(K, V)> for Profile {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut profile = Self::new();
        for (key, value) in iter {
            profile.set(key, value);
        }
        profile
    }
}

impl<K: Into<Cow<'static, str>>, V: Into<ProfileValue>, const N: usize> From<[(K, V); N]> for Profile {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

/// A value of an attribute: text, number, truth value, list, or an attribute
/// set of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileValue(Value);

macro_rules! value_from {
    ($($from:ty => |$v:ident| $kind:expr;)*) => {$(
        impl From<$from> for ProfileValue {
            fn from($v: $from) -> Self {
                Self(Value { kind: Some($kind) })
            }
        }
    )*};
}

value_from! {
    &str => |v| Kind::StringValue(v.to_owned());
    String => |v| Kind::StringValue(v);
    bool => |v| Kind::BoolValue(v);
    f64 => |v| Kind::NumberValue(v);
    i32 => |v| Kind::NumberValue(f64::from(v));
    u32 => |v| Kind::NumberValue(f64::from(v));
    Profile => |v| Kind::StructValue(v.into_wire());
    Vec<ProfileValue> => |v| Kind::ListValue(prost_types::ListValue {
        values: v.into_iter().map(|v| v.0).collect(),
    });
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn attributes_are_set_and_replaced() {
        let mut profile = Profile::from([("name", "Ada"), ("role", "viewer")]);
        profile.set("role", "creator").set("logins", 3).set("active", true);
        assert_eq!(profile.text("name"), Some("Ada"));
        assert_eq!(profile.text("role"), Some("creator"));
        assert_eq!(profile.text("logins"), None, "a number is no text");
        assert_eq!(profile.text("site"), None);
    }

    #[test]
    fn what_is_empty_is_left_out_and_what_is_zero_is_not() {
        let mut profile = Profile::new();
        profile.set_some("a", None::<String>).set_some("b", Some(""));
        assert!(profile.is_empty());
        profile.set_some("c", Some(0)).set_some("d", Some(false)).set_some("e", Some("x"));
        let names: Vec<_> = profile.into_wire().fields.into_keys().collect();
        assert_eq!(names, ["c", "d", "e"]);
    }

    /// A file's content must not depend on the order in which attributes were
    /// set.
    #[test]
    fn the_bytes_do_not_depend_on_the_order() {
        let one = Profile::from([("a", 1), ("b", 2), ("c", 3)]);
        let other = Profile::from([("c", 3), ("a", 1), ("b", 2)]);
        assert_eq!(one.into_wire().encode_to_vec(), other.into_wire().encode_to_vec());
    }

    /// The JSON form is what people see, and what says that the kinds are
    /// right.
    #[test]
    fn every_kind_of_value_has_its_json() -> Result<(), connector_proto::json::Error> {
        let mut profile = Profile::from([("text", "x")]);
        profile
            .set("owned", "y".to_owned())
            .set("bool", false)
            .set("number", 1.5)
            .set("signed", -1)
            .set("unsigned", u32::MAX)
            .set("list", vec![ProfileValue::from("a"), ProfileValue::from(2)])
            .set("inner", Profile::from([("k", "v")]));
        let bytes = profile.into_wire().encode_to_vec();
        let json = connector_proto::json::bytes_to_json("google.protobuf.Struct", &bytes)?;
        let expected = serde_json::json!({
            "text": "x", "owned": "y", "bool": false, "number": 1.5, "signed": -1,
            "unsigned": 4_294_967_295_u32, "list": ["a", 2], "inner": {"k": "v"},
        });
        assert_eq!(json, expected);
        Ok(())
    }
}
