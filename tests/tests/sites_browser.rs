//! The page of sites in a real browser, before a fleet of three. Skipped where Chromium is not installed.

use std::time::Duration;

use ramanujan_tests::fleet::Fleet;
use ramanujan_tests::network::eventually;
use ramanujan_tests::webdriver::Browser;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

/// How many elements a selector finds.
fn count(browser: &Browser, selector: &str) -> u64 {
    let script = format!("return document.querySelectorAll({}).length", json!(selector));
    browser.run(&script).as_u64().unwrap_or_default()
}

fn text(browser: &Browser, selector: &str) -> String {
    let script = format!("return document.querySelector({})?.textContent ?? ''", json!(selector));
    browser.run(&script).as_str().unwrap_or_default().to_owned()
}

fn awaits(browser: &Browser, what: &str, selector: &str, wanted: u64) {
    eventually(what, LIMIT, || (count(browser, selector) == wanted).then_some(()));
}

#[test]
fn links_are_seen_to_be_cut_and_to_heal() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let fleet = Fleet::start(3, "ring");
    browser.open(&format!("{}/dashboard/sites", fleet.url(0)));
    awaits(&browser, "three sites are on the map", "#map .site", 3);
    awaits(&browser, "all links exchange", "#map .link.up", 3);
    assert_eq!(count(&browser, "#cards .peer"), 2);
    assert!(text(&browser, "#map-note").contains("3 sites, 3 links, 0 cut"));

    fleet.done(&["cut", "0"]);
    awaits(&browser, "both links of the own site are cut", "#map .link.down", 2);
    awaits(&browser, "a cut link has a sign", "#map .cross", 2);
    eventually("the peer that it asks says so", LIMIT, || {
        let states = browser
            .run("return [...document.querySelectorAll('.peer .state')].map((one) => one.textContent)");
        states
            .as_array()?
            .iter()
            .any(|state| state.as_str().is_some_and(|words| words.contains("cut")))
            .then_some(())
    });
    let operation =
        json!({"operation": "increment", "document_id": "counter", "agent_id": "ada", "seq": 1, "value": 1});
    fleet.client(0).post("/stream/red/apply", &operation).ok();
    eventually("the peer is behind by a document", LIMIT, || {
        text(&browser, "#cards").contains("1 deltas of 1 documents").then_some(())
    });

    fleet.done(&["heal", "0"]);
    awaits(&browser, "the links are whole again", "#map .link.up", 3);
    eventually("nobody is behind", LIMIT, || {
        let cards = text(&browser, "#cards");
        (cards.contains("nothing") && !cards.contains("1 deltas")).then_some(())
    });
    fleet.done(&["check", "--within", "60s"]);
    // What was handed on and what failed is told, and a round by hand is not refused.
    let kinds = || {
        browser.run("return [...document.querySelectorAll('#log li[data-seq]')].map((one) => one.children[1].textContent)")
    };
    eventually("the log tells of it", LIMIT, || {
        let kinds = kinds();
        let told = |kind: &str| kinds.as_array().is_some_and(|all| all.contains(&json!(kind)));
        (told("round") && told("failed")).then_some(())
    });
    browser.run("document.querySelector('.peer button:not(:disabled)').click()");
    eventually("the button is there again", LIMIT, || {
        (count(&browser, ".peer button:not(:disabled)") > 0).then_some(())
    });
    assert_eq!(browser.run("return document.getElementById('notice').hidden"), true);

    browser.resize(360, 740);
    eventually("the page fits a phone", LIMIT, || {
        let widths = browser.run("return [document.documentElement.scrollWidth, innerWidth]");
        (widths[0].as_u64()? <= 360 && widths[1] == 360).then_some(())
    });
    let unexpected: Vec<Value> = browser.console().into_iter().map(Value::from).collect();
    assert_eq!(unexpected, Vec::<Value>::new(), "no errors, nothing blocked by the security policy");
}
