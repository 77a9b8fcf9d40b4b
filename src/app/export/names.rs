//! [`Names`]: names of columns that pandas, R and SPSS take unchanged, each once (X2).

use std::collections::BTreeSet;

/// Most characters of a name.
const CHARS_MAX: usize = 63;

/// Words that SPSS keeps for itself.
const SPSS_WORDS: &[&str] =
    &["all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"];

/// The names given so far; upper and lower case are the same to SPSS.
#[derive(Clone, Debug, Default)]
pub struct Names {
    given: BTreeSet<String>,
}

impl Names {
    /// With names that are taken.
    #[must_use]
    pub fn with<'n>(taken: impl IntoIterator<Item = &'n str>) -> Self {
        Self { given: taken.into_iter().map(str::to_lowercase).collect() }
    }

    /// A name for a question: its wish, or that with `q_` in front when it is taken or kept by SPSS.
    pub fn question(&mut self, wish: &str) -> String {
        let wish = plain(wish);
        let lower = wish.to_lowercase();
        if SPSS_WORDS.contains(&lower.as_str()) || self.given.contains(&lower) {
            return self.free(&format!("q_{wish}"));
        }
        self.free(&wish)
    }

    /// A name as wished, or that with a number.
    pub fn free(&mut self, wish: &str) -> String {
        let wish = plain(wish);
        let mut name = cut(&wish, CHARS_MAX);
        let mut number = 2;
        while !self.given.insert(name.to_lowercase()) {
            let tail = format!("_{number}");
            name = format!("{}{tail}", cut(&wish, CHARS_MAX - tail.len()));
            number += 1;
        }
        name
    }
}

/// Letters, digits and `_` alone; the first one a letter.
fn plain(wish: &str) -> String {
    let name: String = wish.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("v_{name}") }
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// The same name as JSON spells it.
#[must_use]
pub fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut whole, word| {
        let mut letters = word.chars();
        whole.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        whole.push_str(letters.as_str());
        whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x2_names_fit_every_tool_and_stand_once() {
        let mut names = Names::with(["status"]);
        assert_eq!(names.question("csat"), "csat");
        assert_eq!(names.question("status"), "q_status");
        assert_eq!(names.question("with"), "q_with");
        assert_eq!(names.free("var_kø nummer"), "var_k__nummer");
        assert_eq!(names.free("VAR_k__nummer"), "VAR_k__nummer_2");
        assert_eq!(names.free("=1+1"), "v__1_1");
        let long = "a".repeat(70);
        assert_eq!(names.free(&long).len(), 63);
        assert_eq!(names.free(&long), format!("{}_2", "a".repeat(61)));
        assert_eq!(camel_case("first_reply_at"), "firstReplyAt");
        assert_eq!(camel_case("index0"), "index0");
    }
}
