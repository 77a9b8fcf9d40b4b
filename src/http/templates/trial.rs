//! A template tried out (Z07, Z35): shown with values, and sent to one phone.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::shape::PreviewShape;
use super::{known_channels, not_found};
use crate::app::templates::{self, TemplateRow};
use crate::app::test_template::TestTemplate;
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::extract::{SmallBody, StrictJson};
use crate::http::fields::Fields;
use crate::http::idempotency::{self, Ticket};
use crate::http::json::Json;
use crate::http::problem::{Fault, FaultCode, Problem, ProblemCode};
use crate::phone::{Phone, PhoneFault};
use crate::text;

/// Most values, and characters of a name and of a value.
const VALUES_MAX: usize = 100;
const NAME_CHARS_MAX: usize = 100;
const VALUE_CHARS_MAX: usize = 1_000;

/// Values to look at a template with.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = PreviewBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct PreviewBody {
    /// Texts by the names of variables; the others show their names.
    #[schema(value_type = Option<Object>)]
    variables: Option<BTreeMap<String, String>>,
    /// A channel that must exist.
    channel_id: Option<String>,
}

/// A test.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = TemplateTestBody)]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct TestBody {
    /// A mobile in E.164.
    to: String,
    /// A text for each variable.
    #[schema(value_type = Option<Object>)]
    variables: Option<BTreeMap<String, String>>,
}

/// A test that was queued.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TemplateTest)]
pub struct TestShape {
    /// The SMS.
    #[schema(format = "uuid")]
    pub message_id: String,
}

/// Texts by name, at most 100; numbers are taken as they are written.
pub(in crate::http) fn values(fields: &mut Fields<'_>, name: &'static str) -> BTreeMap<String, String> {
    let read = |fields: &mut Fields<'_>| {
        let mut values = BTreeMap::new();
        for (key, json) in fields.entries() {
            let place = fields.pointer(key);
            let fits = |text: &str| {
                (1..=NAME_CHARS_MAX).contains(&key.chars().count())
                    && text.chars().count() <= VALUE_CHARS_MAX
                    && !text.contains('\0')
                    && !key.contains('\0')
            };
            match json {
                Json::Null => {}
                Json::Text(text) | Json::Number(text) if fits(text) && values.len() < VALUES_MAX => {
                    values.insert(key.clone(), text.clone());
                }
                Json::Text(_) | Json::Number(_) | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
                    let detail = "use at most 100 texts of up to 1000 characters, by names of up to 100";
                    fields.fault_at(place, FaultCode::InvalidParam, detail);
                }
            }
        }
        values
    };
    fields.object(name, read).unwrap_or_default()
}

/// How a text of a template looks, with its encoding, its parts and advice.
///
/// # Errors
/// 404 `template_not_found`, `channel_not_found`; 422 `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/templates/{id}/preview",
    tag = "messaging",
    params(("id" = String, Path, description = "Its id")),
    request_body = PreviewBody,
    responses(
        (status = 200, description = "The text", body = PreviewShape),
        (status = 404, description = "`template_not_found`, `channel_not_found`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("campaigns:read")))
)]
pub async fn preview(
    api: web::Data<Api>,
    caller: Caller,
    id: web::Path<String>,
    StrictJson(json): StrictJson,
) -> Result<HttpResponse, Problem> {
    let mut fields = Fields::of(&json);
    let values = values(&mut fields, "variables");
    let channel = fields.text("channelId", 1..=36).map(str::to_ascii_lowercase);
    fields.finish()?;
    let row = templates::find(&api.engine, &id).await?.ok_or_else(not_found)?;
    known_channels(&api, &caller, channel.as_slice())?;
    let (text, length, warnings) = templates::preview(&row, &values);
    let encoding = length.encoding.as_str();
    Ok(HttpResponse::Ok().json(PreviewShape { text, encoding, segments: length.segments, warnings }))
}

/// Sends a template to one phone, at once.
///
/// # Errors
/// 404 `template_not_found`; 409 `recipient_opted_out`, `channel_not_configured`; 422 `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/templates/{id}/test",
    tag = "messaging",
    params(("id" = String, Path, description = "Its id")),
    request_body = TestBody,
    responses(
        (status = 202, description = "Queued", body = TestShape),
        (status = 404, description = "`template_not_found`"),
        (status = 409, description = "`recipient_opted_out`, `channel_not_configured`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("messages:send")))
)]
pub async fn test(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let json = body.strict()?;
    let mut fields = Fields::of(&json);
    let phone = mobile(&api, &mut fields);
    let values = values(&mut fields, "variables");
    fields.finish()?;
    let phone = phone.ok_or(crate::app::failure::Failure::Internal)?;
    let row = templates::find(&api.engine, &id).await?.ok_or_else(not_found)?;
    let text = text_of(&row, &values)?;
    let listed = templates::list_of(&row.channel_ids);
    let named = listed.iter().find_map(|id| api.engine.channels.get(id).filter(|known| known.row.enabled));
    let fallback = || api.engine.channels.default_channel().filter(|_| listed.is_empty());
    let channel = named.or_else(fallback).ok_or_else(|| {
        Problem::new(ProblemCode::ChannelNotConfigured, "no enabled channel can send this template")
    })?;
    if !channel.allows(&phone) {
        let detail = format!("the channel does not text country code {}", phone.country_code());
        return Err(Problem::validation(vec![Fault::new("/to", FaultCode::CountryNotAllowed, detail)]));
    }
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let work = TestTemplate { engine: api.engine.clone(), phone, channel, body: text };
    idempotency::answer(
        &api.engine,
        ticket,
        work,
        |sent| {
            let detail = "this phone said stop; nothing was sent";
            sent.is_none().then(|| Problem::new(ProblemCode::RecipientOptedOut, detail))
        },
        |sent| {
            let shape = TestShape { message_id: sent.clone().unwrap_or_default() };
            (202, None, serde_json::json!(shape).to_string())
        },
    )
    .await
}

fn mobile(api: &Api, fields: &mut Fields<'_>) -> Option<Phone> {
    fields.require("to");
    let text = fields.text("to", 1..=50)?;
    match Phone::identifier(text, &api.engine.settings.phone_rules) {
        Ok(phone) => Some(phone),
        Err(fault) => {
            let code = match fault {
                PhoneFault::NotE164 | PhoneFault::Invalid => FaultCode::InvalidPhoneNumber,
                PhoneFault::NotMobile(_) => FaultCode::IdentifierNotMobile,
            };
            fields.fault("to", code, fault.to_string());
            None
        }
    }
}

fn text_of(row: &TemplateRow, values: &BTreeMap<String, String>) -> Result<String, Problem> {
    let text = templates::rendered(row, values).map_err(|missing| {
        let fault = |name: &String| {
            let place = crate::http::pointer::below("/variables", name);
            Fault::new(place, FaultCode::UnmappedVariable, "this variable of the template has no value")
        };
        Problem::validation(missing.iter().map(fault).collect())
    })?;
    let text = text.sms().to_owned();
    if text::length(&text).segments > text::PARTS_MAX {
        let detail = "it would need more than 6 SMS parts";
        return Err(Problem::validation(vec![Fault::new("/variables", FaultCode::ContentTooLong, detail)]));
    }
    Ok(text)
}
