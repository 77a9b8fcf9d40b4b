//! The built-in texts (survey-file.md §5), one per message key in English and Norwegian, some worded by the
//! type of the question. All are GSM-7, short, and say what to do next. A survey's own `messages` come first;
//! that choice, and the placeholders, belong to [`super::prompt`].

#[cfg(test)]
mod tests;

use super::element::Direction;
use super::{Kind, Language, Reason};

/// Texts about a session as a whole (§5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionText {
    /// Reply after the end (P50).
    Unavailable,
    /// Reply after expiry (A29).
    Expired,
    /// `max_attempts` was reached and the survey closes (N95).
    Exhausted,
    /// Confirmation of an opt-out (A57).
    OptedOut,
    /// Answer to HELP (A56).
    Help,
}

impl SessionText {
    /// Every session text.
    pub const ALL: [Self; 5] =
        [Self::Unavailable, Self::Expired, Self::Exhausted, Self::OptedOut, Self::Help];

    /// Its message key.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Expired => "expired",
            Self::Exhausted => "exhausted",
            Self::OptedOut => "opted_out",
            Self::Help => "help",
        }
    }
}

/// One text in the two built-in languages.
#[derive(Clone, Copy)]
struct Both {
    en: &'static str,
    no: &'static str,
}

impl Both {
    fn in_language(self, language: &Language) -> Option<&'static str> {
        match language.code() {
            "en" => Some(self.en),
            "no" => Some(self.no),
            _ => None,
        }
    }
}

/// The built-in session text; in English where the language has none.
#[must_use]
pub fn session(key: SessionText, language: &Language) -> &'static str {
    let both = match key {
        SessionText::Unavailable => Both {
            en: "This survey is closed, so your text was not registered. Thank you!",
            no: "Undersøkelsen er avsluttet, så meldingen ble ikke registrert. Takk!",
        },
        SessionText::Expired => Both {
            en: "The time to answer this survey is over. Thank you anyway!",
            no: "Fristen for å svare er ute. Takk likevel!",
        },
        SessionText::Exhausted => Both {
            en: "We could not read your replies, so we end the survey here. Thank you for your time!",
            no: "Vi klarte ikke å lese svarene, så vi avslutter her. Takk for at du tok deg tid!",
        },
        SessionText::OptedOut => Both {
            en: "You will get no more texts from us. Reply START if you change your mind.",
            no: "Du får ikke flere meldinger fra oss. Svar START hvis du ombestemmer deg.",
        },
        SessionText::Help => Both {
            en: "This is a short survey. Please answer the last question, or reply STOP to get no more texts.",
            no: "Dette er en kort undersøkelse. Svar på det siste spørsmålet, eller svar STOPP for å slippe flere \
                 meldinger.",
        },
    };
    both.in_language(language).unwrap_or(both.en)
}

/// The message key of a re-ask reason (§5).
#[must_use]
pub fn key(reason: Reason) -> &'static str {
    match reason {
        Reason::Unrecognised => "unrecognised",
        Reason::OutOfRange => "out_of_range",
        Reason::Ambiguous => "ambiguous",
        Reason::ChooseOne => "choose_one",
        Reason::TooMany => "too_many",
        Reason::TooFew => "too_few",
        Reason::TooShort => "too_short",
        Reason::TooLong => "too_long",
        Reason::WholeNumber => "whole_number",
        Reason::NotANumber => "not_a_number",
        Reason::NotADate => "not_a_date",
        Reason::NoSuchDate => "no_such_date",
        Reason::Conflict => "conflict",
        Reason::Unit => "unit",
        Reason::Percent => "percent",
        Reason::Negated => "negated",
        Reason::Contradiction => "contradiction",
        Reason::Unsure => "unsure",
        Reason::Empty => "empty",
    }
}

/// The built-in error text for a reason, worded for the question; `None` in a language without built-in texts.
#[must_use]
pub fn error(reason: Reason, kind: &Kind, language: &Language) -> Option<&'static str> {
    error_in_both(reason, kind).in_language(language)
}

/// The same in English, which every session can fall back to.
#[must_use]
pub fn error_in_english(reason: Reason, kind: &Kind) -> &'static str {
    error_in_both(reason, kind).en
}

/// `yes` or `no` inside a text.
#[must_use]
pub fn yes_no(yes: bool, language: &Language) -> &'static str {
    let both = if yes { Both { en: "yes", no: "ja" } } else { Both { en: "no", no: "nei" } };
    both.in_language(language).unwrap_or(both.en)
}

