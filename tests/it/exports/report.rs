//! The figures (M1 to M9): by their definitions, the same from the API and the command line, and the same when the
//! exported file is counted by itself.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::command::antiphon;
use super::{KARI, OLA, PER, TOUR, Told, export, get, send, told};
use crate::support::{Setup, TestApp};

type Row = BTreeMap<String, String>;

/// What a report must say of the rows of the wide export.
fn counted(rows: &[&Row]) -> Json {
    let count = |holds: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| holds(row)).count();
    let sent = count(&|row| !row["started_at"].is_empty());
    let started = count(&|row| row["questions_answered"] != "0");
    let completed = count(&|row| row["status"] == "completed");
    let share = |count: usize, of: usize| {
        let (count, of) = (f64::from(u32::try_from(count).unwrap()), f64::from(u32::try_from(of).unwrap()));
        if of == 0.0 { Json::Null } else { json!((count / of * 10_000.0).round() / 10_000.0) }
    };
    json!({
        "sent": sent,
        "started": started,
        "completed": completed,
        "expired": count(&|row| row["status"] == "expired"),
        "optedOut": count(&|row| row["disposition"] == "refused"),
        "partial": count(&|row| row["disposition"] == "partial"),
        "unresponsive": count(&|row| row["disposition"] == "unresponsive"),
        "responseRate": share(started, sent),
        "completionRate": share(completed, started),
    })
}

/// The same of the answers, for a question.
fn counted_question(rows: &[&Row], answers: &[Row], messages: &[Row], question: &str) -> Json {
    let sessions: Vec<&str> = rows.iter().map(|row| row["session_id"].as_str()).collect();
    let of: Vec<&Row> = answers
        .iter()
        .filter(|row| row["question_id"] == question && sessions.contains(&row["session_id"].as_str()))
        .collect();
    let asked: std::collections::BTreeSet<&str> = messages
        .iter()
        .filter(|row| row["kind"] == "question" && row["element_id"] == question)
        .map(|row| row["session_id"].as_str())
        .filter(|id| sessions.contains(id))
        .collect();
    let answered: Vec<&&Row> = of.iter().filter(|row| row["state"] == "answered").collect();
    let mut latencies: Vec<f64> =
        answered.iter().map(|row| row["latency_seconds"].parse().unwrap()).collect();
    latencies.sort_by(f64::total_cmp);
    let median = match latencies.len() {
        0 => Json::Null,
        odd if odd % 2 == 1 => json!(latencies[odd / 2]),
        even => json!(f64::midpoint(latencies[even / 2 - 1], latencies[even / 2])),
    };
    json!({
        "asked": asked.len(),
        "answered": answered.len(),
        "skipped": of.iter().filter(|row| row["state"] == "skipped").count(),
        "medianSeconds": median,
    })
}

/// The members of `wanted` as a report has them.
fn told_of(report: &Json, wanted: &Json) -> Json {
    wanted.as_object().unwrap().keys().map(|name| (name.clone(), report[name].clone())).collect()
}

async fn report(app: &TestApp, query: &str) -> Json {
    let got = get(app, &format!("/v1/surveys/tour/report?{query}")).await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.json()
}

#[tokio::test]
async fn m9_the_figures_are_those_of_the_exported_file() {
    let Told { app, .. } = told().await;
    // One never answers, one says STOP.
    send(&app, "+4791234560", "en", &json!({"queueKey": "support"})).await;
    send(&app, "+4791234561", "en", &json!({"queueKey": "support"})).await;
    app.reply("+4791234561", "STOP").await;
    app.advance(chrono::TimeDelta::days(2)).await;
    for (query, group_by) in
        [("", None), ("language=no", None), ("var.queueKey=support", None), ("", Some("queueKey"))]
    {
        let rows = export(&app, "responses", &format!("detail=true&{query}")).await.rows();
        let answers = export(&app, "answers", query).await.rows();
        let messages = export(&app, "messages", query).await.rows();
        let asked = group_by.map(|name| format!("&groupBy={name}")).unwrap_or_default();
        let report = report(&app, &format!("{query}{asked}")).await;
        let groups = report["groups"].as_array().unwrap();
        let mut seen = 0;
        for group in groups {
            let of_group: Vec<&Row> = rows
                .iter()
                .filter(|row| match group_by {
                    Some(name) => row["var_queueKey"] == group["key"][name].as_str().unwrap_or_default(),
                    None => true,
                })
                .collect();
            seen += of_group.len();
            let wanted = counted(&of_group);
            assert_eq!(told_of(group, &wanted), wanted, "{query} {group}");
            for question in ["score", "likely", "parts", "reason", "status", "words"] {
                let wanted = counted_question(&of_group, &answers, &messages, question);
                let questions = group["questions"].as_array().unwrap();
                let told = questions.iter().find(|told| told["elementId"] == question).unwrap();
                let numbers = |value: &Json| {
                    let members = value.as_object().unwrap().iter();
                    members.map(|(name, value)| (name.clone(), value.as_f64())).collect::<BTreeMap<_, _>>()
                };
                assert_eq!(numbers(&told_of(told, &wanted)), numbers(&wanted), "{query} {question}");
            }
        }
        assert_eq!(seen, rows.len(), "{query}");
    }
}

