//! A server, instances of the service, and a client that sends commands and checks what became of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use async_nats::Client;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, stream::Stream};
use futures_util::StreamExt as _;
use ramanujan_agent_service::tier::version;
use ramanujan_agents::life::Recorded;
use ramanujan_tests::network::root;
use ramanujan_tests::skip::{self, NATS};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest wait for anything: the machine may be busy.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// Waits until something is so.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The version of a server.
pub(crate) fn version_of(client: &Client) -> (u32, u32) {
    version(&client.server_info().version)
}

/// A nats-server with a folder of its own.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    pub(crate) port: u16,
}

fn program() -> PathBuf {
    std::env::var_os("NATS_SERVER")
        .map_or_else(|| root().join("target/python/nats/bin/nats-server"), PathBuf::from)
}

impl Server {
    /// Starts the one that is installed, or that `NATS_SERVER` names, on a free port; `None` where none is installed, which skips the test.
    pub(crate) async fn start() -> Option<Self> {
        Self::with("").await
    }

    /// Starts one with more configuration.
    pub(crate) async fn with(configuration: &str) -> Option<Self> {
        if !skip::has(NATS, &[&program().to_string_lossy()]) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("conf"), configuration).unwrap();
        let child = run(&folder, "-1");
        let ports = folder.path().join(format!("nats-server_{}.ports", child.id()));
        let port = eventually("the port of nats-server", async || {
            let ports: Value = serde_json::from_slice(&std::fs::read(&ports).ok()?).ok()?;
            ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
        })
        .await;
        Some(Server { child, folder, port })
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn client(&self) -> Client {
        async_nats::connect(self.url()).await.unwrap()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, on the same port with the same files.
    pub(crate) fn restart(&mut self) {
        self.child = run(&self.folder, &self.port.to_string());
    }
}

fn run(folder: &TempDir, port: &str) -> Child {
    let log = File::create(folder.path().join("log")).unwrap();
    Command::new(program())
        .args(["-a", "127.0.0.1", "-p", port, "-js", "--ports_file_dir"])
        .arg(folder.path())
        .arg("-c")
        .arg(folder.path().join("conf"))
        .arg("-sd")
        .arg(folder.path().join("store"))
        .stderr(log)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An instance of the service.
pub(crate) struct Instance {
    child: Child,
    log: tempfile::NamedTempFile,
    address: String,
}

impl Instance {
    /// Starts one, without waiting for NATS.
    pub(crate) async fn begin(url: &str, variables: &[(&str, &str)]) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_agent-service"))
            .env_remove("RUST_LOG")
            .envs([("NATS_URL", url), ("HTTP_LISTEN", "127.0.0.1:0"), ("ACK_WAIT", "1s")])
            .envs(variables.iter().copied())
            .stdout(log.reopen().unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut instance = Instance { child, log, address: String::new() };
        instance.address = eventually("the address of the service", async || {
            let log = instance.log();
            let rest = log.split_once("Serving http://")?.1;
            let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ':'))?;
            Some(rest[..end].to_owned())
        })
        .await;
        instance
    }

    /// Starts one and waits until it takes commands.
    pub(crate) async fn start(url: &str, variables: &[(&str, &str)]) -> Self {
        let instance = Self::begin(url, variables).await;
        eventually("the service is ready", async || (instance.get("/ready").0 == 200).then_some(())).await;
        instance
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// Status and body of a GET.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).1).unwrap()
    }

    /// A number of the metrics.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").1;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn deploy(agent: &str) -> Value {
    json!({"type": "DeployAgent", "agent_id": agent, "agent_type": "AI", "metadata": {"name": agent, "version": "1"}})
}

pub(crate) fn configure(agent: &str, key: &str, value: u64) -> Value {
    json!({"type": "UpdateConfiguration", "agent_id": agent, "changes": {key: value}})
}

