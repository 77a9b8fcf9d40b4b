//! [`Lookup`]: how a gateway is asked by our reference what became of a message (RE19 b, gateways.md 2.1). Its answer
//! is read as a delivery report is.

use super::decode::{Charset, Decode};
use super::model::{ReportFields, RequestRules};
use crate::gateway::http::Answer;
use crate::gateway::item::{Report, ReportState};

/// How a gateway is asked.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// What it is called with; of the message it holds our reference and nothing else.
    pub request: RequestRules,
    /// How its answer is read.
    pub answer: LookupAnswer,
}

/// How the answer of a lookup is read.
#[derive(Clone, Debug)]
pub struct LookupAnswer {
    /// How its body is read.
    pub decode: Decode,
    /// Where the fields stand. The reference, if it is there, must be ours; the id is kept for reports to come.
    pub report: ReportFields,
}

impl LookupAnswer {
    /// What an answer says of the message with this reference; `None` = nothing that we understand, or nothing new.
    #[must_use]
    pub fn read(&self, answer: &Answer, client_ref: &str) -> Option<Report> {
        let bytes = answer.body.as_ref().ok()?;
        let document = self.decode.read(bytes, "", answer.content_type.as_deref()).ok()?;
        let no_query = Vec::new();
        let item = document.item(&no_query, self.decode.names, Charset::UTF_8);
        let report = self.report.report(&item).ok()?;
        let is_ours = report.our_ref.as_deref().is_none_or(|named| named == client_ref);
        let says_something = match report.state {
            ReportState::Accepted
            | ReportState::Delivered
            | ReportState::Undelivered
            | ReportState::Expired
            | ReportState::Rejected => true,
            ReportState::Ignored | ReportState::Unmapped => false,
        };
        (is_ours && says_something).then(|| Report { our_ref: Some(client_ref.to_owned()), ..report })
    }
}
