//! `antiphon export`: the same options give the same bytes (X1), and no file that is not complete (X14).

use std::path::Path;
use std::process::{Command, Output, Stdio};

use antiphon::hex;
use diesel::connection::SimpleConnection;
use sha2::{Digest, Sha256};

use super::{Told, export, told};
use crate::support::TestApp;

pub fn antiphon(app: &TestApp, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_antiphon"))
        .args(arguments)
        .args(["--database", &app.database.url])
        .current_dir(folder)
        .env_clear()
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn x1_the_same_options_give_the_same_bytes() {
    let Told { app, kari, .. } = told().await;
    app.advance(chrono::TimeDelta::days(2)).await;
    let folder = tempfile::tempdir().unwrap();
    for (kind, query, flags) in [
        ("responses", "", vec![]),
        (
            "responses",
            "detail=true&phone=hash&codes=label&labelsLang=en",
            vec!["--detail", "--phone", "hash", "--codes", "label", "--labels-lang", "en"],
        ),
        (
            "responses",
            "dialect=excel-no&tz=Europe/Oslo&newlines=space&raw=true",
            vec!["--dialect", "excel-no", "--tz", "Europe/Oslo", "--newlines", "space", "--raw"],
        ),
        ("responses", "var.queueKey=1E10&includeTest=true", vec!["--var", "queueKey=1E10", "--include-test"]),
        ("answers", "format=jsonl&pii=include", vec!["--format", "jsonl", "--pii", "include"]),
        (
            "answers",
            "status=completed&columns=session_id,raw",
            vec!["--status", "completed", "--columns", "session_id,raw"],
        ),
        ("messages", "", vec![]),
        ("events", "", vec![]),
        ("deliveries", "language=no", vec!["--language", "no"]),
        ("codebook", "", vec![]),
    ] {
        let served = export(&app, kind, query).await;
        assert_eq!(served.status, 200, "{}", served.text);
        let mut arguments = vec!["export", kind, "--survey", "tour"];
        arguments.extend(&flags);
        let printed = antiphon(&app, folder.path(), &arguments);
        assert!(printed.status.success(), "{}", text(&printed.stderr));
        assert_eq!(text(&printed.stdout), served.text, "{kind} {query}");
        let sha256 = hex::encode(&Sha256::digest(served.text.as_bytes()));
        assert!(text(&printed.stderr).contains(&sha256), "{}", text(&printed.stderr));
        arguments.extend(["-o", "out.txt", "--json"]);
        let written = antiphon(&app, folder.path(), &arguments);
        assert_eq!(std::fs::read_to_string(folder.path().join("out.txt")).unwrap(), served.text);
        let told: serde_json::Value = serde_json::from_slice(&written.stdout).unwrap();
        assert_eq!(told["sha256"], sha256.as_str());
        assert_eq!(told["rows"].to_string(), served.header("x-total-rows").unwrap());
    }
    let named = antiphon(&app, folder.path(), &["export", "responses", "--survey", "tour", "--since", "1h"]);
    assert!(!text(&named.stdout).contains(&kari), "the machine's hour is not that of the test");
}

#[tokio::test]
async fn t1_a_bad_option_ends_with_3_and_leaves_no_file() {
    let Told { app, .. } = told().await;
    app.advance(chrono::TimeDelta::days(2)).await;
    let folder = tempfile::tempdir().unwrap();
    let base = ["export", "responses", "--survey", "tour", "-o", "out.csv"];
    for (flags, code, said) in [
        (vec!["--format", "pdf"], 3, "use one of: csv, jsonl, xlsx, json"),
        (vec!["--columns", "colour"], 3, "there is no column colour; there are: session_id"),
        (vec!["--var", "queueKey"], 2, "use KEY=VALUE"),
        (vec!["--since", "soon"], 2, "use a duration"),
    ] {
        let arguments: Vec<&str> = base.into_iter().chain(flags.iter().copied()).collect();
        let output = antiphon(&app, folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(code), "{flags:?}");
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
    let unknown = antiphon(&app, folder.path(), &["export", "answers", "--survey", "nowhere"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("there are: tour"));
    // The database breaks while the file is written.
    let break_it = |sql: &str| app.database.connect().batch_execute(sql).unwrap();
    break_it("ALTER TABLE answers RENAME TO hidden_answers");
    assert_eq!(antiphon(&app, folder.path(), &base).status.code(), Some(1));
    break_it("ALTER TABLE hidden_answers RENAME TO answers");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "X14: a short file was left");
}
