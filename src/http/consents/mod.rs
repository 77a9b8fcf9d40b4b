//! Consents (http-api.md 6.2): what a phone may be texted for, its history, and who said stop.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::customers::connections::named;
use super::customers::wish::{consent_type, obtained_at};
use super::extract::StrictJson;
use super::fields::Fields;
use super::lists::{Cursor, Page, Paging};
use super::parameters::Parameters;
use super::problem::{FaultCode, Problem, ProblemCode};
use super::spans;
use super::times::shown;
use crate::app::change_consent::{
    self, ChangeConsent, ConsentDecision, ConsentEventRow, ConsentRow, ConsentWish, OWN_SOURCES,
};
use crate::app::consent::GLOBAL;
use crate::app::failure::Failure;
use crate::app::onboard_customer::kept_warning;
use crate::app::warning::Warning;

/// Where a consent comes from when the caller does not say.
const SOURCE: &str = "api";

/// The consent of a phone.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Consent)]
pub struct ConsentShape {
    /// E.164; masked without `pii:read`.
    #[schema(example = "+47*****999")]
    pub phone: String,
    /// `written`, `express`, `stop` or `none`.
    #[schema(example = "stop")]
    pub consent_type: String,
    /// `global` or a survey.
    #[schema(example = "global")]
    pub scope: String,
    /// `inbound`, `gateway`, `erasure`, `api`, `import`, or the caller's own word.
    #[schema(example = "inbound")]
    pub source: String,
    /// When it was given.
    pub obtained_at: String,
    /// The keyword that the person sent.
    pub keyword: Option<String>,
    /// The text that it came with.
    pub inbound_id: Option<String>,
    /// Who recorded it, if not the person.
    pub actor: Option<String>,
    /// When it was recorded.
    pub updated_at: String,
}

/// The consent of a phone after a change.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ChangedConsent)]
pub struct ChangedConsentShape {
    /// As it is now.
    #[serde(flatten)]
    pub consent: ConsentShape,
    /// `consent_not_changed` when the person's own stop was kept.
    pub warnings: Vec<Warning>,
}

/// A row of the ledger.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConsentEvent)]
pub struct ConsentEventShape {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// What was said.
    pub consent_type: String,
    /// `global` or a survey.
    pub scope: String,
    /// Where it comes from.
    pub source: String,
    /// When it was given.
    pub obtained_at: String,
    /// The person's text; `null` without `pii:read`.
    pub raw: Option<String>,
    /// A remark; `null` without `pii:read`.
    pub note: Option<String>,
    /// The text that it came with.
    pub inbound_id: Option<String>,
    /// Who recorded it, if not the person.
    pub actor: Option<String>,
    /// When it was recorded.
    pub created_at: String,
}

/// A change of consent.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = ConsentBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct ConsentBody {
    /// `written`, `express` or `stop`.
    consent_type: String,
    /// The caller's own word for where it comes from, up to 50 characters; default `api`.
    source: Option<String>,
    /// RFC 3339; the proof that lifts a person's own stop if it is later than that.
    obtained_at: Option<String>,
    /// A remark for the ledger, up to 1000 characters.
    note: Option<String>,
}

impl ConsentShape {
    fn of(row: &ConsentRow, phone: String) -> Self {
        Self {
            phone,
            consent_type: row.consent_type.clone(),
            scope: row.scope.clone(),
            source: row.source.clone(),
            obtained_at: shown(row.obtained_at),
            keyword: row.keyword.clone(),
            inbound_id: row.inbound_id.clone(),
            actor: row.actor.clone(),
            updated_at: shown(row.updated_at),
        }
    }
}

/// The consent of a phone.
///
/// # Errors
/// 404 `consent_not_found`; 422 `validation_failed`.
#[utoipa::path(
    get,
    path = "/v1/consents/{e164}",
    tag = "customers",
    params(
        ("e164" = String, Path, description = "The phone in E.164, its `+` as it is or as `%2B`"),
        ("scope" = Option<String>, Query, description = "`global` (default) or a survey")
    ),
    responses(
        (status = 200, description = "The consent", body = ConsentShape),
        (status = 404, description = "`consent_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("customers:read")))
)]
pub async fn read(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    e164: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let phone = named(&e164)?;
    let mut parameters = Parameters::of(request.query_string());
    let scope = parameters.text("scope").unwrap_or_else(|| GLOBAL.to_owned());
    parameters.finish()?;
    let row = change_consent::find(&api.engine, phone.as_e164(), &scope).await?.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(ConsentShape::of(&row, caller.phone(phone.as_e164()))))
}

fn not_found() -> Problem {
    Problem::new(ProblemCode::ConsentNotFound, "nothing is on record for this phone")
}

