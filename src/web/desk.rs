//! The desk that is a page: the page, and the line to it (WebSocket, RFC 6455) under the same login.

use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::chrome::Chrome;
use super::guard::rendered;
use super::limit::Limit;
use super::pass::{Pass, Visitor};
use super::problem::Problem;
use super::{Web, login, now};
use crate::console::{Attached, MAX_LEN, NoLine, ToPage, read};
use crate::engine::{Engine, Error};
use crate::rights::{Action, Grant};

/// A page is asked for a sign of life so often, and is lost after so long without one.
const ASKED_EVERY: Duration = Duration::from_secs(2);
const LOST_AFTER: Duration = Duration::from_secs(8);
/// Whether its person may still take calls is looked at so often, and for so long at most.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(15);
const LOOK_WITHIN: Duration = Duration::from_secs(2);
/// What a page may say between two askings. Nobody keys faster.
const SAID_AT_MOST: u32 = 50;
/// What of a page's words is read at once, and what of ours may wait for its network.
const READ_AT_ONCE: usize = 4 * 1024;
const UNSENT_AT_MOST: usize = 64 * 1024;
/// A page is told so long before that its login ends.
pub(super) const TOLD_BEFORE_MS: i64 = 10 * 60_000;
/// A message that is not taken within this is not read by anybody.
const TAKEN_WITHIN: Duration = Duration::from_secs(8);

/// The page's words, which its script shows.
const WORDS: [&str; 78] = [
    "offline",
    "ready",
    "ringing",
    "talking",
    "wrap_up",
    "break",
    "resting",
    "not_answering",
    "connecting",
    "reconnecting",
    "displaced",
    "ring_title",
    "waited",
    "no_number",
    "held",
    "hold",
    "resume",
    "mute",
    "unmute",
    "muted",
    "away",
    "over_done",
    "over_over",
    "over_too_late",
    "why_no_sound",
    "why_unfit_offer",
    "why_no_such_break",
    "why_no_more",
    "no_microphone",
    "microphone_denied",
    "insecure",
    "microphone_lost",
    "default_device",
    "left",
    "leave_in_talk",
    "logged_out",
    "notify_off",
    "notify_on",
    "last_call",
    "no_call",
    "microphone_silent",
    "supervising_listen",
    "supervising_whisper",
    "supervising_join",
    "supervise",
    "why_not_recorded",
    "over_handed_on",
    "why_no_such_desk",
    "why_outside_not_allowed",
    "why_outside_never",
    "why_outside_own_number",
    "why_outside_rehearsal",
    "why_outside_too_often",
    "why_outside_no_line",
    "outside_allowed",
    "why_not_now",
    "why_colleague_busy",
    "why_colleague_no_answer",
    "why_colleague_unreachable",
    "transferring",
    "asking",
    "consulting",
    "three",
    "groups",
    "desks",
    "ready_desks",
    "no_list",
    "note_kept",
    "note_too_late",
    "note_unfit",
    "note_failed",
    "login_ends",
    "login_over",
    "do_caller_no_packets",
    "do_caller_hears_nothing",
    "do_desk_no_packets",
    "do_desk_silent_microphone",
    "do_desk_hears_nothing",
];

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    page: Chrome,
    /// A desk is bound to this login.
    bound: bool,
    name: String,
    /// The rights let its person open a call's page.
    sees_calls: bool,
    /// JSON: what the script shows, by its keys.
    words: String,
}

pub(super) async fn page(State(web): State<Web>, page: Chrome, pass: Pass) -> Response {
    let name = pass.visitor.name().to_owned();
    let consoles = web.options.consoles.as_ref();
    let words = WORDS.map(|word| (word, page.t(&format!("desk.{word}"))));
    let words: serde_json::Map<_, _> = words
        .into_iter()
        .map(|(word, text)| (word.to_owned(), text.into()))
        .collect();
    let mut response = rendered(&DeskPage {
        page,
        bound: consoles.is_some_and(|consoles| consoles.has(&name)),
        name,
        sees_calls: pass.visitor.may(Action::SeeGrades).is_some(),
        words: serde_json::Value::Object(words).to_string(),
    });
    let policy = HeaderValue::from_static("camera=(), geolocation=(), microphone=(self)");
    response.headers_mut().insert("permissions-policy", policy);
    response
}

