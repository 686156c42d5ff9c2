//! What is played: recordings, and generated sessions where none are at hand.

use std::path::{Path, PathBuf};

use ramanujan_core::splitmix::SplitMix64;
use ramanujan_replay::generate::{self, Options};
use ramanujan_replay::operation::{Edit, Mark, Operation};
use ramanujan_replay::recording::Recording;
use ramanujan_replay::session::Session;

/// A session of replicas, each of which works sequentially.
pub(crate) struct Trace {
    pub(crate) name: String,
    pub(crate) replicas: usize,
    /// Parents come first.
    pub(crate) operations: Vec<Operation>,
    /// What everybody ends with; `None` where concurrent insertions at one place leave the order to the algorithm.
    pub(crate) end_content: Option<String>,
    /// Which replicas' ends the merge of two diverged replicas starts from.
    pub(crate) diverged: Option<(usize, usize)>,
}

impl Trace {
    /// # Errors
    /// The file is not a recording.
    pub(crate) fn from_file(path: &Path) -> Result<Self, String> {
        let recording = Recording::from_file(path).map_err(|error| error.to_string())?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.trim_end_matches(".gz").trim_end_matches(".json").to_owned();
        Self::from_recording(name, &recording)
    }

    fn from_recording(name: String, recording: &Recording) -> Result<Self, String> {
        let session = Session::from_recording(recording).map_err(|error| error.to_string())?;
        // The causal past of an agent's last transaction is what that transaction's replica ends with.
        let last_of = |agent: usize| {
            let replica =
                |operation: &&Operation| session.replicas[operation.mark.replica as usize].agent == agent;
            session.operations.iter().rev().find(replica).map(|operation| operation.mark.replica as usize)
        };
        let diverged = last_of(0).zip(last_of(1));
        Ok(Trace {
            name,
            replicas: session.replicas.len(),
            operations: session.operations,
            end_content: Some(recording.end_content.clone()),
            diverged,
        })
    }

    /// Whether one replica wrote everything.
    pub(crate) fn is_sequential(&self) -> bool {
        self.replicas == 1
    }

    /// Whether every position is the same in code points and in UTF-16 units.
    pub(crate) fn is_within_the_bmp(&self) -> bool {
        self.operations.iter().all(|operation| match &operation.edit {
            Edit::Insert { text, .. } => text.chars().all(|c| c.len_utf16() == 1),
            Edit::Delete { .. } => true,
        })
    }

    /// One person's work: typing forwards, backspacing, deleting forwards, jumping.
    pub(crate) fn generated_sequential(seed: u64, edits: usize) -> Self {
        let mut writer = Writer::new(seed, 0, 0);
        let operations: Vec<Operation> = (0..edits).map(|_| writer.next(None)).collect();
        Trace {
            name: format!("generated-sequential-{seed}"),
            replicas: 1,
            operations,
            end_content: None,
            diverged: None,
        }
    }

    /// Some people typing at once, merging often; no two ever insert at one place.
    ///
    /// # Errors
    /// None that a generated recording could cause.
    pub(crate) fn generated_concurrent(
        seed: u64,
        transactions: usize,
        agents: usize,
    ) -> Result<Self, String> {
        let options = Options { seed, transactions, agents, non_ascii: false, self_concurrent: false };
        Self::from_recording(format!("generated-concurrent-{seed}"), &generate::session(&options))
    }

    /// Two people who start from the same document and edit it for long without hearing of each other.
    pub(crate) fn generated_fork(seed: u64, common: usize, apart: usize) -> Self {
        let mut first = Writer::new(seed, 0, 0);
        let mut operations: Vec<Operation> = (0..common).map(|_| first.next(None)).collect();
        let fork = operations.last().map(|operation| operation.mark);
        let mut second = Writer::new(seed + 1, 1, first.length);
        operations.extend((0..apart).map(|_| first.next(None)));
        operations.extend((0..apart).map(|index| second.next(if index == 0 { fork } else { None })));
        Trace {
            name: format!("generated-fork-{seed}"),
            replicas: 2,
            operations,
            end_content: None,
            diverged: Some((0, 1)),
        }
    }
}

/// Recordings of a folder that are there, in order of name.
pub(crate) fn recordings(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.to_string_lossy();
            name.ends_with(".json.gz") || name.ends_with(".json")
        })
        .collect();
    files.sort();
    files
}

/// A replica that edits as people do.
struct Writer {
    random: SplitMix64,
    replica: u32,
    seq: u32,
    length: u64,
    cursor: u64,
    /// What it is at, and for how many more edits.
    mood: Mood,
    left: u64,
}

#[derive(Clone, Copy)]
enum Mood {
    Type,
    Backspace,
    DeleteForwards,
}

/// Of 100 edits, how many a stretch of typing or deleting lasts on average, and how often the cursor jumps before it.
const STRETCH: u64 = 30;
const JUMPS: u64 = 50;
/// How often, in percent, a stretch deletes.
const DELETIONS: u64 = 25;
const LETTERS: &[u8] = b"etaoin shrdlu cmfwyp vbgkqjxz\n";

impl Writer {
    fn new(seed: u64, replica: u32, length: u64) -> Self {
        Writer {
            random: SplitMix64::new(seed),
            replica,
            seq: 0,
            length,
            cursor: length,
            mood: Mood::Type,
            left: 0,
        }
    }

    /// The next edit, after the replica's own last one or after `parent`.
    fn next(&mut self, parent: Option<Mark>) -> Operation {
        if self.left == 0 {
            self.left = 1 + self.random.below(2 * STRETCH);
            if self.random.below(100) < JUMPS {
                self.cursor = self.random.below(self.length + 1);
            }
            self.mood = match self.random.below(100) {
                percent if percent >= DELETIONS => Mood::Type,
                percent if percent % 2 == 0 => Mood::Backspace,
                _ => Mood::DeleteForwards,
            };
        }
        self.left -= 1;
        let edit = match self.mood {
            Mood::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.length -= 1;
                Edit::Delete { position: self.cursor, length: 1 }
            }
            Mood::DeleteForwards if self.cursor < self.length => {
                self.length -= 1;
                Edit::Delete { position: self.cursor, length: 1 }
            }
            _ => {
                let letter = LETTERS[self.random.below(LETTERS.len() as u64) as usize];
                let position = self.cursor;
                self.cursor += 1;
                self.length += 1;
                Edit::Insert { position, text: char::from(letter).to_string() }
            }
        };
        let own = (self.seq > 0).then_some(Mark { replica: self.replica, seq: self.seq });
        self.seq += 1;
        Operation {
            mark: Mark { replica: self.replica, seq: self.seq },
            parents: parent.or(own).into_iter().collect(),
            edit,
        }
    }
}
