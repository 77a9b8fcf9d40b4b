//! [`Variable`]: what a profile may say about a message (gateways.md 2.2).

/// Something about the message that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// Recipient with `+`.
    To,
    /// Recipient without `+`.
    ToDigits,
    /// Sender, a suffix included.
    From,
    /// Sender without a `+` in front.
    FromDigits,
    /// `short_number`, `international` or `alphanumeric`.
    SenderType,
    /// The text.
    Text,
    /// `gsm7` or `ucs2`.
    Encoding,
    /// Number of SMS parts.
    Parts,
    /// Our `client_ref`.
    Ref,
    /// Our public status route with `ref=`; null without a public URL.
    StatusUrl,
    /// Seconds the message may still be delivered in.
    TtlSeconds,
    /// True if a gateway session is asked for, else null.
    SessionIsNew,
    /// The handle of the gateway session, else null.
    SessionHandle,
}

impl Variable {
    /// Every variable.
    pub const ALL: [Self; 13] = [
        Self::To,
        Self::ToDigits,
        Self::From,
        Self::FromDigits,
        Self::SenderType,
        Self::Text,
        Self::Encoding,
        Self::Parts,
        Self::Ref,
        Self::StatusUrl,
        Self::TtlSeconds,
        Self::SessionIsNew,
        Self::SessionHandle,
    ];

    /// The name, as it follows `$`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::To => "to",
            Self::ToDigits => "to_digits",
            Self::From => "from",
            Self::FromDigits => "from_digits",
            Self::SenderType => "sender_type",
            Self::Text => "text",
            Self::Encoding => "encoding",
            Self::Parts => "parts",
            Self::Ref => "ref",
            Self::StatusUrl => "status_url",
            Self::TtlSeconds => "ttl_seconds",
            Self::SessionIsNew => "session.is_new",
            Self::SessionHandle => "session.handle",
        }
    }

    /// The variable of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variable| variable.as_str() == name)
    }

    /// Every word it can have, if they are few: a `choose` must have a case for each.
    #[must_use]
    pub fn words(self) -> Option<&'static [&'static str]> {
        match self {
            Self::SenderType => Some(&["short_number", "international", "alphanumeric"]),
            Self::Encoding => Some(&["gsm7", "ucs2"]),
            Self::To
            | Self::ToDigits
            | Self::From
            | Self::FromDigits
            | Self::Text
            | Self::Parts
            | Self::Ref
            | Self::StatusUrl
            | Self::TtlSeconds
            | Self::SessionIsNew
            | Self::SessionHandle => None,
        }
    }

    /// Whether it can be null.
    #[must_use]
    pub fn is_nullable(self) -> bool {
        match self {
            Self::StatusUrl | Self::SessionIsNew | Self::SessionHandle => true,
            Self::To
            | Self::ToDigits
            | Self::From
            | Self::FromDigits
            | Self::SenderType
            | Self::Text
            | Self::Encoding
            | Self::Parts
            | Self::Ref
            | Self::TtlSeconds => false,
        }
    }
}
