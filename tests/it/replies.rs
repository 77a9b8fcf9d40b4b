//! Replies (replies.md): the case files row by row, and properties that hold for any text.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken case file is to stop the test at once"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use antiphon::session::{Command, Inbound, Keywords, Noise};
use antiphon::survey::element::{ChoiceOption, DateOrder, Direction};
use antiphon::survey::reply::lexicon::List;
use antiphon::survey::reply::{Context, Lexicons, read};
use antiphon::survey::{Element, Kind, Language, Method, Number, Reading, Reason, Text, Value};
use chrono::{Duration, NaiveDate};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

const DEV: &str = include_str!("cases/replies-dev.json");
const OWN: &str = include_str!("cases/replies-own.json");

fn languages() -> Vec<Language> {
    vec![Language::en(), Language::no()]
}

fn text(en: &str, no: &str) -> Text {
    Text::new(
        en.to_owned(),
        BTreeMap::from([(Language::en(), en.to_owned()), (Language::no(), no.to_owned())]),
    )
}

fn element(fields: &Json) -> Element {
    Element {
        id: "question".to_owned(),
        kind: kind(fields),
        text: text("?", "?"),
        variants: Vec::new(),
        when: None,
        rules: Vec::new(),
        next: None,
        label: None,
        export_as: "question".to_owned(),
        optional: fields["optional"] == json!(true),
        skip_words: skip_words(&fields["skip_words"]),
        strict: fields["strict"] == json!(true),
        pii: false,
    }
}

fn skip_words(fields: &Json) -> BTreeMap<Language, Vec<String>> {
    fields.as_object().map_or_else(BTreeMap::new, |words| {
        words.iter().map(|(code, words)| (Language::parse(code).unwrap(), strings(words))).collect()
    })
}

fn strings(list: &Json) -> Vec<String> {
    list.as_array()
        .map_or_else(Vec::new, |list| list.iter().map(|s| s.as_str().unwrap().to_owned()).collect())
}

fn kind(fields: &Json) -> Kind {
    let number = |key: &str| fields[key].as_i64().and_then(Number::whole);
    let small = |key: &str, default: u64| fields[key].as_u64().unwrap_or(default);
    let date = |key: &str| fields[key].as_str().map(|date| date.parse().unwrap());
    match fields["type"].as_str().unwrap() {
        "scale" => Kind::Scale {
            min: number("min").unwrap(),
            max: number("max").unwrap(),
            decimals: u8::try_from(small("decimals", 0)).unwrap(),
            labels: points(&fields["labels"]),
        },
        "nps" => Kind::Nps { labels: BTreeMap::new() },
        "number" => Kind::Number {
            min: number("min"),
            max: number("max"),
            decimals: u8::try_from(small("decimals", 2)).unwrap(),
            unit: fields["unit"].as_str().map(str::to_owned),
        },
        "yes_no" => Kind::YesNo,
        "single_choice" => Kind::SingleChoice { options: options(fields) },
        "multiple_choice" => Kind::MultipleChoice {
            options: options(fields),
            min_select: usize::try_from(small("min_select", 1)).unwrap(),
            max_select: usize::try_from(small("max_select", 1)).unwrap(),
        },
        "date" => Kind::Date {
            direction: match fields["direction"].as_str().unwrap_or("any") {
                "past" => Direction::Past,
                "future" => Direction::Future,
                _ => Direction::Any,
            },
            order: match fields["order"].as_str() {
                Some("mdy") => DateOrder::Mdy,
                _ => DateOrder::Dmy,
            },
            min: date("min"),
            max: date("max"),
        },
        "free_text" => Kind::FreeText {
            min_length: usize::try_from(small("min_length", 0)).unwrap(),
            max_length: usize::try_from(small("max_length", 1600)).unwrap(),
            pattern: fields["pattern"].as_str().map(|p| regex::Regex::new(p).unwrap()),
            append_window: Duration::zero(),
        },
        other => panic!("unknown type {other}"),
    }
}

fn points(fields: &Json) -> BTreeMap<Number, Text> {
    fields.as_object().map_or_else(BTreeMap::new, |points| {
        points
            .iter()
            .map(|(point, label)| {
                let name = |code: &str| label[code].as_str().unwrap().to_owned();
                (Number::parse(point).unwrap(), text(&name("en"), &name("no")))
            })
            .collect()
    })
}

