//! A real site that is started from a backup, or runs a second time from a copy of its store, and gives out numbers that the
//! others know: found, kept out, and mended by what `docs/sync.md` says, to the letter.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ramanujan_core::Digest;
use ramanujan_tests::fleet::Fleet;
use ramanujan_tests::http::Client;
use ramanujan_tests::network::{binary, eventually, root};
use ramanujan_tests::skip::{self, CURL};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
/// Longest time until it is found: where a round gives a document up, the next comparison of all documents, every 64th
/// round, comes back to it.
const FOUND: Duration = Duration::from_secs(180);

/// One fleet at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The commands of the section of that name in `docs/sync.md`.
fn runbook() -> String {
    let page = fs::read_to_string(root().join("docs/sync.md")).expect("the page");
    let (_, section) = page.split_once("\n## A site that was restored\n").expect("the section");
    let (_, block) = section.split_once("```sh\n").expect("its commands");
    block.split_once("```").expect("their end").0.to_owned()
}

/// Runs them, and gives what they print.
fn mend(site: &str, name: &str, peer: &str, others: &str) -> String {
    let mut bash = Command::new("bash");
    bash.args(["-c", &runbook()]).env("SITE", site).env("NAME", name).env("PEER", peer).env("OTHERS", others);
    let output = bash.env("no_proxy", "127.0.0.1").output().expect("bash");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("\"differing\":0"), "{out}\n{err}");
    out.into_owned()
}

/// A copy of the store of a site that runs, as an operator makes it.
fn back_up(fleet: &Fleet, site: &str, to: &Path) {
    let database = fleet.folder().join(site).join("state/sqlite_db.db");
    let database = rusqlite::Connection::open(database).expect("the store");
    database.execute("VACUUM INTO ?1", [to.to_str().expect("a path in UTF-8")]).expect("a backup");
}

/// Puts a backup in the place of a stopped site's store.
fn restore(state: &Path, backup: &Path) {
    for left in ["sqlite_db.db-wal", "sqlite_db.db-shm"] {
        let _ = fs::remove_file(state.join(left));
    }
    fs::create_dir_all(state).expect("a folder");
    fs::copy(backup, state.join("sqlite_db.db")).expect("the backup");
}

/// An operation that a site has acknowledged, as `fleet check --acknowledged` reads it.
fn acknowledged(document: &str, agent: &str, reply: &Value) -> Value {
    let result = &reply["result"];
    json!({"document": document, "agent": agent, "seq": result["seq"], "digest": result["digest"], "site": "any"})
}

fn write(client: &Client, document: &str, agent: &str, text: &str) -> Value {
    let body = json!({"operation": "insert", "document_id": document, "agent_id": agent, "position": 0, "value": text});
    let key = format!("{document}-{agent}-{text}");
    acknowledged(document, agent, &client.post_until_acknowledged("/stream/red/apply", Some(&key), &body))
}

fn count(client: &Client, agent: &str, amount: u64) -> Value {
    let body = json!({"operation": "increment", "document_id": "count", "agent_id": agent, "value": amount});
    let key = format!("count-{agent}-{amount}");
    acknowledged("count", agent, &client.post_until_acknowledged("/stream/red/apply", Some(&key), &body))
}

/// What a document shows; null where there is none, or the site has no instance free.
fn shown(client: &Client, document: &str) -> Value {
    let reply = client.get(&format!("/crdt/{document}"));
    if reply.status == 200 { reply.json()["value"].clone() } else { Value::Null }
}

/// Digests of the operations that a site holds of a document.
fn held(client: &Client, document: &str) -> BTreeSet<String> {
    let history = client.get(&format!("/crdt/{document}/history?limit=1000")).ok();
    let items = history["items"].as_array().expect("items").iter();
    items.map(|delta| delta["digest"].as_str().expect("a digest").to_owned()).collect()
}

fn digest(operation: &Value) -> String {
    operation["digest"].as_str().expect("a digest").to_owned()
}

