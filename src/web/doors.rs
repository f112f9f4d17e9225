//! Every address with who may pass it: one table, from which the router is built and which the
//! tests walk. [`admit`] is the only place that lets anybody in; it asks the permission matrix.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use tower_http::csrf::CsrfLayer;

use super::params::encoded;
use super::pass::{Pass, Visitor};
use super::problem::Problem;
use super::{
    Web, after_call, assets, board, desk, guard, handing, health, login, looks, now, outward,
    pages, supervising,
};
use crate::api::{
    acts, bulletins, calendars, errands, figures, intake, listings, looks as looked, openapi,
    people, reads, sound,
};
use crate::rights::Action;
use crate::staff::Person;

/// Who may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody.
    Open,
    /// Somebody logged in who has changed a one-time password; others are led to the login.
    Page,
    /// Somebody logged in, also with a one-time password.
    NewPassword,
    /// A bearer token, or the login that a page's own requests carry; others get 401.
    Api,
    /// A request from this machine itself (not through a gateway), or a bearer token.
    Machine,
}

/// One line of the table.
pub(super) struct Door {
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests walk the table"))]
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) access: Access,
    /// The row of the permission matrix that is asked; `None` where whoever passes is enough.
    pub(super) action: Option<Action>,
    handler: fn() -> MethodRouter<Web>,
}

macro_rules! doors {
    ($($method:ident $path:literal $access:ident $($action:ident)? => $route:expr;)*) => {
        vec![$(Door {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            action: [$(Action::$action)?].first().copied(),
            handler: || $route,
        }),*]
    };
}

pub(super) fn table() -> Vec<Door> {
    let mut table = houses_doors();
    table.extend(desks_doors());
    table.extend(acts_doors());
    table.extend(figures_doors());
    table.extend(blocklist_doors());
    table
}

/// One address per act on a ticket, each with the row of the matrix that is asked first; the ticket's own
/// table is asked after it.
#[rustfmt::skip]
fn acts_doors() -> Vec<Door> {
    doors! {
        POST "/api/v1/tickets/{id}/assign" Api Assess => post(acts::act);
        POST "/api/v1/tickets/{id}/draft" Api Assess => post(acts::act);
        POST "/api/v1/tickets/{id}/report" Api Assess => post(acts::act);
        POST "/api/v1/tickets/{id}/give_opinion" Api Assess => post(acts::act);
        POST "/api/v1/tickets/{id}/revisit" Api Revisit => post(acts::act);
        POST "/api/v1/tickets/{id}/confirm_mistake" Api Judge => post(acts::act);
        POST "/api/v1/tickets/{id}/return_draft" Api Dispatch => post(acts::act);
        POST "/api/v1/tickets/{id}/accept_proposal" Api Judge => post(acts::act);
        POST "/api/v1/tickets/{id}/dispatch" Api Dispatch => post(acts::act);
        POST "/api/v1/tickets/{id}/receive" Api Answer => post(acts::act);
        POST "/api/v1/tickets/{id}/contest" Api Answer => post(acts::act);
        POST "/api/v1/tickets/{id}/request_complex" Api Dispatch => post(acts::act);
        POST "/api/v1/tickets/{id}/decide_complex" Api Dispatch => post(acts::act);
        POST "/api/v1/tickets/{id}/request_extension" Api Dispatch => post(acts::act);
        POST "/api/v1/tickets/{id}/decide_extension" Api Dispatch => post(acts::act);
        POST "/api/v1/tickets/{id}/find_true" Api Answer => post(acts::act);
        POST "/api/v1/tickets/{id}/appeal" Api Answer => post(acts::act);
        POST "/api/v1/tickets/{id}/find_without_legal_basis" Api Answer => post(acts::act);
        POST "/api/v1/tickets/{id}/judge_invalid" Api Judge => post(acts::act);
        POST "/api/v1/tickets/{id}/judge_mistaken" Api Judge => post(acts::act);
        POST "/api/v1/tickets/{id}/propose_malicious" Api Judge => post(acts::act);
        POST "/api/v1/tickets/{id}/judge_malicious" Api Judge => post(acts::act);
        POST "/api/v1/tickets/{id}/accept_explanation" Api Judge => post(acts::act);
        POST "/api/v1/tickets/{id}/reject_appeal" Api Judge => post(acts::act);
        POST "/api/v1/tickets/{id}/file_rectification" Api Answer => post(acts::act);
        POST "/api/v1/tickets/{id}/return_rectification" Api SeeTickets => post(acts::act);
        POST "/api/v1/tickets/{id}/accept_rectification" Api SeeTickets => post(acts::act);
        POST "/api/v1/tickets/{id}/answer" Api Revisit => post(acts::act);
        POST "/api/v1/tickets/{id}/try_to_answer" Api Revisit => post(acts::act);
        POST "/api/v1/tickets/{id}/close_unreached" Api Revisit => post(acts::act);
        POST "/api/v1/tickets/{id}/decline_rerate" Api Revisit => post(acts::act);
        POST "/api/v1/tickets/{id}/object" Api Revisit => post(acts::act);
    }
}

