//! [`Caller`]: who sent a request. Every route declares its scope in the route table with [`allow`]; the checks
//! run before anything of the body is read: 401, then 403, then 429, then 503 for a change while too many wait for the
//! database (http-api.md 2.3, RS12, RE36). Whoever has no valid
//! key is counted by his address (RS6).

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError, Route, web};

use super::api::Api;
use super::auth::Credentials;
use super::problem::{Problem, ProblemCode};
use super::rate::address_name;
use crate::app::api_key::Scope;
use crate::app::audit::Actor;
use crate::app::failure::Failure;
use crate::app::keys::{KnownKey, authenticate};
use crate::phone;

/// The key behind a request, and where the request came from.
#[derive(Clone, Debug)]
pub struct Caller {
    key: Arc<KnownKey>,
    address: Option<IpAddr>,
}

impl Caller {
    /// The 8-character id of the key: the actor of what follows.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key.id
    }

    /// Who the audit log says it was.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::key(&self.key.id, self.address.map(|address| address.to_string()))
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &KnownKey {
        &self.key
    }

    /// Refuses a caller without a scope, beyond the one that the route table asks for.
    ///
    /// # Errors
    /// 403 `insufficient_scope`.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.key.has(scope) {
            return Ok(());
        }
        Err(Problem::new(ProblemCode::InsufficientScope, format!("this needs the scope {scope}")))
    }

    /// Whether he may read phones and texts marked `pii`.
    #[must_use]
    pub fn reads_pii(&self) -> bool {
        self.key.has(Scope::PiiRead)
    }

    /// A phone as he may see it.
    #[must_use]
    pub fn phone(&self, e164: &str) -> String {
        if self.reads_pii() { e164.to_owned() } else { phone::mask(e164) }
    }

    /// Whether a survey exists for him, by slug and UUID.
    #[must_use]
    pub fn sees_survey(&self, slug: &str, uuid: &str) -> bool {
        self.key.surveys.as_ref().is_none_or(|listed| listed.contains(slug) || listed.contains(uuid))
    }

    /// Whether a channel exists for him.
    #[must_use]
    pub fn sees_channel(&self, id: &str) -> bool {
        self.key.channels.as_ref().is_none_or(|listed| listed.contains(id))
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// A route that declares no scope has no caller: it answers 401.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(Problem::unauthenticated))
    }
}

/// A route for callers with a scope.
#[must_use]
pub fn allow(scope: Scope, route: Route) -> Route {
    route.wrap(from_fn(move |request: ServiceRequest, next: Next<BoxBody>| admit(scope, request, next)))
}

async fn admit(
    scope: Scope,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match admitted(scope, request.request()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.call(request).await
        }
        Err(problem) => Ok(request.into_response(problem.error_response())),
    }
}

async fn admitted(scope: Scope, request: &HttpRequest) -> Result<Caller, Problem> {
    let Some(api) = request.app_data::<web::Data<Api>>() else {
        return Err(Problem::unauthenticated());
    };
    let now = api.engine.clock.now();
    let known = match Credentials::of(request.headers()) {
        Some(credentials) => {
            let known = authenticate(&api.engine, &credentials.key).await?;
            known.filter(|known| credentials.user_names(&known.id))
        }
        None => None,
    };
    let address = address(request, &api.config.server.trusted_proxies);
    let Some(known) = known else {
        let name = address.map_or_else(String::new, address_name);
        api.callers.charge(request, &name, now)?;
        return Err(Problem::unauthenticated());
    };
    let caller = Caller { key: known, address };
    caller.require(scope)?;
    api.callers.charge(request, caller.key_id(), now)?;
    let waits_for_writer = !request.method().is_safe();
    if waits_for_writer && api.engine.store.waiting() > api.config.limits.queue_max {
        // Gateways are not asked to come again before the writer holds all it can (RE36).
        return Err(Failure::Unavailable.into());
    }
    Ok(caller)
}

/// Where a request comes from: the peer, or what a proxy we trust says was its peer.
#[must_use]
pub fn address(request: &HttpRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let named = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        named.flat_map(|line| line.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    // The last hop that is not ours is the nearest one we know; what stands before it anybody can write.
    hops.into_iter().rev().find(|hop| !trusted.contains(hop)).or(Some(peer))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn seen(peer: &str, forwarded: Option<&str>, trusted: &[&str]) -> Option<String> {
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        if let Some(forwarded) = forwarded {
            request = request.insert_header(("X-Forwarded-For", forwarded));
        }
        let trusted: Vec<IpAddr> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        address(&request.to_http_request(), &trusted).map(|address| address.to_string())
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let forged = Some("1.1.1.1");
        assert_eq!(seen("9.9.9.9", forged, &[]), Some("9.9.9.9".to_owned()));
        assert_eq!(seen("9.9.9.9", forged, &["8.8.8.8"]), Some("9.9.9.9".to_owned()));
        assert_eq!(seen("9.9.9.9", forged, &["9.9.9.9"]), Some("1.1.1.1".to_owned()));
        assert_eq!(
            seen("9.9.9.9", Some("6.6.6.6, 1.1.1.1, 8.8.8.8"), &["9.9.9.9", "8.8.8.8"]),
            Some("1.1.1.1".to_owned())
        );
        assert_eq!(seen("9.9.9.9", Some("nobody"), &["9.9.9.9"]), Some("9.9.9.9".to_owned()));
        assert_eq!(seen("9.9.9.9", None, &["9.9.9.9"]), Some("9.9.9.9".to_owned()));
    }
}
