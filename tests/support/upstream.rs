//! An upstream that keeps what it is sent, byte for byte, and answers what it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::wait_for;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Request line and fields, without the empty line.
    pub head: String,
    /// The body, decoded.
    pub body: Vec<u8>,
    /// The connection it came by, from 0.
    pub connection: usize,
}

impl Arrived {
    pub fn line(&self) -> &str {
        self.head.split("\r\n").next().unwrap_or("")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }
}

/// What an upstream does with a request: writes to the connection, says whether to go on.
pub type Script = Arc<dyn Fn(&Arrived, &mut TcpStream) -> bool + Send + Sync>;

pub struct Upstream {
    address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    connections: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Upstream {
    /// Answers every request with 200 and its own request line.
    pub fn echo() -> Upstream {
        Upstream::new(|request, stream| {
            let body = format!("real {}", request.line());
            respond(stream, 200, "X-From: upstream\r\n", body.as_bytes());
            true
        })
    }

    /// Answers every request with these bytes.
    pub fn saying(bytes: impl Into<Vec<u8>>) -> Upstream {
        let bytes = bytes.into();
        Upstream::new(move |_, stream| stream.write_all(&bytes).is_ok())
    }

    pub fn new(script: impl Fn(&Arrived, &mut TcpStream) -> bool + Send + Sync + 'static) -> Upstream {
        Upstream::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub fn on(
        listener: TcpListener,
        script: impl Fn(&Arrived, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Upstream {
        let address = listener.local_addr().unwrap();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let (connections, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let upstream =
            Upstream { address, arrived: arrived.clone(), connections: connections.clone(), stopped: stopped.clone() };
        let script: Script = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let number = connections.fetch_add(1, Ordering::Relaxed);
                let (arrived, script) = (arrived.clone(), script.clone());
                std::thread::spawn(move || serve(stream, number, &arrived, &script));
            }
        });
        upstream
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that arrived, oldest first.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    /// The only request that arrived.
    pub fn only(&self) -> Arrived {
        let arrived = self.arrived();
        assert_eq!(arrived.len(), 1, "{arrived:?}");
        arrived[0].clone()
    }

    /// The last request, once there are so many.
    pub fn wait_for(&self, count: usize) -> Arrived {
        wait_for("a request to arrive upstream", || self.arrived().get(count - 1).cloned())
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// Writes an answer with a length.
pub fn respond(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
}

fn serve(mut stream: TcpStream, connection: usize, arrived: &Mutex<Vec<Arrived>>, script: &Script) {
    let mut input = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut input, connection) {
        arrived.lock().unwrap().push(request.clone());
        if !script(&request, &mut stream) {
            return;
        }
    }
}

/// Reads one request; `None` where the connection ended.
fn read_request(stream: &mut TcpStream, input: &mut Vec<u8>, connection: usize) -> Option<Arrived> {
    let end = loop {
        if let Some(at) = input.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        fill(stream, input)?;
    };
    let head: Vec<u8> = input.drain(..end + 4).collect();
    let head = String::from_utf8_lossy(&head[..end]).into_owned();
    let mut request = Arrived { head, body: Vec::new(), connection };
    if request.header("transfer-encoding").is_some() {
        loop {
            let line = take_line(stream, input)?;
            let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
            while input.len() < size + 2 {
                fill(stream, input)?;
            }
            request.body.extend(input.drain(..size));
            input.drain(..2);
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = request.header("content-length").and_then(|value| value.parse::<usize>().ok()) {
        while input.len() < length {
            fill(stream, input)?;
        }
        request.body = input.drain(..length).collect();
    }
    Some(request)
}

fn take_line(stream: &mut TcpStream, input: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(at) = input.windows(2).position(|w| w == b"\r\n") {
            let line: Vec<u8> = input.drain(..at + 2).collect();
            return Some(String::from_utf8_lossy(&line[..at]).into_owned());
        }
        fill(stream, input)?;
    }
}

fn fill(stream: &mut TcpStream, input: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 65536];
    match stream.read(&mut piece) {
        Ok(0) | Err(_) => None,
        Ok(count) => {
            input.extend_from_slice(&piece[..count]);
            Some(())
        }
    }
}
