//! Routes that refuse properly: an unknown path is 404 `route_not_found`, an unknown method 405 with `Allow`.

use actix_web::http::Method;
use actix_web::{HttpRequest, Resource, Route, web};

use super::problem::{Problem, ProblemCode};

/// A path and its methods; any other method gets 405 `method_not_allowed` that lists them.
#[must_use]
pub fn resource(path: &str, routes: Vec<(Method, Route)>) -> Resource {
    let allowed: Vec<&str> = routes.iter().map(|(method, _)| method.as_str()).collect();
    let allowed = allowed.join(", ");
    let refuse = move |request: HttpRequest| {
        let problem = Problem::method_not_allowed(request.method(), &allowed);
        async move { problem }
    };
    routes
        .into_iter()
        .fold(web::resource(path), |resource, (method, route)| resource.route(route.method(method)))
        .default_service(web::to(refuse))
}

/// The default service of the application.
pub async fn route_not_found(request: HttpRequest) -> Problem {
    let detail = format!("{} {} is not served here", request.method(), request.path());
    Problem::new(ProblemCode::RouteNotFound, detail)
}
