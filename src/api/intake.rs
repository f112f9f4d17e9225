//! Ratings of the other channels, slips of the suggestion box, and matters: what programs and officers hand in.

use axum::Json;
use axum::extract::{Path, State};

use super::body::{Body, unfit};
use super::params::Params;
use super::pass::Pass;
use super::problem::{Problem, ProblemDetails};
use super::{Web, now};
use crate::channels::{Applicants, EDITIONS};
use crate::domain::{
    Channel, Choices, Evidence, Identity, Intake, IntakeKey, Rater, Reason, Remark, Service, UnitId,
};
use crate::engine::{NewSlip, applicant_of};
use crate::wire::{
    Completion, EnteredSuggestion, List, Matter, NationalOption, NewMatter, NewRater, NewRating,
    NewService, NewSuggestion, Taken,
};

/// A list of matters is walked by their numbers.
const MOST: u32 = 200;

/// Hands in a rating of another channel than the telephone.
#[utoipa::path(post, path = "/api/v1/ratings", tag = "ratings", request_body = NewRating,
    responses((status = 200, body = Taken),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "Of the staff: counted, and no rating"),
        (status = 422, body = ProblemDetails, content_type = "application/problem+json", description = "It cannot be a rating; the reason says why")),
    security(("token" = [])))]
pub(crate) async fn rate(
    State(web): State<Web>,
    pass: Pass,
    Body(new): Body<NewRating>,
) -> Result<Json<Taken>, Problem> {
    let channel = Body::<NewRating>::word("channel", &new.channel)?;
    if matches!(
        channel,
        Channel::Phone | Channel::SuggestionBox | Channel::Default
    ) {
        return Err(unfit("channel", "it has a door of its own"));
    }
    if new.key.is_empty() || new.key.chars().count() > 100 {
        return Err(unfit("key", "1 to 100 characters"));
    }
    let codes = new.reasons.iter();
    let reasons = codes.map(|code| {
        let mut known = Reason::ALL.into_iter();
        known
            .find(|reason| reason.code() == code)
            .ok_or_else(|| unfit("reasons", "T1 to T6"))
    });
    let intake = Intake {
        // Two programs may use one key each for its own.
        key: IntakeKey(format!("{}:{}", pass.visitor.name(), new.key)),
        channel,
        service: service(new.service)?,
        rater: rater(new.rater)?,
        grade: new.grade,
        graded_at: new.graded_at,
        reasons: reasons.collect::<Result<_, _>>()?,
        choices: Choices {
            items: items(&new.items)?,
            dictionary: (!new.options.is_empty()).then(|| EDITIONS[1].edition.to_owned()),
            options: new.options,
        },
        remark: new
            .text
            .filter(|text| !text.trim().is_empty())
            .map(Remark::Text),
        evidence: Evidence::default(),
        rehearsal: new.rehearsal,
    };
    Ok(Json(web.engine.submit(intake, now()).await?.into()))
}

/// Enters a slip of the suggestion box; the terms of a bad one run from now (A37).
#[utoipa::path(post, path = "/api/v1/suggestions", tag = "ratings", request_body = NewSuggestion,
    responses((status = 200, body = EnteredSuggestion),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn suggest(
    State(web): State<Web>,
    pass: Pass,
    Body(new): Body<NewSuggestion>,
) -> Result<Json<EnteredSuggestion>, Problem> {
    let slip = NewSlip {
        slip: new.slip,
        opened_on: new.opened_on,
        text: new.text,
        scan: new.scan,
        grade: new.grade,
        items: items(&new.items)?,
    };
    let rating = web
        .engine
        .enter_slip(&slip, pass.visitor.name(), now())
        .await?;
    Ok(Json(EnteredSuggestion {
        slip: slip.slip,
        rating: rating.map(Taken::from),
    }))
}

/// The national options of each grade, the editions out of use among them (without texts).
#[utoipa::path(get, path = "/api/v1/options", tag = "ratings",
    responses((status = 200, body = List<NationalOption>)), security(("token" = [])))]
pub(crate) async fn options(params: Params) -> Result<Json<List<NationalOption>>, Problem> {
    params.only(&[])?;
    let all = EDITIONS.iter().flat_map(|set| {
        set.choices.iter().map(|choice| NationalOption {
            edition: set.edition,
            code: choice.code,
            grade: choice.grade,
            text: choice.text,
        })
    });
    Ok(Json(List::whole(all)))
}

