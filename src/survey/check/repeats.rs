//! A question that is asked again is one SMS with what stands in front of it: the error text (P55) or the
//! reminder text (F8). Together they may be longer than 6 parts though each alone is not (E14, A19).

use crate::survey::definition::Spanned;
use crate::survey::definition::file::TextFile;
use crate::survey::finding::Code;
use crate::survey::{Kind, Language, Reason, Settings, messages, prompt};
use crate::text::{self, Composed, PARTS_MAX};

use super::Checker;
use super::lengths::{Longest, wording_in};
use super::steps::Step;

/// A text in front of a question.
struct Lead {
    /// Its name in messages.
    name: String,
    /// With every placeholder at its longest.
    text: Composed,
}

impl Checker<'_> {
    /// Every question behind every error text it can cause and behind every reminder, in every language.
    pub(super) fn repeats(&mut self, step: &Step<'_>, longest: &Longest<'_>, settings: &Settings) {
        let Some(kind) = step.kind.as_ref().filter(|_| step.is_question()) else {
            return;
        };
        let variants = step.variants.iter().filter_map(|variant| variant.file.text.as_ref());
        for language in self.languages.clone() {
            let leads = self.leads(kind, longest, &language);
            for file in step.file.text.iter().chain(variants.clone()) {
                let Some(wording) = self.spoken(file, &language) else {
                    continue;
                };
                let question =
                    longest.render(&wording.value, kind.options(), settings.option_style, &language);
                // Too long by itself, it has its finding already.
                if parts(&question) > PARTS_MAX {
                    continue;
                }
                let measured =
                    leads.iter().map(|lead| (parts(&Composed::join([&lead.text, &question])), &lead.name));
                if let Some((parts, lead)) = measured.max().filter(|(parts, _)| *parts > PARTS_MAX) {
                    let message = format!(
                        "`{}` behind {lead} takes {parts} SMS parts in `{language}`; at most {PARTS_MAX} can be sent",
                        step.name()
                    );
                    let hint = "both go out as one SMS: shorten the question or the text in front of it";
                    self.fault(Code::E14, wording.place, message, hint);
                }
            }
        }
    }

    fn leads(&self, kind: &Kind, longest: &Longest<'_>, language: &Language) -> Vec<Lead> {
        let errors = reasons(kind).iter().map(|reason| {
            let wording = self.error_wording(*reason, kind, language);
            let text = prompt::expand(wording, |name| {
                let limit = prompt::limit(kind, *reason, language, name);
                limit.or_else(|| Some(longest.value(name, language)))
            });
            Lead { name: format!("the message `{}`", messages::key(*reason)), text }
        });
        let reminders = self.file.reminders.iter().filter_map(|reminder| reminder.text.as_ref());
        let reminders = reminders.filter_map(|file| self.spoken(file, language)).map(|wording| Lead {
            name: "a reminder".to_owned(),
            text: prompt::expand(&wording.value, |name| Some(longest.value(name, language))),
        });
        errors.chain(reminders).collect()
    }

    /// As the interpreter chooses it: the survey's text for the reason, else the built-in one, else the survey's
    /// `unrecognised`, else English (§5).
    fn error_wording(&self, reason: Reason, kind: &Kind, language: &Language) -> &str {
        let own = |key: &str| {
            let (_, file) = self.file.messages.iter().find(|(written, _)| written.value == key)?;
            self.spoken(file, language).map(|wording| wording.value.as_str())
        };
        own(messages::key(reason))
            .or_else(|| messages::error(reason, kind, language))
            .or_else(|| own("unrecognised"))
            .unwrap_or_else(|| messages::error_in_english(reason, kind))
    }

    /// The wording a session in that language gets: its own, else that of the default language (F4).
    fn spoken<'t>(&self, file: &'t TextFile, language: &Language) -> Option<&'t Spanned<String>> {
        wording_in(file, language).or_else(|| wording_in(file, self.default_language.as_ref()?))
    }
}

fn parts(text: &Composed) -> usize {
    text::length(text.sms()).segments
}

/// Why a reply to a question of this type can be refused (replies.md §5, §6).
fn reasons(kind: &Kind) -> &'static [Reason] {
    use Reason::{
        Ambiguous, ChooseOne, Conflict, Contradiction, Empty, Negated, NoSuchDate, NotADate, NotANumber,
        OutOfRange, Percent, TooFew, TooLong, TooMany, TooShort, Unit, Unrecognised, Unsure, WholeNumber,
    };
    match kind {
        Kind::Text => &[],
        Kind::SingleChoice { .. } => {
            &[Unrecognised, OutOfRange, Ambiguous, ChooseOne, Conflict, Negated, Empty]
        }
        Kind::MultipleChoice { .. } => {
            &[Unrecognised, OutOfRange, Ambiguous, ChooseOne, TooMany, TooFew, Conflict, Empty]
        }
        Kind::Scale { .. } | Kind::Nps { .. } => {
            &[OutOfRange, Ambiguous, WholeNumber, NotANumber, Percent, Negated, Empty]
        }
        Kind::Number { .. } => {
            &[OutOfRange, Ambiguous, WholeNumber, NotANumber, Unit, Percent, Negated, Empty]
        }
        Kind::YesNo => {
            &[Unrecognised, OutOfRange, Ambiguous, ChooseOne, Conflict, Contradiction, Unsure, Empty]
        }
        Kind::FreeText { .. } => &[TooShort, TooLong, Unrecognised, Empty],
        Kind::Date { .. } => &[NotADate, NoSuchDate, OutOfRange, Ambiguous, Conflict, Empty],
    }
}