/// Puts a command into the stream and waits until it is stored.
pub(crate) async fn send(client: &Client, id: &str, mut command: Value) {
    command["command_id"] = json!(id);
    let verb = match command["type"].as_str().unwrap() {
        "DeployAgent" => "deploy",
        "ActivateAgent" => "activate",
        "SuspendAgent" => "suspend",
        "UpdateConfiguration" => "update_configuration",
        other => panic!("no verb for {other}"),
    };
    let subject = format!("agent.commands.{}.{verb}", command["agent_id"].as_str().unwrap());
    let context = jetstream::new(client.clone());
    context.publish(subject, command.to_string().into()).await.unwrap().await.unwrap();
}

/// The outcomes that are told, by the id of the command, collected in the background.
pub(crate) struct Replies(std::sync::Arc<std::sync::Mutex<BTreeMap<String, Vec<Value>>>>);

impl Replies {
    pub(crate) async fn of(client: &Client) -> Self {
        let mut told = client.subscribe("agent.replies.>").await.unwrap();
        client.flush().await.unwrap();
        let replies = std::sync::Arc::<std::sync::Mutex<BTreeMap<String, Vec<Value>>>>::default();
        let kept = replies.clone();
        tokio::spawn(async move {
            while let Some(message) = told.next().await {
                let reply: Value = serde_json::from_slice(&message.payload).unwrap();
                let id = reply["command_id"].as_str().unwrap().to_owned();
                assert_eq!(message.subject.as_str(), format!("agent.replies.{id}"));
                kept.lock().unwrap().entry(id).or_default().push(reply);
            }
        });
        Replies(replies)
    }

    /// The first outcome of a command.
    pub(crate) async fn outcome(&self, id: &str) -> Value {
        eventually(id, async || self.all(id).first().cloned()).await
    }

    pub(crate) fn all(&self, id: &str) -> Vec<Value> {
        self.0.lock().unwrap().get(id).cloned().unwrap_or_default()
    }
}

/// Sends a command and waits for what becomes of it.
pub(crate) async fn ask(client: &Client, replies: &Replies, id: &str, command: Value) -> Value {
    send(client, id, command).await;
    replies.outcome(id).await
}

pub(crate) async fn stream(client: &Client) -> Stream {
    jetstream::new(client.clone()).get_stream("AGENT_EVENTS").await.unwrap()
}

/// Waits until every command in the stream is acknowledged.
pub(crate) async fn settled(client: &Client) {
    let stream = stream(client).await;
    eventually("all commands are acknowledged", async || {
        let mut consumer: PullConsumer = stream.get_consumer("agent-workers").await.ok()?;
        let info = consumer.info().await.ok()?;
        (info.num_pending == 0 && info.num_ack_pending == 0).then_some(())
    })
    .await;
}

/// Every event in the stream, read from its start and not by the service.
pub(crate) async fn events(client: &Client) -> Vec<Recorded> {
    let stream = stream(client).await;
    let mut found = Vec::new();
    let mut from = 1;
    while let Ok(message) = stream.get_first_raw_message_by_subject("agent.events.>", from).await {
        from = message.sequence + 1;
        found.push(serde_json::from_slice(&message.payload).unwrap());
    }
    found
}

/// Checks that the log of every agent is numbered 1..n, and that the commands are those that had an effect, each once.
pub(crate) fn check(events: &[Recorded], commands: &BTreeSet<String>, events_of_a_command: usize) {
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    let mut effects: BTreeMap<String, usize> = BTreeMap::new();
    for record in events {
        let version = versions.entry(record.aggregate_id.to_string()).or_default();
        *version += 1;
        assert_eq!(record.sequence, *version, "of agent {}", record.aggregate_id);
        *effects.entry(record.command_id.clone().unwrap()).or_default() += 1;
    }
    let wanted: BTreeMap<String, usize> =
        commands.iter().map(|id| (id.clone(), events_of_a_command)).collect();
    assert_eq!(effects, wanted);
}
