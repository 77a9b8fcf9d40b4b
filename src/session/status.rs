//! [`Status`] of a session and its legal transitions (http-api.md 13.2). Never decides when to move, only
//! whether a move is allowed.

/// State of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Waits for its `sendAt` or behind an open session.
    Pending,
    /// A question is out.
    Active,
    /// Completion reached.
    Completed,
    /// Too many invalid replies.
    Exhausted,
    /// A question was refused for good and never accepted.
    Failed,
    /// The expiry was reached.
    Expired,
    /// A newer session took its place.
    Superseded,
    /// STOP, by text or API.
    OptedOut,
    /// Ended by an operator or the API.
    Cancelled,
}

impl Status {
    /// All states, in the order of http-api.md 13.2.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Active,
        Self::Completed,
        Self::Exhausted,
        Self::Failed,
        Self::Expired,
        Self::Superseded,
        Self::OptedOut,
        Self::Cancelled,
    ];

    /// The word used in JSON and SQL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Exhausted => "exhausted",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::OptedOut => "opted_out",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Pending or active.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Active)
    }

    /// Whether http-api.md 13.2 lists this transition. All states but pending and active are final.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending => matches!(
                next,
                Self::Active | Self::Expired | Self::Superseded | Self::OptedOut | Self::Cancelled
            ),
            Self::Active => !matches!(next, Self::Pending | Self::Active),
            Self::Completed
            | Self::Exhausted
            | Self::Failed
            | Self::Expired
            | Self::Superseded
            | Self::OptedOut
            | Self::Cancelled => false,
        }
    }

    /// Whether the session's queued texts still leave after it: closing texts and the one confirmation of a
    /// STOP do (http-api.md 13.2).
    #[must_use]
    pub fn keeps_closing_texts(self) -> bool {
        matches!(self, Self::Completed | Self::Exhausted | Self::OptedOut)
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn final_states_stay_and_open_states_end() {
        for from in Status::ALL {
            assert_eq!(Status::parse(from.as_str()), Some(from));
            for to in Status::ALL {
                let legal = from.may_become(to);
                assert!(!legal || from.is_open(), "{from:?} -> {to:?}");
                assert!(!legal || to != Status::Pending, "{from:?} -> {to:?}");
            }
        }
        assert!(Status::Pending.may_become(Status::Active));
        assert!(!Status::Pending.may_become(Status::Completed));
    }
}
