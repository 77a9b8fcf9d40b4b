//! `[gateways.<name>]`: which gateways there are and how they prove themselves. A gateway without a proof of its
//! callbacks does not open (RS2).

use std::net::IpAddr;

use secrecy::SecretString;

use super::fault::FaultCode;
use super::reader::Reader;
use crate::gateway::{
    GatewaySettings, GenericSettings, Network, Networks, OptOutHandling, OutboundAuth, Place,
    ProfileSettings, Secrets, SimulatorSettings, Subnumber, SubnumberMode, Timeouts, Verifier,
    check_base_url,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Profile {
    Simulator,
    Generic,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Unset,
    None,
    Header,
    Query,
    Path,
    Basic,
    Bearer,
    StandardWebhooks,
}

const PROOFS: [(&str, Proof); 8] = [
    ("", Proof::Unset),
    ("none", Proof::None),
    ("header", Proof::Header),
    ("query", Proof::Query),
    ("path", Proof::Path),
    ("basic", Proof::Basic),
    ("bearer", Proof::Bearer),
    ("standard_webhooks", Proof::StandardWebhooks),
];

/// Header that holds the secret when nothing else is said.
const DEFAULT_HEADER: &str = "X-API-Key";

/// Reads one gateway; `None` after a fault that leaves nothing to build.
pub fn read(reader: &mut Reader, name: &str, bind: IpAddr) -> Option<GatewaySettings> {
    let key = |field: &str| format!("gateways.{name}.{field}");
    let profiles = [
        ("simulator", Profile::Simulator),
        ("generic", Profile::Generic),
        ("generic-json", Profile::Generic),
    ];
    let profile = reader.word(&key("profile"), None, &profiles);
    let subnumber_mode = subnumber_mode(reader, name, profile);
    let delivery_reports = reader.flag(&key("delivery_reports"), Some("true"));
    let not_accepted_on_503 = reader.flag(&key("not_accepted_on_503"), Some("false"));
    let timeouts = Timeouts {
        connect: reader.duration(&key("connect_timeout"), Some("3s"), &(1..=30)),
        request: reader.duration(&key("request_timeout"), Some("30s"), &(1..=300)),
    };
    if timeouts.connect >= timeouts.request {
        let problem =
            "must be shorter than request_timeout, or a failed connection looks like an unknown send";
        reader.fault(FaultCode::Conflict, &key("connect_timeout"), problem);
    }
    let auth = outbound_auth(reader, name);
    let base_url = base_url(reader, name, profile == Some(Profile::Generic));
    let opt_out = opt_out(reader, name);
    let opt_in_words = reader.list(&key("opt_in_words"), Some(""));
    let networks = networks(reader, name);
    let verifier = verifier(reader, name, profile, bind, &networks);
    let profile = match profile? {
        Profile::Simulator => ProfileSettings::Simulator(SimulatorSettings {
            sms_sessions: subnumber_mode == SubnumberMode::GatewaySession,
            delivery_reports,
            request_timeout: timeouts.request,
        }),
        Profile::Generic => ProfileSettings::Generic(GenericSettings {
            base_url: base_url?,
            auth,
            not_accepted_on_503,
            timeouts,
        }),
    };
    Some(GatewaySettings {
        name: name.to_owned(),
        profile,
        verifier: verifier?,
        networks,
        opt_out,
        opt_in_words,
        subnumber: Subnumber::usual(subnumber_mode),
    })
}

fn subnumber_mode(reader: &mut Reader, name: &str, profile: Option<Profile>) -> SubnumberMode {
    let words = SubnumberMode::ALL.map(|mode| (mode.as_str(), mode));
    let simulated = profile == Some(Profile::Simulator);
    let usual = if simulated { SubnumberMode::GatewaySession } else { SubnumberMode::None };
    let read = reader.word(&format!("gateways.{name}.subnumber_mode"), Some(usual.as_str()), &words);
    read.unwrap_or(usual)
}

fn opt_out(reader: &mut Reader, name: &str) -> OptOutHandling {
    let words = [OptOutHandling::None, OptOutHandling::Blocks, OptOutHandling::BlocksAndReplies]
        .map(|handling| (handling.as_str(), handling));
    let read = reader.word(&format!("gateways.{name}.opt_out_handling"), Some("none"), &words);
    read.unwrap_or(OptOutHandling::None)
}

fn base_url(reader: &mut Reader, name: &str, needed: bool) -> Option<reqwest::Url> {
    let key = format!("gateways.{name}.base_url");
    let Some(text) = reader.optional(&key, Some("")) else {
        if needed {
            let problem = "say where the gateway listens, for example https://sms.example.com";
            reader.fault(FaultCode::MissingKey, &key, problem);
        }
        return None;
    };
    check_base_url(&text).map_err(|fault| reader.fault(FaultCode::InvalidValue, &key, fault.to_string())).ok()
}

fn outbound_auth(reader: &mut Reader, name: &str) -> OutboundAuth {
    let key = |field: &str| format!("gateways.{name}.{field}");
    let token = reader.secret(&key("auth_token"), Some(""));
    let header = reader.optional(&key("auth_header"), Some(""));
    let value = reader.secret(&key("auth_value"), Some(""));
    match (token, header, value) {
        (None, None, None) => OutboundAuth::None,
        (Some(token), None, None) => OutboundAuth::Bearer(token),
        (None, Some(header), Some(value)) => {
            check_header(reader, &key("auth_header"), &header);
            OutboundAuth::Header(header, value)
        }
        (Some(_), _, _) => {
            let problem = "give auth_token, or auth_header and auth_value, not both";
            reader.fault(FaultCode::Conflict, &key("auth_token"), problem);
            OutboundAuth::None
        }
        (None, Some(_), None) => {
            reader.fault(FaultCode::MissingKey, &key("auth_value"), "auth_header needs auth_value");
            OutboundAuth::None
        }
        (None, None, Some(_)) => {
            reader.fault(FaultCode::MissingKey, &key("auth_header"), "auth_value needs auth_header");
            OutboundAuth::None
        }
    }
}

fn check_header(reader: &mut Reader, key: &str, name: &str) {
    if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
        reader.fault(FaultCode::InvalidValue, key, "write the name of an HTTP header such as X-API-Key");
    }
}

