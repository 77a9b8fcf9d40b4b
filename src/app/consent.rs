//! Consent of a phone inside a turn: what is recorded, and every change in the append-only ledger (A64, A65).

use chrono::NaiveDateTime;
use serde_json::json;

use super::event_kind::EventKind;
use super::moment::Moment;
use crate::session::Status;
use crate::store::consents::{ConsentEventRow, ConsentRow, ContactRow};
use crate::store::{Fault, Space};

/// The scope that covers everything.
pub const GLOBAL: &str = "global";
/// The person, or somebody for him, said stop.
pub const STOP: &str = "stop";
/// The person agreed by a message or on the phone.
pub const EXPRESS: &str = "express";

/// A change of consent.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// E.164.
    pub phone: &'a str,
    /// [`GLOBAL`] or a survey id.
    pub scope: &'a str,
    /// `written`, `express`, `stop`.
    pub consent_type: &'a str,
    /// Where it comes from: `inbound`, `api`, `gateway`, `import`.
    pub source: &'a str,
    /// When it was given.
    pub obtained_at: NaiveDateTime,
    /// The keyword the person sent.
    pub keyword: Option<&'a str>,
    /// The text as received.
    pub raw: Option<&'a str>,
    /// The inbound it came with.
    pub inbound_id: Option<&'a str>,
    /// The API key or operator.
    pub actor: Option<&'a str>,
    /// A remark.
    pub note: Option<&'a str>,
}

/// Whether the phone said stop, globally or for this survey.
#[must_use]
pub fn is_stopped(space: &Space, phone: &str, survey_id: Option<&str>) -> bool {
    let stopped = |scope: &str| {
        let key = (phone.to_owned(), scope.to_owned());
        space.consents.get(&key).is_some_and(|row| row.consent_type == STOP)
    };
    stopped(GLOBAL) || survey_id.is_some_and(stopped)
}

/// The scopes in which the phone said stop.
#[must_use]
pub fn stopped_scopes(space: &Space, phone: &str) -> Vec<String> {
    space
        .consents
        .iter_from(&(phone.to_owned(), String::new()))
        .take_while(|((owner, _), _)| owner == phone)
        .filter(|(_, row)| row.consent_type == STOP)
        .map(|((_, scope), _)| scope.clone())
        .collect()
}

/// Whether the phone gave consent, globally or for this survey.
#[must_use]
pub fn is_given(space: &Space, phone: &str, survey_id: &str) -> bool {
    [GLOBAL, survey_id].into_iter().any(|scope| {
        let key = (phone.to_owned(), scope.to_owned());
        space
            .consents
            .get(&key)
            .is_some_and(|row| row.consent_type == "written" || row.consent_type == EXPRESS)
    })
}

/// Records a change: the current row, a ledger row and an event.
///
/// # Errors
/// [`Fault`] when the event cannot be recorded.
pub fn record(moment: &mut Moment<'_>, change: &Change<'_>) -> Result<(), Fault> {
    let at = moment.at();
    let ledger_id = moment.id();
    let row = ConsentRow {
        phone: change.phone.to_owned(),
        scope: change.scope.to_owned(),
        consent_type: change.consent_type.to_owned(),
        source: change.source.to_owned(),
        obtained_at: change.obtained_at,
        keyword: change.keyword.map(str::to_owned),
        inbound_id: change.inbound_id.map(str::to_owned),
        actor: change.actor.map(str::to_owned),
        updated_at: at,
        ledger_id: Some(ledger_id.clone()),
    };
    moment.space.consents.put((row.phone.clone(), row.scope.clone()), row);
    let ledger = ConsentEventRow {
        id: ledger_id,
        phone: change.phone.to_owned(),
        scope: change.scope.to_owned(),
        consent_type: change.consent_type.to_owned(),
        source: change.source.to_owned(),
        obtained_at: change.obtained_at,
        raw: change.raw.map(str::to_owned),
        note: change.note.map(str::to_owned),
        inbound_id: change.inbound_id.map(str::to_owned),
        actor: change.actor.map(str::to_owned),
        created_at: at,
    };
    let data = json!({"consentType": ledger.consent_type, "scope": ledger.scope, "source": ledger.source, "ledgerId": ledger.id});
    moment.space.add_consent_event(ledger);
    moment.record_event(EventKind::ConsentUpdated, None, &data).map(drop)
}

/// Cancels what waits for a phone and closes its open sessions, all of them or those of one survey (A57).
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn apply_stop(moment: &mut Moment<'_>, phone: &str, survey_id: Option<&str>) -> Result<(), Fault> {
    let in_scope: Vec<String> = moment
        .space
        .sessions_of(phone)
        .filter(|session| session.status.is_open())
        .filter(|session| survey_id.is_none_or(|survey_id| session.survey_id == survey_id))
        .map(|session| session.id.clone())
        .collect();
    for id in &in_scope {
        moment.cancel_waiting(id, "opted_out")?;
        moment.close_session(id, Status::OptedOut, Some("opted_out"))?;
    }
    if survey_id.is_none() {
        for id in moment.space.open_messages_to(phone) {
            moment.cancel_message(&id, "opted_out")?;
        }
    }
    Ok(())
}

/// Makes sure that the phone has its contact row, and keeps the language of its last session (A21).
pub fn touch_contact(moment: &mut Moment<'_>, phone: &str, language: Option<&str>) {
    let at = moment.at();
    if let Some(contact) = moment.space.contacts.get(phone) {
        if language.is_none() || contact.language.as_deref() == language {
            return;
        }
        if let Some(contact) = moment.space.contacts.get_mut(phone) {
            contact.language = language.map(str::to_owned);
            contact.updated_at = at;
        }
        return;
    }
    let row = ContactRow { language: language.map(str::to_owned), ..ContactRow::new(phone, at) };
    moment.space.contacts.insert(phone.to_owned(), row);
}
