//! Every route declares its scope, and holds to it (RS12): the matrix is made from the OpenAPI description.

use antiphon::app::api_key::Scope;
use antiphon::http::openapi::ApiDoc;
use reqwest::Method;
use utoipa::OpenApi as _;

use super::Live;

/// Method, path and scope of every operation; `None` = asks for no key.
fn operations() -> Vec<(Method, String, Option<Scope>)> {
    let document = serde_json::to_value(ApiDoc::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_ascii_uppercase().parse().unwrap();
            let is_open = operation["security"] == serde_json::json!([{}]);
            let scope = operation["x-scope"].as_str().and_then(Scope::parse);
            assert!(is_open != scope.is_some(), "{method} {path} declares no scope, or one it cannot have");
            found.push((method, path.clone(), scope));
        }
    }
    found
}

#[actix_web::test]
async fn every_route_holds_to_the_scope_it_declares() {
    let live = Live::start_with(&[("limits.requests_burst", "100000")]).await;
    let keys: Vec<(Scope, String)> =
        Scope::ALL.iter().map(|scope| (*scope, live.key(&[*scope], &[]))).collect();
    for (method, path, declared) in operations() {
        let Some(declared) = declared else { continue };
        let path = path.replace(['{', '}'], "");
        let request = || live.request(method.clone(), &path);
        let nobody = live.run(request()).await;
        assert_eq!(nobody.status, 401, "{method} {path}");
        for (scope, key) in &keys {
            let answer = live.run(request().bearer_auth(key)).await;
            let is_refused = answer.status == 403;
            assert_eq!(is_refused, *scope != declared, "{method} {path} with {scope}: {}", answer.text);
            assert_ne!(answer.status, 401, "{method} {path} with {scope}");
            assert_ne!(answer.status, 500, "{method} {path} with {scope}");
        }
    }
}
