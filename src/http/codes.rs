//! The closed registry of what an answer can say: problem codes with their status, fault codes and item codes
//! (http-api.md 1.7). Warnings are listed in [`crate::app::warning`]. Nothing else may appear on the wire,
//! except the codes of the survey checker.

use actix_web::http::StatusCode;

use crate::closed_list::closed_list;

closed_list! {
    /// What went wrong with a whole request: `code` of a problem, with its title.
    pub enum ProblemCode {
        InvalidJson = "invalid_json": "The body is not valid JSON",
        InvalidBody = "invalid_body": "The body cannot be read",
        Unauthenticated = "unauthenticated": "A valid API key is needed",
        InsufficientScope = "insufficient_scope": "The API key does not allow this",
        RouteNotFound = "route_not_found": "There is no such route",
        SurveyNotFound = "survey_not_found": "There is no such survey",
        SessionNotFound = "session_not_found": "There is no such session",
        MessageNotFound = "message_not_found": "There is no such message",
        ChannelNotFound = "channel_not_found": "There is no such channel",
        GatewayNotFound = "gateway_not_found": "There is no such gateway",
        CustomerNotFound = "customer_not_found": "There is no such customer",
        ConsentNotFound = "consent_not_found": "There is no consent on record for this phone",
        TriggerNotFound = "trigger_not_found": "There is no such trigger",
        TemplateNotFound = "template_not_found": "There is no such template",
        HandoffNotFound = "handoff_not_found": "There is no such handoff",
        AudienceNotFound = "audience_not_found": "There is no such audience",
        CampaignNotFound = "campaign_not_found": "There is no such campaign",
        RecipientNotFound = "recipient_not_found": "There is no such recipient",
        ConversationNotFound = "conversation_not_found": "There is no such conversation",
        ExportNotFound = "export_not_found": "There is no such export",
        ImportNotFound = "import_not_found": "There is no such import",
        WebhookNotFound = "webhook_not_found": "There is no such webhook",
        InboundNotFound = "inbound_not_found": "There is no such inbound message",
        KeyNotFound = "key_not_found": "There is no such API key",
        MethodNotAllowed = "method_not_allowed": "The route does not know this method",
        SurveyNotActive = "survey_not_active": "The survey is not active",
        ChannelNotConfigured = "channel_not_configured": "No enabled channel can send this",
        RecipientOptedOut = "recipient_opted_out": "The recipient has opted out",
        ConsentMissing = "consent_missing": "The recipient has not given consent",
        OpenSessionExists = "open_session_exists": "A session is open for this phone",
        Quarantined = "quarantined": "This phone got the survey recently",
        InvalidStateTransition = "invalid_state_transition": "The current state does not allow this",
        TemplateNameTaken = "template_name_taken": "Another template has this name",
        SurveyIdTaken = "survey_id_taken": "Another survey has this id",
        ChannelKindFixed = "channel_kind_fixed": "The kind of a channel cannot change",
        IdempotencyInProgress = "idempotency_in_progress": "The first request with this key is still running",
        RevisionChanged = "revision_changed": "The survey has changed since it was read",
        PayloadTooLarge = "payload_too_large": "The body is too large",
        UnsupportedMediaType = "unsupported_media_type": "The media type or encoding of the body is not supported",
        ValidationFailed = "validation_failed": "The request has faults",
        SurveyInvalid = "survey_invalid": "The survey has faults",
        IdempotencyKeyReused = "idempotency_key_reused": "This key was used for another request",
        RateLimited = "rate_limited": "Too many requests",
        OutboxFull = "outbox_full": "Too many messages wait to be sent",
        InternalError = "internal_error": "A fault on our side",
        Unavailable = "unavailable": "The service cannot take requests now",
    }
}

