//! How an attempt ended, and which final response says so.

/// The result code of an attempt, and of the errand that it closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ended {
    /// The called person answered, and the conversation was had.
    Answered,
    Busy,
    NoAnswer,
    /// He answered, and by key 3 wants no more calls about it. No final response says that.
    Refused,
    /// His telephone, or the network, took the call for unwanted; who pressed what is not known.
    Declined,
    /// Asked to be called later, by key 2.
    Later,
    /// No such number.
    WrongNumber,
    /// Switched off, or out of reach.
    OutOfReach,
    /// The desk that asked did not answer its own telephone.
    DeskNoAnswer,
    /// The desk hung up before the called person answered.
    DeskAbandoned,
    /// The trunk or the network failed.
    Network,
    /// It had become too late in the day to call him.
    OutOfHours,
    /// We failed before he answered, or were stopped.
    Interrupted,
    /// He had answered, and then we failed him.
    Failed,
    /// Taken back before it was called.
    Withdrawn,
}

impl Ended {
    pub const ALL: [Ended; 15] = [
        Ended::Answered,
        Ended::Busy,
        Ended::NoAnswer,
        Ended::Refused,
        Ended::Declined,
        Ended::Later,
        Ended::WrongNumber,
        Ended::OutOfReach,
        Ended::DeskNoAnswer,
        Ended::DeskAbandoned,
        Ended::Network,
        Ended::OutOfHours,
        Ended::Interrupted,
        Ended::Failed,
        Ended::Withdrawn,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Ended::Answered => "answered",
            Ended::Busy => "busy",
            Ended::NoAnswer => "no_answer",
            Ended::Refused => "refused",
            Ended::Declined => "declined",
            Ended::Later => "later",
            Ended::WrongNumber => "wrong_number",
            Ended::OutOfReach => "out_of_reach",
            Ended::DeskNoAnswer => "desk_no_answer",
            Ended::DeskAbandoned => "desk_abandoned",
            Ended::Network => "network",
            Ended::OutOfHours => "out_of_hours",
            Ended::Interrupted => "interrupted",
            Ended::Failed => "failed",
            Ended::Withdrawn => "withdrawn",
        }
    }

    pub fn of_word(word: &str) -> Option<Ended> {
        Ended::ALL.into_iter().find(|known| known.word() == word)
    }

    /// Whether he was tried, so that one of his attempts is used up. The desk that did not answer, the line that failed and
    /// our own limits are nothing that he was disturbed by; the desk that hung up may have let him ring.
    pub const fn tried_him(self) -> bool {
        match self {
            Ended::Answered
            | Ended::Busy
            | Ended::NoAnswer
            | Ended::Refused
            | Ended::Declined
            | Ended::Later
            | Ended::WrongNumber
            | Ended::OutOfReach
            | Ended::DeskAbandoned
            | Ended::Failed => true,
            Ended::DeskNoAnswer
            | Ended::Network
            | Ended::OutOfHours
            | Ended::Interrupted
            | Ended::Withdrawn => false,
        }
    }

    /// Minutes until the next attempt, where one may follow at all.
    pub const fn again_after_min(self) -> Option<u32> {
        match self {
            Ended::Busy | Ended::Failed => Some(15),
            Ended::NoAnswer | Ended::Declined | Ended::Later => Some(240),
            Ended::OutOfReach => Some(120),
            Ended::DeskNoAnswer | Ended::DeskAbandoned => Some(5),
            Ended::Network => Some(5),
            Ended::OutOfHours | Ended::Interrupted => Some(1),
            Ended::Answered | Ended::Refused | Ended::WrongNumber | Ended::Withdrawn => None,
        }
    }
}

/// A final response (or what stands for one) and what it says of the called person.
pub struct Status {
    pub from: u16,
    pub to: u16,
    pub ended: Ended,
    /// The section of RFC 3261 unless said otherwise.
    pub section: &'static str,
}

const fn status(from: u16, to: u16, ended: Ended, section: &'static str) -> Status {
    Status {
        from,
        to,
        ended,
        section,
    }
}

/// In the order in which they are looked through; the rest is [`Ended::Network`]. A redirection is not followed: nothing on the wire
/// decides whom we call.
pub const STATUSES: [Status; 13] = [
    status(300, 399, Ended::Network, "21.3"),
    status(404, 404, Ended::WrongNumber, "21.4.5"),
    status(410, 410, Ended::WrongNumber, "21.4.9"),
    // Nothing came at all, or nobody answered in the callee's time.
    status(408, 408, Ended::NoAnswer, "21.4.7"),
    status(480, 480, Ended::OutOfReach, "21.4.18"),
    status(484, 484, Ended::WrongNumber, "21.4.22"),
    status(485, 485, Ended::WrongNumber, "21.4.23"),
    status(486, 486, Ended::Busy, "21.4.24"),
    status(487, 487, Ended::NoAnswer, "21.4.25"),
    status(600, 600, Ended::Busy, "21.6.1"),
    status(603, 603, Ended::Declined, "21.6.2"),
    status(604, 604, Ended::WrongNumber, "21.6.3"),
    // RFC 8197: the called side takes it for unwanted.
    status(607, 608, Ended::Declined, "RFC 8197 §4, RFC 8688 §3"),
];

/// `rang`: a 180 or 183 had come.
pub fn of_status(status: u16, rang: bool) -> Ended {
    let found = STATUSES
        .iter()
        .find(|row| (row.from..=row.to).contains(&status));
    match (found, status) {
        // Without any sign of life it is the trunk that was silent.
        (_, 408) if !rang => Ended::Network,
        (Some(row), _) => row.ended,
        (None, _) => Ended::Network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_final_response_has_one_result() {
        for (status, rang, ended) in [
            (302, true, Ended::Network),
            (401, false, Ended::Network),
            (403, false, Ended::Network),
            (404, false, Ended::WrongNumber),
            (408, true, Ended::NoAnswer),
            (408, false, Ended::Network),
            (480, true, Ended::OutOfReach),
            (486, false, Ended::Busy),
            (487, true, Ended::NoAnswer),
            (488, false, Ended::Network),
            (503, false, Ended::Network),
            (600, true, Ended::Busy),
            (603, true, Ended::Declined),
            (604, false, Ended::WrongNumber),
            (607, true, Ended::Declined),
            (699, true, Ended::Network),
        ] {
            assert_eq!(of_status(status, rang), ended, "{status}");
        }
        assert!(
            STATUSES
                .iter()
                .all(|row| row.from <= row.to && !row.section.is_empty())
        );
    }

    #[test]
    fn no_response_of_the_network_is_the_called_persons_own_refusal() {
        for status in 300..700 {
            for rang in [false, true] {
                let ended = of_status(status, rang);
                assert!(
                    !matches!(ended, Ended::Refused | Ended::Answered),
                    "{status}"
                );
            }
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for ended in Ended::ALL {
            assert_eq!(Ended::of_word(ended.word()), Some(ended));
        }
    }
}
