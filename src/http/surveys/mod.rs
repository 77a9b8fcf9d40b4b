//! Surveys (http-api.md 3): uploaded, checked, published, archived, read and played. An upload is the survey
//! file itself, YAML or JSON.

pub mod read;
pub mod release;
mod shape;
pub mod simulate;
mod tags;
pub mod upload;

pub use shape::{CheckShape, SurveyShape};

use super::api::Api;
use super::caller::Caller;
use super::idempotency::Answer;
use super::problem::{Fault, FaultCode, Problem, ProblemCode};
use crate::app::manage_surveys::{ManagedSurvey, SurveyRefused, SurveyRow};

/// The survey of a path, if it exists for the caller.
pub(super) fn visible(api: &Api, caller: &Caller, named: &str) -> Result<SurveyRow, Problem> {
    api.engine.library.find(named).filter(|row| caller.sees_survey(&row.id, &row.uuid)).ok_or_else(not_found)
}

fn answer(status: u16, done: &ManagedSurvey, notes: Vec<Fault>) -> Answer {
    let location = (status == 201).then(|| format!("/v1/surveys/{}", done.row.id));
    let shape = SurveyShape::new(&done.row, Some(&done.survey), notes);
    (status, location, serde_json::json!(shape).to_string())
}

fn not_found() -> Problem {
    Problem::new(ProblemCode::SurveyNotFound, "no survey has this id or UUID")
}

fn refusal(refused: SurveyRefused) -> Problem {
    match refused {
        SurveyRefused::NotFound => not_found(),
        SurveyRefused::RevisionNotFound => {
            let detail = "the survey has no such revision";
            Problem::validation(vec![Fault::new("/revision", FaultCode::InvalidParam, detail)])
        }
        SurveyRefused::IdTaken => {
            Problem::new(ProblemCode::SurveyIdTaken, "send a new revision with PUT, or choose another id")
        }
        SurveyRefused::UuidTaken => {
            let detail =
                "the uuid is another survey's, or this survey has another one already; remove the key";
            Problem::survey_invalid(vec![Fault::of_checker("/uuid", "E15", detail)])
        }
        SurveyRefused::RevisionChanged { latest } => {
            Problem::new(ProblemCode::RevisionChanged, format!("the latest revision is {latest}"))
        }
        SurveyRefused::Unchecked { revision } => {
            let detail =
                format!("revision {revision} does not pass the check of this version; upload it again");
            Problem::survey_invalid(vec![Fault::of_checker("", "E16", detail)])
        }
        SurveyRefused::WrongState { current } => {
            Problem::invalid_state_transition(&current, "only an active survey is archived")
        }
    }
}
