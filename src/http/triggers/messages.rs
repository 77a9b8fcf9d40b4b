//! Messages to known customers (R08–R12): one, or up to 100 in one call.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::not_found;
use crate::app::failure::Failure;
use crate::app::post_message::{PostMessages, PostRefused, Posted, TriggerCall};
use crate::app::warning::{Warning, WarningCode};
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::customers::batch::items;
use crate::http::customers::shape::{NotificationShape, PostedShape, Sight};
use crate::http::customers::{self, wish};
use crate::http::extract::SmallBody;
use crate::http::fields::Fields;
use crate::http::idempotency::{self, Answer, Ticket};
use crate::http::json::Json;
use crate::http::problem::{FaultCode, Problem, ProblemCode};
use crate::http::templates::trial::values;

/// Longest mark, name or source, in characters (requirements.md 7.3, R23).
const TAG_CHARS_MAX: usize = 100;
const LAUNCHED_CHARS_MAX: usize = 255;
/// What a message may say about itself.
const KNOWN: [&str; 5] = ["triggerId", "ccid", "inputParameters", "clientMessageTag", "launchedBy"];

/// A message to a customer.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = MessageBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct MessageBody {
    /// The customer.
    ccid: String,
    /// In a batch: the trigger.
    trigger_id: Option<String>,
    /// Values for this one, by the names of variables.
    #[schema(value_type = Option<Object>)]
    input_parameters: Option<BTreeMap<String, String>>,
    /// The caller's own mark, up to 100 characters.
    client_message_tag: Option<String>,
    /// Who or what caused it, `name` and `source`, up to 255 characters each.
    #[schema(value_type = Option<Object>)]
    launched_by: Option<BTreeMap<String, String>>,
}

/// Messages to customers.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = MessageBatch)]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct MessageBatchBody {
    /// At most 100.
    items: Vec<MessageBody>,
}

/// What became of a message.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PostedMessage)]
pub struct MessageShape {
    /// The trigger.
    pub trigger_id: String,
    /// The customer.
    pub ccid: String,
    /// What was posted to his feed.
    #[serde(flatten)]
    pub posted: PostedShape,
    /// Advice.
    pub warnings: Vec<Warning>,
}

/// What became of one message of a batch.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageResult)]
pub struct MessageResultShape {
    /// Place in `items`, from 0.
    pub index: usize,
    /// HTTP status of this item: 202 or that of its problem.
    pub status: u16,
    /// What became of it, if it was posted.
    pub message: Option<MessageShape>,
    /// The problem, if it was not.
    #[schema(value_type = Option<Object>)]
    pub problem: Option<serde_json::Value>,
}

/// A batch.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MessageResults)]
pub struct MessageResultsShape {
    /// One result per item, in order.
    pub results: Vec<MessageResultShape>,
}

/// The properties of a message that an onboarding carries, too.
pub(in crate::http) fn read_call(fields: &mut Fields<'_>, trigger_id: &str, ccid: &str) -> TriggerCall {
    let input_parameters = values(fields, "inputParameters");
    let client_message_tag = fields.text("clientMessageTag", 1..=TAG_CHARS_MAX).map(str::to_owned);
    let launched = fields.object("launchedBy", |by| {
        let mut text = |name| by.text(name, 1..=LAUNCHED_CHARS_MAX).map(str::to_owned);
        (text("name"), text("source"))
    });
    let (launched_by_name, launched_by_source) = launched.unwrap_or_default();
    TriggerCall {
        trigger_id: trigger_id.to_owned(),
        ccid: ccid.to_owned(),
        input_parameters,
        client_message_tag,
        launched_by_name,
        launched_by_source,
    }
}

/// The refusals of a message as a problem.
pub(in crate::http) fn refusal(refused: PostRefused) -> Problem {
    match refused {
        PostRefused::TriggerNotFound => not_found(),
        PostRefused::CustomerNotFound => customers::not_found(),
        PostRefused::SurveyNotActive => {
            Problem::new(ProblemCode::SurveyNotActive, "the survey of this trigger is not active")
        }
        PostRefused::ChannelNotConfigured => {
            Problem::new(ProblemCode::ChannelNotConfigured, "no enabled channel can send this")
        }
    }
}

/// What was posted, as the caller may see it.
pub(in crate::http) fn posted_shape(posted: &Posted, sight: &Sight) -> PostedShape {
    PostedShape {
        feed_item_id: posted.feed_item_id.clone(),
        session_id: posted.session_id.clone(),
        notifications: posted.notifications.iter().map(|one| NotificationShape::of(one, sight)).collect(),
    }
}

/// A body without what no message has (R11), and a warning for each.
fn known_only(json: &Json, place: &str) -> (Json, Vec<Warning>) {
    let Json::Object(pairs) = json else {
        return (json.clone(), Vec::new());
    };
    let (known, unknown): (Vec<_>, Vec<_>) =
        pairs.iter().cloned().partition(|(name, _)| KNOWN.contains(&name.as_str()));
    let warning = |(name, _): (String, Json)| {
        let detail = "there is no such property; it was ignored";
        Warning::new(WarningCode::UnknownProperty, crate::http::pointer::below(place, &name), detail)
    };
    (Json::Object(known), unknown.into_iter().map(warning).collect())
}

