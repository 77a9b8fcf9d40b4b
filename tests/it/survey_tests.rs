//! The shipped surveys and their conversations (F38, F41), and the runner of test files itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use antiphon::app::classify_inbound::classify_inbound;
use antiphon::app::simulate_survey::{Simulate, SimulatedReply, simulate_survey};
use antiphon::app::test_survey::{Report, TestFile, TestFileError, test_survey};
use antiphon::session::Keywords;
use antiphon::survey::Progress;
use antiphon::survey::branches::branches;
use antiphon::survey::check::{Context, FileName, check};
use antiphon::survey::play::{Happened, Player, QuietHours, Start};
use antiphon::survey::turn::Branch;
use antiphon::survey::{Language, Survey, Variables};
use chrono::{DateTime, Duration};
use proptest::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("surveys")
}

fn load(id: &str) -> Survey {
    let file = format!("{id}.yaml");
    let source = fs::read_to_string(folder().join(&file)).unwrap();
    survey_of(&source, &file)
}

fn survey_of(source: &str, file: &str) -> Survey {
    let checked = check(source, &FileName::new(file), &Context::default());
    checked.survey.unwrap_or_else(|| panic!("{file}: {:#?}", checked.findings))
}

fn conversations(id: &str) -> TestFile {
    let text = fs::read_to_string(folder().join(format!("{id}.test.yaml"))).unwrap();
    TestFile::parse(&text).unwrap()
}

