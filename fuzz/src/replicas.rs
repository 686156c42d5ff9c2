//! Several replicas of one text under a script of edits, merges and deliveries, checked against each other, against the
//! graph of deltas and, for what is refused, against their own length.

use arbitrary::{Arbitrary, Unstructured};
use ramanujan_core::AgentId;
use ramanujan_crdt::{Delta, TextDocument, TextGraph};

const REPLICAS: usize = 3;
/// Longest script: merging replays, so time grows with the square.
const MAX_STEPS: usize = 200;
const NAMES: [&str; REPLICAS] = ["ann", "ben", "eve"];

#[derive(Arbitrary, Debug)]
enum Step {
    /// At a place within the text.
    Insert {
        at: u16,
        text: Text,
    },
    Delete {
        at: u16,
        length: u8,
    },
    /// At whatever place.
    InsertAnywhere {
        at: u64,
        text: Text,
    },
    DeleteAnywhere {
        at: u64,
        length: u64,
    },
    Merge {
        from: u8,
    },
    /// What the other has beyond this one's version, as bytes.
    Receive {
        from: u8,
    },
    /// Stored and loaded.
    Reload {
        snapshot: bool,
    },
    Look,
}

/// Short texts that share characters, of one to four bytes each.
#[derive(Arbitrary, Debug)]
enum Text {
    Letter,
    Word,
    Accent,
    Emoji,
    Line,
    Nothing,
}

impl Text {
    fn as_str(&self) -> &'static str {
        match self {
            Text::Letter => "x",
            Text::Word => "word",
            Text::Accent => "é",
            Text::Emoji => "👩🏽‍🚀",
            Text::Line => "語\n",
            Text::Nothing => "",
        }
    }
}

/// Runs the script that the bytes spell; see the module.
pub fn replay(data: &[u8]) {
    let mut data = Unstructured::new(data);
    let ids = NAMES.map(|name| name.parse::<AgentId>().expect("an agent"));
    let mut replicas = [const { None::<TextDocument> }; REPLICAS].map(|_| TextDocument::new());
    for _ in 0..MAX_STEPS {
        if data.is_empty() {
            break;
        }
        let Ok((who, step)) = <(u8, Step)>::arbitrary(&mut data) else { break };
        let who = usize::from(who) % REPLICAS;
        take(&mut replicas, who, &ids[who], &step);
    }
    converge(replicas);
}

fn take(replicas: &mut [TextDocument; REPLICAS], who: usize, id: &AgentId, step: &Step) {
    let other = |from: &u8| usize::from(*from) % REPLICAS;
    match step {
        Step::Insert { at, text } => {
            let length = replicas[who].len_chars().expect("open");
            insert(&mut replicas[who], id, u64::from(*at) % (length + 1), text.as_str());
        }
        Step::InsertAnywhere { at, text } => insert(&mut replicas[who], id, *at, text.as_str()),
        Step::Delete { at, length } => {
            let document = replicas[who].len_chars().expect("open");
            let at = u64::from(*at) % (document + 1);
            delete(&mut replicas[who], id, at, u64::from(*length) % (document - at + 1));
        }
        Step::DeleteAnywhere { at, length } => delete(&mut replicas[who], id, *at, *length),
        Step::Merge { from } => {
            let theirs = replicas[other(from)].clone();
            let more = !replicas[who].version().includes(&theirs.version());
            assert_eq!(replicas[who].merge(&theirs), Ok(more));
        }
        Step::Receive { from } => {
            let diff = replicas[other(from)].diff(&replicas[who].version()).expect("open");
            let more = !replicas[who].version().includes(&replicas[other(from)].version());
            assert_eq!(replicas[who].apply_encoded(&diff), Ok(more));
        }
        Step::Reload { snapshot } => {
            let document = &mut replicas[who];
            let bytes = if *snapshot { document.snapshot().expect("open") } else { document.encode() };
            *document = TextDocument::load(&bytes).expect("an encoding is read");
        }
        Step::Look => {
            let text = replicas[who].text().expect("open");
            assert_eq!(replicas[who].len_chars(), Ok(text.chars().count() as u64));
        }
    }
}

fn insert(document: &mut TextDocument, id: &AgentId, at: u64, text: &str) {
    let length = document.len_chars().expect("open");
    let agent = document.agent(id);
    let legal = !text.is_empty() && at <= length;
    assert_eq!(document.insert(agent, at, text).is_ok(), legal);
    let added = if legal { text.chars().count() as u64 } else { 0 };
    assert_eq!(document.len_chars(), Ok(length + added));
}

fn delete(document: &mut TextDocument, id: &AgentId, at: u64, count: u64) {
    let length = document.len_chars().expect("open");
    let agent = document.agent(id);
    let legal = count > 0 && at.checked_add(count).is_some_and(|end| end <= length);
    assert_eq!(document.delete(agent, at, count).is_ok(), legal);
    assert_eq!(document.len_chars(), Ok(length - if legal { count } else { 0 }));
}

/// All replicas lead to one document, in whatever order and by whatever way they come together.
fn converge(replicas: [TextDocument; REPLICAS]) {
    let mut forward = TextDocument::new();
    let mut backward = TextDocument::new();
    for (first, last) in replicas.iter().zip(replicas.iter().rev()) {
        forward.merge(first).expect("one history");
        backward.apply_encoded(&last.encode()).expect("one history");
    }
    let text = forward.text().expect("open");
    assert_eq!(backward.text().as_ref(), Ok(&text));
    assert_eq!(forward.encode(), backward.encode());
    assert_eq!(forward.verify(), Ok(()));

    let deltas: Vec<Delta> = forward.deltas().expect("open").collect();
    let mut graph = TextGraph::new();
    let mut pushed = TextDocument::new();
    for delta in &deltas {
        let after = graph.push(&delta.dot, &delta.parents, &delta.op).expect("fits");
        assert_eq!(pushed.push(&delta.dot, &delta.parents, &delta.op), Ok(after));
    }
    assert_eq!(graph.text().as_ref(), Ok(&text));
    assert_eq!(pushed.text().as_ref(), Ok(&text));
    assert_eq!(pushed.encode(), forward.encode());
    for replica in &replicas {
        let mut replica = replica.clone();
        let text = replica.text().expect("open");
        assert_eq!(
            graph.advance("", &[], &replica.heads()),
            Ok(text),
            "a version of the whole is what the replica saw"
        );
    }
}
