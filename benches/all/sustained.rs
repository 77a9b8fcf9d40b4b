//! How fast the dispatcher of the real program sends through one channel of a gateway that takes 20 ms for each SMS,
//! beside a bare HTTP client that posts the same, as many at a time, to the same gateway.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::dispatch::{arrivals, wait_for};
use crate::support::backend::Backend;
use crate::support::child::Child;
use crate::support::measure::{Caller, Plan, run};
use crate::support::table::{Table, ratio, whole};
use crate::support::template::{BURST, Gaps, Stage, Template, configure, phone};
use crate::support::{Failure, Size};

/// What must hold: accepted sends a second through one channel (issue 4, line 7).
const SENDS_LEAST: f64 = 500.0;
/// What the gateway takes for an SMS.
const LATENCY: Duration = Duration::from_millis(20);
/// Sends in flight together, ours and those of the bare client.
const IN_FLIGHT: usize = 256;

/// Measures both on one database.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
pub async fn measure(backend: &Backend, size: Size) -> Result<Vec<Vec<String>>, Failure> {
    let people = size.pick(1_000, 10_000);
    let template = Template::make(backend, Stage::Burst).await?;
    let bed = template.bed(people)?;
    let folder = tempfile::tempdir()?;
    let gateway = Child::slow_peer(LATENCY)?;
    let _server =
        Child::antiphon(&configure(&bed.database, folder.path(), Some(&gateway.url()), Gaps::None)?)?;
    // The first person, whose rows the others are copies of, has messages due as well.
    let wanted = (people + 1) * BURST;
    wait_for(&gateway, 1).await?;
    let began = Instant::now();
    wait_for(&gateway, wanted).await?;
    let unsettled = "SELECT CAST(count(*) AS TEXT) AS value FROM messages WHERE state IN ('due', 'sending')";
    while bed.database.number(unsettled)? > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ours = wanted as f64 / began.elapsed().as_secs_f64();
    in_order(&gateway).await?;
    let bare = bare(wanted).await?;
    let row = |what: String, figure: String| vec![backend.name().to_owned(), what, figure];
    Ok(vec![
        row(
            format!(
                "{wanted} messages of {} sessions: accepted sends/s, against {SENDS_LEAST} wanted",
                people + 1
            ),
            format!("{}; ratio {}", whole(ours), ratio(ours, SENDS_LEAST, Some(1.0))),
        ),
        row(
            "a bare HTTP client, the same messages in a loop: SMS/s".to_owned(),
            format!("{}; ratio {}", whole(bare), ratio(ours, bare, None)),
        ),
    ])
}

/// The rows as a table.
pub fn table(rows: Vec<Vec<String>>) -> Table {
    Table {
        title: "Sustained sends".to_owned(),
        method: format!(
            "One channel, one `generic` gateway on the loopback that takes {} ms for each SMS, {IN_FLIGHT} sends in flight. \
             Each session has three messages due, which must arrive in order (checked), without a gap between them. \
             The reference is the HTTP client that the product uses, in a loop of {IN_FLIGHT} tasks of the benchmark's own \
             process, against such a gateway: it stores nothing and orders nothing.",
            LATENCY.as_millis()
        ),
        columns: vec!["database", "what", "figure"],
        rows,
    }
}

/// Fails unless each phone got its messages once and in order.
async fn in_order(gateway: &Child) -> Result<(), Failure> {
    let mut of_phone: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, to, text) in arrivals(gateway).await? {
        of_phone.entry(to).or_default().push(text.chars().take(2).collect());
    }
    let wanted: Vec<String> = (1..=BURST).map(|number| format!("{number}.")).collect();
    match of_phone.iter().find(|(_, texts)| **texts != wanted) {
        Some((_, texts)) => Err(format!("a session's messages arrived as {texts:?}").into()),
        None => Ok(()),
    }
}

/// What the client alone does against such a gateway: SMS a second.
async fn bare(count: u64) -> Result<f64, Failure> {
    let gateway = Child::slow_peer(LATENCY)?;
    let client = reqwest::Client::builder().no_proxy().http1_only().build()?;
    let url = format!("{}/messages", gateway.url());
    let posts = (0..IN_FLIGHT).map(|_| Posts { client: client.clone(), url: url.clone() }).collect();
    let plan = Plan { count, limit: Duration::from_mins(2), rate: None };
    Ok(run(posts, plan).await?.per_second())
}

struct Posts {
    client: reqwest::Client,
    url: String,
}

impl Caller for Posts {
    async fn call(&mut self, number: u64) -> Result<(), Failure> {
        let body = json!({"ref": format!("{number:020}"), "to": phone(number), "from": "2099",
            "text": "How satisfied are you? Reply 1-5.", "encoding": "gsm7"});
        let sent =
            self.client.post(&self.url).header("content-type", "application/json").body(body.to_string());
        let answer = sent.send().await?.error_for_status()?;
        answer.bytes().await?;
        Ok(())
    }
}