/// Documents and peers of a site's quarantines.
fn quarantines(client: &Client) -> Vec<(String, String)> {
    let status = client.get("/sync/status").ok();
    let peers = status["peers"].as_array().expect("peers").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    peers
        .flat_map(|peer| {
            let barred = peer["quarantines"].as_array().expect("quarantines").iter();
            barred.map(|one| (text(&one["document_id"]), text(&peer["name"]))).collect::<Vec<_>>()
        })
        .collect()
}

/// The evidence that a site has of a document, by the digests of both contents, each computed here from what is kept.
fn evidence(client: &Client, document: &str) -> Vec<(String, BTreeSet<String>)> {
    let log = client.get("/sync/log?limit=1000").ok();
    let entries = log["entries"].as_array().expect("entries").iter();
    let entries = entries.filter(|entry| entry["kind"] == "evidence" && entry["document_id"] == document);
    let one = |entry: &Value| {
        let hash = entry["detail"]["evidence"].as_str().expect("a digest");
        let object = client.get(&format!("/sync/object/{hash}")).ok();
        let both = &object["evidence"]["equivocation"];
        let content = |side: &str| {
            let digits = both[side]["delta"].as_str().expect("canonical bytes");
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex digits");
            Digest::of(&(0..digits.len()).step_by(2).map(byte).collect::<Vec<_>>()).to_string()
        };
        let proves = object["proves"].as_str().expect("a dot").to_owned();
        (proves, BTreeSet::from([content("ours"), content("theirs")]))
    };
    entries.map(one).collect()
}

fn events(client: &Client, document: &str, kind: &str) -> usize {
    let found = client.get(&format!("/timeline/query?document={document}&limit=1000")).ok();
    found["events"].as_array().expect("events").iter().filter(|event| event["type"] == kind).count()
}

/// All sites have the same, and all that was acknowledged.
fn check(fleet: &Fleet, operations: &[Value]) {
    let record = fleet.folder().join("acknowledged-here.ndjson");
    let lines: String = operations.iter().map(|operation| format!("{operation}\n")).collect();
    fs::write(&record, lines).expect("the record");
    fleet.done(&["check", "--within", "60s", "--acknowledged", record.to_str().expect("a path in UTF-8")]);
}

