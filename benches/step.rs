//! What the pure part of a turn costs: reading a reply, interpreting it, rendering the next message. No I/O.

use std::hint::black_box;

use antiphon::survey::check::{Context, FileName, check};
use antiphon::survey::reply::Lexicons;
use antiphon::survey::turn::{Begin, Reply, begin, reply};
use antiphon::survey::{Language, Survey, Variables, reply as parser};
use chrono::{DateTime, NaiveDate, Utc};
use criterion::{Criterion, criterion_group, criterion_main};

const SURVEY: &str = include_str!("../surveys/csat-after-call.yaml");

fn survey() -> Survey {
    let checked = check(SURVEY, &FileName::new("csat-after-call.yaml"), &Context::default());
    checked.survey.unwrap_or_else(|| panic!("the example survey has errors: {:?}", checked.findings))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_240_800, 0).unwrap_or_default()
}

fn today() -> NaiveDate {
    now().date_naive()
}

fn steps(criterion: &mut Criterion) {
    let survey = survey();
    let variables = Variables::new(vec![("queueKey".to_owned(), "support".to_owned())]);
    let language = Language::en();
    let start = Begin { language: language.clone(), variables: &variables, content: None };
    let begun = begin(&survey, &start, now());
    let answered = |raw: &str| {
        let text = Reply {
            raw,
            early: false,
            today: today(),
            lexicons: Lexicons::built_in(),
            variables: &variables,
        };
        reply(&survey, begun.progress.clone(), &text, now()).map(|turn| turn.effects.len())
    };
    let mut group = criterion.benchmark_group("step");
    for (name, element, raw) in [
        ("parse 4 on a scale", "csat", "4"),
        ("parse a comment on a scale", "csat", "2, waited for 40 minutes"),
        ("parse a label on a choice", "reason", "Technical problem"),
        ("parse a date", "callback_on", "next friday"),
    ] {
        let Some(element) = survey.element(element) else {
            continue;
        };
        let context = parser::Context {
            lexicons: Lexicons::built_in(),
            languages: &survey.languages,
            language: &language,
            raw,
            today: today(),
            accept_weak_yes: false,
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| parser::read(black_box(element), &context));
        });
    }
    group.bench_function("begin", |bencher| {
        bencher.iter(|| begin(&survey, black_box(&start), now()));
    });
    group.bench_function("reply, valid", |bencher| {
        bencher.iter(|| answered(black_box("4")));
    });
    group.bench_function("reply, asked again", |bencher| {
        bencher.iter(|| answered(black_box("lots")));
    });
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
