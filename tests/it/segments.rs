//! How long texts are on the wire (GW90 to GW94): a table, what a real Kannel makes of it, and what SendSurvey and
//! messages say.

use serde::Deserialize;
use serde_json::json;

use antiphon::text::{self, PARTS_MAX};

use crate::support::kannel::USER;
use crate::support::{KARI, Kannel, Setup};

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

impl Case {
    fn text(&self) -> String {
        self.pieces.iter().map(|(piece, times)| piece.repeat(*times)).collect()
    }
}

#[test]
fn gw91_every_text_of_the_table_has_its_parts() {
    let table: Table = serde_json::from_str(TABLE).unwrap();
    assert!(table.texts.len() >= 200, "{}", table.texts.len());
    let full = table.texts.iter().filter(|case| case.segments == PARTS_MAX).count();
    assert!(full > 10, "texts of {PARTS_MAX} parts: {full}");
    for case in table.texts {
        let length = text::length(&case.text());
        let ours = (length.encoding.as_str(), length.units, length.segments);
        assert_eq!(ours, (case.encoding.as_str(), case.units, case.segments), "{:?}", case.pieces);
        let sum: usize = case.parts.iter().sum();
        assert_eq!((sum, case.parts.len()), (case.units, case.segments), "{:?}", case.pieces);
    }
}

/// Each text of the table goes to a phone of its own, told as our Kannel profile tells it. Kannel cuts UCS-2 every 67
/// units, so a pair of surrogates (an emoji) at a seam lies in two parts, where we count it whole in the second: the
/// one difference that GW91 allows. Our count is never less than what travels.
#[tokio::test]
async fn gw91_kannel_puts_each_text_on_the_wire_in_as_many_parts_as_we_count() {
    let table: Table = serde_json::from_str(TABLE).unwrap();
    // No empty text is ever sent.
    let cases: Vec<Case> = table.texts.into_iter().filter(|case| case.units > 0).collect();
    assert!(cases.len() >= 200, "{}", cases.len());
    let kannel = Kannel::start("http://127.0.0.1:9/nobody").await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (number, case) in cases.iter().enumerate() {
        let url = handing_over(&kannel, &phone(number), &case.text());
        assert_eq!(client.get(url).send().await.unwrap().status(), 202, "{:?}", case.pieces);
    }
    let mut dearer = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let shown = kannel.until_shown(&phone(number), 1).await.remove(0);
        assert_eq!(shown.text, case.text(), "{:?}", case.pieces);
        let is_ucs2 = case.encoding == "ucs2";
        assert_eq!(shown.coding, if is_ucs2 { 8 } else { 0 }, "{:?}", case.pieces);
        let has_pair_at_seam = is_ucs2 && case.parts.iter().rev().skip(1).any(|units| *units == 66);
        let expected = if has_pair_at_seam { every_67(case.units) } else { case.parts.clone() };
        assert_eq!(shown.parts, expected, "{:?}", case.pieces);
        if shown.parts.len() != case.segments {
            dearer.push((case.text(), case.segments, shown.parts.len()));
        }
    }
    let emoji = |count| "😀".repeat(count);
    assert_eq!(dearer, [(emoji(67), 3, 2), (emoji(100), 4, 3)], "text, our count, parts that travel");
}

/// Hands a text over as `src/gateway/profiles/kannel.yaml` does.
fn handing_over(kannel: &Kannel, to: &str, text: &str) -> reqwest::Url {
    let coding = match text::length(text).encoding {
        text::Encoding::Gsm7 => None,
        text::Encoding::Ucs2 => Some(("coding", "2")),
    };
    let query = [("username", USER.0), ("password", USER.1), ("from", "2012"), ("to", to), ("text", text)];
    let query = query.into_iter().chain([("charset", "utf-8")]).chain(coding);
    reqwest::Url::parse_with_params(&format!("{}/cgi-bin/sendsms", kannel.url()), query).unwrap()
}

fn every_67(units: usize) -> Vec<usize> {
    let rest = units % 67;
    let full = std::iter::repeat_n(67, units / 67);
    full.chain((rest > 0).then_some(rest)).collect()
}

fn phone(number: usize) -> String {
    format!("+4791000{number:03}")
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
