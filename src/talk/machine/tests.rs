mod properties;

use super::*;

// A test's own zero: only differences count.
#[allow(clippy::disallowed_methods)]
fn epoch() -> Instant {
    Instant::now()
}

fn keys(text: &str) -> Vec<Digit> {
    text.chars()
        .map(|key| Digit::from_char(key).unwrap())
        .collect()
}

fn codes() -> Codes {
    let codes = [
        (Meaning::Consult, "*2"),
        (Meaning::Complete, "*1"),
        (Meaning::TakeBack, "*0"),
        (Meaning::Seal, "*7"),
    ];
    let codes = codes.map(|(meaning, code)| (meaning, keys(code)));
    Codes::new(codes.into(), Duration::from_secs(3))
}

struct Story {
    talk: Talk,
    now: Instant,
    done: Vec<Action>,
}

impl Story {
    fn begin() -> Story {
        let now = epoch();
        let mut talk = Talk::new(codes(), Some(Duration::from_secs(20)));
        assert_eq!(talk.handle(Event::Joined, now), [bridge(Pair)]);
        let done = Vec::new();
        Story { talk, now, done }
    }

    fn happens(&mut self, event: Event) -> Vec<Action> {
        self.now += Duration::from_millis(200);
        let actions = self.talk.handle(event, self.now);
        self.done.extend(actions.clone());
        actions
    }

    fn wants(&mut self, command: Command) -> Result<Vec<Action>, Refusal> {
        self.now += Duration::from_millis(200);
        self.talk.command(command)
    }

    fn keyed(&mut self, text: &str) -> Vec<Action> {
        let pressed = keys(text).into_iter();
        pressed
            .flat_map(|key| self.happens(Event::Key(key)))
            .collect()
    }
}

use Action::{
    Keyed as K, LetFirstGo, LetSecondGo, Over, Play, Progress, Ring, Sealed, SecondIsFirst,
    StopPlaying, StopRinging, SupervisorIsFirst,
};
use Bridge::{All, Apart, Desks, Pair};

fn bridge(bridge: Bridge) -> Action {
    Action::Bridge(bridge)
}

fn to(name: &str) -> String {
    name.to_owned()
}

#[test]
fn who_is_held_is_told_so_again_and_again_until_he_is_back() {
    let mut story = Story::begin();
    let held = story.wants(Command::Hold).unwrap();
    assert_eq!(held, [bridge(Apart), Play(Music::Wait)]);
    story.happens(Event::Played);
    let again_at = story.talk.timeout_at().unwrap();
    assert_eq!(again_at - story.now, Duration::from_secs(20));
    assert_eq!(story.happens(Event::Timeout), [], "before its time");
    story.now = again_at;
    assert_eq!(story.happens(Event::Timeout), [Play(Music::Wait)]);
    assert_eq!(story.wants(Command::Hold), Ok(vec![]), "held twice is held");
    let back = story.wants(Command::Resume).unwrap();
    assert_eq!(back, [bridge(Pair), Play(Music::Back)]);
    assert_eq!(story.talk.timeout_at(), None);
}

#[test]
fn a_transfer_lets_the_first_desk_go_when_the_second_answers() {
    let mut story = Story::begin();
    let asked = story.wants(Command::Transfer(to("8002"))).unwrap();
    assert_eq!(asked, [bridge(Apart), Play(Music::Wait), Ring(to("8002"))]);
    let twice = story.wants(Command::Transfer(to("8003")));
    assert_eq!(twice, Err(Refusal::NotNow));
    assert_eq!(story.happens(Event::Ringing), [Progress(180)]);
    let over = [
        Progress(200),
        StopPlaying,
        LetFirstGo,
        SecondIsFirst,
        bridge(Pair),
    ];
    assert_eq!(story.happens(Event::Answered), over);
    assert!(story.talk.is_joined());
}

