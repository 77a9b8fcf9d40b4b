//! Signatures of gateways (gateways.md 2.4): what is authentic, and that a byte, a second or one part of the URL
//! more or less is not (GW20 to GW25). `webhook-signatures-own.json` was computed by another implementation.

use antiphon::gateway::{Callback, Declared, DeclaredSecret, Forged, Proof, Scheme, Verifier};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

const DEV: &str = include_str!("../cases/webhook-signatures-dev.json");
const OWN: &str = include_str!("../cases/webhook-signatures-own.json");

#[derive(Deserialize)]
struct Cases {
    vectors: Vec<Vector>,
}

/// A request as a gateway sent it, or as somebody else did.
#[derive(Clone, Debug, Deserialize)]
pub struct Vector {
    pub id: String,
    pub verifier: String,
    pub algorithm: String,
    pub secret: String,
    #[serde(default)]
    pub secrets: Vec<Bound>,
    pub method: String,
    pub url: String,
    pub headers: std::collections::BTreeMap<String, Header>,
    pub body: String,
    pub now: i64,
    pub expect: bool,
    pub why: String,
}

/// A secret, perhaps bound to an algorithm.
#[derive(Clone, Debug, Deserialize)]
pub struct Bound {
    secret: String,
    algorithm: Option<String>,
}

/// A header, or one that is there more than once.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Header {
    Once(String),
    Often(Vec<String>),
}

/// All requests of the two files.
pub fn vectors() -> Vec<Vector> {
    [DEV, OWN].iter().flat_map(|file| serde_json::from_str::<Cases>(file).unwrap().vectors).collect()
}

/// One authentic request of each verifier that signs times or not.
fn genuine() -> Vec<Vector> {
    let dev: Cases = serde_json::from_str(DEV).unwrap();
    dev.vectors.into_iter().filter(|vector| vector.expect).collect()
}

impl Vector {
    pub fn declared(&self) -> Declared {
        let given = |secret: &Bound| DeclaredSecret {
            secret: SecretString::from(secret.secret.clone()),
            algorithm: secret.algorithm.clone(),
        };
        let only = Bound { secret: self.secret.clone(), algorithm: None };
        let secrets = if self.secrets.is_empty() { vec![only] } else { self.secrets.clone() };
        Declared {
            secrets: secrets.iter().map(given).collect(),
            algorithm: Some(self.algorithm.clone()),
            ..Declared::of(Scheme::parse(&self.verifier).unwrap())
        }
    }

    /// The verifier of a server that the world reaches at `public_url`.
    pub fn verifier_at(&self, public_url: &str) -> Verifier {
        let url = Url::parse(public_url).unwrap();
        let opened = self.declared().open(Some(&url));
        opened.unwrap_or_else(|faults| panic!("{}: {faults:?}", self.id)).0
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        let (_, rest) = self.url.split_once("://").unwrap();
        rest.split_at(rest.find('/').unwrap()).1
    }

    /// Names and values, repeated ones included.
    pub fn lines(&self) -> Vec<(&str, &str)> {
        let mut lines = Vec::new();
        for (name, header) in &self.headers {
            match header {
                Header::Once(value) => lines.push((name.as_str(), value.as_str())),
                Header::Often(values) => {
                    lines.extend(values.iter().map(|value| (name.as_str(), value.as_str())));
                }
            }
        }
        lines
    }

    fn verify_with(&self, verifier: &Verifier) -> Result<Proof, Forged> {
        let lines = self.lines();
        let headers: Vec<(&str, &[u8])> =
            lines.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let callback = Callback {
            method: &self.method,
            target: self.target(),
            headers: &headers,
            path_secret: None,
            address: None,
            body: self.body.as_bytes(),
        };
        verifier.verify(&callback, self.at())
    }

    fn verify(&self) -> Result<Proof, Forged> {
        let target = self.target();
        self.verify_with(&self.verifier_at(self.url.strip_suffix(target).unwrap()))
    }

