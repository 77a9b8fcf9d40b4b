//! Reading SendSurvey, row by row of requirements.md 2.2 (P08–P37) and A01–A11, A89, A91.

use antiphon::app::send_survey::{IfOpenSession, Language};
use antiphon::app::warning::Warning;
use antiphon::http::problem::Fault;
use antiphon::http::send_survey::{Accepted, Call, Rules, read};
use antiphon::phone::PhoneRules;
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

const SEED: &[u8] = include_bytes!("../cases/seed-payload.json");
const SEED_EXPANDED: &[u8] = include_bytes!("../cases/seed-payload-expanded.json");
const SURVEY: &str = "2b156ca0-7562-4f2e-b851-e51f0bc27647";

fn now() -> DateTime<Utc> {
    "2026-11-21T06:00:00Z".parse().unwrap()
}

fn call(path: Option<&str>, query: &str, body: &[u8], now: DateTime<Utc>) -> Result<Accepted, Vec<Fault>> {
    let languages = [Language::en(), Language::no()];
    let phones = PhoneRules::default();
    let rules =
        Rules { now, default_timezone: chrono_tz::Europe::Oslo, languages: &languages, phones: &phones };
    let call = Call { path_survey: path, query, body };
    read(call, rules).unwrap().finish()
}

/// A call that is fine but for what `changes` adds or replaces.
fn send(changes: &Value) -> Result<Accepted, Vec<Fault>> {
    send_at(changes, now())
}

fn send_at(changes: &Value, now: DateTime<Utc>) -> Result<Accepted, Vec<Fault>> {
    let mut body =
        json!({"identifier": "+4799999999", "identifierType": "Phone", "channel": "SMS", "language": "no"});
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    call(Some("csat"), "", body.to_string().as_bytes(), now)
}

fn accepted(changes: &Value) -> Accepted {
    send(changes).unwrap_or_else(|faults| panic!("{changes}: {faults:?}"))
}

/// `pointer code` of each fault.
fn faults<T>(outcome: Result<T, Vec<Fault>>) -> Vec<String> {
    match outcome {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect(),
    }
}

fn warnings(accepted: &Accepted) -> Vec<String> {
    accepted.warnings.iter().map(|warning| format!("{} {}", warning.pointer, warning.code)).collect()
}

fn variables(accepted: &Accepted) -> Vec<(&str, &str)> {
    accepted.command.variables.iter().collect()
}

#[test]
fn the_seeds_own_payload_is_read_as_http_api_2_5_says() {
    let query = format!("surveyId={SURVEY}");
    let accepted = call(None, &query, SEED_EXPANDED, now()).unwrap();
    // The use case adds what needs the survey; together they are the warnings of http-api.md 2.5, in its order.
    let all = [accepted.warnings.clone(), vec![Warning::language_not_set(&Language::en())]].concat();
    insta::assert_json_snapshot!("seed_payload_warnings", all);
    insta::assert_debug_snapshot!("seed_payload_command", accepted.command);
    assert!(!accepted.dry_run);
    assert_eq!(
        variables(&accepted),
        [
            ("agentId", "agent-42"),
            ("queueKey", "sales"),
            ("consumerChannel", "Phone"),
            ("consumerSession", "ivr-000184"),
            ("consumerPhone", "+4799999999"),
            ("systemCountry", "NO"),
        ]
    );
    let content = accepted.command.content.unwrap();
    assert!(content.starts_with("On a scale from 1-10 ") && content.ends_with(" to this message."));
}

