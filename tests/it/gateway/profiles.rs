//! Every built-in profile against test data of our own (`profiles/*.yaml`): calls and what they mean, sends and what
//! they must be, answers and their classes, and every status of a report (GW10 to GW13, GW30 to GW35). A file names
//! the configuration of a gateway, and what it expects in the words of the specification.

use antiphon::gateway::profile::BUILT_IN;
use antiphon::gateway::{Callback, CallbackItem, Concat, Gateway, GatewaySession, SendRequest, SenderType};
use antiphon::text;
use serde_json::{Map, Value, json};

use super::opened;
use super::send::serve;

/// The test data of each profile.
const DATA: &[(&str, &str)] = &[
    ("africastalking", include_str!("profiles/africastalking.yaml")),
    ("bandwidth", include_str!("profiles/bandwidth.yaml")),
    ("bird", include_str!("profiles/bird.yaml")),
    ("generic", include_str!("profiles/generic.yaml")),
    ("infobip", include_str!("profiles/infobip.yaml")),
    ("kannel", include_str!("profiles/kannel.yaml")),
    ("link", include_str!("profiles/link.yaml")),
    ("plivo", include_str!("profiles/plivo.yaml")),
    ("puzzel", include_str!("profiles/puzzel.yaml")),
    ("sinch", include_str!("profiles/sinch.yaml")),
    ("telnyx", include_str!("profiles/telnyx.yaml")),
    ("twilio", include_str!("profiles/twilio.yaml")),
    ("vonage", include_str!("profiles/vonage.yaml")),
];

fn data(source: &str) -> Value {
    serde_saphyr::from_str(source).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn gateway(data: &Value, base_url: &str) -> Gateway {
    let config = text(data, "config");
    assert!(config.contains("BASE_URL"), "the configuration needs base_url = \"BASE_URL\"");
    opened::gateway(&config.replace("BASE_URL", base_url))
}

fn parse(gateway: &Gateway, call: &Value, word: &str) -> Vec<CallbackItem> {
    let fill = |name: &str| text(call, name).replace("@WORD@", word);
    let (query, body, content_type) = (fill("query"), fill("body"), fill("type"));
    let target = format!("/v1/gateways/own/inbound?{query}");
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    if !content_type.is_empty() {
        headers.push(("content-type", content_type.as_bytes()));
    }
    let method = call["method"].as_str().unwrap_or("POST");
    assert!(gateway.reads(method, Some(content_type.as_str()).filter(|stated| !stated.is_empty())), "{call}");
    let callback = Callback {
        method,
        target: &target,
        headers: &headers,
        path_secret: None,
        address: None,
        body: body.as_bytes(),
    };
    gateway.parse(&callback)
}

/// An item as the test data write it: what is not there is left out.
fn shown(item: &CallbackItem) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value.into());
        }
    };
    match item {
        CallbackItem::Inbound(sms) => {
            put("id", sms.id.clone());
            put("from", Some(sms.from.clone()));
            put("to", Some(sms.to.clone()));
            put("text", Some(sms.text.clone()));
            put("session", sms.session.clone());
            put("reply_to", sms.reply_to.clone());
            put("intent", sms.intent.map(|intent| intent.as_str().to_owned()));
            let part = |part: &Concat| format!("{} {}/{}", part.reference(), part.part(), part.total());
            put("part", sms.concat.as_ref().map(part));
            put("at", sms.provider_at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)));
            let flags: Vec<&str> = sms.flags.iter().map(|flag| flag.as_str()).collect();
            put("flags", Some(flags.join(" ")).filter(|flags| !flags.is_empty()));
        }
        CallbackItem::Report(report) => {
            put("ref", report.our_ref.clone());
            put("id", report.external_id.clone());
            put("state", Some(report.state.as_str().to_owned()));
            put("code", report.code.clone());
            put("reason", report.reason.clone());
            put("of_part", report.part.map(|part| part.to_string()));
        }
        CallbackItem::Dead { error, .. } => put("dead", Some((*error).to_owned())),
    }
    Value::Object(shown)
}

#[test]
fn every_call_is_read_as_its_profile_says() {
    for (name, source) in DATA {
        let data = data(source);
        let gateway = gateway(&data, "http://127.0.0.1:9");
        assert_eq!(gateway.profile(), *name);
        let cases = list(&data["calls"]);
        for case in cases {
            let items: Vec<Value> = parse(&gateway, case, "").iter().map(shown).collect();
            let expected = list(&case["expect"]);
            assert_eq!(items, expected, "{name}: {}", text(case, "it"));
        }
    }
}

