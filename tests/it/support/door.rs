//! The front door: what a caller and a gateway see of the server. Every test goes through here, so that the way
//! in is written once.

use antiphon::app::engine::Engine;
use antiphon::app::receive_message::{InboundMessage, ReceiveMessage, Received};
use antiphon::app::receive_status::{ReceiveStatus, StatusReport};
use antiphon::app::send_survey::{self, Refusal, SendSurveyTurn, Sent, Unprepared};
use antiphon::gateway::ReportState;
use antiphon::http::send_survey::{Call, Rules, read};
use antiphon::phone::PhoneRules;
use antiphon::store::{AnyConnection, StoreError, messages, sessions};
use antiphon::survey::Language;
use diesel::prelude::*;
use serde_json::{Value as Json, json};

/// An answer to a caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body; `null` when there is none.
    pub body: Json,
}

impl Answer {
    fn new(status: u16, body: Json) -> Self {
        Self { status, body }
    }

    fn problem(status: u16, code: &str) -> Self {
        Self::new(status, json!({"code": code}))
    }

    /// The session's id, after a success.
    pub fn session_id(&self) -> String {
        assert!(matches!(self.status, 200 | 201), "{self:?}");
        self.body["id"].as_str().unwrap().to_owned()
    }

    /// The problem's code.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

pub async fn send_survey(engine: &Engine, survey: &str, body: &Json) -> Answer {
    let now = engine.clock.now();
    let phones = PhoneRules::default();
    let languages = [Language::en(), Language::no()];
    let rules = Rules {
        now,
        default_timezone: engine.settings.default_timezone,
        languages: &languages,
        phones: &phones,
    };
    let body = body.to_string();
    let Ok(reading) = read(Call { path_survey: Some(survey), query: "", body: body.as_bytes() }, rules) else {
        return Answer::problem(400, "invalid_json");
    };
    let draft = reading.draft.clone();
    let accepted = match reading.finish() {
        Ok(accepted) => accepted,
        Err(faults) => return Answer::new(422, json!({"code": "validation_failed", "detail": format!("{faults:?}")})),
    };
    let faults = match engine.library.find(survey) {
        Some(row) => send_survey::faults(engine, &row.id, &draft, now),
        None => Vec::new(),
    };
    let prepared = match send_survey::prepare(engine, accepted.command, now) {
        Ok(prepared) => prepared,
        Err(Unprepared::SurveyNotActive) => return Answer::problem(409, "survey_not_active"),
        Err(_) => return Answer::problem(404, "survey_not_found"),
    };
    if !faults.is_empty() {
        return Answer::new(422, json!({"code": "validation_failed", "detail": format!("{faults:?}")}));
    }
    let turn = SendSurveyTurn { engine: engine.clone(), prepared, idempotent: None };
    match engine.store.write(turn).await.unwrap() {
        Sent::Created(created) => Answer::new(201, json!({"id": created.session.id, "duplicate": false})),
        Sent::Duplicate { session_id, .. } => Answer::new(200, json!({"id": session_id, "duplicate": true})),
        Sent::Replayed(_) => Answer::new(201, Json::Null),
        Sent::Refused(refusal) => Answer::problem(409, refusal_code(&refusal)),
    }
}

fn refusal_code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::SurveyNotActive => "survey_not_active",
        Refusal::ChannelNotConfigured => "channel_not_configured",
        Refusal::RecipientOptedOut => "recipient_opted_out",
        Refusal::ConsentMissing => "consent_missing",
        Refusal::Quarantined { .. } => "quarantined",
        Refusal::OpenSessionExists { .. } => "open_session_exists",
    }
}

pub async fn receive(engine: &Engine, message: InboundMessage) -> Received {
    engine.store.write(ReceiveMessage::new(engine, message)).await.unwrap()
}

pub async fn report(engine: &Engine, gateway: &str, external_id: &str, state: &str) {
    let report = StatusReport {
        gateway: gateway.to_owned(),
        client_ref: None,
        external_id: Some(external_id.to_owned()),
        state: ReportState::parse(state),
        code: None,
        reason: None,
    };
    engine.store.write(ReceiveStatus { engine: engine.clone(), report }).await.unwrap();
}

/// A session as `GET /v1/sessions/{id}?expand=answers,messages` shows it.
pub fn session(connection: &mut AnyConnection, id: &str) -> Result<Json, StoreError> {
    use antiphon::store::answers::AnswerRow;
    use antiphon::store::schema::answers;
    let row = sessions::find(connection, id)?.unwrap();
    let found: Vec<AnswerRow> =
        answers::table.filter(answers::session_id.eq(id)).order(answers::seq).load(connection)?;
    let sent = messages::of_session(connection, id)?;
    Ok(json!({
        "id": row.id,
        "status": row.status.as_str(),
        "statusReason": row.status_reason,
        "currentElementId": row.current_element_id,
        "smsSession": row.sms_session,
        "clientReference": row.client_reference,
        "answers": found.iter().map(answer).collect::<Vec<_>>(),
        "messages": sent.iter().map(|message| json!({
            "id": message.id, "sequence": message.seq, "elementId": message.element_id, "text": message.body,
            "state": message.state.as_str(), "stateReason": message.state_reason, "attempts": message.attempts,
            "possibleDuplicate": message.possible_duplicate, "class": message.class.as_str(),
            "receipt": message.receipt.map(antiphon::session::Receipt::as_str),
        })).collect::<Vec<_>>(),
    }))
}

fn answer(row: &antiphon::store::answers::AnswerRow) -> Json {
    let parsed = |text: &Option<String>| {
        text.as_deref().map(|text| serde_json::from_str(text).unwrap_or_else(|_| json!(text)))
    };
    let index: Option<Json> = parsed(&row.position);
    let code: Option<Json> = parsed(&row.code);
    let label: Option<Json> = parsed(&row.label);
    let stored: Option<antiphon::survey::Value> =
        row.value.as_deref().map(|text| serde_json::from_str(text).unwrap());
    json!({
        "elementId": row.element_id, "visit": row.visit, "state": row.state,
        "value": stored.map(|value| plain(&value, code.as_ref())),
        "index": index, "code": code, "label": label,
        "raw": row.raw, "comment": row.comment, "method": row.method, "attempts": row.attempts,
    })
}

/// A value as the API shows it: numbers, texts, codes.
pub fn plain(value: &antiphon::survey::Value, code: Option<&Json>) -> Json {
    use antiphon::survey::Value;
    match value {
        Value::Choice(_) | Value::Choices(_) => code.cloned().unwrap_or_default(),
        Value::Number(number) => serde_json::from_str(&number.to_string()).unwrap(),
        Value::YesNo(yes) => json!(if *yes { "yes" } else { "no" }),
        Value::Text(text) => json!(text),
        Value::Date(day) => json!(day.to_string()),
    }
}
