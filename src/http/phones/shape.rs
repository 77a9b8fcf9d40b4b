//! Everything held about one phone, as the answer shows it. Without the right to personal data phones are masked
//! and texts are `null`.

use serde::Serialize;

use crate::app::engine::Engine;
use crate::app::erase_phone::{
    AnswerRow, ConsentEventRow, ConsentRow, Dossier, InboundRow, MessageRow, PartRow, ROWS_MAX,
    SuppressionRow,
};
use crate::http::sessions::shape::Session;
use crate::http::times::{shown, shown_if};
use crate::phone::mask;

/// Everything held about one phone, oldest first in every list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PhoneDossier)]
pub struct PhoneShape {
    /// The phone; masked without `pii:read`.
    pub phone: String,
    /// The language of its last session.
    pub language: Option<String>,
    /// Since when it is known; `null` when it is not.
    pub created_at: Option<String>,
    /// The customers that have or had it, by ccid.
    pub customers: Vec<String>,
    /// Current consents, by scope.
    pub consents: Vec<ConsentShape>,
    /// Stops that outlived an erasure.
    pub suppressions: Vec<SuppressionShape>,
    /// The ledger of consent.
    pub consent_history: Vec<ConsentEventShape>,
    /// Sessions.
    pub sessions: Vec<Session>,
    /// Registered answers.
    pub answers: Vec<HeldAnswer>,
    /// Outbound messages.
    pub messages: Vec<HeldMessage>,
    /// Inbound texts.
    pub inbound: Vec<HeldInbound>,
    /// Parts of long texts that wait for the others, a minute at most.
    pub inbound_parts: Vec<HeldPart>,
    /// False when a list was cut at 10,000 items.
    pub complete: bool,
}

/// A current consent.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HeldConsent)]
pub struct ConsentShape {
    pub consent_type: String,
    pub scope: String,
    pub source: String,
    pub obtained_at: String,
    pub keyword: Option<String>,
    pub inbound_id: Option<String>,
    pub actor: Option<String>,
    pub updated_at: String,
}

/// A stop that outlived an erasure.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HeldSuppression)]
pub struct SuppressionShape {
    /// `global` or a survey.
    pub scope: String,
    /// When the person said stop.
    pub since: String,
}

/// A change of consent.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HeldConsentEvent)]
pub struct ConsentEventShape {
    pub id: String,
    pub consent_type: String,
    pub scope: String,
    pub source: String,
    pub obtained_at: String,
    pub raw: Option<String>,
    pub note: Option<String>,
    pub inbound_id: Option<String>,
    pub actor: Option<String>,
    pub created_at: String,
}

/// A registered answer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldAnswer {
    pub session_id: String,
    pub element_id: String,
    pub element_type: String,
    pub visit: i32,
    pub state: String,
    pub code: Option<String>,
    pub label: Option<String>,
    pub raw: Option<String>,
    pub comment: Option<String>,
    pub answered_at: String,
}

/// An outbound message.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldMessage {
    pub id: String,
    pub session_id: Option<String>,
    pub channel_id: String,
    pub text: Option<String>,
    pub state: &'static str,
    pub due_at: String,
    pub accepted_at: Option<String>,
}

/// An inbound text.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldInbound {
    pub id: String,
    pub session_id: Option<String>,
    pub channel_id: Option<String>,
    pub gateway: String,
    pub text: Option<String>,
    pub outcome: &'static str,
    pub received_at: String,
}

/// A part of a long text, of a gateway that does not join them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldPart {
    pub id: String,
    pub gateway: String,
    /// Which part it is, from 1.
    pub part: i32,
    /// How many there are.
    pub total: i32,
    pub text: Option<String>,
    pub received_at: String,
}