/// What test data show of inbound SMS, by name.
fn shows(data: &Value) -> Vec<&'static str> {
    let cases = list(&data["calls"]);
    let items: Vec<&Value> = cases.iter().flat_map(|case| list(&case["expect"])).collect();
    let texts: Vec<&str> = items.iter().filter_map(|item| item["text"].as_str()).collect();
    let places: Vec<&str> = items.iter().filter_map(|item| item["part"].as_str()).collect();
    let number =
        |place: &str| place.rsplit_once(' ').unwrap().1.split_once('/').unwrap().0.parse::<u8>().unwrap();
    let is_several =
        |case: &&Value| list(&case["expect"]).iter().filter(|item| item.get("text").is_some()).count() > 1;
    [
        ("text", texts.iter().any(|text| !text.is_empty())),
        ("empty_text", texts.iter().any(|text| text.is_empty())),
        ("norwegian", ['æ', 'ø', 'å'].iter().all(|letter| texts.iter().any(|text| text.contains(*letter)))),
        ("emoji", texts.iter().any(|text| text.chars().any(|c| c.len_utf16() == 2))),
        ("several", cases.iter().any(|case| is_several(&case))),
        ("parts", places.windows(2).any(|pair| number(pair[0]) > number(pair[1]))),
    ]
    .into_iter()
    .filter_map(|(what, is_shown)| is_shown.then_some(what))
    .collect()
}

/// Issue 4, line 3: whatever a gateway can do is shown, and what it cannot has a reason (`cannot`).
#[test]
fn test_data_show_every_kind_of_inbound_or_say_why_there_is_none() {
    for (name, source) in DATA {
        let data = data(source);
        let (_, profile) = BUILT_IN.iter().find(|(built_in, _)| built_in == name).unwrap();
        let shown = shows(&data);
        let mut wanted = vec!["text", "empty_text", "norwegian", "emoji", "several"];
        if profile.contains("concat:") {
            // The others join the parts of a text, or hand over what they cannot join as whole texts.
            wanted.push("parts");
        }
        for what in wanted {
            let reason = text(&data["cannot"], what);
            let problem = "show it, or say in `cannot` why there is none; not both";
            assert!(shown.contains(&what) != (reason.len() > 10), "{name}: {what}: {problem}");
        }
        for what in data["cannot"].as_object().into_iter().flat_map(Map::keys) {
            let known = ["text", "empty_text", "norwegian", "emoji", "several"];
            assert!(known.contains(&what.as_str()), "{name}: nobody asks for {what}");
        }
        assert!(!list(&data["reports"]).is_empty(), "{name}: no report");
    }
}

/// The words of every `state.map` of a profile; of a range both its ends.
fn words(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let map = if name == "state" { inner["map"].as_object() } else { None };
                for word in map.into_iter().flat_map(Map::keys) {
                    match word.split_once('-') {
                        Some((first, last)) if first.parse::<u32>().is_ok() => {
                            found.extend([first.to_owned(), last.to_owned()]);
                        }
                        _ => found.push(word.clone()),
                    }
                }
                words(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| words(item, found)),
        _ => {}
    }
}

#[test]
fn gw33_every_status_of_every_profile_means_what_the_specification_says() {
    for (name, source) in DATA {
        let data = data(source);
        let gateway = gateway(&data, "http://127.0.0.1:9");
        let mut wanted = Vec::new();
        let (_, profile) = BUILT_IN.iter().find(|(built_in, _)| built_in == name).unwrap();
        words(&self::data(profile), &mut wanted);
        for reports in list(&data["reports"]) {
            let states = reports["states"].as_object().unwrap();
            for word in &wanted {
                assert!(
                    states.contains_key(word),
                    "{name}: {} does not say what {word} means",
                    text(reports, "it")
                );
            }
            // Where the status word says what kind of item it is, nobody can report an unheard one.
            let unheard = match reports["kinds"].as_bool() {
                Some(true) => None,
                _ => Some(("nobody_knows_this".to_owned(), json!("unmapped"))),
            };
            for (word, state) in states.clone().into_iter().chain(unheard) {
                let items: Vec<Value> = parse(&gateway, reports, &word).iter().map(shown).collect();
                assert_eq!(items.len(), 1, "{name} {word}: {items:?}");
                assert_eq!(items[0]["state"], state, "{name} {word}: {items:?}");
                for (field, value) in reports["names"].as_object().unwrap() {
                    assert_eq!(&items[0][field], value, "{name} {word}");
                }
            }
        }
    }
}

/// A message as the test data write it.
pub fn message(wanted: &Value) -> SendRequest {
    let words = wanted["text"].as_str().unwrap_or("På en skala 1-10? {from} $text €").to_owned();
    let length = text::length(&words);
    let optional = |name: &str| wanted[name].as_str().map(str::to_owned);
    SendRequest {
        client_ref: optional("ref").unwrap_or_else(|| "abcdefghij0123456789".into()),
        to: optional("to").unwrap_or_else(|| "+4791234567".into()),
        from: optional("from").unwrap_or_else(|| "2012".into()),
        sender_type: match text(wanted, "sender_type") {
            "international" => SenderType::International,
            "alphanumeric" => SenderType::Alphanumeric,
            _ => SenderType::ShortNumber,
        },
        encoding: length.encoding,
        segments: length.segments,
        text: words,
        session: match (wanted["session"].as_str(), wanted["new_session"].as_bool()) {
            (Some(handle), _) => GatewaySession::Existing(handle.to_owned()),
            (None, Some(true)) => GatewaySession::New,
            _ => GatewaySession::None,
        },
        status_url: optional("status_url"),
        ttl_seconds: wanted["ttl_seconds"].as_u64().unwrap_or(3_600),
    }
}

