//! automerge: a document with one text object, made by a change that all replicas begin with.

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, ChangeHash, ObjId, ObjType, ROOT, ReadDoc, TextEncoding};

use super::{Contestant, Failure};

const MEMBER: &str = "text";

pub(crate) struct Automerge {
    pub(crate) document: AutoCommit,
    pub(crate) text: ObjId,
}

impl Automerge {
    fn around(document: AutoCommit) -> Result<Self, Failure> {
        let (_, text) = document.get(ROOT, MEMBER)?.ok_or("there is no text object")?;
        Ok(Automerge { document, text })
    }
}

impl Contestant for Automerge {
    const NAME: &'static str = "automerge";
    type Version = Vec<ChangeHash>;

    fn new(replica: usize) -> Result<Self, Failure> {
        let mut document = AutoCommit::new_with_encoding(TextEncoding::UnicodeCodePoint);
        document.set_actor(ActorId::from([0xff]));
        let text = document.put_object(ROOT, MEMBER, ObjType::Text)?;
        // No time, so that the change has the same hash everywhere.
        document.commit_with(automerge::transaction::CommitOptions::default().with_time(0));
        document.set_actor(ActorId::from((replica as u32).to_be_bytes()));
        Ok(Automerge { document, text })
    }

    fn insert(&mut self, position: usize, text: &str) -> Result<(), Failure> {
        Ok(self.document.splice_text(&self.text, position, 0, text)?)
    }

    fn delete(&mut self, position: usize, length: usize) -> Result<(), Failure> {
        Ok(self.document.splice_text(&self.text, position, length as isize, "")?)
    }

    fn commit(&mut self) {
        self.document.commit();
    }

    fn text(&mut self) -> Result<String, Failure> {
        Ok(self.document.text(&self.text)?)
    }

    fn version(&mut self) -> Vec<ChangeHash> {
        self.document.get_heads()
    }

    fn known_by(&mut self, _: &mut Self) -> Result<Vec<ChangeHash>, Failure> {
        Ok(Vec::new())
    }

    fn diff(&mut self, since: &Vec<ChangeHash>) -> Result<Vec<u8>, Failure> {
        Ok(self.document.save_after(since))
    }

    fn apply(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.document.load_incremental(bytes)?;
        Ok(())
    }

    /// Within one process, without bytes in between: the library finds out by itself what is missing.
    fn merge(&mut self, other: &mut Self, _: &Vec<ChangeHash>) -> Result<(), Failure> {
        self.document.merge(&mut other.document)?;
        Ok(())
    }

    fn history(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.document.save())
    }

    fn load(bytes: &[u8]) -> Result<Self, Failure> {
        let options = automerge::LoadOptions::new().text_encoding(TextEncoding::UnicodeCodePoint);
        Self::around(AutoCommit::load_with_options(bytes, options)?)
    }

    fn copy(&mut self) -> Result<Self, Failure> {
        Ok(Automerge { document: self.document.clone(), text: self.text.clone() })
    }
}
