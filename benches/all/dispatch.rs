//! The dispatcher of the real program, with a loopback gateway in a process of its own: how fast a backlog drains,
//! and how late messages leave that are due at scattered moments.

use std::collections::BTreeMap;
use std::time::Duration;

use antiphon::clock::Clock;
use chrono::SubsecRound;
use diesel::connection::SimpleConnection;

use crate::support::backend::Backend;
use crate::support::bed::Bed;
use crate::support::change::Dialect;
use crate::support::child::{Child, load};
use crate::support::load::Load;
use crate::support::machine::memory_peak_mb;
use crate::support::measure::Measured;
use crate::support::table::{Table, at_most, ratio, whole};
use crate::support::template::{CHANNELS, Gaps, Stage, Template, configure, phone};
use crate::support::{Failure, Size};

/// What must hold: messages a second, and how late in milliseconds.
const DRAIN_LEAST: f64 = 10_000.0;
const P50_MOST: f64 = 5.0;
const P99_MOST: f64 = 25.0;
/// What claiming may cost with a million messages that wait for the future, against a thousand.
const FUTURE_COST_MOST: f64 = 1.5;
/// Messages due while others wait.
const FUTURE_DUE: u64 = 10_000;
/// Memory of a node, in MB.
pub const MEMORY_MOST: f64 = 150.0;
/// How long the server may take to be ready before the first message is due.
const START: chrono::Duration = chrono::Duration::seconds(3);
/// Longest wait for a backlog to drain, and for the last message after its time.
const PATIENCE: Duration = Duration::from_mins(5);

/// Measures both on one database.
pub async fn measure(backend: &Backend, size: Size, with_million: bool) -> Result<Vec<Vec<String>>, Failure> {
    let template = Template::make(backend, Stage::Queued).await?;
    let name = backend.name().to_owned();
    let backlog = size.pick(10_000, 100_000);
    let drained = drain(&template.bed(backlog)?, backlog).await?;
    let (count, seconds) = size.pick((1_000, 4), (5_000, 10));
    let late = lateness(&template.bed(count)?, seconds).await?;
    let gateway = gateway_alone(backlog)?;
    let row = |what: String, figure: String| vec![name.clone(), what, figure];
    let mut rows = vec![
        row(
            format!("backlog of {backlog}: messages/s, against {DRAIN_LEAST} wanted"),
            format!(
                "{}; ratio {}",
                whole(drained.per_second),
                ratio(drained.per_second, DRAIN_LEAST, Some(1.0))
            ),
        ),
        row(
            "the gateway alone, called by the load generator: SMS/s".to_owned(),
            format!("{}; ratio {}", whole(gateway), ratio(drained.per_second, gateway, None)),
        ),
        row("memory of the node, MB".to_owned(), at_most(drained.memory_mb, MEMORY_MOST)),
        row(
            format!("{count} messages over {seconds} s: lateness p50, ms"),
            at_most(late.millis(50), P50_MOST),
        ),
        row(
            format!("{count} messages over {seconds} s: lateness p99, ms"),
            at_most(late.millis(99), P99_MOST),
        ),
    ];
    if with_million {
        let few = drain(&template.bed(FUTURE_DUE + 1_000)?, FUTURE_DUE).await?.per_second;
        let many = drain(&template.bed(FUTURE_DUE + 1_000_000)?, FUTURE_DUE).await?.per_second;
        let cost = at_most(few / many, FUTURE_COST_MOST);
        rows.push(row(
            format!("{FUTURE_DUE} due while 1,000,000 wait for the future: messages/s"),
            format!("{}; {} while 1,000 wait; costs {cost}", whole(many), whole(few)),
        ));
    }
    Ok(rows)
}

/// The rows as a table.
pub fn table(rows: Vec<Vec<String>>) -> Table {
    Table {
        title: "Dispatch".to_owned(),
        method: "The real program claims, sends and settles; the gateway is another process on the loopback, which \
            answers at once. The backlog is messages of different sessions, spread over 4 channels, that are due when \
            the server starts; it counts from the first that arrives at the gateway until the last is settled. \
            Lateness is from the moment a message is due until the gateway has read it. References, measured elsewhere: River 25,000 jobs/s, p99 \
            lateness 109 ms; graphile-worker's Rust port 7,500, 7 ms; BullMQ 18,000, 95 ms; pg-boss 9,400, 498 ms."
            .to_owned(),
        columns: vec!["database", "what", "figure"],
        rows,
    }
}

