//! A request to the own data port, as any caller would send it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::error::{ApiError, Fault};
use super::sample::Sample;
use crate::calls::Captured;
use crate::settings::Settings;

/// How much longer than the longest delay an answer may take.
const MORE: Duration = Duration::from_secs(10);
/// How much of an answer is shown, bytes.
const SHOWN: usize = 1 << 20;
/// Fields that frame a message, or belong to its connection: the client's own business.
const FRAMING: &[&str] = &["content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer"];

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The fields.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, or the beginning of a long one.
    pub body: Captured,
    /// From the first byte sent to the last one received.
    pub took: Duration,
    /// By which address the data port knows us.
    pub from: SocketAddr,
}

/// Makes a request of a sample.
///
/// # Errors
/// Where something in it is no HTTP.
pub fn request(sample: &Sample) -> Result<http::Request<Full<Bytes>>, ApiError> {
    let bad = |what: String, help: &str| ApiError::new(Fault::BadBody, what).help(help);
    if !sample.target.starts_with('/') {
        return Err(bad(format!("`request.target`: `{}` is no path", sample.target), "begin it with a slash"));
    }
    let mut request = http::Request::builder().method(sample.method.as_str()).uri(sample.target.as_str());
    for (name, value) in &sample.headers {
        if FRAMING.iter().any(|framing| framing.eq_ignore_ascii_case(name)) {
            return Err(bad(format!("`request.headers`: `{name}` cannot be chosen"), "leave it out"));
        }
        request = request.header(name.as_str(), value.as_str());
    }
    let body = Bytes::from(sample.body.clone().unwrap_or_default());
    let request = request.body(Full::new(body));
    request.map_err(|error| bad(format!("`request`: {error}"), "method, target and headers are sent as they stand"))
}

/// Sends a request to the data port, and waits for all of the answer.
///
/// # Errors
/// Where there is none.
pub async fn send(
    request: http::Request<Full<Bytes>>,
    to: SocketAddr,
    settings: &Settings,
) -> Result<Answer, ApiError> {
    let limit = settings.limits.delay + MORE;
    match tokio::time::timeout(limit, exchange(request, to, settings)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            let error = ApiError::new(Fault::DataPort, format!("the data port {to} did not answer: {error}"));
            Err(error.help("it may have cut the connection on purpose; see the call log"))
        }
        Err(_) => Err(ApiError::new(Fault::DataPortTimeout, format!("the data port {to} took longer than {limit:?}"))),
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(request: http::Request<Full<Bytes>>, to: SocketAddr, settings: &Settings) -> Result<Answer, Failed> {
    let stream = TcpStream::connect(to).await?;
    let from = stream.local_addr()?;
    match &settings.proxy.tls {
        None => converse(stream, request, from).await,
        Some(tls) => {
            let (config, name) = tls.own_client()?;
            let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await?;
            converse(stream, request, from).await
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: http::Request<Full<Bytes>>,
    from: SocketAddr,
) -> Result<Answer, Failed> {
    let began = Instant::now();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let (head, mut body) = answer.into_parts();
    let mut captured = Captured::default();
    let mut kept = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame?.into_data() {
            captured.length += piece.len() as u64;
            kept.extend_from_slice(&piece[..piece.len().min(SHOWN - kept.len())]);
        }
    }
    captured.bytes = kept.into();
    let took = began.elapsed();
    connection.abort();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    Ok(Answer { status: head.status.as_u16(), headers, body: captured, took, from })
}
