//! How many surveys an API key and a channel may start in a day (GW88, RF40): counted in the call's own transaction,
//! exactly, so that a stolen key is worth no more than a day's surveys.

use chrono::{Duration, NaiveDateTime, NaiveTime};

use super::SendSurveyTurn;
use crate::app::moment::Moment;
use crate::store::events::CounterRow;
use crate::telemetry::Incident;

/// How the names of all these counters begin.
pub const BUDGETS: &str = "surveys:";

/// The name of the counter of a key or a channel; `kind` is `key` or `channel`.
#[must_use]
pub fn budget_counter(kind: &str, id: &str) -> String {
    format!("{BUDGETS}{kind}:{id}")
}

/// One budget of a call: the name of its counter, and the most surveys of a day.
struct Budget {
    counter: String,
    surveys_max: i32,
}

impl SendSurveyTurn {
    /// Names of the counters that the call counts up.
    pub(super) fn budget_counters(&self) -> Vec<String> {
        self.budgets().into_iter().map(|budget| budget.counter).collect()
    }

    /// When the next day begins, if a budget of this one is used up.
    pub(super) fn budget_used_up_until(&self, moment: &Moment<'_>) -> Option<NaiveDateTime> {
        let today = start_of_day(moment.at());
        let used_up =
            self.budgets().into_iter().find(|budget| used(moment, budget, today) >= budget.surveys_max)?;
        tracing::error!(budget = %used_up.counter, "all surveys of the day are started");
        moment.engine.metrics.incident(Incident::BudgetUsedUp);
        Some(today + Duration::days(1))
    }

    /// Counts the session that the call makes.
    pub(super) fn charge(&self, moment: &mut Moment<'_>) {
        let today = start_of_day(moment.at());
        for budget in self.budgets() {
            let count = used(moment, &budget, today) + 1;
            let row = CounterRow { name: budget.counter.clone(), window_at: today, count };
            moment.space.counters.put(budget.counter, row);
        }
    }

    fn budgets(&self) -> Vec<Budget> {
        let settings = &self.engine.settings;
        let budget = |kind: &str, id: Option<&str>, surveys_max: Option<i32>| {
            Some(Budget { counter: budget_counter(kind, id?), surveys_max: surveys_max? })
        };
        let channel_id = self.prepared.channel.as_ref().map(|channel| channel.row.id.as_str());
        let of_key = budget("key", self.prepared.key_id.as_deref(), settings.surveys_per_key_day);
        let of_channel = budget("channel", channel_id, settings.surveys_per_channel_day);
        of_key.into_iter().chain(of_channel).collect()
    }
}

/// Surveys started today.
fn used(moment: &Moment<'_>, budget: &Budget, today: NaiveDateTime) -> i32 {
    let row = moment.space.counters.get(&budget.counter).filter(|row| row.window_at == today);
    row.map_or(0, |row| row.count)
}

/// The day of a budget begins at midnight UTC.
#[must_use]
pub fn start_of_day(at: NaiveDateTime) -> NaiveDateTime {
    at.date().and_time(NaiveTime::MIN)
}
