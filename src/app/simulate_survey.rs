//! `survey simulate` and `POST /v1/surveys/{survey}/simulate`: the real interpreter on a virtual clock
//! (http-api.md 3). It stores and sends nothing.

use chrono::{DateTime, Duration, FixedOffset, SecondsFormat, Utc};
use serde::Serialize;

use super::classify_inbound::classify_inbound;
use crate::session::Keywords;
use crate::survey::play::{self, Happened, Inbound, Player, QuietHours, Sent, Start};
use crate::survey::turn::{Effect, Misfit};
use crate::survey::{AnswerState, Language, Survey, Value, Variables, messages};
use crate::text;

/// Replies played in one simulation: as many as a session takes (RF38).
pub const REPLIES_MAX: usize = 100;

/// A conversation to play.
#[derive(Clone, Debug)]
pub struct Simulate {
    /// Language wished for; the survey's default when it lacks it.
    pub language: Option<Language>,
    /// Put in front of the first SMS (P31).
    pub content: Option<String>,
    /// The caller's variables.
    pub variables: Variables,
    /// What the person texts, in order; at most [`REPLIES_MAX`] are played.
    pub replies: Vec<SimulatedReply>,
    /// The instant of the start, in the recipient's zone.
    pub now: DateTime<FixedOffset>,
}

/// One text of the person.
#[derive(Clone, Debug)]
pub struct SimulatedReply {
    /// The text.
    pub text: String,
    /// How long the person takes; reminders and the expiry may come first.
    pub after: Duration,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Simulation {
    /// SMS of both directions, as they happen; an SMS of a burst bears its own due time.
    pub transcript: Vec<Line>,
    /// Registered answers, in order.
    pub answers: Vec<SimulatedAnswer>,
    /// Status of the session at the end.
    pub status: &'static str,
    /// The question that waits, or `completion`.
    pub current_element_id: String,
}

/// One SMS of the transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// `outbound` or `inbound`.
    pub direction: &'static str,
    /// RFC 3339, UTC.
    pub at: String,
    /// Outbound: element id, `completion`, `reminder`, `message:<key>`. Inbound: what came of it: `answered`,
    /// `skipped`, `exhausted`, `reask:<reason>`, `appended`, `extra`, `muted`, `stop`, `help`, `ignored`, `late`.
    pub name: String,
    /// The text.
    pub text: String,
    /// SMS parts; 0 for inbound.
    pub segments: usize,
}

/// A registered answer as in the API (http-api.md 4.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedAnswer {
    /// The question.
    pub element_id: String,
    /// Its type.
    pub element_type: &'static str,
    /// Its visit.
    pub visit: u32,
    /// What became of it.
    pub state: AnswerState,
    /// Number, text, code or codes.
    pub value: serde_json::Value,
    /// 0-based position or positions of a choice.
    pub index: serde_json::Value,
    /// Code or codes of a choice.
    pub code: serde_json::Value,
    /// Label or labels of a choice, in the session's language.
    pub label: serde_json::Value,
    /// As texted.
    pub raw: String,
    /// What else the person wrote.
    pub comment: Option<String>,
    /// How it was understood.
    pub method: Option<String>,
    /// Replies to this visit.
    pub attempts: u32,
    /// RFC 3339, UTC.
    pub answered_at: Option<String>,
}

/// Plays the conversation.
///
/// # Errors
/// [`Misfit`] as [`Player::receive`].
pub fn simulate_survey(
    survey: &Survey,
    simulate: Simulate,
    keywords: &Keywords,
) -> Result<Simulation, Misfit> {
    let start = Start {
        language: survey.language_for(simulate.language.as_ref()),
        variables: simulate.variables,
        content: simulate.content,
        now: simulate.now,
        quiet_hours: QuietHours::default(),
        lexicons: keywords.lexicons(),
    };
    let (mut player, begun) = Player::start(survey, start);
    let mut transcript: Vec<Line> = begun.sent.iter().map(outbound).collect();
    for reply in simulate.replies.iter().take(REPLIES_MAX) {
        let waited = player.wait(reply.after)?;
        transcript.extend(waited.sent.iter().map(outbound));
        let inbound = classify_inbound(keywords, &player, &reply.text);
        let at = player.now();
        let happened = player.receive(&reply.text, inbound)?;
        transcript.push(Line {
            direction: "inbound",
            at: instant(at),
            name: outcome(inbound, &happened),
            text: reply.text.clone(),
            segments: 0,
        });
        transcript.extend(happened.sent.iter().map(outbound));
    }
    Ok(Simulation {
        answers: player.answers().iter().filter_map(|answer| view(&player, answer)).collect(),
        status: player.status().as_str(),
        current_element_id: player.progress().position.element_id().to_owned(),
        transcript,
    })
}

fn outbound(sent: &Sent) -> Line {
    Line {
        direction: "outbound",
        at: instant(sent.at),
        name: sent.name(),
        text: sent.text.clone(),
        segments: text::length(&sent.text).segments,
    }
}

fn instant(at: DateTime<FixedOffset>) -> String {
    at.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What came of an inbound SMS, in one word.
fn outcome(inbound: Inbound, happened: &Happened) -> String {
    let word = match inbound {
        Inbound::Stop => "stop",
        Inbound::Help => "help",
        Inbound::Noise => "ignored",
        Inbound::Reply => {
            return happened.effects.iter().find_map(reply_outcome).unwrap_or_else(|| "late".to_owned());
        }
    };
    word.to_owned()
}

fn reply_outcome(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Record(record) => Some(record.state.as_str().to_owned()),
        Effect::Reject { reason, .. } => Some(format!("reask:{}", messages::key(*reason))),
        Effect::Append { .. } => Some("appended".to_owned()),
        Effect::Extra { .. } => Some("extra".to_owned()),
        Effect::Muted => Some("muted".to_owned()),
        Effect::Send(_)
        | Effect::Tag { .. }
        | Effect::Mute
        | Effect::VisitLimit { .. }
        | Effect::Complete
        | Effect::Close(_) => None,
    }
}

fn view(player: &Player<'_>, answer: &play::Answer) -> Option<SimulatedAnswer> {
    let record = &answer.record;
    let element = player.survey().element(&record.element)?;
    let language = &player.progress().language;
    let option = |index: &usize| element.kind.options().get(*index);
    let label = |index: &usize| option(index).map(|option| option.label.in_language(language).to_owned());
    let value = record.value.as_ref().map(|value| value.plain(element.kind.options())).unwrap_or_default();
    let (index, code, label) = match &record.value {
        Some(Value::Choice(index)) => {
            (serde_json::json!(index), value.clone(), serde_json::json!(label(index)))
        }
        Some(Value::Choices(indices)) => {
            let labels = serde_json::json!(indices.iter().map(label).collect::<Vec<_>>());
            (serde_json::json!(indices), value.clone(), labels)
        }
        Some(Value::Number(_) | Value::YesNo(_) | Value::Text(_) | Value::Date(_)) | None => {
            Default::default()
        }
    };
    let registered = matches!(record.state, AnswerState::Answered | AnswerState::Skipped);
    Some(SimulatedAnswer {
        element_id: record.element.clone(),
        element_type: element.kind.name(),
        visit: record.visit,
        state: record.state,
        value,
        index,
        code,
        label,
        raw: record.raw.clone(),
        comment: record.comment.clone(),
        method: record.method.map(play::method_word),
        attempts: record.attempts,
        answered_at: registered.then(|| instant(answer.at)),
    })
}
