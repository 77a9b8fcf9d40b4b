//! The fixed words that metrics are labelled with. Counts nothing.

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

/// Something a person should look at; it is logged as an error too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    /// A gateway refuses our credentials or is silent: its circuit has opened (RF10).
    GatewayDegraded,
    /// A webhook takes no more calls and was disabled (RE35).
    WebhookDisabled,
    /// A phone answers like a machine (GW85).
    PhoneMuted,
    /// A key or a channel has started all surveys it may in a day (GW88).
    BudgetUsedUp,
}

impl Incident {
    /// The label's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GatewayDegraded => "gateway_degraded",
            Self::WebhookDisabled => "webhook_disabled",
            Self::PhoneMuted => "phone_muted",
            Self::BudgetUsedUp => "budget_used_up",
        }
    }
}
