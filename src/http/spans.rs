//! Turns the parameters of a list into what the use cases take, and checks what is common to several lists.

use super::caller::Caller;
use super::lists::{Order, Paging};
use super::parameters::Parameters;
use super::problem::{FaultCode, Problem, ProblemCode};
use crate::app::engine::Engine;
use crate::app::sessions::Span;
use crate::phone::Phone;

/// The span of a page: one item more than asked for, to know whether more is waiting.
#[must_use]
pub fn span(paging: &Paging) -> Span {
    Span {
        from: paging.from.map(|at| at.naive_utc()),
        to: paging.to.map(|at| at.naive_utc()),
        updated_after: paging.updated_after.map(|at| at.naive_utc()),
        after: paging.cursor.clone().map(|cursor| (cursor.updated_at.naive_utc(), cursor.id)),
        descending: paging.order == Order::Descending,
        limit: i64::try_from(paging.limit).unwrap_or(i64::MAX).saturating_add(1),
    }
}

/// A phone in E.164. A bare `+` arrives as a space and is read as `+`.
pub fn phone(parameters: &mut Parameters) -> Option<String> {
    let text = parameters.text("phone")?;
    let text = text.strip_prefix(' ').map_or_else(|| text.clone(), |digits| format!("+{digits}"));
    let phone = Phone::correlation(&text);
    if phone.is_none() {
        parameters.fault("phone", FaultCode::InvalidParam, "use E.164, such as +4799999999 (send + as %2B)");
    }
    phone.map(|phone| phone.as_e164().to_owned())
}

/// The surveys of a list: the one asked for, else those the key is limited to; `None` = all.
///
/// # Errors
/// 404 `survey_not_found` for one that does not exist, or not for this key.
pub fn surveys(
    engine: &Engine,
    caller: &Caller,
    wanted: Option<&str>,
) -> Result<Option<Vec<String>>, Problem> {
    if let Some(wanted) = wanted {
        let row = engine.library.find(wanted).filter(|row| caller.sees_survey(&row.id, &row.uuid));
        let row =
            row.ok_or_else(|| Problem::new(ProblemCode::SurveyNotFound, "no survey has this id or UUID"))?;
        return Ok(Some(vec![row.id]));
    }
    if caller.key().surveys.is_none() {
        return Ok(None);
    }
    let all = engine.library.all().into_iter();
    Ok(Some(all.filter(|row| caller.sees_survey(&row.id, &row.uuid)).map(|row| row.id).collect()))
}

/// The channels of a list, likewise.
///
/// # Errors
/// 404 `channel_not_found`.
pub fn channels(
    engine: &Engine,
    caller: &Caller,
    wanted: Option<&str>,
) -> Result<Option<Vec<String>>, Problem> {
    if let Some(wanted) = wanted {
        let wanted = wanted.to_ascii_lowercase();
        let is_seen = engine.channels.get(&wanted).is_some() && caller.sees_channel(&wanted);
        return if is_seen {
            Ok(Some(vec![wanted]))
        } else {
            Err(Problem::new(ProblemCode::ChannelNotFound, "no channel has this id"))
        };
    }
    Ok(caller.key().channels.as_ref().map(|listed| listed.iter().cloned().collect()))
}
