//! A way from one site to another that can be cut: a TCP relay of the fleet's, so that the sites at both ends are as they
//! always are and know nothing of it.
//!
//! A cut way refuses: connections that are open break at once, new ones are closed as soon as they are made. The port
//! stays the fleet's, so that no other program gets it meanwhile.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Longest wait for the site at the other end.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes relayed at once.
const BUFFER: usize = 1 << 16;
/// Pause after a failed accept (out of file descriptors), so that the loop does not spin.
const PAUSE: Duration = Duration::from_millis(20);

/// A relay; dropping it closes it.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cut: bool,
    closed: bool,
    /// Both ends of each connection that is open.
    open: HashMap<u64, [TcpStream; 2]>,
    count: u64,
}

impl Proxy {
    /// A relay to `target` on a free port of this machine.
    ///
    /// # Errors
    /// There is no free port.
    pub(crate) fn open(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let shared = Arc::new(Shared { target, state: Mutex::default() });
        let proxy = Proxy { address: listener.local_addr()?, shared: Arc::clone(&shared) };
        thread::Builder::new().name("proxy".into()).spawn(move || {
            for stream in listener.incoming() {
                if shared.state().closed {
                    return;
                }
                match stream {
                    Ok(stream) => shared.accept(stream),
                    Err(_) => thread::sleep(PAUSE),
                }
            }
        })?;
        Ok(proxy)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.shared.state().cut
    }

    /// Nothing passes from now on.
    pub(crate) fn cut(&self) {
        let mut state = self.shared.state();
        state.cut = true;
        state.break_all();
    }

    /// New connections pass again.
    pub(crate) fn heal(&self) {
        self.shared.state().cut = false;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.closed = true;
        state.break_all();
        drop(state);
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect_timeout(&self.address, CONNECT);
    }
}

impl State {
    fn break_all(&mut self) {
        for stream in self.open.drain().flat_map(|(_, ends)| ends) {
            // One that has ended by itself needs no end.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    /// Nothing is left half changed by a panic elsewhere.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Relays a connection in threads of its own.
    fn accept(self: &Arc<Self>, client: TcpStream) {
        let shared = Arc::clone(self);
        // Where no thread can be had the connection is closed, as on a machine that is too busy.
        let _ = thread::Builder::new().name("relay".into()).spawn(move || {
            // A site that is not there looks to the other as it would without a relay: the connection ends.
            let _ = shared.relay(client);
        });
    }

    fn relay(&self, client: TcpStream) -> io::Result<()> {
        if self.state().cut {
            return Ok(());
        }
        let server = TcpStream::connect_timeout(&self.target, CONNECT)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ends = [client.try_clone()?, server.try_clone()?];
        let id = {
            let mut state = self.state();
            // Cut while the connection was being made.
            if state.cut || state.closed {
                return Ok(());
            }
            state.count += 1;
            let id = state.count;
            state.open.insert(id, ends);
            id
        };
        let (to_server, from_server) = (server.try_clone()?, server);
        let back = client.try_clone()?;
        thread::scope(|scope| {
            scope.spawn(|| pass(client, to_server));
            pass(from_server, back);
        });
        self.state().open.remove(&id);
        Ok(())
    }
}

/// Passes bytes until one end closes, and then closes the other for this direction.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || pass(stream.try_clone().unwrap(), stream));
            }
        });
        address
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    fn answers(mut stream: &TcpStream) -> bool {
        let mut back = [0; 4];
        stream.write_all(b"ping").is_ok() && stream.read_exact(&mut back).is_ok() && back == *b"ping"
    }

    #[test]
    fn bytes_pass_in_both_directions_until_the_way_is_cut_and_again_when_it_is_healed() {
        let proxy = Proxy::open(echo()).unwrap();
        let (one, other) = (connect(&proxy), connect(&proxy));
        assert!(answers(&one) && answers(&other) && answers(&one));
        proxy.cut();
        assert!(proxy.is_cut() && !answers(&one) && !answers(&other), "open connections break");
        assert!(!answers(&connect(&proxy)), "new ones do not pass");
        proxy.heal();
        assert!(answers(&connect(&proxy)) && !answers(&one));
    }

    #[test]
    fn much_at_once_arrives_whole() {
        let proxy = Proxy::open(echo()).unwrap();
        let stream = connect(&proxy);
        let sent: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
        let (mut writer, bytes) = (stream.try_clone().unwrap(), sent.clone());
        thread::spawn(move || {
            writer.write_all(&bytes).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        (&stream).read_to_end(&mut received).unwrap();
        assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
    }

    #[test]
    fn a_connection_ends_if_nobody_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = listener.local_addr().unwrap();
        drop(listener);
        let proxy = Proxy::open(nobody).unwrap();
        assert!(!answers(&connect(&proxy)));
    }

    #[test]
    fn connections_that_have_ended_are_forgotten_and_a_closed_way_gives_its_port_back() {
        let proxy = Proxy::open(echo()).unwrap();
        for _ in 0..20 {
            assert!(answers(&connect(&proxy)));
        }
        for _ in 0..500 {
            if proxy.shared.state().open.is_empty() {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        assert!(proxy.shared.state().open.is_empty());
        let address = proxy.address;
        drop(proxy);
        let is_free = (0..500).any(|_| {
            thread::sleep(Duration::from_millis(10));
            TcpListener::bind(address).is_ok()
        });
        assert!(is_free);
    }
}
