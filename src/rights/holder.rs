use crate::domain::{Hand, Role, UnknownWord};

/// What a bearer token may be used for. Programs hold no posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Calls, ratings, tickets and figures, callers masked.
    Read,
    /// Recordings, each with its ticket and reason.
    Listen,
    /// Handing in ratings.
    Rate,
    /// Registering and completing matters (办件).
    Matters,
}

/// Whom the matrix grants something: a person's role, or a program's scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holder {
    Role(Role),
    Scope(Scope),
}

impl Scope {
    pub const ALL: [Scope; 4] = [Scope::Read, Scope::Listen, Scope::Rate, Scope::Matters];

    /// The word for rows, the command line and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Listen => "listen",
            Scope::Rate => "rate",
            Scope::Matters => "matters",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Scope::Read => "读取",
            Scope::Listen => "听录音",
            Scope::Rate => "提交评价",
            Scope::Matters => "登记办件",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Scope::ALL
            .into_iter()
            .find(|scope| scope.word() == word)
            .ok_or_else(|| UnknownWord {
                kind: "scope",
                word: word.to_owned(),
            })
    }
}

impl Holder {
    /// Each role once, however many units it is held in.
    pub fn of_hand(hand: &Hand) -> Vec<Holder> {
        let mut roles: Vec<_> = hand.posts.iter().map(|post| post.role).collect();
        roles.sort_unstable();
        roles.dedup();
        roles.into_iter().map(Holder::Role).collect()
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Holder::Role(role) => role.zh(),
            Holder::Scope(scope) => scope.zh(),
        }
    }
}
