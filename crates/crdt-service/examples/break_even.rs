//! What a merge costs without the memo, with a miss and with a hit, by the size of its states: the table of
//! `docs/memo.md`.
//!
//!     cargo run --release -p crdt-service --example break_even [ROUNDS]
//!     cargo run --release -p crdt-service --example break_even -- http://127.0.0.1:3000 [ROUNDS]
//!
//! The first form calls the service in this process; the second asks a running host, that is the component in
//! WebAssembly. What a request of the same size costs that is refused without a look at its body is taken off. Times
//! are medians in microseconds.

#[cfg(not(target_family = "wasm"))]
mod table {
    use std::error::Error;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpStream;
    use std::time::Instant;

    use http::Method;
    use ramanujan_shell::native::{fresh_database, send_with};

    type Result<T> = std::result::Result<T, Box<dyn Error>>;

    const ROUNDS: usize = 200;
    /// Deltas of each side.
    const SIZES: [usize; 10] = [1, 2, 4, 8, 16, 48, 128, 512, 2048, 8192];

    /// Where requests go.
    enum Target {
        InProcess(ramanujan_shell::Service),
        Host { stream: BufReader<TcpStream>, authority: String },
    }

    impl Target {
        /// Microseconds until the whole reply is there, and its body.
        fn time(&mut self, path: &str, header: (&str, &str), body: &str) -> Result<(f64, String)> {
            match self {
                Target::InProcess(service) => {
                    let body = body.as_bytes().to_vec();
                    let began = Instant::now();
                    let reply = send_with(service, Method::POST, path, &[header], body);
                    Ok((micros(began), String::from_utf8(reply.body)?))
                }
                Target::Host { stream, authority } => {
                    let head = format!(
                        "POST {path} HTTP/1.1\r\nhost: {authority}\r\n{}: {}\r\ncontent-length: {}\r\n\r\n",
                        header.0,
                        header.1,
                        body.len()
                    );
                    let request = [head.as_bytes(), body.as_bytes()].concat();
                    let began = Instant::now();
                    stream.get_mut().write_all(&request)?;
                    let reply = read_reply(stream)?;
                    Ok((micros(began), reply))
                }
            }
        }
    }

    fn micros(began: Instant) -> f64 {
        began.elapsed().as_secs_f64() * 1e6
    }

    fn read_reply(stream: &mut BufReader<TcpStream>) -> Result<String> {
        let mut length = None;
        let mut chunked = false;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Err("the host closed the connection".into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse()?);
            }
            chunked |= line.starts_with("transfer-encoding:") && line.ends_with("chunked");
        }
        let mut body = Vec::new();
        while chunked {
            let mut size = String::new();
            stream.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim(), 16)?;
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk)?;
            body.extend_from_slice(&chunk[..size]);
            chunked = size > 0;
        }
        if let Some(length) = length {
            body.resize(length, 0);
            stream.read_exact(&mut body)?;
        }
        Ok(String::from_utf8(body)?)
    }

    /// A side of `count` deltas of one agent; `nonce` makes it unlike any other.
    fn side(crdt_type: &str, agent: &str, count: usize, nonce: usize) -> String {
        let deltas: Vec<String> = (1..=count)
            .map(|seq| {
                let parents = if seq > 1 { format!("\"{agent}:{}\"", seq - 1) } else { String::new() };
                let operation = match crdt_type {
                    "or-set" => format!("\"operation\":\"add\",\"value\":{}", nonce * 10_000 + seq),
                    _ => {
                        let value = if seq == 1 { format!("{nonce:09}") } else { "lorem".into() };
                        format!(
                            "\"operation\":\"insert\",\"position\":{},\"value\":\"{value}\"",
                            4 * (seq - 1)
                        )
                    }
                };
                format!("{{\"agent_id\":\"{agent}\",\"seq\":{seq},\"parents\":[{parents}],{operation}}}")
            })
            .collect();
        format!("{{\"deltas\":[{}]}}", deltas.join(","))
    }

    fn median(mut times: Vec<f64>) -> f64 {
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn expect(reply: &str, cached: bool) -> Result<()> {
        let wanted = format!("\"cached\":{cached}");
        if reply.contains(&wanted) { Ok(()) } else { Err(format!("not {wanted}: {reply:.300}").into()) }
    }

    pub(crate) fn main() -> Result<()> {
        let mut arguments = std::env::args().skip(1).peekable();
        let url = arguments.next_if(|argument| argument.starts_with("http://"));
        let rounds: usize = arguments.next().map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
        let _database = fresh_database();
        let mut target = match &url {
            None => Target::InProcess(crdt_service::service()),
            Some(url) => {
                let authority = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
                let stream = TcpStream::connect(&authority)?;
                stream.set_nodelay(true)?;
                Target::Host { stream: BufReader::new(stream), authority }
            }
        };
        // Two runs against one host must not find each other's answers.
        let mut nonce = std::process::id() as usize % 1000 * 1_000_000;
        println!(
            "{:<8} {:>6} {:>9} {:>10} {:>10} {:>10} {:>7}",
            "type", "deltas", "bytes", "without", "miss", "hit", "ratio"
        );
        for crdt_type in ["or-set", "text"] {
            for count in SIZES {
                let rounds = (rounds * 48 / count.max(48)).max(9);
                let (mut base, mut without, mut miss, mut hit) = (vec![], vec![], vec![], vec![]);
                let mut bytes = 0;
                for _ in 0..rounds {
                    nonce += 1;
                    let (left, right) =
                        (side(crdt_type, "a", count, nonce), side(crdt_type, "b", count, nonce));
                    bytes = left.len() + right.len();
                    let body = format!("{{\"crdt_type\":\"{crdt_type}\",\"left\":{left},\"right\":{right}}}");
                    base.push(target.time("/crdt/health", ("x-a", "b"), &body)?.0);
                    let plain = ("x-a", "b");
                    let (time, reply) = target.time("/crdt/merge", ("cache-control", "no-store"), &body)?;
                    expect(&reply, false)?;
                    without.push(time);
                    let (time, reply) = target.time("/crdt/merge", plain, &body)?;
                    expect(&reply, false)?;
                    miss.push(time);
                    let (time, reply) = target.time("/crdt/merge", plain, &body)?;
                    if reply.contains("\"cached\":true") {
                        hit.push(time);
                    }
                }
                let base = median(base);
                let [without, miss, hit] = [without, miss, hit].map(|times| median(times) - base);
                print!("{crdt_type:<8} {count:>6} {bytes:>9} {without:>10.1} {miss:>10.1} ");
                if hit.is_nan() {
                    println!("{:>10} {:>7}", "not asked", "");
                } else {
                    println!("{hit:>10.1} {:>7.1}", without / hit);
                }
            }
        }
        Ok(())
    }
}

#[cfg(not(target_family = "wasm"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    table::main()
}

#[cfg(target_family = "wasm")]
fn main() {}
