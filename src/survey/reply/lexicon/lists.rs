//! The names of the word lists.

/// Declares [`List`] with the name each list has in the configuration and in snapshots.
macro_rules! lists {
    ($($(#[$meta:meta])* $list:ident = $name:literal,)*) => {
        /// One word list of replies.md.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum List {
            $($(#[$meta])* $list,)*
        }

        impl List {
            /// Every list, in the order they are printed.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$list),*];

            /// The list's name in the configuration and in the snapshot.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$list => $name,)*
                }
            }
        }
    };
}

lists! {
    /// Fillers that carry no answer (N23).
    Common = "common",
    /// Fillers around numbers and options (N23).
    NumberGroup = "number_group",
    /// Number words with their values (N24).
    Number = "number",
    /// Tens that are written together with the ones, as in `tjueen` (N24).
    JoinedTens = "joined_tens",
    /// Ordinals with their positions; 0 = the last (N50).
    Ordinal = "ordinal",
    /// Core yes (§6.1).
    CoreYes = "core_yes",
    /// Core no (§6.1).
    CoreNo = "core_no",
    /// Letters that mean yes as a whole message.
    LetterYes = "letter_yes",
    /// Letters that mean no as a whole message.
    LetterNo = "letter_no",
    /// More yes, whole message only.
    MoreYes = "more_yes",
    /// More no, whole message only.
    MoreNo = "more_no",
    /// More no that also counts in front of other words (marked * in §6.1).
    LeadingNo = "leading_no",
    /// Weak yes, whole message only.
    WeakYes = "weak_yes",
    /// Neither yes nor no.
    Unsure = "unsure",
    /// Sayings that start like a no but are none.
    Idiom = "idiom",
    /// A core no that is also a determiner (N41).
    Determiner = "determiner",
    /// Words after which the determiner is a no (N41).
    AfterDeterminer = "after_determiner",
    /// Words that join alternatives (N32).
    Alternative = "alternative",
    /// Words that join the ends of a range (N61).
    Range = "range",
    /// Words that name several options (N50).
    Several = "several",
    /// All options (N60).
    Every = "every",
    /// Both options (N60).
    Both = "both",
    /// No option (N60).
    None = "none",
    /// A half spoken after a whole number.
    Half = "half",
    /// Days relative to today, with the offset (N70).
    Day = "day",
    /// Weekdays, Monday = 0 (N70).
    Weekday = "weekday",
    /// Words before a weekday: -1 and 1 the nearest, -2 and 2 the one in the neighbouring week (N71).
    WeekdayMark = "weekday_mark",
    /// Months (N70).
    Month = "month",
    /// Negators (N29).
    Negator = "negator",
    /// Articles between a negator and a number (N30).
    Article = "article",
    /// A minus sign spelt out (N26).
    Minus = "minus",
    /// Fillers directly after a number (N23).
    GradeSign = "grade_sign",
    /// Units with their class (N25).
    Unit = "unit",
    /// Words that multiply the number before them, as in *2 thousand*: never read as 2 (N7).
    Multiplier = "multiplier",
    /// Currency words before a number (N26).
    MoneyBefore = "money_before",
    /// Clock words before a number (N26).
    ClockBefore = "clock_before",
    /// Words that join a fraction (N31).
    FractionWord = "fraction_word",
    /// First word of the scale phrase (N30).
    ScaleStart = "scale_start",
    /// Article of the scale phrase.
    ScaleArticle = "scale_article",
    /// Noun of the scale phrase.
    ScaleNoun = "scale_noun",
    /// Word before the first end of the scale.
    ScaleFrom = "scale_from",
    /// Word between the ends of the scale.
    ScaleTo = "scale_to",
    /// Words around an ordinal (N50).
    OrdinalGroup = "ordinal_group",
    /// Words of a label that need not occur (N51).
    Insignificant = "insignificant",
    /// Endings a label's word may take (N51).
    Ending = "ending",
    /// Words dropped in front of a multiple choice (N60).
    Only = "only",
    /// Words that make a multiple choice ambiguous (N60).
    Exception = "exception",
    /// Words between the parts of a multiple choice (N61).
    PartJoiner = "part_joiner",
    /// Fillers around a date (§6.4).
    DateFiller = "date_filler",
    /// Endings of a day number (N70).
    DaySuffix = "day_suffix",
    /// Words between day and month.
    DayJoiner = "day_joiner",
    /// Ordinary words that are never a typo (N28).
    NeverTypo = "never_typo",
    /// Skip words of every type (N85).
    Skip = "skip",
    /// Further skip words of free text (N85).
    SkipText = "skip_text",
    /// Marks of a correction (N98).
    Correction = "correction",
    /// Starts of a mail signature (N10).
    MailTail = "mail_tail",
    /// Starts of a reaction (N13).
    Reaction = "reaction",
    /// Marks of an automatic reply (N13).
    AutoReply = "auto_reply",
    /// Starts of a driving notice (N13).
    Driving = "driving",
    /// Wordings that ask to be left alone, for review only (N14, GW61).
    LeaveAlone = "leave_alone",
}

impl List {
    /// The list with this name in the configuration.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.name() == name)
    }

    /// Whether the configuration may add to it. What is cut off a mail is decided before anything is read.
    #[must_use]
    pub fn is_extendable(self) -> bool {
        self != Self::MailTail
    }

    /// Whether its entries carry values.
    #[must_use]
    pub fn has_values(self) -> bool {
        [
            Self::Number,
            Self::JoinedTens,
            Self::Ordinal,
            Self::Day,
            Self::Weekday,
            Self::WeekdayMark,
            Self::Month,
            Self::Unit,
        ]
        .contains(&self)
    }
}
