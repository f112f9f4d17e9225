//! What people and programs ask of a house, each question timed in two houses.

use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use gradeline::bulletins::{NewBulletin, Scope, Span, Split, Things};
use gradeline::domain::{Day, Grade, Hand, Moment, Polarity, Post, Role, State, UnitId};
use gradeline::engine::{CallFilter, Engine, Numbers, RatingFilter, Reach, TicketFilter};
use gradeline::figures::{Count, Period};
use gradeline::staff::{By, NewAccount, Person};

use crate::Outcome;

/// Rows of a page, as the doors ask for.
const PAGE: u32 = 50;
/// Times that a question is asked, at the most, and as long as it takes.
const TIMES: usize = 200;
const PATIENCE: Duration = Duration::from_secs(6);
/// A question that took longer than the other house's, by so much, is marked.
const MARKED: f64 = 3.0;
/// The last month that is over.
const MONTH: Period = Period::Month(2026, 10);

/// Asks one house.
pub struct Reader {
    engine: Engine,
    now: Moment,
    /// Far back, but within what there is.
    deep: Day,
    person: Person,
    tickets: Vec<String>,
    /// Cursors of pages far back.
    deep_ticket: Option<String>,
    deep_rating: Option<String>,
    deep_call: Option<String>,
}

type Asked<'a> = BoxFuture<'a, Outcome<usize>>;
type Ask = for<'a> fn(&'a Reader, usize) -> Asked<'a>;
type Question = (&'static str, Ask);

impl Reader {
    /// `days`: how far the house goes back.
    pub async fn of(engine: Engine, now: Moment, days: usize) -> Outcome<Reader> {
        let deep = (0..days * 9 / 10).fold(now.day(), |day, _| day.previous());
        let to = Some(deep);
        let filter = TicketFilter {
            to,
            ..TicketFilter::default()
        };
        let old = engine.tickets(&filter, None, 200, Numbers::Masked).await?;
        let ratings = RatingFilter {
            to,
            ..RatingFilter::default()
        };
        let calls = CallFilter {
            to,
            ..CallFilter::default()
        };
        let filter = TicketFilter::default();
        let new = engine.tickets(&filter, None, 200, Numbers::Masked).await?;
        Ok(Reader {
            deep_ticket: old.next,
            deep_rating: engine.ratings(&ratings, None, 200).await?.next,
            deep_call: engine.calls(&calls, None, 200, Numbers::Masked).await?.next,
            tickets: old
                .items
                .into_iter()
                .chain(new.items)
                .map(|row| row.number)
                .collect(),
            person: clerk(&engine, now).await?,
            engine,
            now,
            deep,
        })
    }

    async fn tickets(&self, filter: TicketFilter, cursor: &Option<String>) -> Outcome<usize> {
        let page = self
            .engine
            .tickets(&filter, cursor.as_deref(), PAGE, Numbers::Masked);
        Ok(page.await?.items.len())
    }

    async fn ratings(&self, filter: RatingFilter, cursor: &Option<String>) -> Outcome<usize> {
        let page = self.engine.ratings(&filter, cursor.as_deref(), PAGE);
        Ok(page.await?.items.len())
    }

    async fn calls(&self, filter: CallFilter, cursor: &Option<String>) -> Outcome<usize> {
        let page = self
            .engine
            .calls(&filter, cursor.as_deref(), PAGE, Numbers::Masked);
        Ok(page.await?.items.len())
    }

    async fn figures(&self, split: Split) -> Outcome<usize> {
        let span = Span {
            from: Some(MONTH.from()),
            until: Some(MONTH.until()),
            ..Span::default()
        };
        Ok(self
            .engine
            .figures_of(&span, split, self.now)
            .await?
            .lines
            .len())
    }

    async fn things(&self, day: Day) -> Outcome<usize> {
        let (from, until) = (MONTH.from(), MONTH.until());
        let things = Things {
            scope: Scope {
                from,
                until,
                unit: None,
                channel: None,
                item: None,
            },
            count: Count::Rated,
            without: None,
            after: (day > from).then(|| (day, String::new(), 0)),
        };
        Ok(self.engine.things(&things, i64::from(PAGE)).await?.len())
    }

    fn month(&self) -> Span {
        Span {
            from: Some(MONTH.from()),
            until: Some(MONTH.until()),
            ..Span::default()
        }
    }
}

/// Who drafts the bulletin.
async fn clerk(engine: &Engine, now: Moment) -> Outcome<Person> {
    let new = NewAccount {
        name: "clerk".to_owned(),
        ..NewAccount::default()
    };
    let (id, _) = engine.add_person(&new, &By::CommandLine, now).await?;
    let posts = vec![Post {
        role: Role::OfficeClerk,
        unit: UnitId::general_office(),
    }];
    Ok(Person {
        hand: Hand {
            person: id.clone(),
            staff: None,
            posts,
        },
        id,
        name: "clerk".to_owned(),
        full_name: String::new(),
        must_change_password: false,
    })
}

fn units(unit: &str) -> Reach {
    Reach::Units(vec![UnitId(unit.to_owned())])
}

/// Questions: a name, and what is asked of a house for the so many-th time.
macro_rules! asks {
    ($($name:literal => |$of:ident, $time:ident| $answer:expr;)*) => {
        vec![$({
            fn ask($of: &Reader, $time: usize) -> Asked<'_> {
                Box::pin(async move { $answer })
            }
            ($name, ask as Ask)
        }),*]
    };
}

