//! [`Expr`]: the values of a send (gateways.md 2.2), a typed tree whose leaves are literals or names. One pass: what
//! stands in a value is never read again (GW40). Nothing is computed, called or read but what this list holds (GW43).

mod bind;
mod eval;
mod scale;
mod template;
mod variable;

use secrecy::SecretString;
use serde_json::Value;

pub use bind::{BindFault, Instance, Wanting};
pub use eval::{Message, text_of};
pub use scale::{Piece, Scale};
pub use template::{Part, Template, TemplateFault};
pub use variable::Variable;

/// A value of a send, of a verifier or of a setting.
#[derive(Clone, Debug)]
pub enum Expr {
    /// Null, true, false, a number or a text.
    Literal(Value),
    /// A secret, put in when the gateway was opened; never printed.
    Hidden(SecretString),
    /// Something about the message.
    Variable(Variable),
    /// `$param.x`: a plain value of the instance.
    Param(String),
    /// `$secret.x`: a secret of the instance.
    Secret(String),
    /// `{fill: "…{name}…"}`.
    Fill(Template),
    /// `{choose: $x, a: …, else: …}`.
    Choose(Box<Choose>),
    /// `{scale: $ttl_seconds, pieces: […]}`.
    Scale(Scale),
    /// A list.
    List(Vec<Expr>),
    /// Named values, in file order.
    Map(Vec<(String, Expr)>),
}

/// A selection by value.
#[derive(Clone, Debug)]
pub struct Choose {
    /// What is looked at: a variable, a parameter, or once bound, its value.
    pub on: Expr,
    /// Word and value.
    pub cases: Vec<(String, Expr)>,
    /// The value of every other word.
    pub otherwise: Option<Expr>,
}

impl Expr {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Literal(Value::String(text.into()))
    }

    /// The name of a parameter, if that is what it is.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        if let Self::Param(name) = self { Some(name) } else { None }
    }

    /// The name of a secret, if that is what it is.
    #[must_use]
    pub fn secret(&self) -> Option<&str> {
        if let Self::Secret(name) = self { Some(name) } else { None }
    }

    /// The variable, if that is what it is.
    #[must_use]
    pub fn variable(&self) -> Option<Variable> {
        if let Self::Variable(variable) = self { Some(*variable) } else { None }
    }

    /// The items of a list, if that is what it is.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// Calls `visit` with this value and every one within it.
    pub fn visit(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        match self {
            Self::Literal(_)
            | Self::Hidden(_)
            | Self::Variable(_)
            | Self::Param(_)
            | Self::Secret(_)
            | Self::Scale(_) => {}
            Self::Fill(template) => template.values().for_each(|value| value.visit(visit)),
            Self::Choose(choose) => {
                choose.on.visit(visit);
                choose.cases.iter().for_each(|(_, value)| value.visit(visit));
                choose.otherwise.iter().for_each(|value| value.visit(visit));
            }
            Self::List(items) => items.iter().for_each(|item| item.visit(visit)),
            Self::Map(members) => members.iter().for_each(|(_, value)| value.visit(visit)),
        }
    }
}