fn read(json: &Json, place: &str, trigger: Option<&str>) -> Result<(TriggerCall, Vec<Warning>), Problem> {
    let (known, warnings) = known_only(json, place);
    let mut fields = Fields::at(place.to_owned(), &known);
    let named = fields.text("triggerId", 1..=100).map(str::to_owned);
    if trigger.is_none() {
        fields.require("triggerId");
    }
    let trigger_id = trigger.map(str::to_owned).or(named).unwrap_or_default();
    let ccid = fields.text("ccid", 1..=100).unwrap_or_default();
    fields.require("ccid");
    if !ccid.is_empty() && !wish::is_ccid(ccid) {
        fields.fault("ccid", FaultCode::InvalidParam, "a ccid has 1 to 100 visible characters");
    }
    let call = read_call(&mut fields, &trigger_id, ccid);
    fields.finish()?;
    Ok((call, warnings))
}

/// Posts a message to a known customer. The feed item is posted in every case; each notification says whether an SMS was
/// queued, and why not.
///
/// # Errors
/// 404 `trigger_not_found`, `customer_not_found`; 409 `survey_not_active`, `channel_not_configured`; 422
/// `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/triggers/{triggerId}/messages",
    tag = "messaging",
    params(("triggerId" = String, Path, description = "The trigger")),
    request_body = MessageBody,
    responses(
        (status = 202, description = "Posted", body = MessageShape),
        (status = 404, description = "`trigger_not_found`, `customer_not_found`"),
        (status = 409, description = "`survey_not_active`, `channel_not_configured`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("messages:send")))
)]
pub async fn post(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    trigger_id: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let (call, warnings) = read(&body.strict()?, "", Some(&trigger_id))?;
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let work = PostMessages::new(&api.engine, vec![call.clone()]);
    let sight = Sight::of(&caller);
    idempotency::answer(
        &api.engine,
        ticket,
        work,
        |done| match done.first() {
            Some(Ok(_)) => None,
            Some(Err(refused)) => Some(refusal(*refused)),
            None => Some(Failure::Internal.into()),
        },
        move |done| {
            let mut shapes = done.iter().flatten().map(|posted| shape(&call, posted, &sight, &warnings));
            (202, None, serde_json::json!(shapes.next()).to_string())
        },
    )
    .await
}

fn shape(call: &TriggerCall, posted: &Posted, sight: &Sight, warnings: &[Warning]) -> MessageShape {
    MessageShape {
        trigger_id: call.trigger_id.clone(),
        ccid: call.ccid.clone(),
        posted: posted_shape(posted, sight),
        warnings: warnings.to_vec(),
    }
}

/// One item of a batch: a call with its warnings, or its problem.
type Item = Result<(TriggerCall, Vec<Warning>), Problem>;

/// Posts up to 100 messages. Each has a result of its own.
///
/// # Errors
/// 422 `validation_failed` for the list itself, with `batch_too_large` above 100 items.
#[utoipa::path(
    post,
    path = "/v1/triggers/messages",
    tag = "messaging",
    request_body = MessageBatchBody,
    responses(
        (status = 202, description = "A result per item", body = MessageResultsShape),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("messages:send")))
)]
pub async fn post_batch(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let json = body.strict()?;
    let mut fields = Fields::of(&json);
    let items = items(&mut fields);
    fields.finish()?;
    let read: Vec<Item> =
        items.iter().enumerate().map(|(index, item)| read(item, &format!("/items/{index}"), None)).collect();
    let calls = read.iter().flatten().map(|(call, _)| call.clone()).collect();
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let work = PostMessages::new(&api.engine, calls);
    let sight = Sight::of(&caller);
    idempotency::answer(&api.engine, ticket, work, |_| None, move |done| render(&read, done, &sight)).await
}

fn render(read: &[Item], done: &[Result<Posted, PostRefused>], sight: &Sight) -> Answer {
    let mut done = done.iter();
    let results = read.iter().enumerate().map(|(index, item)| {
        let outcome = match item {
            Err(problem) => Err(problem.clone()),
            Ok((call, warnings)) => match done.next() {
                Some(Ok(posted)) => Ok(shape(call, posted, sight, warnings)),
                Some(Err(refused)) => Err(refusal(*refused)),
                None => Err(Failure::Internal.into()),
            },
        };
        match outcome {
            Ok(message) => MessageResultShape { index, status: 202, message: Some(message), problem: None },
            Err(problem) => MessageResultShape {
                index,
                status: problem.code().status().as_u16(),
                message: None,
                problem: Some(problem.body(None, None)),
            },
        }
    });
    let body = MessageResultsShape { results: results.collect() };
    (202, None, serde_json::json!(body).to_string())
}
