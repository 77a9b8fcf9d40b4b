//! The body of a call to a webhook (http-api.md 11, V5, V6): the event, its session, and what the event names, as it
//! stands when the call is made. Phones are masked and elements marked `pii` left out unless the webhook may see them.

use std::sync::Arc;

use chrono::SecondsFormat;
use serde_json::{Map, Value as Json, json};

use super::engine::Engine;
use super::event_kind::EventKind;
use super::webhooks::Webhook;
use crate::phone;
use crate::store::answers::AnswerRow;
use crate::store::deliveries::Facts;
use crate::store::events::EventRow;
use crate::store::{AnyConnection, SessionRow, StoreError};
use crate::survey::{Survey, Value};

/// Bytes that a body stays below (V6).
const BODY_BYTES_MAX: usize = 20_000;
/// Characters that are left of a long text when a body would be too large.
const SHORTENED_CHARS: usize = 200;

/// Reads what the bodies of these events need.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn read_facts(connection: &mut AnyConnection, event_ids: &[String]) -> Result<Facts, StoreError> {
    Facts::read(connection, event_ids, |event| is_completion(event) || names_answer(event))
}

fn is_completion(event: &EventRow) -> bool {
    event.kind == EventKind::SessionCompleted.as_str()
}

fn names_answer(event: &EventRow) -> bool {
    [EventKind::AnswerRecorded, EventKind::AnswerChanged].iter().any(|kind| event.kind == kind.as_str())
}

/// The body for one webhook.
#[must_use]
pub fn body(engine: &Engine, webhook: &Webhook, event: &EventRow, facts: &Facts) -> Vec<u8> {
    let session = event.session_id.as_ref().and_then(|id| facts.sessions.get(id));
    let view = View {
        survey: session.and_then(|session| engine.library.revision(&session.survey_id, session.revision)),
        includes_pii: webhook.row.include_pii,
        facts,
    };
    let mut data = view.data(event, session);
    let mut text = rendered(event, &data);
    if text.len() >= BODY_BYTES_MAX {
        data.insert("truncated".to_owned(), json!(true));
        data.values_mut().for_each(shorten);
        text = rendered(event, &data);
    }
    while text.len() >= BODY_BYTES_MAX {
        let Some(Json::Array(answers)) = data.get_mut("answers") else {
            break;
        };
        if answers.pop().is_none() {
            break;
        }
        text = rendered(event, &data);
    }
    text.into_bytes()
}

fn rendered(event: &EventRow, data: &Map<String, Json>) -> String {
    let timestamp = event.created_at.and_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true);
    json!({"type": event.kind, "timestamp": timestamp, "data": data}).to_string()
}

/// Cuts every long text.
fn shorten(value: &mut Json) {
    match value {
        Json::String(text) if text.chars().count() > SHORTENED_CHARS => {
            *text = text.chars().take(SHORTENED_CHARS).collect();
        }
        Json::Array(items) => items.iter_mut().for_each(shorten),
        Json::Object(members) => members.values_mut().for_each(shorten),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// What one webhook may see of one event.
struct View<'a> {
    survey: Option<Arc<Survey>>,
    includes_pii: bool,
    facts: &'a Facts,
}

impl View<'_> {
    fn data(&self, event: &EventRow, session: Option<&SessionRow>) -> Map<String, Json> {
        let mut data = Map::new();
        let mut put = |name: &str, value: Json| data.insert(name.to_owned(), value);
        put("eventId", json!(event.id));
        put("sequence", json!(session.map(|_| event.sequence)));
        put("sessionId", json!(event.session_id));
        put("surveyId", json!(session.map(|session| &session.survey_id)));
        put("clientReference", json!(session.and_then(|session| session.client_reference.as_ref())));
        let own: Map<String, Json> = serde_json::from_str(&event.data).unwrap_or_default();
        let named = |name: &str| own.get(name).and_then(Json::as_str);
        let of_message = || named("messageId").and_then(|id| self.facts.phones.get(id));
        let of_consent = || named("ledgerId").and_then(|id| self.facts.phones.get(id));
        let phone = session.map(|session| &session.phone).or_else(of_message).or_else(of_consent);
        put("identifier", json!(phone.and_then(|phone| self.phone(phone))));
        put("isTest", json!(session.is_some_and(|session| session.is_test)));
        if names_answer(event) {
            self.put_answer(&mut data, event, &own);
        } else if is_completion(event) {
            let answers = self.answers_of(event).filter(|row| self.shows(&row.element_id));
            let answers: Vec<Json> = answers.map(|row| Json::Object(self.answer(row))).collect();
            data.insert("answers".to_owned(), json!(answers));
        }
        // What an operator wrote about a correction may say anything.
        let is_note = |name: &str| event.kind == EventKind::AnswerChanged.as_str() && name == "reason";
        for (name, value) in own.into_iter().filter(|(name, _)| !is_note(name)) {
            data.entry(name).or_insert(value);
        }
        data
    }

    /// The answer that an event names; without its value if the webhook may not see it.
    fn put_answer(&self, data: &mut Map<String, Json>, event: &EventRow, own: &Map<String, Json>) {
        let element_id = own.get("elementId").and_then(Json::as_str).unwrap_or_default();
        let visit = own.get("visit").and_then(Json::as_i64);
        let is_it = |row: &&AnswerRow| row.element_id == element_id && Some(i64::from(row.visit)) == visit;
        if let Some(row) = self.answers_of(event).find(is_it) {
            data.extend(self.answer(row));
        }
    }

    fn answers_of<'f>(&'f self, event: &'f EventRow) -> impl Iterator<Item = &'f AnswerRow> {
        let rows = event.session_id.as_ref().and_then(|id| self.facts.answers.get(id));
        rows.into_iter().flatten()
    }

    fn answer(&self, row: &AnswerRow) -> Map<String, Json> {
        let shows = self.shows(&row.element_id);
        let element = self.survey.as_ref().and_then(|survey| survey.element(&row.element_id));
        let options = element.map_or(&[][..], |element| element.kind.options());
        let value = row.value.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let value = value.filter(|_| shows).map(|value| value.plain(options));
        let is_list = row.element_type == "multiple_choice";
        let text = |stored: &Option<String>| match stored.as_deref().filter(|_| shows) {
            None => Json::Null,
            Some(text) if is_list => serde_json::from_str(text).unwrap_or_default(),
            Some(text) => json!(text),
        };
        let comment = row.comment.as_ref().filter(|_| shows);
        let members = [
            ("elementId", json!(row.element_id)),
            ("elementType", json!(row.element_type)),
            ("visit", json!(row.visit)),
            ("state", json!(row.state)),
            ("value", json!(value)),
            ("code", text(&row.code)),
            ("label", text(&row.label)),
            ("comment", json!(comment)),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whether the webhook may see what was answered to an element; one that is not known counts as marked `pii`.
    fn shows(&self, element_id: &str) -> bool {
        let element = self.survey.as_ref().and_then(|survey| survey.element(element_id));
        self.includes_pii || element.is_some_and(|element| !element.pii)
    }

    /// A phone as the webhook may see it; none when it was erased.
    fn phone(&self, stored: &str) -> Option<String> {
        let phone = Some(stored).filter(|stored| stored.starts_with('+'))?;
        Some(if self.includes_pii { phone.to_owned() } else { phone::mask(phone) })
    }
}
