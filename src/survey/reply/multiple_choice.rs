//! The `multiple_choice` grammar (N60 to N62), step by step in its normative order.

use std::collections::BTreeSet;

use super::clean::trim_outer;
use super::fold::spans;
use super::items::Fillers;
use super::lexicon::List;
use super::options::by_name;
use super::parts::{Parts, read_parts};
use super::scene::Scene;
use super::{Method, Reading, Reason};
use crate::survey::Value;
use crate::survey::element::ChoiceOption;

/// Up to this many options, digits run together are told apart (N60 step 6).
const RUN_TOGETHER_OPTIONS_MAX: usize = 9;

/// How many options may be picked.
#[derive(Clone, Copy, Debug)]
struct Limits {
    least: usize,
    most: usize,
}

/// Reads a reply that picks one or several options.
pub(super) fn read(scene: &Scene<'_>, options: &[ChoiceOption], least: usize, most: usize) -> Reading {
    let limits = Limits { least, most };
    let picked = whole_reply(scene, options)
        .unwrap_or_else(|| without_only(scene, |scene| pieces(scene, options, limits)));
    match picked.and_then(|picked| limits.check(picked, options)) {
        Ok(Picked { picks, method, comment }) => {
            Reading::with_comment(Value::Choices(picks.into_iter().collect()), method, comment)
        }
        Err(reason) => Reading::Reask(reason),
    }
}

/// What was picked, before the limits are looked at.
struct Picked {
    picks: BTreeSet<usize>,
    method: Method,
    comment: Option<String>,
}

impl Picked {
    fn new(picks: impl IntoIterator<Item = usize>, method: Method) -> Self {
        Self { picks: picks.into_iter().collect(), method, comment: None }
    }
}

impl Limits {
    /// Step N62: exclusive options and the number of options.
    fn check(self, picked: Picked, options: &[ChoiceOption]) -> Result<Picked, Reason> {
        let count = picked.picks.len();
        let exclusive = |&at: &usize| options.get(at).is_some_and(|option| option.exclusive);
        if count > 1 && picked.picks.iter().any(exclusive) {
            Err(Reason::Conflict)
        } else if count > self.most {
            Err(if self.most == 1 { Reason::ChooseOne } else { Reason::TooMany })
        } else if count < self.least {
            Err(Reason::TooFew)
        } else {
            Ok(picked)
        }
    }
}

/// Steps 1 to 3: the whole message is a name, all, both or none.
fn whole_reply(scene: &Scene<'_>, options: &[ChoiceOption]) -> Option<Result<Picked, Reason>> {
    if let Some((at, method)) = by_name(scene, options, scene.clean) {
        return Some(Ok(Picked::new([at], method)));
    }
    let lists = [List::Every, List::Both, List::None];
    let list = scene.whole_message_in(scene.clean, &lists, &Fillers::NUMBERS)?;
    let with_exclusive = |exclusive: bool| {
        (0..)
            .zip(options)
            .filter(|(_, option)| option.exclusive == exclusive)
            .map(|(at, _)| at)
            .collect::<Vec<usize>>()
    };
    let (ordinary, exclusive) = (with_exclusive(false), with_exclusive(true));
    Some(if list == List::None {
        match exclusive.as_slice() {
            [] => Err(Reason::Unrecognised),
            [one] => Ok(Picked::new([*one], Method::None)),
            _ => Err(Reason::Ambiguous),
        }
    } else if list == List::Both && ordinary.len() != 2 {
        Err(Reason::Ambiguous)
    } else if ordinary.is_empty() {
        Err(Reason::Unrecognised)
    } else {
        Ok(Picked::new(ordinary, Method::All))
    })
}

/// Step 4: reads on without a leading *only, just, bare, kun*.
fn without_only<T>(scene: &Scene<'_>, read_on: impl FnOnce(&Scene<'_>) -> T) -> T {
    let shared = scene.lexicons.shared();
    let only = spans(scene.clean).next().filter(|span| shared.has(List::Only, &span.folded));
    match only.and_then(|span| scene.clean.get(span.end..)) {
        Some(rest) => read_on(&scene.with_text(rest.trim())),
        None => read_on(scene),
    }
}

/// Steps 5 to 7: exceptions, digits run together, parts.
fn pieces(scene: &Scene<'_>, options: &[ChoiceOption], limits: Limits) -> Result<Picked, Reason> {
    let shared = scene.lexicons.shared();
    if spans(scene.clean).any(|span| shared.has(List::Exception, &span.folded)) {
        return Err(Reason::Ambiguous);
    }
    if let Some(found) = run_together(scene.clean, options.len(), limits) {
        return found.map(|picks| Picked::new(picks, Method::RunTogether));
    }
    let read = read_parts(scene, options, false);
    let read = match read {
        Err(Reason::Unrecognised) => scene
            .others
            .iter()
            .find_map(|&(language, lexicon)| {
                read_parts(&scene.in_language(language, lexicon), options, true).ok()
            })
            .ok_or(Reason::Unrecognised),
        other => other,
    };
    read.map(|Parts { picks, method, comment }| Picked { picks, method, comment })
}

/// Step 6: one run of two or more digits with a value above the number of options.
fn run_together(text: &str, options: usize, limits: Limits) -> Option<Result<Vec<usize>, Reason>> {
    let digits = trim_outer(text);
    if digits.len() < 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if digits.parse::<usize>().is_ok_and(|value| value <= options) {
        return None;
    }
    if options > RUN_TOGETHER_OPTIONS_MAX || limits.most < 2 {
        return Some(Err(Reason::OutOfRange));
    }
    let picks: Option<Vec<usize>> =
        digits.bytes().map(|b| usize::from(b - b'0').checked_sub(1).filter(|&at| at < options)).collect();
    let distinct = |picks: &Vec<usize>| picks.iter().collect::<BTreeSet<_>>().len() == picks.len();
    Some(picks.filter(distinct).ok_or(Reason::OutOfRange))
}
