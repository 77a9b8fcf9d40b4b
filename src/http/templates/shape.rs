//! How a template and its texts are shown (http-api.md 7.1).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::app::templates::{self, TemplateRow};
use crate::app::warning::Warning;

/// A template.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Template)]
pub struct TemplateShape {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// As cleaned.
    #[schema(example = "table_ready")]
    pub name: String,
    /// Always `ready`.
    #[schema(example = "ready")]
    pub status: &'static str,
    /// Language code.
    pub language: String,
    /// The caller's own label.
    pub category: Option<String>,
    /// Channels it is made available to; empty = all.
    pub channel_ids: Vec<String>,
    /// The text with its `{{variables}}`.
    pub body: String,
    /// Shown as numbered lines.
    pub quick_replies: Vec<String>,
    /// The variables, in the order in which they first stand in the text.
    pub variables: Vec<VariableShape>,
    /// Advice.
    pub warnings: Vec<Warning>,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// A variable of a template.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = TemplateVariable)]
pub struct VariableShape {
    /// Its name.
    pub name: String,
    /// What stands in its place in a preview.
    pub sample: String,
}

/// How a text of a template looks.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = TemplatePreview)]
pub struct PreviewShape {
    /// As it would be sent.
    pub text: String,
    /// `gsm7` or `ucs2`.
    pub encoding: &'static str,
    /// SMS parts.
    pub segments: usize,
    /// Advice.
    pub warnings: Vec<Warning>,
}

impl TemplateShape {
    /// A template as stored.
    #[must_use]
    pub fn of(row: &TemplateRow) -> Self {
        let variables = templates::variables(row).into_iter();
        let (_, _, warnings) = templates::preview(row, &BTreeMap::new());
        Self {
            id: row.id.clone(),
            name: row.name.clone(),
            status: "ready",
            language: row.language.clone(),
            category: row.category.clone(),
            channel_ids: templates::list_of(&row.channel_ids),
            body: row.body.clone(),
            quick_replies: templates::list_of(&row.quick_replies),
            variables: variables.map(|name| VariableShape { sample: name.clone(), name }).collect(),
            warnings,
            created_at: crate::http::times::shown(row.created_at),
            updated_at: crate::http::times::shown(row.updated_at),
        }
    }
}
