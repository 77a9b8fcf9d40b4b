//! Figures of surveys, exactly defined (analysts-and-operators.md section 2): shares with their intervals, the net
//! promoter score, quantiles. Numbers in, numbers out; it knows neither sessions nor the store.

mod promoters;
mod quantile;
mod share;

pub use promoters::Promoters;
pub use quantile::quantile;
pub use share::Share;

/// Two-sided 95 % of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "counts of sessions are far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

/// The mean of numbers whose sum is known in hundredths.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "sums of answers are far below 2^53 hundredths")]
pub fn mean(sum_hundredths: i64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum_hundredths as f64 / 100.0 / number(count))
}
