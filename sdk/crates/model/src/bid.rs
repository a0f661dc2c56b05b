//! Baton ids (`bid:`): the escaped, parseable names of resources,
//! entitlements and grants that people type and files carry.
//!
//! ```text
//! bid:r:<resource>
//! bid:e:<resource>:<slug>
//! bid:g:<resource>:<slug>:<principal>
//! ```
//!
//! where a resource is `type/id` or `parentType/parentId/type/id`. A
//! backslash escapes the three characters that mean something (`\`, `/`,
//! `:`); nothing else may follow one.

use std::{fmt, fmt::Write as _};

use crate::{Error, ResourceId, ResourceTypeId, Result, text::one_line};

/// A resource as a baton id names it: with its parent, where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BidResource {
    /// The resource.
    pub id: ResourceId,
    /// The resource it lies in.
    pub parent: Option<ResourceId>,
}

/// A parsed baton id.
///
/// ```
/// use connector_model::Bid;
///
/// let bid: Bid = r"bid:e:site/acme/group/a\:b:member".parse()?;
/// assert_eq!(bid.to_string(), r"bid:e:site/acme/group/a\:b:member");
/// # Ok::<(), connector_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Bid {
    /// `bid:r:`
    Resource(BidResource),
    /// `bid:e:`
    Entitlement {
        /// What the entitlement is on.
        resource: BidResource,
        /// The entitlement's slug, not its id.
        slug: String,
    },
    /// `bid:g:`
    Grant {
        /// What the entitlement is on.
        resource: BidResource,
        /// The entitlement's slug.
        slug: String,
        /// Who holds it.
        principal: BidResource,
    },
}

impl fmt::Display for BidResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = &self.parent {
            pair(f, parent)?;
            f.write_char('/')?;
        }
        pair(f, &self.id)
    }
}

fn pair(f: &mut fmt::Formatter<'_>, id: &ResourceId) -> fmt::Result {
    escape(f, id.resource_type().as_str())?;
    f.write_char('/')?;
    escape(f, id.id())
}

fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        if matches!(c, '\\' | '/' | ':') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    Ok(())
}

impl fmt::Display for Bid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(resource) => write!(f, "bid:r:{resource}"),
            Self::Entitlement { resource, slug } => {
                write!(f, "bid:e:{resource}:")?;
                escape(f, slug)
            }
            Self::Grant { resource, slug, principal } => {
                write!(f, "bid:g:{resource}:")?;
                escape(f, slug)?;
                write!(f, ":{principal}")
            }
        }
    }
}

