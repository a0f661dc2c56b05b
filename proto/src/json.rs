//! The canonical JSON of protobuf messages ("ProtoJSON Format" of the protobuf documentation): lowerCamelCase names in
//! the order of field numbers, 64-bit integers as strings, enums by name, bytes in base64, defaults left out, map keys
//! sorted.
//!
//! An `Any` whose type is not known, whose bytes do not decode or hold what JSON has no form for, or that lies deeper
//! than 32 messages, is kept as `{"@type": url, "value": base64 of its bytes}` and never makes the rest fail.
//! A well-known type in an `Any` stands under `value`, `google.protobuf.Empty` (as `{}`) included, as Go prints it.
//!
//! Reading gives the message back, with these limits, which come with the format:
//! - unknown fields are not in the JSON, and so not in what is read from it; an `Any` of a known type is encoded anew;
//! - an `Any` of a known type whose bytes did not decode comes back as those bytes, unless the type itself has a field
//!   `value` that takes a string (`ETag`, `Issue`): then that field gets the base64.

mod read;
mod write;

use std::sync::LazyLock;

use prost::{DecodeError, Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::Value;

/// Why a message has no JSON, or a JSON no message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No package of the wire format has a message of this full name.
    #[error("no message type is named {0:?}; a full name is like \"c1.connector.v2.Resource\"")]
    UnknownType(String),
    /// The bytes are not an encoded message of this type.
    #[error("the bytes do not decode as a {name}")]
    Decode {
        /// Full name of the message.
        name: String,
        /// What is wrong with the bytes.
        source: DecodeError,
    },
    /// The message holds a value that the JSON format has no form for, such as a time in the year 10,000.
    #[error("a {name} has no JSON form: {reason}")]
    NoForm {
        /// Full name of the message.
        name: String,
        /// Which value, and why.
        reason: String,
    },
    /// The JSON is not the form of such a message.
    #[error("the JSON does not fit a {name}: {reason}")]
    Unfit {
        /// Full name of the message that the failing part was read as.
        name: String,
        /// Which part, and why.
        reason: String,
    },
}

/// The descriptors of [`FILE_DESCRIPTOR_SET`](crate::FILE_DESCRIPTOR_SET), decoded once.
pub fn descriptor_pool() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "the set is built and embedded with this very code")]
        DescriptorPool::decode(crate::FILE_DESCRIPTOR_SET).expect("the embedded descriptor set is whole")
    });
    &POOL
}

/// The JSON of a message.
///
/// # Errors
/// [`Error::NoForm`] for a value outside what JSON can say; never for an `Any`.
pub fn to_json<M: Message + Name>(message: &M) -> Result<Value, Error> {
    bytes_to_json(&M::full_name(), &message.encode_to_vec())
}

/// The JSON of an encoded message, by the full name of its type. Fields that the type does not have are left out.
///
/// # Errors
/// The type is not known, the bytes do not decode, or a value has no JSON form.
pub fn bytes_to_json(name: &str, bytes: &[u8]) -> Result<Value, Error> {
    write::message(&decode(descriptor(name)?, bytes)?, 0)
}

/// The message that a JSON stands for. Field names may be in lowerCamelCase or as the `.proto` file has them.
///
/// # Errors
/// [`Error::Unfit`] where the JSON is not the form of an `M`, unknown field names included.
pub fn from_json<M: Message + Name + Default>(json: &Value) -> Result<M, Error> {
    let name = M::full_name();
    M::decode(&*json_to_bytes(&name, json)?).map_err(|source| Error::Decode { name, source })
}

/// The encoded message that a JSON stands for, by the full name of its type: fields by number, map entries by key, so
/// that the same JSON is always the same bytes.
///
/// # Errors
/// The type is not known, or the JSON is not its form.
pub fn json_to_bytes(name: &str, json: &Value) -> Result<Vec<u8>, Error> {
    read::message(&descriptor(name)?, json, 0)
}

fn descriptor(name: &str) -> Result<MessageDescriptor, Error> {
    descriptor_pool().get_message_by_name(name).ok_or_else(|| Error::UnknownType(name.to_owned()))
}

fn decode(descriptor: MessageDescriptor, bytes: &[u8]) -> Result<DynamicMessage, Error> {
    let name = descriptor.full_name().to_owned();
    DynamicMessage::decode(descriptor, bytes).map_err(|source| Error::Decode { name, source })
}

/// Whether the type has a JSON form of its own, which an `Any` puts under `value`.
fn has_own_form(name: &str) -> bool {
    let Some(name) = name.strip_prefix("google.protobuf.") else {
        return false;
    };
    matches!(
        name,
        "Any" | "Timestamp" | "Duration" | "FieldMask" | "Empty" | "Struct" | "Value" | "ListValue"
    ) || is_wrapper(name)
}

/// Whether a type of `google.protobuf`, named without its package, wraps a single scalar.
fn is_wrapper(name: &str) -> bool {
    matches!(
        name,
        "DoubleValue"
            | "FloatValue"
            | "Int64Value"
            | "UInt64Value"
            | "Int32Value"
            | "UInt32Value"
            | "BoolValue"
            | "StringValue"
            | "BytesValue"
    )
}
