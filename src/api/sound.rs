//! Recordings, messages and waveforms: who hears them, on what ground, and that it is on record.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

use super::params::Params;
use super::pass::{Pass, Visitor};
use super::problem::{Problem, ProblemDetails};
use super::range;
use super::reads::{detail, whole};
use super::{Web, looks, now};
use crate::archive::Peaks;
use crate::engine::{CallId, ClipKind, Listening, ListeningDoor, Sound};
use crate::rights::Sight;
use crate::staff::Hearing;
use crate::wire::Waveform;

/// Wide enough for any screen; a day-long recording costs a page no more than a short one.
const WAVEFORM_COLUMNS: usize = 1200;

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
