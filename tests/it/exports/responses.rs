//! The wide export: one row per session, columns that hold still, and nothing an analyst's tool would spoil (X2 to X5,
//! X10 to X12, X20 to X27).

use std::collections::BTreeMap;

use serde_json::json;

use super::{KARI, OLA, Told, export, get, headings, read_csv, revise, send, told, tour_with_age};
use crate::support::Setup;

const SESSION_COLUMNS: &str = "session_id,status,completed_at,survey_id,revision,started_at,first_reply_at,\
    last_activity_at,expires_at,language,phone,client_reference,identifier_type,channel,gateway,delivery_status,\
    questions_asked,questions_answered,invalid_replies,reminders_sent,sms_sent,sms_received,segments_sent,\
    response_seconds,duration_seconds,opted_out,is_test,var_consumerEmail,var_consumerPhone,var_consumerChannel,\
    var_consumerSession,var_queueKey,var_agentId,var_userGroupId,var_systemCountry";

fn by_session(rows: Vec<BTreeMap<String, String>>) -> BTreeMap<String, BTreeMap<String, String>> {
    rows.into_iter().map(|row| (row["session_id"].clone(), row)).collect()
}

#[tokio::test]
async fn x4_one_row_per_session_says_what_the_api_says() {
    let Told { app, kari, ola, per, test } = told().await;
    let got = export(&app, "responses", "").await;
    assert_eq!(got.header("x-total-rows"), Some("3"));
    assert_eq!(got.header("content-type"), Some("text/csv; charset=utf-8"));
    let rows = by_session(got.rows());
    assert_eq!(rows.len(), 3, "A89: a test session stays out unless asked for");
    let row = &rows[&kari];
    let session = app.session(&kari).await;
    assert_eq!(row["status"], "completed");
    assert_eq!(row["revision"], "1");
    assert_eq!(row["language"], "no");
    assert_eq!(row["phone"], "+47*****999");
    assert_eq!(row["client_reference"], format!("ref-{KARI}"));
    assert_eq!(row["started_at"], "2026-11-21T08:00:00Z");
    assert_eq!(row["first_reply_at"], "2026-11-21T08:00:30Z");
    assert_eq!(row["completed_at"], session["closedAt"].as_str().unwrap());
    assert_eq!(row["response_seconds"], "30");
    assert_eq!(row["duration_seconds"], "180");
    assert_eq!((row["questions_asked"].as_str(), row["questions_answered"].as_str()), ("7", "7"));
    assert_eq!((row["sms_sent"].as_str(), row["sms_received"].as_str()), ("8", "7"));
    assert_eq!(row["gateway"], "fake");
    assert_eq!(row["delivery_status"], "accepted");
    assert_eq!(row["score"], "2");
    assert_eq!((row["likely"].as_str(), row["likely_group"].as_str()), ("9", "promoter"));
    assert_eq!((row["parts"].as_str(), row["parts_label"].as_str()), ("food;staff", "Mat;Betjening"));
    let chosen = ["parts__food", "parts__room", "parts__staff"].map(|name| row[name].as_str());
    assert_eq!(chosen, ["1", "0", "1"]);
    assert_eq!((row["reason"].as_str(), row["reason_label"].as_str()), ("noise", "Støy"));
    assert_eq!(row["q_status"], "yes", "a question never takes the name of a column of the session");
    assert_eq!(row["words"], "'=1+1 æøå 😀", "X24");
    assert!(!row.contains_key("name"), "X11: what is marked pii stays out");
    assert_eq!(row["var_agentId"], "00123", "X22");
    assert_eq!(row["var_queueKey"], "1E10", "X22");
    assert_eq!(row["var_bl_b_r"], "'=1+1", "X24");
    assert_eq!(row["var_consumerPhone"], "+47*****001", "a phone in a variable is masked as phones are");
    let row = &rows[&ola];
    assert_eq!((row["revision"].as_str(), row["age"].as_str()), ("2", "42"));
    assert_eq!(row["words"], "NA\nnull, \"quoted\"", "X21, X26");
    assert_eq!(row["invalid_replies"], "1");
    assert_eq!(row["reason"], "", "not asked");
    assert_eq!(row["var_agentId"], "NA");
    let row = &rows[&per];
    assert_eq!((row["status"].as_str(), row["completed_at"].as_str()), ("active", ""));
    assert_eq!((row["parts"].as_str(), row["parts__food"].as_str()), ("", ""), "X5: empty, not 0");
    let with_test = by_session(export(&app, "responses", "includeTest=true").await.rows());
    assert_eq!(with_test[&test]["is_test"], "true");
    app.advance(chrono::TimeDelta::days(2)).await;
    let rows = by_session(export(&app, "responses", "detail=true").await.rows());
    assert_eq!(rows[&per]["disposition"], "partial", "M8");
    assert_eq!(rows[&kari]["disposition"], "completed");
    assert_eq!(rows[&ola]["reason_state"], "not_asked");
    assert_eq!(rows[&per]["likely_state"], "expired");
    assert_eq!(rows[&kari]["score_comment"], "ventet i 40 minutter");
    assert_eq!(rows[&kari]["score_raw"], "2, ventet i 40 minutter");
    assert_eq!((rows[&ola]["score_attempts"].as_str(), rows[&kari]["score_attempts"].as_str()), ("2", "1"));
}

