//! Templates (http-api.md 7.1): made, changed, deleted, looked at, and sent to oneself.

pub mod shape;
pub mod trial;

use actix_web::{HttpRequest, HttpResponse, web};

use self::shape::TemplateShape;
use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::extract::{SmallBody, StrictJson};
use super::fields::Fields;
use super::idempotency::{Answer, Ticket, answer_change};
use super::lists::{Cursor, Page, Paging};
use super::problem::{Fault, FaultCode, Problem, ProblemCode};
use crate::app::failure::Failure;
use crate::app::templates::{self, TemplateRefused, TemplateRow, TemplateWish};
use crate::survey::Language;

/// Longest body, in characters: six parts of GSM-7 with room for variables.
const BODY_CHARS_MAX: usize = 2_000;
/// Most quick replies, and characters of one.
const REPLIES_MAX: usize = 10;
const REPLY_CHARS_MAX: usize = 60;
/// Most channels of a template or a handoff.
const CHANNELS_MAX: usize = 100;

/// A template to make or to change.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = TemplateBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct TemplateBody {
    /// Cleaned to small letters, digits and underscores; needed for a new one.
    name: Option<String>,
    /// A language code; needed for a new one.
    language: Option<String>,
    /// The caller's own label.
    category: Option<String>,
    /// Channels it is made available to; empty = all.
    channel_ids: Option<Vec<String>>,
    /// The text with its `{{variables}}`; needed for a new one.
    body: Option<String>,
    /// At most 10, shown as numbered lines; none beside a link.
    quick_replies: Option<Vec<String>>,
}

/// Ids of channels that exist for this key; a text that is none is `channel_not_found`.
///
/// # Errors
/// 404 `channel_not_found`.
pub(super) fn known_channels(api: &Api, caller: &Caller, ids: &[String]) -> Result<(), Problem> {
    let is_known = |id: &String| api.engine.channels.get(id).is_some() && caller.sees_channel(id);
    match ids.iter().find(|id| !is_known(id)) {
        Some(unknown) => {
            Err(Problem::new(ProblemCode::ChannelNotFound, format!("no channel has the id {unknown}")))
        }
        None => Ok(()),
    }
}

/// The channels of a body.
pub(super) fn channel_ids(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let given = fields.texts("channelIds", CHANNELS_MAX, &(1..=36))?;
    Some(given.into_iter().map(str::to_ascii_lowercase).collect())
}

fn read(fields: &mut Fields<'_>) -> TemplateWish {
    let text = |text: &str| text.trim().to_owned();
    let replies = fields.texts("quickReplies", REPLIES_MAX, &(1..=REPLY_CHARS_MAX));
    let body = fields.text("body", 0..=BODY_CHARS_MAX);
    if body.is_some_and(|body| body.trim().is_empty()) {
        fields.fault("body", FaultCode::MissingParam, "this property is needed");
    }
    TemplateWish {
        name: fields.text("name", 1..=512).map(str::to_owned),
        language: language(fields),
        category: fields.text("category", 1..=100).map(text),
        channel_ids: channel_ids(fields),
        body: body.map(str::to_owned),
        quick_replies: replies.map(|list| list.into_iter().map(text).collect()),
    }
}

fn language(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text("language", 1..=35)?;
    match Language::parse(text) {
        Ok(language) => Some(language.code().to_owned()),
        Err(fault) => {
            fields.fault("language", FaultCode::InvalidParam, fault.to_string());
            None
        }
    }
}

pub(super) fn not_found() -> Problem {
    Problem::new(ProblemCode::TemplateNotFound, "no template has this id")
}

fn refusal(refused: TemplateRefused) -> Problem {
    let fault =
        |pointer: &str, code, detail: String| Problem::validation(vec![Fault::new(pointer, code, detail)]);
    match refused {
        TemplateRefused::NotFound => not_found(),
        TemplateRefused::NoName => {
            let detail = "nothing is left of this name: use letters and digits".to_owned();
            fault("/name", FaultCode::InvalidParam, detail)
        }
        TemplateRefused::NameTaken { name } => {
            Problem::new(ProblemCode::TemplateNameTaken, format!("another template is called {name}"))
        }
        TemplateRefused::Syntax(syntax) => fault("/body", FaultCode::TemplateSyntax, syntax.to_string()),
        TemplateRefused::LinkAndQuickReplies => {
            let detail = "a text with a link has no quick replies".to_owned();
            fault("/quickReplies", FaultCode::CtaAndQuickReplies, detail)
        }
        TemplateRefused::InUse => {
            Problem::invalid_state_transition("in_use", "a trigger or a handoff needs this template")
        }
    }
}

