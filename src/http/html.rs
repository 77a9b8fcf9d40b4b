//! Small HTML pages of the API: one self-contained document, no script, no request to anywhere, and a content
//! security policy that enforces it.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The one style sheet; the policy names its hash, so nothing else can style the page.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\
code,pre{font-family:ui-monospace,monospace;font-size:.9em}\
pre{overflow:auto;padding:.75rem;border:1px solid #8886;border-radius:.3rem}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}\
th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #8884}\
h2{border-bottom:2px solid #8886;margin-top:2.5rem}h3{margin-top:2rem}\
nav ul{columns:2;padding-left:1rem}\
.method{font-weight:700;margin-right:.5rem}\
.must{font-weight:700}";

/// Text made safe between tags and in quoted attributes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A whole document. `title` is text, `content` is HTML.
#[must_use]
pub fn document(title: &str, content: &str) -> String {
    let mut html = String::with_capacity(content.len() + 2_048);
    // Writing to a String cannot fail.
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{}</title><style>{STYLE}</style></head>\n<body>\n{content}</body></html>\n",
        escaped(title)
    );
    html
}

/// The answer that carries a [`document`]; it holds no data and may be cached for an hour.
#[must_use]
pub fn response(document: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, policy()))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(document)
}

/// Nothing may be loaded, run, framed or sent.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}
