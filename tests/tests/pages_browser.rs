//! The e-graph workbench, the timeline and the verification page in a real browser. Skipped where Chromium is
//! not installed.

use std::time::Duration;

use ramanujan_tests::Network;
use ramanujan_tests::network::eventually;
use ramanujan_tests::replay::notice;
use ramanujan_tests::webdriver::Browser;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const ENTER: char = '\u{e007}';
const TAB: char = '\u{e004}';
const LEFT: char = '\u{e012}';
/// Events of the large history.
const MANY: usize = 10_000;
const AGENTS: usize = 25;

/// The text of the element with this id; empty if there is none.
fn text(browser: &Browser, id: &str) -> String {
    let script = format!("return document.getElementById({})?.textContent ?? ''", json!(id));
    browser.run(&script).as_str().unwrap_or_default().to_owned()
}

fn click(browser: &Browser, selector: &str) {
    browser.run(&format!("document.querySelector({}).click()", json!(selector)));
}

/// Puts a value into a field as its user would, so that the page hears of it.
fn fill(browser: &Browser, id: &str, value: &str) {
    let (id, value) = (json!(id), json!(value));
    browser.run(&format!(
        "const field = document.getElementById({id}); field.focus(); field.value = {value};
         field.dispatchEvent(new Event('input', {{bubbles: true}}))"
    ));
}

fn await_text(browser: &Browser, id: &str, wanted: &str) {
    eventually(&format!("{id} says {wanted:?}"), LIMIT, || text(browser, id).contains(wanted).then_some(()));
}

/// That a phone of 360 pixels shows the page without scrolling sideways.
fn fits_a_phone(browser: &Browser) {
    browser.resize(360, 740);
    eventually("the page fits", LIMIT, || {
        let widths = browser.run("return [document.documentElement.scrollWidth, innerWidth]");
        (widths[0].as_u64()? <= 360 && widths[1] == 360).then_some(())
    });
    browser.resize(1280, 900);
}

fn nothing_was_wrong(browser: &Browser) {
    assert_eq!(browser.console(), Vec::<String>::new(), "no errors, nothing blocked by the security policy");
}

#[test]
fn a_term_is_saturated_drawn_and_proved() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let network = Network::shared();
    browser.open(&format!("{}/egraph/", network.url()));
    eventually("the rules are listed", LIMIT, || {
        (browser.run("return document.querySelectorAll('#rules input:checked').length").as_u64()? > 5)
            .then_some(())
    });
    fill(&browser, "expression", "(merge (merge b a) (merge a (id)))");
    fill(&browser, "language", "operations");
    click(&browser, "#saturate");
    await_text(&browser, "canonical", "(merge a b)");
    // The drawing is the graph that the service knows.
    let body = json!({"expression": "(merge (merge b a) (merge a (id)))", "language": "operations", "color_mode": "block"});
    let reply = network.client().post("/egraph/saturate", &body).ok();
    let drawn = browser.run(
        "const all = (selector) => document.querySelectorAll(selector).length;
         return [all('#drawing .class'), all('#drawing .node'), all('#classes tr'), all('#drawing .class.RED'),
                 all('#drawing .node.chosen'), all('#drawing .edge.chosen')]",
    );
    assert_eq!((&drawn[0], &drawn[2]), (&reply["classes"], &reply["classes"]));
    assert_eq!(drawn[1], reply["nodes"], "no class has more rows than a box shows");
    assert_eq!((&drawn[4], &drawn[5]), (&json!(3), &json!(2)), "merge, a and b are the cheapest form");
    assert!(drawn[3].as_u64() >= Some(1), "merge is RED: {drawn}");
    assert!(text(&browser, "summary").contains("saturated"));

    // By keyboard: from the drawing to its first class, which is then chosen.
    browser.run("document.querySelector('#drawing svg').focus()");
    browser.press(&format!("{TAB}{ENTER}"));
    assert_eq!(browser.run("return document.querySelectorAll('#drawing .class.picked').length"), 1);

    // The address says it all.
    let address = browser.run("return location.href").as_str().map(str::to_owned).expect("a text");
    browser.open("about:blank");
    browser.open(&address);
    await_text(&browser, "canonical", "(merge a b)");

    fill(&browser, "other", "(merge b a)");
    click(&browser, "#compare");
    await_text(&browser, "verdict", "Equal");
    let steps =
        browser.run("return [...document.querySelectorAll('#proof .steps li')].map(step => step.innerText)");
    let steps = steps.as_array().expect("a list");
    assert!(steps.len() >= 2 && steps.len() as u64 == facts(&browser, "Steps"), "{steps:?}");
    // Whole terms, from what was asked to what it was compared with.
    assert!(
        steps[0].as_str().is_some_and(|step| step.contains("(merge (merge b a) (merge a id))")),
        "{steps:?}"
    );
    assert!(
        steps.last().and_then(Value::as_str).is_some_and(|step| step.contains("→ (merge b a)")),
        "{steps:?}"
    );
    fill(&browser, "other", "(merge a c)");
    click(&browser, "#compare");
    await_text(&browser, "verdict", "Not equal");
    await_text(&browser, "proof", "In this model");
    fits_a_phone(&browser);
    nothing_was_wrong(&browser);
}

