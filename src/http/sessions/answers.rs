//! How answers are shown (http-api.md 4.1): value, index, code and label by the type of the question, and the
//! question that waits as `pending`.

use serde::Serialize;
use serde_json::Value as Json;

use crate::app::engine::Engine;
use crate::app::open_texts::is_pii;
use crate::app::sessions::{AnswerRow, Parts, SessionRow};
use crate::http::times::{shown, shown_if};
use crate::session::Status;
use crate::survey::{AnswerState, Position, Survey, Value};

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The question.
    #[schema(example = "csat")]
    pub element_id: String,
    /// Its type.
    #[schema(example = "scale")]
    pub element_type: String,
    /// Which visit of it, from 1.
    #[schema(example = 1)]
    pub visit: i32,
    /// `answered`, `skipped`, `not_asked`, `pending`, `exhausted` or `expired`.
    #[schema(example = "answered")]
    pub state: String,
    /// A number, a text, true or false, a date, the code of an option, or a list of codes in option order. `null`
    /// unless answered, and for elements marked `pii` without `pii:read`.
    pub value: Json,
    /// Position of the option from 0, or a list of them; `null` for what is no choice.
    pub index: Json,
    /// Code of the option, or a list of them.
    pub code: Json,
    /// Label of the option in the session's language, or a list of them.
    pub label: Json,
    /// The reply as received.
    #[schema(example = "2, ventet i 40 minutter")]
    pub raw: Option<String>,
    /// What else the person wrote.
    #[schema(example = "ventet i 40 minutter")]
    pub comment: Option<String>,
    /// How the reply was understood.
    #[schema(example = "leading")]
    pub method: Option<String>,
    /// Replies to this visit, valid and not.
    #[schema(example = 1)]
    pub attempts: i32,
    /// When the question was handed over, or is due.
    pub asked_at: Option<String>,
    /// When the answer was registered.
    pub answered_at: Option<String>,
    /// The SMS that brought it.
    pub inbound_id: Option<String>,
    /// When it was last corrected.
    pub corrected_at: Option<String>,
}

/// All answers of a session in order, the question that waits last.
#[must_use]
pub fn answers(engine: &Engine, session: &SessionRow, parts: &Parts, reads_pii: bool) -> Vec<Answer> {
    let survey = engine.library.revision(&session.survey_id, session.revision);
    let survey = survey.as_deref();
    let mut answers: Vec<Answer> = parts.answers.iter().map(|row| answer(survey, row, reads_pii)).collect();
    answers.extend(survey.and_then(|survey| pending(survey, session, parts)));
    answers
}

/// One answer.
#[must_use]
pub fn answer(survey: Option<&Survey>, row: &AnswerRow, reads_pii: bool) -> Answer {
    let is_open = reads_pii || !is_pii(survey, &row.element_id);
    let is_answered = row.state == AnswerState::Answered.as_str();
    let open = |value: Json| if is_open { value } else { Json::Null };
    let is_list = row.element_type == "multiple_choice";
    let stored = |text: Option<&String>| match text {
        None => Json::Null,
        Some(text) if is_list => serde_json::from_str(text).unwrap_or_default(),
        Some(text) => Json::String(text.clone()),
    };
    let code = open(stored(row.code.as_ref()));
    let options = survey.and_then(|survey| survey.element(&row.element_id));
    let options = options.map_or(&[][..], |element| element.kind.options());
    let value = row.value.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let position = row.position.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let by_reply = is_answered || row.state == AnswerState::Skipped.as_str();
    Answer {
        element_id: row.element_id.clone(),
        element_type: row.element_type.clone(),
        visit: row.visit,
        state: row.state.clone(),
        value: open(value.map(|value| value.plain(options)).unwrap_or_default()),
        index: open(position.unwrap_or_default()),
        label: open(stored(row.label.as_ref())),
        code,
        raw: Some(row.raw.clone()).filter(|raw| is_open && (!raw.is_empty() || row.inbound_id.is_some())),
        comment: row.comment.clone().filter(|_| is_open),
        method: row.method.clone(),
        attempts: row.attempts,
        asked_at: shown_if(row.asked_at),
        answered_at: by_reply.then(|| shown(row.answered_at)),
        inbound_id: row.inbound_id.clone(),
        corrected_at: shown_if(row.corrected_at),
    }
}

/// The question that waits for its reply: no row says so, the progress does.
fn pending(survey: &Survey, session: &SessionRow, parts: &Parts) -> Option<Answer> {
    if session.status != Status::Active {
        return None;
    }
    let progress = session.progress().ok().flatten()?;
    let Position::Question(id) = &progress.position else {
        return None;
    };
    let element = survey.element(id)?;
    let visit = i32::try_from(progress.visit).unwrap_or(i32::MAX);
    let prompt =
        parts.messages.iter().find(|message| session.prompt_id.as_deref() == Some(message.id.as_str()));
    Some(Answer {
        element_id: id.clone(),
        element_type: element.kind.name().to_owned(),
        visit,
        state: AnswerState::Pending.as_str().to_owned(),
        value: Json::Null,
        index: Json::Null,
        code: Json::Null,
        label: Json::Null,
        raw: None,
        comment: None,
        method: None,
        attempts: i32::try_from(progress.invalid).unwrap_or(i32::MAX),
        asked_at: prompt.map(|prompt| shown(prompt.started_at.unwrap_or(prompt.due_at))),
        answered_at: None,
        inbound_id: None,
        corrected_at: None,
    })
}
