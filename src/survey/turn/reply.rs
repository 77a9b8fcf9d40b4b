//! One reply to an open session (P51–P62, N95–N99): read, register, go on; or ask again.

use chrono::{DateTime, Duration, Utc};

use super::super::element::Kind;
use super::super::messages::SessionText;
use super::super::progress::Appending;
use super::super::reply::{self as parser, Context, Reading};
use super::super::survey::OnExhausted;
use super::super::{AnswerState, Element, Given, Method, Progress, Reason, Survey, Value, prompt};
use super::walk::Walk;
use super::{CloseReason, Effect, Misfit, Record, Reply, SendKind, Turn, current, guard};

/// Applies one reply to an open session.
///
/// A muted session yields [`Effect::Muted`] and nothing else. A progress at the completion yields
/// [`Effect::Extra`] and no SMS: whether "Unavailable" is still sent is counted by the caller (P50, F37).
///
/// # Errors
/// [`Misfit`] when the progress belongs to another survey or revision.
pub fn reply(
    survey: &Survey,
    progress: Progress,
    reply: &Reply<'_>,
    now: DateTime<Utc>,
) -> Result<Turn, Misfit> {
    let question = current(survey, &progress)?;
    let turn = ReplyTurn { survey, reply, now, walk: Walk::new(survey, reply.variables, progress) };
    Ok(match question {
        None => turn.extra(None),
        Some(_) if turn.walk.progress.muted => turn.only(Effect::Muted),
        Some(_) if reply.early => turn.early(),
        Some(question) => turn.answer(question),
    })
}

/// Appends a late fragment to the free text that was the last question (N98 a). The survey is complete, and
/// nothing but that answer changes; `None` when the text is no such fragment.
///
/// # Errors
/// As [`reply`].
pub fn fragment(
    survey: &Survey,
    progress: Progress,
    reply: &Reply<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Turn>, Misfit> {
    if current(survey, &progress)?.is_some() || progress.muted {
        return Ok(None);
    }
    let mut turn = ReplyTurn { survey, reply, now, walk: Walk::new(survey, reply.variables, progress) };
    Ok(turn.append().then(|| turn.walk.finish(None)))
}

/// What one reply is applied with.
struct ReplyTurn<'a> {
    survey: &'a Survey,
    reply: &'a Reply<'a>,
    now: DateTime<Utc>,
    walk: Walk<'a>,
}

