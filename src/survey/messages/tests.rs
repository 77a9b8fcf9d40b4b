//! The built-in texts as a whole: complete, GSM-7, one segment.

use super::{SessionText, error, key, session};
use crate::survey::element::{DateOrder, Direction, Kind};
use crate::survey::fixture::{choice, date, element, free, many, number, scale, yes_no};
use crate::survey::{Element, Language, Number, Reason};
use crate::text::{Encoding, length};

const REASONS: [Reason; 19] = [
    Reason::Unrecognised,
    Reason::OutOfRange,
    Reason::Ambiguous,
    Reason::ChooseOne,
    Reason::TooMany,
    Reason::TooFew,
    Reason::TooShort,
    Reason::TooLong,
    Reason::WholeNumber,
    Reason::NotANumber,
    Reason::NotADate,
    Reason::NoSuchDate,
    Reason::Conflict,
    Reason::Unit,
    Reason::Percent,
    Reason::Negated,
    Reason::Contradiction,
    Reason::Unsure,
    Reason::Empty,
];

fn questions() -> Vec<Element> {
    let mut all = vec![scale("q"), choice("q"), many("q"), yes_no("q"), free("q", 0), date("q"), number("q")];
    let limits = [None, Some(Number::small(3))];
    for min in limits {
        for max in limits {
            let kind = Kind::Number { min, max, decimals: 0, unit: None };
            all.push(element("q", kind));
        }
    }
    let days = [None, chrono::NaiveDate::from_ymd_opt(2026, 1, 1)];
    for direction in [Direction::Past, Direction::Future, Direction::Any] {
        for min in days {
            for max in days {
                let order = DateOrder::Dmy;
                all.push(element("q", Kind::Date { direction, order, min, max }));
            }
        }
    }
    all
}

fn assert_fits(text: &str) {
    let length = length(text);
    assert_eq!(length.encoding, Encoding::Gsm7, "{text}");
    assert_eq!(length.segments, 1, "{text}");
    assert!(text.ends_with(['.', '!']), "{text}");
    assert!(!text.contains("  "), "{text}");
}

#[test]
fn built_in_texts_exist_for_every_key_in_both_languages_and_are_one_gsm7_segment() {
    for language in [Language::en(), Language::no()] {
        for reason in REASONS {
            for question in questions() {
                assert_fits(error(reason, &question.kind, &language).unwrap());
            }
        }
        for key in SessionText::ALL {
            assert_fits(session(key, &language));
        }
    }
    let swedish = Language::parse("sv").unwrap();
    assert_eq!(error(Reason::Empty, &scale("q").kind, &swedish), None);
    assert_eq!(session(SessionText::Help, &swedish), session(SessionText::Help, &Language::en()));
}

#[test]
fn a_limit_that_the_question_lacks_is_not_mentioned() {
    for question in questions() {
        let Kind::Number { min, max, .. } = &question.kind else {
            continue;
        };
        for reason in [Reason::OutOfRange, Reason::NotANumber] {
            let text = error(reason, &question.kind, &Language::en()).unwrap();
            assert!(min.is_some() || !text.contains("{{min}}"), "{text}");
            assert!(max.is_some() || !text.contains("{{max}}"), "{text}");
        }
    }
}

#[test]
fn the_key_of_a_reason_is_its_stored_word() {
    for reason in REASONS {
        assert_eq!(serde_json::to_value(reason).unwrap(), key(reason));
    }
}
