//! The header of a database file: its first 100 bytes (§1.3).

use std::{fs::File, os::unix::fs::FileExt as _};

use super::broken::Broken;

/// Bytes of the header, on the first page before its tree.
pub(super) const LEN: usize = 100;

/// What is needed of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    /// Bytes of a page.
    pub(super) page: usize,
    /// Bytes of a page that hold a tree: the rest is reserved for extensions.
    pub(super) usable: usize,
}

impl Header {
    pub(super) fn read(file: &File) -> Result<Self, Broken> {
        let mut bytes = [0; LEN];
        file.read_exact_at(&mut bytes, 0).map_err(|_| Broken::Rule("it is shorter than a header"))?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8; LEN]) -> Result<Self, Broken> {
        let page = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 65_536,
            n if n.is_power_of_two() && n >= 512 => usize::from(n),
            _ => return Err(Broken::Rule("its page size is none that SQLite has")),
        };
        let usable = page - usize::from(bytes[20]);
        if usable < 480 {
            return Err(Broken::Rule("its pages reserve more than SQLite allows"));
        }
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if word(44) > 4 {
            return Err(Broken::Rule("its schema is in a format that SQLite does not have"));
        }
        // SQLite then finds the pages of a long value by a map, and not by the pages themselves.
        if word(52) != 0 {
            return Err(Broken::Rule("it is one that vacuums itself, which no c1z file is"));
        }
        // Zero is what a database has before its first table.
        match word(56) {
            0 | 1 => Ok(Self { page, usable }),
            _ => Err(Broken::Rule("its text is in UTF-16, and that of a c1z file is in UTF-8")),
        }
    }
}
