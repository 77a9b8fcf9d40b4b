//! Carries out the effects of an interpreter's turn on the rows of a session: answers, messages, state, timers.
//! The one place where [`Effect`]s become rows, whatever caused the turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Duration, NaiveDateTime};
use serde_json::json;

use super::event_kind::EventKind;
use super::moment::{Moment, Queued, message_mut, session, session_mut};
use crate::session::{MessageClass, MessageState, Status};
use crate::store::answers::AnswerRow;
use crate::store::{Fault, Json};
use crate::survey::turn::{CloseReason, Record, Send, SendKind};
use crate::survey::{AnswerState, Effect, Language, Method, Position, Progress, Survey, Turn, Value, turn};
use crate::text::Composed;

/// How long a text that closes or follows a session may wait in an outage before it is stale.
const CLOSING_TEXT_LIFE: Duration = Duration::hours(24);

/// What caused a turn.
#[derive(Clone, Debug, Default)]
pub struct Cause {
    /// The inbound, for a reply.
    pub inbound_id: Option<String>,
    /// Outbox order of the texts it makes.
    pub priority: i32,
    /// Not before this instant; for starts with `sendAt` or a send window.
    pub not_before: Option<NaiveDateTime>,
}

/// What a turn did, for logs and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// An answer, an append or a re-ask: the reply had an effect.
    pub had_effect: bool,
    /// The reply was kept, not applied.
    pub was_extra: bool,
    /// It looks like a correction of this earlier question (N98 b).
    pub correction_of: Option<String>,
    /// Why the reply was refused, if it was.
    pub refused: Option<&'static str>,
    /// Messages queued, in order.
    pub message_ids: Vec<String>,
}

/// Applies a turn: writes its effects, then the session itself.
///
/// # Errors
/// [`Fault`] when a row is missing or a transition is illegal.
pub fn apply_turn(
    moment: &mut Moment<'_>,
    session_id: &str,
    survey: &Arc<Survey>,
    turn: Turn,
    cause: &Cause,
) -> Result<Applied, Fault> {
    let mut applied = Applied::default();
    leave_question(moment, session_id, &turn.progress)?;
    keep_progress(moment, session_id, turn.progress)?;
    let mut closing = None;
    let tags = tags_of(&turn.effects);
    for effect in turn.effects {
        match effect {
            Effect::Send(send) => {
                let id = queue_send(moment, session_id, survey, &send, cause)?;
                applied.message_ids.push(id);
            }
            Effect::Record(record) => {
                applied.had_effect |= record.state != AnswerState::NotAsked;
                let tags = tags.get(&record.element).map_or(&[][..], Vec::as_slice);
                record_answer(moment, session_id, survey, record, (cause, tags))?;
            }
            Effect::Append { element, visit, raw, value } => {
                applied.had_effect = true;
                append_answer(moment, session_id, (&element, visit), &raw, &value)?;
            }
            Effect::Reject { element, visit, reason, attempt } => {
                applied.had_effect = true;
                applied.refused = Some(reason.as_str());
                let survey_id = survey.id();
                moment.engine.metrics.invalid_reply(survey_id, &element, reason.as_str());
                let data = json!({"elementId": element, "visit": visit, "reason": reason.as_str(), "attempt": attempt});
                moment.record_event(EventKind::ReplyInvalid, Some(session_id), &data)?;
            }
            Effect::Extra { correction_of } => {
                applied.was_extra = true;
                applied.correction_of = correction_of;
            }
            Effect::Tag { element, tag } => {
                let data = json!({"elementId": element, "tag": tag});
                moment.record_event(EventKind::AnswerFlagged, Some(session_id), &data)?;
            }
            Effect::Muted => {}
            Effect::Mute => {
                moment.record_event(EventKind::SessionMuted, Some(session_id), &json!({}))?;
            }
            Effect::VisitLimit { element } => {
                tracing::warn!(
                    session_id,
                    element,
                    "visit limit reached; the session goes to completion (F27)"
                );
            }
            Effect::Complete => closing = Some((Status::Completed, None)),
            Effect::Close(CloseReason::Exhausted) => {
                closing = Some((Status::Exhausted, Some("max_attempts")));
            }
            Effect::Close(CloseReason::Expired) => closing = Some((Status::Expired, None)),
        }
    }
    if let Some((status, reason)) = closing {
        moment.close_session(session_id, status, reason)?;
    }
    set_timer(moment, session_id, survey)?;
    Ok(applied)
}

