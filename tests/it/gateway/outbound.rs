//! The reference sends of the specification: what vendors' own libraries send, and what their answers are to us
//! (GW32).

use antiphon::gateway::SendResult;
use serde_json::{Value, json};

use super::opened;
use super::profiles::{Seen, form, message};
use super::send::serve;

/// The table of a gateway for the account of a case.
fn table(gateway: &str, base_url: &str, account: &Value) -> String {
    let of = |name: &str| match &account[name] {
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    };
    let own = match gateway {
        "twilio" => {
            format!("params.account_sid = {}\nsecrets.auth_token = {}\n", of("account_sid"), of("auth_token"))
        }
        "telnyx" => format!(
            "secrets.api_key = {}\nsecrets.public_key = \"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n",
            of("api_key")
        ),
        "puzzel" => format!(
            "params.service_id = {}\nparams.username = {}\nsecrets.password = {}\nsecrets.inbound = \"0123456789abcdef\"\n",
            of("service_id"),
            of("username"),
            of("password")
        ),
        other => panic!("no account of {other}"),
    };
    format!("profile = \"{gateway}\"\nbase_url = \"{base_url}\"\n{own}")
}

/// A member that is null equals an absent one.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn gw32_requests_equal_the_references_and_answers_are_classed_as_they_say() {
    let file: Value = serde_json::from_str(include_str!("../cases/outbound-dev.json")).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let (id, gateway) = (case["id"].as_str().unwrap(), case["gateway"].as_str().unwrap());
        let input = &case["input"];
        let body = case["answer"]["body"].as_str().unwrap();
        let text = format!(
            "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            case["answer"]["status"],
            body.len()
        );
        let (url, requests) = serve(move |stream| {
            use std::io::Write;
            let _ = stream.write_all(text.as_bytes());
        });
        let sender = input["sender"].as_str().unwrap();
        let usual = if sender.starts_with('+') { "international" } else { "short_number" };
        let wanted = json!({
            "from": sender,
            "sender_type": input["sender_type"].as_str().unwrap_or(usual),
            "to": input["to"],
            "text": input["text"],
            "ref": input["reference"],
            "status_url": input["status_url"],
            "new_session": input["new_session"],
        });
        let result = opened::gateway(&table(gateway, &url, &input["account"])).send(&message(&wanted)).await;

        let seen = Seen::read(&requests.recv().unwrap());
        let request = &case["request"];
        assert_eq!(seen.method, request["method"].as_str().unwrap(), "{id}");
        assert_eq!(seen.path, request["path"].as_str().unwrap(), "{id}");
        for (name, value) in request["headers"].as_object().unwrap() {
            let given = seen.header(&name.to_ascii_lowercase()).unwrap_or_default();
            let essence = |value: &str| value.split(';').next().unwrap_or_default().to_owned();
            assert_eq!(essence(given), essence(value.as_str().unwrap()), "{id} {name}");
        }
        let reference = request["body"].as_str().unwrap();
        if request["headers"].to_string().contains("json") {
            let mut given = without_nulls(&seen.decoded());
            let expected = without_nulls(&serde_json::from_str(reference).unwrap());
            // Our time to live is a wish that the reference does not have.
            if gateway == "puzzel" {
                given["message"][0]["settings"].as_object_mut().unwrap().remove("validity");
            }
            let mut expected = expected;
            for field in case["optional_fields"].as_array().unwrap() {
                expected.as_object_mut().unwrap().remove(field.as_str().unwrap());
            }
            assert_eq!(given, expected, "{id}");
        } else {
            assert_eq!(form(&seen.body), form(reference), "{id}");
        }

        let expect = &case["expect"];
        assert_eq!(result.class().as_str(), expect["result"].as_str().unwrap(), "{id}");
        let SendResult::Accepted { external_id, session } = result else { panic!("{id}: {result:?}") };
        assert_eq!(external_id.as_deref(), expect["external_id"].as_str(), "{id}");
        assert_eq!(session.as_deref(), expect["session"].as_str(), "{id}");
    }
}