#[tokio::test]
async fn m3_to_m6_each_question_has_its_figures() {
    let Told { app, .. } = told().await;
    app.advance(chrono::TimeDelta::days(2)).await;
    let report = report(&app, "").await;
    let group = &report["groups"][0];
    assert_eq!(group["small"], true, "M7");
    assert_eq!(group["medianFirstReplySeconds"], 10.0);
    assert_eq!(report["definitions"]["responseRate"], "started / sent, with its Wilson 95 % interval");
    let of = |question: &str| {
        let mut questions = group["questions"].as_array().unwrap().iter();
        questions.find(|told| told["elementId"] == question).unwrap().clone()
    };
    let score = of("score");
    assert_eq!(score["distribution"].to_string(), r#"{"1":0,"2":1,"3":0,"4":1,"5":1}"#);
    assert_eq!((&score["mean"], &score["invalid"]), (&json!(3.6667), &json!(1)));
    assert_eq!(score["invalidRate"], 0.25, "one of four replies");
    assert_eq!(score["csat"]["rate"], 0.6667);
    let likely = of("likely");
    assert_eq!(likely["nps"]["score"], 0.0, "one promoter, one detractor");
    assert_eq!(
        (&likely["asked"], &likely["answered"], &likely["dropOff"]),
        (&json!(3), &json!(2), &json!(0.3333))
    );
    assert_eq!(of("parts")["distribution"], json!({"food": 1, "room": 1, "staff": 1}));
    let reason = of("reason");
    assert_eq!(
        (&reason["asked"], &reason["dropOff"]),
        (&json!(1), &json!(0.0)),
        "U40: not against the row before"
    );
    assert_eq!(of("name")["distribution"], json!({}), "what is marked pii has no distribution");
    assert_eq!(of("age")["mean"], 42.0);
}

#[tokio::test]
async fn u44_a_survey_that_nobody_got_has_no_rates() {
    let app = Setup::with(&[TOUR]).start().await;
    let report = report(&app, "").await;
    let group = &report["groups"][0];
    assert_eq!((&group["sent"], &group["responseRate"]), (&json!(0), &Json::Null));
    assert_eq!(group["questions"][0]["dropOff"], Json::Null);
    assert_eq!(group["questions"][1]["nps"]["interval"], Json::Null);
}

#[tokio::test]
async fn m7_cuts_are_variables_and_what_sessions_have() {
    let Told { app, .. } = told().await;
    app.advance(chrono::TimeDelta::days(2)).await;
    for (cut, wanted) in [
        ("language", json!({"en": 2, "no": 1})),
        ("revision", json!({"1": 1, "2": 2})),
        ("day&tz=Asia/Tokyo", json!({"2026-11-21": 3})),
        ("hour&tz=Europe/Oslo", json!({"09": 3})),
        ("weekday", json!({"6": 3})),
        ("country", json!({"47": 3})),
        ("agentid", json!({"": 1, "00123": 1, "NA": 1})),
    ] {
        let report = report(&app, &format!("groupBy={cut}")).await;
        let name = cut.split('&').next().unwrap();
        let sent: Json = report["groups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| (group["key"][name].as_str().unwrap_or_default().to_owned(), group["sent"].clone()))
            .collect();
        assert_eq!(sent, wanted, "{cut}");
    }
    let csv = get(&app, "/v1/surveys/tour/report?groupBy=queueKey,language&format=csv").await;
    let rows = csv.rows();
    assert_eq!(rows.len(), 3 * 8, "one row per group and question");
    assert!(
        rows.iter()
            .any(|row| row["queue_key"] == "1E10" && row["element_id"] == "score" && row["mean"] == "2.0")
    );
}

#[tokio::test]
async fn p64_a_bad_option_of_a_report_is_refused_with_what_exists() {
    let app = Setup::with(&[TOUR]).start().await;
    for (query, pointer, code) in [
        ("groupBy=colour", "?groupBy", "invalid_param"),
        ("groupBy=a,b,c,d,e", "?groupBy", "invalid_param"),
        ("format=xml", "?format", "invalid_param"),
        ("tz=Mars", "?tz", "invalid_param"),
        ("from=x", "?from", "invalid_param"),
        ("status=done", "?status", "invalid_param"),
        ("columns=a", "?columns", "unknown_param"),
    ] {
        let got = get(&app, &format!("/v1/surveys/tour/report?{query}")).await;
        assert_eq!(got.status, 422, "{query}");
        assert_eq!(got.faults(), [(pointer.to_owned(), code.to_owned())], "{query}");
    }
    let named = get(&app, "/v1/surveys/tour/report?groupBy=colour").await.text;
    assert!(named.contains("country, language, revision") && named.contains("queueKey"), "{named}");
    assert_eq!(get(&app, "/v1/surveys/nowhere/report").await.status, 404);
}

#[tokio::test]
async fn x1_the_command_tells_the_same_figures() {
    let Told { app, .. } = told().await;
    app.advance(chrono::TimeDelta::days(2)).await;
    let folder = tempfile::tempdir().unwrap();
    let told = antiphon(&app, folder.path(), &["report", "tour", "--group-by", "queueKey", "--json"]);
    let told: Json = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told, report(&app, "groupBy=queueKey").await);
    let csv = antiphon(&app, folder.path(), &["report", "tour", "--format", "csv"]);
    let served = get(&app, "/v1/surveys/tour/report?format=csv").await;
    assert_eq!(String::from_utf8(csv.stdout).unwrap(), served.text);
    let shown = antiphon(&app, folder.path(), &["report", "tour"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("responseRate 100.0 % [43."), "{shown}");
    assert!(shown.contains("completionRate 66.7 %"), "{shown}");
    assert!(![KARI, OLA, PER].iter().any(|phone| shown.contains(phone)));
    let refused = antiphon(&app, folder.path(), &["report", "tour", "--group-by", "colour"]);
    assert_eq!(refused.status.code(), Some(3));
}
