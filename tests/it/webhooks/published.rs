//! Acceptance 6: what a receiver gets is verified by the published Standard Webhooks library of another language. The
//! program that does it is the sample of docs/webhooks.md.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::{hook, id, receiver, setup};
use crate::support::{SVEN, Told};

/// Where tests/webhooks/tools.sh has put Python and the library.
fn python() -> std::path::PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/webhooks-python/bin/python");
    assert!(path.exists(), "{} is missing: run tests/webhooks/tools.sh", path.display());
    path
}

/// The sample of the manual, with a way in for the test: head and body on standard input, and a clock.
fn sample() -> String {
    let manual =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/webhooks.md")).unwrap();
    let sample = manual.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    format!("{sample}\n{}", include_str!("../../webhooks/verify.py"))
}

/// Whether the library takes a call, by the receiver's clock.
fn verified(told: &Told, secret: &str) -> Result<Json, String> {
    let mut child = Command::new(python())
        .args(["-c", &sample()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: Json = names.iter().map(|name| (*name, told.header(name))).collect();
    let input = json!({"secret": secret, "headers": headers, "body": told.body, "now": told.at.timestamp()});
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    if output.status.success() {
        Ok(serde_json::from_str(&said).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

#[tokio::test]
async fn acceptance_6_the_published_library_verifies_what_is_told_and_refuses_the_rest() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    let webhook = hook(&app, &crm, json!({})).await;
    let secret = webhook["secret"].as_str().unwrap();
    app.send("shop", SVEN).await;
    app.advance(TimeDelta::seconds(5)).await;
    app.reply(SVEN, "8 æøå 👍").await;
    app.advance(TimeDelta::seconds(5)).await;
    let taken = crm.taken();
    assert!(taken.len() >= 4, "{taken:?}");
    for told in &taken {
        assert_eq!(verified(told, secret), Ok(told.json()));
        assert_eq!(told.header("content-type"), "application/json");
    }
    let told = taken.last().unwrap();
    let forged = Told { body: told.body.replace("shop", "shot"), ..told.clone() };
    assert!(verified(&forged, secret).unwrap_err().contains("WebhookVerificationError"));
    let late = Told { at: told.at + TimeDelta::minutes(6), ..told.clone() };
    assert!(verified(&late, secret).unwrap_err().contains("WebhookVerificationError"));
    app.reply(SVEN, "STOP").await;
    app.advance(TimeDelta::days(2)).await;
}

#[tokio::test]
async fn v1_both_secrets_sign_for_a_day_after_a_change() {
    let app = setup().start().await;
    let crm = receiver(&app).await;
    let webhook = hook(&app, &crm, json!({"events": ["session.created"]})).await;
    let old = webhook["secret"].as_str().unwrap().to_owned();
    let path = format!("/v1/webhooks/{}", id(&webhook));
    let rotated = app.door().post_once(&format!("{path}/rotate"), &json!({}), "turn").await;
    let again = app.door().post_once(&format!("{path}/rotate"), &json!({}), "turn").await;
    assert_eq!((rotated.status, &again.body["secret"]), (200, &json!(null)), "a repeat changes nothing");
    assert_eq!(rotated.body["previousSecretUntil"], json!("2026-11-22T08:00:00Z"));
    let new = rotated.body["secret"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    let test = async || {
        assert_eq!(app.door().post(&format!("{path}/test"), &json!({})).await.status, 202);
        app.settle().await;
        crm.taken().last().unwrap().clone()
    };
    let told = test().await;
    assert!(verified(&told, &old).is_ok() && verified(&told, &new).is_ok());
    app.advance(TimeDelta::hours(24)).await;
    let told = test().await;
    assert!(verified(&told, &old).is_err() && verified(&told, &new).is_ok());
}
