//! Decoding of Tableau's JSON, which mirrors XML attributes.
//!
//! Numbers and booleans come as strings or not, depending on the server; a
//! list of one may be the one object; an empty list may be an empty object, an
//! empty string, null, or left out. What is of none of these shapes is an
//! error: an answer that can't be read is no empty answer.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor, value},
};

use super::paging::PAGE_SIZE;

/// Text, whether it comes as a string, a number or a boolean. Empty text and
/// null are `None`.
pub(crate) fn text<'de, D, T>(d: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> From<&'a str>,
{
    d.deserialize_any(TextVisitor(PhantomData))
}

/// A count, whether it comes as a string or a number. Empty text and null are
/// `None`; anything else that is no count is an error.
pub(crate) fn count<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    let Some(text) = text::<D, String>(d)? else { return Ok(None) };
    let digits = text.trim();
    digits.strip_suffix(".0").unwrap_or(digits).parse().map(Some).map_err(|_| {
        de::Error::invalid_value(de::Unexpected::Str(&text), &"a count, as a number or a string")
    })
}

/// The name of something that is an object with a `name`, or the name alone.
pub(crate) fn name<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    d.deserialize_any(NameVisitor)
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: for<'a> From<&'a str>> Visitor<'_> for TextVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, a boolean or null")
    }

    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        Ok((!v.is_empty()).then(|| T::from(v)))
    }

    fn visit_bool<E>(self, v: bool) -> Result<Self::Value, E> {
        Ok(Some(T::from(if v { "true" } else { "false" })))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
        Ok(Some(T::from(&v.to_string())))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
        Ok(Some(T::from(&v.to_string())))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
        Ok(Some(T::from(&v.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a name, a string or null")
    }

    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        Ok((!v.is_empty()).then(|| v.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        struct Named {
            #[serde(default, deserialize_with = "text")]
            name: Option<String>,
        }
        Ok(Named::deserialize(value::MapAccessDeserializer::new(map))?.name)
    }
}

/// What a list has rows of: the outer and the inner name of its JSON.
pub(crate) trait Row: DeserializeOwned {
    /// The name of the list, such as `users`.
    const LIST: &'static str;
    /// The name of one row in it, such as `user`.
    const ROW: &'static str;
}

/// The pagination of a list; what Tableau leaves out is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pagination {
    /// How many rows all pages have together.
    #[serde(default, deserialize_with = "count")]
    pub(crate) total_available: Option<u64>,
    /// How many rows a page has at most.
    #[serde(default, deserialize_with = "count")]
    pub(crate) page_size: Option<u64>,
}

/// One page of a list: `{"pagination": {…}, "users": {"user": […]}}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listing<T> {
    /// What the page says of the list.
    pub(crate) extent: Extent,
    /// The rows of this page.
    pub(crate) rows: Vec<T>,
}

/// What a page says of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// How many rows the whole list has, where it is said.
    pub(crate) total: Option<u64>,
    /// How many rows a page has at most: what was asked for, or less where
    /// the server gives less.
    pub(crate) page_size: u32,
    /// How many rows this page has.
    pub(crate) rows: usize,
}

impl Extent {
    /// Whether this page, the first, has all rows of the list.
    pub(crate) fn is_whole(&self) -> bool {
        match self.total {
            Some(total) => self.rows as u64 >= total,
            None => self.rows < self.page_size as usize,
        }
    }
}

impl<'de, T: Row> Deserialize<'de> for Listing<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(ListingVisitor(PhantomData))
    }
}

struct ListingVisitor<T>(PhantomData<T>);

impl<'de, T: Row> Visitor<'de> for ListingVisitor<T> {
    type Value = Listing<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", T::LIST)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut pagination, mut rows) = (None, None);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if key == "pagination" {
                pagination = map.next_value::<Option<Pagination>>()?;
            } else if key == T::LIST {
                rows = Some(map.next_value_seed(Rows::<T> { inner: true, row: PhantomData })?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        // The list may be left out where it is empty, but not with everything else.
        if pagination.is_none() && rows.is_none() {
            return Err(de::Error::custom(format_args!("the answer is no list of {}", T::LIST)));
        }
        let said = pagination.unwrap_or_default();
        // An answer that tells of rows and has no list at all is none.
        if rows.is_none() && said.total_available.is_some_and(|n| n > 0) {
            return Err(de::Error::custom(format_args!("the answer tells of {} and lists none", T::LIST)));
        }
        let rows = rows.unwrap_or_default();
        let given = said.page_size.and_then(|n| u32::try_from(n).ok());
        let page_size = given.filter(|n| (1..PAGE_SIZE).contains(n)).unwrap_or(PAGE_SIZE);
        Ok(Listing { extent: Extent { total: said.total_available, page_size, rows: rows.len() }, rows })
    }
}