/// A number of the summary's list.
fn facts(browser: &Browser, name: &str) -> u64 {
    let script = format!(
        "return [...document.querySelectorAll('#summary dt')].find(term => term.textContent === {}).nextSibling.textContent",
        json!(name)
    );
    let shown = browser.run(&script);
    shown
        .as_str()
        .and_then(|shown| shown.replace(',', "").parse().ok())
        .unwrap_or_else(|| panic!("{name}: {shown}"))
}

#[test]
fn a_wrong_term_is_shown_where_it_is_wrong() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let network = Network::shared();
    browser.open(&format!("{}/egraph/", network.url()));
    // Two units of UTF-16 stand before the place, in one character.
    fill(&browser, "expression", "(merge 😀 (merge b");
    click(&browser, "#saturate");
    await_text(&browser, "trouble", "this '(' is never closed");
    assert_eq!(browser.run("return document.getElementById('expression').selectionStart"), 10);
    fill(&browser, "expression", "(merge a (inv b))");
    click(&browser, "#saturate");
    await_text(&browser, "trouble", "RED next to BLUE");
    await_text(&browser, "trouble", "color-conflict");
    fill(&browser, "color_mode", "report");
    click(&browser, "#saturate");
    await_text(&browser, "canonical", "(merge a (inv b))");
    let colors = browser.run("return ['RED', 'BLUE', 'GREEN'].map(color => document.querySelectorAll(`#drawing .class.${color}`).length)");
    assert!(
        colors.as_array().is_some_and(|counts| counts.iter().all(|count| count.as_u64() >= Some(1))),
        "{colors}"
    );
    let markup = "<img/src=x/onerror=window.broken=1>";
    fill(&browser, "expression", &format!("(f {markup})"));
    click(&browser, "#saturate");
    await_text(&browser, "canonical", markup);
    assert!(browser.run("return window.broken ?? null").is_null());
}

/// A history in which everybody goes on from what somebody else did: the posted events, in order.
fn history(count: usize) -> Vec<Value> {
    let id = |number: usize| format!("{number:064x}");
    (0..count)
        .map(|number| {
            let mut event = json!({
                "event_id": id(number),
                "type": (["apply", "merge", "verify"][number % 3]),
                "agent_id": format!("agent-{}", (number * 7 + number / 11) % AGENTS),
                "document_id": format!("doc-{}", number % 5),
                "payload": {"number": number, "half": number as f64 / 2.0},
            });
            if number % 4 != 3 {
                event["color"] = json!(["RED", "BLUE", "GREEN"][number % 4]);
            }
            if number > 10 {
                event["depends_on"] = json!([id(number - 1 - number % 10)]);
            }
            event
        })
        .collect()
}

