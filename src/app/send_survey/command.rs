//! The SendSurvey command (P08–P37): what the edge has understood of a call, valid in itself. Whether the
//! survey, the channel and the recipient allow it is decided by the use case, never here.

use std::fmt;

use crate::clock::Timestamp;
use crate::phone::Phone;

pub use crate::survey::{IfOpenSession, Language, Variables};

/// Days a session may stay open, and days a start may be put off (P14, A91).
pub const DAYS_AHEAD_MAX: i64 = 30;

/// One call, all properties read and checked. `Debug` shows neither texts nor the values of variables.
#[derive(Clone, PartialEq, Eq)]
pub struct SendSurvey {
    /// Slug or UUID of the survey (P09), a UUID in lower case.
    pub survey: String,
    /// The end user's mobile (P27).
    pub identifier: Phone,
    /// The caller's own id, 1 to 255 characters; part of the duplicate triple (P13, A03).
    pub client_reference: Option<String>,
    /// When the session is to end; `None` = the survey's default (P10). After `now`, at most 30 days ahead.
    pub expiry: Option<Timestamp>,
    /// One of the supported languages; `None` = customer's, else the survey's default (P32).
    pub language: Option<Language>,
    /// Goes in front of the first SMS, literally; never blank (P31). Its length is not checked yet (P30).
    pub content: Option<String>,
    /// At most 64, known keys in their canonical spelling, unset values empty (P15–P25).
    pub variables: Variables,
    /// The sender channel asked for, a UUID in lower case.
    pub channel_id: Option<String>,
    /// What an open session means for this call; `None` = as the survey says (A23).
    pub if_open_session: Option<IfOpenSession>,
    /// When to start, after `now` and at most 30 days ahead (A91); `None` = at once.
    pub send_at: Option<Timestamp>,
    /// Left out of reports (A89).
    pub is_test: bool,
    /// SHA-256 in hex over the body's content, blind to white space; tells a duplicate that differs (A03).
    pub body_fingerprint: String,
}

impl SendSurvey {
    /// A call that says nothing but which survey, and whom it shall reach.
    #[must_use]
    pub fn of(survey: &str, identifier: Phone) -> Self {
        Self {
            survey: survey.to_owned(),
            identifier,
            client_reference: None,
            expiry: None,
            language: None,
            content: None,
            variables: Variables::default(),
            channel_id: None,
            if_open_session: None,
            send_at: None,
            is_test: false,
            body_fingerprint: String::new(),
        }
    }
}

/// What has been understood of a call that may still have faults: enough to look for those that need the survey
/// or the channel.
#[derive(Clone, Default)]
pub struct Draft {
    /// The end user's mobile.
    pub identifier: Option<Phone>,
    /// The channel asked for.
    pub channel_id: Option<String>,
    /// The language asked for.
    pub language: Option<Language>,
    /// What goes in front of the first SMS.
    pub content: Option<String>,
    /// The caller's variables.
    pub variables: Variables,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("identifier", &self.identifier).finish_non_exhaustive()
    }
}

impl fmt::Debug for SendSurvey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.variables.iter().map(|(key, _)| key).collect();
        f.debug_struct("SendSurvey")
            .field("survey", &self.survey)
            .field("identifier", &self.identifier)
            .field("client_reference", &self.client_reference)
            .field("expiry", &self.expiry)
            .field("language", &self.language)
            .field("content_chars", &self.content.as_ref().map(|text| text.chars().count()))
            .field("variable_keys", &keys)
            .field("channel_id", &self.channel_id)
            .field("if_open_session", &self.if_open_session)
            .field("send_at", &self.send_at)
            .field("is_test", &self.is_test)
            .field("body_fingerprint", &self.body_fingerprint)
            .finish()
    }
}
