//! The tools of authors: fmt, graph, diff, lint, and the command line around them (F39, T3).

use std::path::Path;
use std::process::{Command, Output};

use antiphon::survey::check::text_lengths;
use antiphon::survey::{diff, format, graph::Graph};

use super::{folder, good, snapshot, survey, with_elements};

const UNTIDY: &str = r#"# the survey of a call
format:   antiphon/1   # always
id: s
languages: [ en,no ]
default_language: 'en'


settings: {expiry: 24h, send_window: {from: 09:00, to: '20:00', days: [mon,
   tue]}}   # office hours
variables: {firstName: {}, segment: {default: {en: "small", no: 'liten'}}}
elements:
# the only question
- {id: q, type: yes_no, optional: true,   # may be skipped
   text: {en: "Fine? {{firstName|there}}: yes # no", no: Bra?}}

- id: why
  type: free_text
  pattern: '\d+'
  text:
    en: |
      Why?
        In your own words.
    no: >-
      Hvorfor?
      Med egne ord.
  rules:
    # leave
    - if: why == "x"
      goto: completion   # at once
completion: &end
  text: &thanks {en: Thanks, no: Takk}
messages:
  help: *thanks
# the end
"#;

#[test]
fn fmt_writes_block_style_and_keeps_comments() {
    snapshot("formatted", &format::yaml(UNTIDY).unwrap());
}

#[test]
fn fmt_is_idempotent_and_keeps_the_meaning() {
    let tidy = format::yaml(UNTIDY).unwrap();
    assert_eq!(format::yaml(&tidy).unwrap(), tidy);
    let before = survey(UNTIDY);
    let after = survey(&tidy);
    // The hash names the bytes; everything else is the same.
    let without_source = |survey: &antiphon::survey::Survey| {
        let elements = format!("{:?}", survey.elements);
        (elements, format!("{:?} {:?} {:?}", survey.settings, survey.completion, survey.messages))
    };
    assert_eq!(without_source(&before), without_source(&after));
    for name in ["csat-after-call.yaml", "nps.yaml"] {
        let once = format::yaml(&good(name)).unwrap();
        assert_eq!(format::yaml(&once).unwrap(), once, "{name}");
        let comments = |text: &str| text.matches(" #").count() + usize::from(text.starts_with('#'));
        assert_eq!(comments(&once), comments(&good(name)), "{name}");
    }
}

#[test]
fn fmt_formats_every_broken_file_that_is_yaml_without_changing_its_findings() {
    use super::checked;
    let mut formatted = 0;
    for path in antiphon::app::survey_files::survey_paths(&folder("broken")).unwrap() {
        let source = std::fs::read_to_string(&path).unwrap();
        let Ok(tidy) = format::yaml(&source) else { continue };
        formatted += 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        let said = |text: &str| {
            let mut said: Vec<String> = checked(text, name)
                .findings
                .into_iter()
                .map(|f| format!("{} {}", f.code, f.message))
                .collect();
            said.sort();
            said
        };
        assert_eq!(said(&source), said(&tidy), "{name}");
        assert_eq!(format::yaml(&tidy).unwrap(), tidy, "{name}");
    }
    assert!(formatted > 60);
}

#[test]
fn fmt_writes_json_too() {
    let json =
        "{\"format\":\"antiphon/1\",\"id\":\"s\",\"n\":[1.50,true,null,\"a\\n\\\"æ\"],\"e\":{},\"l\":[]}";
    let tidy = format::json(json).unwrap();
    snapshot("formatted_json", &tidy);
    assert_eq!(format::json(&tidy).unwrap(), tidy);
    assert!(format::json("{\"a\": 1,}").is_err());
}

#[test]
fn graphs_of_an_example() {
    let graph =
        Graph::of(&super::checked(&good("csat-after-call.yaml"), "csat-after-call.yaml").survey.unwrap());
    snapshot("graph_mermaid", &graph.mermaid());
    snapshot("graph_dot", &graph.dot());
    snapshot("graph_svg", &graph.svg());
}

#[test]
fn diff_names_the_columns_that_change() {
    let question = |fields: &str| {
        format!("  - {{id: q, text: {{en: \"Reply 1-5, STOP\", no: \"Svar 1-5, STOPP\"}}, {fields}}}\n")
    };
    let other = "  - {id: o, type: yes_no, text: {en: Yes?, no: Ja?}}\n";
    let options = |codes: &[&str]| {
        let options: Vec<String> =
            codes.iter().map(|code| format!("{{code: {code}, label: {{en: {code}, no: {code}}}}}")).collect();
        format!("type: multiple_choice, max_select: 2, options: [{}]", options.join(", "))
    };
    let between = |old: &str, new: &str| -> Vec<String> {
        let (old, new) = (survey(&with_elements(old)), survey(&with_elements(new)));
        diff::columns(&old, &new).iter().map(ToString::to_string).collect()
    };
    let abc = question(&options(&["aa", "bb", "cc"]));
    assert_eq!(between(&abc, &abc), Vec::<String>::new());
    assert_eq!(
        between(&abc, &question(&options(&["aa", "cc", "dd"]))),
        [
            "~ q: multiple_choice of up to 2 of aa, bb, cc -> multiple_choice of up to 2 of aa, cc, dd",
            "+ q__dd",
            "- q__bb (stays in exports, no longer filled)",
        ]
    );
    assert_eq!(
        between(&question("type: nps"), &(question("type: scale, min: 1, max: 5") + other)),
        [
            "~ q: nps -> scale 1 to 5",
            "~ q_label: label of nps -> label of scale",
            "+ o",
            "+ o_label",
            "- q_group (stays in exports, no longer filled)",
        ]
    );
    assert_eq!(
        between(&question("type: number"), &question("type: number, pii: true, export_as: q")),
        ["~ q: number -> number, personal data"]
    );
}