fn networks(reader: &mut Reader, name: &str) -> Networks {
    let key = format!("gateways.{name}.inbound_cidrs");
    let mut networks = Vec::new();
    for text in reader.list(&key, Some("")) {
        match Network::parse(&text) {
            Ok(network) => networks.push(network),
            Err(fault) => reader.fault(FaultCode::InvalidValue, &key, format!("{text}: {fault}")),
        }
    }
    Networks::new(networks)
}

fn verifier(
    reader: &mut Reader,
    name: &str,
    profile: Option<Profile>,
    bind: IpAddr,
    networks: &Networks,
) -> Option<Verifier> {
    let key = |field: &str| format!("gateways.{name}.{field}");
    let secrets = reader.secrets(&key("inbound_secret"), Some(""));
    let given_name = reader.optional(&key("inbound_name"), Some(""));
    let proof = reader.word(&key("inbound_proof"), Some(""), &PROOFS)?;
    let unset = matches!(proof, Proof::Unset) && secrets.is_empty();
    if (unset || proof == Proof::None) && !networks.is_empty() {
        return Some(Verifier::Network);
    }
    if unset || proof == Proof::None {
        let open = (profile == Some(Profile::Simulator)).then(|| Verifier::none_on(bind)).flatten();
        if open.is_none() && profile.is_some() {
            reader.fault(FaultCode::VerifierRequired, &key("inbound_secret"), required(profile));
        }
        return open;
    }
    let need_name = |reader: &mut Reader, what: &str| {
        if given_name.is_none() {
            reader.fault(FaultCode::MissingKey, &key("inbound_name"), format!("name {what}"));
        }
        given_name.clone()
    };
    let place = match proof {
        Proof::Unset | Proof::None | Proof::Header => {
            let header = given_name.clone().unwrap_or_else(|| DEFAULT_HEADER.to_owned());
            check_header(reader, &key("inbound_name"), &header);
            Place::Header(header)
        }
        Proof::Query => Place::Query(need_name(reader, "the query parameter")?),
        Proof::Basic => Place::Basic(need_name(reader, "the user")?),
        Proof::Path => Place::Path,
        Proof::Bearer => Place::Bearer,
        Proof::StandardWebhooks => {
            let signing = Secrets::signing(&secrets);
            return usable(reader, &key("inbound_secret"), &secrets, signing.map(Verifier::StandardWebhooks));
        }
    };
    let plain = Secrets::plain(&secrets);
    usable(reader, &key("inbound_secret"), &secrets, plain.map(|plain| Verifier::Static(place, plain)))
}

fn required(profile: Option<Profile>) -> &'static str {
    if profile == Some(Profile::Simulator) {
        "on an address that others reach the simulator needs a secret of at least 16 characters too"
    } else {
        "anybody could send us replies; give a secret of at least 16 characters, and inbound_proof if it does not \
         stand in the header X-API-Key"
    }
}

fn usable<E: std::fmt::Display>(
    reader: &mut Reader,
    key: &str,
    secrets: &[SecretString],
    verifier: Result<Verifier, E>,
) -> Option<Verifier> {
    verifier
        .map_err(|fault| {
            let code = if secrets.is_empty() { FaultCode::VerifierRequired } else { FaultCode::InvalidValue };
            reader.fault(code, key, fault.to_string());
        })
        .ok()
}
