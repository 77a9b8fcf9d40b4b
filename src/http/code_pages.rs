//! `/problems/{code}`: what each code of the registry means. It is where the `type` of a problem points
//! (RFC 9457, 3.1.1).

use std::fmt::Write as _;

use actix_web::http::header::{ACCEPT, CACHE_CONTROL};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::html;
use super::problem::{FaultCode, ItemCode, Problem, ProblemCode};
use crate::app::warning::WarningCode;

/// One code and all it can mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CodePage {
    /// The code.
    #[schema(example = "survey_not_found")]
    pub code: String,
    /// Where it can stand, and what it says there.
    pub meanings: Vec<Meaning>,
}

/// What a code says in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Meaning {
    /// `problem` (of a whole request), `fault` (`errors[].code`), `item` (of a batch) or `warning`.
    #[schema(example = "problem")]
    pub kind: &'static str,
    /// HTTP status of a problem.
    #[schema(example = 404)]
    pub status: Option<u16>,
    /// One phrase.
    #[schema(example = "There is no such survey")]
    pub title: &'static str,
}

/// The page of a code; `None` if the registry does not have it.
#[must_use]
pub fn page(code: &str) -> Option<CodePage> {
    let meanings: Vec<Meaning> =
        registry().into_iter().filter(|(known, _)| *known == code).map(|(_, meaning)| meaning).collect();
    (!meanings.is_empty()).then(|| CodePage { code: code.to_owned(), meanings })
}

/// Every code with its meaning, problems first.
#[must_use]
pub fn registry() -> Vec<(&'static str, Meaning)> {
    let meaning = |kind, status, title| Meaning { kind, status, title };
    let problems = ProblemCode::ALL.iter().map(|code| {
        let status = Some(code.status().as_u16());
        (code.as_str(), meaning("problem", status, code.about()))
    });
    let faults = FaultCode::ALL.iter().map(|code| (code.as_str(), meaning("fault", None, code.about())));
    let items = ItemCode::ALL.iter().map(|code| (code.as_str(), meaning("item", None, code.about())));
    let warnings =
        WarningCode::ALL.iter().map(|code| (code.as_str(), meaning("warning", None, code.about())));
    problems.chain(faults).chain(items).chain(warnings).collect()
}

/// What a code means, as JSON, or as HTML for a browser.
///
/// # Errors
/// 404 `route_not_found` for a code that is not in the registry.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    tag = "operation",
    params(("code" = String, Path, description = "Code of a problem, fault, item or warning")),
    responses((status = 200, description = "The code's meaning", body = CodePage)),
    security(())
)]
pub async fn problem_page(request: HttpRequest, code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let page = page(&code)
        .ok_or_else(|| Problem::new(ProblemCode::RouteNotFound, "there is no such code in the registry"))?;
    if wants_html(&request) {
        return Ok(html::response(html::document(&page.code, &content(&page))));
    }
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=3600")).json(page))
}

/// Browsers name `text/html` in `Accept`; programs do not.
fn wants_html(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.to_ascii_lowercase().contains("text/html"))
}

fn content(page: &CodePage) -> String {
    let mut content = format!("<h1><code>{}</code></h1>\n<table>\n", html::escaped(&page.code));
    for meaning in &page.meanings {
        let status = meaning.status.map_or_else(String::new, |status| status.to_string());
        // Writing to a String cannot fail.
        let _ = writeln!(
            content,
            "<tr><td>{}</td><td>{status}</td><td>{}</td></tr>",
            html::escaped(meaning.kind),
            html::escaped(meaning.title)
        );
    }
    content.push_str("</table>\n");
    content
}
