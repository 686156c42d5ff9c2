//! `ramanujan timeline export` from a small server into what may stand at `--out`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use ramanujan_timeline_tool::{Args, run};

/// More than fits into a pipe (64 KiB) and into what the tool writes at once (256 KiB).
const EVENTS: u64 = 20_000;
/// Events in one reply; the tool asks for the rest.
const PAGE: u64 = 8000;

fn line(seq: u64) -> String {
    format!("{{\"seq\":{seq},\"type\":\"operation\",\"agent_id\":\"agent-{}\"}}\n", seq % 9)
}

/// Serves [`EVENTS`] events. The second reply breaks off within a line.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let mut request = String::new();
            let mut reader = BufReader::new(&stream);
            while reader.read_line(&mut request).is_ok_and(|length| length > 2) {}
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let body = match path.split_once("after=") {
                None => format!("{{\"last_seq\":{EVENTS}}}"),
                Some((_, after)) => {
                    let after: u64 = after.parse().expect("a number");
                    let last = EVENTS.min(after + PAGE);
                    (after + 1..=last).map(line).collect()
                }
            };
            let length = body.len();
            let sent = if number == 2 { length - 7 } else { length };
            let mut out = &stream;
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
            // The tool may have gone away: some tests end it early.
            let _ = out.write_all(head.as_bytes()).and_then(|()| out.write_all(&body.as_bytes()[..sent]));
        }
    });
    url
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

/// The exit code of an export to `out`.
fn export(out: &Path) -> String {
    let url = server();
    let out = out.display().to_string();
    let arguments = ["timeline", "export", "--quiet", "--format", "ndjson", "--url", &url, "--out", &out];
    format!("{:?}", run(&Cli::parse_from(arguments).args))
}

fn code(code: u8) -> String {
    format!("{:?}", ExitCode::from(code))
}

fn everything() -> String {
    (1..=EVENTS).map(line).collect()
}

#[test]
fn a_file_holds_everything_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("events");
    assert_eq!(export(&out), code(0));
    assert!(fs::read_to_string(&out).expect("the file") == everything());
}

#[test]
fn a_pipe_gets_everything_and_stays_a_pipe() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).expect("the events")
    });
    assert_eq!(export(&pipe), code(0));
    assert!(reader.join().expect("the reader") == everything());
    assert!(fs::symlink_metadata(&pipe).expect("the pipe").file_type().is_fifo());
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || fs::File::open(pipe).and_then(|mut file| file.read_exact(&mut [0; 10]))
    });
    assert_eq!(export(&pipe), code(141));
    reader.join().expect("the reader").expect("ten bytes");
}

#[test]
fn a_link_to_a_device_stays_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("link");
    symlink("/dev/null", &link).expect("a link");
    assert_eq!(export(&link), code(0));
    assert_eq!(fs::read_link(&link).expect("the link"), Path::new("/dev/null"));
    let names: Vec<_> = fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_network_that_never_gets_beyond_half_a_line_is_asked_seldom_and_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(AtomicUsize::new(0));
    thread::spawn({
        let asked = Arc::clone(&asked);
        move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut request = String::new();
                let mut reader = BufReader::new(&stream);
                while reader.read_line(&mut request).is_ok_and(|length| length > 2) {}
                let body =
                    if asked.fetch_add(1, Ordering::SeqCst) == 0 { "{\"last_seq\":9}" } else { "{\"seq\"" };
                let length = body.len();
                let reply =
                    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
                (&stream).write_all(reply.as_bytes()).expect("the tool listens");
            }
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("events").display().to_string();
    let arguments = ["timeline", "export", "--quiet", "--retry-seconds", "1", "--url", &url, "--out", &out];
    assert_eq!(format!("{:?}", run(&Cli::parse_from(arguments).args)), code(2));
    let asked = asked.load(Ordering::SeqCst);
    assert!((3..20).contains(&asked), "{asked} requests");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn nobody_listening_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("events").display().to_string();
    let export = ["timeline", "export", "--quiet", "--url", &url, "--out", &out];
    let archive = ["timeline", "archive", "--url", &url, "--dir", &out];
    let started = Instant::now();
    for arguments in [&export[..], &archive] {
        assert_eq!(format!("{:?}", run(&Cli::parse_from(arguments).args)), code(2));
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn what_cannot_hold_it_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(export(folder.path()), code(2));
    assert_eq!(export(&folder.path().join("no/such/folder")), code(2));
    assert_eq!(export(Path::new("/dev/full")), code(2));
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}
