//! gRPC by its own library: unary, streams in every direction, trailers, errors.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Spoken, passes, python, speaking};

/// A gRPC server.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    pub fn start() -> Server {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protocols/grpc_peer.py");
        let mut command = Command::new(python());
        let mut child = command.arg(script).arg("server").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Server { child, port: line.trim().parse().expect("the gRPC server says its port") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn calls_and_streams_pass_with_their_trailers() {
    let server = Server::start();
    for spoken in [Spoken::H2c, Spoken::Http2OverTls] {
        for http2 in ["grpc", "always"] {
            let sidecar = speaking(
                spoken,
                &format!(
                    "proxy.upstream = \"app\"\nupstreams.app = {{ url = \"http://127.0.0.1:{}\", http2 = \"{http2}\" }}\n\
                     [[stub]]\nmatch = \"POST /test.Test/Mocked\"\nstatus = 503\n",
                    server.port
                ),
            );
            let target = format!("localhost:{}", sidecar.address().port());
            let ca = sidecar.dir.path().join("ca.pem");
            let mut arguments = vec!["client", &target];
            if spoken.is_secure() {
                arguments.push(ca.to_str().unwrap());
            }
            assert_eq!(passes(python(), "grpc_peer.py", &arguments).trim(), "ok", "{spoken:?} {http2}");
            let calls = sidecar.calls();
            assert!(calls.iter().any(|call| call["path"] == "/test.Test/Mirror" && call["protocol"] == "HTTP/2.0"));
        }
    }
}
