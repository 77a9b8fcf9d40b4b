//! Reading sessions: the list, one, and its parts.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::answers::{Answer, answers};
use super::shape::Session;
use super::transcript::{Entry, transcript};
use super::visible;
use crate::app::sessions::{self, SessionFilter, SessionRow};
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::lists::{Cursor, Page, Paging};
use crate::http::parameters::Parameters;
use crate::http::problem::{FaultCode, Problem};
use crate::http::spans;
use crate::session::Status;

/// Variables a list can be asked for at a time.
const VARIABLES_MAX: usize = 8;

/// A session with the parts that were asked for.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpandedSession {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// With `expand=messages`: sent and received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Entry>>,
    /// With `expand=answers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Vec<Answer>>,
}

/// Sessions, oldest change first.
///
/// # Errors
/// 404 for a survey or channel that does not exist, 422 for the parameters.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    tag = "sessions",
    params(
        ("surveyId" = Option<String>, Query, description = "Slug or UUID"),
        ("status" = Option<String>, Query, description = "State of the session"),
        ("phone" = Option<String>, Query, description = "E.164"),
        ("clientReference" = Option<String>, Query, description = "The caller's own id"),
        ("channelId" = Option<String>, Query, description = "Sender channel"),
        ("isTest" = Option<bool>, Query, description = "Test sessions, or all others"),
        ("var.queueKey" = Option<String>, Query, description = "`var.` and any variable: its exact value"),
        Paging
    ),
    responses(
        (status = 200, description = "A page", body = Page<Session>),
        (status = 404, description = "`survey_not_found`, `channel_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("sessions:read")))
)]
pub async fn list(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, (mut filter, survey, channel, variables)) = Paging::of(&request, |parameters| {
        let statuses = Status::ALL.map(|status| (status.as_str(), status));
        let filter = SessionFilter {
            status: parameters.word("status", &statuses),
            phone: spans::phone(parameters),
            client_reference: parameters.text("clientReference"),
            is_test: parameters.boolean("isTest"),
            ..SessionFilter::default()
        };
        let variables = parameters.prefixed("var.");
        if variables.len() > VARIABLES_MAX {
            parameters.fault("var.", FaultCode::InvalidParam, format!("at most {VARIABLES_MAX} variables"));
        }
        (filter, parameters.text("surveyId"), parameters.text("channelId"), variables)
    })?;
    filter.survey_ids = spans::surveys(&api.engine, &caller, survey.as_deref())?;
    filter.channel_ids = spans::channels(&api.engine, &caller, channel.as_deref())?;
    let found = sessions::list(&api.engine, filter, variables, spans::span(&paging)).await?;
    let stopped = found.stopped_at.as_ref().map(|row| cursor(row).encode());
    let mut page = Page::new(found.sessions, &paging, cursor)
        .map(|row| Session::of(&api.engine, &row, caller.reads_pii()));
    page.has_more |= stopped.is_some();
    page.next_cursor = stopped.or(page.next_cursor);
    Ok(HttpResponse::Ok().json(page))
}

fn cursor(row: &SessionRow) -> Cursor {
    Cursor { updated_at: row.updated_at.and_utc(), id: row.id.clone() }
}

/// One session.
///
/// # Errors
/// 404 `session_not_found`, 422 for the parameters.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}",
    tag = "sessions",
    params(
        ("id" = String, Path, description = "UUID of the session"),
        ("expand" = Option<String>, Query, description = "`messages`, `answers`, or both with a comma")
    ),
    responses(
        (status = 200, description = "The session", body = ExpandedSession),
        (status = 404, description = "`session_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("sessions:read")))
)]
pub async fn one(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(request.query_string());
    let expand = parameters.text("expand").unwrap_or_default();
    let wanted: Vec<&str> = expand.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if wanted.iter().any(|part| !matches!(*part, "messages" | "answers")) {
        parameters.fault("expand", FaultCode::InvalidParam, "use messages, answers, or both with a comma");
    }
    parameters.finish()?;
    let row = visible(&api.engine, &caller, &id).await?;
    let parts = if wanted.is_empty() {
        sessions::Parts::default()
    } else {
        sessions::parts_of(&api.engine, &row.id).await?
    };
    let reads_pii = caller.reads_pii();
    let wants = |part: &str| wanted.contains(&part);
    Ok(HttpResponse::Ok().json(ExpandedSession {
        session: Session::of(&api.engine, &row, reads_pii),
        messages: wants("messages").then(|| transcript(&api.engine, &row, &parts, reads_pii)),
        answers: wants("answers").then(|| answers(&api.engine, &row, &parts, reads_pii)),
    }))
}

/// The answers of a session in order; the question that waits is `pending`.
///
/// # Errors
/// 404 `session_not_found`.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/answers",
    tag = "sessions",
    params(("id" = String, Path, description = "UUID of the session")),
    responses(
        (status = 200, description = "All answers", body = Page<Answer>),
        (status = 404, description = "`session_not_found`")
    ),
    extensions(("x-scope" = json!("sessions:read")))
)]
pub async fn answers_of(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Parameters::of(request.query_string()).finish()?;
    let row = visible(&api.engine, &caller, &id).await?;
    let parts = sessions::parts_of(&api.engine, &row.id).await?;
    Ok(HttpResponse::Ok().json(Page::whole(answers(&api.engine, &row, &parts, caller.reads_pii()))))
}

/// What was sent and received in a session, in order.
///
/// # Errors
/// 404 `session_not_found`.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}/messages",
    tag = "sessions",
    params(("id" = String, Path, description = "UUID of the session")),
    responses(
        (status = 200, description = "The transcript", body = Page<Entry>),
        (status = 404, description = "`session_not_found`")
    ),
    extensions(("x-scope" = json!("sessions:read")))
)]
pub async fn messages_of(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    Parameters::of(request.query_string()).finish()?;
    let row = visible(&api.engine, &caller, &id).await?;
    let parts = sessions::parts_of(&api.engine, &row.id).await?;
    Ok(HttpResponse::Ok().json(Page::whole(transcript(&api.engine, &row, &parts, caller.reads_pii()))))
}
