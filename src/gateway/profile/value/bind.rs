//! [`Instance`]: what a configured gateway gives to its profile, and [`Expr::bind`], which puts it in once, when the
//! gateway is opened. After that only what is about the message is left to fill in.

use std::collections::BTreeMap;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::template::{Part, Template};
use super::{Choose, Expr};

/// What a configured gateway gives to its profile.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Where it listens; checked (GW41).
    pub base_url: Option<Url>,
    /// Plain values by name, defaults of the profile included.
    pub params: BTreeMap<String, Value>,
    /// Secrets by name: one, or two while they are changed over.
    pub secrets: BTreeMap<String, Vec<SecretString>>,
}

/// What an instance does not give, or gives wrongly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindFault {
    /// What is wanting.
    pub wanting: Wanting,
    /// What to do.
    pub problem: String,
}

/// A key of the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanting {
    /// `base_url`.
    BaseUrl,
    /// `params.x`.
    Param(String),
    /// `secrets.x`.
    Secret(String),
    /// `secrets.x`, without which anybody could call us.
    Proof(String),
    /// The public URL of this server.
    PublicUrl,
    /// Nothing of the instance: the profile itself.
    Profile,
}

impl BindFault {
    /// A fault.
    #[must_use]
    pub fn new(wanting: Wanting, problem: impl Into<String>) -> Self {
        Self { wanting, problem: problem.into() }
    }
}

impl Instance {
    /// A value by its name.
    ///
    /// # Errors
    /// It is not given.
    pub fn param(&self, name: &str) -> Result<&Value, BindFault> {
        let missing = || BindFault::new(Wanting::Param(name.to_owned()), "the profile needs this value");
        self.params.get(name).ok_or_else(missing)
    }

    /// Secrets by their name.
    ///
    /// # Errors
    /// None is given.
    pub fn secrets(&self, name: &str) -> Result<&[SecretString], BindFault> {
        let missing = || BindFault::new(Wanting::Secret(name.to_owned()), "the profile needs this secret");
        self.secrets.get(name).map(Vec::as_slice).filter(|secrets| !secrets.is_empty()).ok_or_else(missing)
    }
}

impl Expr {
    /// The same with everything of the instance put in.
    ///
    /// # Errors
    /// [`BindFault`], the first.
    pub fn bind(&self, instance: &Instance) -> Result<Self, BindFault> {
        Ok(match self {
            Self::Literal(_) | Self::Hidden(_) | Self::Variable(_) | Self::Scale(_) => self.clone(),
            Self::Param(name) => Self::Literal(instance.param(name)?.clone()),
            Self::Secret(name) => {
                let first = instance.secrets(name)?.first();
                first.map_or(Self::Literal(Value::Null), |secret| Self::Hidden(secret.clone()))
            }
            Self::Fill(template) => Self::Fill(template.bind(instance)?),
            Self::Choose(choose) => return choose.bind(instance),
            Self::List(items) => {
                let mut bound = Vec::new();
                for item in items {
                    match item.secret() {
                        // Both secrets while they are changed over.
                        Some(name) => {
                            bound.extend(instance.secrets(name)?.iter().cloned().map(Self::Hidden));
                        }
                        None => bound.push(item.bind(instance)?),
                    }
                }
                Self::List(bound)
            }
            Self::Map(members) => {
                let bind = |(name, value): &(String, Self)| Ok((name.clone(), value.bind(instance)?));
                Self::Map(members.iter().map(bind).collect::<Result<_, _>>()?)
            }
        })
    }

    /// The text of a value that nothing is left to fill in.
    #[must_use]
    pub fn plain_text(&self) -> Option<String> {
        match self {
            Self::Literal(value) => super::eval::text_of(value),
            Self::Hidden(secret) => Some(secret.expose_secret().to_owned()),
            Self::Variable(_)
            | Self::Param(_)
            | Self::Secret(_)
            | Self::Fill(_)
            | Self::Choose(_)
            | Self::Scale(_)
            | Self::List(_)
            | Self::Map(_) => None,
        }
    }
}

impl Choose {
    /// A choice by a parameter is made now; one by something of the message later.
    fn bind(&self, instance: &Instance) -> Result<Expr, BindFault> {
        if let Expr::Param(name) = &self.on {
            let word = super::eval::text_of(instance.param(name)?).unwrap_or_default();
            let case = self.cases.iter().find(|(case, _)| *case == word).map(|(_, value)| value);
            let Some(value) = case.or(self.otherwise.as_ref()) else {
                let known: Vec<&str> = self.cases.iter().map(|(case, _)| case.as_str()).collect();
                let problem = format!("write one of {}", known.join(", "));
                return Err(BindFault::new(Wanting::Param(name.clone()), problem));
            };
            return value.bind(instance);
        }
        let bind = |(case, value): &(String, Expr)| Ok((case.clone(), value.bind(instance)?));
        let choose = Self {
            on: self.on.bind(instance)?,
            cases: self.cases.iter().map(bind).collect::<Result<_, BindFault>>()?,
            otherwise: self.otherwise.as_ref().map(|value| value.bind(instance)).transpose()?,
        };
        Ok(Expr::Choose(Box::new(choose)))
    }
}

impl Template {
    /// The same with everything of the instance put in.
    ///
    /// # Errors
    /// [`BindFault`], the first.
    pub fn bind(&self, instance: &Instance) -> Result<Self, BindFault> {
        let part = |part: &Part| match part {
            Part::Text(_) | Part::BaseUrl => Ok(part.clone()),
            Part::Value(value) => value.bind(instance).map(Part::Value),
        };
        Ok(Self { parts: self.parts.iter().map(part).collect::<Result<_, BindFault>>()? })
    }
}
