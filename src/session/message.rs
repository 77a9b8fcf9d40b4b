//! [`MessageState`] of an outbound SMS with its legal transitions (http-api.md 13.3), its [`MessageClass`] and
//! [`Receipt`]. Never decides when to move, only whether a move is allowed.

/// State of a message in the outbox (RE6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// Waits for its time.
    Due,
    /// Claimed by a dispatcher under a lease.
    Sending,
    /// The gateway took it, or a reply proves it.
    Accepted,
    /// A delivery report proves delivery. Final.
    Delivered,
    /// Refused for good, tries used up, or reported undelivered.
    Failed,
    /// The gateway may or may not have taken it (A82).
    Unknown,
    /// Waits for an operator or an outside event.
    Held,
    /// Its time to live passed before a send started.
    Expired,
    /// Session ended, opted out, or cancelled by API.
    Cancelled,
}

impl MessageState {
    /// All states, in the order of http-api.md 13.3.
    pub const ALL: [Self; 9] = [
        Self::Due,
        Self::Sending,
        Self::Accepted,
        Self::Delivered,
        Self::Failed,
        Self::Unknown,
        Self::Held,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The word used in JSON and SQL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Held => "held",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether http-api.md 13.3 lists this transition.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Due => {
                matches!(next, Self::Due | Self::Sending | Self::Held | Self::Expired | Self::Cancelled)
            }
            Self::Sending => {
                matches!(next, Self::Accepted | Self::Due | Self::Failed | Self::Unknown | Self::Held)
                    || next == Self::Delivered
            }
            Self::Unknown => {
                matches!(next, Self::Accepted | Self::Delivered | Self::Failed | Self::Due | Self::Held)
            }
            Self::Held => matches!(
                next,
                Self::Due | Self::Expired | Self::Cancelled | Self::Accepted | Self::Delivered | Self::Failed
            ),
            Self::Accepted => matches!(next, Self::Delivered | Self::Failed),
            Self::Failed => next == Self::Delivered,
            Self::Delivered | Self::Expired | Self::Cancelled => false,
        }
    }
}

/// Whether a message may be repeated after an ambiguous send (A82).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageClass {
    /// Asks a question: re-sent once, flagged `possibleDuplicate`.
    Question,
    /// Everything else: never re-sent.
    Notice,
}

impl MessageClass {
    /// Both classes.
    pub const ALL: [Self; 2] = [Self::Question, Self::Notice];

    /// The word used in JSON and SQL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Notice => "notice",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

/// What delivery reports said last (http-api.md 13.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Receipt {
    /// Proven delivered.
    Delivered,
    /// Reported undelivered.
    Undelivered,
    /// The network gave up.
    Expired,
    /// The network refused it.
    Rejected,
    /// No report within 72 h (A76).
    NoReceipt,
}

impl Receipt {
    /// All receipts.
    pub const ALL: [Self; 5] =
        [Self::Delivered, Self::Undelivered, Self::Expired, Self::Rejected, Self::NoReceipt];

    /// The word used in JSON and SQL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::NoReceipt => "no_receipt",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|receipt| receipt.as_str() == word)
    }
}

/// What became of an inbound SMS (http-api.md section 12, RE1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Answer, appended fragment or re-ask.
    Applied,
    /// STOP, START or HELP.
    Keyword,
    /// Received before the current question's send began.
    Extra,
    /// Received after the session's end.
    Late,
    /// Belongs to no session.
    Unmatched,
    /// Belongs to a conversation outside surveys.
    Conversation,
    /// Muted, reaction, automatic reply, opted out.
    Ignored,
    /// The turn faulted or the text could not be parsed.
    Dead,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 8] = [
        Self::Applied,
        Self::Keyword,
        Self::Extra,
        Self::Late,
        Self::Unmatched,
        Self::Conversation,
        Self::Ignored,
        Self::Dead,
    ];

    /// The word used in JSON, SQL and metrics.
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
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}
