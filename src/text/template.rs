//! [`Template`]: a text with `{{variables}}` (Z17). Read once, filled in one pass: a value is never read again, so that
//! no value can name another. Pure; it knows nothing of customers or channels.

use super::Composed;

/// Longest name of a variable, in characters.
pub const NAME_CHARS_MAX: usize = 100;

/// A text of ours with places for values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// Why a text is no template, and at which character, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// Braces that nothing closes.
    #[error("{{{{ at character {0} is never closed by }}}}")]
    Unclosed(usize),
    /// Braces that nothing opened.
    #[error("}}}} at character {0} closes nothing")]
    Unopened(usize),
    /// A name that is empty, too long, or has braces or line breaks in it.
    #[error("the variable at character {0} needs a name of 1 to 100 characters without braces")]
    Name(usize),
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// [`TemplateFault`], the first.
    pub fn parse(body: &str) -> Result<Self, TemplateFault> {
        let mut parts = Vec::new();
        let mut rest = body;
        let mut at = 1;
        loop {
            let Some((text, after)) = rest.split_once("{{") else {
                refuse_closing(rest, at)?;
                push_text(&mut parts, rest);
                return Ok(Self { parts });
            };
            refuse_closing(text, at)?;
            let opened = at + text.chars().count();
            let (name, behind) = after.split_once("}}").ok_or(TemplateFault::Unclosed(opened))?;
            push_text(&mut parts, text);
            parts.push(Part::Variable(name_of(name).ok_or(TemplateFault::Name(opened))?));
            at = opened + "{{".len() + name.chars().count() + "}}".len();
            rest = behind;
        }
    }

    /// Names of the variables in the order in which they first stand there.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for part in &self.parts {
            if let Part::Variable(name) = part
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }

    /// The text with its values in place, numbered replies below it (Z16); `None` for a variable is an error.
    ///
    /// # Errors
    /// The names of the variables that have no value.
    pub fn fill<'v>(
        &self,
        quick_replies: &[String],
        value_of: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<Composed, Vec<String>> {
        let missing: Vec<String> =
            self.variables().into_iter().filter(|name| value_of(name).is_none()).map(str::to_owned).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let mut text = Composed::default();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_literal(literal),
                Part::Variable(name) => text.push_value(value_of(name).unwrap_or_default()),
            }
        }
        for (index, reply) in quick_replies.iter().enumerate() {
            text.push_literal(&format!("\n{}. {reply}", index + 1));
        }
        Ok(text)
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

fn refuse_closing(text: &str, at: usize) -> Result<(), TemplateFault> {
    match text.split_once("}}") {
        Some((before, _)) => Err(TemplateFault::Unopened(at + before.chars().count())),
        None => Ok(()),
    }
}

fn name_of(text: &str) -> Option<String> {
    let name = text.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count())
        && !name.contains(['{', '}'])
        && !name.contains(char::is_control);
    fits.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(body: &str, values: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        Template::parse(body).unwrap().fill(&[], value).map(|text| text.sms().to_owned())
    }

    #[test]
    fn z17_values_are_filled_in_one_pass_and_never_read_again() {
        let text = filled("Hi {{ a }}, {{b}} {{a}}! {c}", &[("a", "{{b}}"), ("b", "x")]);
        assert_eq!(text.unwrap(), "Hi {{b}}, x {{b}}! {c}");
        assert_eq!(filled("{{a}}{{b}}{{a}}", &[("b", "")]), Err(vec!["a".to_owned()]));
    }

    #[test]
    fn z17_unbalanced_braces_are_told_with_their_place() {
        assert_eq!(Template::parse("Hei {{a").unwrap_err(), TemplateFault::Unclosed(5));
        assert_eq!(Template::parse("ø}} {{a}}").unwrap_err(), TemplateFault::Unopened(2));
        assert_eq!(Template::parse("{{ }}").unwrap_err(), TemplateFault::Name(1));
        assert_eq!(Template::parse("{{a}} {{b {{c}}").unwrap_err(), TemplateFault::Name(7));
    }

    #[test]
    fn z16_quick_replies_are_numbered_lines() {
        let text = Template::parse("Come?").unwrap().fill(&["Yes".to_owned(), "No".to_owned()], |_| None);
        assert_eq!(text.unwrap().sms(), "Come?\n1. Yes\n2. No");
    }
}
