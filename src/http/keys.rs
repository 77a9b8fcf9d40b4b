//! API keys (http-api.md 12): made, listed, revoked. A key's text is in one answer only; a repeat under the same
//! `Idempotency-Key` gets that answer without it, since nothing stores it.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;

use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::extract::SmallBody;
use super::fields::Fields;
use super::idempotency::{Answer, Ticket, replayed, response};
use super::json::Json;
use super::lists::{Cursor, Page, Paging};
use super::problem::{Fault, FaultCode, Problem, ProblemCode};
use super::times::{shown, shown_if};
use crate::app::api_key::Scope;
use crate::app::change_once::change_once;
use crate::app::failure::Failure;
use crate::app::idempotency::Keyed;
use crate::app::manage_keys::{CreatedKey, KeyRefused, KeyRow, NewKey, create_key, list_keys, revoke_key};

/// Most surveys or channels a key is limited to.
const LIMITED_TO_MAX: usize = 100;
/// The environment of a key when the caller names none.
const ENVIRONMENT: &str = "live";

/// An API key without its text.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub struct KeyShape {
    /// The 8 characters that stand in the key's text.
    #[schema(example = "4Tn0aZqL")]
    pub id: String,
    /// What people call the integration.
    pub name: String,
    /// What it may do.
    #[schema(value_type = Vec<String>, example = json!(["surveys:send"]))]
    pub scopes: Value,
    /// Surveys it is limited to; empty = all.
    #[schema(value_type = Vec<String>)]
    pub surveys: Value,
    /// Channels it is limited to; empty = all.
    #[schema(value_type = Vec<String>)]
    pub channels: Value,
    /// When it was made.
    pub created_at: String,
    /// When it stops working.
    pub expires_at: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// When it was last used, to within a minute; `null` if it never was.
    pub last_used_at: Option<String>,
}

/// An API key just made.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = CreatedApiKey)]
pub struct CreatedKeyShape {
    /// The key.
    #[serde(flatten)]
    pub shape: KeyShape,
    /// Its text, shown this once; `null` in a repeated answer.
    pub key: Option<String>,
}

/// A key to make, as the API reference shows it.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = NewApiKey, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct NewKeyBody {
    /// What people call the integration, 1 to 100 characters; at most two live keys share one.
    name: String,
    /// At least one.
    scopes: Vec<String>,
    /// Slugs or UUIDs; empty = all.
    surveys: Option<Vec<String>>,
    /// Ids; empty = all.
    channels: Option<Vec<String>>,
    /// RFC 3339; default in 365 days.
    expires_at: Option<String>,
    /// Word in the key's text, 1 to 16 small letters or digits; default `live`.
    environment: Option<String>,
}

/// All API keys, revoked ones too.
///
/// # Errors
/// 422 `validation_failed` for the parameters.
#[utoipa::path(
    get,
    path = "/v1/keys",
    tag = "operation",
    params(Paging),
    responses((status = 200, description = "The keys, without their texts", body = Page<KeyShape>)),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn list(api: web::Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (paging, ()) = Paging::of(&request, |_| ())?;
    let rows = api.engine.store.read(list_keys).await.map_err(Failure::from)?;
    let page = Page::of_all(rows, &paging, |row| {
        let made = row.created_at.and_utc();
        (Cursor { updated_at: made, id: row.id.clone() }, made)
    });
    Ok(HttpResponse::Ok().json(page.map(|row| shape(&row))))
}

