//! gRPC by its own library: unary, streams in every direction, trailers, errors.

use super::{Running, Spoken, passes, python, speaking};

#[test]
fn calls_and_streams_pass_with_their_trailers() {
    let mut server = Running::start("grpc_peer.py", &["server"]);
    let upstream = server.line();
    for spoken in [Spoken::H2c, Spoken::Http2OverTls] {
        for http2 in ["grpc", "always"] {
            let sidecar = speaking(
                spoken,
                &format!(
                    "proxy.upstream = \"app\"\nupstreams.app = {{ url = \"http://127.0.0.1:{}\", http2 = \"{http2}\" }}\n\
                     [[stub]]\nmatch = \"POST /test.Test/Mocked\"\nstatus = 503\n",
                    upstream
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
