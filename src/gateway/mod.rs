//! SMS gateways: what is sent to them, what they answer, what they call back with, and who may call.
//!
//! [`Gateways`] is the list of configured ones by name; each [`Gateway`] sends one SMS at a time, verifies a
//! callback over its raw bytes and reads it. A gateway never looks into the store, never repeats a send by
//! itself, never paces (that is the dispatcher's) and never decides what an inbound SMS means. Two kinds exist:
//! [`Simulator`], the built-in fake handset network, and gateways by HTTP, each as its [`profile`] says (GW10).

mod generic;
mod http;
mod inquirer;
mod item;
mod network;
mod oauth2;
pub mod profile;
mod registry;
mod sender;
mod settings;
mod simulator;
mod subnumber;
mod types;
mod verify;

pub use generic::{inbound_json, report_json};
pub use http::http_client_builder;
pub use item::{CallbackItem, Concat, Flag, Inbound, Intent, Report, ReportState};
pub use network::{Network, NetworkFault, Networks};
pub use oauth2::{ClientCredentials, TokenCache, TokenFault};
pub use registry::{Gateway, Gateways, OpenError};
pub use settings::{
    GatewayKind, GatewaySettings, HttpSettings, OptOutHandling, SimulatorSettings, Timeouts, UrlFault,
    check_base_url,
};
pub use simulator::{Delivered, Script, Simulator};
pub use subnumber::{Subnumber, SubnumberFault, SubnumberMode};
pub use types::{Detail, GatewaySession, RetryAfter, SendClass, SendRequest, SendResult, SenderType};
pub use verify::{
    Callback, Declared, DeclaredFault, DeclaredSecret, Forged, Place, Proof, Scheme, Secrets, SecretsFault,
    Verifier, sign,
};
