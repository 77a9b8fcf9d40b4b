//! Findings as text: for people, as JSON, as SARIF 2.1.0 and as GitHub annotations (F38).

use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::json;

use crate::survey::check::Checked;
use crate::survey::finding::{Code, Finding, Severity};
use crate::yaml::Located;

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// With excerpts, for people.
    Human,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

/// Whether these findings fail a check: an error, or with `strict` any finding.
#[must_use]
pub fn fails(findings: &[Finding], strict: bool) -> bool {
    findings.iter().any(|finding| strict || finding.severity == Severity::Error)
}

/// The findings in a format.
#[must_use]
pub fn render(findings: &[Finding], format: ReportFormat) -> String {
    match format {
        ReportFormat::Human => findings.iter().map(human).collect(),
        ReportFormat::Json => json_report(findings),
        ReportFormat::Sarif => sarif(findings),
        ReportFormat::Github => findings.iter().map(github).collect(),
    }
}

/// One line that counts.
#[must_use]
pub fn summary(findings: &[Finding], files: usize) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    format!(
        "{} checked: {}, {}",
        plural(files, "survey"),
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Warning), "warning")
    )
}

/// Which answer leads where, and the ways through a survey (A51).
#[must_use]
pub fn paths(checked: &Checked) -> String {
    let mut out = String::new();
    if let Some(survey) = &checked.survey {
        let _ = writeln!(out, "{}: answer -> next element", survey.id());
    }
    for row in &checked.paths.rows {
        let next: Vec<String> = row
            .next
            .iter()
            .map(|next| match &next.condition {
                Some(condition) => format!("{} if {condition}", next.to),
                None => next.to.clone(),
            })
            .collect();
        let _ = writeln!(out, "  {}: {} -> {}", row.element, row.answers.join(", "), next.join(", else "));
    }
    for path in &checked.paths.paths {
        let _ = writeln!(out, "  way: {}", path.join(" -> "));
    }
    if checked.paths.more {
        let _ = writeln!(out, "  and more ways than listed here");
    }
    out
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn human(finding: &Finding) -> String {
    let heading = format!(
        "{}:{}:{}: {} {}: {}",
        finding.file,
        finding.line,
        finding.column,
        severity_word(finding.severity),
        finding.code,
        finding.message
    );
    let located = Located {
        line: finding.line,
        column: finding.column,
        width: finding.width,
        excerpt: finding.excerpt.clone(),
    };
    excerpt(&heading, &located, &finding.hint)
}

/// A fault with its line of the file and what to do about it.
#[must_use]
pub fn excerpt(heading: &str, finding: &Located, hint: &str) -> String {
    let mut out = format!("{heading}\n");
    let number = finding.line.to_string();
    let gutter = " ".repeat(number.len());
    // A long line is shown from a little before the place.
    let skip = if finding.column > 80 { finding.column - 40 } else { 0 };
    let excerpt: String = finding.excerpt.chars().skip(skip).take(120).collect();
    let before: String = excerpt
        .chars()
        .take((finding.column - 1).saturating_sub(skip))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let room = excerpt.chars().count().saturating_sub(before.chars().count()).max(1);
    let _ = writeln!(out, " {gutter} |");
    let _ = writeln!(out, " {number} | {excerpt}");
    let _ = writeln!(out, " {gutter} | {before}{}", "^".repeat(finding.width.min(room)));
    if !hint.is_empty() {
        let _ = writeln!(out, " {gutter} = {hint}");
    }
    out.push('\n');
    out
}

fn json_report(findings: &[Finding]) -> String {
    let report = json!({
        "errors": findings.iter().filter(|finding| finding.severity == Severity::Error).count(),
        "warnings": findings.iter().filter(|finding| finding.severity == Severity::Warning).count(),
        "findings": findings,
    });
    format!("{report:#}\n")
}

fn sarif(findings: &[Finding]) -> String {
    let rules: Vec<_> = Code::ALL
        .into_iter()
        .map(|code| {
            json!({
                "id": code.to_string(),
                "shortDescription": { "text": code.describe() },
                "defaultConfiguration": { "level": severity_word(code.severity()) },
            })
        })
        .collect();
    let results: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "ruleId": finding.code,
                "level": severity_word(finding.severity),
                "message": { "text": format!("{}; {}", finding.message, finding.hint) },
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": { "uri": finding.file.replace('\\', "/") },
                        "region": {
                            "startLine": finding.line,
                            "startColumn": finding.column,
                            "endColumn": finding.column + finding.width,
                            "snippet": { "text": finding.excerpt },
                        },
                    },
                }],
            })
        })
        .collect();
    let report = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "antiphon",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{report:#}\n")
}

/// `::error file=…,line=…,col=…,title=…::message`; values are escaped as GitHub Actions reads them.
fn github(finding: &Finding) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    format!(
        "::{} file={},line={},col={},endColumn={},title={}::{}\n",
        severity_word(finding.severity),
        property(&finding.file),
        finding.line,
        finding.column,
        finding.column + finding.width,
        property(&finding.code.to_string()),
        data(&format!("{}; {}", finding.message, finding.hint))
    )
}