#[test]
fn ten_thousand_events_stay_at_hand_and_one_is_proved() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let network = Network::start();
    let client = network.client();
    let events = history(MANY);
    for batch in events.chunks(1000) {
        client.post("/timeline/events", &json!(batch)).ok();
    }
    let state = "%7B%22held%22%3A%2210000%22%7D";
    browser.open(&format!("{}/dashboard/timeline#{state}", network.url()));
    await_text(&browser, "status", "10,000 of 10,000");
    assert_eq!(browser.run("return window.timeline.shown"), MANY);

    // Frames while the wheel turns and long tasks are told, not judged: a busy machine is no defect of the page.
    browser.run(
        "window.frames = []; window.long = [];
         new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.long.push(entry.duration))).observe({type: 'longtask'});
         const see = (last) => requestAnimationFrame((now) => { window.frames.push(now - last); see(now); });
         see(performance.now());
         document.getElementById('diagram').scrollIntoView({block: 'center'})",
    );
    let middle = browser.run(
        "const box = document.getElementById('diagram').getBoundingClientRect();
         return [box.left + box.width / 2, box.top + box.height / 2]",
    );
    let (x, y) = (middle[0].as_f64().expect("a number"), middle[1].as_f64().expect("a number"));
    for _ in 0..12 {
        browser.wheel_at(x, y, -240);
    }
    eventually("the wheel zooms", LIMIT, || {
        (browser.run("return window.timeline.zoom").as_f64()? > 8.0).then_some(())
    });
    let note = text(&browser, "view-note");
    let in_view: usize =
        note.split(' ').next().and_then(|count| count.replace(',', "").parse().ok()).expect(&note);
    assert!(in_view > 0 && in_view < MANY / 4, "{note}");

    fill(&browser, "agent", "agent-24");
    let of_agent = events.iter().filter(|event| event["agent_id"] == "agent-24").count();
    eventually("the filter narrows", LIMIT, || {
        (browser.run("return window.timeline.shown") == of_agent).then_some(())
    });
    let rows = browser.run(
        "return [...document.querySelectorAll('#events tr td:nth-child(2)')].map(cell => cell.textContent)",
    );
    assert!(
        rows.as_array().is_some_and(|rows| !rows.is_empty() && rows.iter().all(|row| row == "agent-24")),
        "{rows}"
    );
    fill(&browser, "agent", "");
    eventually("all are there again", LIMIT, || {
        (browser.run("return window.timeline.shown") == MANY).then_some(())
    });

    // A click in the drawing, at the place where the event is.
    click(&browser, "#zoom-fit");
    fill(&browser, "document", "doc-3");
    fill(&browser, "type", "verify");
    let chosen = events
        .iter()
        .rev()
        .find(|event| {
            event["document_id"] == "doc-3" && event["type"] == "verify" && event["agent_id"] == "agent-3"
        })
        .expect("such an event");
    let place = format!("return window.timeline.place({})", chosen["event_id"]);
    eventually("the filters narrow", LIMIT, || {
        (browser.run("return window.timeline.shown").as_u64()? < MANY as u64 / 10).then_some(())
    });
    let place = browser.run(&place);
    browser.click_at(place[0].as_f64().expect("a number"), place[1].as_f64().expect("a number"));
    eventually("an event is chosen", LIMIT, || {
        let shown = text(&browser, "event");
        (shown.contains(chosen["event_id"].as_str()?) || shown.contains("Inclusion proof")).then_some(())
    });
    let id = browser.run("return JSON.parse(decodeURIComponent(location.hash.slice(1))).event");
    let id = id.as_str().expect("the address names the event");
    let event = events.iter().find(|event| event["event_id"] == id).expect("one of those posted");
    assert_eq!((&event["document_id"], &event["type"]), (&json!("doc-3"), &json!("verify")));
    eventually("its proof is checked in the page", LIMIT, || {
        (browser.run("return document.getElementById('proof-result')?.dataset.good ?? null") == "true")
            .then_some(())
    });
    let shown = text(&browser, "event");
    assert!(shown.contains("✓ in the log of 10,000 events"), "{shown}");
    assert!(shown.contains("✓ what is shown above is what the leaf is the hash of"), "{shown}");
    let proof = client.get(&format!("/timeline/proof?event={id}")).ok();
    assert_eq!(text(&browser, "proof-root"), proof["merkle_root"].as_str().expect("a root"));
    // What it depends on is among its causes.
    let cause =
        events.iter().position(|other| other["event_id"] == event["depends_on"][0]).expect("a cause") + 1;
    await_text(&browser, "causes", &format!("#{cause} "));

    // By keyboard: the event before it in its lane.
    browser.run("document.getElementById('diagram').focus()");
    browser.press(&format!("{LEFT}{ENTER}"));
    eventually("the keyboard chooses another", LIMIT, || {
        let now = browser.run("return JSON.parse(decodeURIComponent(location.hash.slice(1))).event");
        (now.is_string() && now != id).then_some(())
    });

    let told = browser.run(
        "const sorted = window.frames.sort((a, b) => a - b); const at = (part) => Math.round(sorted[Math.floor((sorted.length - 1) * part)]);
         return `${sorted.length} frames, median ${at(.5)} ms, 99 % within ${at(.99)} ms; ${window.long.length} tasks over 50 ms, longest ${Math.round(Math.max(0, ...window.long))} ms`",
    );
    notice(&format!("timeline with {MANY} events: {}", told.as_str().unwrap_or_default()));
    fits_a_phone(&browser);
    nothing_was_wrong(&browser);
}

