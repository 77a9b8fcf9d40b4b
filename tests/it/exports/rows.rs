//! The long kinds: answers, messages, events, deliveries, and the codebook (X6, X7).

use super::{Told, export, told};

#[tokio::test]
async fn x6_one_row_per_answer_with_value_code_and_words_side_by_side() {
    let Told { app, kari, per, .. } = told().await;
    let got = export(&app, "answers", "").await;
    let rows = got.rows();
    assert_eq!(got.header("x-total-rows").unwrap(), rows.len().to_string());
    let of = |session: &str, question: &str| {
        let found = rows.iter().filter(|row| row["session_id"] == session && row["question_id"] == question);
        let found: Vec<_> = found.collect();
        assert_eq!(found.len(), 1, "{question}");
        found[0].clone()
    };
    let parts = of(&kari, "parts");
    assert_eq!(parts["question_type"], "multiple_choice");
    for (name, value) in [
        ("value", "food;staff"),
        ("code", "food;staff"),
        ("label", "Mat;Betjening"),
        ("index0", "0;2"),
        ("index1", "1;3"),
        ("raw", "1 3"),
        ("value_num", ""),
        ("state", "answered"),
        ("seq", "3"),
        ("attempts", "1"),
        ("latency_seconds", "30"),
        ("revision", "1"),
        ("var_agentId", "00123"),
    ] {
        assert_eq!(parts[name], value, "{name}");
    }
    let score = of(&kari, "score");
    assert_eq!(
        (score["value"].as_str(), score["value_num"].as_str(), score["code"].as_str()),
        ("2", "2", "")
    );
    assert_eq!(score["comment"], "ventet i 40 minutter");
    let waiting = of(&per, "likely");
    assert_eq!((waiting["state"].as_str(), waiting["answered_at"].as_str()), ("pending", ""));
    assert!(rows.iter().all(|row| row["question_id"] != "name"), "X11");
    let personal = export(&app, "answers", "pii=include").await.rows();
    assert_eq!(personal.iter().filter(|row| row["question_id"] == "name").count(), 2);
    // What the API shows of the same session.
    let shown = app.answers(&kari).await;
    let api: Vec<&str> = shown.iter().map(|answer| answer["elementId"].as_str().unwrap()).collect();
    let exported: Vec<&str> = personal
        .iter()
        .filter(|row| row["session_id"] == kari)
        .map(|row| row["question_id"].as_str())
        .collect();
    assert_eq!(api, exported);
    app.advance(chrono::TimeDelta::days(2)).await;
}

#[tokio::test]
async fn x7_messages_tell_the_conversation_in_order() {
    let Told { app, kari, ola, .. } = told().await;
    let rows = export(&app, "messages", "").await.rows();
    let told: Vec<(&str, &str)> = rows
        .iter()
        .filter(|row| row["session_id"] == ola)
        .map(|row| (row["direction"].as_str(), row["text"].as_str()))
        .take(4)
        .collect();
    assert_eq!(told[0].0, "outbound");
    assert!(told[0].1.starts_with("How was it?"));
    assert_eq!(told[1].0, "inbound");
    assert_eq!(told[1].1, "", "what was not understood may be anything: the survey asks for names");
    assert_eq!((told[2].0, told[3]), ("outbound", ("inbound", "5")));
    let open: Vec<String> = rows.iter().map(|row| row["text"].clone()).collect();
    assert!(!open.iter().any(|text| text.contains("Ødegård")), "X11");
    let personal = export(&app, "messages", "pii=include").await.rows();
    let texts: Vec<&str> = personal.iter().map(|row| row["text"].as_str()).collect();
    assert!(texts.contains(&"Åse Ødegård") && texts.contains(&"banana"));
    assert!(personal.iter().filter(|row| row["session_id"] == kari).all(|row| row["phone"] == "+47*****999"));
    app.advance(chrono::TimeDelta::days(2)).await;
}

#[tokio::test]
async fn x7_events_and_deliveries_tell_what_became_of_things() {
    let Told { app, kari, ola, .. } = told().await;
    let first = app.sent_in(&kari).await[0]["gatewayMessageId"].as_str().unwrap().to_owned();
    app.report(&first, "delivered").await;
    let events = export(&app, "events", "").await.rows();
    let of_kari: Vec<&str> =
        events.iter().filter(|row| row["session_id"] == kari).map(|row| row["event"].as_str()).collect();
    assert_eq!(of_kari.iter().filter(|event| **event == "answer.recorded").count(), 7);
    assert!(of_kari.contains(&"session.completed") && of_kari.contains(&"message.delivered"));
    let sequences: Vec<u32> = events
        .iter()
        .filter(|row| row["session_id"] == kari)
        .map(|row| row["sequence"].parse().unwrap())
        .collect();
    assert!(sequences.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{sequences:?}");
    let refused = events.iter().find(|row| row["event"] == "reply.invalid").unwrap();
    assert_eq!((refused["session_id"].as_str(), refused["element_id"].as_str()), (ola.as_str(), "score"));
    assert!(
        events.iter().all(|row| row.values().all(|value| !value.contains("Ødegård"))),
        "events hold no values"
    );
    let deliveries = export(&app, "deliveries", "").await.rows();
    let delivered = deliveries.iter().find(|row| row["gateway_message_id"] == first).unwrap();
    assert_eq!((delivered["state"].as_str(), delivered["receipt"].as_str()), ("delivered", "delivered"));
    assert_eq!((delivered["gateway"].as_str(), delivered["class"].as_str()), ("fake", "question"));
    app.advance(chrono::TimeDelta::days(2)).await;
}

#[tokio::test]
async fn x8_the_codebook_describes_every_column() {
    let Told { app, .. } = told().await;
    let got = export(&app, "codebook", "").await;
    let rows = got.rows();
    let described: Vec<String> = rows.iter().map(|row| row["column"].clone()).collect();
    let detailed = export(&app, "responses", "detail=true").await;
    assert_eq!(described, super::headings(&detailed.text), "one row per column, in their order");
    assert_eq!(got.header("x-total-rows").unwrap(), rows.len().to_string());
    let of = |name: &str| rows.iter().find(|row| row["column"] == name).unwrap();
    let reason = of("reason");
    assert_eq!(reason["text_en"], "What went wrong?");
    assert_eq!(reason["text_no"], "Hva gikk galt?");
    assert_eq!((reason["codes"].as_str(), reason["labels"].as_str()), ("price;noise", "Price;Noise"));
    assert_eq!((reason["question_type"].as_str(), reason["answered"].as_str()), ("single_choice", "1"));
    assert_eq!(of("score")["answered"], "3");
    assert_eq!(of("phone")["note"], "pandas: dtype={'phone': str}");
    let norwegian = export(&app, "codebook", "labelsLang=no&columns=column,labels&format=json").await.json();
    let row = norwegian["data"].as_array().unwrap().iter().find(|row| row["column"] == "reason").unwrap();
    assert_eq!(row["labels"], serde_json::json!(["Pris", "Støy"]));
    app.advance(chrono::TimeDelta::days(2)).await;
}
