//! The edge over real requests: problems made whole, headers, limits, refused methods.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::from_fn;
use actix_web::test::{self, TestRequest};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse};
use antiphon::clock::ManualClock;
use antiphon::http::body::{self, Limits};
use antiphon::http::edge::{Edge, edge};
use antiphon::http::extract::{SmallBody, StrictJson};
use antiphon::http::fields::Fields;
use antiphon::http::idempotency;
use antiphon::http::problem::{Fault, FaultCode, Problem, ProblemCode};
use antiphon::http::rate::{Buckets, RateLimit, address_name};
use antiphon::http::route::{resource, route_not_found};
use antiphon::http::send_survey::COMPATIBILITY_PATH;
use antiphon::ids::Ids;
use chrono::TimeDelta;
use futures_util::stream;
use serde_json::{Value, json};

fn clock() -> ManualClock {
    ManualClock::new("2026-11-21T06:00:00Z".parse().unwrap())
}

async fn echo(StrictJson(json): StrictJson) -> Result<HttpResponse, Problem> {
    let mut fields = Fields::of(&json);
    let name = fields.text("name", 1..=5);
    fields.require("name");
    fields.boolean("enabled");
    fields.integer("count", 1..=9);
    fields.word("state", &[("on", 1), ("off", 2)]);
    fields.time("at");
    fields.texts("tags", 2, &(1..=3));
    fields.object("inner", |inner| inner.text("a", 0..=1).is_some());
    fields.finish()?;
    Ok(HttpResponse::Ok().json(json!({"name": name})))
}

async fn raw(SmallBody(body): SmallBody) -> HttpResponse {
    HttpResponse::Ok().body(body)
}

async fn limited(
    request: HttpRequest,
    buckets: web::Data<Buckets>,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, Problem> {
    buckets.charge(&request, "key 1", edge.clock.now())?;
    Ok(HttpResponse::NoContent().finish())
}

/// One request to a small application behind the edge.
async fn ask(request: TestRequest) -> (StatusCode, header::HeaderMap, Vec<u8>) {
    ask_all(&clock(), vec![request]).await.remove(0)
}

async fn ask_all(
    clock: &ManualClock,
    requests: Vec<TestRequest>,
) -> Vec<(StatusCode, header::HeaderMap, Vec<u8>)> {
    let context = web::Data::new(Edge {
        clock: clock.clock(),
        ids: Ids::seeded(1),
        body_timeout: Duration::from_secs(10),
    });
    let buckets = web::Data::from(Arc::new(Buckets::new(RateLimit { per_second: 10, burst: 2 })));
    let app = test::init_service(
        App::new()
            .app_data(context)
            .app_data(buckets)
            .service(resource("/echo", vec![(Method::POST, web::to(echo)), (Method::PUT, web::to(echo))]))
            .service(resource("/raw", vec![(Method::POST, web::to(raw))]))
            .service(resource("/limited", vec![(Method::GET, web::to(limited))]))
            .service(resource(COMPATIBILITY_PATH, vec![(Method::POST, web::to(raw))]))
            .service(resource(
                "/number/{n}",
                vec![(Method::GET, web::to(|n: web::Path<u8>| async move { n.to_string() }))],
            ))
            .service(resource(
                "/bare",
                vec![(Method::GET, web::to(|| async { HttpResponse::Unauthorized().finish() }))],
            ))
            .default_service(web::to(route_not_found))
            .wrap(from_fn(edge)),
    )
    .await;
    let mut answers = Vec::new();
    for request in requests {
        let response = test::call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        answers.push((status, headers, test::read_body(response).await.to_vec()));
    }
    answers
}

fn post(path: &str, body: impl Into<Bytes>) -> TestRequest {
    TestRequest::post().uri(path).insert_header((header::CONTENT_TYPE, "application/json")).set_payload(body)
}

async fn refused(request: TestRequest) -> (u16, Value) {
    let (status, headers, body) = ask(request).await;
    assert_eq!(headers.get("content-type").unwrap(), "application/problem+json");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["requestId"], headers.get("request-id").unwrap().to_str().unwrap());
    assert_eq!(body["type"], format!("/problems/{}", body["code"].as_str().unwrap()));
    assert_eq!(body["status"], status.as_u16());
    (status.as_u16(), body)
}

