//! The figures of a survey (M1 to M9): counted from the same facts that exports show, read by key in chunks, grouped by
//! session variables and by a few things that sessions have. It changes nothing.

pub mod options;
mod shape;
mod tally;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDateTime, TimeZone as _, Timelike};

pub use self::options::{ReportFormat, ReportOptions};
pub use self::shape::DEFINITIONS;
pub use self::tally::{QuestionTally, Tally};
use super::export::options::{OptionFault, Wrong};
use super::export::{World, fitting, session_wish};
use super::session_facts::{self, SessionFacts};
use crate::phone::Phone;
use crate::store::export_rows::{self, SessionWish, Stretch};
use crate::store::{AnyConnection, StoreError};
use crate::survey::Survey;

/// Sessions read at a time.
const CHUNK: i64 = 500;
/// Most groups of one report.
const GROUPS_MAX: usize = 10_000;

/// A report in the making.
#[derive(Debug)]
pub struct Report {
    /// The survey, by slug.
    pub survey_id: String,
    /// What was asked.
    pub options: ReportOptions,
    /// The counts by the values of what was grouped by, in their order.
    pub groups: BTreeMap<Vec<Option<String>>, Tally>,
    world: World,
    revisions: BTreeMap<i32, Arc<Survey>>,
    wish: SessionWish,
    stretch: Option<Stretch>,
}

impl Report {
    /// Begins a report.
    ///
    /// # Errors
    /// [`StoreError`] of a query; the faults of the options inside.
    pub fn begin(
        connection: &mut AnyConnection,
        world: World,
        survey_id: &str,
        options: ReportOptions,
    ) -> Result<Result<Self, Vec<OptionFault>>, StoreError> {
        let revisions = world.revisions(survey_id);
        let known = world.variable_names.of(
            connection,
            survey_id,
            revisions.values().map(|survey| &**survey),
            world.now.naive_utc(),
        )?;
        for name in &options.group_by {
            let is_known = options::CUTS.contains(&name.as_str())
                || known.iter().any(|key| key.eq_ignore_ascii_case(name));
            if !is_known {
                let there = options::CUTS.iter().copied().chain(known.iter().map(String::as_str));
                let there: Vec<&str> = there.collect();
                return Ok(Err(vec![OptionFault {
                    name: "groupBy".to_owned(),
                    wrong: Wrong::Value,
                    detail: format!(
                        "{name} is neither a cut nor a variable; there are: {}",
                        there.join(", ")
                    ),
                }]));
            }
        }
        let (until, _) = export_rows::newest(connection)?;
        let mut wish = session_wish(survey_id, &options.filter);
        wish.id_until = until;
        let mut groups = BTreeMap::new();
        if options.group_by.is_empty() {
            groups.insert(Vec::new(), Tally::default());
        }
        Ok(Ok(Self {
            survey_id: survey_id.to_owned(),
            options,
            groups,
            world,
            revisions,
            wish,
            stretch: Some(Stretch::ById { after: None }),
        }))
    }

    /// Counts the next sessions; gives whether more are to come.
    ///
    /// # Errors
    /// [`StoreError`] of a query; a fault of the options when there are too many groups.
    pub fn next(&mut self, connection: &mut AnyConnection) -> Result<Result<bool, OptionFault>, StoreError> {
        let Some(stretch) = self.stretch.take() else {
            return Ok(Ok(false));
        };
        let found = export_rows::sessions_of(connection, &self.wish, &stretch, CHUNK)?;
        let Some(last) = found.last() else {
            return Ok(Ok(false));
        };
        self.stretch = Some(Stretch::ById { after: Some(last.id.clone()) });
        let sessions = fitting(connection, &self.options.filter, found)?;
        for facts in session_facts::load(connection, &self.world.library, sessions)? {
            let key = self.options.group_by.iter().map(|name| self.cut(&facts, name)).collect();
            let gateway = self.world.gateways.get(&facts.session.channel_id).map_or("", String::as_str);
            self.groups.entry(key).or_default().add(&facts, gateway);
        }
        if self.groups.len() > GROUPS_MAX {
            return Ok(Err(OptionFault {
                name: "groupBy".to_owned(),
                wrong: Wrong::Value,
                detail: format!("more than {GROUPS_MAX} groups; group by something with fewer values"),
            }));
        }
        Ok(Ok(true))
    }

    /// What a session has of something that is grouped by.
    fn cut(&self, facts: &SessionFacts, name: &str) -> Option<String> {
        let local = |at: NaiveDateTime| self.options.zone.from_utc_datetime(&at);
        let started = facts.started_at().map(local);
        match name {
            "country" => {
                Phone::from_stored(&facts.session.phone).map(|phone| phone.country_code().to_owned())
            }
            "language" => Some(facts.session.language.clone()),
            "revision" => Some(facts.session.revision.to_string()),
            "day" => started.map(|at| at.date_naive().to_string()),
            "hour" => started.map(|at| format!("{:02}", at.hour())),
            "weekday" => started.map(|at| at.weekday().number_from_monday().to_string()),
            variable => {
                let variables = facts.session.variables().ok()?;
                variables.get(variable).filter(|value| !value.is_empty()).map(str::to_owned)
            }
        }
    }
}
