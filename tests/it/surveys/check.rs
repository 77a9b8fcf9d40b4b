//! Every code of the checker, by broken files named after what is wrong with them (F38).

use std::collections::BTreeSet;

use antiphon::app::survey_files::{SurveyFile, check_files, survey_paths};
use antiphon::cli::report::{ReportFormat, fails, render, summary};
use antiphon::survey::check::{Context, FileName, check};
use antiphon::survey::finding::{Code, Finding, Severity};

use super::{checked, codes, folder, good, snapshot, with_elements};

/// All broken files, checked under the name of the file alone.
fn broken() -> Vec<(String, Vec<Finding>)> {
    let paths = survey_paths(&folder("broken")).unwrap();
    let one = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let source = std::fs::read_to_string(path).unwrap();
        let checked = check(&source, &FileName::new(name.clone()), &Context::default());
        assert_eq!(checked.survey.is_none(), checked.has_errors(), "{name}");
        (name, checked.findings)
    };
    paths.iter().map(one).collect()
}

#[test]
fn every_broken_file_says_what_is_wrong_and_what_to_do() {
    let broken = broken();
    assert!(broken.len() >= 45);
    let findings: Vec<Finding> = broken.into_iter().flat_map(|(_, findings)| findings).collect();
    snapshot("broken_surveys", &render(&findings, ReportFormat::Human));
}

#[test]
fn a_broken_file_has_the_finding_its_name_promises() {
    for (name, findings) in broken() {
        let promised = name.split('-').next().unwrap().to_uppercase();
        let promised = if promised == "YAML" { "E16".to_owned() } else { promised };
        let found: BTreeSet<String> = findings.iter().map(|finding| finding.code.to_string()).collect();
        assert!(found.contains(&promised), "{name}: {found:?}");
    }
}

#[test]
fn there_is_a_broken_file_for_every_code() {
    let found: BTreeSet<Code> =
        broken().iter().flat_map(|(_, findings)| findings.iter().map(|finding| finding.code)).collect();
    assert_eq!(found, BTreeSet::from(Code::ALL));
}

#[test]
fn both_examples_have_no_errors_and_say_only_what_they_should() {
    let warnings = |name: &str| -> Vec<String> {
        let checked = checked(&good(name), name);
        assert!(checked.survey.is_some(), "{:#?}", checked.findings);
        checked.findings.iter().map(|finding| finding.code.to_string()).collect()
    };
    assert_eq!(warnings("csat-after-call.yaml"), Vec::<String>::new());
    assert_eq!(warnings("nps.yaml"), ["W05"]);
}

#[test]
fn the_surveys_of_the_product_have_no_errors() {
    let surveys = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("surveys");
    let files = check_files(&survey_paths(&surveys).unwrap(), &Context::default());
    assert!(!files.is_empty());
    for file in files {
        let checked = file.checked.unwrap();
        assert!(checked.survey.is_some(), "{:#?}", checked.findings);
    }
}

#[test]
fn one_broken_survey_does_not_hide_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("nps.yaml", &good("nps.yaml"));
    write("csat-after-call.yaml", &good("csat-after-call.yaml"));
    write("broken.yaml", "id: {{oops}}\n");
    write("nps.test.yaml", "survey: nps\n");
    write("survey.schema.json", "{}");
    write("notes.txt", "not a survey");
    let paths = survey_paths(dir.path()).unwrap();
    let files: Vec<SurveyFile> = check_files(&paths, &Context::default());
    let ids: Vec<Option<String>> = files
        .iter()
        .map(|file| file.checked.as_ref().unwrap().survey.as_ref().map(|survey| survey.id().to_owned()))
        .collect();
    let expected = [None, Some("csat-after-call".to_owned()), Some("nps".to_owned())];
    assert_eq!(ids, expected);
}

#[test]
fn two_files_with_one_id_or_uuid_are_an_error_of_the_second() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("nps.yaml", &good("nps.yaml"));
    write("nps.yml", &good("nps.yaml"));
    let csat = good("csat-after-call.yaml");
    write("csat-after-call.yaml", &csat);
    write("other.yaml", &csat.replace("id: csat-after-call", "id: other").replace("2b156ca0", "2B156CA0"));
    let files = check_files(&survey_paths(dir.path()).unwrap(), &Context::default());
    let said: Vec<(String, Vec<String>)> = files
        .iter()
        .map(|file| {
            let name = file.path.file_name().unwrap().to_str().unwrap().to_owned();
            let findings = &file.checked.as_ref().unwrap().findings;
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
            (name, errors.map(|finding| format!("{} {}", finding.line, finding.message)).collect())
        })
        .collect();
    snapshot("shared_ids", &format!("{said:#?}"));
}

#[test]
fn a_file_that_is_not_utf8_is_unreadable() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.yaml"), b"id: \xff\n").unwrap();
    let files = check_files(&survey_paths(dir.path()).unwrap(), &Context::default());
    assert!(files[0].checked.is_err());
}

#[test]
fn findings_are_printed_as_json_sarif_and_github() {
    let source = std::fs::read_to_string(folder("broken").join("e01-goto-unknown-element.yaml")).unwrap();
    let name = FileName::new("surveys/e01-goto-unknown-element.yaml");
    let mut findings = check(&source, &name, &Context::default()).findings;
    let warning = std::fs::read_to_string(folder("broken").join("w05-long-expiry.yaml")).unwrap();
    findings.extend(
        check(&warning, &FileName::new("surveys/w05-long-expiry.yaml"), &Context::default()).findings,
    );
    snapshot("report_json", &render(&findings, ReportFormat::Json));
    snapshot("report_github", &render(&findings, ReportFormat::Github));
    let sarif = render(&findings, ReportFormat::Sarif).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    snapshot("report_sarif", &sarif);
    assert_eq!(summary(&findings, 2), "2 surveys checked: 1 error, 1 warning");
    assert!(fails(&findings, false));
    assert!(fails(&findings[1..], true) && !fails(&findings[1..], false));
}

