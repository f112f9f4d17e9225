use std::fmt;
use std::str::FromStr;

use crate::domain::{ContentItem, DeadlineKind, Grade, NotAdopted, UnitId};

/// What is counted: a figure is made of these. Each counts things of one kind, so that a count can be
/// opened: the things behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Count {
    /// Acts that are on record whether somebody rates them or not: talked consultations (A21), completed
    /// matters.
    Ratable,
    /// Of these, with a rating that somebody gave.
    RatableRated,
    /// Acts with a rating that somebody gave, tests left out.
    Rated,
    /// Of these, the first one was bad.
    FirstBad,
    /// Ratings that somebody gave, of whatever standing but tests.
    Given,
    /// Acts whose counting rating somebody gave, by its grade (第十三条).
    Graded(Grade),
    /// Acts whose counting rating is the default (第十五条).
    Defaulted,
    /// Ratings that are not adopted (第十一条), tests too.
    NotAdopted(NotAdopted),
    /// Acts whose counting rating is bad and was given with one of the nine things of 第四条: ticked, or meant by
    /// a reason.
    BadOn(ContentItem),
    /// Acts whose counting rating is bad and was given with none of the nine.
    BadUnsaid,
    /// 待核 (A27).
    Pending,
    /// Turned away: from a telephone of the staff (A42).
    FromStaff,
    /// Turned away: told twice.
    Duplicate,
    /// Calls that wanted a person.
    Wanted,
    /// Of these, a person answered.
    Answered,
    /// Of these, within fifteen seconds (GB/T 33358).
    AnsweredSoon,
    /// Of those that wanted a person, the caller left before.
    Abandoned,
    /// Milliseconds that answered callers waited.
    WaitedMs,
    /// Calls whose caller left the queue before he got a desk, a callback or a message.
    QueueAbandoned,
    /// Milliseconds that these waited in it.
    QueueAbandonedMs,
    /// Waits in the queue: a caller who is handed on to one, or loses his desk, has several.
    QueueWaits,
    /// Milliseconds that they took.
    QueueWaitsMs,
    /// Consultations by telephone of ten seconds and more (A21).
    Talked,
    /// Of these, the rating was offered.
    Prompted,
    /// Of these, with a key that graded.
    Keyed,
    /// Of those talked in, the caller hung up without a grade.
    LeftUnrated,
    /// Tickets, on the day they were opened.
    Opened,
    /// 差评 that stand, on the day by which they had to be rectified.
    BadDue,
    /// Of these, closed as rectified or explained.
    BadDone,
    /// As `BadDue`, of raters whose name is proven (A29).
    NamedDue,
    /// Of these, revisited, and closed as rectified or explained.
    NamedDone,
    /// As `BadDue`, of whose assessment one of the nine things of 第四条 is a cause (第九条).
    FoundOn(ContentItem),
    /// Tickets that were closed, on that day.
    Closed,
    /// Of these, by what was ruled (第十一条).
    Ruled(NotAdopted),
    /// Of these, by whose member was ruled.
    RuledIn(NotAdopted, Reviewer),
    /// 申诉 on which was ruled.
    Appealed,
    /// Of these, upheld.
    AppealUpheld,
    /// As `Appealed`, by whose member was ruled.
    AppealedIn(Reviewer),
    /// Of these, upheld.
    AppealUpheldIn(Reviewer),
    /// Tickets whose rater was asked to rate again (第十三条).
    Invited,
    /// Of these, rated again.
    Rerated,
    /// Of these, with 好评.
    ReratedGood,
    /// Milliseconds from the opening of the closed tickets to their end.
    OpenMs,
    /// Working days from the bad grade of the closed tickets to their end, counted as their terms are.
    OpenWorkdays,
    /// Terms that ended on the day.
    TermDue(TermOf),
    /// Of these, what was due was done in time.
    TermKept(TermOf),
    /// Data whose term of 第十六条 ended on the day and of which the national platform has acknowledged nothing yet.
    UploadMissing,
    /// 差评 that stand whose rectification was returned twice, late, or followed by another bad grade
    /// (第十九条).
    Weak,
}

/// Who rules on a 差评 that its responsible unit contests (第十一条): nobody judges himself, so it is one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reviewer {
    /// 政务服务中心.
    Centre,
    /// 局办公室.
    GeneralOffice,
}

impl Reviewer {
    pub const ALL: [Reviewer; 2] = [Reviewer::Centre, Reviewer::GeneralOffice];

    pub fn of(unit: &UnitId) -> Reviewer {
        match unit.is_general_office() {
            true => Reviewer::GeneralOffice,
            false => Reviewer::Centre,
        }
    }
}

/// The terms of which figures tell how they were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TermOf {
    /// 第九条.
    Assess,
    /// 第十一条.
    Verify,
    /// 第十二条, whichever of 5, 15 days and the day named held.
    Rectify,
    /// 第十六条.
    Upload,
}