fn ids() -> Vec<String> {
    let mut ids: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| FileName::new(entry.unwrap().file_name().into_string().unwrap()))
        .filter(FileName::is_survey)
        .map(|name| name.stem().to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn f38_the_shipped_surveys_are_warned_of_nothing_but_what_their_authors_chose() {
    let warned = |id: &str| {
        let file = format!("{id}.yaml");
        let source = fs::read_to_string(folder().join(&file)).unwrap();
        let checked = check(
            &source,
            &FileName::new(file),
            &Context { sender_name: Some("Nordlys"), ..Context::default() },
        );
        let codes = checked
            .findings
            .iter()
            .map(|finding| format!("{:?} line {}: {}", finding.code, finding.line, finding.message));
        codes.collect::<Vec<_>>()
    };
    let all: Vec<_> = ids().into_iter().map(|id| (warned(&id), id)).collect();
    insta::assert_debug_snapshot!(all);
}

#[test]
fn f41_every_conversation_of_the_shipped_surveys_goes_as_written() {
    assert_eq!(ids(), ["csat-after-call", "delivery-follow-up", "nps"]);
    for id in ids() {
        let report = test_survey(&load(&id), &conversations(&id), &Keywords::default()).unwrap();
        assert!(report.passed(), "\n{report}");
    }
}

#[test]
fn f41_the_conversations_take_every_branch_of_the_shipped_surveys() {
    for id in ids() {
        let survey = load(&id);
        let report = test_survey(&survey, &conversations(&id), &Keywords::default()).unwrap();
        let untaken: BTreeSet<Branch> = branches(&survey).difference(&report.taken).cloned().collect();
        assert_eq!(untaken, BTreeSet::new(), "{id}");
        let unknown: BTreeSet<Branch> = report.taken.difference(&branches(&survey)).cloned().collect();
        assert_eq!(unknown, BTreeSet::new(), "{id}");
    }
}

#[test]
fn every_text_of_the_shipped_surveys_is_one_segment_as_played() {
    for id in ids() {
        let survey = load(&id);
        for case in conversations(&id).cases {
            let pairs = case.vars.iter().map(|(key, value)| (key.clone(), value.to_text()));
            let replies = case.steps.iter().filter_map(|step| step.reply.as_ref());
            let simulate = Simulate {
                language: case.language.clone(),
                content: None,
                variables: Variables::new(pairs.collect()),
                replies: replies.map(|reply| said(&reply.to_text())).collect(),
                now: monday(),
            };
            let played = simulate_survey(&survey, simulate, &Keywords::default()).unwrap();
            let mut asked_again = false;
            for line in &played.transcript {
                if line.direction == "inbound" {
                    asked_again = line.name.starts_with("reask:");
                } else if !asked_again && line.name != "reminder" {
                    assert_eq!(line.segments, 1, "{id}: {}", line.text);
                }
            }
        }
    }
}

fn said(text: &str) -> SimulatedReply {
    SimulatedReply { text: text.to_owned(), after: Duration::minutes(1) }
}

fn monday() -> DateTime<chrono::FixedOffset> {
    DateTime::parse_from_rfc3339("2026-11-23T10:00:00+01:00").unwrap()
}

fn played(test: &str) -> Report {
    test_survey(&load("nps"), &TestFile::parse(test).unwrap(), &Keywords::default()).unwrap()
}

#[test]
fn f41_a_failing_case_shows_expected_and_actual_side_by_side() {
    let report = played(
        "survey: nps
cases:
  - name: wrong
    language: en
    steps:
      - expect: [nps, why]
      - reply: '7'
        answer: {nps: 8, method: exact}
        reask: out_of_range
    export: {nps: 8, status: active, nonsense: 1}
",
    );
    assert!(!report.passed());
    insta::assert_snapshot!(report);
}

#[test]
fn f41_a_file_for_another_survey_or_language_is_refused() {
    let survey = load("nps");
    let refused =
        |text: &str| test_survey(&survey, &TestFile::parse(text).unwrap(), &Keywords::default()).unwrap_err();
    assert!(matches!(refused("survey: csat\ncases: []\n"), TestFileError::OtherSurvey { .. }));
    let swedish = "survey: nps\ncases:\n  - {name: a, language: sv}\n";
    assert!(matches!(refused(swedish), TestFileError::Language { .. }));
    let now = "survey: nps\ncases:\n  - {name: a, now: yesterday}\n";
    assert!(matches!(refused(now), TestFileError::Now { .. }));
    let wait = "survey: nps\ncases:\n  - {name: a, steps: [{wait: long}]}\n";
    assert!(matches!(refused(wait), TestFileError::Step { step: 1, .. }));
}

#[test]
fn a_simulation_tells_transcript_answers_and_status() {
    let simulate = Simulate {
        language: Some(Language::no()),
        content: Some("Hei fra Nordlys.".to_owned()),
        variables: Variables::new(vec![("queueKey".to_owned(), "support".to_owned())]),
        replies: vec![
            said("2, ventet i 40 minutter"),
            said("?"),
            said("teknisk"),
            said("Liked “Vil du”"),
            said("HJELP"),
        ],
        now: monday(),
    };
    let simulation = simulate_survey(&load("csat-after-call"), simulate, &Keywords::default()).unwrap();
    insta::assert_json_snapshot!(simulation);
}

fn any_text() -> impl Strategy<Value = String> {
    let usual = ["yes", "nei", "1,3", "skip", "HJELP", "fredag", "7 eller 8", "2 billing", "👍", "4"];
    prop_oneof![
        3 => prop::sample::select(usual.to_vec()).prop_map(str::to_owned),
        2 => "[0-9]{1,2}",
        1 => "\\PC{0,80}",
        1 => any::<String>(),
    ]
}

/// Few SMS at a time, and a state that can be stored and loaded between turns.
fn check_step(player: &Player<'_>, happened: &Happened) {
    assert!(happened.sent.len() <= 4, "{happened:?}");
    let stored = serde_json::to_string(player.progress()).unwrap();
    let loaded: Progress = serde_json::from_str(&stored).unwrap();
    assert_eq!(&loaded, player.progress());
    assert!(!player.row().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_people_text_the_shipped_surveys_go_on_or_end(
        texts in prop::collection::vec((any_text(), 0_i64..600), 0..40),
        parcels in 0_u8..4,
    ) {
        for id in ids() {
            let survey = load(&id);
            let start = Start {
                language: Language::no(),
                variables: Variables::new(vec![("parcels".to_owned(), parcels.to_string())]),
                content: None,
                now: monday(),
                quiet_hours: QuietHours::default(),
                lexicons: antiphon::survey::reply::Lexicons::built_in(),
            };
            let (mut player, begun) = Player::start(&survey, start);
            check_step(&player, &begun);
            for (text, minutes) in &texts {
                let waited = player.wait(Duration::minutes(*minutes)).unwrap();
                check_step(&player, &waited);
                let inbound = classify_inbound(&Keywords::default(), &player, text);
                let happened = player.receive(text, inbound).unwrap();
                check_step(&player, &happened);
            }
        }
    }
}
