//! `/api/openapi.json`: the API as a document (OpenAPI 3.1), made from the handlers themselves.

use axum::Json;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{calendars, intake, looks, people, reads};
use crate::wire;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "gradeline",
        description = "Calls, ratings and tickets of a government service centre's consultation line \
            (政务服务“好差评”). Lists are `{items, next}`; errors are problem+json (RFC 9457) with what to do \
            next. Parameters that are not listed are refused."
    ),
    paths(
        reads::calls, reads::call, reads::recording, reads::peaks, reads::clip,
        reads::ratings, reads::rating, reads::tickets, reads::ticket,
        people::units, people::add_unit, people::rename_unit, people::close_unit,
        people::people, people::add_person, people::describe_person, people::grant, people::revoke,
        people::disable, people::enable, people::reset_password,
        calendars::list, calendars::propose, calendars::approve,
        looks::ask, looks::list, looks::answer,
        intake::rate, intake::suggest, intake::options,
        intake::matters, intake::matter, intake::register, intake::complete,
    ),
    components(schemas(
        wire::GradeWord, wire::PolarityWord, wire::CallStateWord, wire::HungUpByWord, wire::ClipKindWord,
        wire::SoundWord, wire::ListeningDoorWord, wire::UnitKindWord, wire::RoleWord, wire::SightWord,
    )),
    modifiers(&BearerToken),
)]
struct Document;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(
            Http::builder()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("Made by `gradeline token create --name N`"))
                .build(),
        );
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", scheme);
    }
}

pub(crate) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