/// Each question in both houses, with the ratio of the medians.
pub async fn answers(small: &Reader, large: &Reader) -> Outcome<()> {
    println!(
        "  question                                   smaller p50     p99 ms   larger p50     p99 ms   ratio"
    );
    for (name, ask) in tickets().into_iter().chain(lists()).chain(sums()) {
        let one = timed(small, ask).await?;
        let other = timed(large, ask).await?;
        let ratio = other.p50 / one.p50;
        let mark = if ratio > MARKED && other.p50 > 5.0 {
            "  grows"
        } else {
            ""
        };
        println!(
            "  {name:<44} {:>9.2} {:>10.2} {:>12.2} {:>10.2} {ratio:>7.2}{mark}",
            one.p50, one.p99, other.p50, other.p99
        );
    }
    Ok(())
}

struct Times {
    p50: f64,
    p99: f64,
}

async fn timed(reader: &Reader, ask: Ask) -> Outcome<Times> {
    let began = Instant::now();
    // Once unmeasured: what was never asked since the start is rare.
    ask(reader, 0).await?;
    let mut times = Vec::new();
    for time in 0..TIMES {
        let asked = Instant::now();
        ask(reader, time).await?;
        times.push(1000.0 * asked.elapsed().as_secs_f64());
        if began.elapsed() > PATIENCE {
            break;
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1];
    Ok(Times {
        p50: at(50),
        p99: at(99),
    })
}

fn tickets() -> Vec<Question> {
    asks! {
        "tickets: first page" => |of, _time| of.tickets(TicketFilter::default(), &None).await;
        "tickets: a page far back" => |of, _time| of.tickets(TicketFilter::default(), &of.deep_ticket).await;
        "tickets: of a day long ago" => |of, _time| {
            let day = Some(of.deep);
            of.tickets(TicketFilter { from: day, to: day, ..TicketFilter::default() }, &None).await
        };
        "tickets: new" => |of, _time| {
            of.tickets(TicketFilter { state: Some(State::New), ..TicketFilter::default() }, &None).await
        };
        "tickets: under review (none)" => |of, _time| {
            of.tickets(TicketFilter { state: Some(State::UnderReview), ..TicketFilter::default() }, &None).await
        };
        "tickets: very dissatisfied" => |of, _time| {
            let grade = Some(Grade::VeryDissatisfied);
            of.tickets(TicketFilter { grade, ..TicketFilter::default() }, &None).await
        };
        "tickets: rehearsals (none)" => |of, _time| {
            of.tickets(TicketFilter { rehearsal: Some(true), ..TicketFilter::default() }, &None).await
        };
        "tickets: provisional (none)" => |of, _time| {
            of.tickets(TicketFilter { provisional: Some(true), ..TicketFilter::default() }, &None).await
        };
        "tickets: sent to a unit" => |of, _time| {
            of.tickets(TicketFilter { reach: units("u02"), ..TicketFilter::default() }, &None).await
        };
        "tickets: sent to a unit (none)" => |of, _time| {
            of.tickets(TicketFilter { reach: units("u12"), ..TicketFilter::default() }, &None).await
        };
        "a ticket with its trail" => |of, time| {
            let number = &of.tickets[time * 7919 % of.tickets.len()];
            let ticket = of.engine.ticket(number, Numbers::Masked).await?;
            Ok(ticket.ok_or("the ticket is gone")?.trail.len())
        };
        "a ticket replayed" => |of, time| {
            let number = of.tickets[time * 7919 % of.tickets.len()].parse()?;
            let whole = of.engine.whole_case(number).await?;
            Ok(whole.ok_or("the ticket is gone")?.slips.len())
        };
    }
}

fn lists() -> Vec<Question> {
    asks! {
        "ratings: first page" => |of, _time| of.ratings(RatingFilter::default(), &None).await;
        "ratings: a page far back" => |of, _time| of.ratings(RatingFilter::default(), &of.deep_rating).await;
        "ratings: of a day long ago" => |of, _time| {
            let day = Some(of.deep);
            of.ratings(RatingFilter { from: day, to: day, ..RatingFilter::default() }, &None).await
        };
        "ratings: 差评" => |of, _time| {
            let polarity = Some(Polarity::Negative);
            of.ratings(RatingFilter { polarity, ..RatingFilter::default() }, &None).await
        };
        "ratings: very dissatisfied" => |of, _time| {
            let grade = Some(Grade::VeryDissatisfied);
            of.ratings(RatingFilter { grade, ..RatingFilter::default() }, &None).await
        };
        "ratings: rehearsals (none)" => |of, _time| {
            of.ratings(RatingFilter { rehearsal: Some(true), ..RatingFilter::default() }, &None).await
        };
        "ratings: of a unit's tickets" => |of, _time| {
            of.ratings(RatingFilter { reach: units("u02"), ..RatingFilter::default() }, &None).await
        };
        "ratings: of a unit's tickets (none)" => |of, _time| {
            of.ratings(RatingFilter { reach: units("u12"), ..RatingFilter::default() }, &None).await
        };
        "calls: first page" => |of, _time| of.calls(CallFilter::default(), &None).await;
        "calls: a page far back" => |of, _time| of.calls(CallFilter::default(), &of.deep_call).await;
        "calls: that go on" => |of, _time| {
            of.calls(CallFilter { live: Some(true), ..CallFilter::default() }, &None).await
        };
        "calls: rehearsals (three)" => |of, _time| {
            of.calls(CallFilter { rehearsal: Some(true), ..CallFilter::default() }, &None).await
        };
        "calls: a number's end, of a month" => |of, _time| {
            let filter = CallFilter {
                from: Some(MONTH.from()),
                to: Some(MONTH.until()),
                number_tail: Some("0000".to_owned()),
                ..CallFilter::default()
            };
            of.calls(filter, &None).await
        };
        "overview: the day's and the week's figures" => |of, _time| {
            let today = of.now.day();
            let week_ago = (0..6).fold(today, |day, _| day.previous());
            of.engine.figures(Some(today), Some(today)).await?;
            Ok(of.engine.figures(Some(week_ago), Some(today)).await?.calls as usize)
        };
        "tick with nothing due" => |of, _time| Ok(of.engine.tick(of.now).await?.looked as usize);
    }
}

fn sums() -> Vec<Question> {
    asks! {
        "figures of a month" => |of, _time| of.figures(Split::Whole).await;
        "figures of a month by unit" => |of, _time| of.figures(Split::Unit).await;
        "figures of a month by matter" => |of, _time| of.figures(Split::Item).await;
        "figures of a month by day" => |of, _time| of.figures(Split::Day).await;
        "a bulletin drafted" => |of, _time| {
            let drafted = of.engine.draft_bulletin(MONTH, NewBulletin::default(), &of.person, of.now);
            Ok(drafted.await?.content.len())
        };
        "signs of a month" => |of, _time| Ok(of.engine.flags(&of.month(), of.now).await?.len());
        "hot spots of a month" => |of, _time| Ok(of.engine.hot_spots(&of.month(), of.now).await?.len());
        "things behind a count: first page" => |of, _time| of.things(MONTH.from()).await;
        "things behind a count: a page at the end" => |of, _time| of.things(MONTH.until()).await;
    }
}