/// The tags that the rules of a turn set, by element.
fn tags_of(effects: &[Effect]) -> BTreeMap<String, Vec<String>> {
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for effect in effects {
        if let Effect::Tag { element, tag } = effect {
            tags.entry(element.clone()).or_default().push(tag.clone());
        }
    }
    tags
}

/// When the turn leaves the question it stood at, whatever still asks it is pointless: what waits is cancelled,
/// what is uncertain is not repeated (RE11, RE19). A second try at the same visit cancels a re-ask still due.
fn leave_question(moment: &mut Moment<'_>, session_id: &str, next: &Progress) -> Result<(), Fault> {
    let session = session(moment.space, session_id)?;
    let Some(before) = session.progress().map_err(Fault::Store)? else {
        return Ok(());
    };
    let moved = before.position != next.position || before.visit != next.visit;
    let tried_again = before.invalid != next.invalid;
    if !moved && !tried_again {
        return Ok(());
    }
    let prompt = session.prompt_id.clone();
    let asking: Vec<String> = moment
        .space
        .messages_of(session_id)
        .filter(|message| message.is_open && is_asking(&message.kind))
        .filter(|message| moved || prompt.as_deref() != Some(message.id.as_str()))
        .map(|message| message.id.clone())
        .collect();
    for id in asking {
        moment.cancel_message(&id, "answered")?;
    }
    Ok(())
}

/// Whether a message of this kind asks a question.
fn is_asking(kind: &str) -> bool {
    matches!(kind, "question" | "reask" | "reminder")
}

fn keep_progress(moment: &mut Moment<'_>, session_id: &str, progress: Progress) -> Result<(), Fault> {
    let at = moment.at();
    let session = session_mut(moment.space, session_id)?;
    session.current_element_id = Some(progress.position.element_id().to_owned());
    session.appending_until = progress.appending.as_ref().map(|appending| appending.until.naive_utc());
    session.progress = Some(Json::of(progress));
    session.version += 1;
    session.updated_at = at;
    Ok(())
}

fn queue_send(
    moment: &mut Moment<'_>,
    session_id: &str,
    survey: &Survey,
    send: &Send,
    cause: &Cause,
) -> Result<String, Fault> {
    let session = session(moment.space, session_id)?;
    let at = moment.at();
    let base = cause.not_before.map_or(at, |not_before| at.max(not_before));
    let asks = is_asking(kind_of(&send.kind));
    let life_end = at + CLOSING_TEXT_LIFE;
    let ttl_at = if asks || matches!(send.kind, SendKind::Text) {
        session.expires_at.unwrap_or(life_end)
    } else {
        session.expires_at.unwrap_or(life_end).max(life_end)
    };
    let queued = Queued {
        session_id: Some(session_id.to_owned()),
        channel_id: session.channel_id.clone(),
        phone: session.phone.clone(),
        class: match send.kind {
            SendKind::Question | SendKind::Reask => MessageClass::Question,
            SendKind::Text | SendKind::Reminder | SendKind::Completion | SendKind::Message(_) => {
                MessageClass::Notice
            }
        },
        kind: kind_of(&send.kind).to_owned(),
        priority: cause.priority,
        element_id: send.element.clone(),
        visit: send.element.as_ref().and_then(|_| i32::try_from(send.visit).ok()),
        body: sms_for(moment, &session.channel_id, &send.text),
        // With another gap than the survey's, `queue` alone spaces the SMS.
        due_at: match moment.engine.settings.element_gap_override {
            Some(_) => base,
            None => base + send.after,
        },
        ttl_at,
        inbound_id: cause.inbound_id.clone(),
    };
    let id = moment.queue(queued, moment.engine.settings.element_gap(survey))?;
    if send.kind == SendKind::Question {
        session_mut(moment.space, session_id)?.prompt_id = Some(id.clone());
    }
    Ok(id)
}

