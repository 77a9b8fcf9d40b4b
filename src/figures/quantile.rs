//! Quantiles by linear interpolation (M6), as numpy, pandas and R compute them by default.

/// The quantile of values in ascending order; `share` is 0 to 1.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among values in memory, between 0 and their number"
)]
pub fn quantile(ascending: &[u32], share: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let low = f64::from(*ascending.get(place.floor() as usize)?);
    let high = f64::from(*ascending.get(place.ceil() as usize)?);
    Some(low + (high - low) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m6_values_between_two_are_interpolated() {
        let shown = |values: &[u32], share: f64| quantile(values, share).map(|value| value.to_string());
        assert_eq!(shown(&[], 0.5), None);
        assert_eq!(shown(&[7], 0.9).as_deref(), Some("7"));
        assert_eq!(shown(&[1, 2], 0.5).as_deref(), Some("1.5"));
        assert_eq!(shown(&[1, 2, 3, 4], 0.5).as_deref(), Some("2.5"));
        assert_eq!(shown(&[10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110], 0.9).as_deref(), Some("100"));
        assert_eq!(shown(&[1, 2, 3, 5], 1.0).as_deref(), Some("5"));
    }
}