#[test]
fn a_site_that_was_restored_is_found_and_mended() {
    if !skip::has(CURL, &["curl"]) {
        return;
    }
    let _alone = alone();
    let fleet = Fleet::start(3, "ring");
    let sites: Vec<Client> = (0..3).map(|site| fleet.client(site)).collect();
    let mut known = Vec::new();
    for (site, agent) in sites.iter().zip(["zoe", "ann", "kim"]) {
        known.extend([write(site, "notes", agent, &format!("{agent} begins. ")), count(site, agent, 1)]);
    }
    check(&fleet, &known);
    let backup = fleet.folder().join("backup.db");
    back_up(&fleet, "site-1", &backup);

    // Acknowledged after the backup was made, and known to all.
    let truth = write(&sites[1], "notes", "ann", "After the backup. ");
    known.extend([
        truth.clone(),
        write(&sites[1], "notes", "ann", "And more. "),
        count(&sites[1], "ann", 10),
    ]);
    check(&fleet, &known);

    // The disk is lost, and the network is not there when the backup comes up: the agents go on writing.
    fleet.done(&["cut", "1"]);
    fleet.done(&["kill", "1"]);
    restore(&fleet.folder().join("site-1/state"), &backup);
    fleet.done(&["start", "1"]);
    let again = write(&sites[1], "notes", "ann", "Restored. ");
    assert_eq!((&again["seq"], &truth["seq"]), (&json!(2), &json!(2)), "a number is given twice");
    let false_ones = [
        digest(&again),
        digest(&write(&sites[1], "notes", "bob", "After it. ")),
        digest(&count(&sites[1], "ann", 100)),
    ];
    known.push(write(&sites[1], "fresh", "ann", "Nobody minds. "));
    known.extend([write(&sites[0], "notes", "zoe", "Meanwhile. "), count(&sites[0], "zoe", 2)]);
    fleet.done(&["heal"]);

    // Found: all sites have the evidence, with both contents, and can check it without each other.
    let both = BTreeSet::from([digest(&truth), digest(&again)]);
    for (nth, site) in sites.iter().enumerate() {
        eventually("the evidence is everywhere", FOUND, || {
            let found = evidence(site, "notes");
            found.iter().any(|(dot, contents)| dot == "ann:2" && *contents == both).then_some(())
        });
        eventually("of the other document, too", FOUND, || {
            (!evidence(site, "count").is_empty()).then_some(())
        });
        assert!(site.get("/sync/status").ok()["evidence"].as_u64() >= Some(2));
        eventually("the timeline has it", LIMIT, || {
            (events(site, "notes", "sync-evidence") > 0).then_some(())
        });
        // What has not to do with it goes on.
        eventually("others converge", LIMIT, || (shown(site, "fresh") == "Nobody minds. ").then_some(()));
        assert!(nth == 1 || false_ones.iter().all(|one| !held(site, "notes").contains(one)), "site-{nth}");
    }
    let barred = || -> Vec<(usize, (String, String))> {
        let of = |(nth, site)| quarantines(site).into_iter().map(move |one| (nth, one)).collect::<Vec<_>>();
        sites.iter().enumerate().flat_map(of).collect()
    };
    // Between the restored site and each of the others, at whichever end the rounds begin.
    for other in ["site-0", "site-2"] {
        let between = |(nth, (document, peer)): &(usize, (String, String))| {
            let own = format!("site-{nth}");
            document == "notes" && (own == "site-1" && peer == other || own == other && peer == "site-1")
        };
        eventually("it is quarantined", FOUND, || barred().iter().any(&between).then_some(()));
    }
    for (nth, _) in barred() {
        eventually("the timeline has it", LIMIT, || {
            (events(&sites[nth], "notes", "sync-quarantined") > 0).then_some(())
        });
    }
    eventually("the fleet shows it", FOUND, || {
        fleet.status().iter().any(|line| line["quarantines"].as_u64() > Some(0)).then_some(())
    });
    // The other two agree on what was acknowledged first, and the restored one has its own.
    eventually("the others agree", LIMIT, || {
        (held(&sites[0], "notes") == held(&sites[2], "notes")).then_some(())
    });
    assert!(
        held(&sites[2], "notes").contains(&digest(&truth))
            && held(&sites[1], "notes").contains(&digest(&again))
    );
    assert_eq!((shown(&sites[0], "count"), shown(&sites[2], "count")), (json!(15), json!(15)));

    let printed = mend(&fleet.url(1), "site-1", "site-0", &format!("{} {}", fleet.url(0), fleet.url(2)));
    check(&fleet, &known);
    for site in &sites {
        assert_eq!((quarantines(site), shown(site, "count")), (Vec::new(), json!(115)), "{printed}");
        let text = shown(site, "notes");
        let text = text.as_str().expect("a text");
        for part in ["After the backup. ", "And more. ", "Restored. ", "After it. ", "Meanwhile. "] {
            assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
        }
    }
    // What was taken out is kept, also the content of the second one, of which there is no evidence.
    for one in &false_ones[..2] {
        let object = sites[1].get(&format!("/sync/object/{one}?document=notes")).ok();
        assert_eq!(object["kind"], "withdrawn", "{object}");
    }
    assert_eq!(events(&sites[1], "notes", "sync-withdrawn"), 1);
    // And the agents write where they did.
    known.extend([write(&sites[1], "notes", "ann", "Mended. "), count(&sites[1], "ann", 1000)]);
    check(&fleet, &known);
    assert!(sites.iter().all(|site| quarantines(site).is_empty() && shown(site, "count") == 1115));
}

