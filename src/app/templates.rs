//! Templates (Z07–Z19): made, changed, deleted, and what a text made of one looks like. SMS templates are ready at once
//! (Z08).

use std::collections::BTreeMap;

use serde_json::json;

use super::audit::{self, Action, Actor};
use super::engine::Engine;
use super::failure::Failure;
use super::warning::{Warning, WarningCode};
use crate::clock::Timestamp;
use crate::store::{AnyConnection, StoreError, templates};
use crate::survey::reply::fold;
use crate::survey::reply::lexicon::keywords;
use crate::survey::reply::plain_form;
use crate::text::template::{Template, TemplateFault};
use crate::text::{self, Composed, Length};

pub use crate::store::templates::TemplateRow;

/// Longest name, as cleaned (Z10).
const NAME_CHARS_MAX: usize = 512;

/// What a caller wants a template to be; `None` = as it is, or nothing for a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the properties of http-api.md 7.1")]
pub struct TemplateWish {
    pub name: Option<String>,
    pub language: Option<String>,
    pub category: Option<String>,
    pub channel_ids: Option<Vec<String>>,
    pub body: Option<String>,
    pub quick_replies: Option<Vec<String>>,
}

/// Why a template is not made, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateRefused {
    /// No such template.
    NotFound,
    /// Nothing is left of the name once it is cleaned (Z10).
    NoName,
    /// Another template has this name.
    NameTaken {
        /// As cleaned.
        name: String,
    },
    /// The body is no template.
    Syntax(TemplateFault),
    /// A link and quick replies exclude each other (Z16).
    LinkAndQuickReplies,
    /// A trigger or a handoff needs it.
    InUse,
}

/// A name as it is stored: folded, everything but letters and digits an underscore (Z10); `None` when nothing is left.
#[must_use]
pub fn cleaned_name(name: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' };
    let cleaned: String = fold(name).chars().map(plain).take(NAME_CHARS_MAX).collect();
    let cleaned = cleaned.trim_matches('_');
    (!cleaned.is_empty()).then(|| cleaned.to_owned())
}

/// Makes a template. The wish names it and has a body and a language.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn create(
    engine: &Engine,
    connection: &mut AnyConnection,
    wish: &TemplateWish,
    actor: &Actor,
    now: Timestamp,
) -> Result<Result<TemplateRow, TemplateRefused>, StoreError> {
    let at = now.naive_utc();
    let blank = TemplateRow {
        id: engine.ids.next(now),
        name: String::new(),
        language: String::new(),
        category: None,
        channel_ids: "[]".to_owned(),
        body: String::new(),
        quick_replies: "[]".to_owned(),
        created_at: at,
        updated_at: at,
    };
    let row = match checked(connection, blank, wish)? {
        Ok(row) => row,
        Err(refused) => return Ok(Err(refused)),
    };
    templates::insert_template(connection, &row)?;
    note(connection, actor, Action::TemplateCreated, &row, now)?;
    Ok(Ok(row))
}

/// Changes a template: the properties given.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn change(
    connection: &mut AnyConnection,
    id: &str,
    wish: &TemplateWish,
    actor: &Actor,
    now: Timestamp,
) -> Result<Result<TemplateRow, TemplateRefused>, StoreError> {
    let Some(known) = templates::find_template(connection, id)? else {
        return Ok(Err(TemplateRefused::NotFound));
    };
    let row = match checked(connection, known, wish)? {
        Ok(row) => TemplateRow { updated_at: now.naive_utc(), ..row },
        Err(refused) => return Ok(Err(refused)),
    };
    templates::update_template(connection, &row)?;
    note(connection, actor, Action::TemplateChanged, &row, now)?;
    Ok(Ok(row))
}

