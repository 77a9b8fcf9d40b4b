//! [`Share`]: some out of all, with the Wilson 95 % interval (M2, M4).

use super::{Z, number};

/// Some out of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Out of how many.
    pub of: u64,
}

impl Share {
    /// The share, 0 to 1; nothing out of nothing is no number (M3, U44).
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| number(self.count) / number(self.of))
    }

    /// The Wilson 95 % interval, 0 to 1.
    #[must_use]
    pub fn interval(self) -> Option<[f64; 2]> {
        let rate = self.rate()?;
        let n = number(self.of);
        let z2 = Z * Z;
        let centre = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let spread = (Z / (1.0 + z2 / n)) * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
        Some([(centre - spread).max(0.0), (centre + spread).min(1.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(value: f64) -> f64 {
        (value * 1_000.0).round() / 10.0
    }

    #[test]
    fn m4_41_of_50_are_82_percent_between_69_2_and_90_2() {
        let share = Share { count: 41, of: 50 };
        assert!((share.rate().unwrap() - 0.82).abs() < 1e-12);
        let shown = share.interval().unwrap().map(percent);
        assert!((shown[0] - 69.2).abs() < 1e-9 && (shown[1] - 90.2).abs() < 1e-9, "{shown:?}");
    }

    #[test]
    fn m3_nothing_out_of_nothing_is_no_number_and_no_interval_leaves_its_bounds() {
        assert_eq!(Share::default().rate(), None);
        assert_eq!(Share::default().interval(), None);
        for (count, of) in [(0, 1), (1, 1), (0, 50), (50, 50), (1, 1_000_000)] {
            let [low, high] = Share { count, of }.interval().unwrap();
            assert!(
                (0.0..=1.0).contains(&low) && (low..=1.0).contains(&high),
                "{count} of {of}: {low} {high}"
            );
        }
    }
}