/// A text as it leaves by a channel (GW94).
#[must_use]
pub fn sms_for(moment: &Moment<'_>, channel_id: &str, text: &Composed) -> String {
    let channel = moment.engine.channels.get(channel_id);
    channel.map_or_else(|| text.sms().to_owned(), |channel| channel.sms(text).to_owned())
}

/// The word stored for what an SMS is.
fn kind_of(kind: &SendKind) -> &'static str {
    match kind {
        SendKind::Text => "text",
        SendKind::Question => "question",
        SendKind::Reask => "reask",
        SendKind::Reminder => "reminder",
        SendKind::Completion => "completion",
        SendKind::Message(key) => key,
    }
}

fn record_answer(
    moment: &mut Moment<'_>,
    session_id: &str,
    survey: &Survey,
    record: Record,
    (cause, tags): (&Cause, &[String]),
) -> Result<(), Fault> {
    let session = session_mut(moment.space, session_id)?;
    session.answers_count += 1;
    let seq = session.answers_count;
    let language_code = session.language.clone();
    let element = survey
        .element(&record.element)
        .ok_or_else(|| Fault::Invariant(format!("answer to unknown element {}", record.element)))?;
    let language = Language::parse(&language_code).map_err(|error| Fault::Invariant(error.to_string()))?;
    let visit = i32::try_from(record.visit).unwrap_or(i32::MAX);
    let asked_at = asked_at(moment, session_id, &record.element, visit);
    let shown = record.value.as_ref().map(|value| Shown::of(value, element.kind.options(), &language));
    let state = record.state;
    let method = record.method.map(Method::as_str);
    let row = AnswerRow {
        session_id: session_id.to_owned(),
        element_id: record.element.clone(),
        visit,
        seq,
        element_type: element.kind.name().to_owned(),
        state: state.as_str().to_owned(),
        value: record
            .value
            .as_ref()
            .map(|value| serde_json::to_string(value).map_err(|error| Fault::Invariant(error.to_string())))
            .transpose()?,
        position: shown.as_ref().and_then(|shown| shown.position.clone()),
        code: shown.as_ref().and_then(|shown| shown.code.clone()),
        label: shown.and_then(|shown| shown.label),
        raw: record.raw,
        comment: record.comment,
        method: method.map(str::to_owned),
        attempts: i32::try_from(record.attempts).unwrap_or(i32::MAX),
        language: language_code,
        asked_at,
        answered_at: moment.at(),
        inbound_id: match state {
            AnswerState::Answered | AnswerState::Skipped | AnswerState::Exhausted => cause.inbound_id.clone(),
            AnswerState::NotAsked | AnswerState::Pending | AnswerState::Expired => None,
        },
        corrected_at: None,
        correction_of: None,
    };
    if state == AnswerState::Answered {
        moment.engine.metrics.answer(survey.id(), element.kind.name(), method.unwrap_or("none"));
        let data = json!({"elementId": row.element_id, "visit": visit, "method": row.method, "tags": tags});
        moment.record_event(EventKind::AnswerRecorded, Some(session_id), &data)?;
    }
    moment.space.answers.put((session_id.to_owned(), record.element, visit), row);
    Ok(())
}

/// When the question of this visit was first handed out; its planned time if no send has started.
fn asked_at(moment: &Moment<'_>, session_id: &str, element: &str, visit: i32) -> Option<NaiveDateTime> {
    moment
        .space
        .messages_of(session_id)
        .find(|message| {
            message.kind == "question"
                && message.element_id.as_deref() == Some(element)
                && message.visit == Some(visit)
        })
        .map(|message| message.started_at.unwrap_or(message.due_at))
}

