//! Versions of the project side by side: sites whose manifests have other versions converge and say so; who speaks messages of
//! a later version alone is refused, and refuses, without harm to anybody.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_tests::network::{Network, Options, eventually, root};
use ramanujan_tests::sites::{addresses, converge, documents, named, peer, verified, write};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);
/// The version of messages that all sites of today read.
const TODAY: u8 = 1;
const LATER: u8 = 2;

fn manifest() -> toml::Table {
    let text = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml is readable");
    text.parse().expect("spin.toml is TOML")
}

/// Copies what a part of the manifest names to the same place below `folder`: an application's files lie in its folder.
fn copy_named(part: &toml::Value, folder: &Path) {
    let named = |name: &str| ["source", "path"].contains(&name);
    match part {
        toml::Value::Table(table) => {
            for (name, value) in table {
                match value.as_str().filter(|_| named(name)) {
                    Some(path) => copy(&root().join(path), &folder.join(path)),
                    None => copy_named(value, folder),
                }
            }
        }
        toml::Value::Array(values) => values.iter().for_each(|value| copy_named(value, folder)),
        _ => {}
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in std::fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("it can be made");
        std::fs::copy(from, to).expect("a file can be copied");
    }
}

/// A copy of the application with a manifest of another version.
fn of_version(version: &str, folder: &Path) -> PathBuf {
    let mut manifest = manifest();
    manifest["application"]["version"] = version.into();
    manifest["component"]["transduction-sync"]["environment"]["MANIFEST_VERSION"] = version.into();
    copy_named(&manifest["component"], folder);
    let path = folder.join("spin.toml");
    std::fs::write(&path, toml::to_string(&manifest).expect("TOML")).expect("it can be written");
    path
}

/// It stands in two places, because a component is not told the version of its application.
#[test]
fn sites_say_the_version_of_their_application() {
    let manifest = manifest();
    let said = &manifest["component"]["transduction-sync"]["environment"]["MANIFEST_VERSION"];
    assert_eq!(said, &manifest["application"]["version"]);
    assert_eq!(said.as_str(), Some(env!("CARGO_PKG_VERSION")), "of the crates, too");
}

#[test]
fn sites_with_manifests_of_two_versions_converge_and_see_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let newer = of_version("9.1.0", folder.path());
    let [vienna_at, porto_at] = addresses();
    let vienna = Network::start_as(named("vienna", vienna_at, &format!("porto=http://{porto_at}")));
    let porto = named("porto", porto_at, &format!("vienna=http://{vienna_at};none"));
    let porto = Network::start_as(Options { manifest: Some(newer), ..porto });
    for (at, site) in [&vienna, &porto].into_iter().enumerate() {
        let (agent, client) = (format!("agent-{at}"), site.client());
        write(&client, "notes", &agent, "insert", json!({"position": 0, "value": "x"}));
        write(&client, &format!("visits-{at}"), &agent, "increment", json!({"value": 1}));
    }
    eventually("each has what the other wrote", LIMIT, || {
        (documents(&vienna.client()).len() == 3 && documents(&porto.client()).len() == 3).then_some(())
    });
    let same = converge(&[&vienna, &porto], LIMIT);
    assert_eq!(same["notes"].1, json!({"agent-0": 1, "agent-1": 1}));
    let today = env!("CARGO_PKG_VERSION");
    for (site, other, own, theirs) in [(&vienna, "porto", today, "9.1.0"), (&porto, "vienna", "9.1.0", today)]
    {
        let status = site.client().get("/sync/status").ok();
        assert_eq!((&status["manifest"], &status["peers"][0]["manifest"]), (&json!(own), &json!(theirs)));
        assert_eq!(verified(&site.client(), other).1, Vec::<String>::new());
    }
}

/// The bytes of a frame, as docs/sync.md has them; the exchange is 7.
fn frame(version: u8, from: &str, kind: u8, body: &[u8]) -> Vec<u8> {
    [&[version], text(from).as_slice(), &[7, kind], body].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&[text.len() as u8], text.as_bytes()].concat()
}

const HELLO: u8 = 1;
const WANT: u8 = 10;
const DELTAS: u8 = 11;
const GIVE: u8 = 18;
const TAKEN: u8 = 19;
const REFUSED: u8 = 22;

