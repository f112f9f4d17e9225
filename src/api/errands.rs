//! Calls that the house makes: asked for, looked at, taken back. Who may is asked here for the pages too.

use axum::Json;
use axum::extract::{Path, State};

use super::body::{Body, unfit};
use super::params::Params;
use super::pass::{Pass, Visitor};
use super::problem::{Problem, ProblemDetails};
use super::reads::reached;
use super::{Web, now};
use crate::domain::{By, Hand, Hindrance, Refusal, TicketNumber};
use crate::engine::{CallId, Error, Numbers};
use crate::errands::{Purpose, Trouble};
use crate::outward::{NotAsked, Wish, WishFor, fresh_order_id};
use crate::wire::{Errand, List, NewErrand};

/// Calls out, newest first, each with its attempts.
#[utoipa::path(get, path = "/api/v1/errands", tag = "errands",
    params(("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200)),
    responses((status = 200, body = List<Errand>), (status = 400, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<List<Errand>>, Problem> {
    params.only(&["cursor", "limit"])?;
    let paging = params.paging()?;
    let cursor = paging.cursor.as_deref();
    let page = web.engine.calls_out_page(cursor, paging.limit.into());
    Ok(Json(List::of(page.await?)))
}

/// Asks for a call out. The machine or a desk makes it in the hours of `[outward] hours`.
#[utoipa::path(post, path = "/api/v1/errands", tag = "errands", request_body = NewErrand,
    responses((status = 200, body = Errand),
        (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "Not called: `refusal` says why"),
        (status = 422, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn ask(
    State(web): State<Web>,
    pass: Pass,
    Body(new): Body<NewErrand>,
) -> Result<Json<Errand>, Problem> {
    let known = || unfit("purpose", "not one of: revisit, result, callback");
    let purpose = Purpose::of_word(&new.purpose).ok_or_else(known)?;
    let (hand, what) = match (purpose, &new.ticket, &new.call) {
        (Purpose::Callback, None, Some(call)) => wished(&web, &pass, call).await?,
        (Purpose::Callback, ..) => {
            return Err(unfit("call", "a callback has a call, and no ticket"));
        }
        (_, Some(ticket), None) => {
            let is_revisit = purpose == Purpose::Revisit;
            let hand = may_ask(&web, &pass, ticket, is_revisit, |_| true).await?;
            let ticket = ticket.parse().map_err(|_| Problem::not_found())?;
            match is_revisit {
                true => (hand, WishFor::Revisit(ticket)),
                false => (hand, WishFor::Result(ticket)),
            }
        }
        _ => {
            return Err(unfit(
                "ticket",
                "a revisit or a result has a ticket, and no call",
            ));
        }
    };
    let wish = Wish {
        what,
        staff: hand.staff.clone(),
        by: Some(hand),
    };
    let allowing = web.options.calls_out.as_ref();
    let allowing = allowing.ok_or_else(|| refused(Trouble::NoTrunk))?;
    let id = fresh_order_id(now());
    match web.engine.ask_for_call(&id, wish, allowing, now()).await {
        Ok(_) => found(&web, &id.0).await,
        Err(NotAsked::Refused(trouble)) => Err(refused(trouble)),
        Err(NotAsked::Engine(error)) => Err(error.into()),
    }
}

/// Takes one back that is not being called; whoever may ask for it may.
#[utoipa::path(post, path = "/api/v1/errands/{id}/withdraw", tag = "errands", params(("id" = String, Path)),
    responses((status = 200, body = Errand),
        (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "It is being called, or closed")))]
pub(crate) async fn withdraw(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Json<Errand>, Problem> {
    let hand = may_withdraw(&web, &pass, &id).await?;
    match web.engine.withdraw_call(&id, Some(&hand), now()).await? {
        true => found(&web, &id).await,
        false => Err(Problem::refused(
            "not_waiting",
            "该外呼正在进行或已经结束，不能取消",
            "this call out is being made or closed; only one that waits can be taken back",
        )),
    }
}

async fn found(web: &Web, id: &str) -> Result<Json<Errand>, Problem> {
    let found = web.engine.whole_call_out(id).await?;
    Ok(Json(found.ok_or_else(Problem::not_found)?.into()))
}

fn refused(trouble: Trouble) -> Problem {
    Problem::refused(trouble.word(), trouble.zh(), trouble.en())
}

/// Who has asked to be called back in this call, at the number that he named or called from: no other number is taken from a request.
async fn wished(web: &Web, pass: &Pass, call: &str) -> Result<(Hand, WishFor), Problem> {
    let call = CallId(call.to_owned());
    let found = web.engine.call(&call, Numbers::Shown).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    reached(web, pass, found.row.rehearsal, found.row.ticket.as_deref()).await?;
    let hand = hand(pass)?;
    let callback = found.callback.ok_or_else(|| {
        Problem::refused(
            "not_wished",
            "该通话的来电人没有要求回电",
            "nobody asked to be called back in this call",
        )
    })?;
    let what = WishFor::Callback {
        call,
        number: callback.whole_number,
        not_before: now(),
    };
    Ok((hand, what))
}

/// Who may take this one back: who may ask for it, on the same ticket.
pub(crate) async fn may_withdraw(web: &Web, pass: &Pass, id: &str) -> Result<Hand, Problem> {
    let row = web.engine.call_out(id).await?;
    let row = row.ok_or_else(Problem::not_found)?;
    match &row.ticket {
        Some(number) => {
            let is_revisit = row.purpose == Purpose::Revisit.word();
            may_ask(web, pass, number, is_revisit, is_personal).await
        }
        None => hand(pass),
    }
}

/// Who may have the rater of this ticket called; not found for whoever does not reach it. `counts`: which refusals of a revisit are one here.
pub(crate) async fn may_ask(
    web: &Web,
    pass: &Pass,
    number: &str,
    is_revisit: bool,
    counts: fn(&Refusal) -> bool,
) -> Result<Hand, Problem> {
    let ticket = number.parse::<TicketNumber>();
    let ticket = ticket.map_err(|_| Problem::not_found())?;
    let row = web.engine.ticket(number, Numbers::Masked).await?;
    let row = row.ok_or_else(Problem::not_found)?.row;
    reached(web, pass, row.rehearsal, Some(number)).await?;
    let hand = hand(pass)?;
    let refusal = match is_revisit {
        true => revisit_refusal(web, &hand, ticket).await?,
        false => None,
    };
    match refusal.filter(counts) {
        Some(refusal) => Err(Error::Unlawful(refusal).into()),
        None => Ok(hand),
    }
}

/// Why this person may not record a revisit of the ticket now.
async fn revisit_refusal(
    web: &Web,
    hand: &Hand,
    ticket: TicketNumber,
) -> Result<Option<Refusal>, Problem> {
    let whole = web.engine.whole_case(ticket).await?;
    let case = whole.ok_or_else(Problem::not_found)?.case;
    let by = By::Person(hand.clone());
    let allowed = web.engine.allowed(&case, &by, now());
    let mut revisits = allowed
        .into_iter()
        .filter(|allowed| allowed.kind.word == "revisit");
    Ok(revisits.find_map(|allowed| allowed.refusal))
}

/// A refusal that is about who asks, not about the hour or where the ticket stands: what is not wanted any more can be taken back at any time.
fn is_personal(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::NotYours { .. } => true,
        Refusal::Hindered { why, .. } => matches!(
            why,
            Hindrance::RatedAgent
                | Hindrance::OfResponsibleUnit
                | Hindrance::Recused
                | Hindrance::NotOfUnit
                | Hindrance::NotOfHandlingUnit
        ),
        _ => false,
    }
}

/// The person; a program asks for nothing here.
fn hand(pass: &Pass) -> Result<Hand, Problem> {
    match &pass.visitor {
        Visitor::Person(person) => Ok(person.hand.clone()),
        _ => Err(Problem::not_found()),
    }
}