    fn at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.now, 0).unwrap()
    }
}

#[test]
fn every_request_of_the_cases_is_told_apart() {
    let vectors = vectors();
    assert!(vectors.len() > 140, "{}", vectors.len());
    let wrong: Vec<String> = vectors
        .iter()
        .filter(|vector| vector.verify().is_ok() != vector.expect)
        .map(|vector| format!("{} ({}): {:?}", vector.id, vector.why, vector.verify()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nonces_are_handed_back_to_be_recorded() {
    for vector in genuine() {
        let nonce = vector.verify().unwrap().nonce;
        let expected = match vector.verifier.as_str() {
            "hmac_sorted_params" => Some("00000000-0000-0000-0000-000000000002"),
            "jwt_hashes" => Some("j1"),
            _ => None,
        };
        assert_eq!(nonce.as_deref(), expected, "{}", vector.id);
    }
}

#[test]
fn every_byte_of_a_body_that_is_signed_counts() {
    for vector in genuine().into_iter().filter(|vector| !vector.body.is_empty()) {
        let verifier = vector.verifier_at("https://survey.example.com");
        let headers: Vec<(&str, &[u8])> =
            vector.lines().into_iter().map(|(name, value)| (name, value.as_bytes())).collect();
        for at in 0..vector.body.len() {
            let mut body = vector.body.clone().into_bytes();
            body[at] ^= 1;
            let callback = Callback {
                method: &vector.method,
                target: vector.target(),
                headers: &headers,
                path_secret: None,
                address: None,
                body: &body,
            };
            assert!(verifier.verify(&callback, vector.at()).is_err(), "{} byte {at}", vector.id);
        }
    }
}

#[test]
fn every_part_of_a_url_that_is_signed_counts() {
    let signs_url = ["hmac_url_params", "hmac_plivo_v3", "jwt_hashes"];
    for vector in genuine().into_iter().filter(|vector| signs_url.contains(&vector.verifier.as_str())) {
        for base in [
            "http://survey.example.com",
            "https://survey.example.org",
            "https://surveys.example.com",
            "https://survey.example.com/sms",
        ] {
            assert!(vector.verify_with(&vector.verifier_at(base)).is_err(), "{} at {base}", vector.id);
        }
        let verifier = vector.verifier_at("https://survey.example.com");
        let targets = [
            vector.url.replace("/in/", "/IN/"),
            vector.url.replace("/no1", "/no2"),
            vector.url.replace("/no1", "/no1/"),
            format!("{}{}more=1", vector.url, if vector.url.contains('?') { '&' } else { '?' }),
        ];
        for url in targets {
            assert!(Vector { url: url.clone(), ..vector.clone() }.verify_with(&verifier).is_err(), "{url}");
        }
    }
}

#[test]
fn rp13_what_the_caller_says_about_our_host_is_not_looked_at() {
    for vector in genuine() {
        let mut forged = vector.clone();
        for (name, value) in [
            ("Host", "evil.example.org"),
            ("X-Forwarded-Host", "evil.example.org"),
            ("X-Forwarded-Proto", "http"),
        ] {
            forged.headers.insert(name.to_owned(), Header::Once(value.to_owned()));
        }
        assert!(
            forged.verify_with(&vector.verifier_at("https://survey.example.com")).is_ok(),
            "{}",
            vector.id
        );
    }
}

proptest! {
    #[test]
    fn one_change_anywhere_is_a_refusal(which in 0_usize..100, place in any::<prop::sample::Index>(), bit in 0_u8..7) {
        let all = genuine();
        let vector = &all[which % all.len()];
        let proofs: Vec<&String> = vector
            .headers
            .keys()
            .filter(|name| {
                let name = name.to_ascii_lowercase();
                name != "content-type" && !name.ends_with("-algorithm")
            })
            .collect();
        prop_assume!(!proofs.is_empty());
        let name = proofs[place.index(proofs.len())];
        let Header::Once(value) = &vector.headers[name] else { unreachable!() };
        let mut bytes = value.clone().into_bytes();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let Ok(changed) = String::from_utf8(bytes) else { return Ok(()) };
        let mut forged = vector.clone();
        forged.headers.insert(name.clone(), Header::Once(changed.clone()));
        prop_assert!(forged.verify().is_err(), "{} {name}: {changed}", vector.id);
    }

    #[test]
    fn a_callback_cut_short_anywhere_is_a_refusal(which in 0_usize..100, place in any::<prop::sample::Index>()) {
        let all = genuine();
        let vector = &all[which % all.len()];
        let mut forged = vector.clone();
        if vector.body.is_empty() {
            let kept = place.index(vector.url.len() - 40) + 40;
            forged.url = vector.url.split_at(kept).0.to_owned();
        } else {
            let kept = place.index(vector.body.len());
            forged.body = String::from_utf8_lossy(&vector.body.as_bytes()[..kept]).into_owned();
        }
        prop_assume!(forged.body != vector.body || forged.url != vector.url);
        prop_assert!(forged.verify_with(&vector.verifier_at("https://survey.example.com")).is_err());
    }
}

/// Field and beginning of the problem.
fn faults(declared: &Declared, public_url: Option<&str>) -> Vec<String> {
    let url = public_url.map(|url| Url::parse(url).unwrap());
    match declared.open(url.as_ref()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn what_does_not_go_together_is_told_with_its_field_and_what_to_do() {
    let secret = || vec![DeclaredSecret::from(SecretString::from("0123456789abcdef".to_owned()))];
    let of = Declared::of;
    let text = |text: &str| Some(text.to_owned());
    let mut told = String::new();
    for (what, declared) in [
        ("url without a public one", Declared { secrets: secret(), ..of(Scheme::HmacUrlParams) }),
        ("no secret", of(Scheme::HmacPlivoV3)),
        ("no method", Declared { secrets: secret(), ..of(Scheme::HmacSortedParams) }),
        ("wrong method", Declared { secrets: secret(), algorithm: text("none"), ..of(Scheme::JwtHashes) }),
        ("no key", Declared { secrets: secret(), ..of(Scheme::Ed25519TsBody) }),
        (
            "three secrets",
            Declared { secrets: [secret(), secret(), secret()].concat(), ..of(Scheme::HmacBodyNonceTs) },
        ),
        ("not base64", Declared { secrets: secret(), ..of(Scheme::StandardWebhooks) }),
        (
            "foreign fields",
            Declared {
                secrets: secret(),
                place: text("header"),
                name: text("X-Key"),
                algorithm: text("sha1"),
                ..of(Scheme::HmacBodyNonceTs)
            },
        ),
        ("nothing at all", of(Scheme::Static)),
        ("no place", Declared { secrets: secret(), ..of(Scheme::Static) }),
        ("no name", Declared { secrets: secret(), place: text("header"), ..of(Scheme::Static) }),
        (
            "a name too many",
            Declared { secrets: secret(), place: text("path"), name: text("x"), ..of(Scheme::Static) },
        ),
        ("bad networks", Declared { cidrs: vec!["10.0.0.0/33".into(), "::/0".into()], ..of(Scheme::Static) }),
        (
            "bound to nothing",
            Declared {
                secrets: vec![DeclaredSecret { algorithm: text("md5"), ..secret().remove(0) }],
                ..of(Scheme::HmacUrlParams)
            },
        ),
    ] {
        told.push_str(&format!("{what}\n"));
        faults(&declared, None).iter().for_each(|fault| told.push_str(&format!("  {fault}\n")));
    }
    insta::assert_snapshot!(told);
    let networks = Declared { cidrs: vec!["192.0.2.0/24".into()], ..of(Scheme::Static) };
    let (verifier, networks) = networks.open(None).unwrap();
    assert!(matches!(verifier, Verifier::Network) && !networks.is_empty(), "GW27: networks alone will do");
    assert_eq!(Scheme::parse("sns"), None);
}
