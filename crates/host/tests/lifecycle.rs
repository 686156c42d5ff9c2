//! Starting, being refused, and ending.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Application, http, manifest};

#[test]
fn the_start_is_announced_with_the_real_address_and_the_routes() {
    let Some(app) = Application::new(&manifest("description = 'the guest'", "")) else { return };
    let mut host = app.start(&["--quiet"]);
    assert_ne!(host.address, "127.0.0.1:0");
    host.signal("INT");
    assert_eq!(host.wait(), Some(0));
    let announced = host.rest_of_stdout();
    let expected =
        format!("Available Routes:\n  app: http://{}/app (wildcard)\n    the guest\n", host.address);
    assert_eq!(announced, expected);
    assert_eq!(host.errors(), "", "quiet");
}

#[test]
fn what_cannot_be_served_is_refused_at_start() {
    let refused = |manifest: String, args: &[&str], named: &[&str]| {
        let Some(app) = Application::new(&manifest) else { return };
        let message = app.refused(args);
        for name in named {
            assert!(message.contains(name), "{name:?} is not in {message}");
        }
    };
    refused(manifest("max_instances = 3", ""), &[], &["max_instances"]);
    refused(manifest("", "[[trigger.redis]]\nchannel = 'x'\n"), &[], &["redis"]);
    refused(manifest("ai_models = ['llama']", ""), &[], &["component.app", "ai_models"]);
    refused(manifest("allowed_outbound_hosts = ['nonsense']", ""), &[], &["component.app", "nonsense"]);
    refused(manifest("", "").replace("app.wasm", "gone.wasm"), &[], &["component app", "gone.wasm"]);
    refused(manifest("", "").replace("app.wasm", "spin.toml"), &[], &["component app", "no valid component"]);
    refused(manifest("", ""), &["--variable", "x=1"], &["--variable x"]);
    refused(manifest("", ""), &["--request-timeout", "soon"], &["request-timeout"]);
    let tight = ["component app", "memory at its start", "--max-instance-memory", "1024 B"];
    refused(manifest("", ""), &["--max-instance-memory", "1KiB"], &tight);
    let taken = common::free_address();
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let occupant = std::net::TcpListener::bind(&taken).unwrap();
    let message = app.refused_on(&taken);
    assert!(message.contains(&taken) && message.contains("--listen"), "{message}");
    drop(occupant);
}

#[test]
fn running_requests_finish_before_the_end() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    for signal in ["TERM", "INT"] {
        let mut host = app.start(&[]);
        let mut response = http::open(&host.address, "GET", "/app/stream", &[], b"");
        let _idle = std::net::TcpStream::connect(&host.address).unwrap();
        assert!(response.chunk().is_some());
        host.signal(signal);
        let mut events = 1;
        while response.chunk().is_some() {
            events += 1;
        }
        assert_eq!(events, 5);
        let started = Instant::now();
        assert_eq!(host.wait(), Some(0));
        assert!(started.elapsed() < Duration::from_secs(2), "an idle connection holds up the end");
        assert!(std::net::TcpStream::connect(&host.address).is_err());
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let mut host = app.start(&[]);
    let mut stream = std::net::TcpStream::connect(&host.address).unwrap();
    write!(stream, "GET /app/sleep?20000 HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    host.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    assert!(!host.try_wait(), "the running request was not waited for");
    let started = Instant::now();
    host.signal("TERM");
    host.wait();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn a_host_ends_with_its_input_if_it_was_started_so() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let mut command = app.command(&["--quiet", "--end-with-stdin"]);
    let mut host = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(host.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Serving http://") {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "it did not start");
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(host.try_wait().unwrap(), None, "its input is open");
    drop(host.stdin.take());
    let started = Instant::now();
    while host.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(5), "still running");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(host.wait().unwrap().code(), Some(0), "in good order");
}

#[test]
fn a_host_whose_output_nobody_reads_serves_on() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    for args in [&["--quiet"][..], &["--follow"]] {
        let mut host = app.start_unheard(args);
        for _ in 0..3 {
            // Prints to stdout and stderr, which `--follow` passes on.
            assert_eq!(host.get("/app/log?42").text(), "logged", "{args:?}");
            // Ends with a line of the host's own on stderr.
            host.get("/app/panic").assert_problem(500, "component-failed");
        }
        let log = std::fs::read_to_string(host.state.join("logs/app_stdout.txt")).unwrap();
        assert!(log.ends_with("to stdout 42\n"), "{log}");
        host.signal("TERM");
        assert_eq!(host.wait(), Some(0), "{args:?}");
    }
}

#[test]
fn what_is_refused_is_refused_though_nobody_reads_why() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_ramanujan"));
    command.args(["up", "--manifest", "/nonexistent/spin.toml"]).stdin(Stdio::null());
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    assert_eq!(command.status().unwrap().code(), Some(1), "a refusal, and not a panic");
}

#[test]
fn a_test_that_cannot_run_says_so_and_fails_where_all_must_run() {
    let folder = tempfile::tempdir().unwrap();
    // A toolchain without the Wasm target.
    let rustc = folder.path().join("rustc");
    std::fs::write(&rustc, "#!/bin/sh\necho /nonexistent\n").unwrap();
    std::fs::set_permissions(&rustc, std::fs::Permissions::from_mode(0o755)).unwrap();
    let log = folder.path().join("skipped.txt");
    let run = |required: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "what_cannot_be_served_is_refused_at_start"]);
        command.env("PATH", folder.path()).env("RAMANUJAN_SKIPPED_LOG", &log);
        command.env("RAMANUJAN_REQUIRE_ALL", required).output().unwrap()
    };
    let expected = "SKIPPED what_cannot_be_served_is_refused_at_start: needs the Rust target wasm32-wasip2 \
                    (scripts/wasm-target.sh installs it)\n";
    let passed = run("");
    assert!(passed.status.success());
    assert_eq!(String::from_utf8_lossy(&passed.stderr), expected);
    assert_eq!(std::fs::read_to_string(&log).unwrap(), expected);
    let failed = run("1");
    assert!(!failed.status.success());
    assert_eq!(std::fs::read_to_string(&log).unwrap(), expected.repeat(2));
}

#[test]
fn one_state_directory_serves_one_host() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let _host = app.start(&[]);
    let started = Instant::now();
    let mut second = app.command(&["--quiet"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut messages = BufReader::new(second.stderr.take().unwrap());
    let mut waits = String::new();
    messages.read_line(&mut waits).unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "silent for {:?}", started.elapsed());
    assert!(waits.contains("another host") && waits.contains("12 s"), "{waits}");
    assert!(waits.contains(app.state().to_str().unwrap()), "{waits}");
    let mut refused = String::new();
    messages.read_to_string(&mut refused).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(1));
    assert!(refused.contains("another host") && refused.contains("--state-dir"), "{refused}");
    assert_eq!(refused.lines().count(), 1, "{refused}");
}
