//! A listing's life on a calendar of 2026, and what is refused with which article.

use super::*;
use crate::acts::Way;
use crate::domain::{
    Actor, Addressee, Applicant, By, Calendar, DeadlineKind, Hand, Hindrance, Moment, PersonId,
    Post, Role, Series, Subject, TicketNumber, UnitId,
};

fn calendar() -> Calendar {
    let text = |year| {
        std::fs::read_to_string(format!(
            "{}/calendars/{year}.toml",
            env!("CARGO_MANIFEST_DIR")
        ))
        .expect("a calendar")
    };
    let files = [2025, 2026].map(|year| (format!("{year}.toml"), text(year)));
    Calendar::from_texts(&files).expect("two notices")
}

fn at(text: &str) -> Moment {
    format!("{text}:00+08:00").parse().expect("a moment")
}

fn of(person: &str, role: Role, unit: UnitId) -> By {
    By::Person(Hand {
        person: PersonId(person.into()),
        staff: None,
        posts: vec![Post { role, unit }],
    })
}

fn officer() -> By {
    of("1", Role::CentreOfficer, UnitId::centre())
}

fn revisitor() -> By {
    of("2", Role::CentreRevisitor, UnitId::centre())
}

fn signer(person: &str) -> By {
    of(person, Role::OfficeSigner, UnitId::general_office())
}

fn ticket(serial: u32) -> TicketNumber {
    TicketNumber {
        series: Series::Real,
        year: 2026,
        serial,
    }
}

fn judged(days: &[&str]) -> Vec<Judged> {
    let one = |(index, day): (usize, &&str)| Judged {
        ticket: ticket(index as u32 + 1),
        at: at(&format!("{day}T12:00")),
    };
    days.iter().enumerate().map(one).collect()
}

/// A listing being made, with its clocks as the rows would have them.
struct Story {
    calendar: Calendar,
    judged: Vec<Judged>,
    proven: bool,
    listing: Option<Listing>,
    records: Vec<Record>,
    objection_ends: Option<Moment>,
    last: Option<Decision>,
}

fn reason() -> String {
    "三次以差评要挟加急办理".into()
}

fn propose() -> Act {
    Act::Propose {
        applicant: Applicant("digest".into()),
        ticket: ticket(1),
        evidence: vec![ticket(1), ticket(2), ticket(3)],
        reason: reason(),
    }
}

fn sign() -> Act {
    Act::Sign { reason: reason() }
}

fn tell() -> Act {
    Act::Tell {
        way: Way::Phone,
        text: reason(),
    }
}

fn object() -> Act {
    Act::Object {
        way: Way::Letter,
        text: "第二次确有其事".into(),
    }
}

fn uphold() -> Act {
    Act::Uphold { reason: reason() }
}

fn allow() -> Act {
    Act::Allow { reason: reason() }
}

impl Story {
    fn begin() -> Story {
        Story {
            calendar: calendar(),
            judged: judged(&["2026-02-03", "2026-05-06", "2026-08-20"]),
            proven: true,
            listing: None,
            records: Vec::new(),
            objection_ends: None,
            last: None,
        }
    }

    fn tries(&self, by: &By, act: Act, now: &str) -> Result<Decision, Refusal> {
        let facts = Facts {
            judged: &self.judged,
            proven: self.proven,
            listed: self.listing.as_ref().is_some_and(|it| !it.state.is_over()),
            objection_ends: self.objection_ends,
        };
        let setting = Setting {
            facts,
            calendar: &self.calendar,
            now: at(now),
        };
        super::act(self.listing.as_ref(), 7, act, by, setting)
    }

    fn does(&mut self, by: By, act: Act, now: &str) -> &mut Self {
        let decision = self.tries(&by, act, now).expect("it is lawful");
        let text = decision.entry.record.as_deref().expect("a record");
        self.records
            .push(serde_json::from_str(text).expect("it reads back"));
        let replayed = Listing::replay(7, &self.records);
        assert_eq!(replayed.as_ref(), Some(&decision.after), "it replays");
        for deadline in decision.started.iter() {
            if deadline.kind == DeadlineKind::ListingObjection {
                self.objection_ends = Some(deadline.due_at);
            }
        }
        self.listing = Some(decision.after.clone());
        self.last = Some(decision);
        self
    }

    fn refuses(&self, by: &By, act: Act, now: &str) -> Why {
        let refused = self.tries(by, act, now).expect_err("it is refused");
        assert_eq!(refused.article().to_string(), "第十一条");
        assert!(refused.zh().contains("第十一条"), "{}", refused.zh());
        refused.why
    }

    fn state(&self) -> State {
        self.listing.as_ref().expect("a listing").state
    }

