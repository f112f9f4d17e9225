//! `/api/v1/units` and `/api/v1/people`: what the command line does too, for pages and programs.

use axum::Json;
use axum::extract::{Path, State};

use super::body::Body;
use super::params::Params;
use super::pass::Pass;
use super::problem::{Problem, ProblemDetails};
use super::{Web, now};
use crate::domain::{PersonId, Post, UnitId};
use crate::rights::{Action, Tenure};
use crate::staff::{By, NewAccount};
use crate::wire::{
    List, NewPerson, NewPost, NewUnit, OneTimePassword, Person, Revoked, Unit, UnitName,
};

/// The bureau's units, closed ones among them.
#[utoipa::path(get, path = "/api/v1/units", tag = "people",
    responses((status = 200, body = List<Unit>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn units(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<List<Unit>>, Problem> {
    params.only(&[])?;
    Ok(Json(List::whole(web.engine.units().await?)))
}

/// Adds a bureau or a handling unit.
#[utoipa::path(post, path = "/api/v1/units", tag = "people", request_body = NewUnit,
    responses((status = 200, body = List<Unit>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn add_unit(
    State(web): State<Web>,
    pass: Pass,
    Body(new): Body<NewUnit>,
) -> Result<Json<List<Unit>>, Problem> {
    let kind = Body::<NewUnit>::word("kind", &new.kind)?;
    let (by, id) = (by(&pass)?, UnitId(new.id));
    web.engine
        .add_unit(&id, kind, &new.name, &by, now())
        .await?;
    Ok(Json(List::whole(web.engine.units().await?)))
}

/// Gives a unit another name.
#[utoipa::path(put, path = "/api/v1/units/{id}/name", tag = "people", request_body = UnitName,
    params(("id" = String, Path)),
    responses((status = 200, body = List<Unit>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn rename_unit(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    Body(new): Body<UnitName>,
) -> Result<Json<List<Unit>>, Problem> {
    let (by, id) = (by(&pass)?, UnitId(id));
    web.engine.rename_unit(&id, &new.name, &by, now()).await?;
    Ok(Json(List::whole(web.engine.units().await?)))
}

/// Closes a unit in which nobody holds a post any more.
#[utoipa::path(post, path = "/api/v1/units/{id}/closing", tag = "people",
    params(("id" = String, Path)),
    responses((status = 200, body = List<Unit>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn close_unit(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Json<List<Unit>>, Problem> {
    let (by, id) = (by(&pass)?, UnitId(id));
    web.engine.close_unit(&id, &by, now()).await?;
    Ok(Json(List::whole(web.engine.units().await?)))
}

/// Everybody with an account, by login name.
#[utoipa::path(get, path = "/api/v1/people", tag = "people",
    responses((status = 200, body = List<Person>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn people(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<List<Person>>, Problem> {
    params.only(&[])?;
    everybody(&web, &pass).await
}

/// Adds somebody; the one-time password is told this once.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = NewPerson,
    responses((status = 200, body = OneTimePassword),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn add_person(
    State(web): State<Web>,
    pass: Pass,
    Body(new): Body<NewPerson>,
) -> Result<Json<OneTimePassword>, Problem> {
    let by = by(&pass)?;
    let added = web.engine.add_person(&account(new), &by, now()).await?;
    let (person, password) = added;
    let person = person.0;
    Ok(Json(OneTimePassword { person, password }))
}

/// Full name, staff number and telephones, in place of those on record.
#[utoipa::path(put, path = "/api/v1/people/{id}", tag = "people", request_body = NewPerson,
    params(("id" = String, Path)),
    responses((status = 200, body = List<Person>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn describe_person(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    Body(new): Body<NewPerson>,
) -> Result<Json<List<Person>>, Problem> {
    let (by, id) = (by(&pass)?, PersonId(id));
    web.engine
        .describe_person(&id, &account(new), &by, now())
        .await?;
    everybody(&web, &pass).await
}

/// Gives somebody a role in a unit.
#[utoipa::path(post, path = "/api/v1/people/{id}/posts", tag = "people", request_body = NewPost,
    params(("id" = String, Path)),
    responses((status = 200, body = List<Person>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn grant(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    Body(new): Body<NewPost>,
) -> Result<Json<List<Person>>, Problem> {
    let tenure = Tenure {
        post: Post {
            role: Body::<NewPost>::word("role", &new.role)?,
            unit: UnitId(new.unit),
        },
        seconded_from: new.seconded_from.map(UnitId),
        from: new.from.unwrap_or_else(|| now().day()),
        until: new.until,
    };
    let (by, id) = (by(&pass)?, PersonId(id));
    web.engine.grant_post(&id, &tenure, &by, now()).await?;
    everybody(&web, &pass).await
}

/// Takes a role away, at once; in one unit, or in all.
#[utoipa::path(delete, path = "/api/v1/people/{id}/posts/{role}", tag = "people",
    params(("id" = String, Path), ("role" = crate::wire::RoleWord, Path), ("unit" = Option<String>, Query)),
    responses((status = 200, body = Revoked),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn revoke(
    State(web): State<Web>,
    pass: Pass,
    Path((id, role)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Revoked>, Problem> {
    params.only(&["unit"])?;
    let role = Body::<NewPost>::word("role", &role)?;
    let unit = params.text("unit").map(|unit| UnitId(unit.to_owned()));
    let (by, id) = (by(&pass)?, PersonId(id));
    let revoked = web
        .engine
        .revoke_posts(&id, role, unit.as_ref(), &by, now())
        .await?;
    Ok(Json(Revoked { revoked }))
}

/// Closes an account; its logins end.
#[utoipa::path(post, path = "/api/v1/people/{id}/disabling", tag = "people",
    params(("id" = String, Path)),
    responses((status = 200, body = List<Person>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn disable(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Json<List<Person>>, Problem> {
    let (by, id) = (by(&pass)?, PersonId(id));
    web.engine.disable_person(&id, &by, now()).await?;
    everybody(&web, &pass).await
}

/// Opens a closed account again.
#[utoipa::path(post, path = "/api/v1/people/{id}/enabling", tag = "people",
    params(("id" = String, Path)),
    responses((status = 200, body = List<Person>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn enable(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Json<List<Person>>, Problem> {
    let (by, id) = (by(&pass)?, PersonId(id));
    web.engine.enable_person(&id, &by, now()).await?;
    everybody(&web, &pass).await
}

/// A new one-time password, told this once; every login of the person ends.
#[utoipa::path(post, path = "/api/v1/people/{id}/password", tag = "people",
    params(("id" = String, Path)),
    responses((status = 200, body = OneTimePassword),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn reset_password(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Json<OneTimePassword>, Problem> {
    let (by, id) = (by(&pass)?, PersonId(id));
    let password = web.engine.reset_password(&id, &by, now()).await?;
    let person = id.0;
    Ok(Json(OneTimePassword { person, password }))
}

async fn everybody(web: &Web, pass: &Pass) -> Result<Json<List<Person>>, Problem> {
    let manages = pass.visitor.may(Action::ManagePeople).is_some();
    let people = web.engine.people().await?.into_iter();
    Ok(Json(List::whole(
        people.map(|account| Person::of(account, manages)),
    )))
}

fn account(new: NewPerson) -> NewAccount {
    NewAccount {
        name: new.name.unwrap_or_default(),
        full_name: new.full_name,
        staff: new.staff,
        phones: new.phones,
    }
}

/// A program holds no post, and so changes nobody's.
fn by(pass: &Pass) -> Result<By, Problem> {
    pass.visitor.by().ok_or_else(Problem::unauthorised)
}
