//! Counts what goes over a connection: a proxy between a client and a server on this machine.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// Payload bytes of all connections that went through, in both directions; without the headers of TCP.
#[derive(Debug)]
pub struct Meter {
    address: SocketAddr,
    counts: Arc<[AtomicU64; 2]>,
}

impl Meter {
    /// Listens on a free port and passes on to the server at `server`, e.g. `127.0.0.1:3000`, until the process ends.
    ///
    /// # Panics
    /// No port can be had.
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let counts = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let (server, shared) = (server.to_owned(), counts.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(upstream) = TcpStream::connect(&server) else { continue };
                let ends = (client.try_clone(), upstream.try_clone());
                let (Ok(client_too), Ok(upstream_too)) = ends else { continue };
                let counts = [shared.clone(), shared.clone()];
                let [up, down] = counts;
                thread::spawn(move || pass(client, upstream, &up[0]));
                thread::spawn(move || pass(upstream_too, client_too, &down[1]));
            }
        });
        Meter { address, counts }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes to the server and bytes from it so far.
    pub fn counted(&self) -> (u64, u64) {
        (self.counts[0].load(Relaxed), self.counts[1].load(Relaxed))
    }
}

/// Counted before they are passed on: who has received them finds them counted.
fn pass(mut from: TcpStream, mut to: TcpStream, count: &AtomicU64) {
    let _ = to.set_nodelay(true);
    let mut buffer = [0; 16 * 1024];
    while let Ok(size @ 1..) = from.read(&mut buffer) {
        count.fetch_add(size as u64, Relaxed);
        if to.write_all(&buffer[..size]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_counted_once_and_in_its_direction() {
        let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let meter = Meter::before(&server.local_addr().unwrap().to_string());
        let mut client = TcpStream::connect(meter.address()).unwrap();
        client.write_all(&[1; 100_000]).unwrap();
        let (mut end, _) = server.accept().unwrap();
        end.read_exact(&mut vec![0; 100_000]).unwrap();
        end.write_all(&[2; 7]).unwrap();
        client.read_exact(&mut [0; 7]).unwrap();
        assert_eq!(meter.counted(), (100_000, 7));
    }
}
