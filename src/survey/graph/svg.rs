//! Draws a graph as SVG: boxes one below the other in file order, the rules of an element as rows of its box,
//! and right of the boxes a lane for every jump, so that no line crosses a text.

use std::fmt::Write as _;

use super::Box;

/// Sizes in pixels; letters are monospaced, so widths can be told without fonts.
const LETTER: usize = 8;
const ROW: usize = 20;
const PADDING: usize = 10;
const GAP: usize = 36;
const LANE: usize = 16;
const MARGIN: usize = 20;

/// Longest row in letters; the whole text is in the tooltip.
const LETTERS_MAX: usize = 64;

const COLOURS: [&str; 6] = ["#1b6ca8", "#b4551f", "#2f7d32", "#8a2be2", "#a61b4b", "#5d6b1f"];

/// A box with its place.
struct Placed<'g> {
    node: &'g Box,
    rows: Vec<Row>,
    top: usize,
    height: usize,
}

struct Row {
    text: String,
    style: &'static str,
    /// The box this row jumps to.
    to: Option<usize>,
}

/// A jump from a row to another box, with its lane.
struct Line {
    from: usize,
    to: usize,
    lane: usize,
}

/// The drawing.
pub(super) fn draw(title: &str, nodes: &[Box]) -> String {
    let placed = place(nodes);
    let letters =
        placed.iter().flat_map(|one| &one.rows).map(|row| row.text.chars().count()).max().unwrap_or(0);
    let width = letters * LETTER + 2 * PADDING;
    let lines = lanes(&placed);
    let lane_count = lines.iter().map(|line| line.lane + 1).max().unwrap_or(0);
    let total_width = MARGIN * 2 + width + (lane_count + 2) * LANE;
    let total_height = placed.last().map_or(0, |last| last.top + last.height) + MARGIN;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{total_width}\" height=\"{total_height}\" \
         viewBox=\"0 0 {total_width} {total_height}\" font-family=\"monospace\" font-size=\"13\">"
    );
    let _ = writeln!(out, "<title>{}</title>", escape(title));
    out.push_str(
        "<defs><marker id=\"a\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\" \
         fill=\"context-stroke\"/></marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
    );
    for (index, one) in placed.iter().enumerate() {
        draw_box(one, width, &mut out);
        if one.node.onward == Some(index + 1)
            && let Some(next) = placed.get(index + 1)
        {
            let x = MARGIN + width / 2;
            let _ = writeln!(
                out,
                "<path d=\"M{x} {}V{}\" stroke=\"#333333\" fill=\"none\" marker-end=\"url(#a)\"/>",
                one.top + one.height,
                next.top
            );
        }
    }
    for (number, line) in lines.iter().enumerate() {
        let colour = COLOURS.get(number % COLOURS.len()).copied().unwrap_or("#333333");
        let right = MARGIN + width;
        let x = right + (line.lane + 1) * LANE;
        let _ = writeln!(
            out,
            "<path d=\"M{right} {}H{x}V{}H{right}\" stroke=\"{colour}\" fill=\"none\" marker-end=\"url(#a)\"/>",
            line.from, line.to
        );
    }
    out.push_str("</svg>\n");
    out
}

fn place(nodes: &[Box]) -> Vec<Placed<'_>> {
    let mut top = MARGIN;
    let mut placed = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let rows = rows(node, index);
        let height = rows.len() * ROW + PADDING;
        placed.push(Placed { node, rows, top, height });
        top += height + GAP;
    }
    placed
}

fn rows(node: &Box, index: usize) -> Vec<Row> {
    let row = |text: String, style, to| Row { text: clip(&text), style, to };
    let mut rows = vec![row(format!("{} ({})", node.name, node.kind), "font-weight=\"bold\"", None)];
    rows.push(row(node.wording.replace('\n', " "), "fill=\"#555555\"", None));
    rows.extend(node.when.iter().map(|when| row(format!("only if {when}"), "font-style=\"italic\"", None)));
    for jump in &node.jumps {
        let text = match jump.to {
            Some(_) => format!("{} \u{2192}", jump.label),
            None => format!("{} (tag only)", jump.label),
        };
        rows.push(row(text, "", jump.to));
    }
    if node.onward.is_some_and(|to| to != index + 1) {
        let has_jumps = node.jumps.iter().any(|jump| jump.to.is_some());
        let word = if has_jumps { "else" } else { "next" };
        rows.push(row(format!("{word} \u{2192}"), "", node.onward));
    }
    rows
}

/// The jumps with a lane each, so that lines in one lane never overlap; short ones are nearest to the boxes.
fn lanes(placed: &[Placed<'_>]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for one in placed {
        for (number, row) in one.rows.iter().enumerate() {
            let Some(target) = row.to.and_then(|to| placed.get(to)) else {
                continue;
            };
            lines.push(Line { from: row_middle(one.top, number), to: row_middle(target.top, 0), lane: 0 });
        }
    }
    lines.sort_by_key(|line| line.from.abs_diff(line.to));
    let span = |line: &Line| (line.from.min(line.to), line.from.max(line.to));
    let mut taken: Vec<Vec<(usize, usize)>> = Vec::new();
    for line in &mut lines {
        let (top, bottom) = span(line);
        let is_free = |lane: &Vec<(usize, usize)>| lane.iter().all(|(from, to)| bottom < *from || *to < top);
        line.lane = taken.iter().position(is_free).unwrap_or(taken.len());
        match taken.get_mut(line.lane) {
            Some(lane) => lane.push((top, bottom)),
            None => taken.push(vec![(top, bottom)]),
        }
    }
    lines
}

fn row_middle(top: usize, row: usize) -> usize {
    top + PADDING / 2 + row * ROW + ROW / 2
}

fn draw_box(one: &Placed<'_>, width: usize, out: &mut String) {
    let (radius, fill) = match (one.node.onward, one.node.is_question) {
        (None, _) => (16, "#eef7ee"),
        (Some(_), true) => (4, "#f3f7fc"),
        (Some(_), false) => (4, "#fbf8ef"),
    };
    let _ = writeln!(
        out,
        "<g><title>{}</title><rect x=\"{MARGIN}\" y=\"{}\" width=\"{width}\" height=\"{}\" rx=\"{radius}\" \
         fill=\"{fill}\" stroke=\"#333333\"/>",
        escape(&one.node.wording),
        one.top,
        one.height
    );
    for (number, row) in one.rows.iter().enumerate() {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" {}>{}</text>",
            MARGIN + PADDING,
            row_middle(one.top, number) + 4,
            row.style,
            escape(&row.text)
        );
    }
    out.push_str("</g>\n");
}

fn clip(text: &str) -> String {
    if text.chars().count() <= LETTERS_MAX {
        return text.to_owned();
    }
    let start: String = text.chars().take(LETTERS_MAX - 1).collect();
    format!("{start}…")
}

/// Characters XML does not take become `?`.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}