#[rustfmt::skip]
fn desks_doors() -> Vec<Door> {
    doors! {
        GET  "/board"                         Page WatchDesks          => get(board::page);
        GET  "/board/now"                     Page WatchDesks          => get(board::now_part);
        GET  "/board/supervise"               Page Supervise           => get(supervising::page);
        POST "/board/supervise"               Page Supervise           => post(supervising::ask);
        GET  "/desk"                          Page TakeCalls           => get(desk::page);
        GET  "/desk/colleagues"               Page TakeCalls           => get(handing::colleagues);
        GET  "/desk/matters"                  Page TakeCalls           => get(after_call::matters);
        POST "/desk/note"                     Page TakeCalls           => post(after_call::note);
        GET  "/desk/line"                     Page TakeCalls           => get(desk::line);
    }
}

#[rustfmt::skip]
fn houses_doors() -> Vec<Door> {
    doors! {
        GET  "/healthz"                       Open                     => get(health::health);
        GET  "/metrics"                       Machine                  => get(health::metrics);
        GET  "/assets/{digest}/{*name}"       Open                     => get(assets::serve);
        GET  "/api/openapi.json"              Open                     => get(openapi::document);

        GET  "/login"                         Open                     => get(login::page);
        POST "/login"                         Open                     => post(login::log_in);
        POST "/language"                      Open                     => post(login::choose_language);
        POST "/logout"                        NewPassword              => post(login::log_out);
        GET  "/password"                      NewPassword              => get(login::password_page);
        POST "/password"                      NewPassword              => post(login::change_password);

        GET  "/"                              Page SeeFigures          => get(pages::overview);
        GET  "/live"                          Page SeeGrades           => get(pages::live);
        GET  "/calls"                         Page SeeGrades           => get(pages::calls);
        GET  "/calls/{id}"                    Page SeeGrades           => get(pages::call);
        POST "/calls/{id}/looks"              Page Listen              => post(looks::ask_by_page);
        GET  "/ratings"                       Page SeeGrades           => get(pages::ratings);
        GET  "/tickets"                       Page SeeTickets          => get(pages::tickets);
        GET  "/tickets/{id}"                  Page SeeTickets          => get(pages::ticket);
        POST "/tickets/{id}/call-out"         Page Revisit             => post(outward::ask);
        GET  "/outward"                       Page Revisit             => get(outward::list);
        POST "/outward/{id}/withdraw"         Page Revisit             => post(outward::withdraw);

        GET  "/api/v1/board"                  Api WatchDesks           => get(reads::board);
        GET  "/api/v1/calls"                  Api SeeGrades            => get(reads::calls);
        GET  "/api/v1/calls/{id}"             Api SeeGrades            => get(reads::call);
        GET  "/api/v1/calls/{id}/recording"   Api Listen               => get(sound::recording);
        GET  "/api/v1/calls/{id}/peaks"       Api SeeGrades            => get(sound::peaks);
        GET  "/api/v1/calls/{id}/clips/{kind}" Api Listen              => get(sound::clip);
        POST "/api/v1/calls/{id}/looks"       Api Listen               => post(looked::ask);
        GET  "/api/v1/looks"                  Api SeeLooks             => get(looked::list);
        POST "/api/v1/looks/{id}/answer"      Api SeeLooks             => post(looked::answer);
        GET  "/api/v1/ratings"                Api SeeGrades            => get(reads::ratings);
        POST "/api/v1/ratings"                Api EnterRatings         => post(intake::rate);
        POST "/api/v1/suggestions"            Api EnterRatings         => post(intake::suggest);
        GET  "/api/v1/options"                Api EnterRatings         => get(intake::options);
        GET  "/api/v1/matters"                Api RegisterMatters      => get(intake::matters);
        POST "/api/v1/matters"                Api RegisterMatters      => post(intake::register);
        GET  "/api/v1/matters/{number}"       Api RegisterMatters      => get(intake::matter);
        PUT  "/api/v1/matters/{number}/completion" Api RegisterMatters => put(intake::complete);
        GET  "/api/v1/ratings/{id}"           Api SeeGrades            => get(reads::rating);
        GET  "/api/v1/tickets"                Api SeeTickets           => get(reads::tickets);
        GET  "/api/v1/tickets/{id}"           Api SeeTickets           => get(reads::ticket);

        GET  "/api/v1/errands"                Api Revisit              => get(errands::list);
        POST "/api/v1/errands"                Api Revisit              => post(errands::ask);
        POST "/api/v1/errands/{id}/withdraw"  Api Revisit              => post(errands::withdraw);

        GET  "/api/v1/calendars"              Api Govern               => get(calendars::list);
        POST "/api/v1/calendars"              Api Govern               => post(calendars::propose);
        POST "/api/v1/calendars/{id}/approval" Api Govern              => post(calendars::approve);

        GET  "/api/v1/units"                  Api SeePeople            => get(people::units);
        POST "/api/v1/units"                  Api ManagePeople         => post(people::add_unit);
        PUT  "/api/v1/units/{id}/name"        Api ManagePeople         => put(people::rename_unit);
        POST "/api/v1/units/{id}/closing"     Api ManagePeople         => post(people::close_unit);
        GET  "/api/v1/people"                 Api SeePeople            => get(people::people);
        POST "/api/v1/people"                 Api ManagePeople         => post(people::add_person);
        PUT  "/api/v1/people/{id}"            Api ManagePeople         => put(people::describe_person);
        POST "/api/v1/people/{id}/posts"      Api ManagePeople         => post(people::grant);
        DELETE "/api/v1/people/{id}/posts/{role}" Api ManagePeople     => delete(people::revoke);
        POST "/api/v1/people/{id}/disabling"  Api ManagePeople         => post(people::disable);
        POST "/api/v1/people/{id}/enabling"   Api ManagePeople         => post(people::enable);
        POST "/api/v1/people/{id}/password"   Api ManagePeople         => post(people::reset_password);
    }
}

