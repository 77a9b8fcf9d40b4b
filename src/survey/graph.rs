//! `survey graph`: the flow of a survey as Mermaid, as DOT and as SVG. The SVG is drawn here, without any tool:
//! one box per element in file order, its rules as rows, and a lane per jump.

use std::fmt::Write as _;

use super::{Element, Kind, Survey, Target};

mod svg;

/// A survey as boxes and arrows.
#[derive(Clone, Debug)]
pub struct Graph {
    title: String,
    nodes: Vec<Box>,
}

/// One element or the completion.
#[derive(Clone, Debug)]
struct Box {
    name: String,
    kind: String,
    /// The beginning of its text in the default language.
    wording: String,
    is_question: bool,
    /// `when`, as written.
    when: Option<String>,
    /// Jumps of its rules.
    jumps: Vec<Jump>,
    /// Where it goes when no rule matches; `None` for the completion.
    onward: Option<usize>,
}

/// A rule that jumps, or one that only sets a tag.
#[derive(Clone, Debug)]
struct Jump {
    label: String,
    /// Position of the box; `None` = a tag only.
    to: Option<usize>,
}

impl Graph {
    /// The graph of a survey; its last box is the completion.
    #[must_use]
    pub fn of(survey: &Survey) -> Self {
        let count = survey.elements.len();
        let position = |target: Target| match target {
            Target::Element(index) => index,
            Target::Completion => count,
        };
        let mut nodes: Vec<Box> = survey
            .elements
            .iter()
            .enumerate()
            .map(|(index, element)| Box {
                name: element.id.clone(),
                kind: describe(element),
                wording: element.text.default_text().to_owned(),
                is_question: element.kind.is_question(),
                when: element.when.as_ref().map(|when| when.source().to_owned()),
                jumps: jumps(element, position),
                onward: Some(element.next.map_or(index + 1, position)),
            })
            .collect();
        nodes.push(Box {
            name: "completion".to_owned(),
            kind: "end".to_owned(),
            wording: survey.completion.text.default_text().to_owned(),
            is_question: false,
            when: None,
            jumps: Vec::new(),
            onward: None,
        });
        Self { title: survey.title.clone(), nodes }
    }

    /// A Mermaid flowchart.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut out = String::from("flowchart TD\n");
        for (index, node) in self.nodes.iter().enumerate() {
            let label = mermaid_text(&node.caption());
            let _ = match (node.onward, node.is_question) {
                (None, _) => writeln!(out, "  n{index}([\"{label}\"])"),
                (Some(_), true) => writeln!(out, "  n{index}[\"{label}\"]"),
                (Some(_), false) => writeln!(out, "  n{index}>\"{label}\"]"),
            };
        }
        for (from, label, to) in self.arrows() {
            let _ = match label {
                Some(label) => writeln!(out, "  n{from} -->|\"{}\"| n{to}", mermaid_text(&label)),
                None => writeln!(out, "  n{from} --> n{to}"),
            };
        }
        out
    }

    /// A graph in the DOT language.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut out = String::from("digraph survey {\n");
        let _ = writeln!(out, "  label=\"{}\";", dot_text(&self.title));
        out.push_str("  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n");
        for (index, node) in self.nodes.iter().enumerate() {
            let shape = match (node.onward, node.is_question) {
                (None, _) => "oval",
                (Some(_), true) => "box",
                (Some(_), false) => "note",
            };
            let _ = writeln!(out, "  n{index} [shape={shape}, label=\"{}\"];", dot_text(&node.caption()));
        }
        for (from, label, to) in self.arrows() {
            let _ = match label {
                Some(label) => writeln!(out, "  n{from} -> n{to} [label=\"{}\"];", dot_text(&label)),
                None => writeln!(out, "  n{from} -> n{to};"),
            };
        }
        out.push_str("}\n");
        out
    }

    /// A drawing in SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::draw(&self.title, &self.nodes)
    }

    /// Arrows: rules first, then the way on, `else` when there are rules.
    fn arrows(&self) -> Vec<(usize, Option<String>, usize)> {
        let mut arrows = Vec::new();
        for (from, node) in self.nodes.iter().enumerate() {
            for jump in &node.jumps {
                arrows.extend(jump.to.map(|to| (from, Some(jump.label.clone()), to)));
            }
            let has_jumps = node.jumps.iter().any(|jump| jump.to.is_some());
            let label = has_jumps.then(|| "else".to_owned());
            arrows.extend(node.onward.map(|to| (from, label, to)));
        }
        arrows
    }
}

impl Box {
    fn caption(&self) -> String {
        match &self.when {
            Some(when) => format!("{} ({})\nonly if {when}", self.name, self.kind),
            None => format!("{} ({})", self.name, self.kind),
        }
    }
}

fn jumps(element: &Element, position: impl Fn(Target) -> usize) -> Vec<Jump> {
    let rules = element.rules.iter().map(|rule| Jump {
        label: match &rule.tag {
            Some(tag) => format!("{} [{tag}]", rule.condition.source()),
            None => rule.condition.source().to_owned(),
        },
        to: rule.goto.map(&position),
    });
    rules.collect()
}

fn describe(element: &Element) -> String {
    match &element.kind {
        Kind::Scale { min, max, .. } => format!("scale {min}-{max}"),
        Kind::SingleChoice { options } => format!("single_choice, {} options", options.len()),
        Kind::MultipleChoice { options, max_select, .. } => {
            format!("multiple_choice, up to {max_select} of {}", options.len())
        }
        Kind::Text
        | Kind::Nps { .. }
        | Kind::Number { .. }
        | Kind::YesNo
        | Kind::FreeText { .. }
        | Kind::Date { .. } => element.kind.name().to_owned(),
    }
}

/// A text inside Mermaid quotes.
fn mermaid_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("<br/>"),
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            c => out.push(c),
        }
    }
    out
}

/// A text inside DOT quotes.
fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