#[test]
fn a_transfer_to_nobody_gives_the_caller_back() {
    let mut story = Story::begin();
    story.wants(Command::Transfer(to("8002"))).unwrap();
    let back = story.happens(Event::Unavailable(Why::Busy));
    assert_eq!(back, [Progress(486), bridge(Pair), Play(Music::Back)]);
    // Most telephones hold before they ask.
    story.wants(Command::Hold).unwrap();
    story.wants(Command::Transfer(to("8002"))).unwrap();
    let back = story.happens(Event::Unavailable(Why::NoAnswer));
    assert_eq!(back, [Progress(480)]);
    assert_eq!(story.talk.bridge(), Apart);
    assert_eq!(story.wants(Command::Resume).unwrap()[0], bridge(Pair));
}

#[test]
fn who_transfers_may_hang_up_before_the_other_answers() {
    for (what, then) in [
        (
            Event::Answered,
            vec![StopPlaying, SecondIsFirst, bridge(Pair)],
        ),
        (Event::Unavailable(Why::Busy), vec![StopPlaying, Over]),
    ] {
        let mut story = Story::begin();
        story.wants(Command::Transfer(to("8002"))).unwrap();
        assert_eq!(story.happens(Event::FirstGone), []);
        assert_eq!(story.wants(Command::TakeBack), Err(Refusal::NoTalk));
        assert_eq!(story.happens(what), then);
    }
}

#[test]
fn a_colleague_is_consulted_by_keys_joined_and_left_with_the_caller() {
    let mut story = Story::begin();
    let asked = [
        K("consult"),
        bridge(Apart),
        Play(Music::Wait),
        Ring(to("8002")),
    ];
    assert_eq!(story.keyed("*28002#"), asked);
    assert_eq!(story.happens(Event::Answered), [bridge(Desks)]);
    let three = [K("consult"), bridge(All), Play(Music::Thanks)];
    assert_eq!(story.keyed("*2"), three);
    assert!(story.talk.is_three());
    let alone = [
        K("complete"),
        StopPlaying,
        LetFirstGo,
        SecondIsFirst,
        bridge(Pair),
    ];
    assert_eq!(story.keyed("*1"), alone);
}

#[test]
fn the_caller_is_taken_back_while_a_colleague_rings_and_while_he_talks() {
    let mut story = Story::begin();
    story.keyed("*28002#");
    let back = [K("take_back"), StopRinging, bridge(Pair), Play(Music::Back)];
    assert_eq!(story.keyed("*0"), back);
    story.keyed("*28002#");
    story.happens(Event::Answered);
    let back = [K("take_back"), LetSecondGo, bridge(Pair), Play(Music::Back)];
    assert_eq!(story.keyed("*0"), back);
    // An answer that crossed the taking back finds nothing.
    assert_eq!(story.happens(Event::Answered), []);
}

#[test]
fn who_hangs_up_in_a_consultation_leaves_the_caller_to_the_colleague() {
    let mut story = Story::begin();
    story.keyed("*28002#");
    story.happens(Event::Answered);
    let gone = story.happens(Event::FirstGone);
    assert_eq!(gone, [StopPlaying, SecondIsFirst, bridge(Pair)]);
    assert_eq!(story.happens(Event::FirstGone), [StopPlaying, Over]);
}

#[test]
fn a_supervisor_has_the_caller_whatever_went_on_before() {
    let taken = [StopPlaying, LetFirstGo, SupervisorIsFirst, bridge(Pair)];
    let mut story = Story::begin();
    assert_eq!(story.happens(Event::TakenOver), taken);
    // He holds as any desk does, and whom he took the caller from held nothing of his.
    story.wants(Command::Hold).unwrap();
    assert_eq!(story.happens(Event::TakenOver), taken);
    assert!(story.talk.is_joined());

    let mut story = Story::begin();
    story.wants(Command::Transfer(to("8002"))).unwrap();
    let given_up = [StopRinging, Progress(487)];
    assert_eq!(
        story.happens(Event::TakenOver),
        [&given_up[..], &taken].concat()
    );

    let mut story = Story::begin();
    story.keyed("*7*28002#");
    story.happens(Event::Answered);
    let taken = story.happens(Event::TakenOver);
    let expected = [
        LetSecondGo,
        StopPlaying,
        LetFirstGo,
        Sealed(false),
        SupervisorIsFirst,
        bridge(Pair),
    ];
    assert_eq!(taken, expected);

    let now = epoch();
    let mut nobody = Talk::new(codes(), None);
    assert_eq!(nobody.handle(Event::TakenOver, now), [], "there is no talk");
}

