//! Reading by time of change misses nothing, and a short file never looks complete (X13, X14, U47).

use std::collections::{BTreeMap, BTreeSet};

use antiphon::store::AnyConnection;
use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use reqwest::Method;
use serde_json::json;

use super::{KARI, OLA, PER, TOUR, Told, export, send, told};
use crate::support::{Setup, TestApp};

/// What somebody has who reads a step now and then and keeps the newest row of each session.
#[derive(Default)]
struct Poller {
    rows: BTreeMap<String, BTreeMap<String, String>>,
    cursor: Option<String>,
}

impl Poller {
    /// Reads until no more is there; gives how many rows came.
    async fn read(&mut self, app: &TestApp, limit: usize) -> usize {
        let mut count = 0;
        loop {
            let cursor = self.cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let got = export(app, "responses", &format!("limit={limit}{cursor}")).await;
            let rows = got.rows();
            assert_eq!(got.header("x-total-rows").unwrap(), rows.len().to_string());
            assert!(rows.len() <= limit);
            let next = got.header("x-next-cursor").map(str::to_owned);
            let moved = next != self.cursor;
            self.cursor = next;
            count += rows.len();
            for row in rows {
                self.rows.insert(row["session_id"].clone(), row);
            }
            if !moved {
                return count;
            }
        }
    }
}

#[tokio::test]
async fn x13_a_poller_reconstructs_the_final_table() {
    let app = Setup::with(&[TOUR]).start().await;
    let mut poller = Poller::default();
    assert_eq!(poller.read(&app, 2).await, 0);
    assert_eq!(poller.cursor, None, "there was never anything");
    let mut ids = Vec::new();
    for (number, phone) in [KARI, OLA, PER, "+4791234560", "+4791234561"].into_iter().enumerate() {
        ids.push(send(&app, phone, "en", &json!({"queueKey": format!("q{number}")})).await);
        app.advance(TimeDelta::minutes(1)).await;
        poller.read(&app, 2).await;
        app.reply(phone, "4").await;
        app.reply(phone, "10").await;
        poller.read(&app, 2).await;
    }
    app.advance(TimeDelta::minutes(10)).await;
    poller.read(&app, 2).await;
    assert_eq!(poller.read(&app, 2).await, 0, "nothing changed");
    // A correction and a late report move a row that was read long ago.
    let request = app.door().request(Method::PUT, &format!("/v1/sessions/{}/answers/score", ids[0]));
    let corrected = request.json(&json!({"value": 1, "reason": "misread"})).send().await.unwrap();
    assert_eq!(corrected.status(), 200);
    let late = app.sent_in(&ids[1]).await[0]["gatewayMessageId"].as_str().unwrap().to_owned();
    app.report(&late, "delivered").await;
    app.advance(TimeDelta::minutes(1)).await;
    assert!(poller.read(&app, 2).await >= 2);
    assert_eq!(poller.rows[&ids[0]]["score"], "1");
    assert_eq!(poller.rows[&ids[1]]["delivery_status"], "delivered");
    app.advance(TimeDelta::days(2)).await;
    poller.read(&app, 2).await;
    let table: BTreeMap<String, BTreeMap<String, String>> = export(&app, "responses", "")
        .await
        .rows()
        .into_iter()
        .map(|row| (row["session_id"].clone(), row))
        .collect();
    assert_eq!(poller.rows, table);
}

