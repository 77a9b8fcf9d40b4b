//! What a whole turn costs: a valid reply stored durably with its inbound row, answer, session, event and next
//! message, through the batching writer, against what the database itself charges for the same rows in the same run.

use std::time::Duration;

use antiphon::app::engine::Engine;
use antiphon::app::receive_callback::receive_callback;
use antiphon::gateway::CallbackItem;

use crate::reference::{BATCH, CLIENTS, Script, Writes, batched, pgbench, pooled};
use crate::support::backend::Backend;
use crate::support::bed::{Bed, Done, person};
use crate::support::measure::{Caller, Measured, Plan, median, run};
use crate::support::table::{Table, fine, number, ratio, whole};
use crate::support::template::{GATEWAY, Stage, Template, reply};
use crate::support::{Failure, Size};

/// Callers of the closed loop.
const CALLERS: [usize; 4] = [1, 8, 64, 512];
/// Turns a second of the open loop.
const RATES: [u32; 4] = [1_000, 5_000, 10_000, 20_000];
/// Callers of the open loop; none of them waits for another.
const OPEN_CALLERS: usize = 512;
/// The sessions of the small database.
const FEW: u64 = 10_000;
/// The sessions of the big one.
const MANY: u64 = 1_000_000;

/// Replies before anything is measured: what is done once in the life of a process is done then.
const WARM_UP: u64 = 1_000;

/// Somebody who hands replies over in this process.
struct Replies {
    engine: Engine,
    people: u64,
    /// Replies of earlier runs.
    first: u64,
}

impl Caller for Replies {
    async fn call(&mut self, number: u64) -> Result<(), Failure> {
        let item = CallbackItem::Inbound(reply(person(self.first + number, self.people)));
        let taken = receive_callback(&self.engine, GATEWAY, vec![item]).await;
        taken.map_err(|failure| format!("a reply was not taken: {failure:?}").into())
    }
}

/// Turns on one database.
async fn turns(bed: &Bed, callers: usize, plan: Plan) -> Result<Measured, Failure> {
    let served = bed.serve().await?;
    let replies = |first| Replies { engine: served.server.engine.clone(), people: bed.people, first };
    let warm_up = Plan { count: WARM_UP, limit: plan.limit, rate: None };
    let warmed = run((0..64).map(|_| replies(0)).collect(), warm_up).await?;
    let measured = run((0..callers).map(|_| replies(warmed.count)).collect(), plan).await?;
    served.server.stop().await;
    bed.expect(Done::Replies, warmed.count + measured.count)?;
    Ok(measured)
}

/// Measures turns with few sessions stored, and with a million if that is wanted.
pub async fn measure(backend: &Backend, size: Size, with_million: bool) -> Result<Vec<Table>, Failure> {
    let template = Template::make(backend, Stage::Asked).await?;
    let changes = template.reply_changes().await?;
    let writes = |sessions| Writes::new(changes.clone(), Done::Replies, sessions);
    let few = closed(&template, &writes(FEW), size).await?;
    let mut tables = vec![few.table, open(&template, size).await?];
    if with_million {
        let many = closed(&template, &writes(MANY), size).await?;
        let mut table = many.table;
        table.rows.push(vec![
            format!("512, against {} sessions", number(FEW)),
            whole(many.most),
            String::new(),
            String::new(),
            whole(few.most),
            ratio(many.most, few.most, Some(0.4)),
        ]);
        tables.push(table);
    }
    Ok(tables)
}

/// Turns a second with this many sessions stored.
struct Closed {
    table: Table,
    /// With 512 callers.
    most: f64,
}

