//! What the language of profiles can express beyond the built-in ones (GW13), and what it never does (GW40 to GW43).

use antiphon::config::{Config, Inputs};
use antiphon::gateway::{Callback, CallbackItem, Gateway, Inbound};
use antiphon::ids::Ids;

use super::profiles::{Seen, message};
use super::send::serve;

/// A gateway of a profile of one's own.
fn gateway(callbacks: &str, send: &str, base_url: &str) -> Gateway {
    let folder = tempfile::tempdir().unwrap();
    let source = format!("format: antiphon-gateway/1\nprofile: own\nversion: 1\n{callbacks}\n{send}");
    std::fs::write(folder.path().join("own.yaml"), source).unwrap();
    let file = folder.path().join("antiphon.toml");
    let mut toml = format!(
        "[profiles]\nfolder = \"{}\"\n[gateways.own]\nprofile = \"own\"\nbase_url = \"{base_url}\"\n\
         secrets.inbound = \"0123456789abcdef-hush\"\n",
        folder.path().display()
    );
    for (name, line) in
        [("param.account", "params.account = \"a/b?c\"\n"), ("secret.key", "secrets.key = \"hush-key\"\n")]
    {
        if send.contains(name) {
            toml.push_str(line);
        }
    }
    std::fs::write(&file, toml).unwrap();
    let config = Config::load(&Inputs { file: Some(file), ..Inputs::default() });
    let config = config.unwrap_or_else(|faults| panic!("{faults}"));
    let printed = format!("{config:?}{}", config.effective);
    assert!(!printed.contains("hush"), "{printed}");
    Gateway::open(&config.gateways["own"], &Ids::seeded(1)).unwrap()
}

const SEND: &str = "send:\n  request: {method: POST, url: \"{base_url}/{param.account}\", headers: {X-Key: $secret.key}, encode: json, body: {t: $text}}\n  answer: {external_id: /id}\n";

fn call<'c>(
    method: &'c str,
    target: &'c str,
    headers: &'c [(&'c str, &'c [u8])],
    body: &'c [u8],
) -> Callback<'c> {
    Callback { method, target, headers, path_secret: None, address: None, body }
}

fn inbound(gateway: &Gateway, content_type: &str, body: &[u8]) -> Inbound {
    let headers: [(&str, &[u8]); 1] = [("Content-Type", content_type.as_bytes())];
    match gateway.parse(&call("POST", "/in", &headers, body)).as_slice() {
        [CallbackItem::Inbound(inbound)] => inbound.clone(),
        other => panic!("{other:?}"),
    }
}

/// A variant in which only the text differs.
fn reading(decode: &str, text: &str) -> String {
    format!(
        "verify: {{scheme: static, in: path, secrets: [$secret.inbound]}}\ncallbacks:\n  - decode: {decode}\n    \
         kind: {{inbound: {{exists: /from}}}}\n    inbound: {{from: /from, to: /to, text: {text}}}\n"
    )
}

#[test]
fn gw13_texts_come_in_base64_hexadecimal_percent_and_septets() {
    let base = "http://127.0.0.1:9";
    for (written, given, expected) in [
        ("base64", "QmzDpWLDpnI=", "Blåbær"),
        ("base64", "QmzDpWLDpnI", "Blåbær"),
        ("hex_utf16be", "0042006C00E5D83DDC4D", "Blå👍"),
        ("percent_utf16be", "%00B%00l%00%E5%D8%3D%DC%4D", "Blå👍"),
        ("hex_gsm7", "4268690F1B65", "Bhiå€"),
        ("raw", " 7 ", " 7 "),
    ] {
        let gateway = gateway(&reading("{as: json}", &format!("{{path: /text, as: {written}}}")), SEND, base);
        let body = serde_json::json!({"from": "+4799999999", "to": "2012", "text": given}).to_string();
        assert_eq!(inbound(&gateway, "application/json", body.as_bytes()).text, expected, "{written}");
        if written != "raw" && written != "percent_utf16be" {
            let body = serde_json::json!({"from": "+4799999999", "to": "2012", "text": "!"}).to_string();
            let headers: [(&str, &[u8]); 0] = [];
            let items = gateway.parse(&call("POST", "/in", &headers, body.as_bytes()));
            assert!(matches!(items.as_slice(), [CallbackItem::Dead { .. }]), "{written} {items:?}");
        }
    }
}

