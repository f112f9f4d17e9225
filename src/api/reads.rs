//! `/api/v1`: what programs read. `doors` lets in a bearer token, or the login of a page's own requests.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

use super::params::{self, Params};
use super::pass::{Pass, Visitor};
use super::problem::{Problem, ProblemDetails};
use super::range;
use super::{Web, looks, now};
use crate::archive::Peaks;
use crate::engine::{CallDetail, CallId, ClipKind, Listening, ListeningDoor, Numbers, Sound};
use crate::rights::Sight;
use crate::staff::Hearing;
use crate::wire::{Call, List, Rating, Ticket, Waveform, WholeCall, WholeTicket};

/// Wide enough for any screen; a day-long recording costs a page no more than a short one.
const WAVEFORM_COLUMNS: usize = 1200;

/// Calls, newest first. Live ones too: `live=true`.
#[utoipa::path(get, path = "/api/v1/calls", tag = "calls",
    params(
        ("from" = Option<String>, Query, format = Date, description = "First day of the call's start, Asia/Shanghai"),
        ("to" = Option<String>, Query, format = Date, description = "Last day, inclusive"),
        ("state" = Option<crate::wire::CallStateWord>, Query),
        ("live" = Option<bool>, Query, description = "Whether the call still goes on"),
        ("outcome" = Option<String>, Query),
        ("grade" = Option<crate::wire::GradeWord>, Query),
        ("number_tail" = Option<String>, Query, description = "Last digits of the caller's number"),
        ("rehearsal" = Option<bool>, Query),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "50 unless told"),
    ),
    responses((status = 200, body = List<Call>), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn calls(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<List<Call>>, Problem> {
    let filter = params::call_filter(&params, pass.reach())?;
    let paging = params.paging()?;
    let page = web
        .engine
        .calls(
            &filter,
            paging.cursor.as_deref(),
            paging.limit,
            Numbers::Masked,
        )
        .await?;
    Ok(Json(List::of(page)))
}

/// A call with its timeline.
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "calls",
    params(("id" = String, Path)),
    responses((status = 200, body = WholeCall), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn call(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<WholeCall>, Problem> {
    params.only(&[])?;
    Ok(Json(detail(&web, &pass, id).await?.into()))
}

/// The whole call as stereo WAV: left the caller, right what the caller heard. Takes `Range`. Needs a look
/// in force (`POST /api/v1/calls/{id}/looks`); rehearsals need none. `download=true` needs the look that two
/// persons agreed to.
#[utoipa::path(get, path = "/api/v1/calls/{id}/recording", tag = "calls",
    params(("id" = String, Path), ("download" = Option<bool>, Query),
        ("range" = Option<String>, Header, example = "bytes=0-65535")),
    responses((status = 200, content_type = "audio/wav", description = "The file"),
        (status = 206, content_type = "audio/wav", description = "The part asked for"),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 416, description = "No byte of the file is asked for"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn recording(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    params: Params,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    params.only(&["download"])?;
    let sight = match params.flag("download")? {
        Some(true) => Sight::Download,
        _ => Sight::Recording,
    };
    let mut detail = whole(&web, id).await?;
    let recording = detail.recording.take().ok_or_else(no_recording)?;
    let hearing = looks::grounded(&web, &pass.visitor, &detail, sight).await?;
    let id = detail.row.id;
    leave_trace(&web, &pass, &hearing, id.clone(), Sound::Recording, &method).await?;
    let mut answer = file(&web, recording.path, &recording.sha256, &method, &headers).await?;
    if sight == Sight::Download {
        let name = format!("attachment; filename=\"{}.wav\"", id.0);
        if let Ok(name) = name.parse() {
            answer.headers_mut().insert(CONTENT_DISPOSITION, name);
        }
    }
    Ok(answer)
}

/// A message of the call as its own WAV: `remark` (about a bad grade) or `voice`. Needs a look in force, as
/// the recording does.
#[utoipa::path(get, path = "/api/v1/calls/{id}/clips/{kind}", tag = "calls",
    params(("id" = String, Path), ("kind" = crate::wire::ClipKindWord, Path),
        ("range" = Option<String>, Header)),
    responses((status = 200, content_type = "audio/wav", description = "The file"),
        (status = 206, content_type = "audio/wav", description = "The part asked for"),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 416, description = "No byte of the file is asked for"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn clip(
    State(web): State<Web>,
    pass: Pass,
    Path((id, kind)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kind = match kind.as_str() {
        "remark" => ClipKind::Remark,
        "voice" => ClipKind::Voice,
        _ => return Err(Problem::not_found()),
    };
    let detail = whole(&web, id).await?;
    let clip = detail.clips.iter().find(|clip| clip.kind == kind);
    let clip = clip.ok_or_else(no_recording)?.clone();
    let hearing = looks::grounded(&web, &pass.visitor, &detail, Sight::Recording).await?;
    let id = detail.row.id;
    leave_trace(&web, &pass, &hearing, id, kind.into(), &method).await?;
    file(&web, clip.path, &clip.sha256, &method, &headers).await
}

/// The recording's waveform, drawn by the server: no player has to load the whole recording for it.
#[utoipa::path(get, path = "/api/v1/calls/{id}/peaks", tag = "calls",
    params(("id" = String, Path)),
    responses((status = 200, body = Waveform), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn peaks(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Waveform>, Problem> {
    params.only(&[])?;
    let recording = detail(&web, &pass, id)
        .await?
        .recording
        .ok_or_else(no_recording)?;
    let _turn = web.waveforms.acquire().await;
    let archive = web.archive.clone();
    let peaks = tokio::task::spawn_blocking(move || archive.peaks(&recording.path))
        .await
        .map_err(|error| Problem::fault(&error))??;
    Ok(Json(waveform(&peaks, WAVEFORM_COLUMNS)))
}

/// Ratings, newest first.
#[utoipa::path(get, path = "/api/v1/ratings", tag = "ratings",
    params(
        ("from" = Option<String>, Query, format = Date), ("to" = Option<String>, Query, format = Date),
        ("grade" = Option<crate::wire::GradeWord>, Query),
        ("polarity" = Option<crate::wire::PolarityWord>, Query),
        ("rehearsal" = Option<bool>, Query), ("cursor" = Option<String>, Query),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
    ),
    responses((status = 200, body = List<Rating>), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn ratings(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<List<Rating>>, Problem> {
    let filter = params::rating_filter(&params, pass.reach())?;
    let paging = params.paging()?;
    let page = web
        .engine
        .ratings(&filter, paging.cursor.as_deref(), paging.limit)
        .await?;
    Ok(Json(List::of(page)))
}

/// A rating.
#[utoipa::path(get, path = "/api/v1/ratings/{id}", tag = "ratings",
    params(("id" = String, Path)),
    responses((status = 200, body = Rating), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn rating(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Rating>, Problem> {
    params.only(&[])?;
    let rating = web.engine.rating(&id).await?;
    let rating = rating.ok_or_else(Problem::not_found)?;
    reached(&web, &pass, rating.rehearsal, rating.ticket.as_deref()).await?;
    Ok(Json(rating.into()))
}

/// Tickets, newest first.
#[utoipa::path(get, path = "/api/v1/tickets", tag = "tickets",
    params(
        ("from" = Option<String>, Query, format = Date), ("to" = Option<String>, Query, format = Date),
        ("state" = Option<String>, Query), ("grade" = Option<crate::wire::GradeWord>, Query),
        ("rehearsal" = Option<bool>, Query), ("provisional" = Option<bool>, Query),
        ("cursor" = Option<String>, Query),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
    ),
    responses((status = 200, body = List<Ticket>), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn tickets(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<List<Ticket>>, Problem> {
    let filter = params::ticket_filter(&params, pass.reach())?;
    let paging = params.paging()?;
    let page = web
        .engine
        .tickets(
            &filter,
            paging.cursor.as_deref(),
            paging.limit,
            Numbers::Masked,
        )
        .await?;
    Ok(Json(List::of(page)))
}

/// A ticket with its deadlines, each with the days counted, and its trail. `id` is its number.
#[utoipa::path(get, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = String, Path, description = "The ticket's number")),
    responses((status = 200, body = WholeTicket), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn ticket(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<WholeTicket>, Problem> {
    params.only(&[])?;
    let ticket = web.engine.ticket(&id, Numbers::Masked).await?;
    let ticket = ticket.ok_or_else(Problem::not_found)?;
    reached(&web, &pass, ticket.row.rehearsal, Some(&ticket.row.number)).await?;
    Ok(Json(ticket.into()))
}

/// Before any sound goes out, who listens stands in the call's row (第十四条, 第十七条). A `HEAD` lets
/// nobody hear anything; a 304 does, since the browser then plays what it kept.
async fn leave_trace(
    web: &Web,
    pass: &Pass,
    hearing: &Hearing,
    call: CallId,
    sound: Sound,
    method: &Method,
) -> Result<(), Problem> {
    if method == Method::HEAD {
        return Ok(());
    }
    let listening = hearing.grounded(Listening {
        call,
        sound,
        listener: pass.visitor.name().to_owned(),
        door: match pass.visitor {
            Visitor::Person(_) => ListeningDoor::Page,
            Visitor::Program(_) => ListeningDoor::Api,
        },
        look: None,
        ticket: None,
        reason: None,
    });
    Ok(web.engine.listen(&listening, now()).await?)
}

/// Whoever comes for the sound is judged by the look, not by the reach of lists.
async fn whole(web: &Web, id: String) -> Result<CallDetail, Problem> {
    let detail = web.engine.call(&CallId(id), Numbers::Masked).await?;
    detail.ok_or_else(Problem::not_found)
}

async fn detail(web: &Web, pass: &Pass, id: String) -> Result<CallDetail, Problem> {
    let detail = whole(web, id).await?;
    reached(
        web,
        pass,
        detail.row.rehearsal,
        detail.row.ticket.as_deref(),
    )
    .await?;
    Ok(detail)
}

/// What lies out of reach is not found.
pub(crate) async fn reached(
    web: &Web,
    pass: &Pass,
    rehearsal: bool,
    ticket: Option<&str>,
) -> Result<(), Problem> {
    let within = web.engine.within(&pass.reach(), rehearsal, ticket).await?;
    within.then_some(()).ok_or_else(Problem::not_found)
}

fn no_recording() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_recording")
}

async fn file(
    web: &Web,
    path: String,
    sha256: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let archive = web.archive.clone();
    let opened = tokio::task::spawn_blocking(move || archive.open(&path))
        .await
        .map_err(|error| Problem::fault(&error))??;
    range::answer(method, headers, opened, sha256, "audio/wav").await
}

/// Lowest and highest of neighbouring pairs, so that at most `columns` are left.
fn waveform(peaks: &Peaks, columns: usize) -> Waveform {
    let channels = usize::from(peaks.channels).max(1);
    let pairs = peaks.data.len() / 2 / channels;
    let step = pairs.div_ceil(columns).max(1);
    let drawn = (0..channels)
        .map(|channel| {
            (0..pairs)
                .step_by(step)
                .flat_map(|first| {
                    let of_column = (first..(first + step).min(pairs))
                        .map(|pair| (pair * channels + channel) * 2);
                    let low = of_column.clone().map(|at| peaks.data[at]).min();
                    let high = of_column.map(|at| peaks.data[at + 1]).max();
                    [low.unwrap_or(0), high.unwrap_or(0)]
                })
                .collect()
        })
        .collect();
    Waveform {
        length_ms: peaks.length_ms,
        channels: drawn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_waveform_is_narrowed_without_losing_its_extremes() {
        let mut data = vec![0i8; 2 * 2 * 5000];
        data[2 * 2 * 4000 + 2] = -100; // the second channel's minimum in pair 4000
        data[2 * 2 * 17 + 1] = 90; // the first channel's maximum in pair 17
        let peaks = Peaks {
            channels: 2,
            pairs_per_second: 50,
            length_ms: 100_000,
            data,
        };
        let drawn = waveform(&peaks, 1200);
        assert_eq!(drawn.channels.len(), 2);
        assert!(drawn.channels[0].len() <= 2400);
        assert_eq!(drawn.channels[0].iter().max(), Some(&90));
        assert_eq!(drawn.channels[1].iter().min(), Some(&-100));
        assert_eq!(
            drawn.channels[1].iter().position(|low| *low == -100),
            Some(2 * (4000 / 5))
        );
    }

    #[test]
    fn a_recording_without_a_sample_has_an_empty_waveform() {
        let peaks = Peaks {
            channels: 2,
            pairs_per_second: 50,
            length_ms: 0,
            data: Vec::new(),
        };
        assert_eq!(
            waveform(&peaks, 10).channels,
            [vec![], vec![]] as [Vec<i8>; 2]
        );
    }
}
