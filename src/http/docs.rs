//! `/docs` and `/openapi.json`: the API reference (O10). The page is made on the server from the same description
//! that programs read; it asks nobody for anything.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde_json::{Map, Value};
use utoipa::OpenApi as _;

use super::html::{self, escaped};
use super::openapi::ApiDoc;

/// Nested schemas shown in one place before the reader is sent to the schema's own section.
const DEPTH_MAX: usize = 4;

/// The OpenAPI description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operation",
    responses((status = 200, description = "OpenAPI", body = Object)),
    security(())
)]
pub async fn openapi_json() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=3600")).json(ApiDoc::openapi())
}

/// The API reference for people.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "operation",
    responses((status = 200, description = "HTML page", body = String, content_type = "text/html")),
    security(())
)]
pub async fn reference() -> HttpResponse {
    let description = serde_json::to_value(ApiDoc::openapi()).unwrap_or_default();
    html::response(render(&description))
}

/// The page for an OpenAPI description.
#[must_use]
pub fn render(description: &Value) -> String {
    let title = text(description, "/info/title");
    let mut page = format!(
        "<h1>{} <small>{}</small></h1>\n<p>{}</p>\n<p>For programs: <a href=\"/openapi.json\">openapi.json</a></p>\n",
        escaped(title),
        escaped(text(description, "/info/version")),
        prose(text(description, "/info/description"))
    );
    let operations = operations(description);
    write_index(&mut page, &operations);
    for tag in tags(&operations) {
        let _ = writeln!(page, "<h2>{}</h2>", escaped(tag));
        for operation in operations.iter().filter(|operation| operation.tag == tag) {
            write_operation(&mut page, operation);
        }
    }
    write_security(&mut page, description);
    write_schemas(&mut page, description);
    html::document(title, &page)
}

// Writing to a String cannot fail, so the results of `write!` are dropped throughout this file.

struct Operation<'a> {
    method: String,
    path: &'a str,
    tag: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn anchor(&self) -> String {
        let path: String =
            self.path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        format!("{}{path}", self.method.to_ascii_lowercase())
    }
}

fn operations(description: &Value) -> Vec<Operation<'_>> {
    let methods = ["get", "head", "post", "put", "patch", "delete"];
    let mut operations = Vec::new();
    for (path, item) in object(description, "/paths") {
        for method in methods {
            if let Some(value) = item.get(method) {
                operations.push(Operation {
                    method: method.to_ascii_uppercase(),
                    path,
                    tag: value.pointer("/tags/0").and_then(Value::as_str).unwrap_or("other"),
                    value,
                });
            }
        }
    }
    operations
}

fn tags<'a>(operations: &[Operation<'a>]) -> Vec<&'a str> {
    let mut tags: Vec<&str> = operations.iter().map(|operation| operation.tag).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

fn write_index(page: &mut String, operations: &[Operation<'_>]) {
    page.push_str("<nav><ul>\n");
    for operation in operations {
        let _ = writeln!(
            page,
            "<li><a href=\"#{}\"><code>{} {}</code></a></li>",
            operation.anchor(),
            operation.method,
            escaped(operation.path)
        );
    }
    page.push_str("</ul></nav>\n");
}

fn write_operation(page: &mut String, operation: &Operation<'_>) {
    let value = operation.value;
    let _ = writeln!(
        page,
        "<section id=\"{}\"><h3><span class=\"method\">{}</span><code>{}</code></h3>",
        operation.anchor(),
        operation.method,
        escaped(operation.path)
    );
    for part in ["/summary", "/description"] {
        let part = text(value, part);
        if !part.is_empty() {
            let _ = writeln!(page, "<p>{}</p>", prose(part));
        }
    }
    write_parameters(page, value);
    for (media, content) in object(value, "/requestBody/content") {
        let _ = writeln!(
            page,
            "<h4>Body: <code>{}</code></h4>\n<p>{}</p>",
            escaped(media),
            content.get("schema").map_or_else(String::new, |schema| kind(schema, 0))
        );
    }
    page.push_str("<h4>Answers</h4>\n<table>\n");
    for (status, answer) in object(value, "/responses") {
        let schemas: Vec<String> = object(answer, "/content")
            .filter_map(|(_, content)| content.get("schema").map(|schema| kind(schema, 0)))
            .collect();
        let _ = writeln!(
            page,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escaped(status),
            prose(text(answer, "/description")),
            schemas.join("<br>")
        );
    }
    page.push_str("</table></section>\n");
}

fn write_parameters(page: &mut String, operation: &Value) {
    let Some(parameters) = operation.get("parameters").and_then(Value::as_array) else {
        return;
    };
    page.push_str("<h4>Parameters</h4>\n<table>\n");
    for parameter in parameters {
        let is_required = parameter.get("required") == Some(&Value::Bool(true));
        let _ = writeln!(
            page,
            "<tr><td><code{}>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            if is_required { " class=\"must\"" } else { "" },
            escaped(text(parameter, "/name")),
            escaped(text(parameter, "/in")),
            parameter.get("schema").map_or_else(String::new, |schema| kind(schema, 0)),
            prose(text(parameter, "/description"))
        );
    }
    page.push_str("</table>\n");
}

