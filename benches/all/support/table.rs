//! [`Table`]: a part of the note, and the note itself.

use std::fmt::Write as _;
use std::path::Path;

use super::Failure;

/// The figures stand between these lines; everything around them is written by hand.
const BEGIN: &str = "<!-- figures: written by the benchmarks -->";
const END: &str = "<!-- end of figures -->";

/// Figures under a heading.
#[derive(Clone, Debug)]
pub struct Table {
    /// The heading.
    pub title: String,
    /// How it was measured.
    pub method: String,
    /// Heads of the columns.
    pub columns: Vec<&'static str>,
    /// The figures.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n\n", self.title, self.method);
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        text += &line(&self.columns.iter().map(|column| (*column).to_owned()).collect::<Vec<_>>());
        text += &line(&self.columns.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
        for row in &self.rows {
            text += &line(row);
        }
        text
    }
}

/// A count, as [`whole`] writes figures.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^52")]
pub fn number(count: u64) -> String {
    whole(count as f64)
}

/// Puts the figures into the note, in place of the ones that stood there.
pub fn write_note(path: &Path, figures: &str) -> Result<(), Failure> {
    let note = std::fs::read_to_string(path)?;
    let (before, rest) = note.split_once(BEGIN).ok_or("the note has no place for the figures")?;
    let (_, after) = rest.split_once(END).ok_or("the note has no end of the figures")?;
    let mut text = String::new();
    write!(text, "{before}{BEGIN}\n\n{}\n\n{END}{after}", figures.trim())?;
    Ok(std::fs::write(path, text)?)
}

/// A whole number with its thousands apart: 12,345.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "figures are small and positive")]
pub fn whole(number: f64) -> String {
    let digits = (number.max(0.0).round() as u64).to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with two decimals.
pub fn fine(number: f64) -> String {
    format!("{number:.2}")
}

/// How many times `reference` is in `ours`, with the least that must hold.
pub fn ratio(ours: f64, reference: f64, least: Option<f64>) -> String {
    let found = ours / reference.max(1e-9);
    match least {
        None => fine(found),
        Some(least) if found >= least => format!("{found:.2} (at least {least})"),
        Some(least) => format!("**{found:.2} (must be at least {least})**"),
    }
}

/// A figure with the most that may be.
pub fn at_most(ours: f64, most: f64) -> String {
    if ours <= most {
        format!("{ours:.2} (at most {most})")
    } else {
        format!("**{ours:.2} (must be at most {most})**")
    }
}