/// Says something to a site; the status, the media type and the body of its answer.
fn say(site: &Network, frame: &[u8]) -> (u16, String, Vec<u8>) {
    let url = format!("{}/sync/exchange", site.url());
    let request = ureq::post(url).config().http_status_as_error(false).build();
    let mut reply = request.content_type("application/vnd.ramanujan.sync").send(frame).expect("an answer");
    let media_type = reply.headers()["content-type"].to_str().expect("text").to_owned();
    (reply.status().as_u16(), media_type, reply.body_mut().read_to_vec().expect("a body"))
}

/// The kind of an answer to a peer of this name, and its body.
fn answer<'a>(bytes: &'a [u8], from: &str) -> (u8, &'a [u8]) {
    let head = frame(TODAY, from, 0, &[]).len();
    assert_eq!(bytes[..head - 1], frame(TODAY, from, 0, &[])[..head - 1]);
    (bytes[head - 1], &bytes[head..])
}

/// A site that speaks later messages alone, and what it was asked: when, and in which version.
struct Future {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(Instant, u8)>>>,
}

/// How it says that it does not read what it is asked.
#[derive(Clone, Copy)]
enum Refusal {
    /// In a frame of its own.
    Frame,
    /// As sites of today do.
    Problem,
}

impl Future {
    fn start(name: &'static str, refusal: Refusal) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let asked: Arc<Mutex<Vec<(Instant, u8)>>> = Arc::default();
        let seen = asked.clone();
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                // Whoever hangs up in between asked nothing.
                if let Some((version, connection)) = Self::read(connection) {
                    // Noted before the answer, because the waits begin after it.
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.push((Instant::now(), version));
                    let _ = Self::refuse(connection, name, refusal);
                }
            }
        });
        Future { address, asked }
    }

    /// Reads one request; the version of its frame.
    fn read(connection: TcpStream) -> Option<(u8, TcpStream)> {
        let mut reader = BufReader::new(connection.try_clone().ok()?);
        let (mut line, mut chunked, mut length) = (String::new(), false, 0);
        while reader.read_line(&mut line).ok()? > 2 {
            let header = line.to_ascii_lowercase();
            chunked |= header.starts_with("transfer-encoding: chunked");
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        while chunked {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let size = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            body.extend(&chunk[..size]);
            chunked = size > 0;
        }
        Some((*body.first()?, connection))
    }

    fn refuse(mut connection: TcpStream, name: &str, refusal: Refusal) -> std::io::Result<()> {
        let (status, media_type, body) = match refusal {
            Refusal::Frame => {
                ("200 OK", "application/vnd.ramanujan.sync", frame(LATER, name, REFUSED, &[0, 0, 0]))
            }
            Refusal::Problem => {
                let problem = json!({"type": "about:blank", "title": "Bad Request", "status": 400, "code": "invalid-frame",
                    "detail": "the message is of version 1; this site speaks 2 to 2", "oldest": LATER, "newest": LATER});
                ("400 Bad Request", "application/problem+json", problem.to_string().into_bytes())
            }
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        connection.write_all(&[head.as_bytes(), &body].concat())
    }

    fn asked(&self) -> Vec<(Instant, u8)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Rounds that a peer of a later version is to refuse: the waits between them are a half to the whole of 0.5, 1, 2 s.
const REFUSALS: u64 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Clocks of a process and of the wall tick apart.
const SLACK: Duration = Duration::from_millis(20);

#[test]
fn a_peer_of_a_later_version_is_asked_rarely_and_others_go_on() {
    let futures = [("later-1", Refusal::Frame), ("later-2", Refusal::Problem)]
        .map(|(name, refusal)| (name, Future::start(name, refusal)));
    let [vienna_at, porto_at] = addresses();
    let later: Vec<String> =
        futures.iter().map(|(name, future)| format!("{name}=http://{}", future.address)).collect();
    let peers = format!("{},porto=http://{porto_at}", later.join(","));
    let porto = Network::start_as(named("porto", porto_at, &format!("vienna=http://{vienna_at};none")));
    let vienna = Network::start_as(named("vienna", vienna_at, &peers));
    let client = vienna.client();
    let mut written: u64 = 0;
    eventually("the later ones refuse again and again", LIMIT, || {
        written += 1;
        write(&client, "visits", "ann", "increment", json!({"seq": written, "value": 1}));
        thread::sleep(Duration::from_millis(100));
        let enough = |name| peer(&client, name)["failures"].as_u64() >= Some(REFUSALS);
        futures.iter().all(|(name, _)| enough(name)).then_some(())
    });
    for (name, future) in &futures {
        let status = peer(&client, name);
        assert_eq!(status["trouble"], "refused-version", "{status}");
        assert!(status["detail"].as_str().is_some_and(|detail| detail.contains("version")), "{status}");
        assert!(status["next_ms"].as_u64() > Some(0) && status["rounds"] == 0, "{status}");
        assert_eq!((&status["last_success"], &status["manifest"]), (&Value::Null, &Value::Null), "{status}");
        let asked = future.asked();
        assert!(asked.iter().all(|(_, version)| *version == TODAY));
        let mut least = FIRST_WAIT;
        for pair in asked.windows(2) {
            let gap = pair[1].0 - pair[0].0;
            assert!(gap + SLACK >= least, "{name} is asked again after {gap:?}, before {least:?}");
            least *= 2;
        }
        // One question a round.
        assert!(
            asked.len() as u64 <= status["failures"].as_u64().unwrap_or(0) + 1,
            "{}: {status}",
            asked.len()
        );
    }
    // Meanwhile the other peer had its rounds.
    let with_porto = peer(&client, "porto");
    assert_eq!((&with_porto["trouble"], &with_porto["failures"]), (&Value::Null, &json!(0)), "{with_porto}");
    let same = converge(&[&vienna, &porto], LIMIT);
    assert_eq!(same["visits"].1, json!({"ann": written}));
    // Who asks by name is told.
    let named = client.post("/sync", &json!({"target": "later-1"}));
    assert_eq!(named.problem(502, "peer-refused")["trouble"], "refused-version");
}

#[test]
fn what_a_later_version_says_is_refused_and_not_stored() {
    let [vienna_at, porto_at] = addresses();
    let vienna = Network::start_as(named("vienna", vienna_at, "later=http://127.0.0.1:9;none"));
    let porto = Network::start_as(named("porto", porto_at, "later=http://127.0.0.1:9;none"));
    write(&vienna.client(), "visits", "ann", "increment", json!({"value": 5}));
    let refused = |said: &[u8]| {
        let (status, media_type, body) = say(&porto, said);
        let problem: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!((status, media_type.as_str()), (400, "application/problem+json"), "{problem}");
        assert_eq!(
            (&problem["code"], &problem["oldest"], &problem["newest"]),
            (&json!("invalid-frame"), &json!(TODAY), &json!(TODAY)),
            "{problem}"
        );
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("version 2")), "{problem}");
    };
    let hello = [&[LATER, LATER + 1], text("9.9.9").as_slice(), &[0]].concat();
    refused(&frame(LATER, "later", HELLO, &hello));
    // Of what follows the first byte nothing is read.
    refused(&frame(LATER, "nobody", 200, &[255; 64]));
    refused(&[LATER]);
    assert_eq!(peer(&porto.client(), "later")["manifest"], Value::Null, "it said nothing that counts");
    // What would be stored if it came in the version of today.
    let want = [&[1], text("visits").as_slice(), &[1], &text("ann"), &[1, 0, 0, 0x80, 0x80, 0x40]].concat();
    let (status, _, deltas) = say(&vienna, &frame(TODAY, "later", WANT, &want));
    let (kind, packs) = answer(&deltas, "vienna");
    assert_eq!((status, kind), (200, DELTAS));
    refused(&frame(LATER, "later", GIVE, packs));
    assert_eq!(documents(&porto.client()).len(), 0);
    let log = porto.client().get("/sync/log").ok();
    assert_eq!(log["entries"], json!([]), "nothing has happened");
    let (status, _, taken) = say(&porto, &frame(TODAY, "later", GIVE, packs));
    assert_eq!((status, answer(&taken, "porto").0), (200, TAKEN));
    assert_eq!(documents(&porto.client()), documents(&vienna.client()));
    // A hello in the version of today that offers later ones alone gets a frame that says no.
    let (status, _, answered) = say(&porto, &frame(TODAY, "later", HELLO, &hello));
    let (kind, reason) = answer(&answered, "porto");
    assert_eq!((status, kind, reason.len()), (200, REFUSED, 1), "{answered:?}");
}
