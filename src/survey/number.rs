//! [`Number`]: an exact decimal with at most two places, the only kind of number a reply can hold (N26).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An exact decimal number with at most two decimal places, between ±90 trillion. Never rounded (N2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    hundredths: i64,
}

/// Largest whole part; keeps every value exact in a JSON number (2^53 hundredths).
const WHOLE_MAX: i64 = 90_000_000_000_000;

impl Number {
    /// A whole number; `None` outside ±90 trillion.
    #[must_use]
    pub fn whole(value: i64) -> Option<Self> {
        (-WHOLE_MAX..=WHOLE_MAX).contains(&value).then_some(Self { hundredths: value * 100 })
    }

    /// A small whole number, such as a position or a number word.
    #[must_use]
    pub fn small(value: i32) -> Self {
        Self { hundredths: i64::from(value) * 100 }
    }

    /// From hundredths; `None` outside the range.
    #[must_use]
    pub fn from_hundredths(hundredths: i64) -> Option<Self> {
        (-WHOLE_MAX * 100..=WHOLE_MAX * 100).contains(&hundredths).then_some(Self { hundredths })
    }

    /// Reads `-12`, `7.5`, `499.90`: a point and at most two decimals; `None` for anything else or an overflow.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) || decimals.len() > 2 {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let hundredths: i64 = format!("{decimals:0<2}").parse().ok()?;
        let value = whole.checked_mul(100)?.checked_add(hundredths)?;
        Self::from_hundredths(if negative { -value } else { value })
    }

    /// The value in hundredths.
    #[must_use]
    pub fn hundredths(self) -> i64 {
        self.hundredths
    }

    /// The value if it is whole.
    #[must_use]
    pub fn as_whole(self) -> Option<i64> {
        (self.hundredths % 100 == 0).then_some(self.hundredths / 100)
    }

    /// How many decimal places the value needs: 0, 1 or 2.
    #[must_use]
    pub fn decimals(self) -> u8 {
        match (self.hundredths % 100 == 0, self.hundredths % 10 == 0) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.hundredths < 0 { "-" } else { "" };
        let whole = self.hundredths.unsigned_abs() / 100;
        let rest = self.hundredths.unsigned_abs() % 100;
        match self.decimals() {
            0 => write!(f, "{sign}{whole}"),
            1 => write!(f, "{sign}{whole}.{}", rest / 10),
            _ => write!(f, "{sign}{whole}.{rest:02}"),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_whole() {
            Some(whole) => serializer.serialize_i64(whole),
            #[expect(clippy::cast_precision_loss, reason = "at most 2^53 hundredths, exact in an f64")]
            None => serializer.serialize_f64(self.hundredths as f64 / 100.0),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        Self::parse(&number.to_string()).ok_or_else(|| {
            serde::de::Error::custom(format!("`{number}` is not a number with at most two decimals"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn a_number_reads_and_prints_exactly() {
        for text in ["0", "7", "-3", "7.5", "499.9", "499.95", "-0.05"] {
            assert_eq!(Number::parse(text).map(|n| n.to_string()).as_deref(), Some(text));
        }
        for text in ["", "-", "7,5", "1.234", "99999999999999999999", "7.", "a"] {
            assert_eq!(Number::parse(text).is_some(), text == "7.", "{text}");
        }
    }
}
