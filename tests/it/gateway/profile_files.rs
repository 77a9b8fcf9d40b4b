//! Profile files that are wrong, and what is said about them (gateways.md 2.1): everything at once, with line and
//! column.

use antiphon::config::{Config, FaultCode, Inputs};
use antiphon::gateway::profile::{Profiles, schema};
use serde_json::Value;

const BROKEN: &str = r#"format: antiphon-gateway/2
profile: Acme
version: one
colour: red
params: {Proof: header}
verify: {scheme: hmac_url_parms, secrets: [$secret.inbound]}
callbacks:
  - match: {method: [PUT], content_type: "text/html; charset=utf-8"}
    decode: {as: jsn}
  - decode: {as: json, charset: {field: charset}, charset: klingon}
    kind: {inbound: {exists: from}, report: {path: /type}}
    inbound:
      from: {path: /from, as: phone}
      to: {path: /to, as: e164}
      time: {path: /time, format: "%Y-%m-%d"}
    report:
      correlate: []
      state: {path: /state, map: {sent: accepted, SENT: delivered, "20-10": expired, "1-5": rejected, "5-9": rejected, odd: lost}}
    reply: {status: 202}
  - decode: {as: form}
    each: /messages
    verify: {scheme: static, in: header, name: X, secret: $secret.inbound}
    kind: {inbound: {exists: from}}
send:
  request:
    method: PATCH
    url: "https://{to}/send"
    headers: {X-To: "{tto}", X-Handle: $session.handle}
    encode: form
    body: [$text]
    auth: {basic: {user: $param.user}}
    query: {a: $txt, b: {choose: $encoding, gsm7: "0"}, c: {choose: $text, x: "1"}, d: {scale: $ttl_seconds, pieces: [{below: 5}]}}
  answer:
    ok: {status: [404], path: /status}
    errors: {path: code, map: {}}
    http: {"500-599": retry, teapot: permanent, "404": lost}
limits: {rate: fast, max_parts: 7}
encoding: {splits: nobody}
subnumber: {mode: suffix, countries: ["NO"], life: forever}
stop: {handled_by_gateway: $to, error_codes: "21610"}
"#;

#[test]
fn every_fault_of_a_profile_is_told_at_once_with_line_and_column() {
    let faults = Profiles::check("acme.yaml", BROKEN).unwrap_err();
    insta::assert_snapshot!(faults);
}

#[test]
fn a_profile_without_its_main_parts_is_told_what_they_are() {
    let told: Vec<String> = [
        "",
        "[]",
        "format: antiphon-gateway/1\n",
        "format: antiphon-gateway/1\nprofile: a\nversion: 1\ncallbacks: []\nsend: {}\n",
        "format: antiphon-gateway/1\nprofile: a\nprofile: b\nversion: 1\ncallbacks:\n  - {}\n",
        "format: antiphon-gateway/1\nprofile: a\nversion: 1\nverify: {scheme: static, in: path}\ncallbacks:\n  - decode: {as: json}\n",
    ]
    .into_iter()
    .map(|source| format!("{source}---\n{}", Profiles::check("a.yaml", source).unwrap_err()))
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

fn load(folder: &std::path::Path, more: &str) -> Result<Config, antiphon::config::Faults> {
    let file = folder.join("antiphon.toml");
    let shown = folder.display();
    std::fs::write(&file, format!("[profiles]\nfolder = \"{shown}\"\n{more}")).unwrap();
    Config::load(&Inputs { file: Some(file), ..Inputs::default() })
}

#[test]
fn gw10_a_folder_adds_profiles_and_puts_them_in_the_place_of_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (_, generic) =
        antiphon::gateway::profile::BUILT_IN.iter().find(|(name, _)| *name == "generic").unwrap();
    std::fs::write(folder.path().join("own.yaml"), generic.replace("version: 1", "version: 7")).unwrap();
    std::fs::write(folder.path().join("more.yml"), generic.replace("profile: generic", "profile: more"))
        .unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no profile").unwrap();
    let config = load(folder.path(), "").unwrap();
    assert_eq!(config.profiles.get("generic").unwrap().version, 7);
    assert!(config.profiles.get("more").is_some() && config.profiles.get("puzzel").is_some());

    let simulator = generic.replace("profile: generic", "profile: simulator");
    std::fs::write(folder.path().join("own.yaml"), simulator).unwrap();
    std::fs::write(folder.path().join("more.yml"), BROKEN).unwrap();
    let faults = load(folder.path(), "").unwrap_err();
    assert!(faults.0.iter().all(|fault| fault.code == FaultCode::InvalidProfile), "{faults}");
    assert!(faults.to_string().contains("more.yml:4:1: a profile has no key `colour`"), "{faults}");
}