#[actix_web::test]
async fn every_answer_is_named_and_guarded() {
    let request = post("/echo", r#"{"name": "a"}"#).insert_header(("Request-Id", "mine"));
    let (status, headers, body) = ask(request).await;
    assert_eq!((status.as_u16(), body.as_slice()), (200, br#"{"name":"a"}"#.as_slice()));
    let id = uuid::Uuid::parse_str(headers.get("request-id").unwrap().to_str().unwrap()).unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(headers.get("x-content-type-options").unwrap(), "nosniff");
    assert_eq!(headers.get("referrer-policy").unwrap(), "no-referrer");
    assert_eq!(headers.get("cache-control").unwrap(), "no-store");
}

#[actix_web::test]
async fn all_faults_of_a_strict_body_come_at_once() {
    let body = r#"{"name": "too long", "Name": "x", "a/b": 1, "enabled": "yes", "count": 10, "state": "ON",
        "at": "2026-11-21", "tags": ["ok", 7], "inner": {"a": "xx", "b": 1}, "count": 1}"#;
    let (status, problem) = refused(post("/echo?x=1", body)).await;
    assert_eq!(status, 422);
    assert_eq!(problem["instance"], "/echo");
    let errors: Vec<String> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [
            "/name invalid_param",
            "/enabled invalid_param",
            "/count duplicate_param",
            "/count invalid_param",
            "/state invalid_param",
            "/at invalid_param",
            "/tags/1 invalid_param",
            "/inner/a invalid_param",
            "/inner/b unknown_param",
            "/Name unknown_param",
            "/a~1b unknown_param",
        ]
    );
    assert_eq!(problem["detail"], "11 faults");
    for body in ["", "{}", r#"{"name": null}"#] {
        let (status, problem) = refused(post("/echo", body)).await;
        assert_eq!((status, &problem["errors"][0]["code"]), (422, &json!("missing_param")), "{body}");
    }
    let (_, problem) = refused(post("/echo", "[]")).await;
    assert_eq!(problem["errors"][0]["pointer"], "");
}

#[actix_web::test]
async fn strict_json_takes_no_trailing_comma_and_says_where() {
    let (status, problem) = refused(post("/echo", "{\"name\": \"a\",\n}")).await;
    assert_eq!((status, &problem["code"]), (400, &json!("invalid_json")));
    assert_eq!(problem["detail"], "a comma with nothing after it at line 2, column 1");
}

#[actix_web::test]
async fn media_types_and_encodings_are_checked_before_the_body_is_read() {
    let with = |name: &'static str, value: &'static str| {
        TestRequest::post().uri("/raw").insert_header((name, value)).set_payload("{}")
    };
    for value in ["application/json", "Application/JSON; charset=UTF-8", "text/json;charset=\"utf-8\"; q=1"] {
        assert_eq!(ask(with("Content-Type", value)).await.0, 200, "{value}");
    }
    assert_eq!(ask(TestRequest::post().uri("/raw").set_payload("{}")).await.0, 200);
    assert_eq!(ask(with("Content-Encoding", "identity")).await.0, 200);
    for (name, value) in [
        ("Content-Type", "text/plain"),
        ("Content-Type", "application/xml"),
        ("Content-Type", ""),
        ("Content-Type", "application/json; charset=iso-8859-1"),
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "zstd"),
        ("Content-Encoding", "identity, br"),
        ("Content-Encoding", ""),
    ] {
        let (status, problem) = refused(with(name, value)).await;
        assert_eq!((status, &problem["code"]), (415, &json!("unsupported_media_type")), "{name}: {value}");
    }
}

#[actix_web::test]
async fn bodies_end_at_64_kib() {
    let limit = 64 * 1_024;
    assert_eq!(ask(post("/raw", vec![b' '; limit])).await.2.len(), limit);
    for request in [
        post("/raw", vec![b' '; limit + 1]),
        post("/raw", "{}").insert_header((header::CONTENT_LENGTH, "99999999999")),
    ] {
        let (status, problem) = refused(request).await;
        assert_eq!((status, &problem["code"]), (413, &json!("payload_too_large")));
    }
}

type BoxedPayloadStream = Pin<Box<dyn stream::Stream<Item = Result<Bytes, PayloadError>>>>;

/// What comes of pieces that arrive with a pause before each.
async fn slowly(pieces: usize, bytes: usize, pause_millis: u64, limits: Limits) -> Result<usize, Problem> {
    let stream = stream::unfold(0, move |sent| async move {
        if sent == pieces {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(pause_millis)).await;
        Some((Ok::<_, PayloadError>(Bytes::from(vec![b'x'; bytes])), sent + 1))
    });
    let mut payload: Payload = Payload::Stream { payload: Box::pin(stream) as BoxedPayloadStream };
    let request = TestRequest::post().to_http_request();
    body::read(&request, &mut payload, limits).await.map(|body| body.len())
}

