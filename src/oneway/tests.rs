use super::*;

/// A room's noise, talk, and a dead microphone.
const ROOM: u16 = 30;
const SPEECH: u16 = 6000;
const DEAD: u16 = 8;
/// Beats of a second.
const SECOND: u32 = 50;

/// A talk on a clock of its own; what was told, with the beat.
struct Talk {
    watch: Watch,
    beat: u32,
    told: Vec<(u32, News)>,
}

impl Talk {
    fn of(microphone: bool) -> Talk {
        Talk {
            watch: Watch::new(microphone),
            beat: 0,
            told: Vec::new(),
        }
    }

    fn run(&mut self, beats: u32, packets: bool, beat: Beat) -> &mut Self {
        for _ in 0..beats {
            self.beat += 1;
            if packets {
                self.watch.packet();
            }
            let (told, at) = (&mut self.told, self.beat);
            self.watch.beat(beat, &mut |news| told.push((at, news)));
        }
        self
    }

    /// Packets come, with this from here and that from the other side.
    fn says(&mut self, seconds: u32, peak: u16, other_peak: u16) -> &mut Self {
        let beat = Beat {
            talks: true,
            paused: false,
            peak,
            other_peak,
        };
        self.run(seconds * SECOND, true, beat)
    }

    fn sends_nothing(&mut self, seconds: u32, paused: bool) -> &mut Self {
        let beat = Beat {
            talks: true,
            paused,
            peak: 0,
            other_peak: SPEECH,
        };
        self.run(seconds * SECOND, false, beat)
    }

    fn reports(&mut self, highest: u32, sent: u64) -> &mut Self {
        let (told, at) = (&mut self.told, self.beat);
        self.watch
            .report(highest, sent, &mut |news| told.push((at, news)));
        self
    }

    /// What was told: in which second, what, and whether it began.
    fn told(&self) -> Vec<(u32, Trouble, bool)> {
        let told = self.told.iter();
        told.map(|(at, news)| (at.div_ceil(SECOND), news.trouble, news.begins))
            .collect()
    }
}

#[test]
fn no_packets_are_told_within_five_seconds_and_again_when_they_come() {
    for microphone in [true, false] {
        let mut talk = Talk::of(microphone);
        talk.sends_nothing(60, false).says(5, SPEECH, ROOM);
        let told = [
            (4, Trouble::NoPackets, true),
            (61, Trouble::NoPackets, false),
        ];
        assert_eq!(talk.told(), told);
        // Later in the talk it is the same, and each time once.
        talk.sends_nothing(5, false).says(1, SPEECH, ROOM);
        assert_eq!(talk.told().len(), 4);
    }
}

#[test]
fn who_pauses_by_the_rules_is_not_missed_and_who_sends_now_and_then_neither() {
    let mut talk = Talk::of(true);
    talk.says(5, SPEECH, ROOM).sends_nothing(600, true);
    for _ in 0..100 {
        talk.sends_nothing(3, false).says(1, SPEECH, ROOM);
    }
    assert_eq!(talk.told(), []);
}

#[test]
fn a_dead_microphone_is_told_within_five_seconds_of_the_talks_beginning_or_later() {
    let mut talk = Talk::of(true);
    talk.says(10, DEAD, ROOM).says(2, SPEECH, ROOM);
    assert_eq!(
        talk.told(),
        [
            (4, Trouble::SilentMicrophone, true),
            (11, Trouble::SilentMicrophone, false)
        ]
    );
    let mut talk = Talk::of(true);
    talk.says(60, SPEECH, ROOM).says(20, DEAD, SPEECH);
    assert_eq!(talk.told(), [(64, Trouble::SilentMicrophone, true)]);
}

#[test]
fn one_that_is_all_but_dead_is_told_once_the_other_side_has_talked() {
    let mut talk = Talk::of(true);
    // Both are silent: nobody says anything yet.
    talk.says(30, ROOM, ROOM);
    assert_eq!(talk.told(), []);
    talk.says(3, ROOM, SPEECH);
    assert_eq!(talk.told(), [(31, Trouble::SilentMicrophone, true)]);
}

#[test]
fn a_pause_of_talk_is_no_alarm_however_long() {
    let mut talk = Talk::of(true);
    // A greeting; then the caller tells for ten minutes, and the room is quiet around the desk.
    talk.says(2, SPEECH, ROOM).says(600, ROOM, SPEECH);
    talk.says(60, ROOM, ROOM).says(1, SPEECH, ROOM);
    assert_eq!(talk.told(), []);
}