/// All templates.
///
/// # Errors
/// 422 for the parameters.
#[utoipa::path(
    get,
    path = "/v1/templates",
    tag = "messaging",
    params(Paging),
    responses((status = 200, description = "The templates", body = Page<TemplateShape>)),
    extensions(("x-scope" = json!("campaigns:read")))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (paging, ()) = Paging::of(&request, |_| ())?;
    let rows = templates::all(&api.engine).await?;
    let page = Page::of_all(rows, &paging, |row| {
        let place = Cursor { updated_at: row.updated_at.and_utc(), id: row.id.clone() };
        (place, row.created_at.and_utc())
    });
    Ok(HttpResponse::Ok().json(page.map(|row| TemplateShape::of(&row))))
}

/// One template.
///
/// # Errors
/// 404 `template_not_found`.
#[utoipa::path(
    get,
    path = "/v1/templates/{id}",
    tag = "messaging",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The template", body = TemplateShape),
        (status = 404, description = "`template_not_found`")
    ),
    extensions(("x-scope" = json!("campaigns:read")))
)]
pub async fn one(api: web::Data<Api>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = templates::find(&api.engine, &id).await?.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(TemplateShape::of(&row)))
}

/// Makes a template.
///
/// # Errors
/// 404 `channel_not_found`; 409 `template_name_taken`; 422 `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/templates",
    tag = "messaging",
    request_body = TemplateBody,
    responses(
        (status = 201, description = "The template", body = TemplateShape),
        (status = 404, description = "`channel_not_found`"),
        (status = 409, description = "`template_name_taken`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("campaigns:write")))
)]
pub async fn create(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let json = body.strict()?;
    let mut fields = Fields::of(&json);
    let wish = read(&mut fields);
    ["name", "language", "body"].into_iter().for_each(|needed| fields.require(needed));
    fields.finish()?;
    known_channels(&api, &caller, wish.channel_ids.as_deref().unwrap_or_default())?;
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let (engine, actor) = (api.engine.clone(), actor(&api, &caller, &request));
    answer_change(
        &api.engine,
        ticket,
        move |connection, now| templates::create(&engine, connection, &wish, &actor, now),
        |_| {},
        refusal,
        created,
    )
    .await
}

fn created(row: &TemplateRow) -> Answer {
    (201, Some(format!("/v1/templates/{}", row.id)), serde_json::json!(TemplateShape::of(row)).to_string())
}

/// Changes a template: the properties given, each as a whole.
///
/// # Errors
/// 404 `template_not_found`, `channel_not_found`; 409 `template_name_taken`; 422 `validation_failed`.
#[utoipa::path(
    patch,
    path = "/v1/templates/{id}",
    tag = "messaging",
    params(("id" = String, Path, description = "Its id")),
    request_body = TemplateBody,
    responses(
        (status = 200, description = "The template", body = TemplateShape),
        (status = 404, description = "`template_not_found`, `channel_not_found`"),
        (status = 409, description = "`template_name_taken`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("campaigns:write")))
)]
pub async fn change(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    StrictJson(json): StrictJson,
) -> Result<HttpResponse, Problem> {
    let mut fields = Fields::of(&json);
    let wish = read(&mut fields);
    fields.finish()?;
    known_channels(&api, &caller, wish.channel_ids.as_deref().unwrap_or_default())?;
    let actor = actor(&api, &caller, &request);
    let change = api
        .engine
        .store
        .change(move |connection, now| templates::change(connection, &id, &wish, &actor, now), |_| {});
    let row = change.await.map_err(Failure::from)?.map_err(refusal)?;
    Ok(HttpResponse::Ok().json(TemplateShape::of(&row)))
}

/// Deletes a template that no trigger and no handoff needs.
///
/// # Errors
/// 404 `template_not_found`; 409 `invalid_state_transition`.
#[utoipa::path(
    delete,
    path = "/v1/templates/{id}",
    tag = "messaging",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "`template_not_found`"),
        (status = 409, description = "`invalid_state_transition`")
    ),
    extensions(("x-scope" = json!("campaigns:write")))
)]
pub async fn delete(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let actor = actor(&api, &caller, &request);
    let change = api
        .engine
        .store
        .change(move |connection, now| templates::delete(connection, &id, &actor, now), |_| {});
    change.await.map_err(Failure::from)?.map_err(refusal)?;
    Ok(HttpResponse::NoContent().finish())
}
