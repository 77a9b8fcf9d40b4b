//! The properties of a SendSurvey call, one rule each (http-api.md 2.2). Faults and warnings are gathered in the
//! order of the body; what is missing comes last.

use actix_web::web::Query;
use sha2::{Digest, Sha256};

use super::super::json::Json;
use super::super::pointer;
use super::super::problem::FaultCode;
use super::notes::Notes;
use super::times;
use super::{Accepted, Reading, Rules, variables};
use crate::app::send_survey::{Draft, IfOpenSession, Language, SendSurvey, Variables};
use crate::clock::Timestamp;
use crate::hex;
use crate::phone::Phone;

/// The properties, in the spelling of the specification.
const KNOWN: [(&str, Property); 13] = [
    ("surveyId", Property::SurveyId),
    ("identifier", Property::Identifier),
    ("identifierType", Property::IdentifierType),
    ("channel", Property::Channel),
    ("clientReference", Property::ClientReference),
    ("expiryTime", Property::ExpiryTime),
    ("language", Property::Language),
    ("content", Property::Content),
    ("userSessionVariables", Property::Variables),
    ("channelId", Property::ChannelId),
    ("ifOpenSession", Property::IfOpenSession),
    ("sendAt", Property::SendAt),
    ("isTest", Property::IsTest),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Property {
    SurveyId,
    Identifier,
    IdentifierType,
    Channel,
    ClientReference,
    ExpiryTime,
    Language,
    Content,
    Variables,
    ChannelId,
    IfOpenSession,
    SendAt,
    IsTest,
}

/// The call as far as it has been read.
pub(super) struct Properties<'a> {
    pub(super) rules: Rules<'a>,
    pub(super) notes: Notes,
    seen: Vec<Property>,
    given: Vec<Property>,
    pub(super) surveys: Vec<String>,
    pub(super) survey_refused: bool,
    pub(super) identifier: Option<Phone>,
    pub(super) identifier_place: String,
    pub(super) client_reference: Option<String>,
    pub(super) expiry: Option<(String, Timestamp)>,
    pub(super) language: Option<Language>,
    pub(super) content: Option<String>,
    pub(super) content_place: String,
    pub(super) variables: Variables,
    pub(super) channel_id: Option<String>,
    pub(super) if_open_session: Option<IfOpenSession>,
    pub(super) send_at: Option<Timestamp>,
    pub(super) is_test: bool,
    pub(super) dry_run: Option<bool>,
}

impl<'a> Properties<'a> {
    pub(super) fn new(rules: Rules<'a>) -> Self {
        Self {
            rules,
            notes: Notes::default(),
            seen: Vec::new(),
            given: Vec::new(),
            surveys: Vec::new(),
            survey_refused: false,
            identifier: None,
            identifier_place: String::new(),
            client_reference: None,
            expiry: None,
            language: None,
            content: None,
            content_place: String::new(),
            variables: Variables::default(),
            channel_id: None,
            if_open_session: None,
            send_at: None,
            is_test: false,
            dry_run: None,
        }
    }

    /// The survey named in the path and the parameters of the query.
    pub(super) fn read_address(&mut self, path_survey: Option<&str>, query: &str) {
        if let Some(survey) = path_survey {
            self.survey("", survey);
        }
        let Ok(Query(parameters)) = Query::<Vec<(String, String)>>::from_query(query) else {
            self.notes.fault("?", FaultCode::InvalidParam, "the query cannot be read");
            return;
        };
        for (name, value) in parameters {
            let place = format!("?{name}");
            if name.eq_ignore_ascii_case("surveyId") {
                self.survey(&place, &value);
            } else if name.eq_ignore_ascii_case("dryRun") {
                self.read_dry_run(place, &value);
            } else {
                self.notes.unknown_property(place);
            }
        }
    }

    fn read_dry_run(&mut self, place: String, value: &str) {
        let read = match value {
            "true" => true,
            "false" => false,
            _ => {
                self.notes.fault(&place, FaultCode::InvalidParam, "use true or false");
                return;
            }
        };
        if self.dry_run.replace(read).is_some() {
            self.notes.duplicate_param(place);
        }
    }