#[test]
fn gw13_bodies_come_in_other_charsets_as_xml_with_attributes_and_as_multipart() {
    let base = "http://127.0.0.1:9";
    let latin = gateway(&reading("{as: json, charset: iso-8859-1}", "/text"), SEND, base);
    let body = b"{\"from\": \"+4799999999\", \"to\": \"2012\", \"text\": \"Bl\xe5b\xe6r\"}";
    assert_eq!(inbound(&latin, "application/json", body).text, "Blåbær");

    let xml = "verify: {scheme: static, in: path, secrets: [$secret.inbound]}\ncallbacks:\n  - decode: {as: xml}\n    \
               each: /batch/sms\n    kind: {inbound: {path: /@type, in: [mo]}}\n    \
               inbound: {from: /from, to: /to/@number, text: /body/text}\n";
    let xml = gateway(xml, SEND, base);
    let body = "<batch><sms type=\"MO\"><from>+4799999999</from><to number=\"2012\"/><body><text>æ &amp; ø</text></body></sms></batch>";
    let read = inbound(&xml, "text/xml", body.as_bytes());
    assert_eq!((read.to.as_str(), read.text.as_str()), ("2012", "æ & ø"));

    let multipart = "verify: {scheme: static, in: path, secrets: [$secret.inbound]}\ncallbacks:\n  - decode: {as: multipart}\n    \
                     kind: {inbound: {exists: from}}\n    inbound: {from: {path: from, as: digits}, to: to, text: text}\n";
    let multipart = gateway(multipart, SEND, base);
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body =
        format!("{}{}{}--b--\r\n", part("to", "2012"), part("from", "4799999999"), part("text", "æ\r\n8"));
    let read = inbound(&multipart, "multipart/form-data; boundary=b", body.as_bytes());
    assert_eq!((read.from.as_str(), read.text.as_str()), ("+4799999999", "æ\r\n8"));
}

#[test]
fn names_are_found_in_any_case_unless_the_profile_says_exact() {
    let body = br#"{"FROM": "+4799999999", "To": "2012", "TEXT": "5"}"#;
    let lenient = gateway(&reading("{as: json}", "/text"), SEND, "http://127.0.0.1:9");
    assert_eq!(inbound(&lenient, "application/json", body).text, "5");
    let exact = gateway(&reading("{as: json, names: exact}", "/text"), SEND, "http://127.0.0.1:9");
    let headers: [(&str, &[u8]); 0] = [];
    let items = exact.parse(&call("POST", "/in", &headers, body));
    assert!(matches!(items.as_slice(), [CallbackItem::Dead { .. }]), "{items:?}");
}

#[tokio::test]
async fn gw40_what_is_put_in_is_escaped_for_its_place_and_never_read_again() {
    let (url, requests) = serve(|stream| {
        use std::io::Write;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\": \"m\"}");
    });
    let send = "send:\n  request:\n    method: POST\n    url: \"{base_url}/{param.account}/{text}\"\n    \
                headers: {X-Ref: \"ref {ref}\"}\n    query: {q: $text, plain: {fill: \"$text {text} {{to}\"}}\n    encode: form\n    body: {t: $text, none: $session.handle}\n  \
                answer: {external_id: /id}\n";
    let send = send.replace("{{to}", "{to}");
    let gateway = gateway(&reading("{as: json}", "/text"), &send, &url);
    let nasty = "{from} $text &a=b#/../%41?\"\r\n👍";
    let result = gateway.send(&message(&serde_json::json!({"text": nasty}))).await;
    assert_eq!(result.class().as_str(), "accepted", "{result:?}");
    let seen = Seen::read(&requests.recv().unwrap());
    let path = "/a%2Fb%3Fc/%7Bfrom%7D%20%24text%20%26a%3Db%23%2F..%2F%2541%3F%22%0D%0A%F0%9F%91%8D";
    assert_eq!(seen.path, path);
    let value =
        |name: &str| seen.query.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
    assert_eq!(value("q").as_deref(), Some(nasty));
    assert_eq!(value("plain"), Some(format!("$text {nasty} +4791234567")));
    assert_eq!(seen.header("x-ref"), Some("ref abcdefghij0123456789"));
    assert_eq!(seen.decoded(), serde_json::json!({"t": nasty}));
}

#[tokio::test]
async fn gw43_a_header_cannot_be_split_and_nothing_is_sent_then() {
    let (url, requests) = serve(|_| {});
    let send = "send:\n  request: {method: POST, url: \"{base_url}/send\", headers: {X-Text: $text}, encode: json, body: {t: $text}}\n  answer: {external_id: /id}\n";
    let gateway = gateway(&reading("{as: json}", "/text"), send, &url);
    for nasty in ["a\r\nX: y", "a\nb", "a\0b"] {
        let result = gateway.send(&message(&serde_json::json!({"text": nasty}))).await;
        assert_eq!(result.class().as_str(), "permanent", "{nasty:?}");
    }
    assert!(requests.try_recv().is_err());
}

