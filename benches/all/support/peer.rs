//! The second process as a server: a gateway that takes every SMS, at once or after a while, and keeps when it came,
//! and a handler
//! that does nothing, which is what HTTP itself costs.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use antiphon::clock::Clock;
use serde_json::{Value as Json, json};

use super::Failure;

/// What came.
struct Ledger {
    clock: Clock,
    latency: Duration,
    count: AtomicU64,
    arrivals: Mutex<Vec<(i64, String, String)>>,
}

/// Serves on a free port, says where on standard output, and runs until it is killed.
pub async fn serve(latency: Duration) -> Result<(), Failure> {
    let ledger = web::Data::new(Ledger {
        clock: Clock::system(),
        latency,
        count: AtomicU64::new(0),
        arrivals: Mutex::default(),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(ledger.clone())
            .route("/messages", web::post().to(take))
            .route("/count", web::get().to(count))
            .route("/arrivals", web::get().to(arrivals))
            .route("/empty", web::post().to(empty))
    })
    .workers(2)
    .bind("127.0.0.1:0")?;
    let address = server.addrs().first().copied().ok_or("no address")?;
    writeln!(std::io::stdout(), "{}", json!({"url": format!("http://{address}")}))?;
    Ok(server.run().await?)
}

/// One SMS of the generic profile.
async fn take(ledger: web::Data<Ledger>, body: web::Bytes) -> HttpResponse {
    let at = ledger.clock.now().timestamp_micros();
    let request: Json = serde_json::from_slice(&body).unwrap_or_default();
    let word = |name: &str| request.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    if let Ok(mut arrivals) = ledger.arrivals.lock() {
        arrivals.push((at, word("to"), word("text")));
    }
    if !ledger.latency.is_zero() {
        actix_web::rt::time::sleep(ledger.latency).await;
    }
    let number = ledger.count.fetch_add(1, Ordering::Relaxed) + 1;
    HttpResponse::Ok().json(json!({"messageId": format!("gw-{number}")}))
}

async fn count(ledger: web::Data<Ledger>) -> HttpResponse {
    HttpResponse::Ok().body(ledger.count.load(Ordering::Relaxed).to_string())
}

/// When each SMS came, in microseconds since 1970, and to whom it goes, and its text.
async fn arrivals(ledger: web::Data<Ledger>) -> HttpResponse {
    let arrivals = ledger.arrivals.lock().map(|arrivals| arrivals.clone()).unwrap_or_default();
    HttpResponse::Ok().json(arrivals)
}

/// Reads the body and answers as the webhook does.
async fn empty(_: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().finish()
}
