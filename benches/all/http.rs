//! The whole way of a reply over HTTP: the real program in one process, the load generator in another, and an
//! empty actix handler under the same load. What the edge, the turn and the dispatcher take of the processor is
//! told apart by the threads they run on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use diesel::connection::SimpleConnection;

use crate::dispatch::MEMORY_MOST;
use crate::support::backend::Backend;
use crate::support::bed::{Bed, Done};
use crate::support::child::{Child, load};
use crate::support::load::{Load, Loaded};
use crate::support::machine::{cpu_by_thread, memory_peak_mb};
use crate::support::table::{Table, at_most, fine, number, ratio, whole};
use crate::support::template::{GATEWAY, Gaps, Stage, Template, configure};
use crate::support::{Failure, Size};

/// Replies a second that must be reached, and times in milliseconds.
const REPLIES_LEAST: f64 = 10_000.0;
const HALF_P99_MOST: f64 = 50.0;
const IDLE_P50_MOST: f64 = 10.0;
/// Processor of a server that has nothing to do, in per cent of a core, and how long that is watched.
const REST_PERCENT_MOST: f64 = 1.0;
const REST: Duration = Duration::from_secs(3);
/// Connections of the load generator: enough that batches form, few enough that it leaves the machine alone.
const CONNECTIONS: usize = 512;
/// Sessions of the database in which the most is measured, and those who warm the server up.
const FEW: u64 = 10_000;
const WARM_UP: u64 = 1_000;
/// Replies a second when the server is nearly idle.
const IDLE_RATE: f64 = 50.0;
const INBOUND: &str = "/v1/gateways/bench/inbound";

/// A server under load and how far it has come.
struct Loading {
    address: SocketAddr,
    path: &'static str,
    people: u64,
    first: u64,
}

impl Loading {
    /// Loads it and notes whose replies are used up; 0 = as fast as it answers.
    fn run(&mut self, rate: f64, count: u64, seconds: u64) -> Result<Loaded, Failure> {
        let count = count.min(self.people.saturating_sub(self.first));
        let done = load(&Load {
            address: self.address,
            path: self.path.to_owned(),
            connections: CONNECTIONS,
            count,
            rate,
            seconds,
            first: self.first,
            people: self.people,
        })?;
        self.first += done.count;
        Ok(done)
    }
}

/// Processor time of the parts of a server, in seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Shares {
    edge: f64,
    turn: f64,
    other: f64,
}

impl Shares {
    /// The threads of actix are the edge, those of the store the turn; the runtime's others claim, send and settle.
    fn of(process: u32) -> Result<Self, Failure> {
        let mut shares = Self::default();
        let times: BTreeMap<String, f64> = cpu_by_thread(process)?;
        for (thread, time) in times {
            if thread.starts_with("actix") {
                shares.edge += time;
            } else if thread.starts_with("antiphon-") {
                shares.turn += time;
            } else {
                shares.other += time;
            }
        }
        Ok(shares)
    }

    fn total(self) -> f64 {
        self.edge + self.turn + self.other
    }

    /// Microseconds of each for one reply, since an earlier look.
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
    fn micros_since(self, before: Self, replies: u64) -> Self {
        let each = |now: f64, then: f64| (now - then) * 1e6 / replies.max(1) as f64;
        Self {
            edge: each(self.edge, before.edge),
            turn: each(self.turn, before.turn),
            other: each(self.other, before.other),
        }
    }
}

/// Measures one database.
pub async fn measure(backend: &Backend, size: Size) -> Result<Vec<Vec<String>>, Failure> {
    let name = backend.name().to_owned();
    let row = |what: &str, figure: String| vec![name.clone(), what.to_owned(), figure];
    let template = Template::make(backend, Stage::Asked).await?;
    let peer = Child::peer()?;
    let seconds = size.pick(2, 10);
    let people = size.pick(60_000, 400_000);
    let empty =
        Loading { address: peer.address, path: "/empty", people, first: 0 }.run(0.0, people, seconds)?;
    let most = most_of(&template.bed(FEW)?, &peer, size.pick(3, 7))?;
    let alone = without_dispatch(&template.bed(people)?, &peer, seconds)?;
    let whole_way = with_dispatch(&template.bed(people)?, &peer, seconds)?;
    let spent = |shares: Shares| {
        format!("edge {:.1}, turn {:.1}, the rest {:.1}", shares.edge, shares.turn, shares.other)
    };
    let dispatch = whole_way.shares.total() - alone.shares.total();
    let edge_ratio = alone.shares.edge / alone.shares.turn.max(1e-9);
    Ok(vec![
        row("an empty actix handler: answers/s", whole(empty.per_second)),
        row(
            "replies/s with 10,000 sessions, at most",
            format!(
                "{}; of {} wanted {}; of the empty handler {}",
                whole(most),
                whole(REPLIES_LEAST),
                ratio(most, REPLIES_LEAST, Some(1.0)),
                ratio(most, empty.per_second, None)
            ),
        ),
        row(&format!("replies/s with {} sessions, at most", number(people)), whole(alone.most.per_second)),
        row("p50 and p99 at most rate, ms", format!("{} and {}", fine(alone.most.p50), fine(alone.most.p99))),
        row(
            "p50 and p99 at half of it, ms",
            format!("{} and {}", fine(alone.half.p50), at_most(alone.half.p99, HALF_P99_MOST)),
        ),
        row(
            "p50 and p99 nearly idle, ms",
            format!("{} and {}", at_most(alone.idle.p50, IDLE_P50_MOST), fine(alone.idle.p99)),
        ),
        row("processor per reply at most rate, µs", spent(alone.shares)),
        row("edge by turn", at_most(edge_ratio, 1.0)),
        row("with the dispatcher sending: replies/s, at most", whole(whole_way.most.per_second)),
        row("with the dispatcher sending: p99 at most rate, ms", fine(whole_way.most.p99)),
        row("with the dispatcher sending: processor per reply, µs", spent(whole_way.shares)),
        row("what dispatch adds per reply, µs", format!("{dispatch:.1}")),
        row("processor while nobody texts, % of a core", at_most(alone.rest_percent, REST_PERCENT_MOST)),
        row("memory of the node, MB", at_most(alone.memory_mb.max(whole_way.memory_mb), MEMORY_MOST)),
    ])
}