    /// All properties of the body, in its order.
    pub(super) fn read_body(&mut self, body: &Json) {
        let Json::Object(pairs) = body else {
            let detail = format!("the body is {}, not an object", body.kind());
            self.notes.fault("", FaultCode::InvalidParam, detail);
            return;
        };
        for (name, value) in pairs {
            let place = pointer::below("", name);
            let known = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let Some((_, property)) = known else {
                self.notes.unknown_property(place);
                continue;
            };
            if self.seen.contains(property) {
                self.notes.duplicate_param(place);
                continue;
            }
            self.seen.push(*property);
            if *value != Json::Null {
                self.given.push(*property);
                self.read_property(*property, value, &place);
            }
        }
    }

    fn read_property(&mut self, property: Property, value: &Json, place: &str) {
        match property {
            Property::SurveyId => match self.text(value, place, FaultCode::InvalidParam) {
                Some(survey) => self.survey(place, survey),
                None => self.survey_refused = true,
            },
            Property::Identifier => self.read_identifier(value, place),
            Property::IdentifierType => {
                self.read_constant(value, place, "Phone", FaultCode::UnsupportedIdentifierType);
            }
            Property::Channel => self.read_constant(value, place, "SMS", FaultCode::UnsupportedChannel),
            Property::ClientReference => self.read_client_reference(value, place),
            Property::ExpiryTime => self.read_expiry(value, place),
            Property::Language => self.read_language(value, place),
            Property::Content => self.read_content(value, place),
            Property::Variables => self.variables = variables::read(value, place, &mut self.notes),
            Property::ChannelId => self.read_channel_id(value, place),
            Property::IfOpenSession => self.read_if_open_session(value, place),
            Property::SendAt => self.read_send_at(value, place),
            Property::IsTest => self.read_is_test(value, place),
        }
    }

    /// What is missing, what does not fit together, and the result.
    pub(super) fn conclude(mut self, body: &Json) -> Reading {
        let given = |property| self.given.contains(&property);
        if self.surveys.is_empty() && !self.survey_refused {
            let detail = "name the survey in the path, the query or the body";
            self.notes.fault("/surveyId", FaultCode::MissingParam, detail);
        }
        if !given(Property::Identifier) && matches!(body, Json::Object(_)) {
            let detail = "the end user's mobile number is needed";
            self.notes.fault("/identifier", FaultCode::MissingParam, detail);
        }
        if !given(Property::IdentifierType) {
            self.notes.defaulted("/identifierType", "Phone");
        }
        if !given(Property::Channel) {
            self.notes.defaulted("/channel", "SMS");
        }
        if let (Some((place, expiry)), Some(send_at)) = (&self.expiry, self.send_at)
            && *expiry <= send_at
        {
            let detail = format!("{} is not after sendAt", times::shown(*expiry));
            self.notes.fault(place, FaultCode::InvalidExpiryTime, detail);
        }
        let survey = self.single_survey();
        let draft = Draft {
            identifier: self.identifier.clone(),
            channel_id: self.channel_id.clone(),
            language: self.language.clone(),
            content: self.content.clone(),
            variables: self.variables.clone(),
        };
        let (identifier_place, content_place) = (self.identifier_place, self.content_place);
        let outcome = match (&survey, self.identifier) {
            (Some(survey), Some(identifier)) if self.notes.faults.is_empty() => Ok(Accepted {
                command: SendSurvey {
                    survey: survey.clone(),
                    identifier,
                    client_reference: self.client_reference,
                    expiry: self.expiry.map(|(_, expiry)| expiry),
                    language: self.language,
                    content: self.content,
                    variables: self.variables,
                    channel_id: self.channel_id,
                    if_open_session: self.if_open_session,
                    send_at: self.send_at,
                    is_test: self.is_test,
                    body_fingerprint: hex::encode(&Sha256::digest(body.to_string())),
                },
                dry_run: self.dry_run.unwrap_or(false),
                warnings: self.notes.warnings,
            }),
            (Some(_) | None, Some(_) | None) => Err(self.notes.faults),
        };
        Reading { survey, draft, identifier_place, content_place, outcome }
    }

    /// The survey, if all places that name one name the same.
    fn single_survey(&self) -> Option<String> {
        let first = self.surveys.first()?;
        self.surveys.iter().all(|survey| survey == first).then(|| first.clone())
    }
}
