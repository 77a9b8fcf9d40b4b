//! [`Template`]: a text with `{name}` in it (gateways.md 2.2). Each name is put in once, and what is put in is never
//! looked at again (GW40).

use super::{Expr, Variable};

/// A text with names in it.
#[derive(Clone, Debug)]
pub struct Template {
    /// In order.
    pub parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// The base URL of the instance, without a slash at its end.
    BaseUrl,
    /// A variable, a parameter or a secret.
    Value(Expr),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// A `{` without `}`, or the other way round.
    Brace,
    /// No such name.
    Unknown(String),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateFault`].
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(TemplateFault::Brace)?;
            push_text(&mut parts, before)?;
            parts.push(part(name)?);
            rest = after;
        }
        push_text(&mut parts, rest)?;
        Ok(Self { parts })
    }

    /// The values in it.
    pub fn values(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(value) => Some(value),
            Part::Text(_) | Part::BaseUrl => None,
        })
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) -> Result<(), TemplateFault> {
    if text.contains('}') {
        return Err(TemplateFault::Brace);
    }
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
    Ok(())
}

fn part(name: &str) -> Result<Part, TemplateFault> {
    if name == "base_url" {
        return Ok(Part::BaseUrl);
    }
    Expr::named(name).map(Part::Value).ok_or_else(|| TemplateFault::Unknown(name.to_owned()))
}

impl Expr {
    /// The value of a name, as it follows `$` or stands in `{}`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let fits = |name: &&str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if let Some(param) = name.strip_prefix("param.").filter(fits) {
            return Some(Self::Param(param.to_owned()));
        }
        if let Some(secret) = name.strip_prefix("secret.").filter(fits) {
            return Some(Self::Secret(secret.to_owned()));
        }
        Variable::named(name).map(Self::Variable)
    }
}