impl PhoneShape {
    /// The shape of what is held.
    #[must_use]
    pub fn new(engine: &Engine, phone: &str, held: &Dossier, reads_pii: bool) -> Self {
        let text = |text: &str| reads_pii.then(|| text.to_owned());
        let full = usize::try_from(ROWS_MAX).unwrap_or(usize::MAX);
        let longest = [
            held.consent_events.len(),
            held.sessions.len(),
            held.answers.len(),
            held.messages.len(),
            held.inbound.len(),
            held.inbound_parts.len(),
        ];
        Self {
            phone: if reads_pii { phone.to_owned() } else { mask(phone) },
            language: held.contact.as_ref().and_then(|contact| contact.language.clone()),
            created_at: held.contact.as_ref().map(|contact| shown(contact.created_at)),
            customers: held.customers.iter().map(|row| row.ccid.clone()).collect(),
            consents: held.consents.iter().map(consent).collect(),
            suppressions: held.suppressions.iter().map(suppression).collect(),
            consent_history: held.consent_events.iter().map(|row| consent_event(row, text)).collect(),
            sessions: held.sessions.iter().map(|row| Session::of(engine, row, reads_pii)).collect(),
            answers: held.answers.iter().map(|row| answer(row, text)).collect(),
            messages: held.messages.iter().map(|row| message(row, text)).collect(),
            inbound: held.inbound.iter().map(|row| inbound(row, text)).collect(),
            inbound_parts: held.inbound_parts.iter().map(|row| part(row, text)).collect(),
            complete: longest.into_iter().all(|length| length < full),
        }
    }
}

fn consent(row: &ConsentRow) -> ConsentShape {
    ConsentShape {
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

fn suppression(row: &SuppressionRow) -> SuppressionShape {
    SuppressionShape { scope: row.scope.clone(), since: shown(row.created_at) }
}

fn consent_event(row: &ConsentEventRow, text: impl Fn(&str) -> Option<String>) -> ConsentEventShape {
    ConsentEventShape {
        id: row.id.clone(),
        consent_type: row.consent_type.clone(),
        scope: row.scope.clone(),
        source: row.source.clone(),
        obtained_at: shown(row.obtained_at),
        raw: row.raw.as_deref().and_then(&text),
        note: row.note.as_deref().and_then(&text),
        inbound_id: row.inbound_id.clone(),
        actor: row.actor.clone(),
        created_at: shown(row.created_at),
    }
}

fn answer(row: &AnswerRow, text: impl Fn(&str) -> Option<String>) -> HeldAnswer {
    HeldAnswer {
        session_id: row.session_id.clone(),
        element_id: row.element_id.clone(),
        element_type: row.element_type.clone(),
        visit: row.visit,
        state: row.state.clone(),
        code: row.code.clone(),
        label: row.label.clone(),
        raw: text(&row.raw),
        comment: row.comment.as_deref().and_then(&text),
        answered_at: shown(row.answered_at),
    }
}

fn message(row: &MessageRow, text: impl Fn(&str) -> Option<String>) -> HeldMessage {
    HeldMessage {
        id: row.id.clone(),
        session_id: row.session_id.clone(),
        channel_id: row.channel_id.clone(),
        text: text(&row.body),
        state: row.state.as_str(),
        due_at: shown(row.due_at),
        accepted_at: shown_if(row.accepted_at),
    }
}

fn inbound(row: &InboundRow, text: impl Fn(&str) -> Option<String>) -> HeldInbound {
    HeldInbound {
        id: row.id.clone(),
        session_id: row.session_id.clone(),
        channel_id: row.channel_id.clone(),
        gateway: row.gateway.clone(),
        text: text(&row.body),
        outcome: row.outcome.as_str(),
        received_at: shown(row.received_at),
    }
}

fn part(row: &PartRow, text: impl Fn(&str) -> Option<String>) -> HeldPart {
    HeldPart {
        id: row.id.clone(),
        gateway: row.gateway.clone(),
        part: row.part,
        total: row.total,
        text: text(&row.body),
        received_at: shown(row.received_at),
    }
}
