//! `ETag` and `If-Match` of surveys: the number of the latest revision (http-api.md 1.6, 3).

use actix_web::http::header::{ETAG, HeaderValue, IF_MATCH};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::api::Api;

/// The tag of a revision.
pub(super) fn of(revision: i32) -> String {
    format!("\"{revision}\"")
}

/// The response with the tag of the survey as it is now.
pub(super) fn tagged(mut response: HttpResponse, api: &Api, id: &str) -> HttpResponse {
    let row = api.engine.library.find(id);
    if let Some(value) = row.and_then(|row| HeaderValue::from_str(&of(row.latest_revision)).ok()) {
        response.headers_mut().insert(ETAG, value);
    }
    response
}

/// The revisions that `If-Match` names; `None` without the header and for `*`. Weak and unknown tags name none.
pub(super) fn expected(request: &HttpRequest) -> Option<Vec<i32>> {
    let lines: Vec<&str> =
        request.headers().get_all(IF_MATCH).map(|line| line.to_str().unwrap_or_default()).collect();
    if lines.is_empty() {
        return None;
    }
    let tags = || lines.iter().flat_map(|line| line.split(',')).map(str::trim);
    if tags().any(|tag| tag == "*") {
        return None;
    }
    Some(tags().filter_map(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn if_match_names_revisions() {
        let request = |value: &str| TestRequest::default().insert_header((IF_MATCH, value)).to_http_request();
        assert_eq!(expected(&TestRequest::default().to_http_request()), None);
        assert_eq!(expected(&request("*")), None);
        assert_eq!(expected(&request("\"3\", \"4\"")), Some(vec![3, 4]));
        assert_eq!(expected(&request("W/\"3\"")), Some(vec![]));
        assert_eq!(expected(&request(&of(7))), Some(vec![7]));
    }
}