fn options(fields: &Json) -> Vec<ChoiceOption> {
    let options = fields["options"].as_array().unwrap();
    options
        .iter()
        .map(|option| ChoiceOption {
            code: option["code"].as_str().unwrap().to_owned(),
            label: text(option["en"].as_str().unwrap(), option["no"].as_str().unwrap()),
            aliases: languages()
                .into_iter()
                .map(|language| (language, strings(&option["aliases"])))
                .collect(),
            exclusive: option["exclusive"] == json!(true),
        })
        .collect()
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
}

fn read_in(element: &Element, language: &str, raw: &str, today: NaiveDate) -> Reading {
    let context = Context {
        lexicons: Lexicons::built_in(),
        languages: &languages(),
        language: &Language::parse(language).unwrap(),
        raw,
        today,
        accept_weak_yes: false,
    };
    read(element, &context)
}

/// What a case's `expect` would say about a reply: keywords and noise first, then skip and grammar (N12 to N17).
fn outcome(element: &Element, language: &str, raw: &str, today: NaiveDate) -> Json {
    let free_text = matches!(element.kind, Kind::FreeText { .. });
    match Keywords::default().triage(raw, false, free_text) {
        Some(Inbound::Command(Command::Stop { .. })) => json!({"status": "command", "value": "stop"}),
        Some(Inbound::Command(Command::Help)) => json!({"status": "command", "value": "help"}),
        Some(Inbound::Command(Command::Start)) => json!({"status": "command", "value": "start"}),
        Some(Inbound::Noise(noise @ (Noise::Reaction | Noise::AutoReply))) => {
            json!({"status": "ignored", "reason": noise.as_str()})
        }
        None => match read_in(element, language, raw, today) {
            Reading::Ok { value, method, comment } => json!({
                "status": "ok",
                "value": shown(element, &value),
                "method": method.as_str(),
                "comment": comment,
            }),
            Reading::Skip => json!({"status": "skip", "value": null}),
            Reading::Reask(reason) => json!({"status": "reask", "reason": reason.as_str()}),
        },
    }
}

/// A value as the case files write it: choices by code.
fn shown(element: &Element, value: &Value) -> Json {
    let code = |at: &usize| json!(element.kind.options()[*at].code);
    match value {
        Value::Number(number) => json!(number),
        Value::Choice(at) => code(at),
        Value::Choices(all) => all.iter().map(code).collect(),
        Value::YesNo(yes) => json!(if *yes { "yes" } else { "no" }),
        Value::Text(text) => json!(text),
        Value::Date(date) => json!(date.to_string()),
    }
}

/// The comment is compared only where the case gives one.
fn agrees(expected: &Map<String, Json>, got: &Json) -> bool {
    expected.iter().all(|(key, wanted)| match (key.as_str(), wanted) {
        ("comment", Json::String(comment)) => got[key].as_str().map(str::trim) == Some(comment.trim()),
        ("value", Json::Number(number)) => got[key].as_f64() == number.as_f64(),
        _ => got[key] == *wanted,
    })
}

/// Runs a case file and lists every row that is read differently.
fn mismatches(file: &str, elements: &Json) -> (usize, String) {
    let file: Json = serde_json::from_str(file).unwrap();
    let elements = file["elements"].as_object().unwrap_or_else(|| elements.as_object().unwrap());
    let elements: BTreeMap<&str, Element> =
        elements.iter().map(|(name, fields)| (name.as_str(), element(fields))).collect();
    let mut report = String::new();
    let cases = file["cases"].as_array().unwrap();
    for case in cases {
        let part = |key: &str| case[key].as_str().unwrap();
        let day = case["today"].as_str().map_or_else(today, |day| day.parse().unwrap());
        let got = outcome(&elements[part("element")], part("lang"), part("raw"), day);
        if !agrees(case["expect"].as_object().unwrap(), &got) {
            let (lang, name, raw) = (part("lang"), part("element"), part("raw"));
            writeln!(
                report,
                "{} {lang} {name} {raw:?}\n   wanted {}\n   got    {got}",
                case["n"], case["expect"]
            )
            .unwrap();
        }
    }
    (cases.len(), report)
}