/// Deletes a template that nothing needs.
///
/// # Errors
/// [`StoreError`] of a statement.
pub fn delete(
    connection: &mut AnyConnection,
    id: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<Result<(), TemplateRefused>, StoreError> {
    let Some(row) = templates::find_template(connection, id)? else {
        return Ok(Err(TemplateRefused::NotFound));
    };
    if templates::is_template_used(connection, id)? {
        return Ok(Err(TemplateRefused::InUse));
    }
    templates::delete_template(connection, id)?;
    note(connection, actor, Action::TemplateDeleted, &row, now)?;
    Ok(Ok(()))
}

fn note(
    connection: &mut AnyConnection,
    actor: &Actor,
    action: Action,
    row: &TemplateRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let detail = json!({"name": row.name, "digest": audit::digest(&row.body)});
    audit::record(connection, actor, action, &format!("template:{}", row.id), &detail, now)
}

/// The template with what is wished for in place, if it may be so.
fn checked(
    connection: &mut AnyConnection,
    mut row: TemplateRow,
    wish: &TemplateWish,
) -> Result<Result<TemplateRow, TemplateRefused>, StoreError> {
    if let Some(name) = &wish.name {
        let Some(name) = cleaned_name(name) else {
            return Ok(Err(TemplateRefused::NoName));
        };
        let other = templates::template_named(connection, &name)?;
        if other.is_some_and(|other| other.id != row.id) {
            return Ok(Err(TemplateRefused::NameTaken { name }));
        }
        row.name = name;
    }
    row.language = wish.language.clone().unwrap_or(row.language);
    row.category = wish.category.clone().or(row.category);
    row.body = wish.body.clone().unwrap_or(row.body);
    let list =
        |wished: Option<&Vec<String>>, known: String| wished.map_or(known, |list| json!(list).to_string());
    row.channel_ids = list(wish.channel_ids.as_ref(), row.channel_ids);
    row.quick_replies = list(wish.quick_replies.as_ref(), row.quick_replies);
    if let Err(fault) = Template::parse(&row.body) {
        return Ok(Err(TemplateRefused::Syntax(fault)));
    }
    let has_link = ["http://", "https://", "www."].iter().any(|start| row.body.contains(start));
    if has_link && row.quick_replies != "[]" {
        return Ok(Err(TemplateRefused::LinkAndQuickReplies));
    }
    Ok(Ok(row))
}

/// One template.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn find(engine: &Engine, id: &str) -> Result<Option<TemplateRow>, Failure> {
    let id = id.to_owned();
    Ok(engine.store.read(move |connection| templates::find_template(connection, &id)).await?)
}

/// All templates, oldest first.
///
/// # Errors
/// [`Failure`] when they cannot be read.
pub async fn all(engine: &Engine) -> Result<Vec<TemplateRow>, Failure> {
    Ok(engine.store.read(templates::all_templates).await?)
}

/// Stored texts, such as the quick replies of a template; what cannot be read is empty.
#[must_use]
pub fn list_of(stored: &str) -> Vec<String> {
    serde_json::from_str(stored).unwrap_or_default()
}

/// The text of a template with these values.
///
/// # Errors
/// The names of the variables that have none.
pub fn rendered(row: &TemplateRow, values: &BTreeMap<String, String>) -> Result<Composed, Vec<String>> {
    // What is stored was parsed before it was.
    let template = Template::parse(&row.body).map_err(|_| Vec::new())?;
    let replies = list_of(&row.quick_replies);
    template.fill(&replies, |name| values.get(name).map(String::as_str))
}

/// Names of a template's variables.
#[must_use]
pub fn variables(row: &TemplateRow) -> Vec<String> {
    let template = Template::parse(&row.body);
    template.map(|t| t.variables().into_iter().map(str::to_owned).collect()).unwrap_or_default()
}

/// How the text looks: with the values given, and the names of the others in their places (Z17).
#[must_use]
pub fn preview(row: &TemplateRow, values: &BTreeMap<String, String>) -> (String, Length, Vec<Warning>) {
    let mut all: BTreeMap<String, String> =
        variables(row).into_iter().map(|name| (name.clone(), name)).collect();
    all.extend(values.iter().map(|(name, value)| (name.clone(), value.clone())));
    let text = rendered(row, &all).map(|text| text.sms().to_owned()).unwrap_or_default();
    let length = text::length(&text);
    let warnings = advice(&text, &length);
    (text, length, warnings)
}

/// Z37: keep it short, and say how to get out.
fn advice(text: &str, length: &Length) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if length.segments > 1 {
        let detail = format!("it needs {} SMS parts; one is better read and cheaper", length.segments);
        warnings.push(Warning::new(WarningCode::OverOneSegment, "/body", detail));
    }
    let plain = format!(" {} ", plain_form(text));
    let words = [keywords::STRONG, keywords::WEAK_EN, keywords::WEAK_NO].concat();
    if !words.into_iter().any(|word| plain.contains(&format!(" {} ", plain_form(word)))) {
        let detail = "add for example \"STOP to opt out\"";
        warnings.push(Warning::new(WarningCode::NoOptOutHint, "/body", detail));
    }
    warnings
}
