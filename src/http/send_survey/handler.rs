//! The two routes of SendSurvey: one handler, one behaviour (http-api.md 2). The order of the checks is that of
//! 2.3; authentication and limits have come before.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use tokio::time::Instant;

use super::sent::{SentSession, created_answer, created_response, duplicate_answer};
use super::{Accepted, Call, Reading, Rules, SendSurveyBody, read};
use crate::app::engine::Engine;
use crate::app::failure::Failure;
use crate::app::idempotency::NoEffect;
use crate::app::send_survey::{
    Created, Fault422, Prepared, Refusal, SendSurveyTurn, Sent, Unprepared, faults, languages, prepare,
};
use crate::app::warning::Warning;
use crate::clock::Timestamp;
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::extract::SmallBody;
use crate::http::idempotency::{Ticket, answer, replayed, response};
use crate::http::problem::{Fault, FaultCode, Problem, ProblemCode};
use crate::telemetry::{SendSurveyOutcome, TurnKind};

/// Seconds after which a caller may try again when the outbox is full.
const OUTBOX_RETRY_SECONDS: u64 = 30;

/// Starts a survey: one call starts everything.
///
/// # Errors
/// The refusals of http-api.md 2.3, in that order.
#[utoipa::path(
    post,
    path = "/v1/surveys/{survey}/send",
    tag = "surveys",
    params(
        ("survey" = String, Path, description = "Slug or UUID"),
        ("dryRun" = Option<bool>, Query, description = "Answer as if, but store and send nothing"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters")
    ),
    request_body = SendSurveyBody,
    responses(
        (status = 200, description = "A duplicate, or a dry run", body = SentSession),
        (status = 201, description = "A new session; `Location` names it", body = SentSession),
        (status = 400, description = "`invalid_json`"),
        (status = 404, description = "`survey_not_found`, `channel_not_found`"),
        (status = 409, description = "`survey_not_active`, `channel_not_configured`, `recipient_opted_out`, \
         `consent_missing`, `quarantined`, `open_session_exists`, `idempotency_in_progress`"),
        (status = 413, description = "`payload_too_large`"),
        (status = 415, description = "`unsupported_media_type`"),
        (status = 422, description = "`validation_failed` with all faults, `idempotency_key_reused`")
    ),
    extensions(("x-scope" = json!("surveys:send")))
)]
pub async fn send(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    survey: web::Path<String>,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    counted(&api, caller, &request, Some(&survey), &body).await
}

/// Starts a survey, on the route that IVR scripts know. `SendSurvey` may be written in any case, and `surveyId`
/// stands in the query or the body.
///
/// # Errors
/// As [`send`].
#[utoipa::path(
    post,
    path = "/v1/SendSurvey",
    tag = "surveys",
    params(
        ("surveyId" = Option<String>, Query, description = "Slug or UUID, here or in the body"),
        ("dryRun" = Option<bool>, Query, description = "Answer as if, but store and send nothing"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters")
    ),
    request_body = SendSurveyBody,
    responses(
        (status = 200, description = "A duplicate, or a dry run", body = SentSession),
        (status = 201, description = "A new session; `Location` names it", body = SentSession),
        (status = 400, description = "`invalid_json`"),
        (status = 404, description = "`survey_not_found`, `channel_not_found`"),
        (status = 409, description = "`survey_not_active`, `channel_not_configured`, `recipient_opted_out`, \
         `consent_missing`, `quarantined`, `open_session_exists`, `idempotency_in_progress`"),
        (status = 413, description = "`payload_too_large`"),
        (status = 415, description = "`unsupported_media_type`"),
        (status = 422, description = "`validation_failed` with all faults, `idempotency_key_reused`")
    ),
    extensions(("x-scope" = json!("surveys:send")))
)]
pub async fn send_compatible(
    api: web::Data<Api>,
    caller: Caller,
    request: HttpRequest,
    SmallBody(body): SmallBody,
) -> Result<HttpResponse, Problem> {
    counted(&api, caller, &request, None, &body).await
}