#[test]
fn every_dev_case_is_read_as_given() {
    let (cases, report) = mismatches(DEV, &Json::Null);
    assert_eq!(cases, 63);
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn every_own_case_is_read_as_the_rules_say() {
    let dev: Json = serde_json::from_str(DEV).unwrap();
    let own: Json = serde_json::from_str(OWN).unwrap();
    let mut elements = dev["elements"].as_object().unwrap().clone();
    elements.extend(own["more_elements"].as_object().unwrap().clone());
    let (cases, report) = mismatches(OWN, &Json::Object(elements));
    assert!(cases >= 250, "{cases} rows");
    assert!(report.is_empty(), "\n{report}");
}

/// The word lists are data; this prints them for a native reader's eye (N6).
#[test]
fn the_word_lists() {
    let mut printed = String::new();
    for (language, list, entries) in Lexicons::built_in().printed() {
        let language = language.map_or("all", Language::code);
        writeln!(printed, "{language} {}: {}", list.name(), entries.join(", ")).unwrap();
    }
    insta::assert_snapshot!(printed);
}

fn every_element() -> Vec<Element> {
    let dev: Json = serde_json::from_str(DEV).unwrap();
    dev["elements"].as_object().unwrap().values().map(element).collect()
}

/// Pieces that the grammars care about, mixed with anything at all.
fn replies() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "8",
        "10",
        "1",
        "2",
        "3,5",
        "0",
        "-",
        "/",
        ".",
        ",",
        " ",
        " ",
        "\n",
        "%",
        "kr",
        "min",
        "timer",
        "to",
        "one",
        "en",
        "tjue",
        "twenty",
        "yes",
        "no",
        "nei",
        "ja",
        "not",
        "ikke",
        "a",
        "the",
        "and",
        "og",
        "or",
        "price",
        "billing",
        "none",
        "alle",
        "monday",
        "i går",
        "mai",
        "2026",
        "29.2",
        "½",
        "8️⃣",
        "⭐",
        "👍",
        "👎",
        "\u{200b}",
        "٣",
        "jaaaa",
        "on a scale of",
        "99999999999999999999",
        "first",
        "'",
        "“",
        "+",
        "\u{0}",
    ]);
    prop_oneof![
        proptest::collection::vec(pieces, 0..12).prop_map(|parts| parts.concat()),
        ".{0,40}",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn no_text_panics_and_every_reading_is_deterministic(raw in replies(), norwegian: bool) {
        let language = if norwegian { "no" } else { "en" };
        for element in every_element() {
            let reading = read_in(&element, language, &raw, today());
            prop_assert_eq!(&reading, &read_in(&element, language, &raw, today()));
            if let Reading::Ok { value: Value::Choices(picks), .. } = &reading {
                prop_assert!(!picks.is_empty() && picks.is_sorted_by(|a, b| a < b));
                prop_assert!(picks.iter().all(|&at| at < element.kind.options().len()));
            }
            if let Reading::Ok { value: Value::Choice(at), .. } = &reading {
                prop_assert!(*at < element.kind.options().len());
            }
        }
        let _ = Keywords::default().triage(&raw, norwegian, false);
        let _ = antiphon::survey::reply::correction(&raw, Lexicons::built_in());
    }

    #[test]
    fn white_space_around_a_reply_changes_nothing(raw in replies(), before in "[ \t]{0,3}", after in "[ \t\r\n]{0,3}") {
        let padded = format!("{before}{raw}{after}");
        for element in every_element() {
            prop_assert_eq!(
                read_in(&element, "en", &raw, today()),
                read_in(&element, "en", &padded, today())
            );
        }
    }

    #[test]
    fn a_scale_never_stores_what_it_does_not_hold(raw in replies()) {
        for element in every_element() {
            let (Kind::Scale { .. } | Kind::Nps { .. }) = &element.kind else { continue };
            if let Reading::Ok { value: Value::Number(number), .. } = read_in(&element, "no", &raw, today()) {
                prop_assert!((Number::small(0)..=Number::small(10)).contains(&number));
            }
        }
    }

    #[test]
    fn a_number_question_reads_back_what_it_holds(hundredths in 0_i64..10_000_000) {
        let number = Number::from_hundredths(hundredths).unwrap();
        let kroner = kind(&json!({"type": "number", "unit": "kr"}));
        let element = Element { kind: kroner, ..element(&json!({"type": "yes_no"})) };
        for (language, shown) in [("en", number.to_string()), ("no", number.to_string().replace('.', ","))] {
            prop_assert_eq!(
                read_in(&element, language, &format!("{shown} kr"), today()),
                Reading::Ok { value: Value::Number(number), method: Method::Number, comment: None }
            );
        }
    }
}

