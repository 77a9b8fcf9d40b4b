//! Whatever arrives, verifiers refuse and parsers answer; neither panics (GW3, RS2).

use antiphon::gateway::{Callback, CallbackItem, Place, RetryAfter, Secrets, Verifier};
use proptest::prelude::*;

use super::callback::gateway;

fn verifiers() -> Vec<Verifier> {
    let plain = || Secrets::plain(&["0123456789abcdef".to_owned().into()]).unwrap();
    let signing = Secrets::signing(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into()]).unwrap();
    vec![
        Verifier::Static(Place::Header("webhook-id".into()), plain()),
        Verifier::Static(Place::Query("key".into()), plain()),
        Verifier::Static(Place::Path, plain()),
        Verifier::Static(Place::Basic("user".into()), plain()),
        Verifier::Static(Place::Bearer, plain()),
        Verifier::StandardWebhooks(signing),
    ]
}

proptest! {
    #[test]
    fn nobody_gets_in_by_chance(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 4),
        query in ".{0,40}",
        path in prop::option::of(".{0,20}"),
        body in prop::collection::vec(any::<u8>(), 0..60),
        seconds in any::<i32>(),
    ) {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature", "authorization"];
        let headers: Vec<(&str, &[u8])> =
            names.into_iter().zip(values.iter().map(Vec::as_slice)).collect();
        let target = format!("/in?{query}");
        let callback = Callback {
            method: "POST", target: &target, headers: &headers, path_secret: path.as_deref(), address: None, body: &body,
        };
        let now = chrono::DateTime::from_timestamp(i64::from(seconds), 0).unwrap();
        for verifier in verifiers() {
            prop_assert!(verifier.verify(&callback, now).is_err());
        }
    }

    #[test]
    fn every_body_is_read_or_kept(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let callback = Callback { method: "POST", target: "/", headers: &[], path_secret: None, address: None, body: &body };
        let items = gateway().parse(&callback);
        prop_assert!(!items.is_empty() || body.contains(&b'['));
    }

    #[test]
    fn every_batch_gives_one_item_for_each_entry(
        entries in prop::collection::vec(
            prop_oneof![
                Just(r#"{"from":"+4799999999","to":"2012","text":"1"}"#.to_owned()),
                "[a-z]{1,9}".prop_map(|text| format!("{{\"from\":\"{text}\",\"text\":\"\\ud83d{text}\"}}")),
                "\\PC{0,20}".prop_map(|text| serde_json::Value::String(text).to_string()),
                any::<i64>().prop_map(|number| number.to_string()),
                Just("null".to_owned()),
            ],
            0..8,
        ),
    ) {
        let body = format!("[{}]", entries.join(","));
        let body = body.as_bytes();
        let callback = Callback { method: "POST", target: "/", headers: &[], path_secret: None, address: None, body };
        let items = gateway().parse(&callback);
        prop_assert_eq!(items.len(), entries.len());
        for (item, entry) in items.iter().zip(&entries) {
            prop_assert_eq!(matches!(item, CallbackItem::Inbound(_)), entry.contains("\"to\":"));
        }
    }

    #[test]
    fn any_retry_after_is_read_or_ignored(value in ".{0,40}") {
        let _ = RetryAfter::parse(&value);
    }
}
