//! Who stands in the audit log for a request: the key, and the address it came from (RS10).

use actix_web::HttpRequest;

use super::api::Api;
use super::caller::{Caller, address};
use crate::app::audit::Actor;

/// The actor of a request.
#[must_use]
pub fn actor(api: &Api, caller: &Caller, request: &HttpRequest) -> Actor {
    let address = address(request, &api.config.server.trusted_proxies);
    Actor::key(caller.key_id(), address.map(|address| address.to_string()))
}
