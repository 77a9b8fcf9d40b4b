//! Whatever is texted, in whatever state: no panic, few SMS, a state that can be stored (HOUSE 3, RF27).

use proptest::prelude::*;

use crate::survey::fixture::{
    answer, choice, cond, date, free, many, note, number, parts, rule, scale, start, texted, yes_no,
};
use crate::survey::survey::OnExhausted;
use crate::survey::turn::{Effect, Turn};
use crate::survey::{Given, Position, Progress, Survey, Target, Value};

/// Every type, a loop, a condition and texts in between.
fn every_kind(skip: bool) -> Survey {
    let mut reason = choice("reason");
    reason.when = Some(cond("csat <= 3"));
    let mut why = free("why", 90);
    why.optional = true;
    let mut more = yes_no("more");
    more.rules = vec![rule("more == yes", Some(Target::Element(1)), Some("again"))];
    let elements = vec![
        note("hi"),
        scale("csat"),
        reason,
        many("improve"),
        note("halfway"),
        number("spent"),
        why,
        date("day"),
        more,
        note("last"),
    ];
    let mut parts = parts(elements);
    if skip {
        parts.settings.on_exhausted = OnExhausted::Skip;
    }
    Survey::seal(parts)
}

fn reply_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[0-9]{1,2}",
        2 => prop::sample::select(vec!["1,3", "yes", "no", "ja", "skip", "2026-11-20", "* 3", "9"]).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "\\PC{0,300}",
    ]
}

fn stored_and_loaded(progress: &Progress) -> Progress {
    let stored = serde_json::to_string(progress).unwrap();
    serde_json::from_str(&stored).unwrap()
}

fn check(survey: &Survey, turn: &Turn) {
    let sends = turn.effects.iter().filter(|effect| matches!(effect, Effect::Send(_))).count();
    assert!(sends <= 4, "{sends} SMS in one turn: {:?}", turn.effects);
    assert_eq!(stored_and_loaded(&turn.progress), turn.progress);
    assert!(turn.progress.rejected.len() <= 7);
    assert!(turn.progress.visits.values().all(|visits| *visits <= 20));
    let completions = turn.effects.iter().filter(|effect| **effect == Effect::Complete).count();
    assert!(completions <= 1);
    if let Position::Question(id) = &turn.progress.position {
        assert!(survey.element(id).is_some_and(|element| element.kind.is_question()));
    }
    for effect in &turn.effects {
        if let Effect::Send(send) = effect {
            assert!(!send.text.sms().trim().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_conversation_keeps_its_promises(
        replies in prop::collection::vec((reply_text(), any::<bool>(), 0_i64..400), 0..60),
        skip in any::<bool>(),
    ) {
        let survey = every_kind(skip);
        let mut turn = start(&survey);
        check(&survey, &turn);
        let mut seconds = 0;
        for (raw, early, gap) in replies {
            seconds += gap;
            let closed = turn.effects.iter().any(|effect| matches!(effect, Effect::Close(_)));
            if closed {
                break;
            }
            let before = stored_and_loaded(&turn.progress);
            turn = texted(&survey, before, &raw, seconds, early);
            check(&survey, &turn);
        }
    }

    #[test]
    fn p44_p51_what_is_stored_is_what_was_shown_minus_one(shown in 1_usize..=3) {
        let survey = crate::survey::fixture::survey(vec![choice("reason"), yes_no("more")]);
        let begun = start(&survey);
        let line = crate::survey::fixture::sms(&begun)[0].lines().nth(shown).unwrap().to_owned();
        let start_of_line = format!("{shown}: ");
        prop_assert!(line.starts_with(&start_of_line));
        let turn = answer(&survey, begun.progress, &shown.to_string(), 1);
        let given: &Given = &turn.progress.given["reason"];
        prop_assert_eq!(given.value.clone(), Some(Value::Choice(shown - 1)));
    }
}
