//! The admin listener: who gets in, what is shown, what can be done.

mod access;
mod calls;
mod contract;
mod explain;
mod follow;
mod force;
mod kept;
mod logs;
mod pages;
mod resources;
mod slow;
mod test_response;
mod verify;

use std::net::SocketAddr;

use serde_json::Value;

use crate::support::{Client, Response, Sidecar};

/// A request to the admin listener. Header lines end with CR LF; a body says that it is JSON.
pub fn ask(admin: SocketAddr, method: &str, target: &str, headers: &str, body: &str) -> Response {
    let mut client = Client::connect(admin);
    send(&mut client, method, target, headers, body);
    client.response()
}

/// The same on a connection, without waiting for the answer.
pub fn send(client: &mut Client, method: &str, target: &str, headers: &str, body: &str) {
    let names_host = headers.lines().any(|line| line.to_lowercase().starts_with("host:"));
    let host = if names_host { "" } else { "Host: localhost\r\n" };
    let json = if body.is_empty() || headers.to_lowercase().contains("content-type:") {
        String::new()
    } else {
        "Content-Type: application/json\r\n".to_owned()
    };
    let length = body.len();
    client.send(format!("{method} {target} HTTP/1.1\r\n{host}{json}Content-Length: {length}\r\n{headers}\r\n{body}"));
}

/// What a GET shows; anything but 200 is a failure.
pub fn get(sidecar: &Sidecar, target: &str) -> Value {
    let response = ask(sidecar.app().admin(), "GET", target, "", "");
    assert_eq!(response.status, 200, "{target}: {}", response.text());
    response.json()
}

/// What a POST of JSON comes to; anything but 200 is a failure.
pub fn post(sidecar: &Sidecar, target: &str, body: &Value) -> Value {
    post_for(sidecar, 200, target, body)
}

/// What a POST of JSON comes to; anything but this status is a failure.
pub fn post_for(sidecar: &Sidecar, status: u16, target: &str, body: &Value) -> Value {
    let response = ask(sidecar.app().admin(), "POST", target, "", &body.to_string());
    assert_eq!(response.status, status, "{target}: {}", response.text());
    response.json()
}

/// Status, code and help of a refusal.
pub fn refusal(response: &Response) -> (u16, String, String) {
    assert_eq!(response.header("content-type"), Some("application/problem+json"), "{response:?}");
    let said = response.json();
    assert_eq!(said["status"], response.status);
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    (response.status, text("code"), text("help"))
}
