//! The wait of `connect`: what is played while no desk is free, and the keys that lead out of it.

use std::time::Duration;

use super::{Event, Findings, PromptUse, Run, Section, Word, find, keys, spans};
use crate::ivr::{Digit, Hearers, Waits};
use crate::script::Value;

keys! {
    /// Without `wait_at_most_s` nobody waits, and no other key of it may stand there.
    pub struct Waiting {
        wait_at_most: Option<Duration>,
        /// Music, or words: played again and again.
        waiting_prompt: Option<Word>,
        /// Tells the position, `{n}`, and the minutes that it takes, `{m}`.
        position_prompt: Option<Word>,
        /// The same from the second time on, and where the minutes are not known.
        position_again: Option<Word>,
        position_first: Option<Duration>,
        position_each: Option<Duration>,
        /// Who waits longer is served by the desks of this group too.
        overflow_group: Option<Word>,
        overflow_after: Option<Duration>,
        keys: Option<Vec<(Digit, Word)>>,
        /// Where he is led who waits when the service hours end; without it he is served on.
        hours_end: Option<Word>,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct State {
    /// The position was told once.
    told: bool,
    /// It is being told.
    tells: bool,
}

/// The largest number that can be spoken.
const SPOKEN_AT_MOST: u16 = 9999;

impl Waiting {
    pub fn at_most(&self) -> Option<Duration> {
        self.wait_at_most
    }

    pub fn check(&self, section: &Section, findings: &mut Findings) {
        let waits = ("wait_at_most_s", self.wait_at_most.is_some(), "600");
        let tells = ("position_prompt", self.position_prompt.is_some(), "\"P02\"");
        let first = ("position_first_s", self.position_first.is_some(), "15");
        let each = ("position_each_s", self.position_each.is_some(), "40");
        let group = ("overflow_group", self.overflow_group.is_some(), "\"…\"");
        let after = ("overflow_after_s", self.overflow_after.is_some(), "60");
        let plays = ("waiting_prompt", self.waiting_prompt.is_some(), "");
        let again = ("position_again", self.position_again.is_some(), "");
        let keys = ("keys", self.keys.is_some(), "");
        let end = ("hours_end", self.hours_end.is_some(), "");
        for ((key, is_given, _), (other, is_there, example)) in [
            (plays, waits),
            (tells, waits),
            (tells, first),
            (tells, each),
            (again, tells),
            (first, tells),
            (each, tells),
            (group, waits),
            (group, after),
            (after, group),
            (keys, waits),
            (end, waits),
        ] {
            if is_given && !is_there {
                findings.error(
                    &section.span_of(key),
                    format!("`{key}` needs `{other}`"),
                    format!("add `{other} = {example}`"),
                );
            }
        }
        let keys = self.keys.iter().flat_map(|keys| spans(keys));
        super::refuse_double_keys(keys, &[], findings);
    }

    pub fn waits(&self) -> Option<Waits> {
        self.wait_at_most?;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let overflow = self.overflow_after.zip(self.overflow_group.as_ref());
        Some(Waits {
            told_ms: self
                .position_first
                .zip(self.position_each)
                .map(|(first, each)| (millis(first), millis(each))),
            overflow: overflow.map(|(after, group)| (millis(after), group.text.clone())),
            until_hours_end: self.hours_end.is_some(),
        })
    }

    pub fn overflow_group(&self) -> Option<&Word> {
        self.overflow_group.as_ref()
    }

    pub fn exits(&self) -> impl Iterator<Item = &Word> {
        let keys = self.keys.iter().flatten().map(|(_, to)| to);
        keys.chain(&self.hours_end)
    }

    /// Where it leads that the service hours have ended, which he can be told from now on.
    pub fn hours_end(&self, run: &mut Run) -> Option<&Word> {
        let to = self.hours_end.as_ref()?;
        if let Some(Value::Slot { hours, .. }) = &run.facts.slot
            && !hours.is_empty()
        {
            let hours = hours.clone();
            run.values.set("hours", Value::Hours(hours));
        }
        Some(to)
    }

    pub fn prompts(&self) -> impl Iterator<Item = PromptUse<'_>> {
        let told = self.position_prompt.iter().chain(&self.position_again);
        let told = told.map(|id| PromptUse::new(id).providing(&["n", "m"]));
        self.waiting_prompt.iter().map(PromptUse::new).chain(told)
    }

    /// Where this key leads.
    pub fn key(&self, key: Digit) -> Option<&Word> {
        self.keys.as_ref().and_then(|keys| find(keys, key))
    }

    /// The position is known, and told when it can be.
    pub fn hear(event: &Event, run: &mut Run) {
        let Event::Position { ahead, wait_min } = event else {
            return;
        };
        run.values
            .set("n", Value::Number((*ahead).min(SPOKEN_AT_MOST)));
        match wait_min {
            Some(minutes) => {
                let minutes = (*minutes).clamp(1, SPOKEN_AT_MOST);
                run.values.set("m", Value::Number(minutes));
            }
            None => run.values.unset("m"),
        }
    }

    /// The wait begins, with a position that came before.
    pub fn begin(&self, tells: bool, run: &mut Run) -> State {
        let state = State::default();
        let state = if tells { self.tell(state, run) } else { state };
        match state.tells {
            true => state,
            false => self.fill(state, run),
        }
    }

    /// A position, or the end of what played. The wait's own end is not ours.
    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> State {
        match event {
            Event::Position { .. } if !state.tells => {
                Self::hear(event, run);
                self.tell(state, run)
            }
            Event::Played(_) | Event::Timeout => self.fill(state, run),
            _ => state,
        }
    }

    /// The first that can be told: with the minutes once, where they are known.
    fn tell(&self, state: State, run: &mut Run) -> State {
        let (first, again) = (&self.position_prompt, &self.position_again);
        let order = if state.told {
            [again, first]
        } else {
            [first, again]
        };
        let mut known = order.into_iter().flatten();
        let Some(prompt) = known.find(|prompt| run.knows_values_of(&prompt.text)) else {
            return state;
        };
        run.play(&prompt.text, Hearers::Caller);
        Self::bound(run);
        State {
            told: true,
            tells: true,
        }
    }

    fn fill(&self, state: State, run: &mut Run) -> State {
        run.stop_playing();
        if let Some(prompt) = &self.waiting_prompt {
            run.play(&prompt.text, Hearers::Caller);
        } else {
            run.timer = Some(run.ring_ends_by);
        }
        Self::bound(run);
        State {
            tells: false,
            ..state
        }
    }

    /// What plays is not waited for longer than the wait lasts.
    fn bound(run: &mut Run) {
        run.timer = run.timer.map(|at| at.min(run.ring_ends_by));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::ivr::fixture::Call;
    use crate::ivr::{Action, Event, Outcome, Unavailable, Waits};

    fn position(call: &mut Call, ahead: u16, wait_min: Option<u16>) -> Vec<Action> {
        call.happen(Event::Position { ahead, wait_min })
    }

    fn clips(actions: &[Action]) -> Vec<&str> {
        let plays = actions.iter().filter_map(|action| match action {
            Action::Play { clips, .. } => Some(clips),
            _ => None,
        });
        plays.flatten().map(|clip| clip.0.as_str()).collect()
    }

    #[test]
    fn the_room_is_told_how_he_waits() {
        let call = Call::queueing();
        let waits = call.done.iter().find_map(|action| match action {
            Action::Connect {
                ring_timeout_ms,
                waits,
                ..
            } => Some((*ring_timeout_ms, waits.clone())),
            _ => None,
        });
        let expected = Waits {
            told_ms: Some((15_000, 40_000)),
            overflow: None,
            until_hours_end: false,
        };
        assert_eq!(waits, Some((600_000, Some(expected))));
    }

    #[test]
    fn his_position_is_told_with_the_minutes_where_they_are_known() {
        let mut call = Call::queueing();
        // The notice plays, and is not interrupted.
        assert!(position(&mut call, 2, Some(4)).is_empty());
        call.pass(10.0);
        assert_eq!(call.prompts(), ["P01"]);
        let from = call.done.len();
        call.pass(8.0);
        let told = clips(&call.done[from..]);
        assert_eq!(told, ["P02.1", "num-2", "P02.2", "num-4", "P02.3"]);
        call.pass(40.0);
        let told = position(&mut call, 0, None);
        assert_eq!(clips(&told), ["P03.1", "num-0", "P03.2"]);
        assert!(position(&mut call, 0, None).is_empty(), "one at a time");
    }

    #[test]
    fn where_the_minutes_are_not_known_they_are_left_out() {
        let mut call = Call::queueing();
        call.pass(20.0);
        assert_eq!(
            clips(&position(&mut call, 3, None)),
            ["P03.1", "num-3", "P03.2"]
        );
    }

    #[test]
    fn a_desk_that_answers_stops_what_he_is_told() {
        let mut call = Call::queueing();
        call.pass(20.0);
        position(&mut call, 3, None);
        call.pass(1.0);
        let answered = call.happen(Event::DeskAnswered { staff: None });
        assert_eq!(answered[..2], [Action::StopPlaying, Action::Join]);
        call.happen(Event::DeskHungUp);
        assert_eq!(call.session.place(), "rate");
    }

    #[test]
    fn who_lost_his_desk_waits_for_another_and_is_asked_for_his_grade_in_any_case() {
        let mut call = Call::queueing();
        call.pass(20.0);
        call.happen(Event::DeskAnswered { staff: None });
        call.pass(30.0);
        let lost = call.happen(Event::DeskLost);
        let sought = lost
            .iter()
            .filter(|action| matches!(action, Action::Connect { waits: Some(_), .. }));
        assert_eq!(sought.count(), 1, "{lost:?}");
        assert_eq!(call.session.place(), "connect");
        assert!(call.session.is_waiting());
        position(&mut call, 0, None);
        // Another one has him.
        let answered = call.happen(Event::DeskAnswered { staff: None });
        assert!(answered.contains(&Action::Join), "{answered:?}");
        call.pass(10.0);
        // That one is lost as well, and nobody else is to be had.
        call.happen(Event::DeskLost);
        // No key of the queue leads past the question for his grade.
        call.press("1");
        call.pass(3.0);
        call.press("1");
        assert_eq!(call.session.place(), "connect");
        let waited = call.happen(Event::DeskUnavailable(Unavailable::WaitedOut));
        assert!(waited.contains(&Action::CancelConnect), "{waited:?}");
        assert_eq!(call.session.place(), "rate");
        // Who hangs up meanwhile has talked all the same.
        let mut call = Call::queueing();
        call.pass(20.0);
        call.happen(Event::DeskAnswered { staff: None });
        call.pass(30.0);
        call.happen(Event::DeskLost);
        call.happen(Event::CallerHungUp);
        let outcome = call.session.outcome().map(Outcome::word);
        assert_eq!(outcome, Some("left_before_offer"));
        assert!(call.done.contains(&Action::CancelConnect));
    }

    #[test]
    fn a_key_leads_out_of_the_queue_and_his_place_is_kept_until_he_has_chosen() {
        let mut call = Call::queueing();
        call.press("1");
        call.pass(20.0);
        assert_eq!(
            call.session.place(),
            "connect",
            "in the notice no key is asked for"
        );
        let chosen = {
            call.press("1");
            call.done.clone()
        };
        assert!(chosen.contains(&Action::StepAside));
        assert!(!chosen.contains(&Action::CancelConnect));
        call.pass(3.0);
        call.press("1");
        call.pass(60.0);
        assert_eq!(call.word(), Some("callback"));
        // Who leaves while he chooses has left the queue.
        let mut call = Call::queueing();
        call.pass(20.0);
        call.press("1");
        call.pass(1.0);
        call.happen(Event::CallerHungUp);
        assert_eq!(call.session.outcome().map(Outcome::word), Some("abandoned"));
        assert!(call.done.contains(&Action::CancelConnect));
    }

    #[test]
    fn a_wait_that_is_over_goes_on_as_without_a_desk() {
        let mut call = Call::queueing();
        call.pass(20.0);
        call.happen(Event::DeskUnavailable(Unavailable::WaitedOut));
        assert_eq!(call.session.place(), "busy");
        // And where nobody tells, by its own clock.
        let mut call = Call::queueing();
        call.pass(17.0);
        let at = call.session.timeout_at().expect("it waits");
        assert!(at > call.now + Duration::from_secs(600));
        call.pass(660.0);
        assert_eq!(call.session.place(), "busy");
        assert!(call.done.contains(&Action::CancelConnect));
    }

    #[test]
    fn who_waits_when_the_hours_end_is_told_them_and_may_have_a_callback() {
        // With the key, before and after the notice's end; without it he hears what is played where nobody is to be had.
        for (key, notice_ends, place) in [
            (true, true, "closed"),
            (true, false, "closed"),
            (false, true, "busy"),
        ] {
            let mut call = Call::queueing_until_hours_end(key);
            if notice_ends {
                call.pass(20.0);
            }
            let from = call.done.len();
            call.happen(Event::DeskUnavailable(Unavailable::Closed));
            call.pass(if notice_ends { 10.0 } else { 20.0 });
            assert_eq!(call.session.place(), place);
            let told = clips(&call.done[from..]);
            assert!(!told.is_empty(), "never silence");
        }
        let mut call = Call::queueing_until_hours_end(true);
        call.pass(20.0);
        call.happen(Event::DeskUnavailable(Unavailable::Closed));
        assert_eq!(call.prompts().last().copied(), Some("P23"));
        call.happen(Event::CallerHungUp);
        let outcome = call.session.outcome().map(Outcome::word);
        assert_eq!(outcome, Some("no_desk"));
    }
}