#[test]
fn lint_counts_segments_with_the_longest_variables() {
    let text = "x".repeat(150);
    let source = with_elements(&format!(
        "  - {{id: q, type: yes_no, text: {{en: \"{text} {{{{segment}}}} STOP\", no: \"Ja? š STOPP\"}}}}\n"
    ));
    let lengths = text_lengths(&survey(&source));
    let row = |at: usize| {
        (
            lengths[at].text.as_str(),
            lengths[at].language.code().to_owned(),
            lengths[at].units,
            lengths[at].segments,
        )
    };
    assert_eq!(row(0), ("q", "en".to_owned(), 186, 2));
    assert_eq!(row(1), ("q", "no".to_owned(), 11, 1));
    assert_eq!(lengths[1].encoding.as_str(), "ucs2");
    assert_eq!(row(2).0, "completion");
}

fn antiphon(arguments: &[&str], directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_antiphon")).args(arguments).current_dir(directory).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn exit_codes_of_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let surveys = dir.path().join("surveys");
    std::fs::create_dir(&surveys).unwrap();
    std::fs::write(surveys.join("nps.yaml"), good("nps.yaml")).unwrap();
    let code = |arguments: &[&str]| antiphon(arguments, dir.path()).status.code();
    assert_eq!(code(&["survey", "check"]), Some(0));
    assert_eq!(code(&["survey", "check", "--strict"]), Some(3));
    assert_eq!(code(&["survey", "check", "missing.yaml"]), Some(1));
    assert_eq!(code(&["survey", "check", "--format", "xml"]), Some(2));
    assert_eq!(code(&["survey", "chekc"]), Some(2));
    std::fs::write(surveys.join("bad.yaml"), "id: other\n").unwrap();
    assert_eq!(code(&["survey", "check"]), Some(3));
    assert_eq!(code(&["survey", "lint", "--segments"]), Some(3));
    assert_eq!(code(&["survey", "graph", "surveys/bad.yaml"]), Some(3));
    assert_eq!(code(&["survey", "graph", "surveys/none.yaml"]), Some(1));
    assert_eq!(code(&["survey", "graph", "surveys/nps.yaml", "--format", "svg"]), Some(0));
    assert_eq!(code(&["survey", "list", "--json"]), Some(0));
    std::fs::write(surveys.join("latin.yaml"), b"\xe6").unwrap();
    assert_eq!(code(&["survey", "check"]), Some(1));
}

#[test]
fn results_go_to_standard_output_and_the_rest_to_standard_error() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = antiphon(&["survey", "check", "--json", "tests/it/surveys/good/nps.yaml"], here);
    let report: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(report["findings"][0]["code"], "W05");
    assert_eq!(report["findings"][0]["line"], 9);
    assert_eq!(report["errors"], 0);
    let output = antiphon(&["survey", "check", "tests/it/surveys/good/csat-after-call.yaml"], here);
    assert_eq!(out(&output), "");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "1 survey checked: 0 errors, 0 warnings\n");
}

#[test]
fn fmt_changes_files_and_check_only_tells() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("s.yaml");
    std::fs::write(&file, UNTIDY).unwrap();
    let output = antiphon(&["survey", "fmt", "--check", "s.yaml"], dir.path());
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(3), "s.yaml\n"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), UNTIDY);
    assert_eq!(antiphon(&["survey", "fmt", "s.yaml"], dir.path()).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format::yaml(UNTIDY).unwrap());
    assert_eq!(antiphon(&["survey", "fmt", "--check", "s.yaml"], dir.path()).status.code(), Some(0));
}

#[test]
fn tables_of_list_lint_and_diff() {
    let here = folder("good");
    let list = out(&antiphon(&["survey", "list", "."], &here));
    snapshot("list", &list);
    let lint = out(&antiphon(&["survey", "lint", "--segments", "--price", "0.5", "nps.yaml"], &here));
    snapshot("lint", &lint);
    let diff = out(&antiphon(&["survey", "diff", "nps.yaml", "nps.yaml"], &here));
    assert_eq!(diff, "no export column changes\n");
}

/// T3: the help of every command has an example.
#[test]
fn every_help_has_an_example() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut commands = vec![vec!["survey"]];
    commands.extend(
        ["check", "fmt", "graph", "schema", "list", "diff", "lint"].map(|command| vec!["survey", command]),
    );
    commands.push(Vec::new());
    for command in commands {
        let mut arguments = command.clone();
        arguments.push("--help");
        let help = out(&antiphon(&arguments, here));
        assert!(help.contains("Example"), "{command:?}\n{help}");
        assert!(help.contains("antiphon survey"), "{command:?}\n{help}");
    }
}
