//! Calls of the example centre, without sound.

use super::cast::{agents, number, phone_of};
use super::centre::Centre;
use super::chance::Chance;
use crate::domain::{Channel, Grade, Moment, Reason, Service};
use crate::engine::{
    CallId, CallState, EndedCall, Error, HungUpBy, KeyedGrade, KeyedReason, NewCall, Submitted,
    TimelineEntry,
};

/// How a call in which somebody spoke goes on.
#[rustfmt::skip]
const TALKED: [(&str, usize); 6] = [
    ("graded", 72), ("left_before_offer", 9), ("left_in_offer", 6), ("silent", 6), ("declined", 5), ("invalid_only", 2),
];

/// How one ends in which nobody did.
const UNTALKED: [(&str, usize); 3] = [("abandoned", 5), ("no_desk", 3), ("callback", 2)];

const GRADES: [(Grade, usize); 5] = [
    (Grade::VerySatisfied, 42),
    (Grade::Satisfied, 28),
    (Grade::BasicallySatisfied, 18),
    (Grade::Dissatisfied, 8),
    (Grade::VeryDissatisfied, 4),
];

/// Numbers that call: some call again.
const CALLERS: usize = 400;

pub(super) fn grade(chance: &mut Chance) -> Grade {
    chance.weighed(&GRADES)
}

/// A call while it is played.
struct Line {
    id: CallId,
    start: Moment,
    /// From the answer until the desk hangs up or sends the caller on.
    talk_ms: i64,
    staff: String,
}

const SECOND: i64 = 1000;

