//! Exports and reports through the front door (issue 6): what analysts get is read with other programs than ours, and
//! compared with what the API shows.

mod command;
mod incremental;
mod report;
mod responses;
mod rows;
mod workbook;

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Setup, TestApp};

pub const KARI: &str = "+4799999999";
pub const OLA: &str = "+4791234567";
pub const PER: &str = "+4791234568";

/// A question of each kind that makes trouble for analysts; one has the name of a column, one is personal.
pub const TOUR: &str = "\
format: antiphon/1
id: tour
uuid: 7b0f9d55-4b0c-4f5d-9a63-2f0d5ff0a077
title: A tour
languages: [en, no]
default_language: en
settings: {expiry: 24h}
elements:
  - id: score
    type: scale
    min: 1
    max: 5
    label: {en: Score, no: Poeng}
    text: {en: How was it? Reply 1-5. Reply STOP to opt out., no: Hvordan var det? Svar 1-5. Svar STOPP for å slippe.}
  - id: likely
    type: nps
    text: {en: Would you recommend us? Reply 0-10., no: Vil du anbefale oss? Svar 0-10.}
  - id: parts
    type: multiple_choice
    max_select: 3
    text: {en: What did you like?, no: Hva likte du?}
    options:
      - {code: food, label: {en: Food, no: Mat}}
      - {code: room, label: {en: Room, no: Rom}}
      - {code: staff, label: {en: Staff, no: Betjening}}
  - id: reason
    type: single_choice
    when: score <= 2
    text: {en: What went wrong?, no: Hva gikk galt?}
    options:
      - {code: price, label: {en: Price, no: Pris}}
      - {code: noise, label: {en: Noise, no: Støy}}
  - id: status
    type: yes_no
    text: {en: Will you come back? Reply YES or NO., no: Kommer du tilbake? Svar JA eller NEI.}
  - id: words
    type: free_text
    optional: true
    text: {en: Anything else? Reply SKIP to pass., no: Noe mer? Svar HOPP for å gå videre.}
  - id: name
    type: free_text
    pii: true
    text: {en: What is your name?, no: Hva heter du?}
completion:
  text: {en: Thank you!, no: Takk!}
";

/// The same survey one question longer.
pub fn tour_with_age() -> String {
    let age = "  - id: age\n    type: number\n    text: {en: How old are you?, no: Hvor gammel er du?}\n";
    TOUR.replace("  - id: name\n", &format!("{age}  - id: name\n"))
}

/// A file as it came.
#[derive(Clone, Debug)]
pub struct Got {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Rows by the names of their columns, as the csv crate reads them.
    pub fn rows(&self) -> Vec<BTreeMap<String, String>> {
        assert_eq!(self.status, 200, "{}", self.text);
        read_csv(&self.text)
    }

    /// Pointers and codes of the faults.
    pub fn faults(&self) -> Vec<(String, String)> {
        let text = |fault: &Json, name: &str| fault[name].as_str().unwrap().to_owned();
        let body = self.json();
        let faults = body["errors"].as_array().unwrap_or_else(|| panic!("{body}")).iter();
        faults.map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect()
    }
}

pub fn read_csv(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| {
        names.iter().cloned().zip(record.iter().map(str::to_owned)).collect::<BTreeMap<_, _>>()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// The headings of a file in their order.
pub fn headings(text: &str) -> Vec<String> {
    csv::Reader::from_reader(text.as_bytes()).headers().unwrap().iter().map(str::to_owned).collect()
}

pub async fn get(app: &TestApp, path: &str) -> Got {
    let response = app.door().request(Method::GET, path).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Got { status, headers, text: response.text().await.unwrap() }
}

/// An export of the tour.
pub async fn export(app: &TestApp, kind: &str, query: &str) -> Got {
    get(app, &format!("/v1/surveys/tour/exports/{kind}?{query}")).await
}

/// Publishes another revision of the tour.
pub async fn revise(app: &TestApp, source: &str) {
    let request = app.door().request(Method::PUT, "/v1/surveys/tour");
    let request = request.header("Content-Type", "application/yaml").body(source.to_owned());
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    let published = app.door().post("/v1/surveys/tour/publish", &json!({})).await;
    assert_eq!(published.status, 200, "{published:?}");
}

/// Sends the tour with variables.
pub async fn send(app: &TestApp, phone: &str, language: &str, variables: &Json) -> String {
    let body = json!({
        "identifier": phone,
        "language": language,
        "clientReference": format!("ref-{phone}"),
        "userSessionVariables": variables
    });
    app.send_survey("tour", &body).await.session_id()
}

/// Everything that makes trouble: three people, two revisions, a test session.
pub struct Told {
    pub app: TestApp,
    pub kari: String,
    pub ola: String,
    pub per: String,
    pub test: String,
}

pub async fn told() -> Told {
    let app = Setup::with(&[TOUR]).start().await;
    let kari_has =
        json!({"agentId": "00123", "queueKey": "1E10", "consumerPhone": "+4790000001", "blåbær": "=1+1"});
    let kari = send(&app, KARI, "no", &kari_has).await;
    for text in ["2, ventet i 40 minutter", "9", "1 3", "2", "ja", "=1+1 æøå 😀", "Åse Ødegård"] {
        app.advance(chrono::TimeDelta::seconds(30)).await;
        app.reply(KARI, text).await;
    }
    revise(&app, &tour_with_age()).await;
    let ola = send(&app, OLA, "en", &json!({"agentId": "NA", "queueKey": "support"})).await;
    for text in ["banana", "5", "3", "2", "no", "NA\nnull, \"quoted\"", "42", "Ola"] {
        app.advance(chrono::TimeDelta::seconds(10)).await;
        app.reply(OLA, text).await;
    }
    let per = send(&app, PER, "en", &json!({})).await;
    app.advance(chrono::TimeDelta::seconds(5)).await;
    app.reply(PER, "4").await;
    let body = json!({"identifier": "+4791234569", "language": "en", "isTest": true});
    let test = app.send_survey("tour", &body).await.session_id();
    app.advance(chrono::TimeDelta::seconds(40)).await;
    Told { app, kari, ola, per, test }
}