impl ProblemCode {
    /// HTTP status (http-api.md 1.6).
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidJson | Self::InvalidBody => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::RouteNotFound
            | Self::SurveyNotFound
            | Self::SessionNotFound
            | Self::MessageNotFound
            | Self::ChannelNotFound
            | Self::GatewayNotFound
            | Self::CustomerNotFound
            | Self::ConsentNotFound
            | Self::TriggerNotFound
            | Self::TemplateNotFound
            | Self::HandoffNotFound
            | Self::AudienceNotFound
            | Self::CampaignNotFound
            | Self::RecipientNotFound
            | Self::ConversationNotFound
            | Self::ExportNotFound
            | Self::ImportNotFound
            | Self::WebhookNotFound
            | Self::InboundNotFound
            | Self::KeyNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::SurveyNotActive
            | Self::ChannelNotConfigured
            | Self::RecipientOptedOut
            | Self::ConsentMissing
            | Self::OpenSessionExists
            | Self::Quarantined
            | Self::InvalidStateTransition
            | Self::TemplateNameTaken
            | Self::SurveyIdTaken
            | Self::ChannelKindFixed
            | Self::IdempotencyInProgress => StatusCode::CONFLICT,
            Self::RevisionChanged => StatusCode::PRECONDITION_FAILED,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ValidationFailed | Self::SurveyInvalid | Self::IdempotencyKeyReused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::RateLimited | Self::OutboxFull => StatusCode::TOO_MANY_REQUESTS,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

closed_list! {
    /// What is wrong with one property: `errors[].code`.
    pub enum FaultCode {
        MissingParam = "missing_param": "a required property is missing",
        InvalidParam = "invalid_param": "the value does not fit the property",
        DuplicateParam = "duplicate_param": "the same property came twice",
        UnknownParam = "unknown_param": "there is no such property",
        InvalidIdentifier = "invalid_identifier": "not a valid E.164 number",
        IdentifierNotMobile = "identifier_not_mobile": "the number is no mobile",
        CountryNotAllowed = "country_not_allowed": "the channel does not send to this country",
        UnexpandedPlaceholder = "unexpanded_placeholder": "an IVR placeholder arrived unexpanded",
        UnsupportedIdentifierType = "unsupported_identifier_type": "identifierType must be Phone",
        UnsupportedChannel = "unsupported_channel": "channel must be SMS",
        UnsupportedLanguage = "unsupported_language": "the language is not supported",
        InvalidExpiryTime = "invalid_expiry_time": "the time cannot be read",
        ExpiryInPast = "expiry_in_past": "the time is not after now",
        ExpiryTooFar = "expiry_too_far": "the time is more than 30 days ahead",
        ContentTooLong = "content_too_long": "the first SMS would have more than 6 parts",
        InvalidUserSessionVariables = "invalid_user_session_variables": "a variable does not have the right shape or size",
        ConflictingSurveyId = "conflicting_survey_id": "two different surveys were named",
        InvalidPhoneNumber = "invalid_phone_number": "not a valid phone number",
        ConsentRequired = "consent_required": "consent must be given",
        BatchTooLarge = "batch_too_large": "too many items",
        SenderCannotReceive = "sender_cannot_receive": "an alphanumeric sender cannot receive replies",
        VerifierRequired = "verifier_required": "the gateway has no verifier",
        TemplateSyntax = "template_syntax": "the template cannot be read",
        CtaAndQuickReplies = "cta_and_quick_replies": "a link and quick replies exclude each other",
        UnmappedVariable = "unmapped_variable": "a variable of the template has no value",
        UnknownField = "unknown_field": "there is no such field",
        UnknownSkill = "unknown_skill": "there is no such skill",
        NoRecipients = "no_recipients": "nobody would receive this",
        TooManyRecipients = "too_many_recipients": "too many recipients",
        AudienceTooLarge = "audience_too_large": "the audience is too large",
        InvalidQuery = "invalid_query": "the query cannot be read",
        InvalidLookbackPeriod = "invalid_lookback_period": "the look-back period is out of range",
        ExportTooLarge = "export_too_large": "too many rows to answer at once; use a job",
    }
}

closed_list! {
    /// What became of one item of a batch or one recipient, beside the fault codes.
    pub enum ItemCode {
        DuplicateNumber = "duplicate_number": "the number came twice",
        MissingVariable = "missing_variable": "a variable has no value",
        OpenSessionExists = "open_session_exists": "a session is open for this phone",
        OptedOut = "opted_out": "the recipient has opted out",
        Blackout = "blackout": "the recipient was written to recently",
        Flooded = "flooded": "the recipient got too many messages",
        DuplicateSuppressed = "duplicate_suppressed": "the same message was sent recently",
    }
}
