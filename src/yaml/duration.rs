//! [`duration`]: a number and a unit (F5).

use chrono::Duration;

/// `90s`, `15m`, `24h`, `14d` (F5); at most ten years.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let duration = Duration::try_seconds(number.checked_mul(seconds)?)?;
    (duration <= Duration::days(3_650)).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        assert_eq!(duration("90s"), Some(Duration::seconds(90)));
        assert_eq!(duration("14d"), Some(Duration::days(14)));
        assert_eq!(duration("0d"), Some(Duration::zero()));
        for wrong in ["", "h", "24", "24 h", "1.5h", "-1h", "1w", "99999999999d", "24H", "²d"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
