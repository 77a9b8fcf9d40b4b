//! How long texts are on the wire (GW90 to GW94): the table that a real gateway is asked about too, and what
//! SendSurvey and messages say.

use serde::Deserialize;
use serde_json::json;

use antiphon::text::{self, PARTS_MAX};

use crate::support::{KARI, Setup};

const TABLE: &str = include_str!("cases/segments.json");

#[derive(Deserialize)]
struct Table {
    texts: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    pieces: Vec<(String, usize)>,
    encoding: String,
    units: usize,
    segments: usize,
    parts: Vec<usize>,
}

#[test]
fn gw91_every_text_of_the_table_has_its_parts() {
    let table: Table = serde_json::from_str(TABLE).unwrap();
    assert!(table.texts.len() >= 200, "{}", table.texts.len());
    let full = table.texts.iter().filter(|case| case.segments == PARTS_MAX).count();
    assert!(full > 10, "texts of {PARTS_MAX} parts: {full}");
    for case in table.texts {
        let text: String = case.pieces.iter().map(|(piece, times)| piece.repeat(*times)).collect();
        let length = text::length(&text);
        let ours = (length.encoding.as_str(), length.units, length.segments);
        assert_eq!(ours, (case.encoding.as_str(), case.units, case.segments), "{:?}", case.pieces);
        let sum: usize = case.parts.iter().sum();
        assert_eq!((sum, case.parts.len()), (case.units, case.segments), "{:?}", case.pieces);
    }
}

/// Typography as word processors write it.
const SURVEY: &str = "\
format: antiphon/1
id: typo
uuid: 7b0f9d55-4b0c-4f5d-9a63-2f0d5ff0a0aa
title: Typography
languages: [en]
default_language: en
variables:
  firstName: {max_length: 20}
elements:
  - id: score
    type: scale
    min: 1
    max: 5
    text: {en: '“Hi {{firstName}}” – how was it…? Reply 1–5. Reply STOP to opt out.'}
completion:
  text: {en: Thank you!}
";

#[tokio::test]
async fn gw94_a_surveys_typography_travels_as_gsm7_and_what_was_given_to_us_is_left_alone() {
    let app = Setup::with(&[SURVEY]).start().await;
    app.may_leave_unsettled();
    let send = async |name: &str, content: Option<&str>, phone: &str| {
        let mut body = json!({"identifier": phone, "language": "en",
            "userSessionVariables": [{"key": "firstName", "value": name}]});
        if let Some(content) = content {
            body["content"] = json!(content);
        }
        let answer = app.send_survey("typo", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let message = answer.body["messages"][0].clone();
        let text = |name: &str| message[name].as_str().unwrap().to_owned();
        (text("text"), text("encoding"), message["segments"].clone())
    };
    let (text, encoding, segments) = send("Kari", None, KARI).await;
    assert_eq!(text, "\"Hi Kari\" - how was it...? Reply 1-5. Reply STOP to opt out.");
    assert_eq!((encoding.as_str(), segments), ("gsm7", json!(1)));
    let sent = app.gateway.ledger();
    assert_eq!(sent.last().unwrap().text, text, "what is said is what is sent");

    let (text, encoding, _) = send("Kári", None, "+4791234567").await;
    assert!(text.starts_with("“Hi Kári” – how was it…?"), "{text}");
    assert_eq!(encoding, "ucs2", "a letter is never transliterated, and half a replacement wins nothing");

    let (text, encoding, _) = send("Kari", Some("From “us”."), "+4791234568").await;
    assert!(text.starts_with("From “us”.\n“Hi Kari” –"), "{text}");
    assert_eq!(encoding, "ucs2");
}
