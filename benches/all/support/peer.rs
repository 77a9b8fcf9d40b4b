//! The second process as a server: a gateway that takes every SMS at once and keeps when it came, and a handler
//! that does nothing, which is what HTTP itself costs.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{App, HttpResponse, HttpServer, web};
use antiphon::clock::Clock;
use serde_json::{Value as Json, json};

use super::Failure;

/// What came.
struct Ledger {
    clock: Clock,
    count: AtomicU64,
    arrivals: Mutex<Vec<(i64, String)>>,
}

/// Serves on a free port, says where on standard output, and runs until it is killed.
pub async fn serve() -> Result<(), Failure> {
    let ledger = web::Data::new(Ledger {
        clock: Clock::system(),
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
    let to = request.get("to").and_then(Json::as_str).unwrap_or_default().to_owned();
    if let Ok(mut arrivals) = ledger.arrivals.lock() {
        arrivals.push((at, to));
    }
    let number = ledger.count.fetch_add(1, Ordering::Relaxed) + 1;
    HttpResponse::Ok().json(json!({"messageId": format!("gw-{number}")}))
}

async fn count(ledger: web::Data<Ledger>) -> HttpResponse {
    HttpResponse::Ok().body(ledger.count.load(Ordering::Relaxed).to_string())
}

/// When each SMS came, in microseconds since 1970, and to whom it goes.
async fn arrivals(ledger: web::Data<Ledger>) -> HttpResponse {
    let arrivals = ledger.arrivals.lock().map(|arrivals| arrivals.clone()).unwrap_or_default();
    HttpResponse::Ok().json(arrivals)
}

/// Reads the body and answers as the webhook does.
async fn empty(_: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().finish()
}