impl Centre<'_> {
    /// A call that ends now.
    pub(super) async fn call(&mut self) -> Result<(), Error> {
        let (hour, minute) = self.now.hour_minute();
        let open = (8 * 60 + 30..17 * 60).contains(&(i32::from(hour) * 60 + i32::from(minute)));
        let talk_ms = self.chance.between(40, 420) * SECOND;
        let start = self.now.plus_millis(-talk_ms - 60 * SECOND);
        let line = Line {
            id: self.call_id(start),
            start,
            talk_ms,
            staff: (*self.chance.one(&agents())).to_owned(),
        };
        self.open_line(&line).await?;
        self.done.calls += 1;
        if !open {
            let outcome = self.chance.weighed(&[("closed", 3), ("callback", 1)]);
            return self.nobody(&line, outcome).await;
        }
        if self.chance.percent(9) {
            let outcome = self.chance.weighed(&UNTALKED);
            return self.nobody(&line, outcome).await;
        }
        self.talk(&line).await
    }

    fn call_id(&mut self, start: Moment) -> CallId {
        let digits: String = start
            .civil_text()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let (day, time) = digits.split_at(8);
        CallId(format!("example-{day}-{time}-{:05}", self.fresh()))
    }

    async fn open_line(&mut self, line: &Line) -> Result<(), Error> {
        let shown = self.chance.percent(92);
        let caller = number(self.chance.below(CALLERS));
        let call = NewCall {
            id: line.id.clone(),
            sip_call_id: format!("{}@example.invalid", line.id.0),
            caller: shown.then_some(caller),
            callee: "consult".to_owned(),
            // Of the addresses that are kept for examples (RFC 5737).
            source: "192.0.2.1:5060".to_owned(),
            started_at: line.start,
            dialplan: "consultation".to_owned(),
            dialplan_digest: "example".to_owned(),
            rehearsal: false,
        };
        self.engine.open_call(call).await?;
        let marks = [line.mark(0, "answered", ""), line.mark(20, "prompt", "P01")];
        self.engine.mark(&line.id, marks);
        Ok(())
    }

    async fn nobody(&mut self, line: &Line, outcome: &str) -> Result<(), Error> {
        if outcome == "callback" {
            let at = line.start.plus_millis(30 * SECOND);
            self.engine.request_callback(&line.id, None, at).await?;
            self.engine
                .mark(&line.id, [line.mark(30 * SECOND, "callback", "")]);
        }
        let ended = EndedCall {
            id: line.id.clone(),
            ended_at: line.start.plus_millis(40 * SECOND),
            hung_up_by: HungUpBy::Caller,
            outcome: outcome.to_owned(),
            outcome_after_ms: None,
        };
        self.end(line, ended).await.map(drop)
    }

    async fn talk(&mut self, line: &Line) -> Result<(), Error> {
        let (id, engine) = (&line.id, self.engine);
        let answered = self.chance.between(4, 14) * SECOND;
        let at = line.start.plus_millis(answered);
        engine.desk_answered(id, Some(&line.staff), at).await?;
        engine.set_state(id, CallState::Talking).await?;
        let marks = [
            line.mark(2 * SECOND, "desk_ringing", &line.staff),
            line.mark(answered, "desk_answered", &line.staff),
            line.mark(answered + SECOND, "joined", ""),
        ];
        engine.mark(id, marks);
        let talked = (line.talk_ms - answered).max(0) as u64;
        engine.talked(id, talked).await?;
        let outcome = self.chance.weighed(&TALKED);
        if outcome != "left_before_offer" {
            engine.set_state(id, CallState::Rating).await?;
            let at = line.start.plus_millis(line.talk_ms);
            engine.offered(id, at).await?;
            engine.mark(id, [line.mark(line.talk_ms, "offer", "")]);
        }
        if outcome == "graded" {
            self.grade_by_key(line).await?;
        }
        let caller_ends = outcome.starts_with("left") || self.chance.percent(30);
        let ended = EndedCall {
            id: id.clone(),
            ended_at: self.now,
            hung_up_by: if caller_ends {
                HungUpBy::Caller
            } else {
                HungUpBy::Desk
            },
            outcome: outcome.to_owned(),
            outcome_after_ms: (outcome == "left_in_offer").then_some(3_400),
        };
        let submitted = self.end(line, ended).await?;
        match submitted {
            Some(submitted) => {
                self.done.ratings += 1;
                let service = Service::Consultation {
                    call_id: id.0.clone(),
                    staff: vec![line.staff.clone()],
                    served_at: at,
                };
                self.opened(submitted.ticket, Channel::Sms, service)?;
            }
            None if outcome == "left_before_offer" => self.invited.push(id.0.clone()),
            None => {}
        }
        Ok(())
    }

    /// The keys after the offer: a grade, sometimes another one in its place, and a reason after a bad one.
    async fn grade_by_key(&mut self, line: &Line) -> Result<(), Error> {
        let engine = self.engine;
        // Now and then sooner than anybody has heard the keys: that is a sign (第十九条).
        let hasty = self.chance.percent(2);
        let wait = if hasty {
            900
        } else {
            self.chance.between(3_000, 9_000)
        };
        let mut offset = line.talk_ms + wait;
        let mut grade = grade(&mut self.chance);
        line.key(engine, grade, offset).await?;
        if self.chance.percent(4) {
            offset += 3 * SECOND;
            engine
                .withdraw_grade(&line.id, line.start.plus_millis(offset))
                .await?;
            engine.mark(&line.id, [line.mark(offset, "grade_withdrawn", "")]);
            offset += 4 * SECOND;
            grade = self::grade(&mut self.chance);
            line.key(engine, grade, offset).await?;
        }
        if grade.is_positive() || self.chance.percent(25) {
            return Ok(());
        }
        offset += 7 * SECOND;
        let reason = self.chance.one(&Reason::ALL).code();
        let key = reason.chars().last().unwrap_or('0');
        let keyed = KeyedReason {
            code: reason.to_owned(),
            key,
            at: line.start.plus_millis(offset),
            offset_ms: offset,
        };
        engine.key_reason(&line.id, keyed).await?;
        let detail = format!("{reason} by key {key}");
        engine.mark(&line.id, [line.mark(offset, "reason", &detail)]);
        Ok(())
    }

    async fn end(&mut self, line: &Line, ended: EndedCall) -> Result<Option<Submitted>, Error> {
        let offset = ended.ended_at.millis() - line.start.millis();
        let marks = [
            line.mark(offset, "hung_up", ended.hung_up_by.word()),
            line.mark(offset, "outcome", &ended.outcome),
        ];
        self.engine.mark(&line.id, marks);
        self.engine.end_call(ended).await
    }

    /// A telephone of the Centre's own.
    pub(super) fn staff_phone(&mut self) -> String {
        phone_of(self.chance.below(agents().len()))
    }
}

impl Line {
    fn mark(&self, offset_ms: i64, kind: &str, detail: &str) -> TimelineEntry {
        TimelineEntry {
            at: self.start.plus_millis(offset_ms),
            offset_ms,
            kind: kind.to_owned(),
            detail: detail.to_owned(),
        }
    }

    async fn key(
        &self,
        engine: &crate::engine::Engine,
        grade: Grade,
        at_ms: i64,
    ) -> Result<(), Error> {
        let key = char::from(b'1' + grade as u8);
        let keyed = KeyedGrade {
            grade,
            key,
            at: self.start.plus_millis(at_ms),
            offset_ms: at_ms,
        };
        engine.key_grade(&self.id, keyed).await?;
        let marks = [
            self.mark(at_ms, "key", &format!("{key} (event)")),
            self.mark(at_ms + 60, "grade", &format!("{grade} by key {key}")),
        ];
        engine.mark(&self.id, marks);
        Ok(())
    }
}
