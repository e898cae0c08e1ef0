//! `standin ping`: a health check for images without a shell.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::folder;
use crate::support::process::{Process, closed_port, output, output_with};

#[test]
fn a_running_sidecar_answers_by_flag_and_by_variable() {
    let sidecar = Process::start("[[stub]]\nmatch = \"GET /a\"\nbody = \"x\"");
    let dir = folder(&[]);
    let address = sidecar.ops.to_string();
    let ended = output(&["ping", "--ops", &address], dir.path());
    assert_eq!((ended.code, ended.stdout, ended.stderr), (0, format!("{address}: ready\n"), String::new()));
    // What the sidecar itself is told: all interfaces.
    let variable = ("STANDIN_OPS__LISTEN", &*format!("0.0.0.0:{}", sidecar.ops.port()));
    assert_eq!(output_with(&["ping"], &[variable], dir.path()).code, 0);
    assert_eq!(output(&["ping", "--ops", &format!("localhost:{}", sidecar.ops.port())], dir.path()).code, 0);
    assert_eq!(output(&["ping", "--ops", &address, "--path", "/livez"], dir.path()).code, 0);
    let ended = output(&["ping", "--ops", &address, "--path", "/nothing"], dir.path());
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("404"), "{ended:?}");
}

#[test]
fn a_sidecar_that_is_not_there_or_does_not_answer_exits_with_1() {
    let dir = folder(&[]);
    let (_socket, port) = closed_port();
    let ended = output(&["ping", "--ops", &format!("127.0.0.1:{port}")], dir.path());
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("refused"), "{ended:?}");
    assert_eq!(output(&["ping", "--ops", "nowhere.invalid:9091"], dir.path()).code, 1);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let ended = output(&["ping", "--ops", &address, "--timeout", "300ms"], dir.path());
    assert_eq!((ended.code, ended.stderr), (1, format!("error: {address}: no answer within 300ms\n")));

    for (answer, says) in [("", "closed without an answer"), ("SSH-2.0-x\r\n", "SSH-2.0-x")] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let other = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let ended = output(&["ping", "--ops", &address], dir.path());
        other.join().unwrap();
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.contains(says), "{ended:?}");
    }
}
