//! A fleet, as programs beside it know it: where its sites listen, and what they have acknowledged.
//!
//! `ramanujan fleet up` keeps the list of its sites in its state folder. `ramanujan load --fleet` reads it, and writes
//! down each acknowledged operation, which `ramanujan fleet check` then looks for at every site.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Name of the list in the state folder of a fleet.
pub const ROSTER: &str = "fleet.json";

/// The sites of a fleet and how they are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Name of the graph.
    pub topology: String,
    /// The sites, in order of their ports.
    pub sites: Vec<Site>,
    /// Who knows whom, one for each direction.
    pub links: Vec<Link>,
}

/// A site of a fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// E.g. `site-3`.
    pub name: String,
    /// Where clients reach it, e.g. `http://127.0.0.1:8083`.
    pub url: String,
    /// Its process; none while it is killed.
    pub pid: Option<u32>,
    /// Its store, logs and the host's messages.
    pub folder: PathBuf,
}

/// A way from one site to another, through a proxy that can be cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The site that knows the other.
    pub from: String,
    /// The other.
    pub to: String,
    /// Whether the one begins exchanges of its own accord, or only answers.
    pub begins: bool,
    /// Under which address the one knows the other.
    pub url: String,
    /// Whether nothing passes at present.
    pub cut: bool,
}

impl Roster {
    /// Reads the list of the fleet in `folder`.
    ///
    /// # Errors
    /// There is none, or it is something else.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let path = folder.join(ROSTER);
        let text = fs::read_to_string(&path).map_err(|error| {
            let detail =
                format!("no fleet in {} ({error}); start one with `ramanujan fleet up`", folder.display());
            io::Error::new(error.kind(), detail)
        })?;
        serde_json::from_str(&text).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
        })
    }

    /// Writes the list whole, so that whoever reads it meanwhile sees the old one or the new one.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let beside = folder.join(format!(".{ROSTER}.new"));
        fs::write(&beside, serde_json::to_vec_pretty(self)?)?;
        fs::rename(beside, folder.join(ROSTER))
    }
}

/// An operation that a site has acknowledged: one line of JSON in the record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The document.
    pub document: String,
    /// With `seq` the operation's dot.
    pub agent: String,
    /// Number of the operation among the agent's in this document, from 1.
    pub seq: u64,
    /// Digest of its content.
    pub digest: String,
    /// Which site said so.
    pub site: String,
}

impl Acknowledged {
    /// Appends lines to a record and waits until they are on the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(file: &mut fs::File, operations: &[Acknowledged]) -> io::Result<()> {
        let mut lines = Vec::new();
        for operation in operations {
            serde_json::to_writer(&mut lines, operation)?;
            lines.push(b'\n');
        }
        file.write_all(&lines)?;
        file.sync_data()
    }

    /// Reads a record. A last line without an end was being written when the writer was killed, and does not count.
    ///
    /// # Errors
    /// The file cannot be read, or a line is something else; the error names it.
    pub fn read(path: &Path) -> io::Result<Vec<Acknowledged>> {
        let failed = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let mut reader = BufReader::new(fs::File::open(path).map_err(failed)?);
        let (mut found, mut line, mut number) = (Vec::new(), String::new(), 0u64);
        loop {
            line.clear();
            if reader.read_line(&mut line).map_err(failed)? == 0 || !line.ends_with('\n') {
                return Ok(found);
            }
            number += 1;
            found.push(serde_json::from_str(&line).map_err(|error| {
                let detail = format!("{}: line {number}: {error}", path.display());
                io::Error::new(io::ErrorKind::InvalidData, detail)
            })?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("ramanujan-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_list_is_read_back() {
        let folder = folder("roster");
        let error = Roster::read(&folder).unwrap_err().to_string();
        assert!(error.contains("ramanujan fleet up"), "{error}");
        let site = Site {
            name: "site-0".into(),
            url: "http://127.0.0.1:8080".into(),
            pid: Some(7),
            folder: folder.join("site-0"),
        };
        let link = Link {
            from: "site-0".into(),
            to: "site-1".into(),
            begins: true,
            url: "http://127.0.0.1:1".into(),
            cut: true,
        };
        let roster = Roster { topology: "ring".into(), sites: vec![site], links: vec![link] };
        roster.write(&folder).unwrap();
        assert_eq!(Roster::read(&folder).unwrap(), roster);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_record_is_read_up_to_its_last_whole_line() {
        let folder = folder("record");
        let path = folder.join("acknowledged");
        let operation = |seq| Acknowledged {
            document: "load-text-0".into(),
            agent: "load-0".into(),
            seq,
            digest: "ab".into(),
            site: "site-0".into(),
        };
        let mut file = fs::File::create(&path).unwrap();
        Acknowledged::append(&mut file, &[operation(1), operation(2)]).unwrap();
        file.write_all(b"{\"document\":\"load-te").unwrap();
        assert_eq!(Acknowledged::read(&path).unwrap(), [operation(1), operation(2)]);
        fs::write(&path, "{}\n").unwrap();
        let error = Acknowledged::read(&path).unwrap_err().to_string();
        assert!(error.contains("line 1: missing field"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