impl ReplyTurn<'_> {
    fn read(&self, element: &Element, raw: &str) -> Reading {
        parser::read(
            element,
            &Context {
                lexicons: self.reply.lexicons,
                languages: &self.survey.languages,
                language: &self.walk.progress.language,
                raw,
                today: self.reply.today,
                accept_weak_yes: self.survey.settings.accept_weak_yes,
            },
        )
    }

    /// A reply that came before its question was sent (N97, N98).
    fn early(mut self) -> Turn {
        if self.append() {
            return self.walk.finish(None);
        }
        let correction_of = self.correction();
        self.extra(correction_of)
    }

    /// A reply to the current question (P53).
    fn answer(mut self, question: &Element) -> Turn {
        match self.read(question, self.reply.raw) {
            Reading::Ok { value, method, comment } => self.accept(question, value, method, comment),
            Reading::Skip => self.skip(question),
            Reading::Reask(reason) if reason != Reason::Empty && self.appends_until().is_some() => {
                if self.append() { self.walk.finish(None) } else { self.extra(None) }
            }
            Reading::Reask(reason) => self.refuse(question, reason),
        }
    }

    /// Registers the answer (P56) and goes on (P57–P61).
    fn accept(mut self, question: &Element, value: Value, method: Method, comment: Option<String>) -> Turn {
        let window = match &question.kind {
            Kind::FreeText { append_window, .. } => *append_window,
            Kind::Text
            | Kind::SingleChoice { .. }
            | Kind::MultipleChoice { .. }
            | Kind::Scale { .. }
            | Kind::Nps { .. }
            | Kind::Number { .. }
            | Kind::YesNo
            | Kind::Date { .. } => Duration::zero(),
        };
        self.register(question, AnswerState::Answered, Some(value), Some(method), comment);
        self.walk.progress.appending = self.window_end(window).map(|until| Appending {
            element: question.id.clone(),
            visit: self.walk.progress.visit,
            until,
        });
        self.go_on(question)
    }

    /// Registers the skip of an optional question (A43, F28); rules see it as unanswered.
    fn skip(mut self, question: &Element) -> Turn {
        self.register(question, AnswerState::Skipped, None, None, None);
        self.walk.progress.appending = None;
        self.go_on(question)
    }

    fn go_on(mut self, question: &Element) -> Turn {
        guard::accept(&mut self.walk.progress, self.reply.raw);
        self.walk.progress.answered_at = Some(self.now);
        self.walk.progress.previous = Some(question.id.clone());
        let target = self.walk.leave(question);
        self.walk.go(target);
        self.walk.finish(None)
    }

    /// Uses one attempt (N95), then asks again, gives up the question, closes, or falls silent (N96).
    fn refuse(mut self, question: &Element, reason: Reason) -> Turn {
        let settings = &self.survey.settings;
        let progress = &mut self.walk.progress;
        progress.invalid = progress.invalid.saturating_add(1);
        progress.invalid_total = progress.invalid_total.saturating_add(1);
        let looping = guard::refuse(progress, self.reply.raw, self.now);
        let exhausted = progress.invalid >= settings.max_attempts;
        let reject = Effect::Reject {
            element: question.id.clone(),
            visit: progress.visit,
            reason,
            attempt: progress.invalid,
        };
        self.walk.effect(reject);
        match (exhausted, settings.on_exhausted) {
            (true, OnExhausted::Close) => self.close_exhausted(question, looping),
            (false, _) | (true, OnExhausted::Skip) if looping => self.mute(),
            (true, OnExhausted::Skip) => {
                self.register(question, AnswerState::Exhausted, None, None, None);
                self.walk.progress.appending = None;
                self.walk.progress.previous = Some(question.id.clone());
                let target = self.walk.onward(question);
                self.walk.go(target);
                self.walk.finish(None)
            }
            (false, _) => {
                let text = prompt::reask(&self.walk.facts(), question, reason);
                self.walk.send(SendKind::Reask, Some(question), text);
                self.walk.finish(None)
            }
        }
    }

    /// The polite closing text is sent even to a machine; then the session is silent (N95, N96).
    fn close_exhausted(mut self, question: &Element, looping: bool) -> Turn {
        self.register(question, AnswerState::Exhausted, None, None, None);
        let text = prompt::session_text(&self.walk.facts(), SessionText::Exhausted);
        self.walk.send(SendKind::Message(SessionText::Exhausted.as_str()), None, text);
        self.walk.progress.muted = looping;
        let mut turn = self.walk.finish(None);
        turn.effects.push(Effect::Close(CloseReason::Exhausted));
        if looping {
            turn.effects.push(Effect::Mute);
        }
        turn
    }

    fn mute(mut self) -> Turn {
        self.walk.progress.muted = true;
        self.only(Effect::Mute)
    }

    fn extra(self, correction_of: Option<String>) -> Turn {
        self.only(Effect::Extra { correction_of })
    }

    fn only(mut self, effect: Effect) -> Turn {
        self.walk.effect(effect);
        self.walk.finish(None)
    }

    /// Stores what became of the question on this visit; `attempts` counts this reply too when it was valid.
    fn register(
        &mut self,
        question: &Element,
        state: AnswerState,
        value: Option<Value>,
        method: Option<Method>,
        comment: Option<String>,
    ) {
        let progress = &mut self.walk.progress;
        let valid = u32::from(state != AnswerState::Exhausted);
        let record = Record {
            element: question.id.clone(),
            visit: progress.visit,
            state,
            value: value.clone(),
            method,
            comment,
            raw: self.reply.raw.to_owned(),
            attempts: progress.invalid.saturating_add(valid),
        };
        progress.given.insert(question.id.clone(), Given { state, value });
        self.walk.effect(Effect::Record(record));
    }

    /// Until when fragments of the previous free text are taken; `None` when none are (N98 a, N99).
    fn appends_until(&self) -> Option<DateTime<Utc>> {
        let until = self.walk.progress.appending.as_ref()?.until;
        (self.now < until).then_some(until)
    }

    fn window_end(&self, window: Duration) -> Option<DateTime<Utc>> {
        (window > Duration::zero()).then(|| self.now.checked_add_signed(window)).flatten()
    }

    /// Appends the reply to the free text that still takes fragments; false when none does, or when the whole
    /// would no longer be valid (longer than `max_length`: never cut, N80).
    fn append(&mut self) -> bool {
        let Some((appending, whole, window)) = self.whole_text() else {
            return false;
        };
        let value = Value::Text(whole);
        self.walk.effect(Effect::Append {
            element: appending.element.clone(),
            visit: appending.visit,
            raw: self.reply.raw.to_owned(),
            value: value.clone(),
        });
        let given = Given { state: AnswerState::Answered, value: Some(value) };
        let progress = &mut self.walk.progress;
        progress.given.insert(appending.element.clone(), given);
        let until = self.window_end(window).unwrap_or(appending.until);
        self.walk.progress.appending = Some(Appending { until, ..appending });
        true
    }

    /// The free text with this reply behind it, read by its own grammar.
    fn whole_text(&self) -> Option<(Appending, String, Duration)> {
        self.appends_until()?;
        let appending = self.walk.progress.appending.clone()?;
        let element = self.survey.element(&appending.element)?;
        let Kind::FreeText { append_window, .. } = &element.kind else {
            return None;
        };
        let given = self.walk.progress.given.get(&appending.element)?;
        let Some(Value::Text(earlier)) = &given.value else {
            return None;
        };
        match self.read(element, &format!("{earlier}\n{}", self.reply.raw)) {
            Reading::Ok { value: Value::Text(whole), .. } if whole != *earlier => {
                Some((appending, whole, *append_window))
            }
            Reading::Ok { .. } | Reading::Skip | Reading::Reask(_) => None,
        }
    }

    /// The previous question, when the text is marked as a correction and the rest answers it (N98 b).
    fn correction(&self) -> Option<String> {
        let previous = self.walk.progress.previous.as_deref()?;
        let element = self.survey.element(previous)?;
        let rest = parser::correction(self.reply.raw, self.reply.lexicons)?;
        match self.read(element, &rest) {
            Reading::Ok { .. } => Some(previous.to_owned()),
            Reading::Skip | Reading::Reask(_) => None,
        }
    }
}