    /// What the last act started.
    fn started(&self) -> (DeadlineKind, String) {
        let last = self.last.as_ref().expect("an act");
        let started = last.started.as_ref().expect("a deadline");
        assert_eq!(started.of, Subject::Listing(7));
        (started.kind, started.due_at.civil_text())
    }

    fn told(&self) -> Vec<Addressee> {
        let last = self.last.as_ref().expect("an act");
        let notices = last.notices.iter();
        notices.map(|notice| notice.addressee.clone()).collect()
    }
}

#[test]
fn three_proven_cases_in_twelve_months_are_signed_told_and_expire() {
    let mut story = Story::begin();
    story.does(officer(), propose(), "2026-09-01T10:00");
    assert_eq!(story.state(), State::Proposed);
    assert!(!story.state().is_in_force());
    assert_eq!(story.told(), [Addressee::GeneralOffice]);
    story.does(signer("8"), sign(), "2026-09-02T10:00");
    assert_eq!(
        story.started(),
        (DeadlineKind::Listing, "2027-09-02 23:59:59".to_owned())
    );
    story.does(revisitor(), tell(), "2026-09-18T16:00");
    // Ten working days: the week of the national holiday does not count, 2026-09-20 and 10-10 are worked.
    let (kind, until) = story.started();
    assert_eq!(kind, DeadlineKind::ListingObjection);
    assert_eq!(
        until,
        due(DeadlineKind::ListingObjection, "2026-09-18T16:00")
    );
    assert_eq!(story.told(), [Addressee::Rater]);
    let text = &story.last.as_ref().unwrap().notices[0].text;
    assert!(text.contains(&reason()) && text.contains(&until), "{text}");

    let listing = story.listing.clone().unwrap();
    assert!(listing.ripe(at("2027-09-02T23:59")).is_none());
    let over = at("2027-09-03T00:00");
    assert_eq!(listing.ripe(over), Some(Act::Expire {}));
    assert_eq!(
        story.refuses(&signer("8"), Act::Expire {}, "2027-09-03T00:00"),
        Why::NotYours
    );
    story.does(By::System, Act::Expire {}, "2027-09-03T00:00");
    assert_eq!(story.state(), State::Expired);
    let listing = story.listing.unwrap();
    assert!(listing.ripe(over).is_none());
    assert!(!listing.marks(at("2026-09-02T09:59")));
    assert!(listing.marks(at("2026-09-02T10:00")) && listing.marks(at("2027-09-02T23:59")));
    assert!(!listing.marks(over));
}

fn due(kind: DeadlineKind, start: &str) -> String {
    let end = kind.term().end(at(start), &calendar()).expect("a length");
    assert!(!end.provisional);
    end.due_at.civil_text()
}

#[test]
fn a_number_alone_two_cases_and_old_cases_list_nobody() {
    let mut story = Story::begin();
    let now = "2026-09-01T10:00";
    story.proven = false;
    let not_proven = Why::Hindered(Hindrance::NotProven);
    assert_eq!(story.refuses(&officer(), propose(), now), not_proven);
    story.proven = true;
    let too_few = Why::Hindered(Hindrance::TooFew);
    story.judged = judged(&["2026-05-06", "2026-08-20"]);
    assert_eq!(story.refuses(&officer(), propose(), now), too_few);
    // The first of three is a day more than twelve months old.
    story.judged = judged(&["2025-08-31", "2026-05-06", "2026-08-20"]);
    assert_eq!(story.refuses(&officer(), propose(), now), too_few);
    story.judged = judged(&["2025-09-01", "2026-05-06", "2026-08-20"]);
    story.does(officer(), propose(), now);
    let listed = Why::Hindered(Hindrance::AlreadyListed);
    story.listing = None;
    let facts = Facts {
        judged: &story.judged,
        proven: true,
        listed: true,
        objection_ends: None,
    };
    let setting = Setting {
        facts,
        calendar: &story.calendar,
        now: at(now),
    };
    let again = super::act(None, 8, propose(), &officer(), setting);
    assert_eq!(again.expect_err("it is refused").why, listed);
}

#[test]
fn a_ruling_overturned_before_the_signature_leaves_too_few() {
    let mut story = Story::begin();
    story.does(officer(), propose(), "2026-09-01T10:00");
    story.judged.pop();
    assert_eq!(
        story.refuses(&signer("8"), sign(), "2026-09-02T10:00"),
        Why::Hindered(Hindrance::TooFew)
    );
    let decline = Act::Decline { reason: reason() };
    story.does(signer("8"), decline, "2026-09-02T10:00");
    assert_eq!(story.state(), State::Declined);
    assert_eq!(
        story.refuses(&signer("8"), sign(), "2026-09-02T11:00"),
        Why::NotNow
    );
}

