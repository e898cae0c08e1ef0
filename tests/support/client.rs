//! A client that sends exactly the bytes it is given, and reads answers as HTTP/1 frames them.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::PATIENCE;

pub struct Client {
    stream: TcpStream,
    input: Vec<u8>,
    host: &'static str,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The `standin` field.
    pub fn standin(&self) -> &str {
        self.header("standin").unwrap_or("")
    }
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, input: Vec::new(), host: "a.test" }
    }

    /// Calls the other side by another name.
    #[allow(clippy::wrong_self_convention, reason = "it says by what name to call, it converts nothing")]
    pub fn as_host(mut self, host: &'static str) -> Client {
        self.host = host;
        self
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Sends as far as the other side takes it.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Says that nothing more will come.
    pub fn end(&mut self) -> &mut Self {
        self.stream.shutdown(Shutdown::Write).unwrap();
        self
    }

    pub fn get(&mut self, target: &str) -> Response {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host));
        self.response()
    }

    /// The same, where there may be no answer.
    pub fn try_get(&mut self, target: &str) -> Option<Response> {
        self.try_send(format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host)).ok()?;
        self.try_response()
    }

    /// A request with header lines, each ended by CR LF.
    pub fn get_with(&mut self, target: &str, headers: &str) -> Response {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: a.test\r\n{headers}\r\n"));
        self.response()
    }

    pub fn post(&mut self, target: &str, headers: &str, body: &[u8]) -> Response {
        self.send(format!("POST {target} HTTP/1.1\r\nHost: a.test\r\nContent-Length: {}\r\n{headers}\r\n", body.len()));
        self.send(body);
        self.response()
    }

    /// Sends requests in one piece, as one who does not wait for answers, and reads their answers.
    pub fn pipelined(&mut self, requests: &[String]) -> Vec<Response> {
        self.send(requests.concat());
        requests.iter().map(|_| self.response()).collect()
    }

    /// Reads more; 0 at the end.
    pub fn fill(&mut self) -> usize {
        let mut piece = [0; 65536];
        let count = self.stream.read(&mut piece).unwrap_or(0);
        self.input.extend_from_slice(&piece[..count]);
        count
    }

    /// The next head, without its empty line; `None` where the connection ended before one.
    pub fn try_head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.input.windows(4).position(|w| w == b"\r\n\r\n") {
                let head: Vec<u8> = self.input.drain(..at + 4).collect();
                return Some(String::from_utf8_lossy(&head[..at]).into_owned());
            }
            if self.fill() == 0 {
                return None;
            }
        }
    }

    /// The next final answer, interim ones passed over.
    pub fn response(&mut self) -> Response {
        self.try_response().expect("an answer")
    }

    pub fn try_response(&mut self) -> Option<Response> {
        self.response_to(false)
    }

    /// The answer to HEAD: its head only.
    pub fn head_response(&mut self) -> Response {
        self.response_to(true).expect("an answer")
    }

    fn response_to(&mut self, is_head: bool) -> Option<Response> {
        loop {
            let head = self.try_head()?;
            let mut lines = head.split("\r\n");
            let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect();
            if status < 200 && status != 101 {
                continue;
            }
            let mut response = Response { status, head: head.clone(), headers, body: Vec::new() };
            if !is_head && status != 204 && status != 304 && status != 101 {
                response.body = self.body(&response)?;
            }
            return Some(response);
        }
    }

    fn body(&mut self, response: &Response) -> Option<Vec<u8>> {
        if response.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            let mut body = Vec::new();
            loop {
                let size = self.line()?;
                let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
                let mut chunk = self.exactly(size + 2)?;
                chunk.truncate(size);
                if size == 0 {
                    return Some(body);
                }
                body.extend_from_slice(&chunk);
            }
        }
        match response.header("content-length") {
            Some(length) => self.exactly(length.parse().ok()?),
            None => {
                while self.fill() > 0 {}
                Some(std::mem::take(&mut self.input))
            }
        }
    }

    pub fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.input.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.input.drain(..at + 2).collect();
                return Some(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            if self.fill() == 0 {
                return None;
            }
        }
    }

    /// The next line, however it ends.
    pub fn line_any(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.input.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.input.drain(..at + 1).collect();
                return Some(String::from_utf8_lossy(&line[..at]).trim_end_matches('\r').to_owned());
            }
            if self.fill() == 0 {
                return None;
            }
        }
    }

    pub fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.input.len() < count {
            if self.fill() == 0 {
                return None;
            }
        }
        Some(self.input.drain(..count).collect())
    }

    /// Whether the other side closes the connection without another byte.
    pub fn is_closed(&mut self) -> bool {
        self.input.is_empty() && self.fill() == 0
    }

    /// Whether nothing comes for a while: for what must not happen.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let mut piece = [0; 1];
        let silent = matches!(
            self.stream.read(&mut piece),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        );
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        silent
    }
}