/// Position from 0, code and label of a choice, as stored (P52): plain for one, JSON lists for several.
pub(super) struct Shown {
    pub(super) position: Option<String>,
    pub(super) code: Option<String>,
    pub(super) label: Option<String>,
}

impl Shown {
    pub(super) fn of(
        value: &Value,
        options: &[crate::survey::element::ChoiceOption],
        language: &Language,
    ) -> Self {
        let named = |index: usize| {
            options
                .get(index)
                .map(|option| (option.code.clone(), option.label.in_language(language).to_owned()))
        };
        match value {
            Value::Choice(index) => {
                let (code, label) = named(*index).unzip();
                Self { position: Some(index.to_string()), code, label }
            }
            Value::Choices(indexes) => {
                let (codes, labels): (Vec<String>, Vec<String>) =
                    indexes.iter().filter_map(|index| named(*index)).unzip();
                Self {
                    position: Some(json!(indexes).to_string()),
                    code: Some(json!(codes).to_string()),
                    label: Some(json!(labels).to_string()),
                }
            }
            Value::Number(_) | Value::YesNo(_) | Value::Text(_) | Value::Date(_) => {
                Self { position: None, code: None, label: None }
            }
        }
    }
}

fn append_answer(
    moment: &mut Moment<'_>,
    session_id: &str,
    (element, visit): (&str, u32),
    raw: &str,
    value: &Value,
) -> Result<(), Fault> {
    let visit = i32::try_from(visit).unwrap_or(i32::MAX);
    let key = (session_id.to_owned(), element.to_owned(), visit);
    let row = moment
        .space
        .answers
        .get_mut(&key)
        .ok_or_else(|| Fault::Invariant(format!("the answer to {element} is not loaded")))?;
    row.raw.push('\n');
    row.raw.push_str(raw);
    row.value = Some(serde_json::to_string(value).map_err(|error| Fault::Invariant(error.to_string()))?);
    let data = json!({"elementId": element, "visit": visit});
    moment.record_event(EventKind::AnswerChanged, Some(session_id), &data).map(drop)
}

/// The next instant at which a timer must look at this session: reminder or expiry.
fn set_timer(moment: &mut Moment<'_>, session_id: &str, survey: &Survey) -> Result<(), Fault> {
    let session = session_mut(moment.space, session_id)?;
    if session.status != Status::Active {
        session.wake_at = None;
        return Ok(());
    }
    let expiry = session.expires_at;
    let asking = session
        .progress()
        .map_err(Fault::Store)?
        .filter(|progress| matches!(progress.position, Position::Question(_)));
    let reminder = asking
        .zip(expiry)
        .and_then(|(progress, expiry)| turn::next_reminder(survey, progress, expiry.and_utc()))
        .map(|at| at.naive_utc());
    session.wake_at = [expiry, reminder].into_iter().flatten().min();
    Ok(())
}

/// Marks the sends that a reply proves: those started before it was received and still uncertain (RE12).
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn prove_sends(moment: &mut Moment<'_>, session_id: &str, recv_seq: i64) -> Result<(), Fault> {
    let Some(prompt_id) = session(moment.space, session_id)?.prompt_id.clone() else {
        return Ok(());
    };
    let Some(prompt) = moment.space.messages.get(&prompt_id) else {
        return Ok(());
    };
    let started = prompt.send_seq.is_some_and(|send_seq| send_seq < recv_seq);
    let uncertain = matches!(prompt.state, MessageState::Sending | MessageState::Unknown);
    if started && uncertain {
        moment.move_message(&prompt_id, MessageState::Accepted, Some("proved_by_reply"))?;
        let at = moment.at();
        session_mut(moment.space, session_id)?.handed_over_at = Some(at);
        message_mut(moment.space, &prompt_id)?.settled_at = None;
    }
    Ok(())
}