/// The two replies a `yes_no` question takes.
#[must_use]
pub fn yes_or_no(language: &Language) -> &'static str {
    YES_OR_NO.in_language(language).unwrap_or(YES_OR_NO.en)
}

const YES_OR_NO: Both = Both { en: "YES or NO", no: "JA eller NEI" };
const REPLY_YES_OR_NO: Both = Both { en: "Please reply YES or NO.", no: "Svar JA eller NEI." };
const FROM_TO: Both = Both {
    en: "Please reply with a number from {{min}} to {{max}}.",
    no: "Svar med et tall fra {{min}} til {{max}}.",
};
const A_DATE: Both = Both {
    en: "Please reply with a date, for example 24.11 or yesterday.",
    no: "Svar med en dato, for eksempel 24.11 eller i går.",
};

fn error_in_both(reason: Reason, kind: &Kind) -> Both {
    match reason {
        Reason::Unrecognised => unrecognised(kind),
        Reason::OutOfRange => out_of_range(kind),
        Reason::NotANumber => not_a_number(kind),
        Reason::Ambiguous => ambiguous(kind),
        Reason::Conflict => conflict(kind),
        Reason::Unit => unit(kind),
        Reason::ChooseOne => choose_one(kind),
        Reason::TooMany => Both { en: "Please choose at most {{max}}.", no: "Velg høyst {{max}}." },
        Reason::TooFew => Both { en: "Please choose at least {{min}}.", no: "Velg minst {{min}}." },
        Reason::TooShort => Both {
            en: "That was very short. Please write a few words.",
            no: "Det ble litt kort. Skriv gjerne noen få ord.",
        },
        Reason::TooLong => Both {
            en: "That was too long. Please use at most {{max}} characters.",
            no: "Det ble for langt. Bruk høyst {{max}} tegn.",
        },
        Reason::WholeNumber => Both { en: "Please reply with a whole number.", no: "Svar med et helt tall." },
        Reason::NotADate => A_DATE,
        Reason::NoSuchDate => Both {
            en: "That date does not exist. Please check it and reply again.",
            no: "Den datoen finnes ikke. Sjekk den og svar på nytt.",
        },
        Reason::Percent => Both {
            en: "Please reply with a number, not a percentage.",
            no: "Svar med et tall, ikke prosent.",
        },
        Reason::Negated => {
            Both { en: "Please reply with just the number you mean.", no: "Svar med bare tallet du mener." }
        }
        Reason::Contradiction | Reason::Unsure => Both {
            en: "We need a clear answer. Please reply YES or NO.",
            no: "Vi trenger et tydelig svar. Svar JA eller NEI.",
        },
        Reason::Empty => Both {
            en: "Your message came without text. Please reply again.",
            no: "Meldingen kom uten tekst. Svar gjerne på nytt.",
        },
    }
}

fn unrecognised(kind: &Kind) -> Both {
    match kind {
        Kind::SingleChoice { .. } => Both {
            en: "Sorry, we did not understand. Please reply with one number, {{options}}.",
            no: "Beklager, vi forsto ikke svaret. Svar med ett tall, {{options}}.",
        },
        Kind::MultipleChoice { .. } => Both {
            en: "Sorry, we did not understand. Please reply with numbers only, {{options}}.",
            no: "Beklager, vi forsto ikke svaret. Svar bare med tall, {{options}}.",
        },
        Kind::YesNo => Both {
            en: "Sorry, we did not understand. Please reply YES or NO.",
            no: "Beklager, vi forsto ikke svaret. Svar JA eller NEI.",
        },
        Kind::Date { .. } => A_DATE,
        Kind::Text | Kind::Scale { .. } | Kind::Nps { .. } | Kind::Number { .. } | Kind::FreeText { .. } => {
            Both {
                en: "Sorry, we did not understand that reply. Please try again.",
                no: "Beklager, vi forsto ikke svaret. Prøv gjerne igjen.",
            }
        }
    }
}

