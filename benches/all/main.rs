//! Every benchmark, in one program: `cargo bench --bench all`. It measures the pure step, turns, SendSurvey, the
//! dispatcher and the whole way over HTTP, each beside a reference of the same run, and puts the figures into
//! docs/performance.md. `-- --quick` prints rough figures in a few minutes and writes nothing.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod dispatch;
mod http;
mod reference;
mod send_survey;
mod step;
mod support;
mod sustained;
mod turn;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use antiphon::clock::Clock;
use clap::{Parser, Subcommand, ValueEnum};
use support::backend::{Backend, Cluster};
use support::load::Load;
use support::table::{Table, write_note};
use support::{Failure, Size, load, machine, peer};

/// Measures antiphon beside its references.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rough figures in a few minutes, printed and not written.
    #[arg(long)]
    quick: bool,
    /// Turns with a million sessions stored, and claims while a million messages wait for the future, too.
    #[arg(long)]
    million: bool,
    /// What to measure; everything, if nothing is named. Parts are printed and not written.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// On which database; on both, if nothing is named.
    #[arg(long)]
    database: Option<Kind>,
    /// The note that takes the figures.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    process: Option<Process>,
}

/// What this program is when it starts itself a second time.
#[derive(Debug, Subcommand)]
enum Process {
    /// Gateway and empty handler.
    #[command(hide = true)]
    Peer {
        /// How long it takes for an SMS, in milliseconds.
        #[arg(long, default_value_t = 0)]
        latency_ms: u64,
    },
    /// Load generator.
    #[command(hide = true)]
    Load(Load),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Step,
    Turn,
    Send,
    Dispatch,
    Sustained,
    Http,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

/// As the program has it, since the engine runs in this process too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // actix starts its own threads, and wants its own main one.
    match &arguments.process {
        Some(Process::Peer { latency_ms }) => {
            let latency = Duration::from_millis(*latency_ms);
            actix_web::rt::System::new().block_on(peer::serve(latency))
        }
        Some(Process::Load(wanted)) => {
            let done = runtime.block_on(load::load(wanted))?;
            println!("{}", serde_json::to_string(&done)?);
            Ok(())
        }
        None => runtime.block_on(measure(&arguments)),
    }
}

async fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let size = if arguments.quick { Size::Quick } else { Size::Full };
    let heading = heading(size)?;
    println!("{heading}");
    let backends = backends(arguments)?;
    let mut figures = heading;
    let mut add = |table: Table| {
        let text = table.markdown();
        println!("{text}");
        figures += &text;
        figures.push('\n');
    };
    let is_wanted = |part: Part| arguments.only.is_empty() || arguments.only.contains(&part);
    if is_wanted(Part::Step) {
        add(step::measure(size)?);
    }
    if is_wanted(Part::Turn) {
        for backend in &backends {
            turn::measure(backend, size, arguments.million).await?.into_iter().for_each(&mut add);
        }
    }
    if is_wanted(Part::Send) {
        let mut rows = Vec::new();
        for backend in &backends {
            rows.extend(send_survey::measure(backend, size).await?);
        }
        add(send_survey::table(rows));
    }
    if is_wanted(Part::Dispatch) {
        let mut rows = Vec::new();
        for backend in &backends {
            rows.extend(dispatch::measure(backend, size, arguments.million).await?);
        }
        add(dispatch::table(rows));
    }
    if is_wanted(Part::Sustained) {
        let mut rows = Vec::new();
        for backend in &backends {
            rows.extend(sustained::measure(backend, size).await?);
        }
        add(sustained::table(rows));
    }
    if is_wanted(Part::Http) {
        let mut rows = Vec::new();
        for backend in &backends {
            rows.extend(http::measure(backend, size).await?);
        }
        add(http::table(rows));
    }
    if let Some(note) = note(arguments) {
        write_note(&note, &figures)?;
        println!("The figures stand in {}.", note.display());
    }
    Ok(())
}

/// Where the figures go: the note of the project takes whole runs of an optimised build alone.
fn note(arguments: &Arguments) -> Option<PathBuf> {
    let is_whole = !arguments.quick && arguments.only.is_empty() && arguments.database.is_none();
    let project = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");
    match &arguments.output {
        Some(output) => Some(output.clone()),
        None if is_whole && !cfg!(debug_assertions) => Some(PathBuf::from(project)),
        None => None,
    }
}

fn backends(arguments: &Arguments) -> Result<Vec<Backend>, Failure> {
    let mut backends = Vec::new();
    if arguments.database != Some(Kind::Postgres) {
        backends.push(Backend::Sqlite);
    }
    if arguments.database != Some(Kind::Sqlite) {
        let cluster = Cluster::start()?;
        println!("PostgreSQL {}\n", cluster.version()?);
        backends.push(Backend::Postgres(Arc::new(cluster)));
    }
    Ok(backends)
}

/// When, where and how it was measured.
fn heading(size: Size) -> Result<String, Failure> {
    let mut text = format!("Measured on {}", Clock::system().now().format("%Y-%m-%d %H:%M UTC"));
    text += match size {
        Size::Quick => " by a quick run: sizes are small and figures rough.",
        Size::Full => ".",
    };
    if cfg!(debug_assertions) {
        text += " **This build is not optimised: the figures mean nothing.**";
    }
    text += "\n\n";
    for line in machine::description()? {
        text += &format!("- {line}\n");
    }
    text.push('\n');
    Ok(text)
}