impl TermOf {
    pub const ALL: [TermOf; 4] = [
        TermOf::Assess,
        TermOf::Verify,
        TermOf::Rectify,
        TermOf::Upload,
    ];

    /// `None` for terms of which no figure tells.
    pub const fn of(kind: DeadlineKind) -> Option<TermOf> {
        match kind {
            DeadlineKind::Assess => Some(TermOf::Assess),
            DeadlineKind::Verify => Some(TermOf::Verify),
            DeadlineKind::Rectify
            | DeadlineKind::RectifyComplex
            | DeadlineKind::RectifyExtended => Some(TermOf::Rectify),
            DeadlineKind::Upload => Some(TermOf::Upload),
            _ => None,
        }
    }

    const fn due(self) -> &'static str {
        match self {
            TermOf::Assess => "assess_due",
            TermOf::Verify => "verify_due",
            TermOf::Rectify => "rectify_due",
            TermOf::Upload => "upload_due",
        }
    }

    const fn kept(self) -> &'static str {
        match self {
            TermOf::Assess => "assess_kept",
            TermOf::Verify => "verify_kept",
            TermOf::Rectify => "rectify_kept",
            TermOf::Upload => "upload_kept",
        }
    }
}

impl Count {
    /// Every count, in the order in which they are told.
    pub fn all() -> impl Iterator<Item = Count> {
        let plain = [
            Count::Ratable,
            Count::RatableRated,
            Count::Rated,
            Count::FirstBad,
            Count::Given,
            Count::Defaulted,
            Count::BadUnsaid,
            Count::Pending,
            Count::FromStaff,
            Count::Duplicate,
            Count::Wanted,
            Count::Answered,
            Count::AnsweredSoon,
            Count::Abandoned,
            Count::WaitedMs,
            Count::QueueAbandoned,
            Count::QueueAbandonedMs,
            Count::QueueWaits,
            Count::QueueWaitsMs,
            Count::Talked,
            Count::Prompted,
            Count::Keyed,
            Count::LeftUnrated,
            Count::Opened,
            Count::BadDue,
            Count::BadDone,
            Count::NamedDue,
            Count::NamedDone,
            Count::Closed,
            Count::Appealed,
            Count::AppealUpheld,
            Count::Invited,
            Count::Rerated,
            Count::ReratedGood,
            Count::OpenMs,
            Count::OpenWorkdays,
            Count::UploadMissing,
            Count::Weak,
        ];
        let graded = Grade::ALL.into_iter().map(Count::Graded);
        let aside = ASIDE.into_iter().map(Count::NotAdopted);
        let ruled = ASIDE[..3].iter().map(|why| Count::Ruled(*why));
        let ruled_in = ASIDE[..3]
            .iter()
            .flat_map(|why| Reviewer::ALL.map(|reviewer| Count::RuledIn(*why, reviewer)));
        let appealed_in = Reviewer::ALL
            .into_iter()
            .flat_map(|reviewer| [Count::AppealedIn(reviewer), Count::AppealUpheldIn(reviewer)]);
        let terms = TermOf::ALL
            .into_iter()
            .flat_map(|term| [Count::TermDue(term), Count::TermKept(term)]);
        let on = ContentItem::ALL
            .into_iter()
            .flat_map(|item| [Count::BadOn(item), Count::FoundOn(item)]);
        plain
            .into_iter()
            .chain(graded)
            .chain(on)
            .chain(aside)
            .chain(ruled)
            .chain(ruled_in)
            .chain(appealed_in)
            .chain(terms)
    }

