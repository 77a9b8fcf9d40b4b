//! Gateways as a configuration opens them.

use antiphon::config::{Config, Inputs};
use antiphon::gateway::{Gateway, GatewayKind, GatewaySettings, Timeouts};
use antiphon::ids::Ids;

/// Settings of a gateway named `own`, from the TOML of its table.
pub fn settings(toml: &str) -> GatewaySettings {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("antiphon.toml");
    std::fs::write(
        &file,
        format!("[server]\npublic_url = \"https://survey.example.com\"\n[gateways.own]\n{toml}"),
    )
    .unwrap();
    let config = Config::load(&Inputs { file: Some(file), ..Inputs::default() });
    config.unwrap_or_else(|faults| panic!("{toml}\n{faults}")).gateways.remove("own").unwrap()
}

/// The gateway of these settings.
pub fn gateway(toml: &str) -> Gateway {
    Gateway::open(&settings(toml), &Ids::seeded(1)).unwrap()
}

/// The same, with other timeouts.
pub fn gateway_within(toml: &str, timeouts: Timeouts) -> Gateway {
    let mut settings = settings(toml);
    match &mut settings.kind {
        GatewayKind::Http(http) => http.timeouts = timeouts,
        GatewayKind::Simulator(simulator) => simulator.request_timeout = timeouts.request,
    }
    Gateway::open(&settings, &Ids::seeded(1)).unwrap()
}
