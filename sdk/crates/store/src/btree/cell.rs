//! The cells of a page (§1.6), as far as the walk needs them.

use super::{MAX_RECORD, broken::Broken};

const INNER_INDEX: u8 = 2;
const INNER_TABLE: u8 = 5;
const LEAF_INDEX: u8 = 10;
const LEAF_TABLE: u8 = 13;

/// What a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageKind {
    pub(super) is_table: bool,
    pub(super) is_leaf: bool,
}

impl PageKind {
    pub(super) fn of(byte: u8) -> Option<Self> {
        let kind = |is_table, is_leaf| Some(Self { is_table, is_leaf });
        match byte {
            INNER_INDEX => kind(false, false),
            INNER_TABLE => kind(true, false),
            LEAF_INDEX => kind(false, true),
            LEAF_TABLE => kind(true, true),
            _ => None,
        }
    }

    /// Bytes of the page's header; the places of the cells follow.
    pub(super) fn header_len(self) -> usize {
        if self.is_leaf { 8 } else { 12 }
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// The page of what comes before it, in an inner page.
    pub(super) child: Option<u32>,
    /// The row id, in a table.
    pub(super) key: Option<i64>,
    /// The part of the payload that is in the page; empty in an inner page of a table.
    pub(super) local: &'a [u8],
    /// Where the rest of the payload begins, and how long it is.
    pub(super) overflow: Option<(u32, u64)>,
    /// Bytes that the cell takes in the page.
    pub(super) len: usize,
}

/// Reads the cell that begins the bytes. `usable` is the page's size without its reserved part.
pub(super) fn parse(kind: PageKind, bytes: &[u8], usable: usize) -> Result<Cell<'_>, Broken> {
    let mut rest = bytes;
    let child = if kind.is_leaf { None } else { Some(word(&mut rest)?) };
    if kind.is_table && !kind.is_leaf {
        let key = Some(varint(&mut rest)?);
        return Ok(Cell { child, key, local: &[], overflow: None, len: bytes.len() - rest.len() });
    }
    let length = rest;
    let payload = u64::try_from(varint(&mut rest)?).ok().filter(|n| *n <= MAX_RECORD);
    let payload = payload.ok_or(Broken::Rule("a row is larger than 16 MiB"))?;
    // Of a length that takes nine bytes, SQLite and the format read the last one differently. Nobody writes one that
    // is longer than it must be.
    if length.len() - rest.len() > LONGEST_LENGTH {
        return Err(Broken::Rule("the length of a row is written in a way that no writer has"));
    }
    let key = if kind.is_table { Some(varint(&mut rest)?) } else { None };
    let local = local_len(kind, payload as usize, usable);
    let (local, mut rest) = rest.split_at_checked(local).ok_or(OUTSIDE)?;
    let left = payload - local.len() as u64;
    let overflow = if left == 0 { None } else { Some((word(&mut rest)?, left)) };
    Ok(Cell { child, key, local, overflow, len: bytes.len() - rest.len() })
}

/// Bytes of the length of the largest row.
const LONGEST_LENGTH: usize = 4;
const _: () = assert!(MAX_RECORD < 1 << (7 * LONGEST_LENGTH));

pub(super) const OUTSIDE: Broken = Broken::Rule("a cell leaves its page");

/// How much of a payload is in the page itself.
fn local_len(kind: PageKind, payload: usize, usable: usize) -> usize {
    let most = if kind.is_table { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
    if payload <= most {
        return payload;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let wanted = least + (payload - least) % (usable - 4);
    if wanted <= most { wanted } else { least }
}

fn word(bytes: &mut &[u8]) -> Result<u32, Broken> {
    let (word, rest) = bytes.split_first_chunk().ok_or(OUTSIDE)?;
    *bytes = rest;
    Ok(u32::from_be_bytes(*word))
}

/// A number of one to nine bytes (§1.6): seven bits a byte, all eight of the ninth.
#[expect(clippy::cast_possible_wrap, reason = "the format stores negative numbers as their two's complement")]
pub(super) fn varint(bytes: &mut &[u8]) -> Result<i64, Broken> {
    let mut value = 0_u64;
    for n in 0..9 {
        let (&byte, rest) = bytes.split_first().ok_or(OUTSIDE)?;
        *bytes = rest;
        if n == 8 {
            return Ok((value << 8 | u64::from(byte)) as i64);
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            break;
        }
    }
    Ok(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_format_writes_them() {
        for (bytes, value) in [
            (&[0x00][..], 0),
            (&[0x7f], 127),
            (&[0x81, 0x00], 128),
            (&[0x80, 0x01], 1),
            (&[0xff; 9], -1),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], 1),
        ] {
            let mut rest = bytes;
            assert_eq!(varint(&mut rest).ok(), Some(value), "{bytes:x?}");
            assert!(rest.is_empty());
        }
        assert!(varint(&mut &[0x80, 0x80][..]).is_err());
        assert!(varint(&mut &[][..]).is_err());
    }
}