#[rustfmt::skip]
fn figures_doors() -> Vec<Door> {
    doors! {
        GET  "/api/v1/figures"                Api SeeFigures           => get(figures::figures);
        GET  "/api/v1/figures/definitions"    Api SeeFigures           => get(figures::definitions);
        GET  "/api/v1/figures/things"         Api SeeGrades            => get(figures::things);
        GET  "/api/v1/figures/hot-spots"      Api SeeGrades            => get(figures::hot_spots);
        GET  "/api/v1/figures/differences"    Api SeeLooks             => get(figures::differences);
        GET  "/api/v1/flags"                  Api SeeLooks             => get(figures::flags);
        GET  "/api/v1/bulletins"              Api SeeFigures           => get(bulletins::list);
        POST "/api/v1/bulletins"              Api Publish              => post(bulletins::draft);
        GET  "/api/v1/bulletins/terms"        Api SeeFigures           => get(bulletins::terms);
        GET  "/api/v1/bulletins/{id}"         Api SeeFigures           => get(bulletins::read);
        POST "/api/v1/bulletins/{id}/review"  Api Publish              => post(bulletins::review);
        POST "/api/v1/bulletins/{id}/issue"   Api Publish              => post(bulletins::issue);
        GET  "/api/v1/published"              Open                     => get(bulletins::published);
    }
}