fn write_security(page: &mut String, description: &Value) {
    page.push_str("<h2>Authentication</h2>\n<table>\n");
    for (name, scheme) in object(description, "/components/securitySchemes") {
        let way = [text(scheme, "/scheme"), text(scheme, "/name")].concat();
        let _ = writeln!(
            page,
            "<tr><td><code>{}</code></td><td>{} {}</td><td>{}</td></tr>",
            escaped(name),
            escaped(text(scheme, "/type")),
            escaped(&way),
            prose(text(scheme, "/description"))
        );
    }
    page.push_str("</table>\n");
}

fn write_schemas(page: &mut String, description: &Value) {
    page.push_str("<h2>Types</h2>\n");
    for (name, schema) in object(description, "/components/schemas") {
        let _ = writeln!(
            page,
            "<section id=\"type-{0}\"><h3>{0}</h3>\n<p>{1}</p>\n<table>",
            escaped(name),
            prose(text(schema, "/description"))
        );
        let required = schema.get("required").and_then(Value::as_array);
        for (property, value) in object(schema, "/properties") {
            let is_required = required.is_some_and(|names| names.iter().any(|name| name == property));
            let _ = writeln!(
                page,
                "<tr><td><code{}>{}</code></td><td>{}</td><td>{}{}</td></tr>",
                if is_required { " class=\"must\"" } else { "" },
                escaped(property),
                kind(value, 0),
                prose(text(value, "/description")),
                example(value)
            );
        }
        page.push_str("</table></section>\n");
    }
}

fn example(schema: &Value) -> String {
    schema.get("example").map_or_else(String::new, |example| {
        format!(" <em>Example:</em> <code>{}</code>", escaped(&example.to_string()))
    })
}

/// The type of a schema in a few words, with links to named types.
fn kind(schema: &Value, depth: usize) -> String {
    if depth >= DEPTH_MAX {
        return "…".to_owned();
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let name = escaped(name.rsplit('/').next().unwrap_or(name));
        return format!("<a href=\"#type-{name}\">{name}</a>");
    }
    for joined in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema.get(joined).and_then(Value::as_array) {
            let parts: Vec<String> = parts.iter().map(|part| kind(part, depth + 1)).collect();
            return parts.join(" or ");
        }
    }
    let base = match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            names.join(" or ")
        }
        Some(_) | None => "any".to_owned(),
    };
    let items =
        schema.get("items").map_or_else(String::new, |items| format!(" of {}", kind(items, depth + 1)));
    let format = schema
        .get("format")
        .and_then(Value::as_str)
        .map_or_else(String::new, |format| format!(" ({})", escaped(format)));
    format!("{}{format}{items}", escaped(&base))
}

/// Text with `code` in backticks.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(html, "<code>{}</code>", escaped(part));
        } else {
            html.push_str(&escaped(part));
        }
    }
    html
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn object<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
        .map(|(name, value)| (name.as_str(), value))
}