#[tokio::test]
async fn x3_columns_hold_still_and_those_of_later_revisions_follow() {
    let app = Setup::with(&[super::TOUR]).start().await;
    let empty = export(&app, "responses", "").await;
    assert_eq!(empty.header("x-total-rows"), Some("0"));
    assert!(empty.rows().is_empty(), "X2: headings stand there for no rows, too");
    let questions = "score,score_label,likely,likely_label,likely_group,parts,parts_label,parts__food,parts__room,\
        parts__staff,reason,reason_label,q_status,q_status_label,words,words_label";
    assert_eq!(headings(&empty.text).join(","), format!("{SESSION_COLUMNS},{questions}"));
    revise(&app, &tour_with_age()).await;
    let later = export(&app, "responses", "").await;
    assert_eq!(headings(&later.text).join(","), format!("{SESSION_COLUMNS},{questions},age,age_label"));
    let chosen = export(&app, "responses", "columns=session_id,age,q_status,score_raw").await;
    assert_eq!(
        chosen.text, "session_id,age,q_status,score_raw\r\n",
        "a subset in its own order, detail by name"
    );
}

#[tokio::test]
async fn x5_a_choice_shows_code_place_or_label() {
    let Told { app, kari, .. } = told().await;
    let columns = "columns=session_id,reason,parts,reason_label";
    for (codes, reason, parts) in [
        ("code", "noise", "food;staff"),
        ("index0", "1", "0;2"),
        ("index1", "2", "1;3"),
        ("label", "Støy", "Mat;Betjening"),
        ("label&labelsLang=en", "Noise", "Food;Staff"),
    ] {
        let got = export(&app, "responses", &format!("{columns}&codes={codes}")).await;
        let rows = by_session(got.rows());
        assert_eq!(
            (rows[&kari]["reason"].as_str(), rows[&kari]["parts"].as_str()),
            (reason, parts),
            "{codes}"
        );
    }
    app.advance(chrono::TimeDelta::days(2)).await;
}

#[tokio::test]
async fn x25_x12_dialects_zones_and_raw_texts() {
    let Told { app, kari, .. } = told().await;
    let columns = "columns=session_id,started_at,parts,words,response_seconds";
    let norwegian = export(&app, "responses", &format!("{columns}&dialect=excel-no&tz=Europe/Oslo")).await;
    assert!(norwegian.text.starts_with("\u{feff}session_id;started_at;parts;words;response_seconds\r\n"));
    assert!(norwegian.text.contains("2026-11-21T09:00:00+01:00;\"food;staff\";\"'=1+1 æøå 😀\";30\r\n"));
    let file = norwegian.header("content-disposition").unwrap();
    assert_eq!(file, "attachment; filename=\"tour_responses_20261121T090535_Europe-Oslo.csv\"", "X12");
    let excel = export(&app, "responses", &format!("{columns}&dialect=excel&newlines=space&raw=true")).await;
    let rows = read_csv(excel.text.trim_start_matches('\u{feff}'));
    assert_eq!(by_session(rows)[&kari]["words"], "=1+1 æøå 😀");
    assert!(excel.text.contains("\"NA null, \"\"quoted\"\"\""), "X26");
    app.advance(chrono::TimeDelta::days(2)).await;
}

