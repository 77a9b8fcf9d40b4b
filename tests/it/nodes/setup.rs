//! What is changed through one node is in force on all: surveys, channels, keys, paused gateways.

use std::time::{Duration, Instant};

use antiphon::app::api_key::ApiKey;
use antiphon::app::audit::Actor;
use antiphon::app::load_surveys::revision_for_turn;
use antiphon::app::manage_keys::revoke_key;
use antiphon::server::{Role, load_folder};
use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::surveys::SHOP;
use crate::support::{Backend, SVEN, Setup};

#[tokio::test]
async fn a_changed_survey_is_in_force_on_every_node() {
    let app = Setup::with(&[SHOP]).on(Backend::Postgres).start().await;
    let (second, door) = app.another(Role::WithoutWorker).await;
    let folder = tempfile::tempdir().unwrap();
    let changed = SHOP.replace("How did you like it?", "How was it?");
    std::fs::write(folder.path().join("shop.yaml"), changed).unwrap();
    let other = SHOP.replace("id: shop", "id: visit").replace("a001", "a002");
    std::fs::write(folder.path().join("visit.yaml"), other).unwrap();
    load_folder(app.engine(), folder.path(), app.now()).unwrap();
    app.until("the other node knows the survey", async || second.engine.library.find("visit").is_some())
        .await;
    assert_eq!(second.engine.library.active("shop").unwrap().0, 2);
    let call = json!({"identifier": SVEN, "language": "en"});
    assert_eq!(door.post("/v1/surveys/shop/send", &call).await.status, 201);
    app.advance(TimeDelta::seconds(5)).await;
    assert_eq!(app.gateway.texts_to(SVEN).last().unwrap(), "How was it? Reply 1-10.");
    second.stop().await;
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn channels_and_paused_gateways_are_the_same_on_every_node() {
    let app = Setup::with(&[SHOP]).on(Backend::Postgres).start().await;
    let (second, door) = app.another(Role::Whole).await;
    assert_eq!(door.post("/v1/gateways/fake/pause", &json!({})).await.status, 200);
    app.until("the pause is heard", async || app.engine().health.of("fake").is_paused).await;
    let channel = json!({"name": "new", "gateway": "fake", "sender": "2020", "senderType": "short_number",
                         "allowedCountries": ["46"]});
    assert_eq!(door.post("/v1/channels", &channel).await.status, 201);
    let knows = |engine: &antiphon::app::engine::Engine| engine.channels.receiving("fake", "2020").is_some();
    app.until("the channel is heard of", async || knows(app.engine())).await;
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::minutes(1)).await;
    assert_eq!(app.gateway.texts_to(SVEN), Vec::<String>::new(), "nobody sends through a paused gateway");
    assert_eq!(app.door().post("/v1/gateways/fake/resume", &json!({})).await.status, 200);
    app.until("the end of the pause is heard", async || !second.engine.health.of("fake").is_paused).await;
    app.advance(TimeDelta::seconds(10)).await;
    assert_eq!(app.gateway.texts_to(SVEN).len(), 2);
    second.stop().await;
}

#[tokio::test]
async fn rf41_a_key_revoked_by_a_command_is_dead_on_every_node_within_a_second() {
    let app = Setup::with(&[SHOP]).on(Backend::Postgres).start().await;
    let (second, door) = app.another(Role::WithoutWorker).await;
    assert_eq!(door.get("/v1/sessions").await.status, 200);
    let now = app.now();
    let id = ApiKey::parse(door.key()).unwrap().id().to_owned();
    app.database.connect().change(|connection| revoke_key(connection, &id, &Actor::command(), now)).unwrap();
    let revoked = Instant::now();
    app.until("the key is dead", async || door.get("/v1/sessions").await.status == 401).await;
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    assert_eq!(app.door().get("/v1/sessions").await.status, 200, "another key lives on");
    second.stop().await;
}

#[tokio::test]
async fn a_change_that_nobody_heard_of_is_found_by_the_poll() {
    let app = Setup::with(&[SHOP]).on(Backend::Postgres).start().await;
    let silent = "INSERT INTO gateway_states (name, paused, updated_at) VALUES ('fake', true, now()); \
                  UPDATE meta SET value = (value::bigint + 1)::text WHERE name = 'setup_version'";
    app.database.connect().batch_execute(silent).unwrap();
    app.clock.set(app.now() + TimeDelta::seconds(6));
    app.until("the poll finds it", async || app.engine().health.of("fake").is_paused).await;
}

#[tokio::test]
async fn a_turn_finds_a_revision_that_was_stored_a_moment_ago_and_not_yet_heard_of() {
    let app = Setup::with(&[SHOP]).on(Backend::Postgres).start().await;
    let silent =
        "INSERT INTO survey_revisions SELECT survey_id, 2, hash, source, created_at FROM survey_revisions";
    app.database.connect().batch_execute(silent).unwrap();
    assert_eq!(app.engine().library.revision("shop", 2).map(|_| ()), None);
    let engine = app.engine().clone();
    let find = move |revision| revision_for_turn(&engine, "shop", revision).is_some();
    assert_eq!((find(2), find(3)), (true, false));
    assert!(app.engine().library.has_revision("shop", 2), "it is read once");
}
