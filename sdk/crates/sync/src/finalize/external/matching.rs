//! What a grant's match annotations say.

use connector_model::{Annotations, TraitKind, wire};
use prost::{DecodeError, Name};

use super::{fold::fold, message::annotation};

/// Field `annotations` of `c1.connector.v2.Grant`.
pub(super) const GRANT_ANNOTATIONS: u32 = 4;

/// Whom a grant means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Every principal of a trait; then nothing else counts.
    All(TraitKind),
    /// The principal of an id, and those with an attribute.
    Some {
        /// The id within the type, whatever the type.
        id: Option<String>,
        /// An attribute.
        attribute: Option<Attribute>,
    },
}

/// A value of a principal's profile, or an account's e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    /// The principals' trait.
    pub(super) of: TraitKind,
    /// The name in the profile.
    pub(super) key: String,
    /// The value, folded.
    pub(super) value: String,
}

impl Attribute {
    /// Whether accounts are also found by their e-mail addresses.
    pub(super) fn is_email(&self) -> bool {
        self.of == TraitKind::User && self.key == "email"
    }
}

/// Whether a grant is to principals of an external file, and so to nobody that
/// the connector lists.
pub(crate) fn is_carrier(annotations: &Annotations) -> bool {
    annotations.has::<wire::ExternalResourceMatchAll>()
        || annotations.has::<wire::ExternalResourceMatchId>()
        || annotations.has::<wire::ExternalResourceMatch>()
}

/// Whom an encoded grant means; `None` where it has no such annotation. Of
/// two annotations of a type, the first counts.
pub(super) fn match_of(grant: &[u8]) -> Result<Option<Match>, DecodeError> {
    if let Some(all) = first::<wire::ExternalResourceMatchAll>(grant)? {
        return Ok(Some(Match::All(all.resource_type.into())));
    }
    let id = first::<wire::ExternalResourceMatchId>(grant)?.map(|m| m.id);
    let attribute = first::<wire::ExternalResourceMatch>(grant)?;
    let attribute =
        attribute.map(|m| Attribute { of: m.resource_type.into(), value: fold(&m.value), key: m.key });
    Ok((id.is_some() || attribute.is_some()).then_some(Match::Some { id, attribute }))
}

fn first<M: Name + Default>(grant: &[u8]) -> Result<Option<M>, DecodeError> {
    annotation(grant, GRANT_ANNOTATIONS)
}
