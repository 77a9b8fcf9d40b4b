//! The expression language of rules, `when` and variants (survey-file.md §4): typed, total, no arithmetic.

use std::collections::BTreeMap;

use super::{Given, Language, Survey, Value, Variables};

/// A checked expression: it has a value for every session (F29).
#[derive(Clone, Debug)]
pub struct Expr {
    source: String,
}

/// What an expression can see.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The survey.
    pub survey: &'a Survey,
    /// The latest answers.
    pub given: &'a BTreeMap<String, Given>,
    /// The caller's variables.
    pub variables: &'a Variables,
    /// Language of the session.
    pub language: &'a Language,
}

impl Expr {
    /// Seam until the checker lands.
    pub fn seam(source: &str) -> Self {
        Self {
            source: source.to_owned(),
        }
    }

    /// The value.
    #[must_use]
    pub fn eval(&self, facts: &Facts<'_>) -> bool {
        self.source
            .split(" and ")
            .all(|part| cmp(part.trim(), facts).unwrap_or(false))
    }
}

fn cmp(part: &str, facts: &Facts<'_>) -> Option<bool> {
    let (left, rest) = part.split_once(' ')?;
    if let Some(id) = left.strip_prefix("skipped(") {
        let id = id.trim_end_matches(')');
        return Some(
            facts
                .given
                .get(id)
                .is_some_and(|g| g.state == super::AnswerState::Skipped),
        );
    }
    let (op, right) = rest.split_once(' ')?;
    let value = if let Some(name) = left.strip_prefix('$') {
        facts.variables.get(name).unwrap_or("").to_owned()
    } else {
        let element = facts.survey.element(left)?;
        match facts.given.get(left)?.value.as_ref()? {
            Value::Number(n) => n.to_string(),
            Value::Choice(i) => element.kind.options().get(*i)?.code.clone(),
            Value::YesNo(y) => if *y { "yes" } else { "no" }.to_owned(),
            Value::Text(t) => t.clone(),
            Value::Date(d) => d.to_string(),
            Value::Choices(_) => return None,
        }
    };
    let right = right.trim_matches('"');
    Some(match op {
        "==" => value == right,
        "!=" => value != right,
        _ => {
            let (l, r): (f64, f64) = (value.parse().ok()?, right.parse().ok()?);
            match op {
                "<=" => l <= r,
                ">=" => l >= r,
                "<" => l < r,
                ">" => l > r,
                _ => return None,
            }
        }
    })
}
