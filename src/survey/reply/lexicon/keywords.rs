//! The keyword words of N12 and the opt-out phrases of N14, as data (N6). They live here, not in `session`,
//! because the survey checker needs them too (E08, A53).

/// STOP words that count alone or first in a short message, whatever the language (N12, A53).
pub const STRONG: &[&str] = &["stop", "stopp", "stopall", "unsubscribe", "optout", "opt out"];
/// STOP words that count only alone, English (A54).
pub const WEAK_EN: &[&str] = &["end", "quit", "cancel", "revoke"];
/// STOP words that count only alone, Norwegian (A54).
pub const WEAK_NO: &[&str] = &["avslutt", "avmeld"];
/// Words that ask for help, English (A56).
pub const HELP_EN: &[&str] = &["help", "info"];
/// Words that ask for help, Norwegian (A56).
pub const HELP_NO: &[&str] = &["hjelp"];
/// Words that opt in again, English (A55).
pub const START_EN: &[&str] = &["start", "yes"];
/// Words that opt in again, Norwegian (A55).
pub const START_NO: &[&str] = &["ja"];
/// Opt-out phrases, English (N14).
pub const PHRASES_EN: &[&str] = &["stop texting", "stop messaging", "stop sending"];
/// Opt-out phrases, Norwegian (N14).
pub const PHRASES_NO: &[&str] = &["stopp å sende", "slutt å sende", "ikke send meg", "fjern meg"];

/// The words no option label or alias may equal (E08): the keywords without YES and JA, which are answers.
#[must_use]
pub fn reserved_words() -> Vec<&'static str> {
    [STRONG, WEAK_EN, WEAK_NO, &["start"], HELP_EN, HELP_NO].concat()
}

/// Every keyword and opt-out phrase, for the rule that a listed word is never a typo (N28).
pub(super) fn every_word() -> Vec<&'static str> {
    [STRONG, WEAK_EN, WEAK_NO, HELP_EN, HELP_NO, START_EN, START_NO, PHRASES_EN, PHRASES_NO].concat()
}
