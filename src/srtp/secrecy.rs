//! Whether a leg's media is protected: by what the operator wants, and by what carries the keys.

/// Whether media is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Srtp {
    /// As the other side likes; protected where it offers both. What we offer is in the clear.
    #[default]
    Accept,
    /// The same, and what we offer is protected; in the clear where that is refused.
    Prefer,
    Refuse,
    Require,
    /// It must be protected, and the keys would travel in the clear: there is no such leg.
    Impossible,
}

impl Srtp {
    /// Which streams are taken, the better ones first: `true` for protected ones.
    pub const fn ways(self) -> &'static [bool] {
        match self {
            Srtp::Accept | Srtp::Prefer => &[true, false],
            Srtp::Refuse => &[false],
            Srtp::Require => &[true],
            Srtp::Impossible => &[],
        }
    }

    /// Whether what we offer is protected.
    pub const fn offers_protection(self) -> bool {
        matches!(self, Srtp::Prefer | Srtp::Require)
    }
}

/// What the operator wants: of each of `trunk` and `desks` [`Srtp::Accept`], [`Srtp::Refuse`] or [`Srtp::Require`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Secrecy {
    /// Of callers, and of calls out.
    pub trunk: Srtp,
    /// Of desks that are rung.
    pub desks: Srtp,
    /// Keys may travel in the clear, by UDP and TCP.
    pub in_clear: bool,
}

/// The same for everybody, whatever carries the keys.
impl From<Srtp> for Secrecy {
    fn from(srtp: Srtp) -> Self {
        Secrecy {
            trunk: srtp,
            desks: srtp,
            in_clear: true,
        }
    }
}

/// Whose leg it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    Trunk,
    Desk,
}

impl Secrecy {
    /// What holds of a leg whose signalling is (or is not) TLS from end to end of this hop.
    pub const fn of(self, whose: Whose, by_tls: bool) -> Srtp {
        let wanted = match whose {
            Whose::Trunk => self.trunk,
            Whose::Desk => self.desks,
        };
        match (wanted, by_tls || self.in_clear) {
            (Srtp::Accept, true) if by_tls => Srtp::Prefer,
            (wanted, true) => wanted,
            (Srtp::Accept | Srtp::Prefer, false) => Srtp::Refuse,
            (Srtp::Require, false) => Srtp::Impossible,
            (wanted @ (Srtp::Refuse | Srtp::Impossible), false) => wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_travel_by_tls_alone_unless_the_operator_says_otherwise() {
        use Srtp::{Accept, Impossible, Prefer, Refuse, Require};
        for (wanted, by_tls, in_clear, of_leg) in [
            (Accept, true, false, Prefer),
            (Accept, false, false, Refuse),
            (Accept, false, true, Accept),
            (Accept, true, true, Prefer),
            (Require, true, false, Require),
            (Require, false, false, Impossible),
            (Require, false, true, Require),
            (Refuse, true, false, Refuse),
            (Refuse, false, true, Refuse),
        ] {
            for (whose, trunk, desks) in [
                (Whose::Trunk, wanted, Refuse),
                (Whose::Desk, Refuse, wanted),
            ] {
                let secrecy = Secrecy {
                    trunk,
                    desks,
                    in_clear,
                };
                let of = secrecy.of(whose, by_tls);
                assert_eq!(of, of_leg, "{wanted:?} {by_tls} {in_clear} {whose:?}");
            }
        }
    }
}