/// Rows in any shape: an array, one object, or nothing.
struct Rows<T> {
    /// An object is not a row but the wrapper around the rows.
    inner: bool,
    row: PhantomData<T>,
}

impl<'de, T: Row> DeserializeSeed<'de> for Rows<T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Vec<T>, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de, T: Row> Visitor<'de> for Rows<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows of {}", T::LIST)
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Vec<T>, E> {
        if v.trim().is_empty() { Ok(Vec::new()) } else { Err(E::invalid_type(de::Unexpected::Str(v), &self)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut rows = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1000));
        while let Some(row) = seq.next_element()? {
            rows.push(row);
        }
        Ok(rows)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<T>, A::Error> {
        if !self.inner {
            return Ok(vec![T::deserialize(value::MapAccessDeserializer::new(map))?]);
        }
        let mut rows = Vec::new();
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if key == T::ROW {
                rows.append(&mut map.next_value_seed(Self { inner: false, row: PhantomData })?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Thing {
        #[serde(default, deserialize_with = "text")]
        id: Option<String>,
        #[serde(default, deserialize_with = "count")]
        user_count: Option<u64>,
        #[serde(default, deserialize_with = "name")]
        domain: Option<String>,
    }

    impl Row for Thing {
        const LIST: &'static str = "things";
        const ROW: &'static str = "thing";
    }

    fn read(value: &Value) -> Result<(Option<u64>, Vec<Value>), serde_json::Error> {
        // Through bytes, as it comes over the network.
        let listing: Listing<Thing> = serde_json::from_slice(&serde_json::to_vec(value)?)?;
        let rows = listing.rows.iter().map(|r| json!([r.id, r.user_count, r.domain])).collect();
        Ok((listing.extent.total, rows))
    }

    #[test]
    fn an_empty_list_has_many_shapes() {
        for list in [json!({}), json!({"thing": null}), json!({"thing": []}), json!({"thing": {}}), json!([])]
        {
            // One empty object is one row without an id, which its reader refuses.
            let expected = usize::from(list == json!({"thing": {}}));
            let (total, rows) =
                read(&json!({"pagination": {"totalAvailable": "0"}, "things": list})).unwrap();
            assert_eq!((total, rows.len()), (Some(0), expected), "{list}");
        }
        for list in [json!(null), json!(""), json!(" ")] {
            assert_eq!(read(&json!({ "things": list })).unwrap(), (None, vec![]), "{list}");
        }
        assert_eq!(read(&json!({"pagination": {"totalAvailable": 0}})).unwrap(), (Some(0), vec![]));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for body in [
            json!({}),
            json!([]),
            json!("things"),
            json!({"error": {"code": "401002"}}),
            json!({"things": "none"}),
            json!({"things": 3}),
            json!({"things": {"thing": "none"}}),
            json!({"things": {"thing": [1]}}),
            json!({"things": {"thing": [{"id": []}]}}),
            json!({"things": {"thing": [{"userCount": "many"}]}}),
            json!({"things": {"thing": [{"userCount": -1}]}}),
            json!({"things": {}, "pagination": {"totalAvailable": "some"}}),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
    }

    /// A scalar as a server may write it.
    fn scalar(n: u64) -> impl Strategy<Value = Value> {
        prop_oneof![Just(json!(n)), Just(json!(n.to_string()))]
    }

    fn domain(name: String) -> impl Strategy<Value = Value> {
        prop_oneof![Just(json!({ "name": name })), Just(json!({"id": 1, "name": name})), Just(json!(name))]
    }

    /// A row and the same row in one of its shapes.
    fn row() -> impl Strategy<Value = (Value, Value)> {
        (any::<u32>(), any::<u32>(), "[a-z\"é]{1,8}").prop_flat_map(|(id, users, name)| {
            (scalar(id.into()), scalar(users.into()), domain(name.clone())).prop_map(move |(i, u, d)| {
                (
                    json!([id.to_string(), users, name]),
                    json!({"id": i, "later": [{}], "userCount": u, "domain": d}),
                )
            })
        })
    }

    proptest! {
        #[test]
        fn every_mix_of_shapes_reads_the_same(
            rows in proptest::collection::vec(row(), 0..4),
            total in any::<u32>(),
            quoted in any::<bool>(),
            bare in any::<bool>(),
            single in any::<bool>(),
        ) {
            let (expected, shapes): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let list = match shapes.as_slice() {
                [one] if single && !bare => json!({ "thing": one }),
                _ if bare => json!(shapes),
                _ => json!({ "thing": shapes }),
            };
            let total_shape = if quoted { json!(total.to_string()) } else { json!(total) };
            let body = json!({
                "things": list,
                "pagination": {"pageNumber": "1", "totalAvailable": total_shape},
            });
            prop_assert_eq!(read(&body).unwrap(), (Some(u64::from(total)), expected));
        }
    }
}
