//! The OpenAPI document: made from the routes and the types that they send, with what all routes have in common.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, Ref, ResponseBuilder};

use super::Admin;
use super::error::{Failure, Fault};
use super::parameters::NoParameters;

/// What the document says beside the routes.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "Standin", description = "What an operator sees and steers of a Standin sidecar.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    components(schemas(Failure)),
    tags(
        (name = "session", description = "signing in"),
        (name = "calls", description = "what passed through"),
        (name = "mocks", description = "what is mocked"),
        (name = "overrides", description = "what lies over the files"),
        (name = "config", description = "the configuration in force"),
        (name = "usage", description = "how often what was called"),
    )
)]
pub struct Document;

/// This document
#[utoipa::path(get, path = "/v1/openapi.json", tag = "config", responses((status = 200, description = "the OpenAPI document", body = serde_json::Value)))]
pub async fn show(State(admin): State<Arc<Admin>>, _: NoParameters) -> Json<serde_json::Value> {
    Json(admin.document.clone())
}

/// Adds to each operation what every one may answer.
pub fn completed(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut document.paths.paths {
        let is_open = matches!(path.as_str(), "/v1/session" | "/v1/openapi.json");
        let has_name = path.contains('{');
        let lies_over = path.ends_with("/overrides") || path.ends_with("/overrides/{override}");
        for (method, operation) in operations(item) {
            complete(operation, is_open, has_name);
            if method == "PATCH" || lies_over && method != "GET" {
                add(operation, Fault::StateFile);
            }
        }
    }
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.security_schemes.insert("token".to_owned(), SecurityScheme::Http(bearer).into());
    let cookie = ApiKey::Cookie(ApiKeyValue::new("standin_session"));
    components.security_schemes.insert("cookie".to_owned(), SecurityScheme::ApiKey(cookie).into());
    document
}

/// The operations of a path by their methods.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete), ("PATCH", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn complete(operation: &mut Operation, is_open: bool, has_name: bool) {
    let mut faults = vec![Fault::BadParameter, Fault::ForeignCaller];
    if !is_open {
        faults.push(Fault::Unauthorized);
        let requirements = ["token", "cookie"].map(|name| SecurityRequirement::new(name, Vec::<String>::new()));
        // None at all stands for a listener that needs no token.
        operation.security = Some([vec![SecurityRequirement::default()], requirements.into()].concat());
    }
    if has_name {
        faults.push(Fault::NotFound);
    }
    if operation.request_body.is_some() {
        faults.extend([Fault::BodyTimeout, Fault::BodyTooLarge, Fault::NotJson]);
    }
    faults.into_iter().for_each(|fault| add(operation, fault));
}

fn add(operation: &mut Operation, fault: Fault) {
    let status = fault.status().as_u16().to_string();
    let content = Content::new(Some(Ref::from_schema_name("Failure")));
    let response = ResponseBuilder::new().description(fault.meaning()).content("application/problem+json", content);
    operation.responses.responses.entry(status).or_insert(response.build().into());
}