struct Drained {
    per_second: f64,
    memory_mb: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
async fn drain(bed: &Bed, due: u64) -> Result<Drained, Failure> {
    let tomorrow = Clock::system().now() + chrono::Duration::days(1);
    bed.database.connect()?.batch_execute(&format!(
        "UPDATE messages SET due_at = '{}' WHERE CAST(substr(phone, 5) AS BIGINT) > {due}",
        tomorrow.format("%Y-%m-%d %H:%M:%S")
    ))?;
    let channel = format!("'bench_' || (CAST(substr(phone, 5) AS BIGINT) % {CHANNELS})");
    for table in ["sessions", "messages"] {
        bed.database.connect()?.batch_execute(&format!(
            "UPDATE {table} SET channel_id = (SELECT c.id FROM channels c WHERE c.name = {channel})"
        ))?;
    }
    let folder = tempfile::tempdir()?;
    let gateway = Child::peer()?;
    let server =
        Child::antiphon(&configure(&bed.database, folder.path(), Some(&gateway.url()), Gaps::OfSurvey)?)?;
    // The first person, whose rows the others are copies of, has a message due as well.
    let wanted = due + 1;
    wait_for(&gateway, wanted).await?;
    let unsettled = "SELECT CAST(count(*) AS TEXT) AS value FROM messages WHERE state IN ('due', 'sending')";
    while bed.database.number(unsettled)? > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let settled = Clock::system().now().timestamp_micros();
    let arrivals = arrivals(&gateway).await?;
    if u64::try_from(arrivals.len())? != wanted {
        return Err(format!("{wanted} messages were due, {} arrived", arrivals.len()).into());
    }
    let first = arrivals.iter().map(|(at, _, _)| *at).min().unwrap_or(settled);
    let seconds = (settled - first) as f64 / 1e6;
    Ok(Drained { per_second: wanted as f64 / seconds, memory_mb: memory_peak_mb(server.id())? })
}

/// What the gateway takes when nothing stands between it and whoever calls: SMS a second.
fn gateway_alone(count: u64) -> Result<f64, Failure> {
    let gateway = Child::peer()?;
    let done = load(&Load {
        address: gateway.address,
        path: "/messages".to_owned(),
        connections: 256,
        count,
        rate: 0.0,
        seconds: 10,
        first: 0,
        people: count,
    })?;
    Ok(done.per_second)
}

/// Waits until so many SMS have come.
pub async fn wait_for(gateway: &Child, wanted: u64) -> Result<(), Failure> {
    let arrived = async {
        while gateway.get("/count").await?.parse::<u64>()? < wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, arrived).await.map_err(|_| "the messages do not arrive")?
}

/// When each SMS came, to whom it goes, and its text.
pub async fn arrivals(gateway: &Child) -> Result<Vec<(i64, String, String)>, Failure> {
    Ok(serde_json::from_str(&gateway.get("/arrivals").await?)?)
}

/// How late each message arrives; they are due at scattered moments of so many seconds.
async fn lateness(bed: &Bed, seconds: u64) -> Result<Measured, Failure> {
    let millis = seconds * 1000;
    // A whole second, since SQLite's functions know no microseconds.
    let base = (Clock::system().now() + START).trunc_subsecs(0);
    let began = base.format("%Y-%m-%d %H:%M:%S");
    let offset = format!("(CAST(substr(phone, 5) AS BIGINT) * 7919 % {millis})");
    let mut connection = bed.database.connect()?;
    let due = match Dialect::of(&connection) {
        Dialect::Sqlite => {
            format!("strftime('%Y-%m-%d %H:%M:%f', '{began}', ({offset} / 1000.0) || ' seconds')")
        }
        Dialect::Postgres => format!("TIMESTAMP '{began}' + {offset} * INTERVAL '1 millisecond'"),
    };
    connection.batch_execute(&format!("UPDATE messages SET due_at = {due}"))?;
    drop(connection);
    let folder = tempfile::tempdir()?;
    let gateway = Child::peer()?;
    let _server =
        Child::antiphon(&configure(&bed.database, folder.path(), Some(&gateway.url()), Gaps::OfSurvey)?)?;
    wait_for(&gateway, bed.people + 1).await?;
    let arrived: BTreeMap<String, i64> =
        arrivals(&gateway).await?.into_iter().map(|(at, to, _)| (to, at)).collect();
    let base = base.timestamp_micros();
    let micros: Result<Vec<u64>, Failure> = (1..=bed.people)
        .map(|number| {
            let due = base + i64::try_from(number * 7919 % millis * 1000)?;
            let at = arrived.get(&phone(number)).ok_or("a message did not arrive")?;
            Ok(u64::try_from((at - due).max(0))?)
        })
        .collect();
    Ok(Measured::new(Duration::from_secs(seconds), micros?))
}