#[actix_web::test]
async fn a_slow_body_is_given_up_by_pace_and_by_total_time() {
    let limits = Limits {
        bytes_max: 1_000_000,
        duration_max: Duration::from_millis(400),
        bytes_per_second_min: 1_000,
        grace: Duration::from_millis(100),
    };
    assert_eq!(slowly(3, 100, 20, limits).await.unwrap(), 300);
    // 10 bytes each 60 ms are 167 bytes a second.
    let slow = slowly(100, 10, 60, limits).await.unwrap_err();
    assert_eq!((slow.code(), slow.detail()), (ProblemCode::InvalidBody, "the body came too slowly"));
    // 1,000 bytes each 60 ms are fast enough, but never end.
    let started = std::time::Instant::now();
    assert!(slowly(100, 1_000, 60, limits).await.is_err());
    assert!((350..2_000).contains(&started.elapsed().as_millis()));
}

#[actix_web::test]
async fn a_body_that_breaks_off_is_invalid() {
    let stream = stream::iter([Err::<Bytes, _>(PayloadError::Incomplete(None))]);
    let mut payload: Payload = Payload::Stream { payload: Box::pin(stream) as BoxedPayloadStream };
    let request = TestRequest::post().to_http_request();
    let problem = body::read(&request, &mut payload, Limits::of(&request, 9)).await.unwrap_err();
    assert_eq!(problem.code(), ProblemCode::InvalidBody);
}

#[actix_web::test]
async fn unknown_routes_and_methods_are_problems() {
    let (status, problem) = refused(TestRequest::get().uri("/nowhere")).await;
    assert_eq!((status, &problem["code"]), (404, &json!("route_not_found")));
    let (status, headers, _) = ask(TestRequest::delete().uri("/echo")).await;
    assert_eq!((status.as_u16(), headers.get("allow").unwrap().to_str().unwrap()), (405, "POST, PUT"));
    let (_, problem) = refused(TestRequest::get().uri("/echo")).await;
    assert_eq!(problem["code"], "method_not_allowed");
    // What the framework refuses by itself becomes a problem too; an answer of a handler's own stays as it is.
    let (status, problem) = refused(TestRequest::get().uri("/number/x")).await;
    assert_eq!((status, &problem["code"]), (404, &json!("route_not_found")));
    let (status, _, body) = ask(TestRequest::get().uri("/bare")).await;
    assert_eq!((status.as_u16(), body.len()), (401, 0));
}

