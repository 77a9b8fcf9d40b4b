//! [`SentSession`]: what SendSurvey answers when a session was made or found (http-api.md 2.4).

use serde::Serialize;

use crate::app::engine::Engine;
use crate::app::failure::Failure;
use crate::app::send_survey::Created;
use crate::app::sessions::{self, MessageRow, SessionRow};
use crate::app::warning::{Warning, WarningCode};
use crate::http::idempotency::Answer;
use crate::http::problem::Problem;
use crate::http::sessions::shape::{QueuedMessage, Session};

/// The answer to SendSurvey: the session, and what this call did.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentSession {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// The same call came before; this is its session as it is now.
    pub duplicate: bool,
    /// Older sessions of this phone that ended because of this one.
    pub superseded_session_ids: Vec<String>,
    /// Its messages in order.
    pub messages: Vec<QueuedMessage>,
    /// Advice.
    pub warnings: Vec<Warning>,
}

/// A new session as it is answered: 201 with its place.
pub(super) fn created_response(engine: &Engine, created: &Created, advice: &[Warning]) -> Answer {
    let answer = created_answer(engine, created, advice);
    let location = format!("/v1/sessions/{}", created.session.id);
    (201, Some(location), json_of(&answer))
}

/// A new session.
pub(super) fn created_answer(engine: &Engine, created: &Created, advice: &[Warning]) -> SentSession {
    let mut answer = sent_session(engine, &created.session, &created.messages, advice);
    answer.superseded_session_ids.clone_from(&created.superseded);
    answer.warnings.extend(created.warnings.iter().cloned());
    answer
}

/// The session of an earlier call as it is now.
///
/// # Errors
/// 503 and 500 for faults of ours.
pub(super) async fn duplicate_answer(
    engine: &Engine,
    session_id: &str,
    differs: bool,
    advice: &[Warning],
) -> Result<Answer, Problem> {
    let session = sessions::find(engine, session_id).await?.ok_or(Failure::Internal)?;
    let messages = sessions::messages_of(engine, session_id).await?;
    let mut answer = sent_session(engine, &session, &messages, advice);
    answer.duplicate = true;
    if differs {
        let detail = "the first call had another body; its session is unchanged";
        answer.warnings.push(Warning::new(WarningCode::DuplicateDiffers, "", detail));
    }
    Ok((200, None, json_of(&answer)))
}

/// The caller has just named the phone, so he sees it whole (http-api.md 1.1).
fn sent_session(
    engine: &Engine,
    session: &SessionRow,
    messages: &[MessageRow],
    advice: &[Warning],
) -> SentSession {
    SentSession {
        session: Session::of(engine, session, true),
        duplicate: false,
        superseded_session_ids: Vec::new(),
        messages: messages.iter().map(QueuedMessage::of).collect(),
        warnings: advice.to_vec(),
    }
}

fn json_of(answer: &SentSession) -> String {
    // Texts and numbers alone: there is nothing in it that JSON could not hold.
    serde_json::to_string(answer).unwrap_or_default()
}
