//! Answers of name servers, kept for when nobody answers (RFC 8767): an outage takes no address with it.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// An answer that is older than this says nothing any more (RFC 8767 §5 has one to three days).
const LONGEST: Duration = Duration::from_secs(86_400);
/// Questions whose answers are kept: a trunk has a few hosts, each with four kinds of records.
const AT_MOST: usize = 128;

/// The last answer to each question.
pub(super) struct Remembered<Q, A> {
    known: HashMap<Q, (A, Instant)>,
}

impl<Q: Clone + Eq + Hash, A: Clone> Remembered<Q, A> {
    pub fn new() -> Remembered<Q, A> {
        Remembered {
            known: HashMap::new(),
        }
    }

    /// This was answered; the oldest of too many is forgotten.
    pub fn note(&mut self, question: Q, answer: A, now: Instant) {
        if self.known.len() >= AT_MOST && !self.known.contains_key(&question) {
            let oldest = self.known.iter().min_by_key(|(_, (_, at))| *at);
            if let Some(oldest) = oldest.map(|(question, _)| question.clone()) {
                self.known.remove(&oldest);
            }
        }
        self.known.insert(question, (answer, now));
    }

    /// What was answered last, where that is not too long ago.
    pub fn recall(&self, question: &Q, now: Instant) -> Option<A> {
        let (answer, at) = self.known.get(question)?;
        let young = now.saturating_duration_since(*at) <= LONGEST;
        young.then(|| answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods)] // any instant will do
    fn the_last_answer_is_kept_for_a_day_and_no_more_of_them_than_there_is_room() {
        let begin = Instant::now();
        let mut remembered = Remembered::new();
        remembered.note(0, "old", begin);
        remembered.note(0, "new", begin + Duration::from_secs(1));
        assert_eq!(remembered.recall(&0, begin + LONGEST), Some("new"));
        let late = begin + LONGEST + Duration::from_secs(2);
        assert_eq!(remembered.recall(&0, late), None);
        assert_eq!(remembered.recall(&1, begin), None);
        for question in 1..1000 {
            let at = begin + Duration::from_secs(question);
            remembered.note(question, "more", at);
        }
        assert_eq!(remembered.known.len(), AT_MOST);
        assert_eq!(remembered.recall(&0, begin), None);
        assert_eq!(remembered.recall(&999, late), Some("more"));
    }
}
