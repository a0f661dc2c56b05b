//! The header of a zstd frame (RFC 8878 §3.1.1), as far as limits need it.

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Bytes of history the decoder must keep.
    pub(crate) window: u64,
    /// Whether that is just the content size (a single-segment frame).
    pub(crate) single_segment: bool,
    /// The size of the content, where it is declared.
    pub(crate) content: Option<u64>,
}

/// The longest header: magic, descriptor, window, dictionary id, content size.
pub(crate) const MAX_HEADER: usize = 18;

/// Reads the header of the frame that begins the bytes. `None` where they are no zstd frame or end too early.
pub(crate) fn parse(bytes: &[u8]) -> Option<FrameHeader> {
    let rest = bytes.strip_prefix(&0xFD2F_B528_u32.to_le_bytes())?;
    let (&descriptor, rest) = rest.split_first()?;
    let single_segment = descriptor & 0x20 != 0;
    let (window, rest) = if single_segment {
        (None, rest)
    } else {
        let (&w, rest) = rest.split_first()?;
        let base = 1_u64 << (10 + (w >> 3));
        (Some(base + base / 8 * u64::from(w & 7)), rest)
    };
    let rest = rest.get([0, 1, 2, 4][usize::from(descriptor & 3)]..)?;
    let len = match descriptor >> 6 {
        0 => usize::from(single_segment),
        n => 1 << n,
    };
    let mut le = [0; 8];
    le[..len].copy_from_slice(rest.get(..len)?);
    let content = match (len, u64::from_le_bytes(le)) {
        (0, _) => None,
        (2, n) => Some(n + 256),
        (_, n) => Some(n),
    };
    Some(FrameHeader { window: window.or(content)?, single_segment, content })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn headers_of_the_library_are_read() {
        for len in [0_usize, 1, 255, 256, 300, 65_791, 65_792, 1 << 20] {
            let packed = zstd::bulk::compress(&vec![7; len], 3).unwrap();
            assert_eq!(parse(&packed).unwrap().content, Some(len as u64), "{len}");
        }
        // A stream of unknown length declares nothing.
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_contentsize(false).unwrap();
        std::io::Write::write_all(&mut encoder, b"some bytes").unwrap();
        let streamed = encoder.finish().unwrap();
        let header = parse(&streamed).unwrap();
        assert_eq!(header.content, None);
        assert!(!header.single_segment && header.window >= 1 << 10);
    }

    #[test]
    fn every_cut_is_none() {
        let packed = zstd::bulk::compress(&vec![7; 1 << 20], 3).unwrap();
        for cut in 0..6 {
            assert_eq!(parse(&packed[..cut]), None);
        }
        assert_eq!(parse(b"SQLite format 3\0"), None);
    }
}
