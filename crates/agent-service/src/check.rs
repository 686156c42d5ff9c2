//! Asks a running service how it is, for probes that run a command.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::args::Check;

/// Longest wait for an answer; a probe has a limit of its own.
const LIMIT: Duration = Duration::from_secs(3);

/// Asks the service that listens at an address.
///
/// # Errors
/// It is not well, or does not answer; says so.
pub fn check(mut address: SocketAddr, what: Check) -> Result<(), String> {
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let path = match what {
        Check::Health => "/health",
        Check::Ready => "/ready",
    };
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(64 << 10).read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|error| format!("no agent-service at {address}: {error}"))?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    if status == "200" {
        return Ok(());
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Err(format!("{path} answers {status} {}", body.trim()))
}
