//! Outbound messages: reading them, and the decisions of operators (http-api.md 4.2).

pub mod shape;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use self::shape::Message;
use super::api::Api;
use super::caller::Caller;
use super::extract::SmallBody;
use super::fields::Fields;
use super::idempotency::{self, Ticket};
use super::json::{self, Json};
use super::lists::{Cursor, Page, Paging};
use super::parameters::Parameters;
use super::problem::{FaultCode, Problem, ProblemCode};
use super::sessions::is_visible;
use super::spans;
use crate::app::engine::Engine;
use crate::app::failure::Failure;
use crate::app::messages::{self, DecideMessage, Decided, Decision, MessageFilter, MessageRow, SessionRow};
use crate::session::{MessageClass, MessageState};

/// Body of a settlement.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct SettleBody {
    /// `accepted` or `failed`.
    #[schema(example = "accepted")]
    pub state: String,
}

/// Outbound messages, oldest change first.
///
/// # Errors
/// 404 `channel_not_found`, 422 for the parameters.
#[utoipa::path(
    get,
    path = "/v1/messages",
    tag = "sessions",
    params(
        ("state" = Option<String>, Query, description = "State of the message"),
        ("class" = Option<String>, Query, description = "`question` or `notice`"),
        ("channelId" = Option<String>, Query, description = "Sender channel"),
        ("phone" = Option<String>, Query, description = "E.164"),
        ("sessionId" = Option<String>, Query, description = "UUID of the session"),
        ("campaignId" = Option<String>, Query, description = "UUID of the campaign"),
        Paging
    ),
    responses(
        (status = 200, description = "A page", body = Page<Message>),
        (status = 404, description = "`channel_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("sessions:read")))
)]
pub async fn list(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, (mut filter, channel, campaign)) = Paging::of(&request, |parameters| {
        let states = MessageState::ALL.map(|state| (state.as_str(), state));
        let classes = MessageClass::ALL.map(|class| (class.as_str(), class));
        let filter = MessageFilter {
            state: parameters.word("state", &states),
            class: parameters.word("class", &classes),
            phone: spans::phone(parameters),
            session_id: uuid(parameters, "sessionId"),
            ..MessageFilter::default()
        };
        (filter, parameters.text("channelId"), uuid(parameters, "campaignId"))
    })?;
    filter.survey_ids = spans::surveys(&api.engine, &caller, None)?;
    filter.channel_ids = spans::channels(&api.engine, &caller, channel.as_deref())?;
    let found = if campaign.is_some() {
        // No message of this release belongs to a campaign.
        Vec::new()
    } else {
        messages::list(&api.engine, filter, spans::span(&paging)).await?
    };
    let page = Page::new(found, &paging, |row: &MessageRow| Cursor {
        updated_at: row.updated_at.and_utc(),
        id: row.id.clone(),
    });
    Ok(HttpResponse::Ok().json(page.map(|row| Message::of(&row, caller.reads_pii()))))
}

/// An id given as a parameter; in any case.
pub(super) fn uuid(parameters: &mut Parameters, name: &str) -> Option<String> {
    let text = parameters.text(name)?;
    let uuid = ::uuid::Uuid::try_parse(&text).ok();
    if uuid.is_none() {
        parameters.fault(name, FaultCode::InvalidParam, "use a UUID");
    }
    uuid.map(|uuid| uuid.hyphenated().to_string())
}

/// One message.
///
/// # Errors
/// 404 `message_not_found`.
#[utoipa::path(
    get,
    path = "/v1/messages/{id}",
    tag = "sessions",
    params(("id" = String, Path, description = "UUID of the message")),
    responses(
        (status = 200, description = "The message", body = Message),
        (status = 404, description = "`message_not_found`")
    ),
    extensions(("x-scope" = json!("sessions:read")))
)]
pub async fn one(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Parameters::of(request.query_string()).finish()?;
    let row = visible(&api.engine, &caller, &id).await?;
    Ok(HttpResponse::Ok().json(Message::of(&row, caller.reads_pii())))
}

async fn visible(engine: &Engine, caller: &Caller, id: &str) -> Result<MessageRow, Problem> {
    let (message, session) = messages::find(engine, &id.to_ascii_lowercase()).await?.ok_or_else(not_found)?;
    if sees(engine, caller, &message, session.as_ref()) { Ok(message) } else { Err(not_found()) }
}