#[test]
fn what_an_instance_does_not_give_is_told_under_its_key() {
    let told = |table: &str| {
        let folder = tempfile::tempdir().unwrap();
        let faults = load(folder.path(), &format!("[gateways.g]\n{table}")).unwrap_err();
        let keys = faults.0.into_iter().map(|fault| format!("{} {}", fault.key, fault.code.as_str()));
        keys.collect::<Vec<_>>()
    };
    assert_eq!(
        told("profile = \"puzzel\""),
        [
            "gateways.g.secrets.inbound verifier_required",
            "gateways.g.base_url missing_key",
            "gateways.g.params.service_id missing_key",
        ]
    );
    let twilio =
        "profile = \"twilio\"\nparams.account_sid = \"AC1\"\nsecrets.auth_token = \"0123456789abcdef\"\n";
    assert_eq!(told(twilio), ["server.public_url missing_key"], "Twilio signs the URL");
    assert_eq!(
        told(
            "profile = \"vonage\"\nparams.api_key = \"a\"\nsecrets.api_secret = \"b\"\nsecrets.signature = \"0123456789abcdef\"\nparams.signature_method = \"md4\""
        ),
        ["gateways.g.params.signature_method invalid_value"]
    );
    assert_eq!(
        told(
            "profile = \"generic\"\nbase_url = \"http://sms.example.com\"\nsecrets.inbound = \"0123456789abcdef\"\nparams.colour = \"red\"\nparams.subnumber_mode = \"some\""
        ),
        [
            "gateways.g.base_url invalid_value",
            "gateways.g.params.subnumber_mode invalid_value",
            "gateways.g.params.colour unknown_key"
        ]
    );
}

#[test]
fn the_json_schema_fits_every_built_in_profile_and_not_a_broken_one() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, source) in antiphon::gateway::profile::BUILT_IN {
        let profile: Value = serde_saphyr::from_str(source).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&profile)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
    let mut broken: Value = serde_saphyr::from_str(antiphon::gateway::profile::BUILT_IN[0].1).unwrap();
    broken["colour"] = "red".into();
    assert!(!validator.is_valid(&broken));
}

/// A `send` without faults.
const SEND: &str = "send: {request: {method: POST, url: \"{base_url}/m\"}, answer: {}}\n";

#[test]
fn re19_b_faults_of_a_lookup_are_told_with_line_and_column() {
    let head = "format: antiphon-gateway/1\nprofile: a\nversion: 1\nverify: {scheme: static, in: path, secrets: [$secret.inbound]}\n\
        callbacks:\n  - {decode: {as: form}, kind: {report: {exists: s}}, report: {correlate: [{our_ref: r}], state: {path: s, map: {ok: delivered}}}}\n";
    let told: Vec<String> = [
        "lookup: {}\n".to_owned(),
        format!("{SEND}lookup: {{request: [], answer: {{colour: red}}}}\nlist: {{}}\n"),
        format!(
            "{SEND}lookup:\n  request:\n    method: DELETE\n    url: \"{{base_url}}/m/{{to}}\"\n    headers: {{X-Text: $text}}\n    \
             query: {{from: $from, to: {{fill: \"{{to}}\"}}, ttl: {{scale: $ttl_seconds, pieces: [{{step: 1}}]}}, ref: $ref, key: $secret.key}}\n  \
             answer:\n    our_ref: ref\n    part: /part\n    state: {{path: state, map: {{sent: taken, \"1-5\": rejected, \"5-9\": expired}}}}\n"
        ),
        format!(
            "{SEND}lookup:\n  request: {{method: GET, url: \"https://other.example/{{ref}}\"}}\n  answer: {{decode: {{as: jsn}}, state: {{path: /s, map: {{}}}}}}\n"
        ),
    ]
    .into_iter()
    .map(|source| format!("{source}---\n{}", Profiles::check("a.yaml", &format!("{head}{source}")).unwrap_err()))
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn the_json_schema_knows_the_lookup() {
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema()).unwrap()).unwrap();
    let asked = crate::support::asked_profile();
    Profiles::check("asked.yaml", &asked).unwrap();
    let mut profile: Value = serde_saphyr::from_str(&asked).unwrap();
    assert!(validator.is_valid(&profile));
    profile["lookup"]["answer"]["state"]["map"]["taken"] = "sent".into();
    assert!(!validator.is_valid(&profile));
}