/// Makes an API key. Its text is in this answer only.
///
/// # Errors
/// 404 `survey_not_found`, `channel_not_found`; 422 `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/keys",
    tag = "operation",
    request_body = NewKeyBody,
    responses(
        (status = 201, description = "The key with its text", body = CreatedKeyShape),
        (status = 404, description = "`survey_not_found`, `channel_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn create(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let json = body.strict()?;
    let new = read(&api, &json)?;
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let actor = actor(&api, &caller, &request);
    let ids = api.engine.ids.clone();
    let idempotent = ticket.map(|ticket| ticket.idempotent(|done: &CreatedKey| render(done, None)));
    let keyed = change_once(
        &api.engine,
        idempotent,
        move |connection, now| create_key(connection, &new, &ids.random_bytes(), &actor, now),
        |_| {},
    )
    .await
    .map_err(Failure::from)?;
    match keyed {
        Keyed::Replayed(replay) => replayed(replay),
        Keyed::Done(Ok(done)) => Ok(response(render(&done, Some(done.key.reveal().to_owned())))),
        Keyed::Done(Err(refused)) => Err(refusal(refused)),
    }
}

/// Revokes an API key: it stops working within a second.
///
/// # Errors
/// 404 `key_not_found`.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    tag = "operation",
    params(("id" = String, Path, description = "The 8 characters in the key's text")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, description = "`key_not_found`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn revoke(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let (actor, wanted, keys) = (actor(&api, &caller, &request), id.clone(), api.engine.keys.clone());
    let change = api.engine.store.change(
        move |connection, now| revoke_key(connection, &wanted, &actor, now),
        move |_| keys.forget(&id),
    );
    if change.await.map_err(Failure::from)? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::new(ProblemCode::KeyNotFound, "no key has this id"))
    }
}

fn read(api: &Api, json: &Json) -> Result<NewKey, Problem> {
    let mut fields = Fields::of(json);
    let name = fields.text("name", 1..=100).unwrap_or_default().trim().to_owned();
    let words = fields.texts("scopes", Scope::ALL.len(), &(1..=50)).unwrap_or_default();
    let mut scopes = Vec::new();
    for (index, word) in words.iter().enumerate() {
        match Scope::parse(word) {
            Some(scope) => scopes.push(scope),
            None => {
                let place = format!("{}/{index}", fields.pointer("scopes"));
                fields.fault_at(place, FaultCode::InvalidParam, "there is no such scope");
            }
        }
    }
    let listed =
        |texts: Option<Vec<&str>>| texts.unwrap_or_default().into_iter().map(str::to_owned).collect();
    let surveys: Vec<String> = listed(fields.texts("surveys", LIMITED_TO_MAX, &(1..=100)));
    let channels: Vec<String> = listed(fields.texts("channels", LIMITED_TO_MAX, &(1..=100)));
    let expires_at = fields.time("expiresAt");
    let env = fields.text("environment", 1..=16).unwrap_or(ENVIRONMENT).to_owned();
    fields.require("name");
    fields.require("scopes");
    fields.finish()?;
    if let Some(unknown) = surveys.iter().find(|survey| api.engine.library.find(survey).is_none()) {
        return Err(Problem::new(ProblemCode::SurveyNotFound, format!("no survey is called {unknown}")));
    }
    if let Some(unknown) = channels.iter().find(|channel| api.engine.channels.get(channel).is_none()) {
        return Err(Problem::new(ProblemCode::ChannelNotFound, format!("no channel has the id {unknown}")));
    }
    Ok(NewKey { name, scopes, surveys, channels, expires_at, env })
}

fn refusal(refused: KeyRefused) -> Problem {
    let pointer = match refused {
        KeyRefused::Environment => "/environment",
        KeyRefused::TooManyLive => "/name",
        KeyRefused::Expiry => "/expiresAt",
        KeyRefused::NoScope => "/scopes",
    };
    Problem::validation(vec![Fault::new(pointer, FaultCode::InvalidParam, refused.to_string())])
}

fn render(done: &CreatedKey, key: Option<String>) -> Answer {
    let created = CreatedKeyShape { shape: shape(&done.row), key };
    let body = serde_json::json!(created).to_string();
    (201, Some(format!("/v1/keys/{}", done.row.id)), body)
}

fn shape(row: &KeyRow) -> KeyShape {
    // What cannot be read is shown as empty; such a key opens nothing.
    let list = |stored: &str| serde_json::from_str(stored).unwrap_or(Value::Array(Vec::new()));
    KeyShape {
        id: row.id.clone(),
        name: row.name.clone(),
        scopes: list(&row.scopes),
        surveys: list(&row.surveys),
        channels: list(&row.channels),
        created_at: shown(row.created_at),
        expires_at: shown(row.expires_at),
        revoked_at: shown_if(row.revoked_at),
        last_used_at: shown_if(row.last_used_at),
    }
}
