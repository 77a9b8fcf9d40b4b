//! Where a request may carry its key.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use antiphon::app::api_key::ApiKey;
use antiphon::http::auth::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn key() -> ApiKey {
    ApiKey::generate("test", &[9; 40]).unwrap()
}

fn found(headers: &[(&str, String)]) -> Option<Credentials> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Credentials::of(&map)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[test]
fn a_key_comes_as_bearer_basic_or_x_api_key() {
    let key = key();
    let text = key.reveal();
    let authorization = AUTHORIZATION.as_str();
    for (name, value) in [
        (authorization, format!("Bearer {text}")),
        (authorization, format!("bearer  {text} ")),
        (authorization, basic(key.id(), text)),
        ("X-API-Key", text.to_owned()),
    ] {
        let credentials = found(&[(name, value.clone())]).unwrap_or_else(|| panic!("{value}"));
        assert!(credentials.key.hash().matches(&key.hash()));
        assert!(credentials.user_names("01a1fcb0-af00-7417-9c3d-d9f73817118d"));
    }
    let uuid = "01a1fcb0-af00-7417-9c3d-d9f73817118d";
    let by_uuid = found(&[(authorization, basic(&uuid.to_uppercase(), text))]).unwrap();
    assert!(by_uuid.user_names(uuid));
    let by_stranger = found(&[(authorization, basic("admin", text))]).unwrap();
    assert!(!by_stranger.user_names(uuid));
}

#[test]
fn anything_else_is_no_key() {
    let key = key();
    let text = key.reveal();
    let bearer = format!("Bearer {text}");
    for headers in [
        vec![],
        vec![("Authorization", text.to_owned())],
        vec![("Authorization", "Bearer ".to_owned())],
        vec![("Authorization", format!("Digest {text}"))],
        vec![("Authorization", "Basic !!!".to_owned())],
        vec![("Authorization", format!("Basic {}", STANDARD.encode(text)))],
        vec![("Authorization", format!("{bearer}x"))],
        vec![("X-API-Key", bearer.clone())],
        vec![("Authorization", bearer.clone()), ("X-API-Key", text.to_owned())],
        vec![("Authorization", bearer.clone()), ("Authorization", bearer.clone())],
    ] {
        assert!(found(&headers).is_none(), "{headers:?}");
    }
}
