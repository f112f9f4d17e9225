//! Matters (办件): registered, completed, and what their completion starts: the reminder after a day
//! (第六条第二款) and the default grade after five working days (第十五条).

use crate::domain::{
    Actor, Addressee, Applicant, Calendar, Channel, Choices, Deadline, DeadlineKind, Entry,
    Evidence, Grade, Identity, Intake, IntakeKey, Moment, Notice, NoticeKind, Rater, Service,
    Stage, Subject, UnitId, What,
};

/// A matter as it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// 办件编号.
    pub number: String,
    /// 事项: code and name.
    pub item: String,
    pub item_name: String,
    /// 承办单位.
    pub unit: UnitId,
    pub applicants: Applicants,
    pub completed_at: Option<Moment>,
    pub rehearsal: bool,
}

/// Who filed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applicants {
    /// For the people who handle it; no list and no log shows it.
    pub name: String,
    /// Verified by the approval platform; a call from it is I2.
    pub phone: Option<String>,
    pub applicant: Option<Applicant>,
}

/// Why a rating is turned away and counted, though it could be one (第十九条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ineligible {
    /// From a telephone or extension of the staff (A42).
    StaffNumber,
    /// The same rating of the same act at the same time under another key.
    Duplicate,
}

/// When applicants are not disturbed, Asia/Shanghai; minutes of the day. May go over midnight; equal ends:
/// never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    pub from: u16,
    pub until: u16,
}

/// Whether and when applicants are reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminding {
    /// 第六条第二款 says 可以: a centre may leave it.
    pub on: bool,
    pub quiet: QuietHours,
}

impl Default for Reminding {
    fn default() -> Self {
        Reminding {
            on: true,
            quiet: QuietHours {
                from: 20 * 60,
                until: 9 * 60,
            },
        }
    }
}

impl QuietHours {
    pub fn holds(&self, at: Moment) -> bool {
        let (hour, minute) = at.hour_minute();
        let minute = hour as u16 * 60 + minute as u16;
        match self.from <= self.until {
            true => (self.from..self.until).contains(&minute),
            false => minute >= self.from || minute < self.until,
        }
    }

    /// `at`, or the end of the quiet hours it lies in.
    pub fn next_loud(&self, at: Moment) -> Moment {
        if !self.holds(at) {
            return at;
        }
        let end =
            |day: crate::domain::Day| day.at((self.until / 60) as i8, (self.until % 60) as i8, 0);
        let today = end(at.day());
        if today > at {
            today
        } else {
            end(at.day().next())
        }
    }
}

/// What the completion starts, each with when it has to be looked at.
pub fn completed(
    matter: &Matter,
    reminding: Reminding,
    calendar: &Calendar,
    now: Moment,
) -> (Vec<(Deadline, Moment)>, Vec<Entry>) {
    let Some(at) = matter.completed_at else {
        return (Vec::new(), Vec::new());
    };
    let about = Subject::Matter(matter.number.clone());
    let mut entries = vec![entry(
        matter,
        "matter_completed",
        DeadlineKind::DefaultGrade,
        format!("办件办结于{}", at.civil_text()),
        now,
    )];
    let mut started = Vec::new();
    for kind in [DeadlineKind::Remind, DeadlineKind::DefaultGrade] {
        if kind == DeadlineKind::Remind && !reminding.on {
            continue;
        }
        let Some(end) = kind.term().end(at, calendar) else {
            continue;
        };
        let look = match kind {
            DeadlineKind::Remind => reminding.quiet.next_loud(end.due_at),
            _ => end.due_at.day().next().start(),
        };
        let flag = if end.provisional { "（暂定）" } else { "" };
        let detail = format!("{}，{}届满{flag}", kind.zh(), end.due_at.civil_text());
        entries.push(entry(matter, "deadline_started", kind, detail, now));
        let deadline = Deadline {
            of: about.clone(),
            kind,
            epoch: 1,
            article: kind.term().article,
            started_at: at,
            due_at: end.due_at,
            met_at: None,
            void_at: None,
            missed_at: None,
            provisional: end.provisional,
            calendar: end.calendar,
        };
        started.push((deadline, look));
    }
    (started, entries)
}

/// A line of the trail about a matter, under the article of one of its terms.
pub(crate) fn entry(
    matter: &Matter,
    what: &'static str,
    kind: DeadlineKind,
    detail: String,
    now: Moment,
) -> Entry {
    Entry {
        at: now,
        actor: Actor::System,
        person: None,
        what: What::Act(what),
        about: Subject::Matter(matter.number.clone()),
        article: kind.term().article,
        detail,
        record: None,
        rehearsal: matter.rehearsal,
    }
}

/// The one reminder to rate (第六条第二款).
pub fn reminder(matter: &Matter) -> Notice {
    let text = format!(
        "您申请的{}已办结，欢迎登录网上行政审批平台评价。",
        matter.item_name
    );
    Notice {
        kind: NoticeKind::RateReminder,
        addressee: Addressee::Rater,
        about: Subject::Matter(matter.number.clone()),
        text: if matter.rehearsal {
            format!("【演练】{text}")
        } else {
            text
        },
        due_at: None,
        rehearsal: matter.rehearsal,
    }
}

