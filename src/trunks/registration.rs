//! The registration as a table: where it stands, what happens to it, where it stands then.

/// Where our registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It was never asked for, or has been lost.
    Unregistered,
    /// A REGISTER is under way.
    Trying,
    /// It was asked who we are, and the answer is under way.
    Challenged,
    Registered,
    /// A REGISTER that renews it is under way.
    Refreshing,
    /// The same, with the answer to a challenge.
    Rechallenged,
    /// It was refused, or nobody answered: later again.
    Waiting,
    /// The house closes, and the answer to the REGISTER under way is waited for: before it no other one may be sent
    /// (RFC 3261 §10.2).
    Ending,
    /// It is being taken back.
    Leaving,
    /// The same, with the answer to a challenge.
    LeavingChallenged,
    /// The house has closed.
    Left,
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cue {
    /// The clock asks for a REGISTER.
    Due,
    /// A challenge that we can answer.
    Asked,
    /// The same request once more, longer (423) or elsewhere (no answer here, and there is another address).
    Again,
    /// 2xx.
    Granted,
    /// Refused for good, or nobody answered anywhere.
    Failed,
    /// Another address than the one at which we are registered refused us.
    Kept,
    /// The address at which we are registered is silent.
    Lost,
    /// The house closes while a REGISTER is under way.
    Stop,
    /// The house closes, and something is to be taken back.
    Leave,
    /// The house closes, and nothing is.
    Close,
}

use Cue::*;
use State::*;

/// What is not here changes nothing.
pub const TABLE: &[(State, Cue, State)] = &[
    (Unregistered, Due, Trying),
    (Trying, Asked, Challenged),
    (Trying, Again, Trying),
    (Trying, Granted, Registered),
    (Trying, Failed, Waiting),
    (Challenged, Asked, Challenged),
    (Challenged, Again, Trying),
    (Challenged, Granted, Registered),
    (Challenged, Failed, Waiting),
    (Registered, Due, Refreshing),
    (Registered, Lost, Unregistered),
    (Refreshing, Asked, Rechallenged),
    (Refreshing, Again, Refreshing),
    (Refreshing, Granted, Registered),
    (Refreshing, Failed, Waiting),
    (Refreshing, Kept, Registered),
    (Rechallenged, Asked, Rechallenged),
    (Rechallenged, Again, Refreshing),
    (Rechallenged, Granted, Registered),
    (Rechallenged, Failed, Waiting),
    (Rechallenged, Kept, Registered),
    (Trying, Kept, Registered),
    (Challenged, Kept, Registered),
    (Waiting, Due, Trying),
    (Leaving, Asked, LeavingChallenged),
    (Leaving, Again, Left),
    (Leaving, Granted, Left),
    (Leaving, Failed, Left),
    (LeavingChallenged, Asked, LeavingChallenged),
    (LeavingChallenged, Again, Left),
    (LeavingChallenged, Granted, Left),
    (LeavingChallenged, Failed, Left),
    (Trying, Stop, Ending),
    (Challenged, Stop, Ending),
    (Refreshing, Stop, Ending),
    (Rechallenged, Stop, Ending),
    (Unregistered, Leave, Leaving),
    (Registered, Leave, Leaving),
    (Waiting, Leave, Leaving),
    (Ending, Leave, Leaving),
    (Unregistered, Close, Left),
    (Registered, Close, Left),
    (Waiting, Close, Left),
    (Ending, Close, Left),
];

/// Where it stands after this; `None` where it changes nothing.
pub fn step(from: State, cue: Cue) -> Option<State> {
    let mut rows = TABLE.iter();
    let row = rows.find(|(state, of, _)| *state == from && *of == cue);
    row.map(|(.., to)| *to)
}

impl State {
    /// A REGISTER is under way.
    pub fn is_asking(self) -> bool {
        matches!(
            self,
            Trying | Challenged | Refreshing | Rechallenged | Ending | Leaving | LeavingChallenged
        )
    }

    /// The house closes.
    pub fn is_leaving(self) -> bool {
        matches!(self, Ending | Leaving | LeavingChallenged | Left)
    }

    /// For `gradeline_trunk_registered` and the log.
    pub fn word(self) -> &'static str {
        match self {
            Unregistered => "unregistered",
            Trying | Challenged => "trying",
            Registered => "registered",
            Refreshing | Rechallenged => "refreshing",
            Waiting => "waiting",
            Ending | Leaving | LeavingChallenged => "leaving",
            Left => "left",
        }
    }
}