#[tokio::test]
async fn x10_filters_reach_what_is_counted_and_what_is_exported() {
    let Told { app, kari, ola, per, .. } = told().await;
    let all = [&kari, &ola, &per];
    for (query, wanted) in [
        ("status=completed", vec![0, 1]),
        ("status=completed,active", vec![0, 1, 2]),
        ("language=no", vec![0]),
        ("var.queueKey=support", vec![1]),
        ("var.queuekey=1E10&var.agentId=00123", vec![0]),
        ("var.queueKey=none", vec![]),
        ("from=2026-11-21T08:03:30Z", vec![1, 2]),
        ("to=2026-11-21T08:03:30Z", vec![0]),
        ("from=2026-11-21T08:00:00Z&to=2026-11-21T08:00:00Z", vec![]),
        ("from=2026-11-21T08:03:30Z&dateField=completed_at", vec![0, 1]),
        ("to=2026-11-21T08:03:30Z&dateField=completed_at", vec![]),
        ("from=2026-11-21T08:04:51Z&dateField=updated_at", vec![2]),
    ] {
        for kind in ["responses", "answers", "messages", "events", "deliveries"] {
            let got = export(&app, kind, query).await;
            let rows = got.rows();
            assert_eq!(got.header("x-total-rows").unwrap(), rows.len().to_string(), "{kind} {query}");
            let found: std::collections::BTreeSet<&str> =
                rows.iter().map(|row| row["session_id"].as_str()).collect();
            let wanted = wanted.iter().map(|&place: &usize| all[place].as_str()).collect();
            assert_eq!(found, wanted, "{kind} {query}");
        }
    }
    app.advance(chrono::TimeDelta::days(2)).await;
}

#[tokio::test]
async fn x11_phones_are_masked_hashed_left_out_or_whole() {
    let Told { app, kari, .. } = told().await;
    let phone = async |style: &str| {
        let query = format!("columns=session_id,phone,var_consumerPhone&phone={style}");
        let row = by_session(export(&app, "responses", &query).await.rows())[&kari].clone();
        (row["phone"].clone(), row["var_consumerPhone"].clone())
    };
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    assert_eq!(phone("masked").await, pair("+47*****999", "+47*****001"));
    assert_eq!(phone("none").await, pair("", ""));
    assert_eq!(phone("e164").await, pair(KARI, "+4790000001"));
    let hash = phone("hash").await;
    assert_eq!(hash.0, app.engine().store.phone_hash(KARI), "equal over exports");
    assert_eq!(hash, phone("hash").await);
    let personal = export(&app, "responses", "pii=include").await;
    assert_eq!(by_session(personal.rows())[&kari]["name"], "Åse Ødegård");
    let audited: Vec<(String, String)> = {
        use antiphon::store::schema::audit;
        use diesel::prelude::*;
        audit::table
            .filter(audit::action.eq("personal_data.exported"))
            .select((audit::object, audit::detail))
            .load(&mut app.database.connect())
            .unwrap()
    };
    assert_eq!(audited.len(), 2, "every export with personal data is an audit event: {audited:?}");
    assert!(audited.iter().all(|(object, detail)| object == "survey:tour" && !detail.contains(OLA)));
    app.advance(chrono::TimeDelta::days(2)).await;
}