/// Who may open the line: a person with a login, from a page of ours.
pub(super) async fn line(
    State(web): State<Web>,
    pass: Pass,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    if !is_own(&headers, web.options.behind_tls) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "foreign_page"));
    }
    let Ok(upgrade) = upgrade else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "foreign_page"));
    };
    let Visitor::Person(person) = &pass.visitor else {
        return Err(Problem::unauthorised());
    };
    let secret = login::secret(&web, &headers).ok_or_else(Problem::unauthorised)?;
    let sees_number = pass
        .visitor
        .may(Action::SeeIdentity)
        .is_some_and(|grants| grants.plainly() || grants.has(Grant::DuringOwnCall));
    let consoles = web.options.consoles.as_ref();
    let attached = match consoles {
        Some(consoles) => consoles.attach(&person.name, sees_number),
        None => Err(NoLine::NoDesk),
    };
    let (attached, told) = attached.map_err(|why| match why {
        NoLine::NoDesk => Problem::new(StatusCode::NOT_FOUND, "no_desk_of_yours"),
        NoLine::TooOften => Problem::new(StatusCode::TOO_MANY_REQUESTS, "pages_too_often")
            .header(header::RETRY_AFTER, "2"),
    })?;
    let upgrade = upgrade
        .max_message_size(MAX_LEN)
        .max_frame_size(MAX_LEN)
        .read_buffer_size(READ_AT_ONCE)
        .write_buffer_size(0)
        .max_write_buffer_size(UNSENT_AT_MOST);
    Ok(upgrade.on_upgrade(async move |socket| {
        let line = Line {
            web,
            secret,
            attached,
        };
        line.run(socket, told).await;
    }))
}

/// A page of another origin may not open a line with this person's cookie: no preflight is sent for a WebSocket.
fn is_own(headers: &HeaderMap, behind_tls: bool) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    let (Some((scheme, from)), Some(host)) = (origin, text(header::HOST)) else {
        return false;
    };
    let scheme_fits = match behind_tls {
        true => scheme == "https",
        false => matches!(scheme, "http" | "https"),
    };
    scheme_fits && from.eq_ignore_ascii_case(host)
}

struct Line {
    web: Web,
    secret: String,
    attached: Attached,
}

impl Line {
    async fn run(self, socket: WebSocket, told: mpsc::Receiver<ToPage>) {
        let (mut out, said) = socket.split();
        self.goes_on(&mut out, said, told).await;
        drop(self.attached);
        let _ = tokio::time::timeout(TAKEN_WITHIN, out.close()).await;
    }