#[tokio::test]
async fn x13_reading_goes_on_where_a_whole_export_ended() {
    let Told { app, kari, .. } = told().await;
    app.advance(TimeDelta::minutes(1)).await;
    for kind in ["responses", "answers", "messages", "deliveries", "events"] {
        let whole = export(&app, kind, "").await;
        let cursor = whole.header("x-next-cursor").unwrap();
        let next = export(&app, kind, &format!("cursor={cursor}")).await;
        assert!(next.rows().is_empty(), "{kind}: {}", next.text);
        assert_eq!(next.header("x-next-cursor"), Some(cursor), "{kind}");
    }
    let cursor = export(&app, "events", "").await.header("x-next-cursor").unwrap().to_owned();
    let request = app.door().request(Method::PUT, &format!("/v1/sessions/{kari}/answers/score"));
    assert_eq!(request.json(&json!({"value": 1, "reason": "misread"})).send().await.unwrap().status(), 200);
    let news = export(&app, "events", &format!("cursor={cursor}")).await.rows();
    assert_eq!(news.iter().map(|row| row["event"].as_str()).collect::<Vec<_>>(), ["answer.changed"]);
    let changed = export(&app, "responses", "updatedAfter=2026-11-21T08:06:30Z").await.rows();
    assert_eq!(changed.iter().map(|row| row["session_id"].as_str()).collect::<Vec<_>>(), [kari.as_str()]);
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn rs11_whoever_keeps_a_copy_learns_of_an_erasure() {
    let Told { app, kari, .. } = told().await;
    app.advance(TimeDelta::days(2)).await;
    let before = export(&app, "responses", "").await;
    let cursor = before.header("x-next-cursor").unwrap();
    let erased = app.door().request(Method::DELETE, &format!("/v1/phones/{KARI}")).send().await.unwrap();
    assert_eq!(erased.status(), 202);
    app.advance(TimeDelta::minutes(1)).await;
    let rows = export(&app, "responses", &format!("cursor={cursor}&pii=include&phone=e164")).await.rows();
    let row = rows.iter().find(|row| row["session_id"] == kari).unwrap();
    assert_eq!((row["score"].as_str(), row["likely"].as_str()), ("2", "9"), "numbers stay for the counts");
    assert!(row.values().all(|value| !value.contains("Ødegård") && !value.contains(KARI)), "{row:?}");
    assert!(row["words"].starts_with("erased:") && row["phone"].starts_with("erased:"), "{row:?}");
    let hashed = export(&app, "responses", "phone=hash").await.rows();
    let row = hashed.iter().find(|row| row["session_id"] == kari).unwrap();
    assert_eq!(row["phone"], app.engine().store.phone_hash(KARI), "X11: equal over exports");
}

/// Copies of a closed session, all changed at its instant; their numbers follow after `start`.
fn multiply(app: &TestApp, id: &str, start: u32, count: u32) {
    let columns = "survey_id, revision, status, status_reason, origin, phone, channel_id, language, client_reference, \
        variables, opening, progress, appending_until, current_element_id, prompt_id, sms_session, subnumber, \
        open_slot, next_sequence, answers_count, events_count, is_test, halted_at, faults, inbound_count, \
        unavailable_count, handed_over_at, wake_at, send_at, created_at, started_at, expires_at, closed_at, \
        updated_at, version";
    let mut connection = app.database.connect();
    let number = match &connection {
        AnyConnection::Sqlite(_) => "substr('000000000000' || n, -12)",
        AnyConnection::Postgres(_) => "right('000000000000' || n, 12)",
    };
    let sql = format!(
        "WITH RECURSIVE number(n) AS (SELECT {} UNION ALL SELECT n + 1 FROM number WHERE n < {}) \
         INSERT INTO sessions (id, {columns}) \
         SELECT '01a1fd00-0000-7000-8000-' || {number}, {columns} FROM sessions, number WHERE id = '{id}'",
        start + 1,
        start + count
    );
    connection.batch_execute(&sql).unwrap();
    let listed = "INSERT INTO session_updates SELECT survey_id, updated_at, id FROM sessions \
        WHERE id NOT IN (SELECT session_id FROM session_updates)";
    connection.batch_execute(listed).unwrap();
}

#[tokio::test]
async fn x14_many_sessions_are_read_in_chunks_and_too_many_are_refused() {
    let app = Setup::with(&[TOUR]).start().await;
    let id = send(&app, KARI, "en", &json!({})).await;
    app.advance(TimeDelta::days(2)).await;
    multiply(&app, &id, 0, 1_200);
    let whole = export(&app, "responses", "").await;
    assert_eq!(whole.header("x-total-rows"), Some("1201"));
    let ids: BTreeSet<String> = whole.rows().into_iter().map(|row| row["session_id"].clone()).collect();
    assert_eq!(ids.len(), 1_201, "each once, over chunks, though all changed at one instant");
    let mut poller = Poller::default();
    assert_eq!(poller.read(&app, 700).await, 1_201);
    assert_eq!(poller.rows.len(), 1_201);
    assert_eq!(poller.read(&app, 700).await, 0);
    let first = export(&app, "responses", "limit=700&format=json&columns=session_id").await.json();
    assert_eq!((first["data"].as_array().unwrap().len(), first["hasMore"].as_bool()), (700, Some(true)));
    multiply(&app, &id, 1_200, 49_000);
    let refused = export(&app, "responses", "").await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.faults(), [("?limit".to_owned(), "export_too_large".to_owned())], "{}", refused.text);
    assert_eq!(export(&app, "responses", "limit=100").await.rows().len(), 100);
}

#[tokio::test]
async fn x14_an_error_cuts_the_connection() {
    let Told { app, .. } = told().await;
    app.advance(TimeDelta::days(2)).await;
    let break_it = |sql: &str| app.database.connect().batch_execute(sql).unwrap();
    break_it("ALTER TABLE answers RENAME TO hidden_answers");
    let request = app.door().request(Method::GET, "/v1/surveys/tour/exports/responses");
    let got = match request.send().await {
        Ok(response) => {
            assert_eq!(response.status(), 200, "the headings were on their way");
            response.text().await
        }
        Err(error) => Err(error),
    };
    assert!(got.is_err(), "a short file looked complete: {got:?}");
    break_it("ALTER TABLE hidden_answers RENAME TO answers");
    assert_eq!(export(&app, "responses", "").await.rows().len(), 3);
}
