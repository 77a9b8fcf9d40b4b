//! The OpenAPI description as callers read it, whole: whoever changes the API changes this file on purpose.

use antiphon::http::openapi::ApiDoc;
use utoipa::OpenApi as _;

#[test]
fn the_description_is_this_one() {
    let mut document = serde_json::to_value(ApiDoc::openapi()).unwrap();
    document["info"]["version"] = "[version]".into();
    insta::assert_json_snapshot!("openapi", document);
}
