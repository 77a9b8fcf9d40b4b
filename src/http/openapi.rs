//! The OpenAPI description, generated from the handlers themselves.
//!
//! How a handler joins it: annotate the handler with `#[utoipa::path(...)]` (method, path, `tag`, `params`,
//! `request_body`, and only the answers that are its own), derive `utoipa::ToSchema` on its types, and name it in
//! `paths(...)` below. A list has [`super::lists::Paging`] among its `params` and answers
//! [`super::lists::Page`]. What all routes share is added by [`Conventions`]: the ways to authenticate, the
//! problems 401, 403, 429, 500 and 503, the 422 of lists, and the body of every answer whose description begins
//! with a problem's code in backticks. A route without a key says `security(())` and gets 500 and 503 only.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder,
};
use utoipa::{Modify, OpenApi};

use super::code_pages::{self, CodePage, Meaning};
use super::docs;
use super::problem::{Fault, MEDIA_TYPE, ProblemSchema};
use super::send_survey::{SendSurveyBody, SendSurveyVariable, SentSession};
use super::sessions::{change, read};
use super::{
    channels, consents, customers, event_webhooks, exports, gateways, handoffs, health, inbound, keys,
    messages, phones, send_survey, surveys, templates, triggers, webhooks,
};
use crate::app::warning::Warning;

/// The whole API.
#[derive(OpenApi, Debug)]
#[openapi(
    info(
        title = "antiphon",
        description = "2-way SMS surveys. JSON in UTF-8, camelCase names, times in RFC 3339. Refusals are \
                       problems (RFC 9457) with a stable code."
    ),
    paths(
        code_pages::problem_page,
        docs::openapi_json,
        docs::reference,
        send_survey::send,
        send_survey::send_compatible,
        webhooks::inbound,
        webhooks::status,
        surveys::read::list,
        surveys::upload::create,
        surveys::upload::check_only,
        surveys::read::read,
        surveys::upload::revise,
        surveys::release::publish,
        surveys::release::archive,
        surveys::simulate::simulate,
        exports::stream,
        exports::report::report,
        channels::list,
        channels::create,
        channels::read,
        channels::change,
        gateways::list,
        gateways::pause,
        gateways::resume,
        keys::list,
        keys::create,
        keys::revoke,
        event_webhooks::list,
        event_webhooks::create,
        event_webhooks::read,
        event_webhooks::change,
        event_webhooks::delete,
        event_webhooks::rotate,
        event_webhooks::test,
        event_webhooks::replay,
        event_webhooks::attempts,
        phones::read,
        phones::erase,
        customers::onboard,
        customers::batch::onboard_batch,
        customers::read,
        customers::check,
        customers::deactivate,
        customers::feed_of,
        customers::connections::connect,
        customers::connections::remove,
        consents::list,
        consents::read,
        consents::change,
        consents::history,
        templates::list,
        templates::one,
        templates::create,
        templates::change,
        templates::delete,
        templates::trial::preview,
        templates::trial::test,
        triggers::list,
        triggers::one,
        triggers::put,
        triggers::delete,
        triggers::messages::post,
        triggers::messages::post_batch,
        handoffs::list,
        handoffs::one,
        handoffs::create,
        handoffs::change,
        read::list,
        read::one,
        read::answers_of,
        read::messages_of,
        change::cancel,
        change::resend,
        change::release,
        change::correct,
        messages::list,
        messages::one,
        messages::cancel,
        messages::release,
        messages::settle,
        inbound::list,
        inbound::one,
        inbound::replay,
        inbound::discard,
        health::livez,
        health::readyz,
        health::version,
        health::metrics,
    ),
    components(schemas(
        CodePage,
        Fault,
        Meaning,
        ProblemSchema,
        SendSurveyBody,
        SendSurveyVariable,
        SentSession,
        Warning
    )),
    security(("bearer" = []), ("basic" = []), ("apiKey" = [])),
    tags(
        (name = "surveys", description = "Survey files and sending"),
        (name = "sessions", description = "Sessions, answers and messages"),
        (name = "customers", description = "Customers, their phones, consents and feed"),
        (name = "messaging", description = "Templates, triggers, messages to customers, handoffs"),
        (name = "gateways", description = "Channels, gateways and their webhooks"),
        (name = "webhooks", description = "Who is told what happens: see docs/webhooks.md"),
        (name = "reports", description = "Exports and reports for analysts"),
        (name = "operation", description = "Health, versions and reference")
    ),
    modifiers(&Conventions)
)]
pub struct ApiDoc;

/// What holds for every route (http-api.md 1).
#[derive(Clone, Copy, Debug)]
pub struct Conventions;

/// Problems any route can answer, those of lists, and those any route with a key can.
const SHARED: [(&str, &str); 2] = [
    ("500", "A fault of ours: `internal_error`"),
    ("503", "Database away or overload: `unavailable`, with `Retry-After`"),
];
const OF_LIST: [(&str, &str); 1] = [("422", "`validation_failed`")];
const WITH_KEY: [(&str, &str); 3] = [
    ("401", "No valid key: `unauthenticated`"),
    ("403", "The key lacks the scope: `insufficient_scope`"),
    ("429", "Too many requests: `rate_limited`, with `Retry-After`"),
];

impl Modify for Conventions {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_with(Components::new);
        for (name, scheme) in schemes() {
            components.add_security_scheme(name, scheme);
        }
        for item in document.paths.paths.values_mut() {
            operations(item).for_each(describe_problems);
        }
    }
}

fn schemes() -> [(&'static str, SecurityScheme); 3] {
    let http = |scheme, description: &str| {
        let http = HttpBuilder::new().scheme(scheme).description(Some(description));
        SecurityScheme::Http(http.build())
    };
    [
        ("bearer", http(HttpAuthScheme::Bearer, "The API key")),
        ("basic", http(HttpAuthScheme::Basic, "User: key id. Password: the API key")),
        ("apiKey", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")))),
    ]
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.head, &mut item.patch]
        .into_iter()
        .flatten()
}

fn describe_problems(operation: &mut Operation) {
    // `security(())` stands for "none needed"; no statement at all for the usual three.
    let with_key: &[_] = if operation.security.is_some() { &[] } else { &WITH_KEY };
    let of_list: &[_] = if is_list(operation) { &OF_LIST } else { &[] };
    let responses = &mut operation.responses.responses;
    for (status, description) in SHARED.iter().chain(with_key).chain(of_list) {
        responses.entry((*status).to_owned()).or_insert_with(|| problem(description).into());
    }
    for response in responses.values_mut() {
        if let RefOr::T(described) = response
            && described.content.is_empty()
            && described.description.starts_with('`')
        {
            *described = problem(&described.description);
        }
    }
}

/// Whether it takes the parameters of lists.
fn is_list(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "cursor"))
}

/// An answer that is a problem.
fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content(MEDIA_TYPE, content).build()
}