#[test]
fn a_number_that_is_not_ended_or_keyed_too_slowly_rings_nobody() {
    let mut story = Story::begin();
    assert_eq!(story.keyed("*2800"), [K("consult")]);
    assert!(story.talk.is_numbering());
    story.now += Duration::from_secs(4);
    assert_eq!(story.keyed("2#"), []);
    assert_eq!(story.keyed("*2#"), [K("consult")]);
    assert_eq!(
        story.keyed("*28*7"),
        [K("consult"), K("seal"), Sealed(true)]
    );
    assert!(story.talk.is_joined());
}

#[test]
fn a_seal_ends_with_the_desk_that_set_it() {
    let mut story = Story::begin();
    assert_eq!(story.keyed("*7"), [K("seal"), Sealed(true)]);
    assert_eq!(story.keyed("*7"), [K("seal"), Sealed(false)]);
    story.keyed("*7");
    assert_eq!(story.happens(Event::Ended), [Sealed(false)]);
    assert_eq!(story.keyed("*7"), [], "there is no talk");
}

#[test]
fn a_page_that_is_lost_in_the_talk_finds_its_caller_kept() {
    let mut story = Story::begin();
    let lost = story.happens(Event::FirstAway);
    assert_eq!(lost, [bridge(Apart), Play(Music::Wait)]);
    // Its person can say nothing meanwhile; a telephone of its that resumes does not bring it back.
    assert_eq!(story.wants(Command::Resume), Ok(vec![]));
    let back = story.happens(Event::FirstBack);
    assert_eq!(back, [bridge(Pair), Play(Music::Back)]);
}

#[test]
fn a_page_that_is_lost_while_it_consults_comes_back_to_its_colleague() {
    let mut story = Story::begin();
    story.keyed("*28002#");
    // Before he answers: who is joined with him then is not there yet.
    assert_eq!(story.happens(Event::FirstAway), [bridge(Apart)]);
    assert_eq!(story.happens(Event::Answered), [bridge(Desks)]);
    assert_eq!(story.happens(Event::FirstBack), [bridge(Desks)]);
    assert_eq!(story.happens(Event::FirstAway), [bridge(Desks)]);
    // The colleague does not wait: the caller hears on that he is to.
    assert_eq!(story.happens(Event::SecondGone), [bridge(Apart)]);
    let back = story.happens(Event::FirstBack);
    assert_eq!(back, [bridge(Pair), Play(Music::Back)]);
}

#[test]
fn a_page_that_is_lost_with_three_in_the_talk_leaves_the_other_two_together() {
    let mut story = Story::begin();
    story.keyed("*28002#");
    story.happens(Event::Answered);
    story.keyed("*2");
    // Its leg is gone: the mixing of the two that are left has to be told again.
    assert_eq!(story.happens(Event::FirstAway), [bridge(All)]);
    assert_eq!(story.happens(Event::FirstBack), [bridge(All)]);
    story.happens(Event::FirstAway);
    let gone = story.happens(Event::SecondGone);
    assert_eq!(gone, [StopPlaying, bridge(Apart), Play(Music::Wait)]);
    let back = story.happens(Event::FirstBack);
    assert_eq!(back, [bridge(Pair), Play(Music::Back)]);
}

#[test]
fn a_page_that_does_not_come_back_leaves_the_caller_to_the_colleague() {
    let mut story = Story::begin();
    story.keyed("*28002#");
    story.happens(Event::Answered);
    story.happens(Event::FirstAway);
    let gone = story.happens(Event::FirstGone);
    assert_eq!(gone, [StopPlaying, SecondIsFirst, bridge(Pair)]);
    // That one was away is nothing to the other.
    assert!(story.talk.is_joined());
}

