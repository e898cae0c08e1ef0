//! `standin ping`: a health check for images without a shell.

use std::io::{BufRead as _, BufReader, Error, ErrorKind, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{FAILED, say, tell};

/// Ask a running sidecar whether it is ready.
#[derive(Args, Debug)]
pub struct Ping {
    /// Address of its ops listener
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9091", env = "STANDIN_OPS__LISTEN")]
    ops: String,
    /// The route to ask
    #[arg(long, default_value = "/readyz")]
    path: String,
    /// How long to wait
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    timeout: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::file::leaf::duration(text)
        .filter(|d| !d.is_zero())
        .ok_or_else(|| "write it with a unit, such as 2s".to_owned())
}

impl Ping {
    pub fn run(self) -> ExitCode {
        match self.ask() {
            Ok(status) if status.split(' ').nth(1) == Some("200") => {
                say(format_args!("{}: ready", self.ops));
                ExitCode::SUCCESS
            }
            Ok(status) => {
                tell(format_args!("error: {}{} answers {status:?}", self.ops, self.path));
                ExitCode::from(FAILED)
            }
            // What a read that took too long is called differs between systems.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                tell(format_args!("error: {}: no answer within {:?}", self.ops, self.timeout));
                ExitCode::from(FAILED)
            }
            Err(error) => {
                tell(format_args!("error: {}: {error}", self.ops));
                ExitCode::from(FAILED)
            }
        }
    }

    /// One request on a connection of its own: a client library would be most of this binary's size for it.
    fn ask(&self) -> std::io::Result<String> {
        let mut address = self
            .ops
            .to_socket_addrs()?
            .next()
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "the name has no address"))?;
        // A sidecar that listens on all interfaces is asked on this one.
        if address.ip().is_unspecified() {
            let loopback = if address.is_ipv6() { "::1" } else { "127.0.0.1" };
            address = loopback.parse().map(|ip| SocketAddr::new(ip, address.port())).unwrap_or(address);
        }
        let mut stream = TcpStream::connect_timeout(&address, self.timeout)?;
        stream.set_read_timeout(Some(self.timeout))?;
        stream.set_write_timeout(Some(self.timeout))?;
        // In one piece: the other side may close as soon as it has seen the first.
        let request = format!("GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n", self.path);
        stream.write_all(request.as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        if line.is_empty() {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the connection was closed without an answer"));
        }
        Ok(line.trim_end().to_owned())
    }
}