#[test]
fn a_gate_is_learnt_and_only_what_no_gate_does_is_told() {
    let mut talk = Talk::of(true);
    talk.says(2, SPEECH, ROOM).says(2, DEAD, SPEECH);
    for _ in 0..20 {
        talk.says(2, SPEECH, ROOM).says(15, DEAD, SPEECH);
    }
    assert_eq!(talk.told(), []);
    // Nobody talks at all: there is nothing to answer.
    talk.says(2, SPEECH, ROOM).says(120, DEAD, ROOM);
    assert_eq!(talk.told(), []);
    talk.says(2, SPEECH, ROOM).says(21, DEAD, SPEECH);
    let began = talk.told();
    assert_eq!(began.len(), 1);
    assert!(began[0].2, "{began:?}");
}

#[test]
fn muted_on_purpose_is_no_alarm_and_ends_one() {
    let mut talk = Talk::of(true);
    talk.says(3, SPEECH, ROOM);
    talk.watch.muted(true);
    talk.says(60, 0, SPEECH);
    assert_eq!(talk.told(), []);
    talk.watch.muted(false);
    talk.says(3, 0, SPEECH);
    assert_eq!(talk.told(), [], "the four seconds begin there");
    talk.says(2, 0, SPEECH);
    talk.watch.muted(true);
    talk.says(1, 0, SPEECH);
    assert_eq!(
        talk.told(),
        [
            (67, Trouble::SilentMicrophone, true),
            (69, Trouble::SilentMicrophone, false)
        ]
    );
}

#[test]
fn a_callers_silence_is_his_own_affair() {
    let mut talk = Talk::of(false);
    talk.says(120, 0, SPEECH);
    assert_eq!(talk.told(), []);
}

#[test]
fn whoever_is_on_hold_or_apart_is_not_looked_at_and_an_alarm_ends_there() {
    let apart = Beat {
        talks: false,
        paused: false,
        peak: 0,
        other_peak: SPEECH,
    };
    let mut talk = Talk::of(true);
    talk.run(60 * SECOND, false, apart);
    assert_eq!(talk.told(), []);
    talk.sends_nothing(5, false).run(1, false, apart);
    assert_eq!(
        talk.told(),
        [
            (64, Trouble::NoPackets, true),
            (66, Trouble::NoPackets, false)
        ]
    );
    // Back in the talk everything begins anew.
    talk.sends_nothing(3, false);
    assert_eq!(talk.told().len(), 2);
}

#[test]
fn who_reports_that_nothing_comes_is_told_of_and_who_reports_nothing_is_not() {
    let mut talk = Talk::of(false);
    talk.says(5, SPEECH, ROOM).reports(1000, 250);
    talk.says(5, SPEECH, ROOM).reports(1250, 500);
    // A report soon after another one says nothing.
    talk.reports(1250, 510);
    assert_eq!(talk.told(), []);
    talk.says(5, SPEECH, ROOM).reports(1250, 750);
    talk.says(5, SPEECH, ROOM).reports(1250, 1000);
    talk.says(5, SPEECH, ROOM).reports(1500, 1250);
    assert_eq!(
        talk.told(),
        [
            (15, Trouble::HearsNothing, true),
            (25, Trouble::HearsNothing, false)
        ]
    );
}

#[test]
fn what_begins_ends_whatever_happens() {
    let mut state = 7u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut talk = Talk::of(true);
    for _ in 0..2000 {
        let peaks = [0, DEAD, ROOM, SPEECH];
        let beat = Beat {
            talks: next(10) > 0,
            paused: next(5) == 0,
            peak: peaks[next(4) as usize],
            other_peak: peaks[next(4) as usize],
        };
        let (beats, packets) = (next(400), next(3) > 0);
        talk.watch.muted(next(8) == 0);
        talk.run(beats, packets, beat);
        talk.reports(next(3), u64::from(talk.beat));
    }
    let over = Beat {
        talks: false,
        paused: false,
        peak: 0,
        other_peak: 0,
    };
    talk.run(1, false, over);
    for trouble in Trouble::ALL {
        let told = talk.told.iter().filter(|(_, news)| news.trouble == trouble);
        let told: Vec<bool> = told.map(|(_, news)| news.begins).collect();
        assert!(told.len() > 2, "{trouble:?} is reached");
        let turns = told
            .iter()
            .enumerate()
            .all(|(at, begins)| *begins == (at % 2 == 0));
        assert!(turns && told.len().is_multiple_of(2), "{trouble:?}");
    }
}
