//! Plays a survey on a virtual clock (http-api.md 3): the real interpreter, nothing stored and nothing sent.

use actix_web::{HttpResponse, web};

use super::visible;
use crate::app::failure::Failure;
use crate::app::simulate_survey::{REPLIES_MAX, Simulate, SimulatedReply, simulate_survey};
use crate::http::api::Api;
use crate::http::caller::Caller;
use crate::http::extract::SmallBody;
use crate::http::fields::Fields;
use crate::http::json::Json;
use crate::http::problem::{FaultCode, Problem, ProblemCode};
use crate::survey::check::duration;
use crate::survey::{Language, Variables};

/// Most variables, and their longest value in characters (P15).
const VARIABLES_MAX: usize = 64;
const VALUE_CHARS_MAX: usize = 1_024;
/// Longest text of the person or the caller, in characters.
const TEXT_CHARS_MAX: usize = 10_000;

/// A conversation to play, as the API reference shows it.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = SimulateBody)]
#[expect(
    dead_code,
    reason = "read field by field with every fault; this is its description"
)]
pub struct SimulateBody {
    /// Default: the survey's.
    language: Option<String>,
    /// Put before the first SMS.
    content: Option<String>,
    /// The caller's variables, as an object.
    #[schema(value_type = Object)]
    variables: Option<serde_json::Value>,
    /// What the person texts, at most 100.
    replies: Option<Vec<SimulateReplyBody>>,
}

/// One text of the person.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = SimulateReply)]
#[expect(
    dead_code,
    reason = "read field by field with every fault; this is its description"
)]
pub struct SimulateReplyBody {
    /// The text.
    text: String,
    /// How long the person takes, such as `2h`; default `0s`.
    after: Option<String>,
}

/// Plays a survey, its active revision or else its latest: transcript, answers and the state at the end.
///
/// # Errors
/// 404 `survey_not_found`; 422 `validation_failed`.
#[utoipa::path(
    post,
    path = "/v1/surveys/{survey}/simulate",
    tag = "surveys",
    params(("survey" = String, Path, description = "Slug or UUID")),
    request_body = SimulateBody,
    responses(
        (status = 200, description = "`{transcript[], answers[], status, currentElementId}`", body = Object),
        (status = 404, description = "`survey_not_found`", body = crate::http::problem::ProblemSchema),
        (status = 422, description = "`validation_failed`", body = crate::http::problem::ProblemSchema)
    ),
    extensions(("x-scope" = json!("surveys:write")))
)]
pub async fn simulate(
    api: web::Data<Api>,
    caller: Caller,
    survey: web::Path<String>,
    body: SmallBody,
) -> Result<HttpResponse, Problem> {
    let row = visible(&api, &caller, &survey)?;
    let revision = row.active_revision.unwrap_or(row.latest_revision);
    let Some(survey) = api.engine.library.revision(&row.id, revision) else {
        return Err(Problem::new(
            ProblemCode::SurveyNotFound,
            "this revision cannot be played",
        ));
    };
    let json = body.strict()?;
    let mut fields = Fields::of(&json);
    let zone = api.engine.settings.default_timezone;
    let play = Simulate {
        language: language(&mut fields),
        content: fields.text("content", 1..=TEXT_CHARS_MAX).map(str::to_owned),
        variables: variables(&mut fields),
        replies: replies(&mut fields),
        now: api.engine.clock.now().with_timezone(&zone).fixed_offset(),
    };
    fields.finish()?;
    let keywords = api.engine.settings.keywords.clone();
    let played = web::block(move || simulate_survey(&survey, play, &keywords)).await;
    match played {
        Ok(Ok(simulation)) => Ok(HttpResponse::Ok().json(simulation)),
        Ok(Err(misfit)) => {
            tracing::error!(%misfit, "a simulation did not fit its survey");
            Err(Failure::Internal.into())
        }
        Err(_) => Err(Failure::Internal.into()),
    }
}

fn language(fields: &mut Fields<'_>) -> Option<Language> {
    let text = fields.text("language", 1..=35)?;
    let language = Language::parse(text).ok();
    if language.is_none() {
        fields.fault(
            "language",
            FaultCode::UnsupportedLanguage,
            "use a language code such as no",
        );
    }
    language
}

fn variables(fields: &mut Fields<'_>) -> Variables {
    let pairs = fields.object("variables", |fields| {
        let mut pairs = Vec::new();
        if fields.entries().len() > VARIABLES_MAX {
            let detail = format!("at most {VARIABLES_MAX} variables");
            fields.fault_at("/variables", FaultCode::InvalidUserSessionVariables, detail);
        }
        for (key, value) in fields.entries().iter().take(VARIABLES_MAX) {
            let value = match value {
                Json::Text(text) if text.chars().count() <= VALUE_CHARS_MAX => Some(text.clone()),
                Json::Number(digits) => Some(digits.clone()),
                Json::Bool(value) => Some(value.to_string()),
                Json::Null => Some(String::new()),
                Json::Text(_) | Json::Array(_) | Json::Object(_) => None,
            };
            match value {
                Some(value) => pairs.push((key.clone(), value)),
                None => fields.fault(
                    key,
                    FaultCode::InvalidUserSessionVariables,
                    "use a text of at most 1,024 characters, a number, true or false",
                ),
            }
        }
        pairs
    });
    Variables::new(pairs.unwrap_or_default())
}

fn replies(fields: &mut Fields<'_>) -> Vec<SimulatedReply> {
    let Some(json) = fields.json("replies") else {
        return Vec::new();
    };
    let Json::Array(items) = json else {
        let detail = format!("{} came where an array is needed", json.kind());
        fields.fault("replies", FaultCode::InvalidParam, detail);
        return Vec::new();
    };
    if items.len() > REPLIES_MAX {
        fields.fault(
            "replies",
            FaultCode::InvalidParam,
            format!("at most {REPLIES_MAX} replies"),
        );
        return Vec::new();
    }
    let mut replies = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let mut reply = Fields::at(format!("{}/{index}", fields.pointer("replies")), item);
        let text = reply
            .text("text", 0..=TEXT_CHARS_MAX)
            .unwrap_or_default()
            .to_owned();
        reply.require("text");
        let after = match reply.text("after", 1..=20) {
            None => Some(chrono::Duration::zero()),
            Some(after) => duration(after),
        };
        match after {
            Some(after) => replies.push(SimulatedReply { text, after }),
            None => reply.fault(
                "after",
                FaultCode::InvalidParam,
                "use a duration such as 90s, 15m, 2h or 3d",
            ),
        }
        fields.absorb(reply);
    }
    replies
}