/// Matters by their numbers, 200 at a time.
#[utoipa::path(get, path = "/api/v1/matters", tag = "matters",
    params(("after" = Option<String>, Query, description = "`number` of the last one of the list before")),
    responses((status = 200, body = List<Matter>)), security(("token" = [])))]
pub(crate) async fn matters(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<List<Matter>>, Problem> {
    params.only(&["after"])?;
    let after = params.text("after").unwrap_or_default();
    Ok(Json(List::whole(web.engine.matters(after, MOST).await?)))
}

/// A matter.
#[utoipa::path(get, path = "/api/v1/matters/{number}", tag = "matters", params(("number" = String, Path)),
    responses((status = 200, body = Matter), (status = 404, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn matter(
    State(web): State<Web>,
    Path(number): Path<String>,
    params: Params,
) -> Result<Json<Matter>, Problem> {
    params.only(&[])?;
    let matter = web.engine.matter(&number).await?;
    Ok(Json(matter.ok_or_else(Problem::not_found)?.into()))
}

/// Registers a matter, with its completion where it is completed. The same again changes nothing.
#[utoipa::path(post, path = "/api/v1/matters", tag = "matters", request_body = NewMatter,
    responses((status = 200, body = Matter),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn register(
    State(web): State<Web>,
    pass: Pass,
    Body(new): Body<NewMatter>,
) -> Result<Json<Matter>, Problem> {
    let matter = crate::channels::Matter {
        number: new.number,
        item: new.item,
        item_name: new.item_name,
        unit: UnitId(new.unit),
        applicants: Applicants {
            name: new.applicant_name,
            phone: new.applicant_phone.filter(|phone| !phone.is_empty()),
            applicant: new.applicant.as_deref().and_then(applicant_of),
        },
        completed_at: new.completed_at,
        rehearsal: new.rehearsal,
    };
    saved(&web, &pass, matter).await
}

/// Completes a registered matter (办结): the reminder and the default grade start from then.
#[utoipa::path(put, path = "/api/v1/matters/{number}/completion", tag = "matters",
    request_body = Completion, params(("number" = String, Path)),
    responses((status = 200, body = Matter), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn complete(
    State(web): State<Web>,
    pass: Pass,
    Path(number): Path<String>,
    Body(new): Body<Completion>,
) -> Result<Json<Matter>, Problem> {
    let known = web.engine.matter(&number).await?;
    let matter = crate::channels::Matter {
        completed_at: Some(new.completed_at),
        ..known.ok_or_else(Problem::not_found)?
    };
    saved(&web, &pass, matter).await
}

async fn saved(
    web: &Web,
    pass: &Pass,
    matter: crate::channels::Matter,
) -> Result<Json<Matter>, Problem> {
    let by = pass.visitor.name();
    web.engine.register_matter(&matter, by, now()).await?;
    let saved = web.engine.matter(&matter.number).await?;
    Ok(Json(saved.ok_or_else(Problem::not_found)?.into()))
}

fn service(new: NewService) -> Result<Service, Problem> {
    Ok(match new {
        NewService::Consultation { call } => Service::Consultation {
            call_id: call,
            staff: Vec::new(),
            served_at: crate::domain::Moment::from_millis(0),
        },
        NewService::WebConsultation {
            code,
            unit,
            staff,
            served_at,
        } => Service::WebConsultation {
            code,
            unit: unit.map(UnitId),
            staff,
            served_at,
        },
        NewService::Matter {
            number,
            stage,
            staff,
            served_at,
        } => Service::Matter {
            number,
            stage: Body::<NewRating>::word("stage", &stage)?,
            item: String::new(),
            unit: UnitId(String::new()),
            staff,
            served_at: served_at.unwrap_or(crate::domain::Moment::from_millis(0)),
        },
        NewService::WindowAct {
            window,
            act,
            item,
            unit,
            staff,
            served_at,
        } => Service::WindowAct {
            window,
            act,
            item,
            unit: unit.map(UnitId),
            staff,
            served_at,
        },
    })
}

fn rater(new: NewRater) -> Result<Rater, Problem> {
    let identity = match &new.identity {
        Some(word) => Body::<NewRating>::word("identity", word)?,
        None if new.number.is_some() => Identity::I1,
        None => Identity::I0,
    };
    Ok(Rater {
        number: new.number.filter(|number| !number.trim().is_empty()),
        identity,
        applicant: new.applicant.as_deref().and_then(applicant_of),
    })
}

fn items(words: &[String]) -> Result<Vec<crate::domain::ContentItem>, Problem> {
    let read = |word: &String| Body::<NewRating>::word("items", word);
    words.iter().map(read).collect()
}
