//! In front of a real nginx: uploads and downloads of 200 MB byte for byte in little memory, and events one by one.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use crate::support::process::{Helper, Process, free_port, program};
use crate::support::{Client, Upstream, wait_for};

const SIZE: usize = 200_000_000;
/// How much the sidecar may grow while it passes 200 MB on.
const GROWTH: u64 = 20 << 20;

/// A real nginx that serves files of `dir` and takes uploads into it. One process: a worker would outlive its master,
/// which a test ends by force.
fn nginx(dir: &Path) -> (Helper, u16) {
    let port = free_port();
    std::fs::create_dir_all(dir.join("logs")).unwrap();
    let modules = ["/usr/lib/nginx/modules", "/usr/share/nginx/modules"].map(Path::new);
    let dav = modules.iter().map(|dir| dir.join("ngx_http_dav_module.so")).find(|path| path.exists());
    let load = dav.map(|path| format!("load_module {};", path.display())).unwrap_or_default();
    let config = format!(
        "{load} user root; daemon off; master_process off; pid nginx.pid; error_log stderr error; events {{ worker_connections 64; }}\n\
         http {{ access_log off; client_max_body_size 0; client_body_temp_path tmp; proxy_temp_path tmp2;\n\
           fastcgi_temp_path tmp3; uwsgi_temp_path tmp4; scgi_temp_path tmp5; default_type application/octet-stream;\n\
           server {{ listen 127.0.0.1:{port}; root {root};\n\
             location /up/ {{ dav_methods PUT; }}\n\
             location /down/ {{ }}\n\
             location = /hello {{ return 200 'nginx here'; }} }} }}",
        root = dir.display()
    );
    std::fs::write(dir.join("nginx.conf"), config).unwrap();
    std::fs::create_dir_all(dir.join("up")).unwrap();
    let arguments = ["-p", ".", "-c", "nginx.conf", "-e", "stderr"];
    let mut helper = program("nginx", &arguments, dir);
    wait_for("nginx to listen", || {
        if helper.0.try_wait().unwrap().is_some() {
            panic!("nginx: {}", helper.complaint());
        }
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    (helper, port)
}

/// Bytes that repeat only after a long while, so that a lost or doubled piece shows.
fn pattern(size: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut out = Vec::with_capacity(size + 8);
    while out.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(size);
    out
}

#[test]
fn two_hundred_megabytes_pass_in_both_directions_in_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("down")).unwrap();
    let bytes = pattern(SIZE);
    std::fs::write(dir.path().join("down/file"), &bytes).unwrap();
    let (_nginx, port) = nginx(dir.path());
    let sidecar = Process::start(&format!(
        "proxy.upstream = \"http://127.0.0.1:{port}\"\n[[stub]]\nmatch = \"GET /mock\"\nbody = \"mocked\""
    ));
    let mut client = sidecar.connect();
    assert_eq!(client.get("/mock").text(), "mocked");
    assert_eq!(client.get("/hello").text(), "nginx here");
    let before = sidecar.resident();

    let mut client = Client::connect(sidecar.data);
    client.send("GET /down/file HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.try_head().unwrap();
    assert!(head.contains(&format!("Content-Length: {SIZE}")), "{head}");
    let mut at = 0;
    let mut highest = before;
    while at < SIZE {
        let piece = client.exactly((SIZE - at).min(1 << 20)).unwrap();
        assert!(piece == bytes[at..at + piece.len()], "different bytes near {at}");
        at += piece.len();
        highest = highest.max(sidecar.resident());
    }

    for chunked in [false, true] {
        let mut client = Client::connect(sidecar.data);
        let framing = if chunked { "Transfer-Encoding: chunked".to_owned() } else { format!("Content-Length: {SIZE}") };
        client.send(format!("PUT /up/file{chunked} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n"));
        for piece in bytes.chunks(1 << 20) {
            if chunked {
                client.send(format!("{:x}\r\n", piece.len())).send(piece).send("\r\n");
            } else {
                client.send(piece);
            }
            highest = highest.max(sidecar.resident());
        }
        client.send(if chunked { &b"0\r\n\r\n"[..] } else { b"" });
        assert_eq!(client.response().status, 201);
        let arrived = std::fs::read(dir.path().join(format!("up/file{chunked}"))).unwrap();
        assert!(arrived == bytes, "the upload arrived otherwise than it was sent");
    }
    let grown = highest.saturating_sub(before);
    assert!(grown <= GROWTH, "memory grew by {grown} bytes");
}

#[test]
fn server_sent_events_arrive_one_by_one() {
    let (more, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let upstream = Upstream::new(move |_, stream| {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for event in 0..5 {
            let text = format!("data: {event}\n\n");
            let _ = stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes());
            let _ = wait.lock().unwrap().recv_timeout(Duration::from_secs(10));
        }
        let _ = stream.write_all(b"0\r\n\r\n");
        false
    });
    let sidecar = Process::start(&format!("proxy.upstream = \"http://{}\"", upstream.address()));
    // A real client, which prints events as they come.
    let mut curl =
        program("curl", &["-sN", &format!("http://{}/events", sidecar.data), "-o", "/dev/stderr"], Path::new("."));
    let mut output = curl.0.stderr.take().unwrap();
    for event in 0..5 {
        let mut text = [0; 9];
        output.read_exact(&mut text).unwrap();
        assert_eq!(text, format!("data: {event}\n\n").as_bytes(), "the next one is not sent before this one is here");
        more.send(()).unwrap();
    }
}