#[test]
fn the_page_believes_no_proof_that_is_wrong() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let network = Network::start();
    let client = network.client();
    let events = history(700);
    client.post("/timeline/events", &json!(events)).ok();
    browser.open(&format!("{}/dashboard/timeline", network.url()));
    await_text(&browser, "status", "700 of 700");
    let id = events[321]["event_id"].as_str().expect("a text");
    let proof = client.get(&format!("/timeline/proof?event={id}")).ok();
    let check = |proof: &Value| {
        browser.run(&format!(
            "return import('/dashboard/merkle.js').then(({{inclusion}}) => inclusion({proof})).then((result) => result?.root ?? null)"
        ))
    };
    assert_eq!(check(&proof), proof["merkle_root"]);
    let steps = proof["path"].as_array().expect("a path").len();
    assert!(steps >= 9, "{proof}");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut proof = proof.clone();
        change(&mut proof);
        check(&proof)
    };
    let root = &proof["merkle_root"];
    for step in 0..steps {
        let flipped = changed(&|proof| {
            let hash = proof["path"][step].as_str().expect("a hash");
            let digit = if hash.starts_with('0') { "1" } else { "0" };
            proof["path"][step] = json!(format!("{digit}{}", &hash[1..]));
        });
        assert_ne!(&flipped, root, "step {step}");
        let swapped = changed(&|proof| {
            let path = proof["path"].as_array_mut().expect("a path");
            let other = (step + 1) % steps;
            path.swap(step, other);
        });
        assert_ne!(&swapped, root, "step {step}");
    }
    assert_ne!(&changed(&|proof| proof["leaf_index"] = json!(322)), root);
    assert!(changed(&|proof| proof["path"].as_array_mut().expect("a path").truncate(steps - 1)).is_null());
    assert!(changed(&|proof| proof["path"].as_array_mut().expect("a path").push(root.clone())).is_null());
    assert!(changed(&|proof| proof["leaf_index"] = json!(proof["tree_size"])).is_null());
    assert!(changed(&|proof| proof["path"][0] = json!("<b>")).is_null());

    // The log grew, and not otherwise.
    for (first, second) in [(1, 700), (255, 256), (256, 700), (333, 699), (700, 700)] {
        let proof = client.get(&format!("/timeline/proof?first={first}&second={second}")).ok();
        let check = |first_root: &Value, second_root: &Value, proof: &Value| {
            browser.run(&format!(
                "return import('/dashboard/merkle.js').then(({{consistency}}) => consistency({proof}, {first_root}, {second_root}))"
            ))
        };
        let (old, new) = (&proof["first_root"], &proof["second_root"]);
        assert_eq!(check(old, new, &proof), true, "{first} to {second}");
        assert_eq!(check(root, new, &proof), first == 700, "{first} to {second}");
        if first != second {
            assert_eq!(check(new, old, &proof), false, "{first} to {second}");
            assert_eq!(check(old, old, &proof), false, "{first} to {second}");
        }
    }

    // The leaf is over everything that is shown.
    let shown = client.get(&format!("/timeline/event/{id}"));
    let leaf = &proof["leaf_hash"];
    let is_leaf = |text: &str| {
        browser.run(&format!(
            "return import('/dashboard/merkle.js').then(({{isLeafOf}}) => isLeafOf({}, {leaf}))",
            json!(text)
        ))
    };
    assert_eq!(is_leaf(&shown.body), true);
    for (from, to) in [
        ("\"doc-1\"", "\"doc-2\""),
        ("160.5", "160.25"),
        ("\"seq\":322", "\"seq\":323"),
        ("\"apply\"", "\"merge\""),
        ("\"BLUE\"", "\"GREEN\""),
    ] {
        assert!(shown.body.contains(from), "{from}: {}", shown.body);
        assert_eq!(is_leaf(&shown.body.replacen(from, to, 1)), false, "{from}");
    }
}