/// The rows as a table.
pub fn table(rows: Vec<Vec<String>>) -> Table {
    Table {
        title: "Replies over HTTP".to_owned(),
        method: format!(
            "The real program with the configuration of the other tables; {CONNECTIONS} connections of a second process \
             on the same cores post one reply each time, by people spread over the database, and are answered after the \
             durable commit. First the gateway is paused, so that the next SMS are queued and stay; then the dispatcher \
             hands them to a loopback gateway while replies come. Processor time is that of the server's threads: actix's \
             are the edge, the store's the turn, all others the rest."
        ),
        columns: vec!["database", "what", "figure"],
        rows,
    }
}

/// What one server did under load.
struct Run {
    most: Loaded,
    half: Loaded,
    idle: Loaded,
    shares: Shares,
    rest_percent: f64,
    memory_mb: f64,
}

/// Edge and turn alone: the gateway is paused.
fn without_dispatch(bed: &Bed, peer: &Child, seconds: u64) -> Result<Run, Failure> {
    pause_gateway(bed)?;
    under_load(bed, peer, seconds)
}

/// The whole way: what replies queue is sent while others come.
fn with_dispatch(bed: &Bed, peer: &Child, seconds: u64) -> Result<Run, Failure> {
    under_load(bed, peer, seconds)
}

/// The middle one of several rounds, each on a fresh database; the gateway is paused.
fn most_of(base: &Bed, peer: &Child, rounds: u64) -> Result<f64, Failure> {
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let bed = base.copy()?;
        pause_gateway(&bed)?;
        let folder = tempfile::tempdir()?;
        let server =
            Child::antiphon(&configure(&bed.database, folder.path(), Some(&peer.url()), Gaps::OfSurvey)?)?;
        let mut loading = Loading { address: server.address, path: INBOUND, people: bed.people, first: 0 };
        loading.run(0.0, WARM_UP, 10)?;
        rates.push(loading.run(0.0, FEW, 10)?.per_second);
        drop(server);
        bed.expect(Done::Replies, loading.first)?;
    }
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().ok_or_else(|| "no round".into())
}

fn under_load(bed: &Bed, peer: &Child, seconds: u64) -> Result<Run, Failure> {
    let folder = tempfile::tempdir()?;
    let config = configure(&bed.database, folder.path(), Some(&peer.url()), Gaps::OfSurvey)?;
    let server = Child::antiphon(&config)?;
    let mut loading = Loading { address: server.address, path: INBOUND, people: bed.people, first: 0 };
    // What is done once in the life of a process is done before anything is measured.
    loading.run(0.0, 2_000, seconds)?;
    let resting = Shares::of(server.id())?;
    std::thread::sleep(REST);
    let rest = Shares::of(server.id())?.total() - resting.total();
    let idle = loading.run(IDLE_RATE, 50 * seconds, seconds)?;
    let before = Shares::of(server.id())?;
    let most = loading.run(0.0, bed.people * 2 / 3, seconds)?;
    let shares = Shares::of(server.id())?.micros_since(before, most.count);
    let half = loading.run(most.per_second / 2.0, bed.people, seconds)?;
    let memory_mb = memory_peak_mb(server.id())?;
    bed.expect(Done::Replies, loading.first)?;
    let rest_percent = 100.0 * rest / REST.as_secs_f64();
    Ok(Run { most, half, idle, shares, rest_percent, memory_mb })
}

/// As an operator pauses it.
fn pause_gateway(bed: &Bed) -> Result<(), Failure> {
    bed.database.connect()?.batch_execute(&format!(
        "DELETE FROM gateway_states; INSERT INTO gateway_states (name, paused, updated_at) \
         VALUES ('{GATEWAY}', TRUE, '2026-11-21 06:00:00')"
    ))?;
    Ok(())
}
