//! Verifiers: what is authentic and the many ways of not being it (gateways.md 2.4, RS2).

use antiphon::gateway::{Callback, Forged, Place, Secrets, SecretsFault, Verifier, sign};
use chrono::{DateTime, Utc};
use secrecy::SecretString;

const OLD: &str = "0123456789abcdef-old-secret";
const NEW: &str = "0123456789abcdef-new-secret";

fn secrets(texts: &[&str]) -> Vec<SecretString> {
    texts.iter().map(|text| SecretString::from((*text).to_owned())).collect()
}

fn fixed(place: Place) -> Verifier {
    Verifier::Static(place, Secrets::plain(&secrets(&[OLD, NEW])).unwrap())
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_244_000, 0).unwrap()
}

fn callback<'a>(headers: &'a [(&'a str, &'a [u8])]) -> Callback<'a> {
    Callback { method: "POST", target: "/in", headers, path_secret: None, address: None, body: b"{}" }
}

fn proved(verifier: &Verifier, callback: &Callback<'_>) -> Result<(), Forged> {
    verifier.verify(callback, now()).map(|_| ())
}

#[test]
fn a_secret_in_a_header_must_be_there_once_and_whole() {
    let verifier = fixed(Place::Header("X-API-Key".into()));
    let check = |headers: &[(&str, &[u8])]| proved(&verifier, &callback(headers));
    assert_eq!(check(&[("x-api-key", OLD.as_bytes())]), Ok(()));
    assert_eq!(check(&[("X-API-KEY", NEW.as_bytes())]), Ok(()));
    assert_eq!(check(&[]), Err(Forged::Missing));
    assert_eq!(check(&[("x-api-key", b"")]), Err(Forged::Missing));
    assert_eq!(check(&[("x-api-key", OLD.as_bytes()), ("X-Api-Key", OLD.as_bytes())]), Err(Forged::Repeated));
    assert_eq!(check(&[("x-api-key", b"0123456789abcdef-old-secres")]), Err(Forged::Mismatch));
    assert_eq!(check(&[("x-api-key", b"0123456789abcdef-old-secret ")]), Err(Forged::Mismatch));
    assert_eq!(check(&[("x-api-key", b"\xff\xfe")]), Err(Forged::Mismatch));
    assert_eq!(check(&[("authorization", OLD.as_bytes())]), Err(Forged::Missing));
}

#[test]
fn a_secret_in_the_query_or_path_is_decoded_and_unique() {
    let verifier = fixed(Place::Query("key".into()));
    let check = |query| {
        let target = format!("/in?{query}");
        proved(&verifier, &Callback { target: &target, ..callback(&[]) })
    };
    assert_eq!(check("a=1&key=0123456789abcdef-old-secret"), Ok(()));
    assert_eq!(check("key=0123456789abcdef%2Dold%2Dsecret"), Ok(()));
    assert_eq!(check("key=0123456789abcdef-old-secret&key=x"), Err(Forged::Repeated));
    assert_eq!(check("Key=0123456789abcdef-old-secret"), Err(Forged::Missing));
    assert_eq!(check("key=%ff%00%"), Err(Forged::Mismatch));
    assert_eq!(check(""), Err(Forged::Missing));

    let verifier = fixed(Place::Path);
    let check = |path_secret| proved(&verifier, &Callback { path_secret, ..callback(&[]) });
    assert_eq!(check(Some(NEW)), Ok(()));
    assert_eq!(check(Some("")), Err(Forged::Mismatch));
    assert_eq!(check(None), Err(Forged::Missing));
}

#[test]
fn basic_and_bearer_read_the_authorization_header_alone() {
    let check = |verifier: &Verifier, value: &str| {
        proved(verifier, &callback(&[("Authorization", value.as_bytes())]))
    };
    let bearer = fixed(Place::Bearer);
    assert_eq!(check(&bearer, &format!("Bearer {OLD}")), Ok(()));
    assert_eq!(check(&bearer, &format!("bearer {NEW}")), Ok(()));
    assert_eq!(check(&bearer, &format!("Basic {OLD}")), Err(Forged::Malformed));
    assert_eq!(check(&bearer, OLD), Err(Forged::Malformed));
    assert_eq!(check(&bearer, "Bearer "), Err(Forged::Mismatch));

    let basic = fixed(Place::Basic("sms".into()));
    let encode = |text: &str| {
        use base64::Engine as _;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
    };
    assert_eq!(check(&basic, &encode(&format!("sms:{OLD}"))), Ok(()));
    assert_eq!(check(&basic, &encode(&format!("SMS:{OLD}"))), Err(Forged::Mismatch));
    assert_eq!(check(&basic, &encode(&format!("sms:{OLD}:"))), Err(Forged::Mismatch));
    assert_eq!(check(&basic, &encode("sms")), Err(Forged::Malformed));
    assert_eq!(check(&basic, "Basic ====="), Err(Forged::Malformed));
}

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_KEY: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn key_bytes(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text.strip_prefix("whsec_").unwrap()).unwrap()
}