#[test]
fn the_seeds_payload_as_printed_is_refused_for_its_identifier_only() {
    let query = format!("surveyId={SURVEY}");
    let refused = call(None, &query, SEED, now());
    assert_eq!(faults(refused), ["/identifier unexpanded_placeholder"]);
    // The script expands its phone number only: everything else unexpanded is dropped with a warning (P36).
    let body = String::from_utf8(SEED.to_vec()).unwrap().replace("$(e164_phone_number)", "+4799999999");
    let accepted = call(None, &query, body.as_bytes(), now()).unwrap();
    assert_eq!(
        warnings(&accepted),
        [
            " lenient_json",
            "/clientReference unexpanded_placeholder",
            "/expiryTime unexpanded_placeholder",
            "/userSessionVariables/0/value unexpanded_placeholder",
            "/userSessionVariables/1/value unexpanded_placeholder",
            "/userSessionVariables/3/value unexpanded_placeholder",
            "/userSessionVariables/5/value unexpanded_placeholder",
            "/content content_discouraged",
        ]
    );
    assert_eq!(accepted.command.client_reference, None);
    assert_eq!(accepted.command.expiry, None);
    assert_eq!(
        variables(&accepted),
        [
            ("agentId", ""),
            ("queueKey", ""),
            ("consumerChannel", "Phone"),
            ("consumerSession", ""),
            ("consumerPhone", "+4799999999"),
            ("systemCountry", "")
        ]
    );
}