impl std::str::FromStr for Bid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut p = Parser { text, at: 0 };
        p.literal("bid:")?;
        let bid = if p.take("r:") {
            Self::Resource(p.resource()?)
        } else if p.take("e:") {
            Self::Entitlement { resource: p.resource_then_colon()?, slug: p.part("a slug")? }
        } else if p.take("g:") {
            let resource = p.resource_then_colon()?;
            let slug = p.part("a slug")?;
            p.literal(":")?;
            Self::Grant { resource, slug, principal: p.resource()? }
        } else {
            return Err(p.error(p.at, "expected one of r:, e: and g:"));
        };
        if p.at < text.len() {
            return Err(p.error(p.at, "nothing may follow here"));
        }
        Ok(bid)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn take(&mut self, literal: &str) -> bool {
        let found = self.text[self.at..].starts_with(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    fn literal(&mut self, literal: &str) -> Result<()> {
        if self.take(literal) {
            return Ok(());
        }
        Err(self.error(self.at, &format!("expected {literal:?}")))
    }

    /// One component, up to an unescaped `/` or `:`.
    fn part(&mut self, what: &str) -> Result<String> {
        let start = self.at;
        let mut out = String::new();
        while let Some(c) = self.text[self.at..].chars().next() {
            match c {
                '/' | ':' => break,
                '\\' => {
                    let escaped = self.text[self.at + 1..].chars().next();
                    let Some(c @ ('\\' | '/' | ':')) = escaped else {
                        return Err(self.error(
                            self.at,
                            "a backslash must be followed by a backslash, a slash or a colon",
                        ));
                    };
                    out.push(c);
                    self.at += 2;
                }
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        if out.is_empty() {
            return Err(self.error(start, &format!("expected {what}, found nothing")));
        }
        Ok(out)
    }

    fn resource(&mut self) -> Result<BidResource> {
        let start = self.at;
        let mut parts = vec![self.part("a resource type")?];
        while self.take("/") {
            if parts.len() == 4 {
                return Err(self.error(self.at - 1, "a resource has two or four components"));
            }
            parts.push(self.part("a component of a resource")?);
        }
        let bad = |e: Error, p: &Self| p.error(start, e.message());
        let mut parts = parts.into_iter();
        let mut next = || match (parts.next(), parts.next()) {
            (Some(t), Some(r)) => Some(ResourceTypeId::new(t).and_then(|t| t.resource(r))),
            (Some(_), None) => Some(Err(Error::invalid("a resource has two or four components"))),
            _ => None,
        };
        let first = next().transpose().map_err(|e| bad(e, self))?;
        let second = next().transpose().map_err(|e| bad(e, self))?;
        match (first, second) {
            (Some(parent), Some(id)) => Ok(BidResource { id, parent: Some(parent) }),
            (Some(id), None) => Ok(BidResource { id, parent: None }),
            _ => Err(self.error(start, "expected a resource")),
        }
    }

    fn resource_then_colon(&mut self) -> Result<BidResource> {
        let resource = self.resource()?;
        self.literal(":")?;
        Ok(resource)
    }

    /// The input with a caret under the place, as people know it from
    /// compilers.
    fn error(&self, at: usize, why: &str) -> Error {
        let column = one_line(&self.text[..at]).chars().count();
        let text = one_line(self.text);
        Error::invalid(format!("not a baton id: {why}\n  {text}\n  {}^", " ".repeat(column)))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Bid> {
        text.parse()
    }

    #[test]
    fn errors_point_at_the_place() {
        insta::assert_snapshot!(parse("bid:r:user").unwrap_err(), @r"
        not a baton id: a resource has two or four components
          bid:r:user
                ^
        ");
        insta::assert_snapshot!(parse(r"bid:e:group/\x:member").unwrap_err(), @r"
        not a baton id: a backslash must be followed by a backslash, a slash or a colon
          bid:e:group/\x:member
                      ^
        ");
        insta::assert_snapshot!(parse("bid:x:a/b").unwrap_err(), @"
        not a baton id: expected one of r:, e: and g:
          bid:x:a/b
              ^
        ");
        insta::assert_snapshot!(parse("bid:r:å/ß/c").unwrap_err(), @"
        not a baton id: a resource has two or four components
          bid:r:å/ß/c
                ^
        ");
    }

    #[test]
    fn what_is_no_bid_is_refused() {
        for text in [
            "",
            "bid",
            "bid:",
            "bid:r:",
            "bid:r:/",
            "bid:r:a/",
            "bid:r:a/b/",
            "bid:r:a/b/c/d/e",
            "bid:r:a/b:c",
            "bid:e:a/b",
            "bid:e:a/b:",
            "bid:e:a/b:c:d",
            "bid:g:a/b:c",
            r"bid:r:a/b\",
            "bid:g:a/b:c:d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    fn part() -> impl Strategy<Value = String> {
        prop_oneof![r"[a-z0-9\\/:é ]{1,12}", "[^\u{0}]{1,8}"]
    }

    fn resource() -> impl Strategy<Value = BidResource> {
        let id = || (part(), part()).prop_map(|(t, r)| ResourceTypeId::new(t).unwrap().resource(r).unwrap());
        (id(), proptest::option::of(id())).prop_map(|(id, parent)| BidResource { id, parent })
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(a in resource(), slug in part(), b in resource()) {
            for bid in [
                Bid::Resource(a.clone()),
                Bid::Entitlement { resource: a.clone(), slug: slug.clone() },
                Bid::Grant { resource: a, slug, principal: b },
            ] {
                prop_assert_eq!(parse(&bid.to_string()).unwrap(), bid);
            }
        }

        #[test]
        fn no_input_panics(text in "(bid:[reg]:)?[^\u{0}]{0,30}") {
            let _ = parse(&text);
        }
    }
}