/// A request as it came over the wire.
#[derive(Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn read(request: &str) -> Self {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let mut first = lines.next().unwrap().split(' ');
        let (method, target) = (first.next().unwrap(), first.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: form(query),
            headers: lines.map(header).collect(),
            body: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, or as the pairs of a form.
    pub fn decoded(&self) -> Value {
        if self.header("content-type").is_some_and(|kind| kind.contains("json")) {
            return serde_json::from_str(&self.body).unwrap();
        }
        pairs(&form(&self.body))
    }
}

pub fn form(text: &str) -> Vec<(String, String)> {
    let mut url = reqwest::Url::parse("http://localhost/").unwrap();
    url.set_query(Some(text));
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.sort();
    pairs
}

fn pairs(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect())
}

#[tokio::test]
async fn every_send_is_built_and_every_answer_classed_as_its_profile_says() {
    for (name, source) in DATA {
        let data = data(source);
        let mut classes = Vec::new();
        for case in list(&data["sends"]) {
            let it = format!("{name}: {}", text(case, "it"));
            let status = case["answer"]["status"].as_u64().unwrap();
            let body = text(&case["answer"], "body").to_owned();
            let headers = text(&case["answer"], "headers").replace('\n', "\r\n");
            let answer =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len());
            let (url, requests) = serve(move |stream| {
                use std::io::Write;
                let _ = stream.write_all(answer.as_bytes());
            });
            let result = gateway(&data, &url).send(&message(&case["message"])).await;
            let seen = Seen::read(&requests.recv().unwrap());
            let wanted = &case["request"];
            if !wanted.is_null() {
                let target = (seen.method.as_str(), seen.path.as_str());
                assert_eq!(target, (text(wanted, "method"), text(wanted, "path")), "{it}");
                for (header, value) in wanted["headers"].as_object().into_iter().flatten() {
                    assert_eq!(seen.header(header), value.as_str(), "{it}: {header}");
                }
                let query = wanted.get("query").cloned().unwrap_or_else(|| json!({}));
                assert_eq!(pairs(&seen.query), query, "{it}");
                let body = wanted.get("body").cloned().unwrap_or_else(|| json!({}));
                assert_eq!(seen.decoded(), body, "{it}");
            }
            let expect = &case["expect"];
            assert_eq!(result.class().as_str(), text(expect, "class"), "{it}: {result:?}");
            if let antiphon::gateway::SendResult::Accepted { external_id, session } = &result {
                assert_eq!(external_id.as_deref(), expect["id"].as_str(), "{it}");
                assert_eq!(session.as_deref(), expect["session"].as_str(), "{it}");
            }
            let code = result.detail().and_then(|detail| detail.code.clone());
            if let Some(wanted) = expect["code"].as_str() {
                assert_eq!(code.as_deref(), Some(wanted), "{it}");
            }
            classes.push(result.class().as_str());
        }
        for needed in ["accepted", "permanent", "throttled", "ambiguous"] {
            assert!(classes.contains(&needed), "{name}: no send is {needed}");
        }
    }
}

#[test]
fn every_built_in_profile_is_read_and_has_its_own_test_data() {
    for (name, source) in BUILT_IN {
        let read = antiphon::gateway::profile::Profiles::check(&format!("{name}.yaml"), source);
        let profile = read.unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(profile.name, *name);
        assert!(*name == "simulator" || DATA.iter().any(|(tested, _)| tested == name), "{name}");
    }
}

#[tokio::test]
async fn gw93_what_a_gateway_cannot_carry_is_refused_and_not_sent() {
    let (url, requests) = serve(|_| {});
    let (_, source) = DATA.iter().find(|(name, _)| *name == "link").unwrap();
    let result = gateway(&data(source), &url).send(&message(&json!({"text": "8 👍"}))).await;
    assert_eq!(result.class().as_str(), "permanent");
    assert!(requests.try_recv().is_err());
    let (_, source) = DATA.iter().find(|(name, _)| *name == "sinch").unwrap();
    let long = "a".repeat(460);
    let result = gateway(&data(source), &url).send(&message(&json!({"text": long}))).await;
    assert_eq!(result.class().as_str(), "permanent", "Sinch carries 3 parts (GW92)");
    assert!(requests.try_recv().is_err());
}