async fn counted(
    api: &Api,
    caller: Caller,
    request: &HttpRequest,
    path_survey: Option<&str>,
    body: &[u8],
) -> Result<HttpResponse, Problem> {
    let answered = handle(api, &caller, request, path_survey, body).await;
    if let Err(problem) = &answered {
        let status = problem.code().status().as_u16();
        let outcome = match status {
            409 | 429 => Some(SendSurveyOutcome::Refused),
            400..500 => Some(SendSurveyOutcome::Invalid),
            _ => None,
        };
        if let Some(outcome) = outcome {
            api.engine.metrics.send_survey(outcome);
        }
    }
    answered
}

async fn handle(
    api: &Api,
    caller: &Caller,
    request: &HttpRequest,
    path_survey: Option<&str>,
    body: &[u8],
) -> Result<HttpResponse, Problem> {
    let engine = &api.engine;
    let load = engine.outbox_load.look(engine).await?;
    if load.is_full {
        return Err(outbox_full(engine));
    }
    let now = engine.clock.now();
    let languages = languages(engine);
    let rules = Rules {
        now,
        default_timezone: engine.settings.default_timezone,
        languages: &languages,
        phones: &engine.settings.phone_rules,
    };
    let reading = read(Call { path_survey, query: request.query_string(), body }, rules)?;
    let ticket = Ticket::of(api, request, caller, body).await?;
    if let Some(ticket) = &ticket
        && let Some(replay) = ticket.replay(engine).await?
    {
        return replayed(replay);
    }
    let accepted = accept(engine, caller, reading, now)?;
    let mut prepared = prepare(engine, accepted.command, now).map_err(unprepared)?;
    prepared.key_id = Some(caller.key_id().to_owned());
    if let Some(channel) = &prepared.channel
        && !caller.sees_channel(&channel.row.id)
    {
        return Err(unprepared(Unprepared::ChannelNotFound));
    }
    if prepared.channel.as_ref().is_some_and(|channel| load.is_behind(&channel.row.id)) {
        return Err(outbox_full(engine));
    }
    let advice: Arc<[Warning]> = accepted.warnings.into_iter().chain(prepared.warnings.clone()).collect();
    if accepted.dry_run {
        return rehearse(engine, prepared, &advice).await;
    }
    carry_out(engine, prepared, advice, ticket).await
}

/// More messages wait, or for a longer time, than can be sent soon (RE36).
fn outbox_full(engine: &Engine) -> Problem {
    engine.metrics.shed(super::COMPATIBILITY_NAME);
    let detail = "more messages wait than can be sent soon; try again later";
    Problem::new(ProblemCode::OutboxFull, detail).retry_after(OUTBOX_RETRY_SECONDS)
}

/// The survey first (404), then every fault at once (422).
fn accept(engine: &Engine, caller: &Caller, reading: Reading, now: Timestamp) -> Result<Accepted, Problem> {
    let mut further = Vec::new();
    if let Some(named) = reading.survey() {
        let survey = engine.library.find(named).filter(|row| caller.sees_survey(&row.id, &row.uuid));
        let Some(survey) = survey else {
            return Err(unprepared(Unprepared::SurveyNotFound));
        };
        let found = faults(engine, &survey.id, &reading.draft, now);
        further = found.into_iter().map(|fault| located(fault, &reading)).collect();
    }
    match reading.finish() {
        Ok(accepted) if further.is_empty() => Ok(accepted),
        Ok(_) => Err(Problem::validation(further)),
        Err(mut found) => {
            found.extend(further);
            Err(Problem::validation(found))
        }
    }
}

fn located(fault: Fault422, reading: &Reading) -> Fault {
    match fault {
        Fault422::CountryNotAllowed { country_code } => Fault::new(
            reading.identifier_place.clone(),
            FaultCode::CountryNotAllowed,
            format!("the channel does not send to country code {country_code}"),
        ),
        Fault422::ContentTooLong { segments } => Fault::new(
            reading.content_place.clone(),
            FaultCode::ContentTooLong,
            format!("the first SMS would have {segments} parts; at most {} are sent", crate::text::PARTS_MAX),
        ),
    }
}

