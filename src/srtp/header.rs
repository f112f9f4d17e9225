//! Where the header of an RTP packet ends (RFC 3550 §5.1): what stays in the clear.

/// Octets of an RTP header without CSRCs and extension.
pub const HEADER_LEN: usize = 12;

/// Octets before the payload, with CSRCs and extension; `None` for what is no RTP of version 2. The packet may be
/// shorter than that.
pub fn header_len(octets: &[u8]) -> Option<usize> {
    let first = *octets.first()?;
    if octets.len() < HEADER_LEN || first >> 6 != 2 {
        return None;
    }
    let mut length = HEADER_LEN + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        let words = octets.get(length + 2..length + 4)?;
        length += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    Some(length)
}