#[test]
fn seventeen_verifiers_give_their_evidence() {
    let Some(browser) = Browser::start_or_skip() else { return };
    let network = Network::shared();
    browser.open(&format!("{}/dashboard/verification", network.url()));
    for (sample, kind) in [("Embedding", "embedding"), ("Skill", "skill")] {
        let script = format!(
            "[...document.querySelectorAll('#samples button')].find(button => button.textContent === {}).click()",
            json!(sample)
        );
        browser.run(&script);
        await_text(&browser, "result-note", kind);
        let request: Value = browser.run("return JSON.parse(document.getElementById('request').value)");
        let reply = network.client().post("/verify/analyze", &request).ok();
        assert_eq!(json!(text(&browser, "decided")), reply["verdict"]);
        let shown = browser.run(
            "return [...document.querySelectorAll('.verifier')].map((card) => [card.dataset.verifier, card.querySelector('.vote').textContent, card.querySelectorAll('details dd').length])",
        );
        let shown = shown.as_array().expect("a list");
        assert_eq!(shown.len(), 17);
        for verifier in reply["verifiers"].as_array().expect("a list") {
            let card =
                shown.iter().find(|card| card[0] == verifier["id"]).unwrap_or_else(|| panic!("{verifier}"));
            let vote = verifier["vote"].as_str().expect("a vote");
            assert!(card[1].as_str().is_some_and(|words| words.contains(vote)), "{card} {verifier}");
            assert!(
                card[2].as_u64() >= verifier["evidence"].as_object().map(|evidence| evidence.len() as u64),
                "{card}"
            );
        }
        let abstained = reply["verifiers"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|verifier| verifier["vote"] == "abstain");
        for verifier in abstained {
            let reason = verifier["reason"].as_str().expect("a reason");
            assert!(text(&browser, "abstained").contains(reason), "{reason}");
        }
    }
    fill(&browser, "request", "{\"embedding\": [1, 2");
    click(&browser, "#analyze");
    await_text(&browser, "trouble", "not JSON");
    fill(&browser, "request", "{\"embedding\": [1, 2]}");
    click(&browser, "#analyze");
    await_text(&browser, "trouble", "422");
    fits_a_phone(&browser);
}
