//! The reachable paths and the table answer → next element (A51, W08).

use antiphon::cli::report::paths;

use super::{checked, codes, good, snapshot, with_elements};

#[test]
fn the_table_of_an_example() {
    snapshot("paths", &paths(&checked(&good("csat-after-call.yaml"), "csat-after-call.yaml")));
}

const YES: &str = "type: yes_no, text: {en: Yes? STOP, no: Ja? STOPP}";

#[test]
fn a_branch_that_covers_every_answer_leaves_the_sequence_unreachable() {
    let source = |optional: &str| {
        with_elements(&format!(
            "  - {{id: a, {YES}, {optional}rules: [{{if: a == yes, goto: c}}, {{if: a == no, goto: completion}}]}}\n\
             \x20 - {{id: b, {YES}}}\n  - {{id: c, {YES}}}\n"
        ))
    };
    assert_eq!(codes(&source("")), ["E02 11:10"]);
    // A skipped answer matches neither rule, so the sequence goes on.
    assert_eq!(codes(&source("optional: true, ")), Vec::<String>::new());
}

#[test]
fn a_rule_that_only_tags_lets_the_next_rule_be_tried() {
    let source = with_elements(&format!(
        "  - {{id: a, {YES}, rules: [{{if: a == no, tag: unhappy}}, {{if: a == no, goto: completion}}]}}\n\
         \x20 - {{id: b, {YES}}}\n"
    ));
    let checked = checked(&source, "s.yaml");
    assert!(checked.findings.is_empty(), "{:#?}", checked.findings);
    assert_eq!(
        paths(&checked),
        "s: answer -> next element\n  a: yes -> b\n  a: no -> completion\n  b: any -> completion\n\
         \x20 way: a -> b -> completion\n  way: a -> completion\n"
    );
}

#[test]
fn an_element_with_when_can_be_passed_over() {
    let source = with_elements(&format!(
        "  - {{id: a, {YES}}}\n  - {{id: b, {YES}, when: a == yes, rules: [{{if: answered(b), goto: completion}}]}}\n\
         \x20 - {{id: c, {YES}}}\n"
    ));
    assert_eq!(codes(&source), Vec::<String>::new());
}

#[test]
fn a_backward_jump_prints_its_loop() {
    let source = with_elements(&format!(
        "  - {{id: a, {YES}}}\n  - {{id: b, {YES}, rules: [{{if: b == no, goto: a}}]}}\n"
    ));
    let findings = checked(&source, "s.yaml").findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].message, "`b` jumps backwards: a -> b -> a");
}

#[test]
fn shadowing_is_decided_for_variables_dates_and_numbers_too() {
    let shadowed = |rules: &str| {
        let source = with_elements(&format!(
            "  - {{id: a, type: number, min: 0, max: 200, decimals: 0, text: {{en: Age? STOP, no: Alder? STOPP}}}}\n\
             \x20 - id: b\n    {}\n    rules:\n{rules}  - {{id: c, {YES}}}\n",
            YES.replace(", text:", "\n    text:")
        ));
        let findings = checked(&source, "s.yaml").findings;
        // Two rules that cover everything also leave `c` unreachable; that is not the point here.
        let codes = findings.iter().map(|finding| finding.code.to_string());
        codes.filter(|code| code != "E02").collect::<Vec<_>>()
    };
    let rule = |condition: &str| format!("      - if: {condition}\n        goto: completion\n");
    let two = |one: &str, other: &str| shadowed(&(rule(one) + &rule(other)));
    assert_eq!(two("a >= 18", "a > 17"), ["W08"]);
    assert_eq!(two("a > 17", "a >= 17"), Vec::<String>::new());
    assert_eq!(two("$segment == \"gold\"", "$segment == \"gold\" and b == no"), ["W08"]);
    assert_eq!(two("$segment == \"gold\"", "$segment != \"gold\""), Vec::<String>::new());
    assert_eq!(two("matches($segment, \"^g\")", "matches($segment, \"^g\") and b == yes"), ["W08"]);
    assert_eq!(two("matches($segment, \"^g\")", "$segment == \"gold\""), Vec::<String>::new());
    assert_eq!(two("language == \"no\"", "language in [\"no\"]"), ["W08"]);
    assert_eq!(two("$age >= 18", "$age == 17.99"), Vec::<String>::new());
}
