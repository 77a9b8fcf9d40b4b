//! Workbooks, read by another program than the one that wrote them (X8).

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, DataType as _, Reader as _, Xlsx};
use reqwest::Method;

use super::command::antiphon;
use super::{Told, export, told};
use crate::support::TestApp;

/// The sheets of a workbook, each as rows by the names of its columns.
fn sheets(bytes: Vec<u8>) -> BTreeMap<String, Vec<BTreeMap<String, Data>>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let names = book.sheet_names();
    let sheet = |name: String| {
        let range = book.worksheet_range(&name).unwrap();
        let headings: Vec<String> = range.rows().next().unwrap().iter().map(ToString::to_string).collect();
        let row = |row: &[Data]| headings.iter().cloned().zip(row.iter().cloned()).collect();
        (name, range.rows().skip(1).map(row).collect())
    };
    names.into_iter().map(sheet).collect()
}

async fn workbook(app: &TestApp, kind: &str, query: &str) -> Vec<u8> {
    let path = format!("/v1/surveys/tour/exports/{kind}?format=xlsx{query}");
    let response = app.door().request(Method::GET, &path).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    assert_eq!(response.headers()["content-type"], media_type);
    assert!(response.headers()["content-disposition"].to_str().unwrap().ends_with(".xlsx\""));
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn x8_a_workbook_has_four_sheets_and_typed_cells() {
    let Told { app, kari, ola, .. } = told().await;
    app.advance(chrono::TimeDelta::days(2)).await;
    let sheets = sheets(workbook(&app, "responses", "&detail=true&tz=Europe/Oslo").await);
    let names: Vec<&str> = sheets.keys().map(String::as_str).collect();
    assert_eq!(names, ["About", "Answers", "Codebook", "Responses"]);
    let of = |session: &str| {
        let found = sheets["Responses"].iter().find(|row| row["session_id"].as_string().unwrap() == session);
        found.unwrap()
    };
    let row = of(&kari);
    let text = |text: &str| Data::String(text.to_owned());
    for (name, cell) in [
        ("phone", text("+47*****999")),
        ("var_agentId", text("00123")),
        ("var_queueKey", text("1E10")),
        ("words", text("=1+1 æøå 😀")),
        ("parts", text("food;staff")),
        ("score", Data::Float(2.0)),
        ("parts__food", Data::Float(1.0)),
        ("opted_out", Data::Bool(false)),
        ("reason_label", text("Støy")),
        ("response_seconds", Data::Float(30.0)),
    ] {
        assert_eq!(row[name], cell, "{name}");
    }
    let started = row["started_at"].as_datetime().unwrap();
    assert_eq!(started.to_string(), "2026-11-21 09:00:00", "a real date cell in the zone asked for");
    assert_eq!(of(&ola)["words"], text("NA\nnull, \"quoted\""));
    assert_eq!(of(&ola)["reason"], Data::Empty);
    // The same values as in CSV.
    let csv = export(&app, "responses", "detail=true&raw=true").await.rows();
    assert_eq!(sheets["Responses"].len(), csv.len());
    for wanted in &csv {
        let row = of(&wanted["session_id"]);
        for (name, value) in wanted {
            let cell = &row[name];
            match cell {
                Data::Float(number) => {
                    assert!((value.parse::<f64>().unwrap() - number).abs() < 1e-9, "{name}");
                }
                Data::String(text) => assert_eq!(text, value, "{name}"),
                Data::Bool(flag) => assert_eq!(&flag.to_string(), value, "{name}"),
                Data::Empty => assert_eq!(value, "", "{name}"),
                Data::DateTime(_) => assert!(value.starts_with("2026-11-2"), "{name}: {value}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    let answers = export(&app, "answers", "").await.rows();
    assert_eq!(sheets["Answers"].len(), answers.len());
    let codebook = export(&app, "codebook", "detail=true").await.rows();
    assert_eq!(sheets["Codebook"].len(), codebook.len());
    let about: BTreeMap<String, String> =
        sheets["About"].iter().map(|row| (row["what"].to_string(), row["value"].to_string())).collect();
    assert_eq!(about["time zone of all times"], "Europe/Oslo");
    assert_eq!(about["rows"], "3");
    assert_eq!(about["responseRate"], "started / sent, with its Wilson 95 % interval");
}

#[tokio::test]
async fn x8_the_command_writes_the_same_workbook() {
    let Told { app, .. } = told().await;
    app.advance(chrono::TimeDelta::days(2)).await;
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["export", "answers", "--survey", "tour", "--format", "xlsx", "-o", "out.xlsx"];
    let output = antiphon(&app, folder.path(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = sheets(std::fs::read(folder.path().join("out.xlsx")).unwrap());
    let served = sheets(workbook(&app, "answers", "").await);
    assert_eq!(written["Answers"], served["Answers"]);
    assert_eq!(served.keys().map(String::as_str).collect::<Vec<_>>(), ["About", "Answers"]);
}
