//! `[gateways.<name>]`: which gateways there are. Each is an instance of a profile and gives it `base_url`, `params` and
//! `secrets` (GW10). A gateway without a proof of its callbacks does not open (RS2).

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::Value;

use super::fault::FaultCode;
use super::reader::Reader;
use crate::gateway::profile::{
    BindFault, Bound, Instance, Profile, Profiles, SIMULATOR, Surroundings, Wanting,
};
use crate::gateway::{
    GatewayKind, GatewaySettings, HttpSettings, SimulatorSettings, SubnumberMode, Timeouts, check_base_url,
};

/// Reads one gateway; `None` after a fault that leaves nothing to build.
pub fn read(
    reader: &mut Reader,
    name: &str,
    profiles: &Profiles,
    surroundings: &Surroundings<'_>,
) -> Option<GatewaySettings> {
    let key = |field: &str| format!("gateways.{name}.{field}");
    let wanted = reader.text(&key("profile"), None);
    let timeouts = timeouts(reader, name);
    let Some(profile) = profiles.get(wanted.trim()) else {
        if !wanted.is_empty() {
            let known: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
            let problem = format!("there is no profile {wanted}; there is {}", known.join(", "));
            reader.fault(FaultCode::InvalidValue, &key("profile"), problem);
        }
        leave_alone(reader, name);
        return None;
    };
    let is_simulator = profile.name == SIMULATOR;
    let instance = Instance {
        base_url: base_url(reader, name, profile),
        params: params(reader, name, profile),
        secrets: secrets(reader, name, profile),
    };
    let is_address_wrong = instance.base_url.is_none() && reader.has_fault(&key("base_url"));
    let bound = match Bound::new(profile, &instance, surroundings) {
        Ok(bound) => bound,
        Err(faults) => {
            let faults = faults.into_iter().filter(|fault| {
                // It was told already why the address is none.
                !(is_address_wrong && fault.wanting == Wanting::BaseUrl)
            });
            faults.for_each(|fault| tell(reader, name, fault));
            return None;
        }
    };
    let kind = if is_simulator {
        GatewayKind::Simulator(SimulatorSettings {
            sms_sessions: bound.subnumber.mode == SubnumberMode::GatewaySession,
            delivery_reports: instance.params.get("delivery_reports").is_none_or(|flag| *flag == true),
            request_timeout: timeouts.request,
        })
    } else {
        if bound.send.is_none() {
            let problem = format!("the profile {} does not say how messages are sent", profile.name);
            reader.fault(FaultCode::InvalidValue, &key("profile"), problem);
        }
        GatewayKind::Http(HttpSettings { base_url: instance.base_url?, timeouts })
    };
    Some(GatewaySettings { name: name.to_owned(), bound, kind })
}

fn timeouts(reader: &mut Reader, name: &str) -> Timeouts {
    let key = |field: &str| format!("gateways.{name}.{field}");
    let timeouts = Timeouts {
        connect: reader.duration(&key("connect_timeout"), Some("3s"), &(1..=30)),
        request: reader.duration(&key("request_timeout"), Some("30s"), &(1..=300)),
    };
    if timeouts.connect >= timeouts.request {
        let problem =
            "must be shorter than request_timeout, or a failed connection looks like an unknown send";
        reader.fault(FaultCode::Conflict, &key("connect_timeout"), problem);
    }
    timeouts
}

/// Without a profile nobody knows which keys there are.
fn leave_alone(reader: &mut Reader, name: &str) {
    for field in reader.below(&format!("gateways.{name}")) {
        reader.know(format!("gateways.{name}.{field}"));
    }
}

fn base_url(reader: &mut Reader, name: &str, profile: &Profile) -> Option<reqwest::Url> {
    let key = format!("gateways.{name}.base_url");
    let text = reader.optional(&key, Some("")).or_else(|| profile.base_url.clone())?;
    check_base_url(&text).map_err(|fault| reader.fault(FaultCode::InvalidValue, &key, fault.to_string())).ok()
}

/// Values by name; what is not given and has no default is left out.
fn params(reader: &mut Reader, name: &str, profile: &Profile) -> BTreeMap<String, Value> {
    let mut params = BTreeMap::new();
    for param in &profile.params {
        let key = format!("gateways.{name}.params.{}", param.name);
        if let Some(value) = reader.plain_value(&key, param.default.as_ref()) {
            params.insert(param.name.clone(), value);
        }
    }
    params
}

fn secrets(reader: &mut Reader, name: &str, profile: &Profile) -> BTreeMap<String, Vec<SecretString>> {
    let mut secrets = BTreeMap::new();
    for secret in &profile.secrets {
        let given = reader.secrets(&format!("gateways.{name}.secrets.{secret}"), Some(""));
        if !given.is_empty() {
            secrets.insert(secret.clone(), given);
        }
    }
    secrets
}

/// A fault of the instance under the key that it lies in.
fn tell(reader: &mut Reader, name: &str, fault: BindFault) {
    let (code, key) = match &fault.wanting {
        Wanting::BaseUrl => (FaultCode::MissingKey, format!("gateways.{name}.base_url")),
        Wanting::Param(param) => {
            let key = format!("gateways.{name}.params.{param}");
            let code =
                if reader.is_known_value(&key) { FaultCode::InvalidValue } else { FaultCode::MissingKey };
            (code, key)
        }
        Wanting::Secret(secret) => {
            let key = format!("gateways.{name}.secrets.{secret}");
            let code = if reader.is_given(&key) || reader.is_given(&format!("{key}_file")) {
                FaultCode::InvalidValue
            } else {
                FaultCode::MissingKey
            };
            (code, key)
        }
        Wanting::Proof(secret) => (FaultCode::VerifierRequired, format!("gateways.{name}.secrets.{secret}")),
        Wanting::PublicUrl => (FaultCode::MissingKey, "server.public_url".to_owned()),
        Wanting::Profile => (FaultCode::InvalidProfile, format!("gateways.{name}.profile")),
    };
    reader.fault(code, &key, fault.problem);
}
