//! Whatever stands in a file, the checker and the formatter give an answer, never a panic (F38).

use antiphon::survey::check::{Context, FileName, check};
use antiphon::survey::{diff, format, graph::Graph};
use proptest::prelude::*;

use super::good;

fn take_all(source: &str) {
    for name in ["csat-after-call.yaml", "csat-after-call.json"] {
        let checked = check(source, &FileName::new(name), &Context::default());
        for finding in &checked.findings {
            assert!(finding.line >= 1 && finding.column >= 1 && !finding.message.is_empty());
            assert!(!finding.hint.is_empty());
        }
        assert_eq!(checked.survey.is_none(), checked.has_errors());
        if let Some(survey) = &checked.survey {
            let graph = Graph::of(survey);
            assert!(graph.svg().ends_with("</svg>\n"));
            assert!(!graph.mermaid().is_empty() && !graph.dot().is_empty());
            assert!(diff::columns(survey, survey).is_empty());
        }
    }
    if let Ok(formatted) = format::yaml(source) {
        assert_eq!(format::yaml(&formatted), Ok(formatted.clone()));
    }
}

/// A character that means something to YAML or to expressions.
fn special() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        ":", "- ", "{", "}", "[", "]", "\n", "\n  ", "#", " # x", "\"", "'", "&a ", "*a", "!x ", "|\n", ">",
        "? ", "%", "{{", "}}", "\t", "\u{0}", "\u{feff}", "😀", "==", "(", ")", " and ", " not ", "$", ",",
        "id", "no", "~", "<<: ",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_text_is_checked_without_a_panic(text in ".{0,400}") {
        take_all(&text);
    }

    #[test]
    fn arbitrary_conditions_are_checked_without_a_panic(parts in prop::collection::vec(prop_oneof![
        special(),
        prop::sample::select(vec![
            "csat", "solved", "reason", "improve", "yes", "wait", "1", "2026-01-01", "\"x\"", "in", "matches", "count",
            "contains", "answered", "<", ">=", "!=", " or ", "language", "$firstName", "-1", "9.99",
        ]).prop_map(str::to_owned),
    ], 0..12)) {
        let condition = serde_json::Value::from(parts.join(" ")).to_string();
        let source = good("csat-after-call.yaml").replace("csat == 3", &condition);
        take_all(&source);
    }

    #[test]
    fn mutations_of_an_example_are_checked_without_a_panic(
        name in prop::sample::select(vec!["csat-after-call.yaml", "nps.yaml"]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, special()), 1..6),
    ) {
        let mut letters: Vec<char> = good(name).chars().collect();
        for (at, removed, inserted) in edits {
            let at = at.index(letters.len());
            let end = (at + removed).min(letters.len());
            letters.splice(at..end, inserted.chars());
        }
        take_all(&letters.into_iter().collect::<String>());
    }

    #[test]
    fn lines_of_an_example_may_be_lost_or_moved(
        dropped in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        moved in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let source = good("csat-after-call.yaml");
        let mut lines: Vec<&str> = source.lines().collect();
        for index in dropped {
            lines.remove(index.index(lines.len()));
        }
        let line = lines.remove(moved.index(lines.len()));
        lines.insert(to.index(lines.len()), line);
        take_all(&lines.join("\n"));
    }
}
