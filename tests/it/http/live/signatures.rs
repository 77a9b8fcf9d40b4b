//! Signed callbacks through the front door (GW1, GW20 to GW25, RF36, RF37).

use std::collections::BTreeMap;

use reqwest::Method;

use super::{Answer, Live};
use crate::gateway::signatures::{Vector, vectors};

/// The requests to our own route, by verifier.
fn by_verifier() -> BTreeMap<String, Vec<Vector>> {
    let mut found: BTreeMap<String, Vec<Vector>> = BTreeMap::new();
    for vector in vectors().into_iter().filter(|vector| vector.target().starts_with("/v1/gateways/fake/")) {
        found.entry(vector.verifier.clone()).or_default().push(vector);
    }
    found
}

async fn live(vector: &Vector) -> Live {
    let verifier = vector.verifier_at("https://survey.example.com");
    let change = |config: &mut antiphon::config::Config| {
        config.gateways.get_mut("fake").unwrap().bound.doors[0].verifier = verifier;
    };
    Live::start_changed(&[], change).await
}

/// The request as the gateway, or somebody else, sends it at its own time.
async fn call(live: &Live, vector: &Vector) -> Answer {
    live.clock.set(chrono::DateTime::from_timestamp(vector.now, 0).unwrap());
    let mut request = live.request(Method::POST, vector.target()).header("X-Forwarded-Proto", "http");
    for (name, value) in vector.lines() {
        request = request.header(name, value);
    }
    live.run(request.body(vector.body.clone())).await
}

#[actix_web::test]
async fn a_byte_a_second_or_a_part_of_the_url_more_is_401_with_an_empty_body_and_stores_nothing() {
    let found = by_verifier();
    assert_eq!(found.len(), 6);
    for (verifier, mut vectors) in found {
        // The clock goes forward only.
        vectors.sort_by_key(|vector| vector.now);
        let live = live(&vectors[0]).await;
        let mut rows = live.rows();
        for vector in &vectors {
            let answer = call(&live, vector).await;
            if vector.expect {
                // The JSON of a generic gateway is never a form, which Plivo alone sends and signs.
                let expected = if verifier == "hmac_plivo_v3" { 415 } else { 200 };
                assert_eq!(answer.status, expected, "{} {}", vector.id, answer.text);
                rows = live.rows();
            } else {
                let shown = (answer.status, answer.text.as_str(), answer.header("content-length"));
                assert_eq!(shown, (401, "", Some("0")), "{} {}", vector.id, vector.why);
                assert_eq!(live.rows(), rows, "{} {}", vector.id, vector.why);
            }
        }
        let forged = vectors.iter().filter(|vector| !vector.expect).count();
        let metrics = live.run(live.request(Method::GET, "/metrics")).await.text;
        let counted = format!(r#"antiphon_inbound_total{{gateway="fake",outcome="forged"}} {forged}"#);
        assert!(metrics.contains(&counted), "{verifier}: {metrics}");
    }
}

#[actix_web::test]
async fn rf37_a_nonce_is_good_for_one_effect() {
    for verifier in ["hmac_sorted_params", "jwt_hashes"] {
        let vectors = &by_verifier()[verifier];
        let genuine = vectors.iter().find(|vector| vector.expect).unwrap();
        let live = live(genuine).await;
        assert_eq!(call(&live, genuine).await.status, 200);
        let rows = live.rows();
        for _ in 0..2 {
            // The gateway may not have heard our first answer: 200, but nothing happens.
            let again = call(&live, genuine).await;
            assert_eq!((again.status, again.text.as_str()), (200, ""));
        }
        assert_eq!(live.rows(), rows, "{verifier}");
        let metrics = live.run(live.request(Method::GET, "/metrics")).await.text;
        let counted = r#"antiphon_inbound_total{gateway="fake",outcome="replayed"} 2"#;
        assert!(metrics.contains(counted), "{metrics}");
    }
}
