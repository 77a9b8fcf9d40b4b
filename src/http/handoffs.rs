//! Handoffs (http-api.md 7.2): made, read and changed.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::extract::{SmallBody, StrictJson};
use super::fields::Fields;
use super::idempotency::{Ticket, answer_change};
use super::lists::{Cursor, Page, Paging};
use super::problem::{FaultCode, Problem, ProblemCode};
use super::templates::{self, channel_ids, known_channels};
use super::times::shown;
use crate::app::failure::Failure;
use crate::app::handoffs::{self, HandoffRefused, HandoffRow, HandoffWish};
use crate::app::templates::list_of;

/// Shortest and longest look-back, in seconds: an hour and a year.
const LOOKBACK: std::ops::RangeInclusive<i64> = 3_600..=365 * 24 * 3_600;

/// A handoff.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Handoff)]
pub struct HandoffShape {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Channels.
    pub channel_ids: Vec<String>,
    /// Where replies go.
    pub skill: String,
    /// What is sent.
    pub template_id: Option<String>,
    /// How long a reply is tied to it.
    #[schema(example = "30d")]
    pub lookback_period: String,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// A handoff to make or to change.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = HandoffBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct HandoffBody {
    /// 1 to 255 characters; needed for a new one.
    name: Option<String>,
    /// At least one for a new one.
    channel_ids: Option<Vec<String>>,
    /// 1 to 255 characters; needed for a new one.
    skill: Option<String>,
    /// A template.
    template_id: Option<String>,
    /// Such as `90m`, `24h` or `30d` (default); an hour to 365 days.
    lookback_period: Option<String>,
}

fn shape(row: &HandoffRow) -> HandoffShape {
    HandoffShape {
        id: row.id.clone(),
        name: row.name.clone(),
        channel_ids: list_of(&row.channel_ids),
        skill: row.skill.clone(),
        template_id: row.template_id.clone(),
        lookback_period: period(row.lookback_seconds),
        created_at: shown(row.created_at),
        updated_at: shown(row.updated_at),
    }
}

/// Seconds in the largest unit that fits (http-api.md 1.1).
fn period(seconds: i64) -> String {
    let units = [(24 * 3_600, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(size, _)| seconds % size == 0);
    unit.map_or_else(|| format!("{seconds}s"), |(size, unit)| format!("{}{unit}", seconds / size))
}

fn seconds(text: &str) -> Option<i64> {
    let units = [("d", 24 * 3_600), ("h", 3_600), ("m", 60), ("s", 1)];
    let (digits, size) = units.into_iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))?;
    let is_digits = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: i64 = digits.parse().ok().filter(|_| is_digits)?;
    count.checked_mul(size).filter(|seconds| LOOKBACK.contains(seconds))
}

fn read(fields: &mut Fields<'_>) -> HandoffWish {
    let text = |text: &str| text.trim().to_owned();
    let lookback = fields.text("lookbackPeriod", 1..=20).map(seconds);
    if lookback == Some(None) {
        let detail = "use 1h to 365d, such as 24h or 30d";
        fields.fault("lookbackPeriod", FaultCode::InvalidLookbackPeriod, detail);
    }
    let channel_ids = channel_ids(fields);
    if channel_ids.as_ref().is_some_and(Vec::is_empty) {
        fields.fault("channelIds", FaultCode::InvalidParam, "name at least one channel");
    }
    HandoffWish {
        name: fields.text("name", 1..=255).map(text),
        channel_ids,
        skill: fields.text("skill", 1..=255).map(text),
        template_id: fields.text("templateId", 1..=36).map(str::to_ascii_lowercase),
        lookback_seconds: lookback.flatten(),
    }
}

fn refusal(refused: HandoffRefused) -> Problem {
    match refused {
        HandoffRefused::NotFound => Problem::new(ProblemCode::HandoffNotFound, "no handoff has this id"),
        HandoffRefused::TemplateNotFound => templates::not_found(),
    }
}

/// All handoffs.
///
/// # Errors
/// 422 for the parameters.
#[utoipa::path(
    get,
    path = "/v1/handoffs",
    tag = "messaging",
    params(Paging),
    responses((status = 200, description = "The handoffs", body = Page<HandoffShape>)),
    extensions(("x-scope" = json!("campaigns:read")))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (paging, ()) = Paging::of(&request, |_| ())?;
    let page = Page::of_all(handoffs::all(&api.engine).await?, &paging, |row| {
        let place = Cursor { updated_at: row.updated_at.and_utc(), id: row.id.clone() };
        (place, row.created_at.and_utc())
    });
    Ok(HttpResponse::Ok().json(page.map(|row| shape(&row))))
}

/// One handoff.
///
/// # Errors
/// 404 `handoff_not_found`.
#[utoipa::path(
    get,
    path = "/v1/handoffs/{id}",
    tag = "messaging",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The handoff", body = HandoffShape),
        (status = 404, description = "`handoff_not_found`")
    ),
    extensions(("x-scope" = json!("campaigns:read")))
)]
pub async fn one(api: web::Data<Api>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let row = handoffs::find(&api.engine, &id).await?;
    let row = row.ok_or_else(|| refusal(HandoffRefused::NotFound))?;
    Ok(HttpResponse::Ok().json(shape(&row)))
}

/// Makes a handoff.
///
/// # Errors
/// 404 `template_not_found`, `channel_not_found`; 422 `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/handoffs",
    tag = "messaging",
    request_body = HandoffBody,
    responses(
        (status = 201, description = "The handoff", body = HandoffShape),
        (status = 404, description = "`template_not_found`, `channel_not_found`"),
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
    ["name", "channelIds", "skill"].into_iter().for_each(|needed| fields.require(needed));
    fields.finish()?;
    known_channels(&api, &caller, wish.channel_ids.as_deref().unwrap_or_default())?;
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let (engine, actor) = (api.engine.clone(), actor(&api, &caller, &request));
    answer_change(
        &api.engine,
        ticket,
        move |connection, now| handoffs::put(&engine, connection, None, &wish, &actor, now),
        |_| {},
        refusal,
        |row| (201, Some(format!("/v1/handoffs/{}", row.id)), serde_json::json!(shape(row)).to_string()),
    )
    .await
}

/// Changes a handoff: the properties given, each as a whole.
///
/// # Errors
/// 404 `handoff_not_found`, `template_not_found`, `channel_not_found`; 422 `validation_failed`.
#[utoipa::path(
    patch,
    path = "/v1/handoffs/{id}",
    tag = "messaging",
    params(("id" = String, Path, description = "Its id")),
    request_body = HandoffBody,
    responses(
        (status = 200, description = "The handoff", body = HandoffShape),
        (status = 404, description = "`handoff_not_found`, `template_not_found`, `channel_not_found`"),
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
    let (engine, actor) = (api.engine.clone(), actor(&api, &caller, &request));
    let change = api.engine.store.change(
        move |connection, now| handoffs::put(&engine, connection, Some(&id), &wish, &actor, now),
        |_| {},
    );
    let row = change.await.map_err(Failure::from)?.map_err(refusal)?;
    Ok(HttpResponse::Ok().json(shape(&row)))
}
