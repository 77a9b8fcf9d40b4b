//! The configuration: what is in force without any, what wins, and how faults are told (T10–T12).

use std::path::PathBuf;
use std::time::Duration;

use antiphon::config::{Config, Countries, DEFAULTS, FaultCode, Faults, Inputs, Source};
use antiphon::gateway::{Callback, GatewayKind};
use antiphon::i18n::SystemText;
use antiphon::survey::Language;
use secrecy::ExposeSecret;

const SECRET: &str = "0123456789abcdef-hush";

/// A folder for one test, with the file `antiphon.toml` in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("antiphon.toml"), file).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, Faults> {
        let own =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Config::load(&Inputs {
            file: Some(self.path("antiphon.toml")),
            variables: own(variables),
            flags: own(flags),
        })
    }

    /// The report, without the path of this test's folder.
    fn report(&self, variables: &[(&str, &str)]) -> String {
        let faults = self.load(variables, &[]).unwrap_err();
        faults.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn codes(file: &str) -> Vec<(FaultCode, String)> {
    let faults = Folder::with(file).load(&[], &[]).unwrap_err();
    faults.0.into_iter().map(|fault| (fault.code, fault.key)).collect()
}

#[test]
fn v4_webhooks_reach_private_addresses_only_from_a_server_that_only_this_machine_reaches() {
    let private = "[webhooks]\nallow_private = true\n";
    assert!(codes_of(private).is_empty());
    let public = format!("[server]\nbind = \"0.0.0.0:80\"\nbehind_proxy = true\n{private}");
    let conflict = (FaultCode::Conflict, "webhooks.allow_private".to_owned());
    assert!(codes_of(&public).contains(&conflict), "{:?}", codes_of(&public));
}

/// Faults of a file, if it has any.
fn codes_of(file: &str) -> Vec<(FaultCode, String)> {
    Folder::with(file).load(&[], &[]).map_or_else(
        |faults| faults.0.into_iter().map(|fault| (fault.code, fault.key)).collect(),
        |_| Vec::new(),
    )
}

#[test]
fn no_configuration_at_all_runs() {
    let config = Folder::with("").load(&[], &[]).unwrap();
    assert!(config.server.bind.ip().is_loopback());
    assert_eq!(config.database.url.expose_secret(), "sqlite:antiphon.db");
    let gateway = &config.gateways["simulator"];
    assert!(matches!(gateway.kind, GatewayKind::Simulator(_)) && gateway.is_unverified());
    let channel = &config.channels["simulator"];
    assert_eq!((channel.sender.as_str(), channel.subnumbering), ("2012", true));
    assert!(channel.allowed_countries.allow("1"));
    assert!(config.warnings().is_empty());
}

#[test]
fn the_defaults_are_these() {
    let config = Folder::with("").load(&[], &[]).unwrap();
    insta::assert_snapshot!(config.effective);
}

#[test]
fn every_default_is_explained() {
    let mut explained = false;
    for line in DEFAULTS.lines() {
        assert!(explained || !line.contains(" = ") || line.starts_with('#'), "{line}");
        explained = line.starts_with('#');
    }
}

#[test]
fn flags_win_over_variables_over_the_file_over_defaults() {
    let folder =
        Folder::with("[server]\nbind = \"127.0.0.1:1\"\n[limits]\nqueue_max = 7\nrequests_burst = 60");
    let config = folder.load(
        &[("ANTIPHON__SERVER__BIND", "127.0.0.1:2"), ("ANTIPHON__LIMITS__QUEUE_MAX", " 8 "), ("HOME", "/x")],
        &[("server.bind", "127.0.0.1:3")],
    );
    let config = config.unwrap();
    assert_eq!(config.server.bind.port(), 3);
    assert_eq!((config.limits.queue_max, config.limits.requests_burst), (8, 60));
    let sources: Vec<&Source> = config
        .effective
        .iter()
        .filter(|(key, _)| ["server.bind", "limits.queue_max", "limits.due_max"].contains(key))
        .map(|(_, shown)| &shown.source)
        .collect();
    let expected = [
        Source::Default,
        Source::Variable("ANTIPHON__LIMITS__QUEUE_MAX".into()),
        Source::Flag("--bind".into()),
    ];
    assert_eq!(sources, expected.iter().collect::<Vec<_>>());
}

#[test]
fn the_customary_variables_are_honoured() {
    let folder = Folder::with("[server]\nbind = \"[::1]:1\"");
    let url = "postgres://anna:hush@db/surveys?password=hush";
    let config =
        folder.load(&[("PORT", "9000"), ("DATABASE_URL", url), ("RUST_LOG", "antiphon=debug")], &[]).unwrap();
    assert_eq!(config.server.bind.to_string(), "[::1]:9000");
    assert_eq!(config.database.url.expose_secret(), url);
    assert_eq!(config.log.level, "antiphon=debug");
    assert!(!config.effective.to_string().contains("hush") && !format!("{config:?}").contains("hush"));
    let own = folder.load(&[("PORT", "9000"), ("ANTIPHON__SERVER__BIND", "127.0.0.1:9001")], &[]).unwrap();
    assert_eq!(own.server.bind.port(), 9_001);
}

#[test]
fn secrets_come_from_files_too_and_are_never_printed() {
    let folder = Folder::with(
        "[gateways.own]\nprofile = \"generic\"\nbase_url = \"https://sms.example.com\"\n\
         params.proof = \"standard_webhooks\"\nsecrets.inbound_file = \"SECRET_FILE\"\nparams.auth = \"bearer\"\nsecrets.outbound = \"hush-token\"",
    );
    let secret = folder.path("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let file = folder.path("antiphon.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("SECRET_FILE", secret.to_str().unwrap())).unwrap();
    let config = folder.load(&[], &[]).unwrap();
    assert!(!config.gateways["own"].is_unverified());
    assert!(config.channels.is_empty() && !config.gateways.contains_key("simulator"));
    let printed = format!("{config:?}{}", config.effective);
    for hidden in ["MfKQ9r8", "hush-token"] {
        assert!(!printed.contains(hidden), "{hidden}");
    }
    assert!(printed.contains("gateways.own.secrets.outbound = <redacted>"));
}

#[test]
fn two_secrets_serve_while_they_are_changed() {
    let file = format!(
        "[gateways.simulator]\nsecrets.inbound = [\"{SECRET}-new\", \"{SECRET}-old\"]\nparams.proof = \"bearer\""
    );
    let config = Folder::with(&file).load(&[], &[]).unwrap();
    let gateway = &config.gateways["simulator"];
    let now = chrono::DateTime::UNIX_EPOCH;
    for (end, fits) in [("new", true), ("old", true), ("odd", false)] {
        let value = format!("Bearer {SECRET}-{end}");
        let headers: [(&str, &[u8]); 1] = [("authorization", value.as_bytes())];
        let callback = Callback {
            method: "POST",
            target: "/",
            headers: &headers,
            path_secret: None,
            address: None,
            body: b"",
        };
        assert_eq!(gateway.bound.doors[0].verifier.verify(&callback, now).is_ok(), fits, "{end}");
    }
    assert!(config.channels.contains_key("simulator"));
}

#[test]
fn a_channel_has_its_own_texts_words_and_countries() {
    let file = "[channels.nordlys]\ngateway = \"simulator\"\nsender = \"1960\"\nallowed_countries = [47, \"+46\"]\n\
                texts.not_found.no = \"Ingen undersøkelse.\"\nkeywords.no.help = [\"HJELP\", \"HVA\"]\n\
                throttle_per_second = 0.5\nkeyword_scope = \"survey\"\ndefault_language = \"nb\"";
    let config = Folder::with(file).load(&[], &[]).unwrap();
    assert_eq!(config.channels.keys().collect::<Vec<_>>(), ["nordlys"]);
    let channel = &config.channels["nordlys"];
    assert_eq!(channel.texts.wording(SystemText::NotFound, &Language::no()), "Ingen undersøkelse.");
    assert_eq!(channel.keywords[&Language::no()].help, ["HJELP", "HVA"]);
    assert_eq!(channel.default_language, Some(Language::no()));
    assert!(channel.allowed_countries.allow("46") && !channel.allowed_countries.allow("1"));
    assert!(channel.throttle_per_second > 0.4 && channel.throttle_per_second < 0.6);
}

#[test]
fn a_real_gateway_without_countries_refuses_all_and_warns() {
    let file = format!(
        "[gateways.own]\nprofile = \"generic\"\nbase_url = \"http://127.0.0.1:9\"\nsecrets.inbound = \"{SECRET}\"\n\
         request_timeout = \"10s\"\n[channels.a]\ngateway = \"own\"\nsender = \"2012\"\n[outbox]\nlease = \"50s\""
    );
    let config = Folder::with(&file).load(&[], &[]).unwrap();
    assert_eq!(config.channels["a"].allowed_countries, Countries::Only([].into()));
    assert!(!config.channels["a"].subnumbering);
    assert_eq!(config.outbox.lease, Duration::from_secs(50));
    assert_eq!(config.warnings().len(), 1);
}

#[test]
fn open_doors_are_refused() {
    let bind = "[server]\nbind = \"0.0.0.0:8080\"\n";
    let plaintext = (FaultCode::PlaintextBind, "server.bind".to_owned());
    let simulator = (FaultCode::VerifierRequired, "gateways.simulator.secrets.inbound".to_owned());
    assert_eq!(codes(bind), [plaintext, simulator.clone()]);
    assert_eq!(codes(&format!("{bind}behind_proxy = true")), [simulator]);
    let whole = format!(
        "{bind}behind_proxy = true\n[gateways.simulator]\nparams.proof = \"header\"\nsecrets.inbound = \"{SECRET}\""
    );
    assert!(Folder::with(&whole).load(&[], &[]).is_ok());

    let own = "[gateways.own]\nprofile = \"generic\"\nbase_url = \"https://sms.example.com\"\n";
    let required = (FaultCode::VerifierRequired, "gateways.own.secrets.inbound".to_owned());
    assert_eq!(codes(own), std::slice::from_ref(&required));
    let unproved = format!("{own}params.proof = \"none\"");
    assert_eq!(codes(&unproved), [(FaultCode::InvalidValue, "gateways.own.params.proof".to_owned())]);
    assert_eq!(codes(&format!("{own}params.proof = \"path\"")), [required]);
    let weak = (FaultCode::InvalidValue, "gateways.own.secrets.inbound".to_owned());
    assert_eq!(codes(&format!("{own}secrets.inbound = \"short\"")), [weak]);
}

#[test]
fn metrics_on_an_open_address_need_a_proxy_too() {
    let metrics = "[server]\nmetrics_bind = \"0.0.0.0:9464\"\n";
    assert_eq!(codes(metrics), [(FaultCode::PlaintextBind, "server.metrics_bind".to_owned())], "RS8");
    assert!(Folder::with(&format!("{metrics}behind_proxy = true")).load(&[], &[]).is_ok());
}

#[test]
fn a_setting_without_effect_is_no_setting() {
    for (section, key) in [
        ("limits", "recipients_per_request"),
        ("surveys", "survey_during_conversation"),
        ("retention", "rows"),
    ] {
        let expected = (FaultCode::UnknownKey, format!("{section}.{key}"));
        assert_eq!(codes(&format!("[{section}]\n{key} = 1")), [expected], "T11");
    }
}

#[test]
fn a_failed_connection_must_be_told_from_a_slow_answer() {
    let file = "[gateways.simulator]\nconnect_timeout = \"5s\"\nrequest_timeout = \"5s\"";
    let expected = (FaultCode::Conflict, "gateways.simulator.connect_timeout".to_owned());
    assert_eq!(codes(file), [expected]);
    let file = "[outbox]\nlease = \"89s\"";
    assert_eq!(codes(file), [(FaultCode::Conflict, "outbox.lease".to_owned())]);
}

#[test]
fn an_alphanumeric_sender_cannot_receive() {
    let file = "[channels.a]\ngateway = \"simulator\"\nsender = \"Nordlys\"\nsender_type = \"alphanumeric\"";
    let expected = (FaultCode::SenderCannotReceive, "channels.a.sender_type".to_owned());
    assert_eq!(codes(file), [expected]);
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_a_fault() {
    assert_eq!(codes("[server]\nbind = \"unclosed hush\nport = 1")[0].0, FaultCode::Syntax);
    let report = Folder::with("[server]\n\nbind = hush\n").report(&[]);
    assert!(report.contains("antiphon.toml: line 3: ") && !report.contains("hush"), "{report}");
    let inputs = Inputs { file: Some("/no/such/file.toml".into()), ..Inputs::default() };
    let faults = Config::load(&inputs).unwrap_err();
    assert_eq!(faults.0[0].code, FaultCode::UnreadableFile);
}

#[test]
fn all_faults_are_told_at_once() {
    let folder = Folder::with(
        r#"
colour = "red"
outbox = 5
[server]
bnd = "127.0.0.1:8080"
metrics_bind = "nonsense"
behind_proxy = "perhaps"
public_url = "http://survey.example.com"
[database]
url = "mysql://root:hush@db/x"
writer_batch = 0
[surveys]
default_timezone = "Oslo"
duplicate_window = "1 day"
[texts]
language_by_country = ["47", "46=sv"]
[lexicons]
no.core_jes = ["jess"]
no.number = ["otta"]
no.core_yes = ["jess=1"]
english.common = ["um"]
no.leave_alone = ["la meg være"]
[consent]
quiet_hours_end = "22:00"
[gateways.own]
profile = "generic"
params.auth = "header"
secrets.inbound = ["a-secret-that-is-long", "b-secret-that-is-long", "c-secret-that-is-long"]
[gateways.OTHER]
profile = "puzzle"
[channels.a]
gateway = "puzzel"
sender = "2012"
allowed_countries = ["NO"]
keyword_scop = "global"
texts.not_found.en = ""
texts.notfound.en = "x"
texts.help.english = "x"
[channels.b]
gateway = "own"
sender = ""
subnumbering = true
"#,
    );
    let variables = [
        ("ANTIPHON__OUTBOX__ATEMPTS_MAX", "9"),
        ("ANTIPHON_SERVER_BIND", "127.0.0.1:1"),
        ("ANTIPHON__LIMITS__QUEUE_MAX", "many"),
    ];
    let report = folder.report(&variables);
    assert!(!report.contains("hush"), "{report}");
    insta::assert_snapshot!(report);
}

#[test]
fn gw27_networks_alone_are_a_proof_with_a_warning() {
    let own = "[gateways.own]\nprofile = \"generic\"\nbase_url = \"https://sms.example.com\"\n";
    let file = format!("{own}params.cidrs = [\"192.0.2.0/24\"]\n");
    let warnings = Folder::with(&file).load(&[], &[]).unwrap().warnings();
    assert!(warnings.iter().any(|warning| warning.contains("by address alone")), "{warnings:?}");
    let both = format!("{file}secrets.inbound = \"{SECRET}\"\n");
    let warnings = Folder::with(&both).load(&[], &[]).unwrap().warnings();
    assert!(!warnings.iter().any(|warning| warning.contains("by address alone")), "{warnings:?}");
    let wrong = (FaultCode::InvalidValue, "gateways.own.params.cidrs".to_owned());
    for network in ["everywhere", "192.0.2.1/24", "0.0.0.0/0"] {
        let file = format!("{own}secrets.inbound = \"{SECRET}\"\nparams.cidrs = [\"{network}\"]\n");
        assert_eq!(codes(&file), std::slice::from_ref(&wrong), "{network}");
    }
}
