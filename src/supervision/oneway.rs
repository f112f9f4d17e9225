//! Who of a running call is not heard, or hears nothing: kept for whoever watches over it, counted, and warned of.

use super::Supervisions;
use crate::engine::CallId;
use crate::media::{News, Side, Trouble};

/// The word of timeline, board, pages and the API; `None` of whom nobody is told.
pub const fn word_of(side: Side, trouble: Trouble) -> Option<&'static str> {
    match (side, trouble) {
        (Side::Caller, Trouble::NoPackets) => Some("caller_no_packets"),
        (Side::Caller, Trouble::HearsNothing) => Some("caller_hears_nothing"),
        (Side::Desk, Trouble::NoPackets) => Some("desk_no_packets"),
        (Side::Desk, Trouble::SilentMicrophone) => Some("desk_silent_microphone"),
        (Side::Desk, Trouble::HearsNothing) => Some("desk_hears_nothing"),
        (Side::Caller, Trouble::SilentMicrophone) | (Side::Second | Side::Ear, _) => None,
    }
}

impl Supervisions {
    /// It begins in this call, or is over; returns its word.
    pub fn one_way(&self, call: &CallId, side: Side, news: News) -> Option<&'static str> {
        let word = word_of(side, news.trouble)?;
        self.calls.trouble(&call.0, word, news.begins);
        if news.begins {
            metrics::counter!("gradeline_one_way_audio_total", "what" => word).increment(1);
            tracing::warn!(call = %call.0, what = word, "one-way audio: a side of a talk is not heard, or hears nothing");
        }
        Some(word)
    }

    /// What stands of it in this call.
    pub fn troubles(&self, call: &str) -> Vec<&'static str> {
        self.calls.troubles(call)
    }
}

#[cfg(test)]
mod tests {
    use super::super::calls::Calls;
    use super::*;

    #[test]
    fn what_begins_stands_until_it_is_over_or_the_call_is() {
        let calls = Calls::default();
        let orders = calls.enter("a", None);
        let [packets, silent] = ["caller_no_packets", "desk_silent_microphone"];
        calls.trouble("a", packets, true);
        calls.trouble("a", packets, true);
        calls.trouble("a", silent, true);
        calls.trouble("b", silent, true);
        assert_eq!(calls.troubles("a"), [packets, silent]);
        assert!(calls.troubles("b").is_empty());
        calls.trouble("a", packets, false);
        assert_eq!(calls.troubles("a"), [silent]);
        drop(orders);
        assert!(calls.troubles("a").is_empty());
    }

    #[test]
    fn words_differ() {
        let mut words: Vec<&str> = [Side::Caller, Side::Desk, Side::Second, Side::Ear]
            .into_iter()
            .flat_map(|side| Trouble::ALL.map(|trouble| word_of(side, trouble)))
            .flatten()
            .collect();
        let told = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!((told, words.len()), (5, 5));
    }
}