/// Changes the consent of a phone in the global scope. A stop cancels what waits for the phone and ends its sessions.
/// A person's own stop is lifted only by an `obtainedAt` later than it; else it is kept, with a warning.
///
/// # Errors
/// 422 `validation_failed`.
#[utoipa::path(
    put,
    path = "/v1/consents/{e164}",
    tag = "customers",
    params(("e164" = String, Path, description = "The phone in E.164, its `+` as it is or as `%2B`")),
    request_body = ConsentBody,
    responses(
        (status = 200, description = "The consent as it is now", body = ChangedConsentShape),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("customers:write")))
)]
pub async fn change(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    e164: web::Path<String>,
    StrictJson(json): StrictJson,
) -> Result<HttpResponse, Problem> {
    let phone = named(&e164)?.as_e164().to_owned();
    let mut fields = Fields::of(&json);
    let kind = consent_type(&mut fields);
    let source = fields.text("source", 1..=50).map(str::trim).filter(|source| !source.is_empty());
    if source.is_some_and(|source| OWN_SOURCES.contains(&source)) {
        let detail = "this word stands for what the person said himself";
        fields.fault("source", FaultCode::InvalidParam, detail);
    }
    let obtained_at = obtained_at(&mut fields, "obtainedAt", api.engine.clock.now());
    let note = fields.text("note", 1..=1_000).map(str::to_owned);
    let source = source.unwrap_or(SOURCE).to_owned();
    fields.finish()?;
    let consent_type = kind.ok_or(Failure::Internal)?;
    let obtained_at = obtained_at.map(|at| at.naive_utc());
    let wish = ConsentWish { phone: phone.clone(), consent_type, source, obtained_at, note };
    let work = ChangeConsent { engine: api.engine.clone(), wish, actor: actor(&api, &caller, &request) };
    let (row, decision) = api.engine.store.write(work).await.map_err(Failure::from)?;
    let is_kept = decision == ConsentDecision::Kept;
    let warnings = is_kept.then(|| kept_warning("/consentType".to_owned())).into_iter().collect();
    let consent = ConsentShape::of(&row, phone);
    Ok(HttpResponse::Ok().json(ChangedConsentShape { consent, warnings }))
}

/// The ledger of a phone: every change of its consent, in all scopes.
///
/// # Errors
/// 422 `validation_failed`.
#[utoipa::path(
    get,
    path = "/v1/consents/{e164}/history",
    tag = "customers",
    params(
        ("e164" = String, Path, description = "The phone in E.164, its `+` as it is or as `%2B`"),
        Paging
    ),
    responses((status = 200, description = "A page; empty when nothing is on record", body = Page<ConsentEventShape>)),
    extensions(("x-scope" = json!("customers:read")))
)]
pub async fn history(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    e164: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let phone = named(&e164)?;
    let (paging, ()) = Paging::of(&request, |_| ())?;
    let found = change_consent::history(&api.engine, phone.as_e164(), spans::span(&paging)).await?;
    let page =
        Page::new(found, &paging, |row| Cursor { updated_at: row.created_at.and_utc(), id: row.id.clone() });
    let reads_pii = caller.reads_pii();
    Ok(HttpResponse::Ok().json(page.map(|row| event(row, reads_pii))))
}

fn event(row: ConsentEventRow, reads_pii: bool) -> ConsentEventShape {
    ConsentEventShape {
        id: row.id,
        consent_type: row.consent_type,
        scope: row.scope,
        source: row.source,
        obtained_at: shown(row.obtained_at),
        raw: row.raw.filter(|_| reads_pii),
        note: row.note.filter(|_| reads_pii),
        inbound_id: row.inbound_id,
        actor: row.actor,
        created_at: shown(row.created_at),
    }
}

/// Current consents, such as everybody who said stop.
///
/// # Errors
/// 422 for the parameters.
#[utoipa::path(
    get,
    path = "/v1/consents",
    tag = "customers",
    params(
        ("consentType" = Option<String>, Query, description = "`written`, `express`, `stop` or `none`"),
        ("scope" = Option<String>, Query, description = "`global` (default) or a survey"),
        Paging
    ),
    responses((status = 200, description = "A page", body = Page<ConsentShape>)),
    extensions(("x-scope" = json!("customers:read")))
)]
pub async fn list(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, (kind, scope)) = Paging::of(&request, |parameters| {
        let words = ["written", "express", "stop", "none"].map(|word| (word, word));
        let scope = parameters.text("scope").unwrap_or_else(|| GLOBAL.to_owned());
        (parameters.word("consentType", &words), scope)
    })?;
    let found = change_consent::list(&api.engine, kind, scope, spans::span(&paging)).await?;
    let page = Page::new(found, &paging, |row| Cursor {
        updated_at: row.updated_at.and_utc(),
        // The ledger row stands for the phone, which a cursor must not show.
        id: row.ledger_id.clone().unwrap_or_else(|| "-".to_owned()),
    });
    Ok(HttpResponse::Ok().json(page.map(|row| ConsentShape::of(&row, caller.phone(&row.phone)))))
}
