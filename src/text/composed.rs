//! [`Composed`]: an SMS put together from texts of ours and values that were inserted. Smart encoding may replace
//! characters of the former, never of the latter, and only where that makes the whole SMS GSM-7 (GW94).

use super::{septets, twin};

/// A text on its way to an SMS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composed {
    /// As it is written.
    written: String,
    /// The same with the GSM-7 twins of our own characters, from the first of them on.
    replaced: Option<String>,
}

impl Composed {
    /// A text of ours: of a survey, of the system.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut composed = Self::default();
        composed.push_literal(text);
        composed
    }

    /// A text of others: what a caller gave, what a person wrote.
    #[must_use]
    pub fn value(text: &str) -> Self {
        Self { written: text.to_owned(), replaced: None }
    }

    /// Appends a text of ours.
    pub fn push_literal(&mut self, text: &str) {
        if self.replaced.is_none() && !text.is_ascii() && text.chars().any(|c| twin(c).is_some()) {
            self.replaced = Some(self.written.clone());
        }
        self.written.push_str(text);
        if let Some(replaced) = &mut self.replaced {
            for c in text.chars() {
                match twin(c) {
                    Some(twin) => replaced.push_str(twin),
                    None => replaced.push(c),
                }
            }
        }
    }

    /// Appends a text of others.
    pub fn push_value(&mut self, text: &str) {
        self.written.push_str(text);
        if let Some(replaced) = &mut self.replaced {
            replaced.push_str(text);
        }
    }

    /// Parts of one SMS, one newline between them; trailing space goes, empty parts leave no separator (A13).
    #[must_use]
    pub fn join<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let parts: Vec<&Self> = parts.into_iter().filter(|part| !part.is_blank()).collect();
        let joined = |text: fn(&Self) -> &str| {
            let texts: Vec<&str> = parts.iter().map(|part| text(part).trim_end()).collect();
            texts.join("\n")
        };
        let is_replaced = parts.iter().any(|part| part.replaced.is_some());
        Self {
            written: joined(Self::written),
            replaced: is_replaced.then(|| joined(|part| part.replaced.as_deref().unwrap_or(&part.written))),
        }
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.written.trim_end().is_empty()
    }

    /// As it is written, nothing replaced.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The text to send: with the twins if they make all of it GSM-7, else as it is written.
    #[must_use]
    pub fn sms(&self) -> &str {
        match &self.replaced {
            Some(replaced) if replaced.chars().all(|c| septets(c).is_some()) => replaced,
            Some(_) | None => &self.written,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gw94_twins_replace_our_own_characters_only_when_all_of_the_sms_becomes_gsm7() {
        assert_eq!(Composed::literal("“Hei” – det går bra…").sms(), "\"Hei\" - det går bra...");
        assert_eq!(Composed::literal("“Hei” 😀").sms(), "“Hei” 😀");
        let with = |value: &str| {
            let mut composed = Composed::literal("Hei ");
            composed.push_value(value);
            composed.push_literal(" – takk");
            composed.sms().to_owned()
        };
        assert_eq!(with("Kari"), "Hei Kari - takk");
        assert_eq!(with("“Kari”"), "Hei “Kari” – takk", "a value stays, and then nothing is won");
        assert_eq!(with("Zoë"), "Hei Zoë – takk");
    }

    #[test]
    fn a13_parts_are_joined_by_one_newline() {
        let own = Composed::literal("Hva skjedde… \u{a0}");
        let joined = Composed::join([&Composed::value("a \n"), &Composed::literal(" "), &own]);
        assert_eq!((joined.sms(), joined.written()), ("a\nHva skjedde...", "a\nHva skjedde…"));
        assert!(Composed::join([]).is_blank());
        assert_eq!(Composed::join([&Composed::value("‘a’"), &own]).sms(), "‘a’\nHva skjedde…");
    }
}