#[tokio::test]
async fn rs12_personal_data_need_the_scope_and_a_limited_key_sees_its_own() {
    let app = Setup::with(&[super::TOUR, crate::support::surveys::SHOP]).start().await;
    let key = async |body: serde_json::Value| {
        let made = app.door().post("/v1/keys", &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        crate::support::Door::new(app.address(), made.body["key"].as_str().unwrap())
    };
    let analyst = key(json!({"name": "analyst", "scopes": ["reports:read"]})).await;
    for (query, status, code) in [
        ("responses", 200, ""),
        ("responses?phone=hash", 200, ""),
        ("responses?phone=e164", 403, "insufficient_scope"),
        ("answers?pii=include", 403, "insufficient_scope"),
    ] {
        let answer = analyst.get(&format!("/v1/surveys/tour/exports/{query}")).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{query}");
    }
    let sender = key(json!({"name": "sender", "scopes": ["surveys:send"]})).await;
    assert_eq!(sender.get("/v1/surveys/tour/exports/responses").await.status, 403);
    let other = key(json!({"name": "other", "scopes": ["reports:read"], "surveys": ["shop"]})).await;
    assert_eq!(other.get("/v1/surveys/tour/exports/responses").await.code(), "survey_not_found");
}

#[tokio::test]
async fn p64_a_bad_option_is_refused_with_what_exists() {
    let app = Setup::with(&[super::TOUR]).start().await;
    for (query, pointer, code) in [
        ("format=pdf", "?format", "invalid_param"),
        ("status=done", "?status", "invalid_param"),
        ("tz=Mars", "?tz", "invalid_param"),
        ("from=yesterday", "?from", "invalid_param"),
        ("from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z", "?to", "invalid_param"),
        ("dateField=created_at", "?dateField", "invalid_param"),
        ("codes=roman", "?codes", "invalid_param"),
        ("language=norsk", "?language", "invalid_param"),
        ("phone=all", "?phone", "invalid_param"),
        ("pii=yes", "?pii", "invalid_param"),
        ("detail=1", "?detail", "invalid_param"),
        ("dialect=lotus", "?dialect", "invalid_param"),
        ("newlines=drop", "?newlines", "invalid_param"),
        ("columns=session_id,colour", "?columns", "invalid_param"),
        ("columns=session_id,session_id", "?columns", "invalid_param"),
        ("updatedAfter=now", "?updatedAfter", "invalid_param"),
        ("cursor=abc", "?cursor", "invalid_param"),
        ("limit=0", "?limit", "invalid_param"),
        ("colour=red", "?colour", "unknown_param"),
        ("format=csv&format=json", "?format", "duplicate_param"),
    ] {
        let got = export(&app, "responses", query).await;
        assert_eq!(got.status, 422, "{query}");
        assert_eq!(got.faults(), [(pointer.to_owned(), code.to_owned())], "{query}: {}", got.text);
    }
    let named = export(&app, "responses", "columns=colour").await;
    assert!(
        named.text.contains("var_agentId, ") && named.text.contains("score, score_label"),
        "{}",
        named.text
    );
    assert!(export(&app, "responses", "colour=red").await.text.contains("dateField, status, language"));
    assert_eq!(export(&app, "codebook", "limit=3").await.faults()[0].0, "?cursor");
    let unknown = get(&app, "/v1/surveys/tour/exports/colours").await;
    assert_eq!((unknown.status, unknown.json()["code"].as_str()), (404, Some("route_not_found")));
    assert_eq!(get(&app, "/v1/surveys/nowhere/exports/responses").await.status, 404);
}

#[tokio::test]
async fn json_has_the_same_values_nested() {
    let Told { app, kari, ola, .. } = told().await;
    let lines = export(&app, "responses", "format=jsonl").await;
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let rows: Vec<serde_json::Value> =
        lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    let row = rows.iter().find(|row| row["sessionId"] == kari.as_str()).unwrap();
    assert_eq!(row["variables"]["blåbær"], "=1+1");
    assert_eq!(row["answers"]["parts"], json!({"value": ["food", "staff"], "label": ["Mat", "Betjening"]}));
    assert_eq!(row["answers"]["score"]["value"], 2);
    assert_eq!(row["answers"]["words"]["value"], "=1+1 æøå 😀", "no guard in JSON");
    assert_eq!((&row["optedOut"], &row["smsSent"]), (&json!(false), &json!(8)));
    let whole = export(&app, "responses", "format=json").await.json();
    assert_eq!(whole["data"], json!(rows));
    assert_eq!((whole["hasMore"].as_bool(), whole["nextCursor"].is_string()), (Some(false), true));
    assert!(rows.iter().any(|row| row["sessionId"] == ola.as_str()));
    app.advance(chrono::TimeDelta::days(2)).await;
}

#[tokio::test]
async fn x2_a_new_survey_is_exported_before_anybody_answers() {
    let app = Setup::with(&[super::TOUR]).start().await;
    let id = send(&app, KARI, "en", &json!({})).await;
    let rows = export(&app, "responses", "columns=session_id,status,score,var_agentId").await.rows();
    assert_eq!((rows.len(), rows[0]["session_id"].as_str(), rows[0]["score"].as_str()), (1, id.as_str(), ""));
    app.advance(chrono::TimeDelta::days(2)).await;
}
