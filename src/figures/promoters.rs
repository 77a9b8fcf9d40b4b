//! [`Promoters`]: the net promoter score with its adjusted-Wald interval (M5; Rocks 2016).

use super::{Z, number};

/// Who would recommend: 9 and 10, 7 and 8, 0 to 6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promoters {
    /// 9 and 10.
    pub promoters: u64,
    /// 7 and 8.
    pub passives: u64,
    /// 0 to 6.
    pub detractors: u64,
}

impl Promoters {
    /// Counts an answer.
    pub fn count(&mut self, score: f64) {
        let slot = if score >= 9.0 {
            &mut self.promoters
        } else if score >= 7.0 {
            &mut self.passives
        } else {
            &mut self.detractors
        };
        *slot += 1;
    }

    /// All answers.
    #[must_use]
    pub fn total(self) -> u64 {
        self.promoters + self.passives + self.detractors
    }

    /// The score, -100 to 100.
    #[must_use]
    pub fn score(self) -> Option<f64> {
        let n = self.total();
        (n > 0).then(|| 100.0 * (number(self.promoters) - number(self.detractors)) / number(n))
    }

    /// Its 95 % interval: three answers more, three quarters of one among promoters and among detractors.
    #[must_use]
    pub fn interval(self) -> Option<[f64; 2]> {
        if self.total() == 0 {
            return None;
        }
        let n = number(self.total()) + 3.0;
        let (promoters, detractors) =
            ((number(self.promoters) + 0.75) / n, (number(self.detractors) + 0.75) / n);
        let net = promoters - detractors;
        let spread = Z * ((promoters + detractors - net * net) / n).max(0.0).sqrt();
        Some([100.0 * (net - spread).max(-1.0), 100.0 * (net + spread).min(1.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenths(value: f64) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "between -1000 and 1000")]
        let tenths = (value * 10.0).round() as i64;
        tenths
    }

    #[test]
    fn m5_the_worked_numbers() {
        let one = Promoters { promoters: 25, passives: 15, detractors: 10 };
        assert_eq!(tenths(one.score().unwrap()), 300);
        assert_eq!(one.interval().unwrap().map(tenths), [73, 493]);
        let other = Promoters { promoters: 10, passives: 0, detractors: 0 };
        assert_eq!(tenths(other.score().unwrap()), 1_000);
        assert_eq!(other.interval().unwrap().map(tenths), [475, 1_000]);
        assert_eq!((Promoters::default().score(), Promoters::default().interval()), (None, None));
        let mut counted = Promoters::default();
        [0.0, 6.0, 7.0, 8.0, 9.0, 10.0].into_iter().for_each(|score| counted.count(score));
        assert_eq!(counted, Promoters { promoters: 2, passives: 2, detractors: 2 });
    }
}