    /// Until the page is lost, displaced or has no right to its desk any more.
    async fn goes_on(
        &self,
        out: &mut SplitSink<WebSocket, Message>,
        mut said: SplitStream<WebSocket>,
        mut told: mpsc::Receiver<ToPage>,
    ) {
        let mut asking = tokio::time::interval(ASKED_EVERY);
        asking.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Beside the words, so that a database that stands keeps no word waiting.
        let limit = Limit::default();
        let mut withdrawn = std::pin::pin!(withdrawn(LOOKED_AT_EVERY, LOOK_WITHIN, || {
            let (supervises, busy) = (self.attached.supervises(), self.attached.is_busy());
            may_take_calls(&self.web.engine, &self.secret, supervises, busy, &limit)
        }));
        let (mut heard_at, mut said_count) = (clock(), 0);
        loop {
            let message = tokio::select! {
                () = &mut withdrawn => break,
                told = told.recv() => match told {
                    Some(told) => {
                        let last = told == ToPage::Displaced || limit.is_reached_by(&told, now());
                        if !sent(out, words(&told)).await || last {
                            break;
                        }
                        continue;
                    }
                    None => break,
                },
                message = said.next() => message,
                _ = asking.tick() => {
                    said_count = 0;
                    let lost = clock().saturating_duration_since(heard_at) > LOST_AFTER;
                    // A page's script sees no ping: what it may miss is a word.
                    if lost || !sent(out, Message::Ping(Default::default())).await
                        || !sent(out, words(&ToPage::Alive {})).await
                    {
                        break;
                    }
                    if let Some(told) = limit.to_tell(now())
                        && !sent(out, words(&told)).await
                    {
                        break;
                    }
                    continue;
                }
            };
            heard_at = clock();
            said_count += 1;
            let goes_on = match message {
                _ if said_count > SAID_AT_MOST => false,
                Some(Ok(Message::Text(text))) => match read(text.as_str()) {
                    Some(said) => self.attached.said(said).is_ok(),
                    None => false,
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => true,
                _ => false,
            };
            if !goes_on {
                break;
            }
        }
    }
}

/// Whether whose login this is may still take calls: who logged out, or was, has no desk, nor who lost the right. Who
/// supervises must still be a supervisor, too.
pub(super) async fn may_take_calls(
    engine: &Engine,
    secret: &str,
    supervises: bool,
    busy: bool,
    limit: &Limit,
) -> Result<bool, Error> {
    let login = engine.desk_login(secret, busy, now()).await?;
    Ok(login.is_some_and(|login| {
        limit.is(login.ends_at);
        let changes = login.person.must_change_password;
        let visitor = Visitor::Person(login.person);
        let may = |action| visitor.may(action).is_some();
        !changes && may(Action::TakeCalls) && (!supervises || may(Action::Supervise))
    }))
}

/// Resolves when a look says that calls may not be taken any more. A database that is away, or does not answer, says
/// nothing: it ends no talk.
async fn withdrawn<L: Future<Output = Result<bool, Error>>>(
    every: Duration,
    within: Duration,
    look: impl Fn() -> L,
) {
    let mut looks = tokio::time::interval(every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first is now, and the door has just looked.
    looks.tick().await;
    loop {
        looks.tick().await;
        let look = tokio::time::timeout(within, look()).await;
        if matches!(look, Ok(Ok(false))) {
            return;
        }
    }
}

fn words(told: &ToPage) -> Message {
    Message::text(serde_json::to_string(told).unwrap_or_default())
}

/// Whether the message was taken.
async fn sent(out: &mut (impl futures::Sink<Message> + Unpin), message: Message) -> bool {
    let sent = tokio::time::timeout(TAKEN_WITHIN, out.send(message)).await;
    matches!(sent, Ok(Ok(())))
}

/// A shell's clock: how long ago the page was heard.
#[allow(clippy::disallowed_methods)]
fn clock() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// What a look comes to.
    #[derive(Clone, Copy)]
    enum Look {
        Holds,
        Fails,
        Stands,
        Over,
    }

    /// How many looks it takes to close a line whose looks come to this, one after the other.
    async fn closed_by(looks: &[Look]) -> usize {
        let left = RefCell::new(looks.iter());
        let moment = Duration::from_millis(1);
        withdrawn(moment, moment, || {
            let next = *left.borrow_mut().next().expect("no look behind the last");
            async move {
                match next {
                    Look::Holds => Ok(true),
                    Look::Over => Ok(false),
                    Look::Fails => Err(Error::Other("the database is away".to_owned())),
                    Look::Stands => std::future::pending().await,
                }
            }
        })
        .await;
        looks.len() - left.borrow().len()
    }

    #[tokio::test]
    async fn a_line_is_closed_by_the_look_that_finds_the_login_over_and_by_none_that_finds_nothing()
    {
        use Look::{Fails, Holds, Over, Stands};
        assert_eq!(closed_by(&[Over, Holds]).await, 1);
        assert_eq!(closed_by(&[Holds, Holds, Over, Holds]).await, 3);
        // A database that is away or stands ends no talk, and the next look comes all the same.
        assert_eq!(closed_by(&[Stands, Fails, Stands, Over, Holds]).await, 4);
    }

    #[test]
    fn a_line_is_opened_by_pages_of_ours_alone() {
        let headers = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("desk.example:8090"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            }
            headers
        };
        assert!(is_own(&headers(Some("http://desk.example:8090")), false));
        assert!(is_own(&headers(Some("https://DESK.example:8090")), true));
        for foreign in [
            None,
            Some("null"),
            Some("http://desk.example"),
            Some("http://evil.example:8090"),
            Some("http://desk.example:8090.evil.example"),
        ] {
            assert!(!is_own(&headers(foreign), false), "{foreign:?}");
        }
        assert!(!is_own(&headers(Some("http://desk.example:8090")), true));
    }
}
