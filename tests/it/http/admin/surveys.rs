//! Surveys over HTTP: uploaded as drafts, published, archived, checked and played.

use antiphon::app::api_key::Scope;
use serde_json::json;

use super::{Caller, audited};
use crate::support::Setup;
use crate::support::surveys::SHOP;

const YAML: (&str, &str) = ("Content-Type", "application/yaml");

fn named(id: &str) -> String {
    SHOP.replace("id: shop", &format!("id: {id}")).replace("uuid: 7b0f9d55-4b0c-4f5d-9a63-2f0d5ff0a001\n", "")
}

#[tokio::test]
async fn an_upload_is_a_draft_until_it_is_published() {
    let app = Setup::with(&[]).start().await;
    let caller = Caller::almighty(&app).await;
    let made = caller.send("POST", "/v1/surveys", &[YAML], &named("visit")).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("etag").as_deref(), Some("\"1\""));
    let survey = made.json();
    assert_eq!((&survey["status"], &survey["activeRevision"]), (&json!("draft"), &json!(null)));
    assert_eq!(survey["questions"], json!(["score", "reason"]));
    assert_eq!(survey["languages"], json!(["en", "no"]));

    let send = json!({"identifier": "+4799999999", "language": "en"}).to_string();
    assert_eq!(caller.post("/v1/surveys/visit/send", &send).await.code(), "survey_not_active");
    assert_eq!(caller.post("/v1/surveys/visit/archive", "").await.code(), "invalid_state_transition");
    let published = caller.post("/v1/surveys/visit/publish", "").await.json();
    assert_eq!((&published["status"], &published["activeRevision"]), (&json!("active"), &json!(1)));
    assert_eq!(caller.post("/v1/surveys/visit/send", &send).await.status, 201);
    app.settle().await;

    let uuid = survey["uuid"].as_str().unwrap();
    assert_eq!(caller.get(&format!("/v1/surveys/{uuid}")).await.json()["id"], json!("visit"));
    assert_eq!(caller.post("/v1/surveys/visit/archive", "").await.json()["status"], json!("archived"));
    assert_eq!(caller.post("/v1/surveys/visit/archive", "").await.status, 409);
    assert_eq!(caller.post("/v1/surveys/visit/publish", "{\"revision\": 1}").await.status, 200);
    let log = audited(&app).await;
    assert_eq!(log, ["survey.uploaded", "survey.published", "survey.archived", "survey.published"]);
    app.may_leave_unsettled();
}

#[tokio::test]
async fn a_revision_fits_its_tag_and_keeps_what_is_active() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::almighty(&app).await;
    let file = caller.send("GET", "/v1/surveys/shop", &[("Accept", "application/yaml")], "").await;
    assert_eq!(file.text, SHOP);
    let newer = SHOP.replace("title: Shopping", "title: Shopping again");
    let stale = caller.send("PUT", "/v1/surveys/shop", &[YAML, ("If-Match", "\"7\"")], &newer).await;
    assert_eq!((stale.status, stale.code().as_str()), (412, "revision_changed"));
    let put = caller.send("PUT", "/v1/surveys/shop", &[YAML, ("If-Match", "\"1\"")], &newer).await;
    let survey = put.json();
    assert_eq!((put.status, put.header("etag").as_deref()), (200, Some("\"2\"")));
    assert_eq!((&survey["activeRevision"], &survey["latestRevision"]), (&json!(1), &json!(2)));
    assert_eq!(survey["title"], json!("Shopping"));
    let same = caller.send("PUT", "/v1/surveys/shop", &[YAML], &newer).await.json();
    assert_eq!(same["latestRevision"], json!(2));
    assert_eq!(caller.post("/v1/surveys/shop/publish", "").await.json()["title"], json!("Shopping again"));
    let old = caller.send("GET", "/v1/surveys/shop?revision=1", &[("Accept", "application/yaml")], "").await;
    assert_eq!(old.text, SHOP);
    assert_eq!(caller.get("/v1/surveys/shop?revision=9").await.status, 404);
    let listed = caller.get("/v1/surveys?status=active").await.json();
    assert_eq!((&listed["data"][0]["id"], &listed["hasMore"]), (&json!("shop"), &json!(false)));
}

#[tokio::test]
async fn what_the_checker_refuses_is_refused_with_line_and_column() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::almighty(&app).await;
    assert_eq!(caller.send("POST", "/v1/surveys", &[YAML], SHOP).await.code(), "survey_id_taken");
    let broken = named("visit").replace("max: 10", "max: ten");
    let refused = caller.send("POST", "/v1/surveys", &[YAML], &broken).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "survey_invalid"));
    let detail = refused.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("line 14, column "), "{detail}");
    let checked = caller.send("POST", "/v1/surveys/check", &[YAML], &broken).await.json();
    assert_eq!(checked["valid"], json!(false));
    let checked = caller.send("POST", "/v1/surveys/check", &[YAML], &named("visit")).await.json();
    assert_eq!((&checked["valid"], &checked["errors"]), (&json!(true), &json!([])));
    assert_eq!(checked["paths"][0]["element"], json!("intro"));
    let other = caller.send("PUT", "/v1/surveys/shop", &[YAML], &named("visit")).await;
    assert_eq!(other.json()["errors"][0]["code"], json!("E15"));
    let uuid = named("visit").replace("title:", "uuid: 7b0f9d55-4b0c-4f5d-9a63-2f0d5ff0a001\ntitle:");
    assert_eq!(caller.send("POST", "/v1/surveys", &[YAML], &uuid).await.faults()[0].0, "/uuid");
    assert_eq!(caller.get("/v1/surveys/visit").await.code(), "survey_not_found");
    assert_eq!(caller.send("POST", "/v1/surveys", &[("Content-Type", "text/csv")], SHOP).await.status, 415);
}

#[tokio::test]
async fn a_survey_is_played_and_nothing_is_stored() {
    let app = Setup::with(&[SHOP]).start().await;
    let caller = Caller::with(&app, &[Scope::SurveysWrite]).await;
    let body = json!({"language": "no", "replies": [{"text": "7", "after": "2m"}, {"text": "2"}]}).to_string();
    let played = caller.post("/v1/surveys/shop/simulate", &body).await;
    assert_eq!(played.status, 200, "{played:?}");
    let played = played.json();
    assert_eq!(played["status"], json!("completed"));
    assert_eq!(played["answers"][0]["value"], json!(7));
    assert_eq!(played["answers"][1]["code"], json!("staff"));
    let faulty = json!({"replies": [{"after": "soon"}]}).to_string();
    let faults = caller.post("/v1/surveys/shop/simulate", &faulty).await.faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/replies/0/text", "/replies/0/after"]);
    assert_eq!(caller.get("/v1/surveys").await.code(), "insufficient_scope");
    assert!(app.gateway.ledger().is_empty());
}
