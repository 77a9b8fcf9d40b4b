//! What the databases themselves charge for the rows of a turn: the same rows, changed by nothing but prepared
//! statements on SQLite and by pgbench on PostgreSQL.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior, params_from_iter};

use crate::support::Failure;
use crate::support::bed::{Bed, Done, person};
use crate::support::change::{Change, Owns};

/// Commits as durable as the product's. Here the connection waits for the disk and carries the log back itself.
const SETTINGS: &str = "PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; \
    PRAGMA wal_autocheckpoint = 4000;";
/// Turns in one transaction: the writer's own limit.
pub const BATCH: u64 = 512;
/// Connections of the pool, and clients of pgbench.
pub const CLIENTS: u64 = 8;

/// What a turn writes.
#[derive(Clone, Debug)]
pub struct Writes {
    /// Its rows.
    pub changes: Vec<Change>,
    /// What in them belongs to one person.
    pub owns: Owns,
    /// What they are the rows of.
    pub kind: Done,
    /// Who has turns, each at most one.
    pub people: u64,
}

impl Writes {
    /// The rows of a turn of one of so many people. Rows that others refer to come first.
    pub fn new((mut changes, owns): (Vec<Change>, Owns), kind: Done, people: u64) -> Self {
        changes.sort_by_key(|change| change.row().table != "sessions");
        Self { changes, owns, kind, people }
    }

    /// People who come before those that have turns.
    fn others(&self) -> u64 {
        match self.kind {
            Done::Replies => 0,
            Done::Starts { others } => others,
        }
    }

    fn person(&self, turn: u64) -> u64 {
        self.others() + person(turn, self.people)
    }

    /// Writes the turns of these people in one transaction; the values are put together before the clock starts.
    fn commit(&self, connection: &mut Connection, people: &[u64]) -> Result<Duration, Failure> {
        let statements: Vec<String> = self.changes.iter().map(Change::statement).collect();
        let values: Vec<Vec<_>> = people
            .iter()
            .map(|person| self.changes.iter().map(|change| change.parameters(&self.owns, *person)).collect())
            .collect();
        let began = Instant::now();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for turn in values {
            for (statement, parameters) in statements.iter().zip(turn) {
                transaction.prepare_cached(statement)?.execute(params_from_iter(parameters))?;
            }
        }
        transaction.commit()?;
        Ok(began.elapsed())
    }
}

fn open(bed: &Bed) -> Result<Connection, Failure> {
    let connection = Connection::open(bed.database.file().ok_or("not SQLite")?)?;
    connection.execute_batch(SETTINGS)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Raw prepared statements in batches: turns a second.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
pub fn batched(bed: &Bed, writes: &Writes, turns: u64) -> Result<f64, Failure> {
    let mut connection = open(bed)?;
    let mut took = Duration::ZERO;
    let numbers: Vec<u64> = (0..turns).map(|turn| writes.person(turn)).collect();
    for batch in numbers.chunks(usize::try_from(BATCH)?) {
        took += writes.commit(&mut connection, batch)?;
    }
    drop(connection);
    bed.expect(writes.kind, turns)?;
    Ok(turns as f64 / took.as_secs_f64())
}

/// One transaction per turn through a pool of connections: turns a second.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
pub fn pooled(bed: &Bed, writes: &Writes, turns: u64) -> Result<f64, Failure> {
    let next = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| -> Result<(), Failure> {
                    let mut connection = open(bed)?;
                    loop {
                        let turn = next.fetch_add(1, Ordering::Relaxed);
                        if turn >= turns {
                            return Ok(());
                        }
                        writes.commit(&mut connection, &[writes.person(turn)])?;
                    }
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a client panicked")?)
    })?;
    let took = began.elapsed();
    bed.expect(writes.kind, turns)?;
    Ok(turns as f64 / took.as_secs_f64())
}

/// How pgbench carries a turn out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// One statement after the other in a transaction.
    RoundTrips,
    /// All of it in one statement.
    OneCte,
    /// One statement that writes and looks at nothing: no turn could be carried out so, but it shows what the rows cost.
    OneCteBlind,
}

