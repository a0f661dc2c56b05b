//! Profiles: the free attributes of a resource.

use std::collections::BTreeMap;

use prost_types::{Struct, Value, value::Kind};

/// Attributes by name, as they stand in a `google.protobuf.Struct`. The order
/// is that of the names, so the encoding is deterministic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile(Struct);

impl Profile {
    /// No attribute.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<ProfileValue>) -> &mut Self {
        self.0.fields.insert(key.into(), value.into().0);
        self
    }

    /// Sets an attribute where there is a value that is not empty.
    pub fn set_some<V: Into<ProfileValue>>(&mut self, key: &str, value: Option<V>) -> &mut Self {
        if let Some(value) = value.map(Into::into)
            && !matches!(&value.0.kind, Some(Kind::StringValue(s)) if s.is_empty())
        {
            self.0.fields.insert(key.to_owned(), value.0);
        }
        self
    }

    /// A text attribute.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.0.fields.get(key)?.kind.as_ref()? {
            Kind::StringValue(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.fields.is_empty()
    }

    /// The wire form.
    pub fn into_wire(self) -> Struct {
        self.0
    }
}

impl From<Struct> for Profile {
    fn from(wire: Struct) -> Self {
        Self(wire)
    }
}

impl<K: Into<String>, V: Into<ProfileValue>> FromIterator<(K, V)> for Profile {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let fields: BTreeMap<_, _> = iter.into_iter().map(|(k, v)| (k.into(), v.into().0)).collect();
        Self(Struct { fields })
    }
}

impl<K: Into<String>, V: Into<ProfileValue>, const N: usize> From<[(K, V); N]> for Profile {
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
    Profile => |v| Kind::StructValue(v.0);
    Vec<ProfileValue> => |v| Kind::ListValue(prost_types::ListValue {
        values: v.into_iter().map(|v| v.0).collect(),
    });
}
