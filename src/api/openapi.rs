//! `/api/openapi.json`: the API as a document (OpenAPI 3.1), made from the handlers themselves.

use axum::Json;
use serde_json::{Map, Value, json};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    bulletins, calendars, errands, figures, intake, listings, looks, people, reads, sound,
};
use crate::acts::{KINDS, Kind, Takes, Way};
use crate::domain::TRANSITIONS;
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
        reads::board, reads::calls, reads::call, sound::recording, sound::peaks, sound::clip,
        reads::ratings, reads::rating, reads::tickets, reads::ticket,
        people::units, people::add_unit, people::rename_unit, people::close_unit,
        people::people, people::add_person, people::describe_person, people::grant, people::revoke,
        people::disable, people::enable, people::reset_password,
        calendars::list, calendars::propose, calendars::approve,
        figures::figures, figures::definitions, figures::things, figures::hot_spots, figures::differences, figures::flags,
        bulletins::list, bulletins::terms, bulletins::read, bulletins::draft, bulletins::review, bulletins::issue,
        bulletins::published,
        errands::list, errands::ask, errands::withdraw,
        looks::ask, looks::list, looks::answer,
        listings::list, listings::read, listings::propose, listings::verify,
        intake::rate, intake::suggest, intake::options,
        intake::matters, intake::matter, intake::register, intake::complete,
    ),
    components(schemas(
        wire::GradeWord, wire::PolarityWord, wire::CallStateWord, wire::HungUpByWord, wire::WaitEndWord, wire::ClipKindWord,
        wire::SoundWord, wire::ListeningDoorWord, wire::UnitKindWord, wire::RoleWord, wire::SightWord,
        wire::ErrandPurposeWord, wire::ErrandStateWord,
        wire::Acted,
    )),
    modifiers(&BearerToken, &ActsOnTickets, &ActsOnListings),
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

/// One address per act, described by the table of acts.
struct ActsOnTickets;

impl Modify for ActsOnTickets {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for kind in KINDS.iter().filter(|kind| kind.is_offered()) {
            let item = serde_json::from_value(described(kind)).expect("an item of OpenAPI");
            let path = format!("/api/v1/tickets/{{id}}/{}", kind.word);
            document.paths.paths.insert(path, item);
        }
    }
}

/// As [`ActsOnTickets`], of the blocklist's table.
struct ActsOnListings;

impl Modify for ActsOnListings {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for kind in crate::blocklist::KINDS
            .iter()
            .filter(|kind| kind.is_offered())
        {
            let item = serde_json::from_value(described_listing(kind)).expect("an item of OpenAPI");
            let path = format!("/api/v1/listings/{{id}}/{}", kind.word);
            document.paths.paths.insert(path, item);
        }
    }
}

fn described_listing(kind: &crate::blocklist::Kind) -> Value {
    let fields = kind.fields.iter().map(|field| field.word());
    let properties: Map<String, Value> = fields
        .clone()
        .map(|field| match field {
            "way" => (field.to_owned(), schema(Takes::Words(Way::WORDS))),
            field => (field.to_owned(), schema(Takes::Text)),
        })
        .collect();
    let required: Vec<_> = fields.collect();
    json!({"post": {
        "tags": ["blocklist"],
        "operationId": format!("{}_listing", kind.word),
        "summary": format!("{}（{}）", kind.zh, crate::blocklist::ARTICLE),
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "integer"},
                "description": "The listing's number"},
            if_match("listing"),
            idempotency_key(),
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object", "properties": properties, "required": required,
            "additionalProperties": false,
        }}}},
        "responses": responses("listing", "ListingActed"),
    }})
}

fn if_match(thing: &str) -> Value {
    json!({"name": "If-Match", "in": "header", "required": true, "schema": {"type": "string"},
        "description": format!("The version that was seen: the {thing}'s ETag")})
}

fn idempotency_key() -> Value {
    json!({"name": "Idempotency-Key", "in": "header", "required": false,
        "schema": {"type": "string", "maxLength": 200},
        "description": "Sent twice with one key, it is done once"})
}

fn responses(thing: &str, acted: &str) -> Value {
    let problem = |what: &str| {
        json!({"description": what, "content": {"application/problem+json":
            {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}})
    };
    json!({
        "200": {"description": "Done", "content": {"application/json":
            {"schema": {"$ref": format!("#/components/schemas/{acted}")}}}},
        "403": problem("Not within the asker's roles"),
        "404": problem(&format!("There is no such {thing}")),
        "409": problem("The regulation says no: article, state and the word of the refusal"),
        "412": problem(&format!("The {thing} has changed since it was seen")),
        "422": problem("The content, or a key used for another act"),
        "428": problem("No If-Match"),
    })
}

fn described(kind: &Kind) -> Value {
    let fields = || kind.fields.iter().filter(|field| field.name != "staff");
    let properties: Map<String, Value> = fields()
        .map(|field| (field.name.to_owned(), schema(field.takes)))
        .collect();
    let required: Vec<_> = fields()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    let row = TRANSITIONS.iter().find(|row| row.event == kind.event);
    let row = row.expect("every act has a row");
    json!({"post": {
        "tags": ["tickets"],
        "operationId": format!("{}_ticket", kind.word),
        "summary": format!("{}（{}，第{}行）", kind.zh, row.article, row.number),
        "description": row.guard,
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "string"},
                "description": "The ticket's number"},
            if_match("ticket"),
            idempotency_key(),
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object", "properties": properties, "required": required,
            "additionalProperties": false,
        }}}},
        "responses": responses("ticket", "Acted"),
    }})
}

fn schema(takes: Takes) -> Value {
    match takes {
        Takes::Text => json!({"type": "string"}),
        Takes::Flag => json!({"type": "boolean"}),
        Takes::Number => json!({"type": "integer", "minimum": 1, "maximum": 255}),
        Takes::Day => json!({"type": "string", "format": "date"}),
        Takes::Words(words) => json!({"type": "string", "enum": words}),
        Takes::Texts => json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
        Takes::Numbers => json!({"type": "array", "items": {"type": "integer"}}),
        Takes::Attributions => json!({"type": "array", "minItems": 1, "items": {
        "type": "object", "required": ["unit", "rule"], "properties": {
            "unit": {"type": "string"},
            "rule": {"type": "integer", "minimum": 1, "maximum": 12},
        }}}),
    }
}

pub(crate) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