#[actix_web::test]
async fn rate_figures_are_shown_and_the_limit_holds() {
    let clock = clock();
    let get = || TestRequest::get().uri("/limited");
    let answers = ask_all(&clock, vec![get(), get(), get()]).await;
    let shown: Vec<_> = answers
        .iter()
        .map(|(status, headers, _)| {
            let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            (status.as_u16(), header("ratelimit-limit"), header("ratelimit-remaining"), header("retry-after"))
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        shown,
        [
            (204, some("2"), some("1"), None),
            (204, some("2"), some("0"), None),
            (429, some("2"), some("0"), some("1")),
        ]
    );
    let problem: Value = serde_json::from_slice(&answers[2].2).unwrap();
    assert_eq!(problem["code"], "rate_limited");
}

#[test]
fn a_bucket_holds_50_and_gains_10_a_second() {
    let hand = clock();
    let buckets = Buckets::new(RateLimit::default());
    let granted = |count: usize| {
        let now = hand.clock().now();
        (0..count).filter(|_| buckets.take("key", now).granted).count()
    };
    assert_eq!(granted(60), 50);
    assert!(buckets.take("another key", hand.clock().now()).granted);
    hand.advance(TimeDelta::milliseconds(99));
    assert_eq!(granted(1), 0);
    hand.advance(TimeDelta::milliseconds(1));
    assert_eq!(granted(2), 1);
    hand.advance(TimeDelta::seconds(1));
    assert_eq!(granted(20), 10);
    hand.advance(TimeDelta::days(40_000));
    let full = buckets.take("key", hand.clock().now());
    assert_eq!((full.remaining, full.reset_seconds, full.retry_after_seconds), (49, 1, 0));
}

#[test]
fn a_flood_of_names_shares_one_bucket() {
    let now = clock().clock().now();
    let buckets = Buckets::new(RateLimit::default());
    let granted = (0..20_000).filter(|n| buckets.take(&format!("ip {n}"), now).granted).count();
    assert_eq!(granted, 10_050);
    assert!(buckets.take("ip 1", now).granted, "who had a bucket keeps it");
    let later = now + TimeDelta::seconds(10);
    assert_eq!(buckets.take("ip new", later).remaining, 49, "full buckets make room");
}

#[test]
fn addresses_share_a_bucket_by_48() {
    assert_eq!(address_name("192.0.2.7".parse().unwrap()), "ip 192.0.2.7");
    assert_eq!(
        address_name("2001:db8:7:1::9".parse().unwrap()),
        address_name("2001:db8:7:ffff::1".parse().unwrap())
    );
    assert_ne!(
        address_name("2001:db8:8::1".parse().unwrap()),
        address_name("2001:db8:7::1".parse().unwrap())
    );
}

#[test]
fn problems_carry_their_own_members() {
    let body = |problem: &Problem| problem.body(Some("/v1/SendSurvey"), Some("id")).to_string();
    let problems = [
        Problem::open_session_exists(&["a".to_owned()]),
        Problem::open_session_exists(&["a".to_owned(), "b".to_owned()]),
        Problem::invalid_state_transition("completed", "a completed session cannot be cancelled"),
        Problem::quarantined("2026-12-05T06:00:00Z".parse().unwrap()),
        Problem::validation(vec![Fault::new("/a", FaultCode::InvalidParam, "no")]),
        Problem::survey_invalid(vec![Fault::of_checker(
            "/elements/0",
            "unknown_target",
            "line 3, column 5: no",
        )]),
        Problem::unauthenticated(),
    ];
    let bodies: Vec<String> = problems.iter().map(body).collect();
    insta::assert_snapshot!("problem_bodies", bodies.join("\n"));
}

#[actix_web::test]
async fn send_survey_is_found_in_any_case() {
    for path in ["/v1/SendSurvey?surveyId=x", "/v1/sendsurvey", "/v1/SENDSURVEY"] {
        assert_eq!(ask(post(path, "{}")).await.0, 200, "{path}");
    }
    for path in ["/v1/SendSurveys", "/V1/SendSurvey", "/v1/SendSurvey/", "/v1/xSendSurvey"] {
        assert_eq!(refused(post(path, "{}")).await.0, 404, "{path}");
    }
    let (status, headers, _) = ask(TestRequest::get().uri("/v1/sendSurvey")).await;
    assert_eq!((status.as_u16(), headers.get("allow").unwrap().to_str().unwrap()), (405, "POST"));
}

#[test]
fn idempotency_keys_are_short_ascii_and_single() {
    let key = |values: &[&str]| {
        let mut request = TestRequest::post();
        for value in values {
            request = request.append_header(("Idempotency-Key", *value));
        }
        idempotency::key(&request.to_http_request())
    };
    assert_eq!(key(&[]).unwrap(), None);
    assert_eq!(key(&["a b:1"]).unwrap().as_deref(), Some("a b:1"));
    assert!(key(&[&"x".repeat(255)]).is_ok());
    for (values, code) in
        [(vec![""], "invalid_param"), (vec!["æ"], "invalid_param"), (vec!["a", "a"], "duplicate_param")]
    {
        let problem = key(&values).unwrap_err();
        let fault = &problem.errors()[0];
        assert_eq!((fault.pointer.as_str(), fault.code), ("header:Idempotency-Key", code), "{values:?}");
    }
    assert!(key(&[&"x".repeat(256)]).is_err());
}

#[test]
fn another_method_path_or_body_is_another_request() {
    let print = |method: Method, uri: &str, body: &[u8]| {
        idempotency::fingerprint(&TestRequest::with_uri(uri).method(method).to_http_request(), body)
    };
    let first = print(Method::POST, "/v1/a?x=1", b"{}");
    assert_eq!(first, print(Method::POST, "/v1/a?x=1", b"{}"));
    for other in [
        print(Method::PUT, "/v1/a?x=1", b"{}"),
        print(Method::POST, "/v1/a?x=2", b"{}"),
        print(Method::POST, "/v1/b?x=1", b"{}"),
        print(Method::POST, "/v1/a?x=1", b"{ }"),
    ] {
        assert_ne!(first, other);
    }
}

#[actix_web::test]
async fn who_is_not_known_is_told_how_to_authenticate() {
    let response = actix_web::ResponseError::error_response(&Problem::unauthenticated());
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers().get("www-authenticate").unwrap(), "Bearer");
}