#[test]
fn the_shown_number_of_an_option_is_read_as_its_place() {
    for count in 2..=30_usize {
        let options: Vec<Json> = (0..count)
            .map(|at| json!({"code": format!("c{at}"), "en": format!("Label {}", (b'a' + u8::try_from(at % 26).unwrap()) as char), "no": format!("Merke {at}x")}))
            .collect();
        let single = element(&json!({"type": "single_choice", "options": options}));
        let multiple = element(&json!({"type": "multiple_choice", "max_select": count, "options": options}));
        for shown in 1..=count {
            assert_eq!(
                read_in(&single, "en", &shown.to_string(), today()),
                Reading::Ok { value: Value::Choice(shown - 1), method: Method::Exact, comment: None }
            );
            assert_eq!(
                read_in(&multiple, "en", &shown.to_string(), today()),
                Reading::Ok { value: Value::Choices(vec![shown - 1]), method: Method::List, comment: None }
            );
        }
        for outside in ["0".to_owned(), (count + 1).to_string()] {
            assert_eq!(read_in(&single, "en", &outside, today()), Reading::Reask(Reason::OutOfRange));
        }
    }
}

#[test]
fn long_replies_are_read_in_bounded_time() {
    for piece in [
        "1 ", "a ", "1 000 ", "not a ", "one or ", "3.5-", "i dag ", "tjue en ", "price, ", "((((", "1/",
        "kr ", "\n>x",
    ] {
        let raw: String = piece.chars().cycle().take(10_000).collect();
        for element in every_element() {
            let started = std::time::Instant::now();
            let _ = read_in(&element, "no", &raw, today());
            assert!(started.elapsed().as_millis() < 2_000, "{piece:?} on {}", element.kind.name());
        }
    }
}

#[test]
fn a_weak_yes_counts_where_the_survey_says_so() {
    let element = element(&json!({"type": "yes_no"}));
    let strict = Element { strict: true, ..element.clone() };
    let read = |element: &Element, accept_weak_yes| {
        let context = Context {
            lexicons: Lexicons::built_in(),
            languages: &languages(),
            language: &Language::en(),
            raw: "Sure!",
            today: today(),
            accept_weak_yes,
        };
        read(element, &context)
    };
    let yes = Reading::Ok { value: Value::YesNo(true), method: Method::Lexicon, comment: None };
    assert_eq!(read(&element, true), yes);
    assert_eq!(read(&element, false), Reading::Reask(Reason::Ambiguous));
    assert_eq!(read(&strict, true), Reading::Reask(Reason::Ambiguous));
}

/// Lists grow by configuration; the built-in ones stay as they are (N6).
#[test]
fn word_lists_can_be_extended() {
    let more = Lexicons::built_in().extended([
        (Some(Language::no()), List::CoreYes, "japp, jess"),
        (Some(Language::parse("de").unwrap()), List::Number, "acht=8"),
        (None, List::Skip, "drop it"),
    ]);
    let read = |lexicons: &Lexicons, fields: &Json, code: &str, raw: &str| {
        let context = Context {
            lexicons,
            languages: &[Language::no(), Language::parse("de").unwrap()],
            language: &Language::parse(code).unwrap(),
            raw,
            today: today(),
            accept_weak_yes: false,
        };
        read(&element(fields), &context)
    };
    let scale = json!({"type": "scale", "min": 1, "max": 10, "optional": true});
    let rows = [
        (json!({"type": "yes_no"}), "no", "Japp, det gikk fint"),
        (scale.clone(), "de", "Acht!"),
        (scale, "no", "drop it"),
    ];
    for (fields, code, raw) in rows {
        let refused = read(Lexicons::built_in(), &fields, code, raw);
        assert!(matches!(refused, Reading::Reask(_)), "{raw}: {refused:?}");
        let accepted = read(&more, &fields, code, raw);
        assert!(!matches!(accepted, Reading::Reask(_)), "{raw}: {accepted:?}");
    }
}