/// What a turn of the person `:n` must know before it writes: her lock, whether she said stop, her open session and
/// what waits to be sent to her.
const READS: [&str; 5] = [
    "SELECT * FROM contacts WHERE phone = '+474' || lpad((:n)::text, 7, '0') FOR UPDATE",
    "SELECT * FROM consents WHERE phone = '+474' || lpad((:n)::text, 7, '0')",
    "SELECT * FROM suppressions WHERE phone_hash = '+474' || lpad((:n)::text, 7, '0')",
    "SELECT * FROM sessions WHERE phone = '+474' || lpad((:n)::text, 7, '0') AND closed_at IS NULL",
    "SELECT * FROM messages WHERE phone = '+474' || lpad((:n)::text, 7, '0') AND is_open",
];
/// Whether the gateway has handed a reply over before.
const REPLY_BEFORE: &str = "SELECT id FROM inbound WHERE provider_id = 'gateway-reply-' || lpad((:n)::text, 12, '0') AND gateway = 'bench'";
/// The question that a reply answers.
const QUESTION: &str = "SELECT m.* FROM messages m JOIN sessions s ON s.prompt_id = m.id \
    WHERE s.phone = '+474' || lpad((:n)::text, 7, '0') AND s.closed_at IS NULL";

impl Script {
    fn text(self, writes: &Writes, turns_per_client: u64) -> String {
        let mut text = format!(
            "\\set i :i + 1\n\\set n {} + 1 + mod((:client_id * {turns_per_client} + :i - 1) * 7919, {})\n",
            writes.others(),
            writes.people
        );
        let statements: Vec<String> =
            writes.changes.iter().map(|change| change.postgres(&writes.owns, ":n")).collect();
        let reads: Vec<&str> = match (self, writes.kind) {
            (Self::OneCteBlind, _) => Vec::new(),
            (Self::RoundTrips | Self::OneCte, Done::Replies) => {
                [READS.as_slice(), &[REPLY_BEFORE, QUESTION]].concat()
            }
            (Self::RoundTrips | Self::OneCte, Done::Starts { .. }) => READS.to_vec(),
        };
        match self {
            Self::RoundTrips => {
                let all = reads.into_iter().map(str::to_owned).chain(statements);
                text += "BEGIN;\n";
                text.extend(all.map(|statement| format!("{statement};\n")));
                text += "COMMIT;\n";
            }
            Self::OneCte | Self::OneCteBlind => {
                let writes = statements.iter().enumerate();
                let writes = writes.map(|(at, statement)| format!("part{at} AS ({statement} RETURNING 1)"));
                let looks = reads.iter().enumerate().map(|(at, read)| format!("look{at} AS ({read})"));
                let parts: Vec<String> = looks.chain(writes).collect();
                // What nobody asks for is not looked up.
                let asked: Vec<String> =
                    (0..reads.len()).map(|at| format!("(SELECT count(*) FROM look{at})")).collect();
                let asked = if asked.is_empty() { "1".to_owned() } else { asked.join(", ") };
                text += &format!("WITH {} SELECT {asked};\n", parts.join(", "));
            }
        }
        text
    }
}

/// The same turns by pgbench: turns a second.
pub fn pgbench(bed: &Bed, writes: &Writes, script: Script, turns: u64) -> Result<f64, Failure> {
    let turns_per_client = turns / CLIENTS;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), script.text(writes, turns_per_client))?;
    let done = bed
        .database
        .pgbench()
        .ok_or("not PostgreSQL")?
        .args(["-n", "-M", "prepared", "-D", "i=0", "-j", "2", "-c", &CLIENTS.to_string()])
        .args(["-t", &turns_per_client.to_string(), "-f"])
        .arg(file.path())
        .output()?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    if !done.status.success() {
        return Err(format!("pgbench: {said}{}", String::from_utf8_lossy(&done.stderr)).into());
    }
    bed.expect(writes.kind, turns_per_client * CLIENTS)?;
    let rate =
        said.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| rest.split(' ').next());
    Ok(rate.ok_or("pgbench gives no rate")?.parse()?)
}