    /// The word for rows and the API; it never changes, and none is part of another between spaces.
    pub const fn word(self) -> &'static str {
        match self {
            Count::Ratable => "ratable",
            Count::RatableRated => "ratable_rated",
            Count::Rated => "rated",
            Count::FirstBad => "first_bad",
            Count::Given => "given",
            Count::Graded(Grade::VerySatisfied) => "very_satisfied",
            Count::Graded(Grade::Satisfied) => "satisfied",
            Count::Graded(Grade::BasicallySatisfied) => "basically_satisfied",
            Count::Graded(Grade::Dissatisfied) => "dissatisfied",
            Count::Graded(Grade::VeryDissatisfied) => "very_dissatisfied",
            Count::Defaulted => "defaulted",
            Count::NotAdopted(NotAdopted::Invalid) => "invalid",
            Count::NotAdopted(NotAdopted::Mistaken) => "mistaken",
            Count::NotAdopted(NotAdopted::Malicious) => "malicious",
            Count::NotAdopted(NotAdopted::Test) => "test",
            Count::BadOn(item) => bad_on(item),
            Count::FoundOn(item) => found_on(item),
            Count::BadUnsaid => "bad_unsaid",
            Count::Pending => "pending",
            Count::FromStaff => "from_staff",
            Count::Duplicate => "duplicate",
            Count::Wanted => "wanted",
            Count::Answered => "answered",
            Count::AnsweredSoon => "answered_soon",
            Count::Abandoned => "abandoned",
            Count::WaitedMs => "waited_ms",
            Count::QueueAbandoned => "queue_abandoned",
            Count::QueueAbandonedMs => "queue_abandoned_ms",
            Count::QueueWaits => "queue_waits",
            Count::QueueWaitsMs => "queue_waits_ms",
            Count::Talked => "talked",
            Count::Prompted => "prompted",
            Count::Keyed => "keyed",
            Count::LeftUnrated => "left_unrated",
            Count::Opened => "opened",
            Count::BadDue => "bad_due",
            Count::BadDone => "bad_done",
            Count::NamedDue => "named_due",
            Count::NamedDone => "named_done",
            Count::Closed => "closed",
            Count::Ruled(NotAdopted::Invalid) => "ruled_invalid",
            Count::Ruled(NotAdopted::Mistaken) => "ruled_mistaken",
            Count::Ruled(NotAdopted::Malicious) => "ruled_malicious",
            Count::Ruled(NotAdopted::Test) => "ruled_test",
            Count::RuledIn(why, reviewer) => ruled_in(why, reviewer),
            Count::Appealed => "appealed",
            Count::AppealUpheld => "appeal_upheld",
            Count::AppealedIn(Reviewer::Centre) => "appealed_in_centre",
            Count::AppealedIn(Reviewer::GeneralOffice) => "appealed_in_office",
            Count::AppealUpheldIn(Reviewer::Centre) => "appeal_upheld_in_centre",
            Count::AppealUpheldIn(Reviewer::GeneralOffice) => "appeal_upheld_in_office",
            Count::Invited => "invited",
            Count::Rerated => "rerated",
            Count::ReratedGood => "rerated_good",
            Count::OpenMs => "open_ms",
            Count::OpenWorkdays => "open_workdays",
            Count::TermDue(term) => term.due(),
            Count::TermKept(term) => term.kept(),
            Count::UploadMissing => "upload_missing",
            Count::Weak => "weak",
        }
    }

    /// A sum of time and no number of things.
    pub const fn is_time(self) -> bool {
        matches!(
            self,
            Count::WaitedMs
                | Count::QueueAbandonedMs
                | Count::QueueWaitsMs
                | Count::OpenMs
                | Count::OpenWorkdays
        )
    }
}

const fn ruled_in(why: NotAdopted, reviewer: Reviewer) -> &'static str {
    match (why, reviewer) {
        (NotAdopted::Invalid, Reviewer::Centre) => "ruled_invalid_in_centre",
        (NotAdopted::Invalid, Reviewer::GeneralOffice) => "ruled_invalid_in_office",
        (NotAdopted::Mistaken, Reviewer::Centre) => "ruled_mistaken_in_centre",
        (NotAdopted::Mistaken, Reviewer::GeneralOffice) => "ruled_mistaken_in_office",
        (NotAdopted::Malicious, Reviewer::Centre) => "ruled_malicious_in_centre",
        (NotAdopted::Malicious, Reviewer::GeneralOffice) => "ruled_malicious_in_office",
        // A test is nobody's ruling.
        (NotAdopted::Test, Reviewer::Centre) => "ruled_test_in_centre",
        (NotAdopted::Test, Reviewer::GeneralOffice) => "ruled_test_in_office",
    }
}

const fn bad_on(item: ContentItem) -> &'static str {
    match item {
        ContentItem::Premises => "bad_on_premises",
        ContentItem::Staff => "bad_on_staff",
        ContentItem::WebPlatform => "bad_on_web_platform",
        ContentItem::Progress => "bad_on_progress",
        ContentItem::Consultation => "bad_on_consultation",
        ContentItem::Guide => "bad_on_guide",
        ContentItem::ToldAtOnce => "bad_on_told_at_once",
        ContentItem::Documents => "bad_on_documents",
        ContentItem::InTime => "bad_on_in_time",
    }
}

const fn found_on(item: ContentItem) -> &'static str {
    match item {
        ContentItem::Premises => "found_on_premises",
        ContentItem::Staff => "found_on_staff",
        ContentItem::WebPlatform => "found_on_web_platform",
        ContentItem::Progress => "found_on_progress",
        ContentItem::Consultation => "found_on_consultation",
        ContentItem::Guide => "found_on_guide",
        ContentItem::ToldAtOnce => "found_on_told_at_once",
        ContentItem::Documents => "found_on_documents",
        ContentItem::InTime => "found_on_in_time",
    }
}

const ASIDE: [NotAdopted; 4] = [
    NotAdopted::Invalid,
    NotAdopted::Mistaken,
    NotAdopted::Malicious,
    NotAdopted::Test,
];

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Count {
    type Err = crate::domain::UnknownWord;

    fn from_str(word: &str) -> Result<Count, Self::Err> {
        let known = Count::all().find(|count| count.word() == word);
        known.ok_or_else(|| crate::domain::UnknownWord {
            kind: "count",
            word: word.to_owned(),
        })
    }
}
