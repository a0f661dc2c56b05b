//! A row of `sqlite_schema` from its bytes (§2.1), so that nothing of a schema reaches SQLite unseen.

use super::{SchemaEntry, cell::varint};

/// Reads a row. `None` where it is not one: a value of another type, text that is not UTF-8 or holds a zero.
pub(super) fn schema_entry(payload: &[u8]) -> Option<SchemaEntry> {
    let mut columns = columns(payload)?.into_iter();
    let mut next = || columns.next();
    Some(SchemaEntry {
        kind: next()?.text()?,
        name: next()?.text()?,
        table: next()?.text()?,
        root: next()?.number()?,
        sql: match next()? {
            Value::Null => None,
            other => Some(other.text()?),
        },
    })
}

enum Value<'a> {
    Null,
    Number(i64),
    Text(&'a [u8]),
    Other,
}

impl Value<'_> {
    fn text(&self) -> Option<String> {
        let Self::Text(bytes) = self else { return None };
        let text = std::str::from_utf8(bytes).ok()?;
        (!text.contains('\0')).then(|| text.to_owned())
    }

    fn number(&self) -> Option<u32> {
        match self {
            // What is not there has no root page.
            Self::Null => Some(0),
            Self::Number(n) => u32::try_from(*n).ok(),
            Self::Text(_) | Self::Other => None,
        }
    }
}

fn columns(payload: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut rest = payload;
    let header = usize::try_from(varint(&mut rest).ok()?).ok()?;
    let mut types = payload.get(payload.len() - rest.len()..header)?;
    let mut body = payload.get(header..)?;
    let mut columns = Vec::new();
    while !types.is_empty() {
        columns.push(value(varint(&mut types).ok()?, &mut body)?);
    }
    Some(columns)
}

fn value<'a>(serial_type: i64, body: &mut &'a [u8]) -> Option<Value<'a>> {
    let mut take = |len: usize| {
        let (bytes, rest) = body.split_at_checked(len)?;
        *body = rest;
        Some(bytes)
    };
    Some(match serial_type {
        0 => Value::Null,
        1..=6 => {
            let bytes = take([1, 2, 3, 4, 6, 8][usize::try_from(serial_type).ok()? - 1])?;
            let sign = if bytes.first().is_some_and(|b| b & 0x80 != 0) { -1 } else { 0 };
            Value::Number(bytes.iter().fold(sign, |n, b| n << 8 | i64::from(*b)))
        }
        7 => take(8).map(|_| Value::Other)?,
        8 | 9 => Value::Number(serial_type - 8),
        n if n >= 12 => {
            let bytes = take(usize::try_from((n - 12) / 2).ok()?)?;
            if n % 2 == 1 { Value::Text(bytes) } else { Value::Other }
        }
        _ => return None,
    })
}
