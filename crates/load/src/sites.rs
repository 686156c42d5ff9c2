//! Where the agents write: one network, or the sites of a fleet, of which each agent keeps to one.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ramanujan_client::fleet::{Acknowledged, Roster};
use ramanujan_client::{Client, Error};

use crate::args::Args;
use crate::error::RunError;
use crate::mix::Documents;
use crate::reply::State;

/// Largest reply, in bytes: a document's text with its clock.
const MAX_REPLY_BYTES: u64 = 1 << 30;
/// Name of the record in the fleet's folder.
const RECORD: &str = "acknowledged.ndjson";

/// A place where agents write.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) url: String,
}

/// All of them, at least one.
#[derive(Clone, Debug)]
pub(crate) struct Sites {
    all: Vec<Site>,
    /// Where acknowledged operations are written down.
    record: Option<PathBuf>,
    /// Time from the load's end in which all must hold the same.
    pub(crate) within: Duration,
}

/// What a document was before the load, at each site.
pub(crate) type Before = Vec<Vec<Option<State>>>;

impl Sites {
    /// The network or the fleet that the arguments name.
    ///
    /// # Errors
    /// There is no such fleet.
    pub(crate) fn of(args: &Args) -> io::Result<Self> {
        let Some(folder) = &args.fleet else {
            let site = Site { name: String::new(), url: args.network.url.clone() };
            return Ok(Sites { all: vec![site], record: None, within: Duration::ZERO });
        };
        let sites = Roster::read(folder)?.sites.into_iter();
        let all: Vec<Site> = sites.map(|site| Site { name: site.name, url: site.url }).collect();
        if all.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the fleet has no sites"));
        }
        let record = args.acknowledged.clone().unwrap_or_else(|| folder.join(RECORD));
        Ok(Sites { all, record: Some(record), within: args.within })
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Index of the site that an agent keeps to.
    pub(crate) fn of_agent(&self, agent: u64) -> usize {
        // The remainder is below a length.
        (agent % self.all.len() as u64) as usize
    }

    pub(crate) fn get(&self, site: usize) -> &Site {
        &self.all[site]
    }

    /// A client of a site with a connection of its own, as each agent has one.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub(crate) fn client(&self, args: &Args, site: usize) -> Result<Client, Error> {
        let options = args.network.access.options(&self.all[site].url);
        Client::new(options.connections(1).max_reply_bytes(MAX_REPLY_BYTES))
    }

    /// What each site holds of each document before the load.
    ///
    /// # Errors
    /// A site does not answer, or two sites do not agree, so that nothing could be said afterwards.
    pub(crate) fn before(&self, args: &Args, documents: &Documents) -> Result<Before, RunError> {
        let mut before = Vec::with_capacity(self.all.len());
        for site in 0..self.all.len() {
            before.push(states(&self.client(args, site)?, documents)?);
        }
        let digests = |states: &[Option<State>], document: usize| {
            states.get(document).and_then(Option::as_ref).map(|state| state.digest.clone())
        };
        for (document, (name, _)) in documents.iter().enumerate() {
            let first = digests(&before[0], document);
            if let Some(other) = before.iter().position(|states| digests(states, document) != first) {
                let (one, other) = (self.all[0].name.clone(), self.all[other].name.clone());
                return Err(RunError::Disagree { document: name.to_owned(), one, other });
            }
        }
        Ok(before)
    }

    /// Opens the record, if there is to be one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn recorder(&self) -> io::Result<Option<Recorder>> {
        self.record.as_deref().map(Recorder::open).transpose()
    }
}

/// What a site holds of each document.
fn states(client: &Client, documents: &Documents) -> Result<Vec<Option<State>>, Error> {
    documents
        .iter()
        .map(|(name, _)| client.get(&format!("/crdt/{name}?clock=full")).once().optional())
        .collect()
}

/// Writes down what is acknowledged. What is handed to it together goes to the disk together, so that many agents do
/// not wait for a flush each.
#[derive(Debug)]
pub(crate) struct Recorder {
    sender: Sender<Acknowledged>,
    writer: JoinHandle<io::Result<()>>,
}

impl Recorder {
    fn open(path: &Path) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(named)?;
        let (sender, operations) = channel();
        Ok(Recorder { sender, writer: thread::spawn(move || write(file, &operations)) })
    }

    /// Where an agent hands in what was acknowledged.
    pub(crate) fn sender(&self) -> Sender<Acknowledged> {
        self.sender.clone()
    }

    /// Waits until everything that was handed in is on the disk.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) fn close(self) -> io::Result<()> {
        drop(self.sender);
        self.writer.join().unwrap_or_else(|_| Err(io::Error::other("the record's writer failed")))
    }
}

fn write(mut file: File, operations: &Receiver<Acknowledged>) -> io::Result<()> {
    while let Ok(first) = operations.recv() {
        let together: Vec<Acknowledged> = std::iter::once(first).chain(operations.try_iter()).collect();
        Acknowledged::append(&mut file, &together)?;
    }
    Ok(())
}

/// How many states a document has among reads that succeeded.
pub(crate) fn states_of(reads: &[Result<Option<State>, Error>]) -> usize {
    let seen = reads.iter().flatten().map(|state| (state.as_ref().map(|state| state.digest.as_str()), ()));
    seen.collect::<BTreeMap<_, _>>().len()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use ramanujan_client::fleet;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("ramanujan-load-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn sites(args: &[&str]) -> io::Result<Sites> {
        Sites::of(&Cli::parse_from([&["load"], args].concat()).args)
    }

    #[test]
    fn agents_are_shared_out_among_the_sites_of_a_fleet() {
        let folder = folder("sites");
        let path = folder.display().to_string();
        assert!(sites(&["--fleet", &path]).unwrap_err().to_string().contains("ramanujan fleet up"));
        let site = |at: u32| fleet::Site {
            name: format!("site-{at}"),
            url: format!("http://127.0.0.1:{at}"),
            pid: None,
            folder: PathBuf::new(),
        };
        let roster = Roster { sites: (0..3).map(site).collect(), ..Roster::default() };
        roster.write(&folder).unwrap();
        let fleet = sites(&["--fleet", &path]).unwrap();
        assert_eq!((0..6).map(|agent| fleet.of_agent(agent)).collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2]);
        assert_eq!((fleet.get(2).name.as_str(), fleet.record.clone()), ("site-2", Some(folder.join(RECORD))));
        let network = sites(&["--url", "http://a"]).unwrap();
        assert_eq!((network.len(), network.of_agent(5), network.record), (1, 0, None));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_was_handed_in_is_in_the_record() {
        let folder = folder("record");
        let path = folder.join(RECORD);
        let operation = |agent: u64, seq| Acknowledged {
            document: "d".into(),
            agent: format!("a-{agent}"),
            seq,
            digest: "ab".into(),
            site: "site-0".into(),
        };
        for _ in 0..2 {
            let recorder = Recorder::open(&path).unwrap();
            thread::scope(|scope| {
                for agent in 0..4 {
                    let sender = recorder.sender();
                    scope.spawn(move || (1..=50).for_each(|seq| sender.send(operation(agent, seq)).unwrap()));
                }
            });
            recorder.close().unwrap();
        }
        let mut written = Acknowledged::read(&path).unwrap();
        assert_eq!(written.len(), 400, "a second load goes on in the same file");
        written.sort();
        written.dedup();
        let expected: Vec<_> =
            (0..4).flat_map(|agent| (1..=50).map(move |seq| operation(agent, seq))).collect();
        assert_eq!(written, expected);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
