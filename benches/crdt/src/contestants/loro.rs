//! loro: a document with one text container.

use loro::{ExportMode, LoroDoc, LoroText, VersionVector};

use super::{Contestant, Failure};

const CONTAINER: &str = "text";

pub(crate) struct Loro {
    pub(crate) document: LoroDoc,
    text: LoroText,
}

impl Loro {
    fn around(document: LoroDoc) -> Self {
        let text = document.get_text(CONTAINER);
        Loro { document, text }
    }
}

impl Contestant for Loro {
    const NAME: &'static str = "loro";
    type Version = VersionVector;

    fn new(replica: usize) -> Result<Self, Failure> {
        let document = LoroDoc::new();
        document.set_peer_id(replica as u64 + 1)?;
        Ok(Self::around(document))
    }

    fn insert(&mut self, position: usize, text: &str) -> Result<(), Failure> {
        Ok(self.text.insert(position, text)?)
    }

    fn delete(&mut self, position: usize, length: usize) -> Result<(), Failure> {
        Ok(self.text.delete(position, length)?)
    }

    fn commit(&mut self) {
        self.document.commit();
    }

    fn text(&mut self) -> Result<String, Failure> {
        Ok(self.text.to_string())
    }

    fn version(&mut self) -> VersionVector {
        self.document.oplog_vv()
    }

    fn known_by(&mut self, other: &mut Self) -> Result<VersionVector, Failure> {
        Ok(other.document.oplog_vv())
    }

    fn diff(&mut self, since: &VersionVector) -> Result<Vec<u8>, Failure> {
        Ok(self.document.export(ExportMode::updates(since))?)
    }

    fn apply(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.document.import(bytes)?;
        Ok(())
    }

    fn history(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.document.export(ExportMode::all_updates())?)
    }

    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(Some(self.document.export(ExportMode::Snapshot)?))
    }

    fn load(bytes: &[u8]) -> Result<Self, Failure> {
        let document = LoroDoc::new();
        document.import(bytes)?;
        Ok(Self::around(document))
    }

    fn copy(&mut self) -> Result<Self, Failure> {
        Ok(Self::around(self.document.fork()))
    }
}
