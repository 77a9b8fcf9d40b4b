//! SendSurvey: sessions started a second, with their first message queued, durably.

use std::time::Duration;

use antiphon::app::engine::Engine;

use crate::reference::{Script, Writes, batched, pgbench};
use crate::support::backend::Backend;
use crate::support::bed::Done;
use crate::support::measure::{Caller, Plan, run};
use crate::support::table::{Table, fine, ratio, whole};
use crate::support::template::{Stage, Template, phone, send_survey};
use crate::support::{Failure, Size};

/// The sessions that are stored before.
const STORED: u64 = 10_000;

/// Somebody who starts surveys in this process.
struct Starts {
    engine: Engine,
}

impl Caller for Starts {
    async fn call(&mut self, number: u64) -> Result<(), Failure> {
        send_survey(&self.engine, &phone(STORED + 1 + number)).await
    }
}

/// Measures it on one database.
pub async fn measure(backend: &Backend, size: Size) -> Result<Vec<Vec<String>>, Failure> {
    let template = Template::make(backend, Stage::Asked).await?;
    let mut rows = Vec::new();
    let mut most = 0.0;
    let starts = Done::Starts { others: STORED };
    for callers in [1, 64, 512] {
        let bed = template.bed(STORED)?;
        let served = bed.serve().await?;
        let starters = (0..callers).map(|_| Starts { engine: served.server.engine.clone() }).collect();
        let plan = Plan {
            count: size.pick(10_000, 50_000),
            limit: Duration::from_secs(size.pick(2, 10)),
            rate: None,
        };
        let measured = run(starters, plan).await;
        served.server.stop().await;
        let measured = measured?;
        bed.expect(starts, measured.count)?;
        most = measured.per_second();
        rows.push(vec![
            backend.name().to_owned(),
            callers.to_string(),
            whole(most),
            fine(measured.millis(50)),
            fine(measured.millis(99)),
            String::new(),
            String::new(),
        ]);
    }
    let queued = Template::make(backend, Stage::Queued).await?;
    let count = size.pick(5_000, 50_000);
    let writes = Writes::new(queued.start_changes(), starts, count);
    let bed = queued.bed(STORED)?;
    let (name, rate) = match backend {
        Backend::Sqlite => ("raw prepared statements, batches of 512", batched(&bed, &writes, count)?),
        Backend::Postgres(_) => {
            ("pgbench, one CTE per call, 8 clients", pgbench(&bed, &writes, Script::OneCte, count)?)
        }
    };
    rows.push(vec![
        backend.name().to_owned(),
        format!("512, against {name}"),
        whole(most),
        String::new(),
        String::new(),
        whole(rate),
        ratio(most, rate, None),
    ]);
    Ok(rows)
}

/// The rows as a table.
pub fn table(rows: Vec<Vec<String>>) -> Table {
    Table {
        title: "SendSurvey".to_owned(),
        method: "Callers in the same process: the call is prepared as the HTTP handler does it, and its session and \
            first message are committed durably. 10,000 sessions are stored before. The references write the very same rows."
            .to_owned(),
        columns: vec!["database", "callers", "surveys/s", "p50 ms", "p99 ms", "reference/s", "ratio"],
        rows,
    }
}