#[test]
fn the_published_example_of_standard_webhooks_is_authentic() {
    let verifier = Verifier::StandardWebhooks(Secrets::signing(&secrets(&[KEY])).unwrap());
    let headers: [(&str, &[u8]); 3] = [
        ("webhook-id", b"msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", b"1614265330"),
        ("webhook-signature", b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let callback = Callback { body: br#"{"test": 2432232314}"#, ..callback(&headers) };
    let at = |seconds| verifier.verify(&callback, DateTime::from_timestamp(seconds, 0).unwrap()).map(|_| ());
    assert_eq!(at(1_614_265_330), Ok(()));
    assert_eq!(at(1_614_265_630), Ok(()));
    assert_eq!(at(1_614_265_030), Ok(()));
    assert_eq!(at(1_614_265_631), Err(Forged::Stale));
    assert_eq!(at(1_614_265_029), Err(Forged::Stale));
}

/// One signed call, changed before it is verified with two secrets.
fn signed(change: impl Fn(&mut Vec<(String, Vec<u8>)>, &mut Vec<u8>)) -> Result<(), Forged> {
    let verifier = Verifier::StandardWebhooks(Secrets::signing(&secrets(&[OTHER_KEY, KEY])).unwrap());
    let mut body = "{\"text\": \"fornøyd\"}".as_bytes().to_vec();
    let signature = sign(&key_bytes(KEY), b"msg_1", now().timestamp(), &body);
    let mut headers: Vec<(String, Vec<u8>)> = vec![
        ("Webhook-Id".into(), b"msg_1".to_vec()),
        ("Webhook-Timestamp".into(), now().timestamp().to_string().into_bytes()),
        ("Webhook-Signature".into(), signature.into_bytes()),
    ];
    change(&mut headers, &mut body);
    let headers: Vec<(&str, &[u8])> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    proved(&verifier, &Callback { body: &body, ..callback(&headers) })
}

#[test]
fn a_signature_covers_id_time_and_every_byte_of_the_body() {
    assert_eq!(signed(|_, _| {}), Ok(()));
    for at in 0..19 {
        assert_eq!(signed(|_, body| body[at] ^= 1), Err(Forged::Mismatch), "byte {at}");
    }
    assert_eq!(signed(|_, body| body.push(b' ')), Err(Forged::Mismatch));
    assert_eq!(signed(|headers, _| headers[0].1.push(b'x')), Err(Forged::Mismatch));
    assert_eq!(signed(|headers, _| headers[2].1[5] ^= 1), Err(Forged::Mismatch));
}

#[test]
fn a_signature_list_needs_one_that_fits() {
    let listed = |before: &'static str, after: &'static str| {
        signed(move |headers, _| {
            let fitting = String::from_utf8(headers[2].1.clone()).unwrap();
            headers[2].1 = format!("{before}{fitting}{after}").into_bytes();
        })
    };
    assert_eq!(listed("v1,AAAA v1a,BBBB ", " v1,CCCC"), Ok(()));
    assert_eq!(listed("v2,", ""), Err(Forged::Mismatch));
    assert_eq!(listed("", "="), Err(Forged::Mismatch));
}

#[test]
fn missing_repeated_and_malformed_signature_headers_are_refused() {
    for index in 0..3 {
        assert_eq!(signed(|headers, _| drop(headers.remove(index))), Err(Forged::Missing));
        assert_eq!(signed(|headers, _| headers.push(headers[index].clone())), Err(Forged::Repeated));
        assert_eq!(signed(|headers, _| headers[index].1.clear()), Err(Forged::Missing));
    }
    for time in
        ["", "now", "-1", "+1795244000", "01795244000", "1795244000.0", "99999999999999999999", "\u{663}"]
    {
        let result = signed(|headers, _| headers[1].1 = time.as_bytes().to_vec());
        assert!(matches!(result, Err(Forged::Malformed | Forged::Missing)), "{time}: {result:?}");
    }
    assert_eq!(signed(|headers, _| headers[1].1 = b"9223372036854775807".to_vec()), Err(Forged::Malformed));
}

#[test]
fn secrets_are_strong_few_and_never_printed() {
    assert_eq!(Secrets::plain(&[]).err(), Some(SecretsFault::None));
    assert_eq!(Secrets::plain(&secrets(&["123456789012345"])).err(), Some(SecretsFault::TooShort));
    assert!(Secrets::plain(&secrets(&["1234567890123456"])).is_ok());
    assert_eq!(Secrets::plain(&secrets(&[OLD, NEW, OLD])).err(), Some(SecretsFault::TooMany));
    assert_eq!(Secrets::signing(&secrets(&["whsec_AAAA"])).err(), Some(SecretsFault::NotBase64));
    assert_eq!(Secrets::signing(&secrets(&[OLD])).err(), Some(SecretsFault::NotBase64));
    let printed = format!("{:?}", fixed(Place::Bearer));
    assert!(!printed.contains("old-secret"), "{printed}");
}

#[test]
fn nothing_is_proved_on_loopback_alone() {
    assert!(Verifier::none_on("0.0.0.0".parse().unwrap()).is_none());
    assert!(Verifier::none_on("10.0.0.1".parse().unwrap()).is_none());
    let open = Verifier::none_on("127.0.0.1".parse().unwrap()).unwrap();
    assert_eq!(proved(&open, &callback(&[])), Ok(()));
}
