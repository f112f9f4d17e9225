//! What browsers send: an offer and messages by their line, checks to a leg's port.

use crate::console;
use crate::peer::{Offer, read_stun};

/// Whatever is accepted is answered with lines that are lines.
pub fn offer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(offer) = Offer::read(text) {
        assert!(offer.name.len() <= 256);
        assert!(offer.payload_type < 128);
    }
}

/// Nothing is its sender's who does not know the password.
pub fn stun(bytes: &[u8]) {
    if let Some(request) = read_stun(bytes) {
        assert!(!request.is_of("ours", "theirs", "a password that nobody was told"));
    }
}

/// What is read is short, and of a line or of the desk.
pub fn message(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if console::read(text).is_some() {
        assert!(text.len() <= console::MAX_LEN);
    }
}
