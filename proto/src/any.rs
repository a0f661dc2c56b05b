//! Messages in a `google.protobuf.Any`: annotations, traits and error details.

use prost::{DecodeError, Message, Name};
use prost_types::Any;

/// What stands before the message name in the type URLs that we write. Readers look only behind the last slash.
const PREFIX: &str = "type.googleapis.com/";

/// Wraps a message, under the type URL `type.googleapis.com/<full name>`.
pub fn pack<M: Message + Name>(message: &M) -> Any {
    Any { type_url: format!("{PREFIX}{}", M::full_name()), value: message.encode_to_vec() }
}

/// The wrapped message, or `None` where the `Any` holds another type.
///
/// # Errors
/// The `Any` says that it holds an `M`, and its bytes do not decode as one.
pub fn unpack<M: Message + Name + Default>(any: &Any) -> Result<Option<M>, DecodeError> {
    is::<M>(any).then(|| M::decode(&*any.value)).transpose()
}

/// Whether the `Any` says that it holds an `M`.
pub fn is<M: Name>(any: &Any) -> bool {
    type_name(any) == M::full_name()
}

/// The full name of the wrapped message, such as `c1.connector.v2.UserTrait`: the type URL behind its last slash.
pub fn type_name(any: &Any) -> &str {
    any.type_url.rsplit('/').next().unwrap_or_default()
}
