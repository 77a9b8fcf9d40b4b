//! [`EventKind`]: every kind of fact that the product records and tells (http-api.md 11). Nothing else is recorded.

use crate::closed_list::closed_list;

closed_list! {
    /// A kind of fact.
    pub enum EventKind {
        SessionCreated = "session.created": "a session was made",
        SessionCompleted = "session.completed": "a session reached its completion; with all answers",
        SessionExpired = "session.expired": "the time of a session was over",
        SessionClosed = "session.closed": "a session ended otherwise, as its status says",
        SessionReminded = "session.reminded": "a person was reminded of a question",
        SessionMuted = "session.muted": "a session answers no more: the same text came again and again",
        SessionReleased = "session.released": "an operator let a halted session go on",
        AnswerRecorded = "answer.recorded": "an answer was registered",
        AnswerFlagged = "answer.flagged": "a rule set a tag on an answer",
        AnswerChanged = "answer.changed": "an answer was corrected or appended to",
        ReplyInvalid = "reply.invalid": "a reply did not fit its question",
        MessageAccepted = "message.accepted": "a gateway took an SMS",
        MessageDelivered = "message.delivered": "an SMS reached its phone",
        MessageFailed = "message.failed": "an SMS was refused for good",
        MessageUnknown = "message.unknown": "nobody knows whether a gateway took an SMS",
        MessageNotAttempted = "message.not_attempted": "an SMS was not sent at all, such as after a stop",
        ConsentUpdated = "consent.updated": "the consent of a phone changed",
        PhoneMuted = "phone.muted": "a phone answers like a machine and is muted",
        CustomerOnboarded = "customer.onboarded": "a customer was onboarded",
        CustomerDeactivated = "customer.deactivated": "a customer was deactivated",
        CampaignFinished = "campaign.finished": "a campaign ended",
        ConversationCreated = "conversation.created": "a conversation began",
        ConversationClosed = "conversation.closed": "a conversation ended",
        GatewayDegraded = "gateway.degraded": "a gateway refuses us or does not answer",
        WebhookDisabled = "webhook.disabled": "a webhook was disabled because it wants or takes no more calls",
        WebhookTest = "webhook.test": "an operator tried a webhook; told to that one alone",
    }
}

impl EventKind {
    /// The kind of this name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}
