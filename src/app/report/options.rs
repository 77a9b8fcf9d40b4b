//! [`ReportOptions`]: what is asked of a report (http-api.md 9.2).

use chrono_tz::Tz;

use crate::app::export::options::{Filter, Given, OptionFault, Wrong, filter};

/// Most things that sessions are grouped by.
const GROUP_BY_MAX: usize = 4;

/// What sessions are grouped by, beside session variables.
pub const CUTS: &[&str] = &["country", "language", "revision", "day", "hour", "weekday"];

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// One object.
    Json,
    /// One row per group and question.
    Csv,
}

/// What is asked of a report.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// Which sessions.
    pub filter: Filter,
    /// What they are grouped by: words of [`CUTS`], else session variables.
    pub group_by: Vec<String>,
    /// Zone of days and hours.
    pub zone: Tz,
    /// How it is written.
    pub format: ReportFormat,
}

/// Every option by its name.
const NAMES: &[&str] =
    &["from", "to", "dateField", "status", "language", "includeTest", "groupBy", "tz", "format"];

/// Reads options.
///
/// # Errors
/// Every fault.
pub fn read(given: &[(String, String)]) -> Result<ReportOptions, Vec<OptionFault>> {
    let mut given = Given::of(given);
    let options = ReportOptions {
        filter: filter(&mut given),
        group_by: given.list("groupBy").unwrap_or_default(),
        zone: given.zone(),
        format: given
            .word("format", &[("json", ReportFormat::Json), ("csv", ReportFormat::Csv)])
            .unwrap_or(ReportFormat::Json),
    };
    if options.group_by.len() > GROUP_BY_MAX {
        given.fault("groupBy", Wrong::Value, format!("at most {GROUP_BY_MAX} with commas"));
    }
    given.finish(NAMES)?;
    Ok(options)
}
