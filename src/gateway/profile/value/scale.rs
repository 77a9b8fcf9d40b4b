//! [`Scale`]: the remaining time to live on a vendor's scale (gateways.md 2.2).

/// A scale: the first piece whose `below` is above the value counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// In order; the last has no `below`.
    pub pieces: Vec<Piece>,
}

/// A stretch of a scale: `base` + ⌊(value − `from`) / `step`⌋, kept in `min`–`max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Values below this are of this piece.
    pub below: Option<i64>,
    /// Where it begins.
    pub from: i64,
    /// Length of a step, at least 1.
    pub step: i64,
    /// What it begins with.
    pub base: i64,
    /// Least result.
    pub min: Option<i64>,
    /// Greatest result.
    pub max: Option<i64>,
}

impl Scale {
    /// A value on the scale.
    #[must_use]
    pub fn at(&self, value: i64) -> Option<i64> {
        let piece = self.pieces.iter().find(|piece| piece.below.is_none_or(|below| value < below))?;
        let steps = value.saturating_sub(piece.from).div_euclid(piece.step.max(1));
        let result = piece.base.saturating_add(steps);
        let result = piece.min.map_or(result, |min| result.max(min));
        Some(piece.max.map_or(result, |max| result.min(max)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The `validity` of Puzzel (gateways.md 1.6): 0–143 = (v+1) × 5 min, 144–167 = 12 h + (v−143) × 30 min,
    /// 168–173 = (v−166) days.
    #[test]
    fn puzzels_validity_never_outlives_the_message() {
        let piece = |below, from, step, base, min, max| Piece { below, from, step, base, min, max };
        let scale = Scale {
            pieces: vec![
                piece(Some(43_200), 0, 300, -1, Some(0), None),
                piece(Some(86_400), 43_200, 1_800, 143, None, None),
                piece(None, 0, 86_400, 166, None, Some(173)),
            ],
        };
        let seconds = |v: i64| match v {
            0..=143 => (v + 1) * 300,
            144..=167 => 43_200 + (v - 143) * 1_800,
            _ => (v - 166) * 86_400,
        };
        for ttl in (0..10 * 86_400).step_by(97) {
            let v = scale.at(ttl).unwrap();
            assert!((0..=173).contains(&v), "{ttl} {v}");
            assert!(seconds(v) <= ttl.max(300), "{ttl} {v}");
        }
        assert_eq!(
            [0, 300, 600, 43_200, 45_000, 86_400, 604_800].map(|ttl| scale.at(ttl).unwrap()),
            [0, 0, 1, 143, 144, 167, 173]
        );
    }
}