#[rustfmt::skip]
fn blocklist_doors() -> Vec<Door> {
    doors! {
        GET  "/api/v1/listings"               Api SeeBlocklist         => get(listings::list);
        POST "/api/v1/listings"               Api Judge                => post(listings::propose);
        GET  "/api/v1/listings/{id}"          Api SeeBlocklist         => get(listings::read);
        POST "/api/v1/listings/{id}/sign"     Api Judge                => post(listings::act);
        POST "/api/v1/listings/{id}/decline"  Api Judge                => post(listings::act);
        POST "/api/v1/listings/{id}/tell"     Api Revisit              => post(listings::act);
        POST "/api/v1/listings/{id}/object"   Api Revisit              => post(listings::act);
        POST "/api/v1/listings/{id}/uphold"   Api Judge                => post(listings::act);
        POST "/api/v1/listings/{id}/allow"    Api Judge                => post(listings::act);
        POST "/api/v1/listings/{id}/lift"     Api Judge                => post(listings::act);
        POST "/api/v1/ratings/{id}/verification" Api Judge             => post(listings::verify);
    }
}

/// No form of ours is larger.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// All doors, with the guards that stand before each of them.
pub(super) fn router(web: Web) -> Router {
    let mut router = Router::new();
    for door in table() {
        let admission = from_fn_with_state((web.clone(), door.access, door.action), admit);
        router = router.route(door.path, (door.handler)().route_layer(admission));
    }
    router
        .fallback(|| async { Problem::not_found() })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CsrfLayer::new())
        .layer(from_fn(guard::stand))
        .layer(from_fn_with_state(web.clone(), guard::remember_chrome))
        .layer(guard::packing())
        .with_state(web)
}

async fn admit(
    State((web, access, action)): State<(Web, Access, Option<Action>)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let visitor = match access {
        Access::Open => None,
        Access::Machine if is_this_machine(&request) => None,
        Access::Machine => Some(program(&web, request.headers()).await?),
        Access::Api => Some(match person(&web, request.headers()).await? {
            Some(person) if !person.must_change_password => Visitor::Person(person),
            Some(_) => return Err(Problem::new(StatusCode::FORBIDDEN, "new_password_first")),
            None => program(&web, request.headers()).await?,
        }),
        Access::Page | Access::NewPassword => match person(&web, request.headers()).await? {
            None => return Ok(to_login(&request)),
            Some(person) if person.must_change_password && access == Access::Page => {
                return Ok(Redirect::to("/password").into_response());
            }
            Some(person) => Some(Visitor::Person(person)),
        },
    };
    let Some(visitor) = visitor else {
        return Ok(next.run(request).await);
    };
    let mut response = match Pass::of(&visitor, action) {
        Ok(pass) => {
            request.extensions_mut().insert(visitor.clone());
            request.extensions_mut().insert(pass);
            next.run(request).await
        }
        Err(forbidden) => Problem::from(forbidden).into_response(),
    };
    // For the page of a problem, which is dressed further out.
    response.extensions_mut().insert(visitor);
    Ok(response)
}

/// To the login and, after it, to the page that was asked for.
fn to_login(request: &Request) -> Response {
    let wanted = request
        .uri()
        .path_and_query()
        .filter(|_| request.method() == Method::GET)
        .map(|address| address.as_str())
        .filter(|address| *address != "/");
    match wanted {
        Some(address) => Redirect::to(&format!("/login?next={}", encoded(address))),
        None => Redirect::to("/login"),
    }
    .into_response()
}

async fn person(web: &Web, headers: &HeaderMap) -> Result<Option<Person>, Problem> {
    match login::secret(web, headers) {
        Some(secret) => Ok(web.engine.login(&secret, now()).await?),
        None => Ok(None),
    }
}

async fn program(web: &Web, headers: &HeaderMap) -> Result<Visitor, Problem> {
    let secret = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim())
        .ok_or_else(Problem::unauthorised)?;
    let token = web.engine.check_token(secret, now()).await?;
    token
        .map(Visitor::Program)
        .ok_or_else(Problem::unauthorised)
}

/// A gateway on this machine also connects from loopback, but says for whom.
fn is_this_machine(request: &Request) -> bool {
    let through_gateway = ["x-forwarded-for", "forwarded", "x-real-ip"]
        .iter()
        .any(|name| request.headers().contains_key(*name));
    let peer = request.extensions().get::<Peer>();
    !through_gateway && peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback())
}

/// Whom a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);
