//! Channels (http-api.md 5.1): our senders, read, made and changed.

mod shape;
mod wish;

use actix_web::{HttpRequest, HttpResponse, web};

pub use shape::{ChannelShape, TextsShape};

use super::actor::actor;
use super::api::Api;
use super::caller::Caller;
use super::extract::SmallBody;
use super::fields::Fields;
use super::idempotency::{Answer, Ticket, answer_change, response};
use super::json::Json;
use super::lists::{Cursor, Page, Paging};
use super::problem::{Fault, FaultCode, Problem, ProblemCode};
use crate::app::channels::Channel;
use crate::app::failure::Failure;
use crate::app::manage_channels::{ChannelDesk, ChannelRefused};

/// All channels.
///
/// # Errors
/// 422 `validation_failed` for the parameters.
#[utoipa::path(
    get,
    path = "/v1/channels",
    tag = "gateways",
    params(Paging),
    responses((status = 200, description = "The channels", body = Page<ChannelShape>)),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn list(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (paging, ()) = Paging::of(&request, |_| ())?;
    let seen = api.engine.channels.all().into_iter().filter(|channel| caller.sees_channel(&channel.row.id));
    let page = Page::of_all(seen.collect(), &paging, |channel| {
        let place = Cursor { updated_at: channel.row.updated_at.and_utc(), id: channel.row.id.clone() };
        (place, channel.row.created_at.and_utc())
    });
    Ok(HttpResponse::Ok().json(page.map(|channel| ChannelShape::of(&channel))))
}

/// One channel.
///
/// # Errors
/// 404 `channel_not_found`.
#[utoipa::path(
    get,
    path = "/v1/channels/{id}",
    tag = "gateways",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The channel", body = ChannelShape),
        (status = 404, description = "`channel_not_found`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn read(
    api: web::Data<Api>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let channel = api.engine.channels.get(&id).filter(|_| caller.sees_channel(&id)).ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(ChannelShape::of(&channel)))
}

/// Makes a channel.
///
/// # Errors
/// 404 `gateway_not_found`; 422 `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/channels",
    tag = "gateways",
    request_body = wish::ChannelBody,
    responses(
        (status = 201, description = "The channel", body = ChannelShape),
        (status = 404, description = "`gateway_not_found`"),
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
    let mut fields = Fields::of(&json);
    let wish = wish::read(&mut fields);
    if fields.text("kind", 1..=20).is_some_and(|kind| kind != "sms") {
        fields.fault("kind", FaultCode::InvalidParam, "use sms");
    }
    for needed in ["name", "gateway", "sender", "senderType"] {
        fields.require(needed);
    }
    fields.finish()?;
    let ticket = Ticket::of(&api, &request, &caller, &body.0).await?;
    let desk = desk(&api, &caller, &request);
    let channels = api.engine.channels.clone();
    answer_change(
        &api.engine,
        ticket,
        move |connection, now| desk.create(connection, &wish, now),
        move |channel| channels.put(channel.clone()),
        refusal,
        |channel| answer(201, channel),
    )
    .await
}

/// Changes a channel: the properties given, each as a whole. `null` leaves a property as it is.
///
/// # Errors
/// 404 `channel_not_found`, `gateway_not_found`; 409 `channel_kind_fixed`; 422 `validation_failed`.
#[utoipa::path(
    patch,
    path = "/v1/channels/{id}",
    tag = "gateways",
    params(("id" = String, Path, description = "Its id")),
    request_body = wish::ChannelBody,
    responses(
        (status = 200, description = "The channel", body = ChannelShape),
        (status = 404, description = "`channel_not_found`, `gateway_not_found`"),
        (status = 409, description = "`channel_kind_fixed`"),
        (status = 422, description = "`validation_failed`")
    ),
    extensions(("x-scope" = json!("admin")))
)]
pub async fn change(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let known = api.engine.channels.get(&id).filter(|_| caller.sees_channel(&id)).ok_or_else(not_found)?;
    let json = body.strict()?;
    refuse_another_kind(&json, &known)?;
    let mut fields = Fields::of(&json);
    let wish = wish::read(&mut fields);
    let _ = fields.text("kind", 1..=20);
    fields.finish()?;
    let desk = desk(&api, &caller, &request);
    let (id, channels) = (id.into_inner(), api.engine.channels.clone());
    let change = api.engine.store.change(
        move |connection, now| desk.change(connection, &id, &wish, now),
        move |outcome| {
            if let Ok(channel) = outcome {
                channels.put(channel.clone());
            }
        },
    );
    match change.await.map_err(Failure::from)? {
        Ok(channel) => Ok(response(answer(200, &channel))),
        Err(refused) => Err(refusal(refused)),
    }
}

fn refuse_another_kind(json: &Json, known: &Channel) -> Result<(), Problem> {
    let Json::Object(pairs) = json else { return Ok(()) };
    let is_other = pairs
        .iter()
        .any(|(name, value)| name == "kind" && matches!(value, Json::Text(kind) if *kind != known.row.kind));
    if is_other {
        let detail = format!("this channel is of kind {}; make another one", known.row.kind);
        return Err(Problem::new(ProblemCode::ChannelKindFixed, detail));
    }
    Ok(())
}

fn desk(api: &Api, caller: &Caller, request: &HttpRequest) -> ChannelDesk {
    let is_public = !api.config.server.bind.ip().is_loopback();
    let unverified = api.config.gateways.values().filter(|gateway| is_public && gateway.is_unverified());
    ChannelDesk {
        engine: api.engine.clone(),
        unverified_gateways: unverified.map(|gateway| gateway.name.clone()).collect(),
        actor: actor(api, caller, request),
    }
}

fn answer(status: u16, channel: &Channel) -> Answer {
    let location = (status == 201).then(|| format!("/v1/channels/{}", channel.row.id));
    (status, location, serde_json::json!(ChannelShape::of(channel)).to_string())
}

fn not_found() -> Problem {
    Problem::new(ProblemCode::ChannelNotFound, "no channel has this id")
}

fn refusal(refused: ChannelRefused) -> Problem {
    let fault =
        |pointer: &str, code, detail: &str| Problem::validation(vec![Fault::new(pointer, code, detail)]);
    match refused {
        ChannelRefused::NotFound => not_found(),
        ChannelRefused::GatewayNotFound { gateway } => {
            Problem::new(ProblemCode::GatewayNotFound, format!("no gateway is called {gateway}"))
        }
        ChannelRefused::NameTaken => fault("/name", FaultCode::InvalidParam, "another channel has this name"),
        ChannelRefused::SenderTaken { by } => {
            let detail = format!("the channel {by} has this number on the same gateway");
            fault("/sender", FaultCode::InvalidParam, &detail)
        }
        ChannelRefused::NoSubnumbers(lacking) => {
            let pointer = if lacking.is_about_pool() { "/poolNumbers" } else { "/subnumbering" };
            fault(pointer, FaultCode::InvalidParam, &lacking.to_string())
        }
        ChannelRefused::VerifierRequired => {
            let detail = "anybody could call this gateway's webhooks; configure a verifier first";
            fault("/gateway", FaultCode::VerifierRequired, detail)
        }
    }
}