/// As fast as they are answered.
async fn closed(template: &Template, writes: &Writes, size: Size) -> Result<Closed, Failure> {
    let sessions = writes.people;
    let rounds = if sessions > FEW { 1 } else { size.pick(2, 5) };
    let limit = size.pick(Duration::from_secs(3), Duration::from_secs(10));
    let count = (sessions - WARM_UP).min(size.pick(10_000, 200_000));
    let base = template.bed(sessions)?;
    let mut rows = Vec::new();
    let mut most = 0.0;
    for callers in CALLERS {
        let mut runs = Vec::new();
        for _ in 0..rounds {
            runs.push(turns(&base.copy()?, callers, Plan { count, limit, rate: None }).await?);
        }
        let middle = median(runs).ok_or("no run")?;
        most = middle.per_second();
        rows.push(vec![
            callers.to_string(),
            whole(most),
            fine(middle.millis(50)),
            fine(middle.millis(99)),
            String::new(),
            String::new(),
        ]);
    }
    for (name, least, rate) in references(template, &base, writes, size, count)? {
        let cells = [format!("512, against {name}"), whole(most)];
        let mut row: Vec<String> = cells.into_iter().chain([String::new(), String::new()]).collect();
        row.extend([whole(rate), ratio(most, rate, least)]);
        rows.push(row);
    }
    let method = format!(
        "{} sessions are stored, each with its question on the phone, and each answers at most once. Callers in the \
         same process wait for the commit and call again; the middle one of {rounds} rounds, each on a fresh database. \
         A turn writes {} rows. Commits are durable. The references write the very same rows; pgbench also \
         looks up what a turn must know (the lock of the phone, a stop, the open session, its question, what waits to be \
         sent, whether the reply came before).",
        number(sessions),
        writes.changes.len()
    );
    let columns = vec!["callers", "turns/s", "p50 ms", "p99 ms", "reference/s", "ratio"];
    let title = format!("Turns on {}, {} sessions", template.backend.name(), number(sessions));
    Ok(Closed { table: Table { title, method, columns, rows }, most })
}

/// The references: name, least ratio that must hold, turns a second.
fn references(
    template: &Template,
    base: &Bed,
    writes: &Writes,
    size: Size,
    count: u64,
) -> Result<Vec<(String, Option<f64>, f64)>, Failure> {
    let sessions = writes.people;
    let least = |least: f64| (sessions == FEW).then_some(least);
    let rounds = if sessions > FEW { 1 } else { size.pick(2, 5) };
    let middle = |measure: &dyn Fn(&Bed) -> Result<f64, Failure>| -> Result<f64, Failure> {
        let mut rates = Vec::new();
        for _ in 0..rounds {
            rates.push(measure(&base.copy()?)?);
        }
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied().ok_or_else(|| "no round".into())
    };
    Ok(match &template.backend {
        Backend::Sqlite => {
            let some = count.min(size.pick(2_000, 10_000));
            vec![
                (
                    format!("raw prepared statements, batches of {BATCH}"),
                    least(0.6),
                    middle(&|bed| batched(bed, writes, count))?,
                ),
                (
                    format!("one transaction per turn, {CLIENTS} connections"),
                    least(5.0),
                    middle(&|bed| pooled(bed, writes, some))?,
                ),
            ]
        }
        Backend::Postgres(_) => vec![
            (
                format!("pgbench, one CTE per turn, {CLIENTS} clients"),
                least(3.0),
                middle(&|bed| pgbench(bed, writes, Script::OneCte, count))?,
            ),
            (
                format!("pgbench, round trips, {CLIENTS} clients"),
                least(8.0),
                middle(&|bed| pgbench(bed, writes, Script::RoundTrips, count))?,
            ),
            (
                format!("pgbench, one CTE that looks at nothing, {CLIENTS} clients"),
                None,
                middle(&|bed| pgbench(bed, writes, Script::OneCteBlind, count))?,
            ),
        ],
    })
}

/// At fixed rates.
async fn open(template: &Template, size: Size) -> Result<Table, Failure> {
    let seconds = size.pick(1, 5);
    let mut rows = Vec::new();
    for rate in RATES {
        let count = u64::from(rate) * seconds;
        let bed = template.bed(FEW.max(count + WARM_UP))?;
        let limit = Duration::from_secs(seconds * 2);
        let plan = Plan { count, limit, rate: Some(f64::from(rate)) };
        let measured = turns(&bed, OPEN_CALLERS, plan).await?;
        rows.push(vec![
            whole(f64::from(rate)),
            whole(measured.per_second()),
            fine(measured.millis(50)),
            fine(measured.millis(99)),
        ]);
    }
    Ok(Table {
        title: format!("Turns on {} at fixed rates", template.backend.name()),
        method: format!(
            "Replies come at a fixed rate for {seconds} s, whether or not the ones before are answered; the time of a \
             reply that had to wait for a free caller ({OPEN_CALLERS}) counts from when it was due. At least {} sessions \
             are stored, each of which answers once.",
            number(FEW)
        ),
        columns: vec!["offered/s", "answered/s", "p50 ms", "p99 ms"],
        rows,
    })
}
