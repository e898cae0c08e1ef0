//! `/v1/calls/export`: calls to take along, as JSON lines or as an HTTP archive.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use utoipa::IntoParams;

use super::Admin;
use super::calls::Filters;
use super::error::{ApiError, Fault};
use super::har;
use super::parameters::Parameters;
use super::stream::Pieces;
use crate::calls::{BadParameter, FILTERS, Filter, Whole, limit};

/// How large a piece is before it is sent, bytes.
const PIECE: usize = 64 << 10;

/// The form of an export, for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the document is made of it")]
struct Form {
    /// `jsonl`: one call with headers and bodies on each line; `har`: HTTP archive 1.2. Default: `jsonl`.
    #[param(pattern = "^(jsonl|har)$")]
    format: Option<String>,
    /// How many of the newest. Default: all.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<u32>,
}

/// How calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    JsonLines,
    Har,
}

/// Calls with headers and bodies, oldest first, as a file
#[utoipa::path(get, path = "/v1/calls/export", tag = "calls", params(Filters, Form),
    responses((status = 200, description = "the calls", content((String = "application/jsonl"), (serde_json::Value = "application/json"))),
              (status = 503, description = "an export is under way", body = super::error::Failure, content_type = "application/problem+json")))]
pub async fn export(State(admin): State<Arc<Admin>>, asked: RawQuery) -> Result<Response, ApiError> {
    let known: Vec<&str> = FILTERS.iter().copied().chain(["format", "limit"]).collect();
    let parameters = Parameters::read(&asked, &known)?;
    let (mut filter, mut format, mut most) = (Filter::default(), Format::JsonLines, usize::MAX);
    for (name, value) in parameters.each() {
        match name {
            "format" => format = Format::read(value)?,
            "limit" => most = limit(value, 1_000_000)?,
            _ => drop(filter.take(name, value)?),
        }
    }
    // It copies what it exports of the memory, which may be all of it.
    let place = admin.exports.clone().try_acquire_owned().map_err(|_| {
        ApiError::new(Fault::Busy, "an export is under way").help("wait until it is through, or close it")
    })?;
    let (sender, receiver) = mpsc::channel(1);
    let (log, snapshot) = (admin.log.clone(), admin.live.snapshot());
    tokio::task::spawn_blocking(move || {
        let _place = place;
        write(log.export(&filter, most, || !sender.is_closed(), &snapshot.redactor), format, &sender);
    });
    let (kind, name) = match format {
        Format::JsonLines => ("application/jsonl", "attachment; filename=\"calls.jsonl\""),
        Format::Har => ("application/json", "attachment; filename=\"calls.har\""),
    };
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], Body::from_stream(Pieces(receiver))).into_response())
}

impl Format {
    fn read(value: &str) -> Result<Self, BadParameter> {
        match value {
            "jsonl" => Ok(Format::JsonLines),
            "har" => Ok(Format::Har),
            _ => Err(BadParameter::new("format", format!("`{value}` is no format"), "write `jsonl` or `har`")),
        }
    }
}

/// Writes calls piece by piece, until all are written or the reader is gone.
fn write(calls: impl Iterator<Item = Whole>, format: Format, reader: &mpsc::Sender<Bytes>) {
    let mut piece = Vec::with_capacity(PIECE + 4096);
    if format == Format::Har {
        piece.extend_from_slice(har::HEAD.as_bytes());
    }
    for (at, whole) in calls.enumerate() {
        if format == Format::Har && at > 0 {
            piece.push(b',');
        }
        // What cannot be written as JSON does not exist: all of it is text.
        let _ = match format {
            Format::JsonLines => serde_json::to_writer(&mut piece, &whole),
            Format::Har => serde_json::to_writer(&mut piece, &har::entry(&whole)),
        };
        if format == Format::JsonLines {
            piece.push(b'\n');
        }
        if piece.len() >= PIECE && reader.blocking_send(Bytes::from(std::mem::take(&mut piece))).is_err() {
            return;
        }
    }
    if format == Format::Har {
        piece.extend_from_slice(har::TAIL.as_bytes());
    }
    let _ = reader.blocking_send(Bytes::from(piece));
}