/// The grade that nobody gave: 基本满意, dated the end of the term, however late it is written.
pub fn default_intake(matter: &Matter, completed_at: Moment, due_at: Moment) -> Intake {
    let service = Service::Matter {
        number: matter.number.clone(),
        stage: Stage::Completed,
        item: matter.item.clone(),
        unit: matter.unit.clone(),
        staff: Vec::new(),
        served_at: completed_at,
    };
    Intake {
        key: IntakeKey::default_of(&service.key()),
        channel: Channel::Default,
        service,
        rater: Rater {
            number: None,
            identity: Identity::I0,
            applicant: None,
        },
        grade: Grade::BasicallySatisfied,
        graded_at: due_at.day().next().start(),
        reasons: Vec::new(),
        choices: Choices::default(),
        remark: None,
        evidence: Evidence::default(),
        rehearsal: matter.rehearsal,
    }
}

impl Ineligible {
    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Ineligible::StaffNumber => "staff_number",
            Ineligible::Duplicate => "duplicate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        format!("{text}:00+08:00").parse().expect("a moment")
    }

    fn matter(completed: &str) -> Matter {
        Matter {
            number: "SQ2026-0001".into(),
            item: "lq-001".into(),
            item_name: "林木采伐许可".into(),
            unit: UnitId("wetland".into()),
            applicants: Applicants::default(),
            completed_at: Some(at(completed)),
            rehearsal: false,
        }
    }

    fn starts(completed: &str, reminding: Reminding) -> Vec<(&'static str, String, String)> {
        let matter = matter(completed);
        let calendar = Calendar::shipped();
        let (started, _) = completed_with(&matter, reminding, &calendar);
        let row = |(deadline, look): (Deadline, Moment)| {
            (
                deadline.kind.word(),
                deadline.due_at.civil_text(),
                look.civil_text(),
            )
        };
        started.into_iter().map(row).collect()
    }

    fn completed_with(
        matter: &Matter,
        reminding: Reminding,
        calendar: &Calendar,
    ) -> (Vec<(Deadline, Moment)>, Vec<Entry>) {
        super::completed(
            matter,
            reminding,
            calendar,
            matter.completed_at.expect("it is"),
        )
    }

    /// Completed · reminder due, sent · default due, written.
    #[test]
    fn a_completed_matter_is_reminded_after_a_day_and_defaulted_after_five_workdays() {
        for (completed, remind, sent, default, written) in [
            // Over the worked Sunday of 2026-09-20.
            (
                "2026-09-18T16:00",
                "2026-09-19 16:00:00",
                "2026-09-19 16:00:00",
                "2026-09-24 23:59:59",
                "2026-09-25 00:00:00",
            ),
            // In the evening: the next morning after the day.
            (
                "2026-09-21T21:30",
                "2026-09-22 21:30:00",
                "2026-09-23 09:00:00",
                "2026-09-29 23:59:59",
                "2026-09-30 00:00:00",
            ),
            // Before nine.
            (
                "2026-09-22T08:59",
                "2026-09-23 08:59:00",
                "2026-09-23 09:00:00",
                "2026-09-30 23:59:59",
                "2026-10-01 00:00:00",
            ),
            // At the edges: 20:00 is quiet, 09:00 is not.
            (
                "2026-09-22T20:00",
                "2026-09-23 20:00:00",
                "2026-09-24 09:00:00",
                "2026-09-30 23:59:59",
                "2026-10-01 00:00:00",
            ),
            (
                "2026-09-22T09:00",
                "2026-09-23 09:00:00",
                "2026-09-23 09:00:00",
                "2026-09-30 23:59:59",
                "2026-10-01 00:00:00",
            ),
            // Over the National Day holiday.
            (
                "2026-09-30T10:00",
                "2026-10-01 10:00:00",
                "2026-10-01 10:00:00",
                "2026-10-13 23:59:59",
                "2026-10-14 00:00:00",
            ),
        ] {
            let found = starts(completed, Reminding::default());
            let wanted = [
                ("remind", remind.to_owned(), sent.to_owned()),
                ("default_grade", default.to_owned(), written.to_owned()),
            ];
            assert_eq!(found, wanted, "{completed}");
        }
    }

    #[test]
    fn a_centre_may_leave_the_reminder_and_never_the_default() {
        let off = Reminding {
            on: false,
            ..Reminding::default()
        };
        let found = starts("2026-09-18T16:00", off);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "default_grade");
    }

    #[test]
    fn quiet_hours_may_lie_within_a_day_or_over_midnight_or_be_none() {
        let quiet = |from: u16, until: u16| QuietHours { from, until };
        let noon = quiet(12 * 60, 13 * 60 + 30);
        let loud = |quiet: QuietHours, text: &str| quiet.next_loud(at(text)).civil_text();
        assert_eq!(loud(noon, "2026-09-18T12:00"), "2026-09-18 13:30:00");
        assert_eq!(loud(noon, "2026-09-18T13:30"), "2026-09-18 13:30:00");
        let night = quiet(20 * 60, 9 * 60);
        assert_eq!(loud(night, "2026-12-31T23:59"), "2027-01-01 09:00:00");
        assert_eq!(loud(night, "2026-09-18T00:00"), "2026-09-18 09:00:00");
        let never = quiet(0, 0);
        assert_eq!(loud(never, "2026-09-18T03:00"), "2026-09-18 03:00:00");
    }

    #[test]
    fn the_default_is_dated_the_end_of_its_term_and_given_by_nobody() {
        let matter = matter("2026-09-18T16:00");
        let due = at("2026-09-24T23:59");
        let intake = default_intake(&matter, at("2026-09-18T16:00"), due);
        assert_eq!(intake.graded_at.civil_text(), "2026-09-25 00:00:00");
        assert_eq!(intake.grade, Grade::BasicallySatisfied);
        assert_eq!(intake.channel, Channel::Default);
        assert_eq!(intake.rater.identity, Identity::I0);
    }
}