/// A host that a test started; dropping it ends it.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a site without a caretaker: it does nothing of its own accord.
fn start(state: &Path, name: &str, port: u16, peers: &str) -> Host {
    let mut command = Command::new(binary());
    command
        .args(["up", "--quiet", "--no-tend", "--listen", &format!("127.0.0.1:{port}"), "--state-dir"])
        .arg(state);
    for (variable, value) in [("site_id", name), ("sync_peers", peers), ("sync_hosts", "http://127.0.0.1:*")]
    {
        command.args(["--variable", &format!("{variable}={value}")]);
    }
    let child = command.current_dir(root()).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let mut host = Host(child.expect("the host can be started"));
    eventually("the second copy serves", LIMIT, || {
        assert!(host.0.try_wait().expect("a process").is_none(), "it ended; its errors stand above");
        let client = Client::new(&format!("http://127.0.0.1:{port}"));
        client.try_get("/sync/status").is_ok_and(|reply| reply.status == 200).then_some(())
    });
    host
}

#[test]
fn a_second_copy_of_a_site_is_found_and_goes_on_under_its_own_name() {
    if !skip::has(CURL, &["curl"]) {
        return;
    }
    let _alone = alone();
    let fleet = Fleet::start(3, "ring");
    let sites: Vec<Client> = (0..3).map(|site| fleet.client(site)).collect();
    let mut known =
        vec![write(&sites[1], "notes", "ann", "One. "), write(&sites[0], "notes", "zoe", "Zero. ")];
    check(&fleet, &known);
    let state = fleet.folder().join("copy");
    fs::create_dir_all(&state).expect("a folder");
    back_up(&fleet, "site-1", &state.join("sqlite_db.db"));
    let listed = sites[1].get("/sync/peers").ok();
    let peer =
        |peer: &Value| format!("{}={};both", peer["name"].as_str().unwrap(), peer["url"].as_str().unwrap());
    let peers: Vec<String> = listed["peers"].as_array().expect("peers").iter().map(peer).collect();
    let peers = peers.join(",");
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let url = format!("http://127.0.0.1:{port}");
    let twin = Client::new(&url);
    let host = start(&state, "site-1", port, &peers);

    // Both give the same number of the same agent; the one that others hear of first is the true one.
    let truth = write(&sites[1], "notes", "ann", "Original. ");
    known.push(truth.clone());
    check(&fleet, &known);
    let second = write(&twin, "notes", "ann", "Twin. ");
    assert_eq!(second["seq"], truth["seq"]);
    let elsewhere = write(&twin, "elsewhere", "tom", "All know this. ");
    // Rounds that somebody asks for: the first finds it, and others tell the peers.
    let both = BTreeSet::from([digest(&truth), digest(&second)]);
    for (site, name) in [(&sites[0], "site-0"), (&sites[2], "site-2")] {
        eventually("the second copy and its peers know", FOUND, || {
            let round = twin.post("/sync", &json!({"target": name}));
            let knows =
                |site| evidence(site, "notes").iter().any(|(dot, found)| dot == "ann:2" && *found == both);
            (round.status == 200 && knows(&twin) && knows(site)).then_some(())
        });
    }
    known.push(elsewhere);
    check(&fleet, &known);
    assert!(!quarantines(&twin).is_empty());
    assert!(sites.iter().all(|site| !held(site, "notes").contains(&digest(&second))));

    // What only it has is not lost: it becomes a site of its own.
    drop(host);
    let _host = start(&state, "twin", port, &peers);
    for (nth, site) in sites.iter().enumerate().filter(|(nth, _)| *nth != 1) {
        let peer = json!({"name": "twin", "url": url, "direction": "none"});
        assert_eq!(site.post("/sync/peers", &peer).status, 200, "site-{nth}");
    }
    mend(&url, "twin", "site-0", &format!("{} {}", fleet.url(0), fleet.url(2)));
    check(&fleet, &known);
    for site in sites.iter().chain([&twin]) {
        eventually("both contents are everywhere", LIMIT, || {
            let text = shown(site, "notes");
            let text = text.as_str()?;
            ["One. ", "Zero. ", "Original. ", "Twin. "]
                .iter()
                .all(|part| text.matches(part).count() == 1)
                .then_some(())
        });
    }
    assert!(quarantines(&twin).iter().all(|(document, peer)| document != "notes" || peer != "site-0"));
}
