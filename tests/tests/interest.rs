//! Three sites that do not want the same of each other: a hub with everything, a branch that is interested in orders alone, an
//! archive that only fetches. What travels, what does not, and whether `/sync/status` and `/sync/verify` say so.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use ramanujan_tests::http::Client;
use ramanujan_tests::network::{Network, eventually};
use ramanujan_tests::sites::{addresses, documents, named, peer, verified, write};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

/// Writes the next letter of a text.
fn letter(site: &Network, document: &str, agent: &str) {
    write(&site.client(), document, agent, "insert", json!({"position": 0, "value": "x"}));
}

fn ids(site: &Client) -> BTreeSet<String> {
    documents(site).into_keys().collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// 200, 404 or 410 where it is deleted.
fn standing(site: &Network, document: &str) -> u16 {
    site.client().get(&format!("/crdt/{document}")).status
}

/// Digests of the freezes of a document.
fn freezes(site: &Network, document: &str) -> Vec<String> {
    let reply = site.client().get(&format!("/crdt/{document}/snapshots"));
    if reply.status == 404 {
        return Vec::new();
    }
    let items = reply.ok()["items"].clone();
    let id = |item: &Value| item["snapshot_id"].as_str().expect("an id").to_owned();
    items.as_array().expect("a list").iter().map(id).collect()
}

/// Waits until every link that somebody begins has had two whole rounds more: what has not moved by then does not move.
fn rounds_go_by(links: &[(&Network, &str)]) {
    let count =
        |(site, name): &(&Network, &str)| peer(&site.client(), name)["rounds"].as_u64().expect("rounds");
    let before: Vec<u64> = links.iter().map(count).collect();
    eventually("rounds go by", LIMIT, || {
        links.iter().zip(&before).all(|(link, before)| count(link) >= before + 2).then_some(())
    });
}

/// The three, of which the hub begins rounds with the branch, the branch and the archive with the hub.
struct Sites {
    hub: Network,
    branch: Network,
    archive: Network,
    hub_at: SocketAddr,
}

impl Sites {
    fn start() -> Self {
        let [hub_at, branch_at, archive_at] = addresses();
        let peers = format!("branch=http://{branch_at},archive=http://{archive_at};none");
        let sites = Sites {
            hub: Network::start_as(named("hub", hub_at, &peers)),
            branch: Network::start_as(named("branch", branch_at, "")),
            archive: Network::start_as(named("archive", archive_at, &format!("hub=http://{hub_at};pull"))),
            hub_at,
        };
        sites.interest(&["orders-*"]);
        sites
    }

    /// Says which documents the branch exchanges with the hub.
    fn interest(&self, patterns: &[&str]) {
        let peer = json!({"name": "hub", "url": format!("http://{}", self.hub_at), "documents": patterns});
        let listed = self.branch.client().post("/sync/peers", &peer).ok();
        assert_eq!((&listed["documents"], &listed["direction"]), (&json!(patterns), &json!("both")));
    }

    /// Kills the branch with -9, and starts it again after `meanwhile`.
    fn without_branch(mut self, meanwhile: impl FnOnce(&Self)) -> Self {
        self.branch.kill();
        meanwhile(&self);
        self.branch = self.branch.kill_and_restart();
        self
    }

    /// Waits until the sites hold these documents and nothing more, and makes sure that it stays so.
    fn hold(&self, hub: &[&str], branch: &[&str], archive: &[&str]) {
        let all = [(&self.hub, hub), (&self.branch, branch), (&self.archive, archive)];
        for (site, names) in all {
            eventually(&format!("all of {names:?}"), LIMIT, || {
                ids(&site.client()).is_superset(&set(names)).then_some(())
            });
        }
        self.rounds();
        for (site, names) in all {
            assert_eq!(ids(&site.client()), set(names));
        }
    }

    fn rounds(&self) {
        rounds_go_by(&[(&self.hub, "branch"), (&self.branch, "hub"), (&self.archive, "hub")]);
    }
}

#[test]
fn documents_go_where_somebody_is_interested_in_them() {
    let sites = Sites::start();
    for document in ["orders-1", "orders-2", "invoices-1", "diary"] {
        letter(&sites.hub, document, "ann");
    }
    for document in ["orders-b", "notes-b", "my-orders-b"] {
        letter(&sites.branch, document, "bob");
    }
    for document in ["orders-a", "diary-a"] {
        letter(&sites.archive, document, "cy");
    }
    let hub = ["orders-1", "orders-2", "invoices-1", "diary", "orders-b"];
    let branch = ["orders-1", "orders-2", "orders-b", "notes-b", "my-orders-b"];
    sites.hold(&hub, &branch, &[&hub[..], &["orders-a", "diary-a"]].concat());
    says_the_truth(&sites, 3);

    // Deletions and freezes go the same ways.
    assert_eq!(sites.hub.client().delete("/crdt/orders-1").status, 200);
    assert_eq!(sites.hub.client().delete("/crdt/diary").status, 200);
    assert_eq!(sites.branch.client().delete("/crdt/notes-b").status, 200);
    for (site, document) in
        [(&sites.hub, "orders-2"), (&sites.hub, "invoices-1"), (&sites.branch, "orders-b")]
    {
        site.client().post(&format!("/crdt/{document}/freeze"), &json!({})).ok();
    }
    assert_eq!(sites.archive.client().delete("/crdt/orders-a").status, 200);
    eventually("deletions arrive", LIMIT, || {
        let gone = [(&sites.branch, "orders-1"), (&sites.archive, "orders-1"), (&sites.archive, "diary")];
        gone.iter().all(|(site, document)| standing(site, document) == 410).then_some(())
    });
    let frozen = [("orders-2", &sites.hub), ("orders-b", &sites.branch)];
    for (document, by) in frozen {
        let made = freezes(by, document);
        assert_eq!(made.len(), 1);
        eventually("freezes arrive", LIMIT, || {
            let all = [&sites.hub, &sites.branch, &sites.archive];
            all.iter().all(|site| freezes(site, document) == made).then_some(())
        });
    }
    eventually("the archive has what the branch has not", LIMIT, || {
        (freezes(&sites.archive, "invoices-1") == freezes(&sites.hub, "invoices-1")).then_some(())
    });
    sites.rounds();
    for (document, at) in [
        ("diary", &sites.branch),
        ("invoices-1", &sites.branch),
        ("notes-b", &sites.hub),
        ("orders-a", &sites.hub),
    ] {
        assert_eq!((standing(at, document), freezes(at, document)), (404, Vec::new()), "{document}");
    }

    // The interest was said in a request, and outlives the process.
    let sites = sites.without_branch(|sites| {
        for document in ["orders-3", "invoices-2", "diary-2"] {
            letter(&sites.hub, document, "ann");
        }
        eventually("what waits for the branch is what it is interested in", LIMIT, || {
            let status = peer(&sites.hub.client(), "branch");
            (status["trouble"] == "silent" && status["lag"]["documents"] == 1).then_some(())
        });
    });
    eventually("the branch catches up", LIMIT, || (standing(&sites.branch, "orders-3") == 200).then_some(()));
    eventually("so does the archive", LIMIT, || (standing(&sites.archive, "diary-2") == 200).then_some(()));
    sites.rounds();
    assert_eq!([standing(&sites.branch, "invoices-2"), standing(&sites.branch, "diary-2")], [404, 404]);

    // Another interest: what matches now comes, also what is older; what came before stays.
    letter(&sites.branch, "invoices-b", "bob");
    sites.interest(&["invoices-*", "orders-3"]);
    eventually("older documents come", LIMIT, || {
        let invoices =
            [(&sites.branch, "invoices-1"), (&sites.branch, "invoices-2"), (&sites.hub, "invoices-b")];
        invoices.iter().all(|(site, document)| standing(site, document) == 200).then_some(())
    });
    eventually("with their freezes", LIMIT, || {
        (freezes(&sites.branch, "invoices-1") == freezes(&sites.hub, "invoices-1")).then_some(())
    });
    letter(&sites.hub, "orders-2", "ann");
    letter(&sites.hub, "orders-3", "ann");
    letter(&sites.hub, "orders-4", "ann");
    letter(&sites.branch, "orders-2", "bob");
    let digest =
        |site: &Network, document: &str| documents(&site.client()).get(document).map(|said| said.0.clone());
    eventually("what still matches goes on", LIMIT, || {
        (digest(&sites.branch, "orders-3") == digest(&sites.hub, "orders-3")).then_some(())
    });
    sites.rounds();
    assert_eq!((standing(&sites.branch, "orders-2"), standing(&sites.branch, "orders-4")), (200, 404));
    assert_ne!(digest(&sites.branch, "orders-2"), digest(&sites.hub, "orders-2"), "each has its own now");
    assert_eq!(digest(&sites.archive, "orders-2"), digest(&sites.hub, "orders-2"));
    assert_eq!(
        verified(&sites.branch.client(), "hub"),
        (vec!["invoices-1".into(), "invoices-2".into(), "invoices-b".into(), "orders-3".into()], vec![])
    );
}

/// What status and verify say while the branch is interested in orders, of which there are so many at both.
fn says_the_truth(sites: &Sites, orders: usize) {
    let (hub, branch, archive) = (sites.hub.client(), sites.branch.client(), sites.archive.client());
    let (of_branch, of_archive) = (peer(&hub, "branch"), peer(&hub, "archive"));
    let (of_hub, at_archive) = (peer(&branch, "hub"), peer(&archive, "hub"));
    let directions = [&of_branch, &of_archive, &of_hub, &at_archive].map(|peer| peer["direction"].clone());
    assert_eq!(directions, ["both", "none", "both", "pull"].map(Value::from));
    assert_eq!((&of_branch["documents"], &of_hub["documents"]), (&json!([]), &json!(["orders-*"])));
    for pushed in [&of_branch, &of_hub] {
        assert_eq!(pushed["lag"]["documents"], 0, "{pushed}");
        assert!(pushed["push_cursor"].is_string() && pushed["pull_cursor"].is_string(), "{pushed}");
    }
    // Who only fetches lags in nothing that it owes, and who is only answered is not waited for.
    assert_eq!(
        (&at_archive["lag"], &at_archive["push_cursor"]),
        (&Value::Null, &Value::Null),
        "{at_archive}"
    );
    assert!(at_archive["pull_cursor"].is_string() && at_archive["next_ms"].is_u64(), "{at_archive}");
    assert_eq!((&of_archive["next_ms"], &of_archive["rounds"]), (&Value::Null, &json!(0)), "{of_archive}");
    for peer in [&of_branch, &of_archive, &of_hub, &at_archive] {
        assert_eq!(
            (&peer["trouble"], &peer["manifest"]),
            (&Value::Null, &json!(env!("CARGO_PKG_VERSION"))),
            "{peer}"
        );
    }

    // Of orders alone, from both sides; nothing of what stays at one of them is a difference.
    for (site, other) in [(&hub, "branch"), (&branch, "hub")] {
        let (compared, disagree) = verified(site, other);
        assert!(compared.iter().all(|id| id.starts_with("orders-")), "{compared:?}");
        assert_eq!((compared.len(), disagree), (orders, Vec::new()));
    }
    // The archive exchanges all documents and gives none: what is its own is missing at the hub, and that is said.
    for (site, other) in [(&hub, "archive"), (&archive, "hub")] {
        let (compared, mut disagree) = verified(site, other);
        disagree.sort();
        assert_eq!(
            (compared.len(), disagree),
            (7, vec!["diary-a".to_owned(), "orders-a".to_owned()]),
            "{other}"
        );
    }
}