#[test]
fn p09_the_survey_is_named_in_path_query_or_body_and_only_once() {
    let body = |survey: &str| format!(r#"{{"SurveyID": "{survey}", "identifier": "+4799999999"}}"#);
    let plain = r#"{"identifier": "+4799999999"}"#;
    let survey = |outcome: Result<Accepted, Vec<Fault>>| outcome.map(|accepted| accepted.command.survey);
    let read = |path, query: &str, body: &str| survey(call(path, query, body.as_bytes(), now()));
    assert_eq!(read(Some("csat"), "", plain).unwrap(), "csat");
    assert_eq!(read(None, "SURVEYID=csat", plain).unwrap(), "csat");
    assert_eq!(read(None, "", &body("csat")).unwrap(), "csat");
    assert_eq!(read(None, "surveyId=csat", &body("csat")).unwrap(), "csat");
    let upper = SURVEY.to_uppercase();
    assert_eq!(read(None, &format!("surveyId={upper}"), &body(SURVEY)).unwrap(), SURVEY);
    assert_eq!(faults(read(None, "", plain)), ["/surveyId missing_param"]);
    assert_eq!(faults(read(None, "surveyId=", &body(""))), ["/surveyId missing_param"]);
    assert_eq!(faults(read(None, "surveyId=a", &body("b"))), ["/SurveyID conflicting_survey_id"]);
    assert_eq!(faults(read(Some("a"), "surveyid=b", plain)), ["?surveyid conflicting_survey_id"]);
    assert_eq!(
        faults(read(None, "", r#"{"surveyId": 7, "identifier": "+4799999999"}"#)),
        ["/surveyId invalid_param"]
    );
}

#[test]
fn an_unknown_survey_can_be_answered_before_the_faults() {
    let languages = [Language::en()];
    let phones = PhoneRules::default();
    let rules =
        Rules { now: now(), default_timezone: chrono_tz::UTC, languages: &languages, phones: &phones };
    let call = Call { path_survey: Some("no-such"), query: "", body: b"{}" };
    let reading = read(call, rules).unwrap();
    assert_eq!(reading.survey(), Some("no-such"));
    assert_eq!(faults(reading.finish()), ["/identifier missing_param"]);
}

#[test]
fn p11_expiry_takes_every_form() {
    for (text, expected) in [
        ("2026-11-22T06:00:00Z", "2026-11-22T06:00:00Z"),
        ("2026-11-22T07:00:00+01:00", "2026-11-22T06:00:00Z"),
        ("2026-11-22T07:00:00.123456789+01:00", "2026-11-22T06:00:00.123456Z"),
        ("2026-11-22T07:00", "2026-11-22T06:00:00Z"),
        ("2026-11-22T07:00:30", "2026-11-22T06:00:30Z"),
        ("2026-11-22 07:00", "2026-11-22T06:00:00Z"),
        ("2026-11-22 07:00:30", "2026-11-22T06:00:30Z"),
        ("20261122 07:00:30", "2026-11-22T06:00:30Z"),
        (" 20261122 07:00:30 ", "2026-11-22T06:00:30Z"),
        ("24h", "2026-11-22T06:00:00Z"),
        ("3d", "2026-11-24T06:00:00Z"),
        ("90m", "2026-11-21T07:30:00Z"),
        ("30d", "2026-12-21T06:00:00Z"),
        ("2026-12-21T06:00:00Z", "2026-12-21T06:00:00Z"),
    ] {
        let expected: DateTime<Utc> = expected.parse().unwrap();
        assert_eq!(accepted(&json!({"expiryTime": text})).command.expiry, Some(expected), "{text}");
    }
    for absent in [json!(""), json!(null), json!("  "), json!("§{survey_expiry}"), json!("$(x)")] {
        assert_eq!(accepted(&json!({"expiryTime": absent})).command.expiry, None, "{absent}");
    }
}

#[test]
fn p11_p14_expiry_is_refused_with_its_own_code() {
    for (value, code) in [
        (json!("tomorrow"), "invalid_expiry_time"),
        (json!(1_732_000_000), "invalid_expiry_time"),
        (json!({}), "invalid_expiry_time"),
        (json!("2026-11-22"), "invalid_expiry_time"),
        (json!("2026-02-30T07:00"), "invalid_expiry_time"),
        (json!("2026-11-22T25:00"), "invalid_expiry_time"),
        (json!("2026-1-22 07:00"), "invalid_expiry_time"),
        (json!("+026-11-22 07:00"), "invalid_expiry_time"),
        (json!("20261122 07:00"), "invalid_expiry_time"),
        (json!("2026-11-22T07:00+01:00"), "invalid_expiry_time"),
        (json!("24"), "invalid_expiry_time"),
        (json!("h"), "invalid_expiry_time"),
        (json!("-24h"), "invalid_expiry_time"),
        (json!("1.5h"), "invalid_expiry_time"),
        (json!("3w"), "invalid_expiry_time"),
        (json!("$dateadd(system_datetime,day,3)"), "invalid_expiry_time"),
        (json!("2026-11-21T06:00:00Z"), "expiry_in_past"),
        (json!("2026-11-20T06:00:00Z"), "expiry_in_past"),
        (json!("2026-11-21 07:00"), "expiry_in_past"),
        (json!("0h"), "expiry_in_past"),
        (json!("2026-12-21T06:00:01Z"), "expiry_too_far"),
        (json!("31d"), "expiry_too_far"),
        (json!("99999999999999999999d"), "expiry_too_far"),
        (json!("9999-12-31T23:59:59Z"), "expiry_too_far"),
    ] {
        let refused = send(&json!({"expiryTime": value}));
        assert_eq!(faults(refused), [format!("/expiryTime {code}")], "{value}");
    }
    let detail = send(&json!({"expiryTime": "2026-11-20T06:00:00Z"})).unwrap_err()[0].detail.clone();
    assert_eq!(detail, "2026-11-20T06:00:00Z is not after now");
}

#[test]
fn a_local_expiry_in_a_gap_is_its_end_and_in_a_fold_the_first() {
    // Norway: 2026-03-29 02:00 does not exist until 03:00; 2026-10-25 02:00 to 03:00 comes twice.
    for (now, text, expected) in [
        ("2026-03-28T12:00:00Z", "2026-03-29 02:30", "2026-03-29T01:00:00Z"),
        ("2026-03-28T12:00:00Z", "2026-03-29 02:00", "2026-03-29T01:00:00Z"),
        ("2026-03-28T12:00:00Z", "2026-03-29 03:00", "2026-03-29T01:00:00Z"),
        ("2026-10-24T12:00:00Z", "2026-10-25 02:30", "2026-10-25T00:30:00Z"),
        ("2026-10-24T12:00:00Z", "20261025 03:00:00", "2026-10-25T02:00:00Z"),
    ] {
        let accepted = send_at(&json!({"expiryTime": text}), now.parse().unwrap()).unwrap();
        assert_eq!(accepted.command.expiry, Some(expected.parse().unwrap()), "{text}");
    }
}

#[test]
fn p13_the_client_reference_is_a_text_or_a_number() {
    for (value, expected) in [
        (json!("ivr-000184"), Some("ivr-000184")),
        (json!(184), Some("184")),
        (json!(1.5), Some("1.5")),
        (json!(""), None),
        (json!(null), None),
        (json!("$(system_session_id)"), None),
    ] {
        let accepted = accepted(&json!({"clientReference": value}));
        assert_eq!(accepted.command.client_reference.as_deref(), expected, "{value}");
    }
    let exact = "æ".repeat(255);
    assert_eq!(accepted(&json!({"clientReference": exact})).command.client_reference, Some(exact));
    for value in [json!("x".repeat(256)), json!(true), json!(["a"]), json!({}), json!("a\u{0}b")] {
        let refused = send(&json!({"clientReference": value}));
        assert_eq!(faults(refused), ["/clientReference invalid_param"], "{value}");
    }
    let long = br#"{"identifier": "+4799999999", "clientReference": 12345678901234567890123456789}"#;
    let accepted = call(Some("csat"), "", long, now()).unwrap();
    assert_eq!(accepted.command.client_reference.unwrap(), "12345678901234567890123456789");
}

#[test]
fn p15_to_p25_variables_take_both_shapes_and_canonical_keys() {
    let array = accepted(&json!({"userSessionVariables": [
        {"Key": "AGENTID", "Value": "a"}, {"key": "consumeremail", "value": "x@y.no"}, {"key": "CaSe", "value": 7},
        {"key": "case", "value": true}, {"key": "empty", "value": null}, {"key": "none"}, {"key": "QueueKey", "value": ""},
    ]}));
    let expected = [
        ("agentId", "a"),
        ("consumerEmail", "x@y.no"),
        ("CaSe", "7"),
        ("case", "true"),
        ("empty", ""),
        ("none", ""),
        ("queueKey", ""),
    ];
    assert_eq!(variables(&array), expected);
    let object = accepted(&json!({"userSessionVariables": {
        "AGENTID": "a", "consumeremail": "x@y.no", "CaSe": 7, "case": true, "empty": null, "none": "", "QueueKey": "",
    }}));
    assert_eq!(variables(&object), expected);
    for none in [json!([]), json!({}), json!(null)] {
        assert!(variables(&accepted(&json!({"userSessionVariables": none}))).is_empty());
    }
}

#[test]
fn p15_variables_out_of_shape_or_size_point_at_the_entry() {
    let entry = |entry: Value| json!({"userSessionVariables": [{"key": "ok", "value": "1"}, entry]});
    for changes in [
        entry(json!("x")),
        entry(json!(null)),
        entry(json!({"value": "x"})),
        entry(json!({"key": null, "value": "x"})),
        entry(json!({"key": 7, "value": "x"})),
        entry(json!({"key": "", "value": "x"})),
        entry(json!({"key": "k".repeat(101), "value": "x"})),
        entry(json!({"key": "k", "value": "x".repeat(1_025)})),
        entry(json!({"key": "k", "value": "æ".repeat(513)})),
        entry(json!({"key": "k", "value": {}})),
        entry(json!({"key": "k", "value": ["x"]})),
        entry(json!({"key": "k", "value": "\u{0}"})),
    ] {
        let expected = ["/userSessionVariables/1 invalid_user_session_variables"];
        assert_eq!(faults(send(&changes)), expected, "{changes}");
    }
    for (value, place) in [
        (json!("x"), ""),
        (json!(7), ""),
        (json!({"a/b~c": {}}), "/a~1b~0c"),
        (json!(vec![json!({"key": "k", "value": "x"}); 65]), "/64"),
    ] {
        let refused = send(&json!({"userSessionVariables": value}));
        let expected = format!("/userSessionVariables{place} invalid_user_session_variables");
        assert_eq!(faults(refused), [expected], "{value}");
    }
    let many: Vec<Value> =
        (0..64).map(|i| json!({"key": format!("k{i}"), "value": "x".repeat(1_024)})).collect();
    assert_eq!(variables(&accepted(&json!({"userSessionVariables": many}))).len(), 64);
    let long = json!({"userSessionVariables": {"ø".repeat(100): 1}});
    assert_eq!(variables(&accepted(&long)).len(), 1);
}

#[test]
fn p23_the_last_of_two_spellings_wins_with_a_warning_for_known_keys_only() {
    let accepted = accepted(&json!({"userSessionVariables": [
        {"key": "agentid", "value": "first"}, {"key": "own", "value": "1"},
        {"key": "agentId", "value": "last"}, {"key": "own", "value": "2"},
    ]}));
    assert_eq!(variables(&accepted), [("agentId", "last"), ("own", "2")]);
    assert_eq!(warnings(&accepted), ["/userSessionVariables/2 duplicate_variable"]);
}

#[test]
fn p27_the_identifier_must_be_a_mobile_in_e164() {
    for (value, code) in [
        (json!("4799999999"), "invalid_identifier"),
        (json!(""), "invalid_identifier"),
        (json!("+47 99999999"), "invalid_identifier"),
        (json!("tel:+4799999999"), "invalid_identifier"),
        (json!("+4712345678"), "invalid_identifier"),
        (json!(4_799_999_999_i64), "invalid_identifier"),
        (json!("+4722334455"), "identifier_not_mobile"),
        (json!("$(e164_phone_number)"), "unexpanded_placeholder"),
        (json!("+47§{phone}"), "unexpanded_placeholder"),
        (json!(null), "missing_param"),
    ] {
        let refused = send(&json!({"identifier": value}));
        assert_eq!(faults(refused), [format!("/identifier {code}")], "{value}");
    }
    let detail = send(&json!({"identifier": "+4722334455"})).unwrap_err()[0].detail.clone();
    assert_eq!(detail, "+4722334455 is a fixed line; a mobile number is needed");
}

#[test]
fn p28_p29_type_and_channel_have_one_value_each() {
    for value in ["Phone", "phone", "PHONE"] {
        assert!(warnings(&accepted(&json!({"identifierType": value}))).is_empty());
    }
    for value in ["SMS", "sms", "Sms"] {
        assert!(warnings(&accepted(&json!({"channel": value}))).is_empty());
    }
    let absent = accepted(&json!({"identifierType": null, "channel": null}));
    assert_eq!(warnings(&absent), ["/identifierType defaulted_property", "/channel defaulted_property"]);
    for value in [json!("Email"), json!(7), json!("")] {
        let refused = send(&json!({"identifierType": value, "channel": value}));
        assert_eq!(
            faults(refused),
            ["/identifierType unsupported_identifier_type", "/channel unsupported_channel"]
        );
    }
}

#[test]
fn p30_p31_content_is_literal_and_discouraged() {
    let given = accepted(&json!({"content": " Hei {{navn}}\nder "}));
    assert_eq!(given.command.content.as_deref(), Some(" Hei {{navn}}\nder "));
    assert_eq!(warnings(&given), ["/content content_discouraged"]);
    for blank in [json!(""), json!(" \n"), json!(null)] {
        let accepted = accepted(&json!({"content": blank}));
        assert_eq!(accepted.command.content, None);
        assert!(warnings(&accepted).is_empty());
    }
    let dropped = accepted(&json!({"content": "Hei $(name)"}));
    assert_eq!(dropped.command.content, None);
    assert_eq!(warnings(&dropped), ["/content unexpanded_placeholder"]);
    for value in [json!(7), json!(true), json!([]), json!({"no": "Hei"})] {
        assert_eq!(faults(send(&json!({"content": value}))), ["/content invalid_param"]);
    }
}

#[test]
fn p33_languages_have_aliases_and_may_be_absent() {
    for (text, code) in [
        ("en", "en"),
        ("EN", "en"),
        ("en-GB", "en"),
        ("en-us", "en"),
        ("no", "no"),
        ("nb", "no"),
        ("NN", "no"),
        ("nb-NO", "no"),
        ("nn-NO", "no"),
        ("no-NO", "no"),
    ] {
        let language = accepted(&json!({"language": text})).command.language.unwrap();
        assert_eq!(language.code(), code, "{text}");
    }
    for value in [json!("sv"), json!("norsk"), json!("e"), json!(47), json!(["no"])] {
        let refused = send(&json!({"language": value}));
        assert_eq!(faults(refused), ["/language unsupported_language"], "{value}");
    }
    let detail = send(&json!({"language": "sv"})).unwrap_err()[0].detail.clone();
    assert_eq!(detail, "sv is not supported; use one of: en, no");
    for absent in [json!(null), json!("")] {
        let accepted = accepted(&json!({"language": absent}));
        assert_eq!(accepted.command.language, None);
        assert!(warnings(&accepted).is_empty());
    }
    let unexpanded = accepted(&json!({"language": "$(language)"}));
    assert_eq!(warnings(&unexpanded), ["/language unexpanded_placeholder"]);
}

#[test]
fn p37_names_come_in_any_case_but_once() {
    let body = r#"{"Identifier": "+4799999999", "IDENTIFIERTYPE": "Phone", "Channel": "SMS", "Language": "no",
        "clientreference": "a", "isTEST": true, "Foo/bar": 1, "foo/BAR": 2}"#;
    let accepted = call(Some("csat"), "dryrun=true&x=1", body.as_bytes(), now()).unwrap();
    assert!(accepted.dry_run);
    assert!(accepted.command.is_test);
    assert_eq!(
        warnings(&accepted),
        ["?x unknown_property", "/Foo~1bar unknown_property", "/foo~1BAR unknown_property"]
    );
    let twice = r#"{"identifier": "+4799999999", "Identifier": null, "content": "a", "content": "b"}"#;
    let refused = call(Some("csat"), "", twice.as_bytes(), now());
    assert_eq!(faults(refused), ["/Identifier duplicate_param", "/content duplicate_param"]);
    let entry = json!({"userSessionVariables": [{"key": "a", "KEY": "b", "other": 1}]});
    assert_eq!(faults(send(&entry)), ["/userSessionVariables/0/KEY duplicate_param"]);
}

#[test]
fn the_remaining_properties_are_typed() {
    let id = "01A1FCB0-AF00-7417-9C3D-D9F73817118D";
    let given =
        accepted(&json!({"channelId": id, "ifOpenSession": "queue", "sendAt": "2026-11-21T09:00:00+01:00",
        "isTest": false}));
    assert_eq!(given.command.channel_id.unwrap(), id.to_lowercase());
    assert_eq!(given.command.if_open_session, Some(IfOpenSession::Queue));
    assert_eq!(given.command.send_at, Some("2026-11-21T08:00:00Z".parse().unwrap()));
    let past = accepted(&json!({"sendAt": "2026-11-21T06:00:00Z"}));
    assert_eq!(past.command.send_at, None);
    let limit = accepted(&json!({"sendAt": "2026-12-21T06:00:00Z"}));
    assert!(limit.command.send_at.is_some());
    for (name, value) in [
        ("channelId", json!("2012")),
        ("channelId", json!("01a1fcb0af0074179c3dd9f73817118d")),
        ("channelId", json!(7)),
        ("ifOpenSession", json!("replace")),
        ("ifOpenSession", json!(true)),
        ("sendAt", json!("2026-11-21 09:00")),
        ("sendAt", json!("2h")),
        ("sendAt", json!("2026-12-21T06:00:01Z")),
        ("isTest", json!("true")),
        ("isTest", json!(1)),
    ] {
        assert_eq!(faults(send(&json!({name: value}))), [format!("/{name} invalid_param")], "{value}");
    }
    let both = json!({"sendAt": "2026-11-22T06:00:00Z", "expiryTime": "24h"});
    assert_eq!(faults(send(&both)), ["/expiryTime invalid_expiry_time"]);
}

#[test]
fn dry_run_takes_true_or_false_only() {
    let body = br#"{"identifier": "+4799999999"}"#;
    let dry_run = |query: &str| call(Some("csat"), query, body, now());
    assert!(dry_run("dryRun=true").unwrap().dry_run);
    assert!(!dry_run("dryRun=false").unwrap().dry_run);
    for query in ["dryRun=1", "dryRun=", "dryRun", "dryRun=TRUE"] {
        assert_eq!(faults(dry_run(query)), ["?dryRun invalid_param"], "{query}");
    }
    assert_eq!(faults(dry_run("dryRun=true&dryrun=false")), ["?dryrun duplicate_param"]);
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_body() {
    let body = r#"{"language": "xx", "expiryTime": "soon", "content": 1, "identifierType": "Email"}"#;
    assert_eq!(
        faults(call(None, "dryRun=maybe", body.as_bytes(), now())),
        [
            "?dryRun invalid_param",
            "/language unsupported_language",
            "/expiryTime invalid_expiry_time",
            "/content invalid_param",
            "/identifierType unsupported_identifier_type",
            "/surveyId missing_param",
            "/identifier missing_param",
        ]
    );
    for body in ["[]", "7", "null", "\"x\""] {
        let refused = faults(call(Some("csat"), "", body.as_bytes(), now()));
        assert_eq!(refused, [" invalid_param"], "{body}");
    }
}

#[test]
fn the_fingerprint_is_blind_to_space_and_commas_only() {
    let fingerprint =
        |body: &str| call(Some("csat"), "", body.as_bytes(), now()).unwrap().command.body_fingerprint;
    let first = fingerprint(r#"{"identifier":"+4799999999","content":"a"}"#);
    assert_eq!(first.len(), 64);
    assert_eq!(first, fingerprint("{ \"identifier\": \"+4799999999\",\n \"content\": \"a\", }"));
    assert_ne!(first, fingerprint(r#"{"identifier":"+4799999999","content":"b"}"#));
}

proptest! {
    #[test]
    fn no_damage_to_the_payload_makes_the_reader_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        query in "\\PC{0,20}",
    ) {
        let mut body = SEED_EXPANDED.to_vec();
        for (at, byte) in edits {
            let index = at.index(body.len());
            body[index] = byte;
        }
        let languages = [Language::en()];
        let phones = PhoneRules::default();
        let rules = Rules { now: now(), default_timezone: chrono_tz::Europe::Oslo, languages: &languages, phones: &phones };
        let call = Call { path_survey: None, query: &query, body: &body };
        if let Ok(reading) = read(call, rules) {
            match reading.finish() {
                Ok(accepted) => prop_assert!(!accepted.command.survey.is_empty()),
                Err(faults) => prop_assert!(!faults.is_empty()),
            }
        }
    }

    #[test]
    fn no_text_makes_the_expiry_panic_and_what_is_taken_lies_ahead(text in "[0-9 T:+Zhdms.-]{1,24}|[0-9]{1,30}[smhd]") {
        if let Ok(accepted) = send(&json!({"expiryTime": text}))
            && let Some(expiry) = accepted.command.expiry
        {
            prop_assert!(expiry > now() && expiry <= now() + chrono::TimeDelta::days(30));
        }
    }
}
