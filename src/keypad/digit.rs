use std::fmt;

/// One key of the pad (RFC 4733 §3.2, events 0–15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Digit {
    D0,
    D1,
    D2,
    D3,
    D4,
    D5,
    D6,
    D7,
    D8,
    D9,
    Star,
    Pound,
    A,
    B,
    C,
    D,
}

impl Digit {
    /// All sixteen in the order of their RFC 4733 event codes.
    pub const ALL: [Digit; 16] = [
        Digit::D0,
        Digit::D1,
        Digit::D2,
        Digit::D3,
        Digit::D4,
        Digit::D5,
        Digit::D6,
        Digit::D7,
        Digit::D8,
        Digit::D9,
        Digit::Star,
        Digit::Pound,
        Digit::A,
        Digit::B,
        Digit::C,
        Digit::D,
    ];

    /// From an RFC 4733 event code; `None` above 15.
    pub fn from_event(code: u8) -> Option<Self> {
        Digit::ALL.get(usize::from(code)).copied()
    }

    /// The RFC 4733 event code, 0–15.
    pub fn event(self) -> u8 {
        self as u8
    }

    /// From the character on the key: `0`–`9`, `*`, `#`, `A`–`D`.
    pub fn from_char(key: char) -> Option<Self> {
        "0123456789*#ABCD"
            .find(key.to_ascii_uppercase())
            .map(|index| Digit::ALL[index])
    }

    pub fn char(self) -> char {
        char::from(b"0123456789*#ABCD"[usize::from(self.event())])
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.char())
    }
}