#[test]
fn gw42_a_dead_letter_holds_no_secret_and_can_be_read_again() {
    let profile = "verify: {scheme: static, in: query, name: key, secrets: [$secret.inbound]}\ncallbacks:\n  - decode: {as: query}\n    \
                   kind: {inbound: {exists: text}}\n    inbound: {from: from, to: to, text: text}\n";
    let gateway = gateway(profile, SEND, "http://127.0.0.1:9");
    let target = "/in?key=0123456789abcdef-hush&text=5&to=2012";
    let headers: [(&str, &[u8]); 0] = [];
    let items = gateway.parse(&call("GET", target, &headers, b""));
    let [CallbackItem::Dead { error, raw }] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(*error, "from is missing");
    assert!(!raw.contains("hush") && raw.contains("2012"), "{raw}");
    // The operator mends the letter, or the profile.
    let mended = raw.replace(r#"["text","5"]"#, r#"["text","5"],["from","+4799999999"]"#);
    let again = gateway.parse_again(&mended);
    assert!(matches!(&again, Some(CallbackItem::Inbound(sms)) if sms.text == "5"), "{again:?} {mended}");
}

#[tokio::test]
async fn a_token_of_oauth2_is_asked_for_once_and_sent_with_every_message() {
    let (url, requests) = serve(|stream| {
        use std::io::Write;
        let body =
            "{\"id\": \"m\", \"access_token\": \"t1\", \"token_type\": \"Bearer\", \"expires_in\": 300}";
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    });
    let send = format!(
        "send:\n  request:\n    method: POST\n    url: \"{{base_url}}/send\"\n    auth: {{oauth2: {{token_url: \"{url}/token\", client_id: me, client_secret: $secret.key}}}}\n    \
         encode: json\n    body: {{t: $text}}\n  answer: {{external_id: /id}}\n"
    );
    let gateway = gateway(&reading("{as: json}", "/text"), &send, &url);
    for _ in 0..2 {
        assert_eq!(gateway.send(&message(&serde_json::json!({}))).await.class().as_str(), "accepted");
    }
    let seen: Vec<Seen> = requests.try_iter().map(|request| Seen::read(&request)).collect();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/token", "/send", "/send"]);
    assert_eq!(
        (seen[1].header("authorization"), seen[2].header("authorization")),
        (Some("Bearer t1"), Some("Bearer t1"))
    );
}

#[tokio::test]
async fn re19_b_a_lookup_is_written_like_a_send_and_its_answer_read_like_a_report() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let (url, requests) = serve(move |stream| {
        use std::io::Write;
        let first = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        let body = if first {
            "{\"access_token\": \"t1\", \"token_type\": \"Bearer\", \"expires_in\": 300}"
        } else {
            "<sms><state>Lost</state><error code=\"17\"/><id>77</id><why>no such number</why></sms>"
        };
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    });
    let send = format!(
        "{SEND}lookup:\n  request:\n    method: POST\n    url: \"{{base_url}}/{{param.account}}/{{ref}}\"\n    \
         headers: {{X-Ref: \"ref {{ref}}\"}}\n    auth: {{oauth2: {{token_url: \"{url}/token\", client_id: me, client_secret: $secret.key}}}}\n    \
         encode: form\n    body: {{reference: $ref}}\n  \
         answer:\n    decode: {{as: xml}}\n    external_id: /sms/id\n    reason: /sms/why\n    error_code: /sms/error/@code\n    \
         state: {{path: /sms/state, map: {{lost: undelivered}}}}\n"
    );
    let gateway = gateway(&reading("{as: json}", "/text"), &send, &url);
    let report = gateway.look_up("abcdefghij0123456789").await.unwrap().unwrap();
    assert_eq!(report.state.as_str(), "undelivered");
    let told = [&report.our_ref, &report.external_id, &report.code, &report.reason].map(Option::as_deref);
    assert_eq!(told, [Some("abcdefghij0123456789"), Some("77"), Some("17"), Some("no such number")]);
    let seen: Vec<Seen> = requests.try_iter().map(|request| Seen::read(&request)).collect();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/token", "/a%2Fb%3Fc/abcdefghij0123456789"]);
    assert_eq!(seen[1].header("authorization"), Some("Bearer t1"));
    assert_eq!(seen[1].header("x-ref"), Some("ref abcdefghij0123456789"));
    assert_eq!(seen[1].decoded(), serde_json::json!({"reference": "abcdefghij0123456789"}));
}
