//! Time, memory and failure of components, and what clients and operators learn of it.

mod common;

use std::time::{Duration, Instant};

use common::{Application, http, manifest};

#[test]
fn a_component_that_takes_too_long_is_ended() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    for reuse in ["1", "4"] {
        let host = app.start(&["--request-timeout", "700ms", "--max-instance-reuse", reuse]);
        for path in ["/app/busy", "/app/sleep?20000", "/app/endless-sql"] {
            let started = Instant::now();
            host.get(path).assert_problem(504, "time-limit");
            let took = started.elapsed();
            assert!((Duration::from_millis(700)..Duration::from_secs(3)).contains(&took), "{path}: {took:?}");
            host.wait_for_error(&format!("app: GET {}: time limit", path.split('?').next().unwrap()));
            assert_eq!(host.get("/app/hello").text(), "hello");
        }
        host.sql("CREATE TABLE IF NOT EXISTS t(a)", serde_json::json!([])).unwrap();
    }
}

#[test]
fn busy_components_do_not_stop_others() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&["--request-timeout", "3s"]);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| host.get("/app/busy").assert_problem(504, "time-limit"));
        }
        std::thread::sleep(Duration::from_millis(300));
        let started = Instant::now();
        assert_eq!(host.get("/app/hello").text(), "hello");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    });
}

#[test]
fn a_response_that_takes_too_long_is_cut() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&["--request-timeout", "250ms"]);
    let mut response = http::open(&host.address, "GET", "/app/stream", &[], b"");
    assert_eq!(response.status, 200);
    let mut events = 0;
    while response.chunk().is_some() {
        events += 1;
    }
    assert!((1..5).contains(&events), "{events}");
    assert!(!response.ended_properly(), "the client took it for complete");
    host.wait_for_error("app: GET /app/stream: ended at the time limit");
}

#[test]
fn a_component_that_takes_too_much_memory_is_ended() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    for reuse in ["1", "4"] {
        let host = app.start(&["--max-instance-memory", "32MiB", "--max-instance-reuse", reuse]);
        let answer = host.get("/app/fill");
        answer.assert_problem(500, "memory-limit");
        assert!(answer.text().contains("32 MiB"), "{}", answer.text());
        host.wait_for_error("app: GET /app/fill: memory limit of 32 MiB");
        assert_eq!(host.get("/app/hello").text(), "hello");
    }
}

#[test]
fn a_component_that_fails_harms_nobody_else() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    for reuse in ["1", "128"] {
        let host = app.start(&["--max-instance-reuse", reuse]);
        host.get("/app/panic").assert_problem(500, "component-failed");
        host.wait_for_error("app: GET /app/panic: failed");
        let log = std::fs::read_to_string(host.state.join("logs/app_stderr.txt")).unwrap();
        assert!(log.contains("as asked"), "{log}");
        // Instances that die beside healthy requests must not take those with them.
        std::thread::scope(|scope| {
            let failing = scope.spawn(|| (0..100).filter(|_| host.get("/app/panic").status == 500).count());
            let healthy: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        (0..100).filter(|_| host.post("/app/echo", "unharmed").text() == "unharmed").count()
                    })
                })
                .collect();
            assert_eq!(failing.join().unwrap(), 100);
            for client in healthy {
                assert_eq!(client.join().unwrap(), 100);
            }
        });
    }
}

#[test]
fn a_response_that_breaks_off_is_seen_as_broken() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    for reuse in ["1", "4"] {
        let host = app.start(&["--max-instance-reuse", reuse]);
        let started = Instant::now();
        let mut response = http::open(&host.address, "GET", "/app/half", &[], b"");
        assert_eq!(response.chunk().unwrap(), b"begun");
        assert!(response.chunk().is_none());
        assert!(!response.ended_properly(), "reuse {reuse}: the client took it for complete");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        host.wait_for_error("app: GET /app/half: the response broke off");
        assert_eq!(host.get("/app/hello").text(), "hello");
    }
}

#[test]
fn more_requests_than_instances_are_told_to_come_again() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let host = app.start(&[]);
    // One more than the engine has instances, all at once.
    let mut waiting: Vec<_> =
        (0..1001).map(|_| http::send(&host.address, "GET", "/app/sleep?4000", &[], b"")).collect();
    let mut answers: Vec<_> =
        waiting.drain(..).map(|stream| http::Streaming::read_head(stream).status).collect();
    answers.sort_unstable();
    assert_eq!(answers.iter().filter(|status| **status == 503).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1000, "{answers:?}");
    assert_eq!(host.get("/app/hello").text(), "hello");
}

#[test]
fn instances_serve_as_many_requests_as_they_may() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    for (reuse, expected) in [("1", [1, 1, 1, 1, 1]), ("3", [1, 2, 3, 1, 2])] {
        let host = app.start(&["--max-instance-reuse", reuse]);
        let served: Vec<u32> = (0..5).map(|_| host.get("/app/served").text().parse().unwrap()).collect();
        assert_eq!(served, expected);
    }
}

#[test]
fn output_that_no_file_takes_harms_no_request_and_is_told_on_the_terminal() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let log = app.state().join("logs/app_stderr.txt");
    std::fs::create_dir_all(log.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let host = app.start(&[]);
    for number in 0..20 {
        assert_eq!(host.get(&format!("/app/log?{number}")).text(), "logged");
    }
    let errors = host.errors();
    let told = format!("the log {} cannot be written: No space left on device", log.display());
    assert_eq!(errors.matches(&told).count(), 1, "{errors}");
    assert!(errors.contains("[app] to stderr 0\n"), "{errors}");
    assert!(errors.matches("[app] to stderr").count() < 20, "{errors}");
    drop(host);
    let host = app.start(&["--follow"]);
    host.get("/app/log?42");
    assert_eq!(host.errors().matches("[app] to stderr 42\n").count(), 1, "{}", host.errors());
}

#[test]
fn output_goes_to_files_and_with_follow_to_the_terminal() {
    let Some(app) = Application::new(&manifest("", "")) else { return };
    let mut host = app.start(&["--follow"]);
    assert_eq!(host.get("/app/log?42").text(), "logged");
    let log = |name: &str| std::fs::read_to_string(host.state.join("logs").join(name)).unwrap();
    assert_eq!(log("app_stdout.txt"), "to stdout 42\n");
    assert_eq!(log("app_stderr.txt"), "to stderr 42\n");
    assert!(host.errors().contains("[app] to stderr 42\n"));
    host.signal("TERM");
    assert_eq!(host.wait(), Some(0));
    assert!(host.rest_of_stdout().contains("[app] to stdout 42\n"));
}