fn unprepared(why: Unprepared) -> Problem {
    match why {
        Unprepared::SurveyNotFound => {
            Problem::new(ProblemCode::SurveyNotFound, "no survey has this id or UUID")
        }
        Unprepared::SurveyNotActive => survey_not_active(),
        Unprepared::ChannelNotFound => Problem::new(ProblemCode::ChannelNotFound, "no channel has this id"),
    }
}

fn survey_not_active() -> Problem {
    Problem::new(ProblemCode::SurveyNotActive, "publish the survey first")
}

fn refused(refusal: &Refusal, now: Timestamp) -> Problem {
    match refusal {
        Refusal::SurveyNotActive => survey_not_active(),
        Refusal::ChannelNotConfigured => {
            Problem::new(ProblemCode::ChannelNotConfigured, "no enabled channel can send this survey")
        }
        Refusal::RecipientOptedOut => {
            Problem::new(ProblemCode::RecipientOptedOut, "this phone said stop; nothing was sent")
        }
        Refusal::ConsentMissing => {
            Problem::new(ProblemCode::ConsentMissing, "no consent is on record for this phone")
        }
        Refusal::Quarantined { retry_after } => Problem::quarantined(*retry_after),
        Refusal::OpenSessionExists { session_ids } => Problem::open_session_exists(session_ids),
        Refusal::BudgetUsedUp { retry_after } => budget_used_up(*retry_after, now),
    }
}

fn budget_used_up(retry_after: Timestamp, now: Timestamp) -> Problem {
    let detail = "this key or its channel has started all surveys it may in a day";
    let seconds = u64::try_from((retry_after - now).num_seconds()).unwrap_or(0).max(1);
    Problem::new(ProblemCode::RateLimited, detail).retry_after(seconds)
}

/// A dry run: the answer as it would be, without ids, and nothing is left behind (A89).
async fn rehearse(engine: &Engine, prepared: Prepared, advice: &[Warning]) -> Result<HttpResponse, Problem> {
    let turn = SendSurveyTurn { engine: engine.clone(), prepared, idempotent: None };
    let sent = engine.store.rehearse(turn, &engine.clock).await.map_err(Failure::from)?;
    match sent {
        Sent::Created(created) => {
            let mut answer = created_answer(engine, &created, advice);
            answer.session.id = None;
            for message in &mut answer.messages {
                message.id = None;
            }
            Ok(HttpResponse::Ok().json(answer))
        }
        Sent::Duplicate { session_id, differs } => {
            let (_, _, body) = duplicate_answer(engine, &session_id, differs, advice).await?;
            Ok(response((200, None, body)))
        }
        Sent::Replayed(replay) => replayed(replay),
        Sent::Refused(refusal) => Err(refused(&refusal, engine.clock.now())),
    }
}

async fn carry_out(
    engine: &Engine,
    prepared: Prepared,
    advice: Arc<[Warning]>,
    ticket: Option<Ticket>,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let render = {
        let (engine, advice) = (engine.clone(), Arc::clone(&advice));
        move |created: &Created| created_response(&engine, created, &advice)
    };
    let idempotent = ticket.clone().map(|ticket| ticket.idempotent(render.clone()));
    let turn = SendSurveyTurn { engine: engine.clone(), prepared, idempotent };
    let sent = engine.store.write(turn).await.map_err(Failure::from)?;
    engine.metrics.turn(TurnKind::SendSurvey, started.elapsed());
    match sent {
        Sent::Created(created) => {
            engine.metrics.send_survey(SendSurveyOutcome::Created);
            Ok(response(render(&created)))
        }
        Sent::Duplicate { session_id, differs } => {
            engine.metrics.send_survey(SendSurveyOutcome::Duplicate);
            let rendered = duplicate_answer(engine, &session_id, differs, &advice).await?;
            // The session is the first call's; only this answer to this key is new.
            answer(engine, ticket, NoEffect, |()| None, move |()| rendered.clone()).await
        }
        Sent::Replayed(replay) => replayed(replay),
        Sent::Refused(refusal) => Err(refused(&refusal, engine.clock.now())),
    }
}