fn out_of_range(kind: &Kind) -> Both {
    match kind {
        Kind::Number { min, max, .. } => match (min, max) {
            (Some(_), Some(_)) => FROM_TO,
            (Some(_), None) => Both {
                en: "Please reply with a number that is {{min}} or more.",
                no: "Svar med et tall som er {{min}} eller mer.",
            },
            (None, Some(_)) => Both {
                en: "Please reply with a number that is {{max}} or less.",
                no: "Svar med et tall som er {{max}} eller mindre.",
            },
            (None, None) => Both {
                en: "That number is too large for us. Please check it and reply again.",
                no: "Det tallet er for stort for oss. Sjekk det og svar på nytt.",
            },
        },
        Kind::Date { direction, min, max, .. } => match (min, max, direction) {
            (Some(_), Some(_), _) => Both {
                en: "Please reply with a date from {{min}} to {{max}}.",
                no: "Svar med en dato fra {{min}} til {{max}}.",
            },
            (_, _, Direction::Past) => Both {
                en: "Please reply with today or a date in the past.",
                no: "Svar med i dag eller en dato som har vært.",
            },
            (_, _, Direction::Future) => Both {
                en: "Please reply with today or a date to come.",
                no: "Svar med i dag eller en dato som kommer.",
            },
            (Some(_), None, Direction::Any) => Both {
                en: "Please reply with {{min}} or a later date.",
                no: "Svar med {{min}} eller en senere dato.",
            },
            (None, Some(_), Direction::Any) => Both {
                en: "Please reply with {{max}} or an earlier date.",
                no: "Svar med {{max}} eller en tidligere dato.",
            },
            (None, None, Direction::Any) => A_DATE,
        },
        Kind::YesNo => REPLY_YES_OR_NO,
        Kind::Text
        | Kind::SingleChoice { .. }
        | Kind::MultipleChoice { .. }
        | Kind::Scale { .. }
        | Kind::Nps { .. }
        | Kind::FreeText { .. } => FROM_TO,
    }
}

fn not_a_number(kind: &Kind) -> Both {
    let open = match kind {
        Kind::Number { min, max, .. } => min.is_none() || max.is_none(),
        Kind::Text
        | Kind::SingleChoice { .. }
        | Kind::MultipleChoice { .. }
        | Kind::Scale { .. }
        | Kind::Nps { .. }
        | Kind::YesNo
        | Kind::FreeText { .. }
        | Kind::Date { .. } => false,
    };
    if open { Both { en: "Please reply with a number.", no: "Svar med et tall." } } else { FROM_TO }
}

fn ambiguous(kind: &Kind) -> Both {
    match kind {
        Kind::YesNo => REPLY_YES_OR_NO,
        Kind::MultipleChoice { .. } => Both {
            en: "Please reply with the numbers only, for example 1,2.",
            no: "Svar bare med tallene, for eksempel 1,2.",
        },
        Kind::Date { .. } => Both {
            en: "Please reply with one date only, for example 24.11.2026.",
            no: "Svar med bare en dato, for eksempel 24.11.2026.",
        },
        Kind::Text
        | Kind::SingleChoice { .. }
        | Kind::Scale { .. }
        | Kind::Nps { .. }
        | Kind::Number { .. }
        | Kind::FreeText { .. } => {
            Both { en: "Please reply with one number only.", no: "Svar med bare ett tall." }
        }
    }
}

fn conflict(kind: &Kind) -> Both {
    match kind {
        Kind::YesNo => REPLY_YES_OR_NO,
        Kind::Date { .. } => Both {
            en: "The weekday and the date do not match. Please reply with the date.",
            no: "Ukedagen og datoen stemmer ikke. Svar med datoen.",
        },
        Kind::Text
        | Kind::SingleChoice { .. }
        | Kind::MultipleChoice { .. }
        | Kind::Scale { .. }
        | Kind::Nps { .. }
        | Kind::Number { .. }
        | Kind::FreeText { .. } => Both {
            en: "Those answers do not go together. Please reply with numbers only.",
            no: "De svarene passer ikke sammen. Svar bare med tall.",
        },
    }
}

fn unit(kind: &Kind) -> Both {
    let named = match kind {
        Kind::Number { unit, .. } => unit.is_some(),
        Kind::Text
        | Kind::SingleChoice { .. }
        | Kind::MultipleChoice { .. }
        | Kind::Scale { .. }
        | Kind::Nps { .. }
        | Kind::YesNo
        | Kind::FreeText { .. }
        | Kind::Date { .. } => false,
    };
    if named {
        Both { en: "Please reply with a number in {{unit}}.", no: "Svar med et tall i {{unit}}." }
    } else {
        Both { en: "Please reply with the number alone.", no: "Svar med bare tallet." }
    }
}

fn choose_one(kind: &Kind) -> Both {
    match kind {
        Kind::YesNo => REPLY_YES_OR_NO,
        Kind::Text
        | Kind::SingleChoice { .. }
        | Kind::MultipleChoice { .. }
        | Kind::Scale { .. }
        | Kind::Nps { .. }
        | Kind::Number { .. }
        | Kind::FreeText { .. }
        | Kind::Date { .. } => {
            Both { en: "Please choose one only, {{options}}.", no: "Velg bare ett svar, {{options}}." }
        }
    }
}