#[test]
fn nobody_signs_what_he_proposed_or_decides_on_what_he_signed() {
    let mut story = Story::begin();
    let twice = Why::Hindered(Hindrance::TwiceInOneChain);
    story.does(signer("8"), propose(), "2026-09-01T10:00");
    assert_eq!(
        story.refuses(&signer("8"), sign(), "2026-09-02T10:00"),
        twice
    );
    assert_eq!(
        story.refuses(&officer(), sign(), "2026-09-02T10:00"),
        Why::NotYours
    );
    story
        .does(signer("9"), sign(), "2026-09-02T10:00")
        .does(revisitor(), tell(), "2026-09-02T11:00")
        .does(revisitor(), object(), "2026-09-03T09:00");
    assert_eq!(story.state(), State::UnderReview);
    assert!(story.state().is_in_force());
    for person in ["8", "9"] {
        let now = "2026-09-04T09:00";
        assert_eq!(story.refuses(&signer(person), uphold(), now), twice);
        assert_eq!(story.refuses(&signer(person), allow(), now), twice);
    }
    story.does(signer("10"), uphold(), "2026-09-04T09:00");
    assert_eq!(story.state(), State::Listed);
    assert_eq!(
        story.refuses(&revisitor(), object(), "2026-09-04T10:00"),
        Why::Hindered(Hindrance::AlreadyDone)
    );
}

#[test]
fn an_objection_is_taken_within_ten_working_days_and_always_before_the_telling() {
    let mut story = Story::begin();
    story.does(officer(), propose(), "2026-09-01T10:00").does(
        signer("8"),
        sign(),
        "2026-09-02T10:00",
    );
    assert!(
        story
            .tries(&By::Rater, object(), "2026-12-20T10:00")
            .is_ok()
    );
    story.does(revisitor(), tell(), "2026-09-02T11:00");
    assert_eq!(
        story.refuses(&revisitor(), tell(), "2026-09-02T12:00"),
        Why::Hindered(Hindrance::AlreadyDone)
    );
    let end = story.objection_ends.unwrap();
    assert_eq!(end.civil_text(), "2026-09-16 23:59:59");
    assert!(
        story
            .tries(&By::Rater, object(), "2026-09-16T23:59")
            .is_ok()
    );
    assert_eq!(
        story.refuses(&By::Rater, object(), "2026-09-17T00:00"),
        Why::Hindered(Hindrance::TimeIsOver)
    );
    story.does(By::Rater, object(), "2026-09-16T09:00");
    let (kind, until) = story.started();
    assert_eq!(kind, DeadlineKind::ListingReview);
    assert_eq!(until, due(DeadlineKind::ListingReview, "2026-09-16T09:00"));
    let last = story.last.as_ref().unwrap();
    assert_eq!(last.met, [DeadlineKind::ListingObjection]);
    assert_eq!(last.entry.actor, Actor::Rater);
    story.does(signer("9"), allow(), "2026-09-17T09:00");
    assert_eq!(story.state(), State::Lifted);
    let last = story.last.as_ref().unwrap();
    assert!(last.releases);
    assert_eq!(
        last.met,
        [DeadlineKind::ListingReview, DeadlineKind::Listing]
    );
    assert!(!last.after.marks(at("2026-09-10T10:00")));
}

#[test]
fn an_act_without_its_reason_is_refused_by_the_fields_name() {
    let mut story = Story::begin();
    story.does(officer(), propose(), "2026-09-01T10:00");
    let bare = Act::Sign { reason: " ".into() };
    assert_eq!(
        story.refuses(&signer("8"), bare, "2026-09-02T10:00"),
        Why::Incomplete("reason")
    );
}

#[test]
fn each_act_has_one_row_and_each_state_is_reached() {
    for kind in &KINDS {
        let same = KINDS.iter().filter(|other| other.word == kind.word);
        assert_eq!(same.count(), 1);
        assert!(
            kind.from.iter().all(|state| !state.is_over()),
            "{}",
            kind.word
        );
    }
    for state in State::ALL {
        assert!(KINDS.iter().any(|kind| kind.to == state), "{state}");
        assert_eq!(state.word().parse(), Ok(state));
    }
    let acts = [
        propose(),
        sign(),
        Act::Decline { reason: reason() },
        tell(),
        object(),
        uphold(),
        allow(),
        Act::Lift { reason: reason() },
        Act::Expire {},
    ];
    let words = acts.each_ref().map(|act| act.kind().word);
    assert_eq!(words, KINDS.each_ref().map(|kind| kind.word));
}

#[test]
fn the_drawn_table_is_the_one_in_the_documents() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/blocklist.md");
    let document = std::fs::read_to_string(path).expect("docs/blocklist.md");
    assert!(
        document.contains(&drawn()),
        "docs/blocklist.md must hold this table:\n{}",
        drawn()
    );
}
