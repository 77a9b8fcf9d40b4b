//! The registry of codes, its pages, the OpenAPI description and the reference page.

use std::collections::BTreeSet;

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use antiphon::http::code_pages::{page, problem_page, registry};
use antiphon::http::docs::{openapi_json, reference, render};
use antiphon::http::openapi::ApiDoc;
use antiphon::http::route::resource;
use base64::Engine as _;
use serde_json::{Value, json};
use sha2::Digest as _;
use utoipa::OpenApi;

async fn get(uri: &str, accept: &str) -> (u16, actix_web::http::header::HeaderMap, String) {
    let app = init_service(
        App::new()
            .service(resource(
                "/problems/{code}",
                vec![(Method::GET, web::to(problem_page))],
            ))
            .service(resource(
                "/openapi.json",
                vec![(Method::GET, web::to(openapi_json))],
            ))
            .service(resource("/docs", vec![(Method::GET, web::to(reference))])),
    )
    .await;
    let request = TestRequest::get()
        .uri(uri)
        .insert_header(("Accept", accept))
        .to_request();
    let response = call_service(&app, request).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    (status, headers, body)
}

#[test]
fn the_registry_is_as_the_specification_lists_it() {
    let lines: Vec<String> = registry()
        .iter()
        .map(|(code, meaning)| {
            let status = meaning
                .status
                .map_or_else(|| "-".to_owned(), |status| status.to_string());
            format!("{:8} {status:4} {code:32} {}", meaning.kind, meaning.title)
        })
        .collect();
    insta::assert_snapshot!("registry", lines.join("\n"));
    let unique: BTreeSet<_> = registry()
        .iter()
        .map(|(code, meaning)| (meaning.kind, *code))
        .collect();
    assert_eq!(unique.len(), registry().len());
}

#[actix_web::test]
async fn a_code_has_a_page_for_programs_and_one_for_people() {
    let (status, headers, body) = get("/problems/open_session_exists", "*/*").await;
    assert_eq!(status, 200);
    assert_eq!(headers.get("cache-control").unwrap(), "public, max-age=3600");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["code"], "open_session_exists");
    let kinds: Vec<&Value> = body["meanings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|meaning| &meaning["kind"])
        .collect();
    assert_eq!(kinds, [&json!("problem"), &json!("item"), &json!("warning")]);
    assert_eq!(body["meanings"][0]["status"], 409);
    let (_, headers, html) = get("/problems/invalid_param", "text/html,application/xhtml+xml").await;
    assert_eq!(headers.get("content-type").unwrap(), "text/html; charset=utf-8");
    assert!(html.contains("<h1><code>invalid_param</code></h1>"));
    assert_eq!(get("/problems/no_such_code", "text/html").await.0, 404);
    assert_eq!(get("/problems/%3Cscript%3E", "text/html").await.0, 404);
    assert_eq!(page(""), None);
}

#[actix_web::test]
async fn the_reference_is_one_page_that_loads_and_runs_nothing() {
    let (status, headers, html) = get("/docs", "text/html").await;
    assert_eq!(status, 200);
    let policy = headers.get("content-security-policy").unwrap().to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"));
    for forbidden in [
        "<script",
        " src=",
        "style=",
        "http://",
        "https://",
        "@import",
        "url(",
        " onload",
        "javascript:",
    ] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    for wanted in [
        "SendSurveyBody",
        "clientReference",
        "/problems/{code}",
        "X-API-Key",
        "id=\"type-Problem\"",
    ] {
        assert!(html.contains(wanted), "{wanted}");
    }
    let style = html
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    assert!(policy.contains(&hash));
    // Every link within the page has a target.
    for link in html
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(html.contains(&format!("id=\"{link}\"")), "{link}");
    }
}

#[test]
fn descriptions_are_escaped() {
    let page = render(&json!({
        "info": {"title": "<b>&", "description": "a `<i>` b"},
        "paths": {"/x\"<y>": {"get": {"description": "<script>", "parameters": [{"name": "<p>", "in": "query"}]}}},
    }));
    assert!(page.contains("&lt;b&gt;&amp;") && page.contains("<code>&lt;i&gt;</code>"));
    assert!(!page.contains("<script>") && !page.contains("<p><p>") && !page.contains("<y>"));
}

#[actix_web::test]
async fn the_description_names_the_ways_to_authenticate_and_the_shared_problems() {
    let (_, headers, body) = get("/openapi.json", "*/*").await;
    assert_eq!(headers.get("content-type").unwrap(), "application/json");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body, serde_json::to_value(ApiDoc::openapi()).unwrap());
    assert_eq!(
        body["components"]["securitySchemes"]["apiKey"]["name"],
        "X-API-Key"
    );
    for (path, item) in body["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = &operation["responses"];
            let problem = &answers["500"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{method} {path}");
            let is_open = operation["security"] == json!([{}]);
            // Webhooks and metrics have proofs of their own, but no scopes.
            assert_eq!(answers["403"].is_null(), is_open, "{method} {path}");
            assert!(is_open || answers["401"].is_object(), "{method} {path}");
        }
    }
}