/// A text of no session belongs to no survey: a key limited to surveys does not see it.
fn sees(engine: &Engine, caller: &Caller, message: &MessageRow, session: Option<&SessionRow>) -> bool {
    match session {
        Some(session) => is_visible(engine, caller, session),
        None => caller.key().surveys.is_none() && caller.sees_channel(&message.channel_id),
    }
}

fn not_found() -> Problem {
    Problem::new(ProblemCode::MessageNotFound, "no message has this id")
}

/// Takes a message out of the queue: from `due` or `held`.
///
/// # Errors
/// 404 `message_not_found`, 409 `invalid_state_transition`.
#[utoipa::path(
    post,
    path = "/v1/messages/{id}/cancel",
    tag = "sessions",
    params(("id" = String, Path, description = "UUID of the message")),
    responses(
        (status = 200, description = "The message", body = Message),
        (status = 404, description = "`message_not_found`"),
        (status = 409, description = "`invalid_state_transition`")
    ),
    extensions(("x-scope" = json!("sessions:write")))
)]
pub async fn cancel(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    Fields::of(&parsed(&body)?).finish()?;
    decide(&api, &caller, &request, &id, &body, Decision::Cancel).await
}

/// Lets a message go that is kept back: `held` becomes `due`.
///
/// # Errors
/// 404 `message_not_found`, 409 `invalid_state_transition`.
#[utoipa::path(
    post,
    path = "/v1/messages/{id}/release",
    tag = "sessions",
    params(("id" = String, Path, description = "UUID of the message")),
    responses(
        (status = 200, description = "The message", body = Message),
        (status = 404, description = "`message_not_found`"),
        (status = 409, description = "`invalid_state_transition`")
    ),
    extensions(("x-scope" = json!("sessions:write")))
)]
pub async fn release(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    Fields::of(&parsed(&body)?).finish()?;
    decide(&api, &caller, &request, &id, &body, Decision::Release).await
}

/// Decides what became of a message whose fate is `unknown`.
///
/// # Errors
/// 404 `message_not_found`, 409 `invalid_state_transition`, 422 for the body.
#[utoipa::path(
    post,
    path = "/v1/messages/{id}/settle",
    tag = "sessions",
    params(("id" = String, Path, description = "UUID of the message")),
    request_body = SettleBody,
    responses(
        (status = 200, description = "The message", body = Message),
        (status = 404, description = "`message_not_found`"),
        (status = 409, description = "`invalid_state_transition`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("sessions:write")))
)]
pub async fn settle(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    let json = parsed(&body)?;
    let mut fields = Fields::of(&json);
    let words = [("accepted", Decision::Accepted), ("failed", Decision::Failed)];
    let decision = fields.word("state", &words);
    fields.require("state");
    fields.finish()?;
    let decision = decision.ok_or(Failure::Internal)?;
    decide(&api, &caller, &request, &id, &body, decision).await
}

fn parsed(body: &[u8]) -> Result<Json, Problem> {
    if body.is_empty() {
        return Ok(Json::Object(Vec::new()));
    }
    Ok(json::strict(body)?)
}

async fn decide(
    api: &Api,
    caller: &Caller,
    request: &HttpRequest,
    id: &str,
    body: &[u8],
    decision: Decision,
) -> Result<HttpResponse, Problem> {
    let engine = &api.engine;
    let ticket = Ticket::of(api, request, caller, body).await?;
    let message_id = visible(engine, caller, id).await?.id;
    let work = DecideMessage { engine: engine.clone(), message_id, decision };
    let reads_pii = caller.reads_pii();
    let refuse = |decided: &Decided| match decided {
        Decided::Done(_) => None,
        Decided::NotFound => Some(not_found()),
        Decided::Illegal(state) => {
            let state = state.as_str();
            Some(Problem::invalid_state_transition(state, format!("the message is {state}")))
        }
    };
    let render = move |decided: &Decided| {
        let shown = match decided {
            Decided::Done(row) => serde_json::to_value(Message::of(row, reads_pii)).unwrap_or_default(),
            Decided::NotFound | Decided::Illegal(_) => Value::Null,
        };
        (200, None, shown.to_string())
    };
    idempotency::answer(engine, ticket, work, refuse, render).await
}
