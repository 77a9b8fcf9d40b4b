//! Event webhooks through the front door (http-api.md 11, V1 to V7, RE35, RF47): a real receiver on this machine, a
//! clock moved by hand.

mod content;
mod manage;
mod published;
mod retry;

use antiphon::store::schema;
use diesel::prelude::*;
use serde_json::{Value as Json, json};

use crate::support::surveys::SHOP;
use crate::support::{Receiver, Setup, TestApp};

/// A survey, and webhooks that may be on this machine.
fn setup() -> Setup {
    Setup::with(&[SHOP]).set("webhooks.allow_private", "true").set("webhooks.timeout", "3s")
}

async fn receiver(app: &TestApp) -> Receiver {
    Receiver::start(app.clock.clock()).await
}

/// Makes a webhook for a receiver; gives it as it was shown.
async fn hook(app: &TestApp, receiver: &Receiver, more: Json) -> Json {
    let mut body = json!({"url": receiver.url()});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let made = app.door().post("/v1/webhooks", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.body
}

fn id(webhook: &Json) -> &str {
    webhook["id"].as_str().unwrap()
}

/// The calls made to a webhook, oldest first.
async fn attempts(app: &TestApp, webhook: &Json) -> Vec<Json> {
    let answer = app.door().get(&format!("/v1/webhooks/{}/attempts?limit=1000", id(webhook))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["data"].as_array().unwrap().clone()
}

async fn read(app: &TestApp, webhook: &Json) -> Json {
    app.door().get(&format!("/v1/webhooks/{}", id(webhook))).await.body
}

/// Ids of the events stored, in order.
fn events(app: &TestApp) -> Vec<String> {
    let ids = schema::events::table.select(schema::events::id).order(schema::events::id);
    ids.load(&mut app.database.connect()).unwrap()
}

/// A whole conversation about the survey.
async fn converse(app: &TestApp, phone: &str) -> String {
    let session_id = app.send("shop", phone).await;
    app.advance(chrono::TimeDelta::seconds(5)).await;
    for text in ["8", "2"] {
        app.reply(phone, text).await;
        app.advance(chrono::TimeDelta::seconds(5)).await;
    }
    assert_eq!(app.status(&session_id).await, "completed");
    session_id
}