#[test]
fn a_hold_or_a_loss_before_the_join_is_not_forgotten() {
    for (before, after) in [
        (None, Event::FirstBack),
        (Some(Command::Hold), Event::FirstBack),
    ] {
        let now = epoch();
        let mut waiting = Talk::new(codes(), None);
        match before {
            Some(command) => assert_eq!(waiting.command(command), Ok(vec![])),
            None => assert_eq!(waiting.handle(Event::FirstAway, now), []),
        }
        let mut talk = Talk::new(codes(), None).begun_by(&waiting);
        let joined = talk.handle(Event::Joined, now);
        assert_eq!(joined, [bridge(Apart), Play(Music::Wait)]);
        assert!(!talk.is_joined());
        let back = talk.handle(after, now);
        assert_eq!(back, [bridge(Pair), Play(Music::Back)]);
    }
    let now = epoch();
    let mut waiting = Talk::new(codes(), None);
    waiting.command(Command::Hold).unwrap();
    waiting.handle(Event::Ended, now);
    let mut next = Talk::new(codes(), None).begun_by(&waiting);
    assert_eq!(next.handle(Event::Joined, now), [bridge(Pair)]);
}

#[test]
fn a_colleague_who_holds_when_the_caller_is_handed_over_holds_him() {
    let mut story = Story::begin();
    story.keyed("*28002#");
    story.happens(Event::Answered);
    assert_eq!(story.happens(Event::SecondHolds(true)), []);
    let over = [
        K("complete"),
        StopPlaying,
        LetFirstGo,
        SecondIsFirst,
        bridge(Apart),
        Play(Music::Wait),
    ];
    assert_eq!(story.keyed("*1"), over);
    assert_eq!(story.wants(Command::Resume).unwrap()[0], bridge(Pair));
    // One who was let go of leaves nothing.
    story.keyed("*28003#");
    story.happens(Event::Answered);
    story.happens(Event::SecondHolds(true));
    story.happens(Event::SecondGone);
    story.keyed("*28003#");
    story.happens(Event::Answered);
    assert_eq!(*story.keyed("*1").last().unwrap(), bridge(Pair));
}

#[test]
fn who_waits_is_told_so_again_only_after_he_has_heard_it() {
    let mut story = Story::begin();
    story.wants(Command::Hold).unwrap();
    assert_eq!(story.talk.timeout_at(), None, "a long one is not cut off");
}

/// What a page's buttons show is what the machine does.
#[test]
fn what_is_allowed_is_what_is_carried_out() {
    let name = || "8002".to_owned();
    let stories: [(&[Event], &[Command], Option<&str>); 8] = [
        (&[], &[], None),
        (&[], &[Command::Hold], None),
        (&[], &[Command::Transfer(name())], Some("transferring")),
        (&[], &[Command::Consult(name())], Some("asking")),
        (
            &[Event::Answered],
            &[Command::Consult(name())],
            Some("consulting"),
        ),
        (&[Event::Answered], &[Command::Transfer(name())], None),
        (&[Event::FirstGone], &[Command::Transfer(name())], None),
        (&[Event::Ended], &[], None),
    ];
    for (events, commands, under_way) in stories {
        let told = || {
            let mut story = Story::begin();
            for command in commands {
                story.wants(command.clone()).unwrap();
            }
            for event in events {
                story.happens(event.clone());
            }
            story
        };
        assert_eq!(
            told().talk.under_way(),
            under_way,
            "{commands:?} {events:?}"
        );
        for wanted in [
            Command::Transfer(name()),
            Command::Consult(name()),
            Command::JoinAll,
            Command::Complete,
            Command::TakeBack,
        ] {
            let allowed = told().talk.allows(&wanted);
            let done = told().wants(wanted.clone()).is_ok();
            assert_eq!(allowed, done, "{wanted:?} after {commands:?} {events:?}");
        }
    }
}
