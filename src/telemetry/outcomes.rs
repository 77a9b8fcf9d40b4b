//! The fixed words that metrics are labelled with. Counts nothing.

/// What became of an inbound SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundOutcome {
    /// Answer, append or re-ask.
    Applied,
    /// STOP, START, HELP.
    Keyword,
    /// Belonged to no current question.
    Extra,
    /// Came after the session's end.
    Late,
    /// Belonged to no session.
    Unmatched,
    /// Went to a conversation.
    Conversation,
    /// Muted, a reaction or an automatic reply.
    Ignored,
    /// A dead letter.
    Dead,
    /// Seen before.
    Duplicate,
    /// Not authentic.
    Forged,
}

impl InboundOutcome {
    /// The label's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Keyword => "keyword",
            Self::Extra => "extra",
            Self::Late => "late",
            Self::Unmatched => "unmatched",
            Self::Conversation => "conversation",
            Self::Ignored => "ignored",
            Self::Dead => "dead",
            Self::Duplicate => "duplicate",
            Self::Forged => "forged",
        }
    }
}

/// What started a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnKind {
    /// An inbound SMS.
    Reply,
    /// A delivery report.
    Status,
    /// Expiry or reminder.
    Timer,
    /// A SendSurvey call.
    SendSurvey,
}

impl TurnKind {
    /// The label's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Status => "status",
            Self::Timer => "timer",
            Self::SendSurvey => "send_survey",
        }
    }
}

/// How a SendSurvey call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendSurveyOutcome {
    /// A session was made.
    Created,
    /// The first session was given back (A03).
    Duplicate,
    /// 400, 404 or 422.
    Invalid,
    /// 409 or 429.
    Refused,
}

impl SendSurveyOutcome {
    /// The label's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
        }
    }
}
