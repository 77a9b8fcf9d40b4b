//! The command line, by the real binary: its help, its exit codes, what stands on which stream, and `demo`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use antiphon::app::api_key::ApiKey;
use antiphon::cli::Cli;
use clap::CommandFactory;

/// The binary in a folder, without the environment of whoever runs the tests.
fn antiphon(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_antiphon"));
    command.args(arguments).current_dir(folder).env_clear().env("TZ", "UTC").stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    antiphon(folder, arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A running `antiphon serve`; killed when the test ends before it.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(folder: &Path, more: &[&str]) -> Self {
        Self::started(folder, more, Stdio::null())
    }

    /// As [`Self::start`], with its log.
    fn start_logging(folder: &Path, log: Stdio) -> Self {
        Self::started(folder, &[], log)
    }

    fn started(folder: &Path, more: &[&str], log: Stdio) -> Self {
        let mut child = antiphon(folder, &["serve", "--json", "--bind", "127.0.0.1:0"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let announced: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = announced["url"].as_str().unwrap();
        Self { child, address: url.strip_prefix("http://").unwrap().to_owned() }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The status line and all the rest of an answer.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn exit_code(&mut self) -> Option<i32> {
        let patience = Instant::now() + Duration::from_secs(40);
        while Instant::now() < patience {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the server did not stop");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The words that lead to every command, groups before their members.
fn commands(command: &clap::Command, words: &[String], found: &mut Vec<Vec<String>>) {
    found.push(words.to_vec());
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let deeper = [words, &[inner.get_name().to_owned()]].concat();
        commands(inner, &deeper, found);
    }
}

#[test]
fn t3_the_help_of_every_command_has_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    commands(&Cli::command(), &[], &mut found);
    let mut page = String::new();
    for words in found {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("--help");
        let output = run(folder.path(), &arguments);
        let help = stdout(&output);
        assert!(output.status.success() && stderr(&output).is_empty(), "{arguments:?}");
        assert!(help.contains("Example"), "{arguments:?} has no example");
        page.push_str(&format!("$ antiphon {}\n{help}\n", arguments.join(" ")));
    }
    insta::assert_snapshot!("help", page);
}

#[test]
fn keys_create_prints_the_key_and_only_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["keys", "create", "--name", "ivr", "--scope", "surveys:send"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let printed = stdout(&output);
    let key = ApiKey::parse(printed.strip_suffix('\n').unwrap()).unwrap();

    let listed = run(folder.path(), &["keys", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&stdout(&listed)).unwrap();
    assert_eq!(listed[0]["id"], key.id());
    assert_eq!(listed[0]["scopes"], serde_json::json!(["surveys:send"]));
    assert_eq!(listed[0]["state"], "valid");

    let unasked = run(folder.path(), &["keys", "revoke", key.id()]);
    assert_eq!(unasked.status.code(), Some(2), "nobody agreed");
    let tried = run(folder.path(), &["keys", "revoke", key.id(), "--dry-run"]);
    assert!(tried.status.success());
    assert!(stdout(&run(folder.path(), &["keys", "list"])).contains("valid"));
    let revoked = run(folder.path(), &["keys", "revoke", key.id(), "--yes"]);
    assert!(revoked.status.success());
    assert!(stdout(&run(folder.path(), &["keys", "list"])).contains("revoked"));
}

#[test]
fn t11_config_check_tells_every_fault_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = "[server]\nbund = \"x\"\nbind = \"nowhere\"\n[outbox]\nattempts_max = 0\n";
    std::fs::write(folder.path().join("antiphon.toml"), file).unwrap();
    let output = run(folder.path(), &["config", "check"]);
    assert_eq!(output.status.code(), Some(3));
    let told = stdout(&output);
    for key in ["server.bund", "server.bind", "outbox.attempts_max"] {
        assert!(told.contains(key), "{told}");
    }
    assert!(told.contains("did you mean server.bind?"), "{told}");
    // Whatever needs the configuration refuses in the same way.
    for command in ["serve", "doctor", "migrate"] {
        let code = run(folder.path(), &[command]).status.code();
        assert_eq!(code, Some(if command == "doctor" { 1 } else { 3 }), "{command}");
    }
    let output = run(folder.path(), &["config", "check", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((report["valid"].as_bool(), report["faults"].as_array().unwrap().len()), (Some(false), 3));
}

#[test]
fn config_show_redacts_and_names_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let output = antiphon(folder.path(), &["config", "show", "--redacted"])
        .env("ANTIPHON__CLIENT__KEY", "hush-hush-hush")
        .output()
        .unwrap();
    let shown = stdout(&output);
    assert!(shown.contains("client.key = <redacted>  # ANTIPHON__CLIENT__KEY"), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn migrate_says_what_it_would_do_and_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let tried = run(folder.path(), &["migrate", "--dry-run", "--json"]);
    let tried: serde_json::Value = serde_json::from_str(&stdout(&tried)).unwrap();
    assert!(!tried["migrations"].as_array().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(run(folder.path(), &["migrate"]).status.success());
    let again = run(folder.path(), &["migrate", "--json"]);
    let again: serde_json::Value = serde_json::from_str(&stdout(&again)).unwrap();
    assert_eq!(again["migrations"], serde_json::json!([]));
}

#[test]
fn o6_doctor_names_what_is_wrong_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let well = run(folder.path(), &["doctor"]);
    assert!(well.status.success(), "{}", stdout(&well));

    std::fs::create_dir(folder.path().join("surveys")).unwrap();
    std::fs::write(folder.path().join("surveys/broken.yaml"), "format: antiphon/1\nid: broken\n").unwrap();
    let file = "[gateways.mine]\nprofile = \"generic\"\nbase_url = \"http://127.0.0.1:1\"\nsecrets.inbound = \"0123456789abcdef\"\n\
                [channels.main]\ngateway = \"mine\"\nsender = \"2012\"\nsender_type = \"short_number\"\nallowed_countries = [\"47\"]\n";
    std::fs::write(folder.path().join("antiphon.toml"), file).unwrap();
    let output = run(folder.path(), &["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let wrong: Vec<(&str, &str)> = report
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["state"] == "wrong")
        .map(|finding| (finding["part"].as_str().unwrap(), finding["advice"].as_str().unwrap()))
        .collect();
    let parts: Vec<&str> = wrong.iter().map(|(part, _)| *part).collect();
    assert_eq!(parts, ["gateways", "surveys"], "{report:#}");
    assert!(wrong[1].1.contains("antiphon survey check"), "{report:#}");
}

#[test]
fn re35_doctor_names_a_webhook_that_was_disabled() {
    use antiphon::store::webhooks::{self, WebhookRow};
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("antiphon.db").display());
    let at = "2026-11-21T08:00:00".parse().unwrap();
    let row = WebhookRow {
        id: "01a1fcb0-af01-7372-955f-d235f118388c".to_owned(),
        url: "https://crm.example.com/secret-path".to_owned(),
        events: "[]".to_owned(),
        survey_ids: "[]".to_owned(),
        include_pii: false,
        enabled: false,
        disabled_reason: Some("gone".to_owned()),
        secret: "whsec_".to_owned(),
        previous_secret: None,
        previous_secret_until: None,
        failing_since: None,
        replay_after: None,
        replay_until: None,
        created_at: at,
        updated_at: at,
    };
    let mut connection = antiphon::store::open_for_command(&url).unwrap();
    connection.change(|connection| webhooks::insert(connection, &row)).unwrap();
    drop(connection);
    let output = run(folder.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    assert!(said.contains("01a1fcb0-af01-7372-955f-d235f118388c") && said.contains("PATCH"), "{said}");
    assert!(!said.contains("secret-path"), "{said}");
}

#[test]
fn t12_with_no_configuration_the_server_runs_alone_and_stops_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(folder.path(), &[]);
    assert!(serving.get("/livez").starts_with("HTTP/1.1 200"), "{}", serving.get("/livez"));

    // RF32: a second server on the same file says why it does not start.
    let second = run(folder.path(), &["serve", "--bind", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        stderr(&second).contains("antiphon.db is in use by another antiphon process"),
        "{}",
        stderr(&second)
    );

    // Commands work beside it, and the built-in examples are there.
    let key = stdout(&run(folder.path(), &["keys", "create", "--name", "me"]));
    std::fs::write(folder.path().join("key.txt"), key).unwrap();
    let url = serving.url();
    let send = ["send", "nps", "--to", "+4799999999", "--url", &url, "--key-file", "key.txt"];
    let tried = run(folder.path(), &[&send[..], &["--dry-run", "--json"]].concat());
    let session: serde_json::Value = serde_json::from_str(&stdout(&tried)).unwrap();
    assert_eq!((session["surveyId"].as_str(), &session["id"]), (Some("nps"), &serde_json::Value::Null));
    let refused = run(folder.path(), &[&send[..3], &["+4722334455"], &send[4..]].concat());
    assert_eq!(refused.status.code(), Some(3));
    assert!(stderr(&refused).contains("identifier_not_mobile"), "{}", stderr(&refused));

    // One for real, shown and closed.
    let sent = run(folder.path(), &[&send[..], &["--json"]].concat());
    let session: serde_json::Value = serde_json::from_str(&stdout(&sent)).unwrap();
    let id = session["id"].as_str().unwrap();
    let talk = |verb: &str, more: &[&str]| {
        let arguments = [&["session", verb, id, "--url", &url, "--key-file", "key.txt"], more].concat();
        run(folder.path(), &arguments)
    };
    assert!(stdout(&talk("show", &[])).contains("nps revision 1, active"), "{}", stdout(&talk("show", &[])));
    assert_eq!(talk("cancel", &[]).status.code(), Some(2), "nobody agreed");
    let cancelled = talk("cancel", &["--yes", "--reason", "wrong number"]);
    assert!(stdout(&cancelled).contains("cancelled"), "{} {}", stdout(&cancelled), stderr(&cancelled));
    assert_eq!(talk("resend", &[]).status.code(), Some(1), "it is closed");

    serving.signal("-TERM");
    assert_eq!(serving.exit_code(), Some(0));
}

#[test]
fn t13_sighup_reloads_the_surveys() {
    let folder = tempfile::tempdir().unwrap();
    let surveys = folder.path().join("surveys");
    std::fs::create_dir(&surveys).unwrap();
    let mut serving = Serving::start(folder.path(), &[]);
    std::fs::write(surveys.join("nps.yaml"), include_str!("../../surveys/nps.yaml")).unwrap();
    let key = stdout(&run(folder.path(), &["keys", "create", "--name", "me"]));
    let send = || {
        let arguments = ["send", "nps", "--to", "+4799999999", "--dry-run", "--url", &serving.url()];
        antiphon(folder.path(), &arguments).env("ANTIPHON__CLIENT__KEY", key.trim()).output().unwrap()
    };
    assert!(stderr(&send()).contains("survey_not_found"), "{}", stderr(&send()));
    serving.signal("-HUP");
    let patience = Instant::now() + Duration::from_secs(20);
    while !send().status.success() {
        assert!(Instant::now() < patience, "{}", stderr(&send()));
        std::thread::sleep(Duration::from_millis(100));
    }
    serving.signal("-INT");
    assert_eq!(serving.exit_code(), Some(0));
}

/// What `demo` stored, after a script held the conversation.
fn demo(arguments: &[&str], script: &str) -> (Output, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = antiphon(folder.path(), &[&["demo", "--json"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A pipe holds the whole script, read or not.
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the demo leaves nothing behind");
    let session = serde_json::from_str(&stdout(&output)).unwrap();
    (output, session)
}

fn stored<'s>(session: &'s serde_json::Value, element: &str) -> &'s serde_json::Value {
    let answers = session["answers"].as_array().unwrap();
    answers.iter().find(|answer| answer["elementId"] == element).unwrap()
}

#[test]
fn a_script_holds_the_conversation_of_the_demo() {
    let (output, session) = demo(&["--fast"], "2, waited 40 minutes\nWaiting time\nno\n");
    assert_eq!(session["status"], "completed", "{session:#}");
    let csat = stored(&session, "csat");
    assert_eq!((csat["value"].as_i64(), csat["comment"].as_str()), (Some(2), Some("waited 40 minutes")));
    let reason = stored(&session, "reason");
    assert_eq!((reason["index"].as_i64(), reason["code"].as_str()), (Some(2), Some("wait")));
    assert_eq!(stored(&session, "callback")["raw"], "no");
    let told = stderr(&output);
    let places: Vec<usize> =
        ["POST /v1/SendSurvey", "How satisfied", "you> 2,", "Sorry to hear", "you> no", "Thank you"]
            .iter()
            .map(|part| told.find(part).unwrap_or_else(|| panic!("{part} is missing in {told}")))
            .collect();
    assert!(places.is_sorted(), "{told}");
}

#[test]
fn the_demo_speaks_other_surveys_and_languages_and_keeps_what_was_said_so_far() {
    let (output, session) = demo(&["--fast", "--survey", "nps", "--language", "no"], "En åtter\n");
    assert_eq!((session["status"].as_str(), session["language"].as_str()), (Some("active"), Some("no")));
    assert_eq!(stored(&session, "nps")["value"], 8);
    assert!(stderr(&output).contains("is still active."), "{}", stderr(&output));
}

#[test]
fn p40_without_fast_the_demo_keeps_two_seconds_between_the_sms() {
    let started = Instant::now();
    let (_, session) = demo(&[], "STOP\nnever read\n");
    assert_eq!(session["status"], "opted_out", "{session:#}");
    assert!(started.elapsed() >= Duration::from_secs(2));
}

#[test]
fn a_survey_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = run(folder.path(), &["demo", "--survey", "nobody"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("csat-after-call"), "{}", stderr(&unknown));
    std::fs::write(folder.path().join("x.yaml"), "format: antiphon/1\nid: x\n").unwrap();
    let broken = run(folder.path(), &["demo", "--survey", "x.yaml"]);
    assert_eq!(broken.status.code(), Some(3), "{}", stderr(&broken));
}

#[test]
fn f41_survey_test_shows_expected_and_actual() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nps.yaml"), include_str!("../../surveys/nps.yaml")).unwrap();
    let case =
        "survey: nps\ncases:\n  - name: promoter\n    steps:\n      - reply: 9\n        answer: {nps: 8}\n";
    std::fs::write(folder.path().join("nps.test.yaml"), case).unwrap();
    let output = run(folder.path(), &["survey", "test", "."]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.contains("FAILED ./nps.test.yaml: promoter"), "{told}");
    let row = |line: &str| line.split('|').map(str::trim).collect::<Vec<_>>() == ["nps: 8", "nps: 9"];
    assert!(told.lines().any(row), "{told}");
}

#[test]
fn survey_simulate_plays_from_a_script() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nps.yaml"), include_str!("../../surveys/nps.yaml")).unwrap();
    let arguments = ["survey", "simulate", "nps.yaml", "--json", "--reply", "9", "--reply", "skip"];
    let played: serde_json::Value = serde_json::from_str(&stdout(&run(folder.path(), &arguments))).unwrap();
    assert_eq!(played["status"], "completed");
    assert_eq!(stored(&played, "nps")["value"], 9);
    assert_eq!(stored(&played, "why")["state"], "skipped");
}

#[test]
fn e15_two_files_with_one_id_are_found_by_the_server_in_the_words_of_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let surveys = folder.path().join("surveys");
    std::fs::create_dir(&surveys).unwrap();
    let survey = include_str!("../../surveys/nps.yaml");
    std::fs::write(surveys.join("nps.yaml"), survey).unwrap();
    std::fs::write(surveys.join("nps.yml"), survey.replace("title:", "title: Another,")).unwrap();
    std::fs::write(surveys.join("broken.yaml"), "format: antiphon/1\nid: broken\ntitel: x\n").unwrap();
    let checked = run(folder.path(), &["survey", "check", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&checked)).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let errors: Vec<_> = findings.iter().filter(|finding| finding["severity"] == "error").collect();
    assert!(
        errors.iter().any(|error| error["code"] == "E15" && error["file"] == "surveys/nps.yml"),
        "{report:#}"
    );

    let log = std::fs::File::create(folder.path().join("log.txt")).unwrap();
    let mut serving = Serving::start_logging(folder.path(), log.into());
    serving.signal("-TERM");
    assert_eq!(serving.exit_code(), Some(0));
    let log = std::fs::read_to_string(folder.path().join("log.txt")).unwrap();
    for error in errors {
        for part in ["code", "message", "hint", "excerpt"] {
            // The log puts texts in quotes and escapes them.
            let words = error[part].as_str().unwrap().replace('"', "\\\"");
            assert!(log.contains(&words), "{part} of {error:#} is missing in {log}");
        }
    }
}

#[test]
fn gw68_surveys_are_checked_and_played_with_the_words_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("surveys")).unwrap();
    let survey = "format: antiphon/1\nid: mood\nlanguages: [en]\ndefault_language: en\nsettings: {expiry: 24h}\n\
        elements:\n  - id: ok\n    type: single_choice\n    text: {en: \"Fjordkraft: fine? FERDIG ends.\"}\n    options:\n\
        \x20     - {code: fine, label: {en: Fine}}\n      - {code: bad, label: {en: Bad}, aliases: {en: [meh]}}\n\
        \x20 - {id: again, type: yes_no, text: {en: Again? YES or NO.}}\n\
        completion: {text: {en: Thanks}}\n";
    std::fs::write(folder.path().join("surveys/mood.yaml"), survey).unwrap();
    let checked = run(folder.path(), &["survey", "check"]);
    assert!(stdout(&checked).contains("the first message has no opt-out word"), "{}", stdout(&checked));
    let replies =
        ["survey", "simulate", "surveys/mood.yaml", "--reply", "fine", "--reply", "aye aye", "--json"];
    let simulated = run(folder.path(), &replies);
    assert!(stdout(&simulated).contains("reask:unrecognised"), "{}", stdout(&simulated));

    let file = "[surveys]\nsender_name = \"Fjordkraft\"\n[lexicons]\nen.core_yes = [\"aye aye\"]\n\
        [channels.simulator]\ngateway = \"simulator\"\nsender = \"2012\"\nkeywords.en.opt_out_weak = [\"FERDIG\"]\n";
    std::fs::write(folder.path().join("antiphon.toml"), file).unwrap();
    let checked = run(folder.path(), &["survey", "check", "--strict"]);
    assert!(checked.status.success(), "{}{}", stdout(&checked), stderr(&checked));
    let simulated = run(folder.path(), &replies);
    assert!(stdout(&simulated).contains("\"status\": \"completed\""), "{}", stdout(&simulated));

    let taken = file.replace("FERDIG\"", "FERDIG\", \"MEH\"");
    std::fs::write(folder.path().join("taken.toml"), taken).unwrap();
    let refused = run(folder.path(), &["survey", "check", "--config", "taken.toml"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(stdout(&refused).contains("the alias `meh` is the keyword MEH"), "{}", stdout(&refused));
}

#[test]
fn gw10_profiles_are_checked_listed_shown_and_tried_at_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run(folder.path(), &["gateway", "show", "kannel"]);
    std::fs::write(folder.path().join("kannel.yaml"), stdout(&shown)).unwrap();
    let good = run(folder.path(), &["gateway", "check", "kannel.yaml"]);
    assert!(good.status.success(), "{}", stdout(&good));
    let broken = stdout(&shown).replace("decode: {as: query,", "decode: {as: querry,");
    std::fs::write(folder.path().join("broken.yaml"), broken).unwrap();
    let bad = run(folder.path(), &["gateway", "check", "--json", "kannel.yaml", "broken.yaml"]);
    assert_eq!(bad.status.code(), Some(3), "{}", stdout(&bad));
    let report: serde_json::Value = serde_json::from_str(&stdout(&bad)).unwrap();
    assert_eq!(
        (&report["faults"][0]["file"], &report["faults"][0]["line"]),
        (&"broken.yaml".into(), &15.into())
    );

    let table = "[gateways.k]\nprofile = \"kannel\"\nbase_url = \"http://127.0.0.1:1\"\nparams.username = \"u\"\n\
                 secrets.password = \"p\"\nsecrets.inbound = \"0123456789abcdef\"\n";
    std::fs::write(folder.path().join("antiphon.toml"), table).unwrap();
    let listed = stdout(&run(folder.path(), &["gateway", "list", "--json"]));
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let kannel = listed.as_array().unwrap().iter().find(|one| one["profile"] == "kannel").unwrap();
    assert_eq!(kannel["gateways"], serde_json::json!(["k"]));
    let call = |query| ["gateway", "simulate-inbound", "k", "--json", "--method", "GET", "--query", query];
    let tried = run(folder.path(), &call("id=1&from=%2B4799999999&to=2012&text=5"));
    assert!(tried.status.success());
    let items: serde_json::Value = serde_json::from_str(&stdout(&tried)).unwrap();
    assert_eq!(items[0]["inbound"]["text"], "5");
    assert_eq!(run(folder.path(), &call("text=5")).status.code(), Some(3));
    assert_eq!(run(folder.path(), &["gateway", "ping", "k"]).status.code(), Some(1), "nobody is there");
    assert_eq!(run(folder.path(), &["gateway", "ping", "nobody"]).status.code(), Some(2));
}
