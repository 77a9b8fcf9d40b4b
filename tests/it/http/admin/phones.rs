//! One person by his phone: what is held, and what an erasure leaves (RS11).

use antiphon::app::api_key::Scope;
use antiphon::store::AnyConnection;
use diesel::prelude::*;
use serde_json::json;

use super::{Caller, audited};
use crate::support::surveys::SHOP;
use crate::support::{SVEN, Setup, TestApp};

/// Every table as text, to be searched for what must not be there.
fn everything_stored(app: &TestApp) -> String {
    let mut connection = app.database.connect();
    let mut all = String::new();
    for table in app.database.tables() {
        let rows: Vec<Row> = match &mut connection {
            AnyConnection::Sqlite(sqlite) => {
                let columns: Vec<Row> =
                    diesel::sql_query(format!("SELECT name AS value FROM pragma_table_info('{table}')"))
                        .load(sqlite)
                        .unwrap();
                let columns: Vec<String> =
                    columns.into_iter().map(|column| format!("coalesce(\"{}\", '')", column.value)).collect();
                let query = format!("SELECT {} AS value FROM \"{table}\"", columns.join(" || ' ' || "));
                diesel::sql_query(query).load(sqlite).unwrap()
            }
            AnyConnection::Postgres(postgres) => {
                let query = format!("SELECT stored::text AS value FROM {table} AS stored");
                diesel::sql_query(query).load(postgres).unwrap()
            }
        };
        rows.iter().for_each(|row| all.push_str(&format!("{table}: {:?}\n", row.value)));
    }
    all
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

fn body() -> String {
    json!({
        "identifier": SVEN, "language": "en", "clientReference": "crm-77",
        "userSessionVariables": {"consumerPhone": SVEN, "queueKey": "sales", "nickname": "Svenne"}
    })
    .to_string()
}

#[tokio::test]
async fn an_erased_phone_is_nowhere_and_its_open_session_is_cancelled() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::almighty(&app).await;
    let header = [("Idempotency-Key", "call-1")];
    let sent = caller.send("POST", "/v1/surveys/shop/send", &header, &body()).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    app.settle().await;
    app.advance(chrono::TimeDelta::seconds(5)).await;
    app.reply(SVEN, "8, my name is Olofsson").await;
    let path = format!("/v1/phones/{SVEN}");
    let held = caller.get(&path).await.json();
    assert_eq!(held["sessions"][0]["identifier"], json!(SVEN));
    assert_eq!(held["inbound"][0]["text"], json!("8, my name is Olofsson"));
    assert_eq!((held["answers"][0]["elementId"].as_str(), &held["complete"]), (Some("score"), &json!(true)));

    let erased = caller.send("DELETE", &path, &[], "").await;
    assert_eq!((erased.status, &erased.json()["cancelledSessions"]), (202, &json!(1)));
    let stored = everything_stored(&app);
    for trace in [SVEN, "46701234567", "Olofsson", "Svenne", "crm-77", "How did you like it"] {
        let lines =
            stored.lines().filter(|line| line.contains(trace) && !line.starts_with("survey_revisions"));
        assert_eq!(lines.collect::<Vec<_>>(), Vec::<&str>::new(), "{trace}");
    }
    assert!(stored.contains("sales"), "reports still group by the queue");
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    let session = app.session(&id).await;
    assert_eq!(session["status"], json!("cancelled"));
    let held = caller.get(&path).await.json();
    assert_eq!((&held["sessions"], &held["createdAt"]), (&json!([]), &json!(null)));
    assert_eq!(audited(&app).await, ["phone.read", "phone.erased", "phone.read"]);
    // He said no stop: he may be asked again.
    assert_eq!(caller.post("/v1/surveys/shop/send", &body()).await.status, 201);
    app.settle().await;
    app.may_leave_unsettled();
}

#[tokio::test]
async fn a_stop_outlives_the_erasure_until_the_person_says_start() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::almighty(&app).await;
    app.send("shop", SVEN).await;
    app.reply(SVEN, "STOP").await;
    let path = format!("/v1/phones/{}", SVEN.replace('+', "%2B"));
    assert_eq!(caller.send("DELETE", &path, &[], "").await.status, 202);
    assert!(!everything_stored(&app).contains("46701234567"));
    let refused = caller.post("/v1/surveys/shop/send", &body()).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "recipient_opted_out"));
    assert_eq!(caller.get(&path).await.json()["suppressions"][0]["scope"], json!("global"));
    // Erased twice, he is still stopped.
    assert_eq!(caller.send("DELETE", &path, &[], "").await.status, 202);
    assert_eq!(caller.post("/v1/surveys/shop/send", &body()).await.status, 409);
    app.reply(SVEN, "START").await;
    assert_eq!(caller.post("/v1/surveys/shop/send", &body()).await.status, 201);
    app.settle().await;
    app.may_leave_unsettled();
}

#[tokio::test]
async fn without_the_right_to_personal_data_all_is_masked() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::with(&app, &[Scope::Admin]).await;
    app.send("shop", SVEN).await;
    let held = caller.get(&format!("/v1/phones/{SVEN}")).await;
    assert!(!held.text.contains(SVEN) && !held.text.contains("How did you"), "{held:?}");
    assert_eq!(held.json()["messages"][0]["text"], json!(null));
    assert_eq!(caller.get("/v1/phones/12345").await.faults()[0].1, "invalid_phone_number");
    let reader = Caller::with(&app, &[Scope::PiiRead, Scope::SessionsRead]).await;
    assert_eq!(reader.get(&format!("/v1/phones/{SVEN}")).await.code(), "insufficient_scope");
    assert!(audited(&app).await.is_empty());
    app.may_leave_unsettled();
}
