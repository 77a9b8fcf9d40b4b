//! [`run`]: callers who call, as fast as they are answered or at a fixed rate, and what they [`Measured`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Failure;

/// One who calls and waits for the answer.
pub trait Caller: Send + 'static {
    /// The call with this number, from 0; each number is used once.
    fn call(&mut self, number: u64) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// How often is called.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Calls in all.
    pub count: u64,
    /// No call begins later than this.
    pub limit: Duration,
    /// Calls a second, whether or not the ones before are answered; `None` = each caller at once after the answer.
    pub rate: Option<f64>,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Calls answered.
    pub count: u64,
    /// From the first call to the last answer.
    pub took: Duration,
    /// How long each answer took, sorted.
    micros: Vec<u64>,
}

impl Measured {
    /// Puts measured times in order.
    pub fn new(took: Duration, mut micros: Vec<u64>) -> Self {
        micros.sort_unstable();
        Self { count: u64::try_from(micros.len()).unwrap_or(u64::MAX), took, micros }
    }

    /// Calls a second.
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// The time within which so many per cent were answered, in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "times of a benchmark are far below 2^52")]
    pub fn millis(&self, percent: usize) -> f64 {
        let at = (self.micros.len().saturating_sub(1) * percent).div_ceil(100);
        self.micros.get(at).copied().unwrap_or_default() as f64 / 1000.0
    }
}

/// The run in the middle of several, by calls a second.
pub fn median(mut runs: Vec<Measured>) -> Option<Measured> {
    runs.sort_by(|one, other| one.per_second().total_cmp(&other.per_second()));
    let middle = runs.len() / 2;
    runs.into_iter().nth(middle)
}

/// Lets the callers call. At a fixed rate a call that could not begin in time, since every caller was busy, counts
/// from when it should have begun.
pub async fn run<C: Caller>(callers: Vec<C>, plan: Plan) -> Result<Measured, Failure> {
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|caller| tokio::spawn(call_on(caller, Arc::clone(&next), plan, began)))
        .collect();
    let mut micros = Vec::new();
    for task in tasks {
        micros.extend(task.await??);
    }
    Ok(Measured::new(began.elapsed(), micros))
}

async fn call_on<C: Caller>(
    mut caller: C,
    next: Arc<AtomicU64>,
    plan: Plan,
    began: Instant,
) -> Result<Vec<u64>, Failure> {
    let mut micros = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.count {
            return Ok(micros);
        }
        let from = beginning(number, plan, began).await;
        if began.elapsed() > plan.limit {
            return Ok(micros);
        }
        caller.call(number).await?;
        micros.push(u64::try_from(from.elapsed().as_micros())?);
    }
}

async fn beginning(number: u64, plan: Plan, began: Instant) -> Instant {
    let Some(rate) = plan.rate else {
        return Instant::now();
    };
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
    let due = began + Duration::from_secs_f64(number as f64 / rate);
    if due <= Instant::now() {
        return due;
    }
    tokio::time::sleep_until(due.into()).await;
    Instant::now()
}
