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

use super::{PAGE_SIZE, digits};

/// The most rows of a page: what is asked for, and a tenth more.
const MAX_ROWS: usize = (PAGE_SIZE + PAGE_SIZE / 10) as usize;

/// What is said of a number that the machine can hold only roughly, until
/// [`decode`] reads it by its digits.
const ROUGH: &str = "a number that the machine holds only roughly";

/// Decodes an answer. Numbers of any size keep their digits: where there is one
/// that does not fit, which no Tableau writes, the numbers are read as texts.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    match serde_json::from_slice(body) {
        Err(e) if e.is_data() && e.to_string().starts_with(ROUGH) => {
            serde_json::from_slice(&digits::quoted(body))
        }
        decoded => decoded,
    }
}

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

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(E::custom(ROUGH))
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
            if key == "pagination" && pagination.is_none() {
                pagination = map.next_value::<Option<Pagination>>()?;
            } else if key == T::LIST && rows.is_none() {
                rows =
                    Some(map.next_value_seed(Rows::<T> { inner: true, left: MAX_ROWS, row: PhantomData })?);
            } else if key == "pagination" || key == T::LIST {
                return Err(de::Error::custom(format_args!("the answer has two times {key}")));
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
    /// How many rows there may be.
    left: usize,
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
        let mut rows = Vec::new();
        while rows.len() < self.left {
            match seq.next_element()? {
                Some(row) => rows.push(row),
                None => return Ok(rows),
            }
        }
        // One more is too many, whatever it is.
        match seq.next_element::<IgnoredAny>()? {
            Some(_) => Err(too_many::<T, _>()),
            None => Ok(rows),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<T>, A::Error> {
        if !self.inner && self.left == 0 {
            return Err(too_many::<T, _>());
        }
        if !self.inner {
            return Ok(vec![T::deserialize(value::MapAccessDeserializer::new(map))?]);
        }
        let (mut rows, mut has_rows, mut other) = (Vec::new(), false, None);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if key == T::ROW {
                has_rows = true;
                let left = self.left - rows.len();
                rows.append(&mut map.next_value_seed(Self { inner: false, left, row: PhantomData })?);
            } else {
                map.next_value::<IgnoredAny>()?;
                other.get_or_insert(key.into_owned());
            }
        }
        // Empty is what has nothing in it, not what has something else.
        match other {
            Some(_) if !has_rows => Err(de::Error::custom(format_args!(
                "the list of {} has no {} but something else",
                T::LIST,
                T::ROW
            ))),
            _ => Ok(rows),
        }
    }
}

/// A page that holds more than anybody asked for: it is refused before its
/// rows fill the memory, of which they take far more than their JSON.
fn too_many<T: Row, E: de::Error>() -> E {
    E::custom(format_args!("a page of {} has more than {MAX_ROWS} rows", T::LIST))
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
            json!({"things": {"other": [{"id": "1"}]}}),
            json!({"things": {"thing": [1]}}),
            json!({"things": {"thing": [{"id": []}]}}),
            json!({"things": {"thing": [{"userCount": "many"}]}}),
            json!({"things": {"thing": [{"userCount": -1}]}}),
            json!({"things": {}, "pagination": {"totalAvailable": "some"}}),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_page_has_no_more_rows_than_were_asked_for_and_some_slack() {
        let rows = |n: usize| vec![json!({}); n];
        let allowed = MAX_ROWS;
        assert_eq!((PAGE_SIZE, allowed), (1000, 1100));
        for list in [json!({"thing": rows(allowed)}), json!(rows(allowed))] {
            assert_eq!(read(&json!({ "things": list })).unwrap().1.len(), allowed);
        }
        for list in [json!({"thing": rows(allowed + 1)}), json!(rows(allowed + 1))] {
            let error = read(&json!({ "things": list })).unwrap_err().to_string();
            assert!(error.contains("a page of things has more than 1100 rows"), "{error}");
        }
        // Also where they come in several lists.
        let half = serde_json::to_string(&rows(600)).unwrap();
        let twice = format!(r#"{{"things": {{"thing": {half}, "thing": {half}}}}}"#);
        let error = serde_json::from_str::<Listing<Thing>>(&twice).unwrap_err().to_string();
        assert!(error.contains("more than 1100 rows"), "{error}");
        let ones = "\"thing\": {},".repeat(1101);
        let many = format!(r#"{{"things": {{{ones} "x": 1}}}}"#);
        assert!(serde_json::from_str::<Listing<Thing>>(&many).is_err());
        let lists = format!("\"things\": {half},").repeat(2);
        let lists = format!("{{{lists} \"x\": 1}}");
        assert!(serde_json::from_str::<Listing<Thing>>(&lists).is_err(), "the list itself twice");
    }

    /// An id beyond the numbers of the machine is told by its digits all the
    /// same.
    #[test]
    fn numbers_keep_their_digits() {
        for (number, kept) in [
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709551616"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("-9223372036854775809", "-9223372036854775809"),
            ("-7", "-7"),
            ("0", "0"),
            ("1.50", "1.50"),
            ("12345678901234567890123.25", "12345678901234567890123.25"),
        ] {
            let row = format!(r#"{{"id": {number}, "domain": {{"name": {number}}}}}"#);
            let thing: Thing = decode(row.as_bytes()).unwrap();
            assert_eq!((thing.id.as_deref(), thing.domain.as_deref()), (Some(kept), Some(kept)), "{number}");
        }
        for (count, read) in [("3", Some(3)), ("3.0", Some(3)), ("18446744073709551615", Some(u64::MAX))] {
            let thing: Thing = decode(format!(r#"{{"userCount": {count}}}"#).as_bytes()).unwrap();
            assert_eq!(thing.user_count, read, "{count}");
        }
        for count in ["18446744073709551616", "3.5", "1e3", "-1"] {
            assert!(decode::<Thing>(format!(r#"{{"userCount": {count}}}"#).as_bytes()).is_err(), "{count}");
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
