//! The dashboard in a real browser while a session is replayed. Skipped where Chromium is not installed.

use std::time::Duration;

use ramanujan_replay::generate::Options;
use ramanujan_tests::Network;
use ramanujan_tests::network::eventually;
use ramanujan_tests::replay::{generated, outcome, spawn};
use ramanujan_tests::webdriver::Browser;
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);

/// The text shown in the element with this id.
fn text(browser: &Browser, id: &str) -> String {
    let script = format!("return document.getElementById({}).innerText", json!(id));
    browser.run(&script).as_str().unwrap_or_default().to_owned()
}

/// What the page gives as the total number of events.
fn total(browser: &Browser) -> Option<u64> {
    text(browser, "total-events").replace(',', "").parse().ok()
}

fn is_live(browser: &Browser) -> bool {
    browser.run("return document.getElementById('connection').dataset.state") == "live"
}

#[test]
fn events_arrive_while_a_session_is_replayed() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let network = Network::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    browser.open(&format!("{}/dashboard/", network.url()));
    eventually("the page is connected", LIMIT, || is_live(&browser).then_some(()));
    let before = eventually("the page shows a total", LIMIT, || total(&browser));
    assert!(!text(&browser, "events").contains("watched"));

    let options = Options { seed: 9, transactions: 2500, agents: 2, non_ascii: true, self_concurrent: false };
    let (path, _) = generated(folder.path(), "watched", &options);
    let mut replay = spawn(&network, &path, &["--batch", "5"]);
    let mut totals = vec![before];
    let mut feeds = vec![text(&browser, "events")];
    eventually("events arrive one after the other", LIMIT, || {
        let now = total(&browser)?;
        if totals.last() != Some(&now) {
            totals.push(now);
        }
        let feed = text(&browser, "events");
        if feed.contains("watched") && feeds.last() != Some(&feed) {
            feeds.push(feed);
        }
        (totals.len() >= 4 && feeds.len() >= 4).then_some(())
    });
    assert!(
        replay.try_wait().expect("the replay can be asked").is_none(),
        "they were seen while it was running"
    );
    assert!(totals.is_sorted(), "{totals:?}");

    let (code, report) = outcome(&replay.wait_with_output().expect("the replay ends"));
    assert_eq!(code, 0, "{report}");
    let operations = report["operations"].as_u64().expect("a number");
    eventually("the page shows every event", LIMIT, || {
        total(&browser).filter(|total| *total >= before + operations)
    });
    let fingerprint = report["fingerprint"].as_str().expect("a text");
    eventually("the document's version is shown", LIMIT, || {
        let documents = text(&browser, "documents");
        (documents.contains("watched") && documents.contains(fingerprint)).then_some(())
    });
    assert!(text(&browser, "agents").contains("watched-0"), "{}", text(&browser, "agents"));
    assert_eq!(text(&browser, "component-count"), "11/11");
    assert_eq!(browser.console(), Vec::<String>::new(), "no errors, nothing blocked by the security policy");
}

#[test]
fn what_the_network_says_is_shown_as_text() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let network = Network::start();
    let markup = "<img src=x onerror=window.broken=1>";
    let event = json!({"type": markup, "agent_id": "scripter", "document_id": "markup"});
    network.client().post("/timeline/events", &event).ok();
    let agent = json!({"agent_id": "scripter", "mathematician": markup});
    network.client().post("/agents/register", &agent).ok();
    browser.open(&format!("{}/dashboard/", network.url()));
    eventually("the event is shown", LIMIT, || text(&browser, "events").contains(markup).then_some(()));
    eventually("the agent is shown", LIMIT, || text(&browser, "agents").contains(markup).then_some(()));
    assert!(browser.run("return window.broken ?? null").is_null());
    assert_eq!(browser.run("return document.querySelectorAll('#main img').length"), 0);
}

#[test]
fn a_lost_network_is_said_and_found_again() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let mut network = Network::start();
    browser.open(&format!("{}/dashboard/", network.url()));
    eventually("the page is connected", LIMIT, || is_live(&browser).then_some(()));
    network.kill();
    eventually("the page says that it lost the network", LIMIT, || (!is_live(&browser)).then_some(()));
    let network = network.kill_and_restart();
    eventually("the page is connected again", LIMIT, || is_live(&browser).then_some(()));
    drop(network);
}
