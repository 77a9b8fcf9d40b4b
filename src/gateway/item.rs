//! What a callback of a gateway holds: SMS from people and delivery reports. Phones are plain text here: the app
//! parses them. Printing never shows a number or a text (O4).

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::phone::mask;

/// One message of a callback; a callback may hold many (A84).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackItem {
    /// An SMS from a person.
    Inbound(Inbound),
    /// A delivery report.
    Report(Report),
    /// Authentic but unreadable: kept as dead letter, answered 200 (GW3).
    Dead {
        /// What is wrong with it, without personal data.
        error: &'static str,
        /// The item as it came.
        raw: String,
    },
}

/// An SMS from a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The gateway's message id; `None` = dedupe by the weak key (RF18).
    pub id: Option<String>,
    /// Sender as it came.
    pub from: String,
    /// Receiving number as it came; opaque (GW55).
    pub to: String,
    /// Text as it came; may be empty (GW5).
    pub text: String,
    /// Handle of the gateway's session.
    pub session: Option<String>,
    /// The gateway's id of the SMS of ours that it answers, where the gateway knows (3.3).
    pub reply_to: Option<String>,
    /// What the gateway takes it for (GW64).
    pub intent: Option<Intent>,
    /// The gateway's time; kept, never used to order or to expire (GW6).
    pub provider_at: Option<DateTime<Utc>>,
    /// What was odd about it.
    pub flags: Vec<Flag>,
    /// Of which longer text it is a part, where the gateway does not join them (GW44).
    pub concat: Option<Concat>,
}

/// A part's place in a longer text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concat {
    reference: String,
    total: u8,
    part: u8,
    wait: Duration,
}

impl Concat {
    /// How long the first part waits for the others when a profile says nothing else.
    pub const WAIT: Duration = Duration::from_mins(1);

    /// Part `part`, counted from 1, of the `total` parts that the sender's phone calls `reference`; joined at the
    /// latest `wait` after the first of them came. `None` for a part that is none.
    #[must_use]
    pub fn new(reference: &str, total: u8, part: u8, wait: Duration) -> Option<Self> {
        let is_part = (1..=total).contains(&part) && !reference.is_empty();
        is_part.then(|| Self { reference: reference.to_owned(), total, part, wait })
    }

    /// What the sender's phone calls the text.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// How many parts the text has.
    #[must_use]
    pub fn total(&self) -> u8 {
        self.total
    }

    /// Which of them this is, from 1.
    #[must_use]
    pub fn part(&self) -> u8 {
        self.part
    }

    /// How long the first waits for the others.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("id", &self.id)
            .field("from", &mask(&self.from))
            .field("to", &self.to)
            .field("session", &self.session)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

/// What a gateway that handles keywords by itself takes an SMS for (GW64).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// The person wants no more texts.
    OptOut,
    /// The person wants them again.
    OptIn,
    /// The person asks for help.
    Help,
}

impl Intent {
    /// All intents.
    pub const ALL: [Self; 3] = [Self::OptOut, Self::OptIn, Self::Help];

    /// Our word for it, as Plivo spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptOut => "optout",
            Self::OptIn => "optin",
            Self::Help => "help",
        }
    }

    /// Reads the word in any case; anything else is no intent.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|intent| intent.as_str().eq_ignore_ascii_case(word.trim()))
    }
}

/// Something odd about an inbound that did not stop us from reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Bytes or escapes that are no Unicode text became U+FFFD (GW96).
    InvalidUtf8,
    /// The gateway's time could not be read (GW5).
    UnreadableTime,
    /// Parts of it never came (GW44).
    Incomplete,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 3] = [Self::InvalidUtf8, Self::UnreadableTime, Self::Incomplete];

    /// The word stored with the inbound.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidUtf8 => "invalid_utf8",
            Self::UnreadableTime => "unreadable_time",
            Self::Incomplete => "incomplete",
        }
    }
}

/// A delivery report. At least one of the two ids is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Our `client_ref`; tried first (GW35).
    pub our_ref: Option<String>,
    /// The gateway's message id.
    pub external_id: Option<String>,
    /// What it means to us.
    pub state: ReportState,
    /// The gateway's word for it.
    pub raw_state: String,
    /// The gateway's error code.
    pub code: Option<String>,
    /// The gateway's explanation, at most 200 characters; may hold a phone: store it, do not log it.
    pub reason: Option<String>,
    /// Which SMS part it is about, for gateways that report each (GW34).
    pub part: Option<u8>,
}

/// What a report means (GW33).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportState {
    /// On its way.
    Accepted,
    /// On the phone.
    Delivered,
    /// Given up.
    Undelivered,
    /// Its time passed.
    Expired,
    /// Refused.
    Rejected,
    /// A word that says nothing new: stored, changes nothing.
    Ignored,
    /// A word we do not know: stored, changes nothing, counted.
    Unmapped,
}

impl ReportState {
    /// The word used in SQL and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Ignored => "ignored",
            Self::Unmapped => "unmapped",
        }
    }

    /// Reads our own word; anything else is [`ReportState::Unmapped`].
    #[must_use]
    pub fn parse(word: &str) -> Self {
        [Self::Accepted, Self::Delivered, Self::Undelivered, Self::Expired, Self::Rejected, Self::Ignored]
            .into_iter()
            .find(|state| state.as_str() == word)
            .unwrap_or(Self::Unmapped)
    }
}