#[test]
fn the_configured_sender_name_is_looked_for_unless_the_survey_has_its_own() {
    let context = Context { sender_name: Some("Fjordkraft"), ..Context::default() };
    let source = good("csat-after-call.yaml");
    let name = FileName::new("csat-after-call.yaml");
    let codes = |source: &str| -> Vec<String> {
        let findings = check(source, &name, &context).findings;
        findings.iter().map(|finding| finding.code.to_string()).collect()
    };
    assert_eq!(codes(&source), ["W04", "W04"]);
    let own = source.replace("settings:\n", "settings:\n  sender_name: Nordlys\n");
    assert_eq!(codes(&own), Vec::<String>::new());
}

#[test]
fn configured_keywords_cannot_be_labels() {
    let context = Context { stop_words: &["Regning".to_owned()], ..Context::default() };
    let source = good("csat-after-call.yaml");
    let findings = check(&source, &FileName::new("csat-after-call.yaml"), &context).findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].code, Code::E08);
}

#[test]
fn json_files_have_the_same_keys_and_places() {
    let json = r#"{
  "format": "antiphon/1", "id": "s", "languages": ["en", "no"], "default_language": "en",
  "settings": {"expiry": "24h"},
  "elements": [
	{"id": "ok", "type": "yes_no",
     "text": {"en": "Fine? Reply YES or NO. STOP ends.", "no": "Bra? Svar JA eller NEI. STOPP avslutter."},
     "rules": [{"if": "ok == no", "goto": "wy"}], "next": "completion"},
    {"id": "why", "type": "free_text", "text": {"en": "Why?", "no": "Hvorfor?"}}
  ],
  "completion": {"text": {"en": "Thanks \u00e6\ud83d\ude00", "no": "Takk"}}
}"#;
    let found = checked(json, "s.json").findings;
    let said: Vec<String> =
        found.iter().map(|finding| format!("{} {}:{}", finding.code, finding.line, finding.column)).collect();
    assert_eq!(said, ["E01 7:43", "W01 10:33"]);
    let good = json.replace("\"wy\"", "\"why\"");
    let survey = checked(&good, "s.json").survey.unwrap();
    assert_eq!(survey.completion.text.default_text(), "Thanks æ😀");
    let yaml_only = good.replace("\"en\": \"Why?\"", "en: \"Why?\"");
    assert_eq!(checked(&yaml_only, "s.json").findings[0].code, Code::E16);
    assert!(!checked(&yaml_only, "s.yaml").has_errors());
}

#[test]
fn norwegian_codes_and_the_norway_problem() {
    let source = with_elements("  - {id: q, type: yes_no, text: {en: Yes? STOP, nb: Ja? STOPP}}\n")
        .replace("languages: [en, no]", "languages: [en-GB, nn-NO]");
    assert_eq!(codes(&source), Vec::<String>::new());
    let text = |code: &str| {
        let language = antiphon::survey::Language::parse(code).unwrap();
        super::survey(&source).elements[0].text.in_language(&language).to_owned()
    };
    assert_eq!(text("nb-NO"), "Ja? STOPP");
    assert_eq!(text("de"), "Yes? STOP");
}

#[test]
fn a_language_beyond_english_and_norwegian_is_legal() {
    let source = with_elements("  - {id: q, type: yes_no, text: {sv: Ja? STOPP}}\n")
        .replace("languages: [en, no]", "languages: [sv]")
        .replace("default_language: en", "default_language: sv")
        .replace("{en: small, no: liten}", "liten")
        .replace("{en: Thank you!, no: Takk!}", "{sv: Tack!}");
    assert_eq!(codes(&source), Vec::<String>::new());
}

#[test]
fn limits_of_a_survey() {
    let question =
        |id: usize| format!("  - {{id: q{id}, type: yes_no, text: {{en: Yes? STOP, no: Ja? STOPP}}}}\n");
    let many = |count: usize| with_elements(&(0..count).map(question).collect::<String>());
    assert!(!checked(&many(500), "s.yaml").has_errors());
    assert!(checked(&many(501), "s.yaml").has_errors());
    let text =
        |id: usize| format!("  - {{id: t{id}, type: text, text: {{en: Hello STOP, no: Hei STOPP}}}}\n");
    let texts = |count: usize| with_elements(&((0..count).map(text).collect::<String>() + &question(0)));
    assert!(!checked(&texts(10), "s.yaml").has_errors());
    assert!(checked(&texts(11), "s.yaml").has_errors());
    let large = format!("{}# {}\n", many(1), "x".repeat(1024 * 1024));
    assert!(checked(&large, "s.yaml").has_errors());
}

#[test]
fn a_byte_order_mark_and_windows_lines_are_read() {
    let source = good("nps.yaml").replace('\n', "\r\n");
    let checked = checked(&format!("\u{feff}{source}"), "nps.yaml");
    assert!(checked.survey.is_some(), "{:#?}", checked.findings);
    assert_eq!(checked.findings[0].line, 9);
}
