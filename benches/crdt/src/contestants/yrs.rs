//! yrs: a document with one text root. It looks positions up linearly, so long traces take minutes.

use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::{Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact, Update};

use super::{Contestant, Failure};
use crate::trace::Trace;

const ROOT: &str = "text";

pub(crate) struct Yrs {
    document: Doc,
    text: TextRef,
}

impl Yrs {
    fn empty(client: u64) -> Self {
        let mut options = Options::with_client_id(ClientID::new(client));
        options.offset_kind = OffsetKind::Utf16;
        let document = Doc::with_options(options);
        let text = document.get_or_insert_text(ROOT);
        Yrs { document, text }
    }
}

impl Contestant for Yrs {
    const NAME: &'static str = "yrs";
    const IS_SLOW: bool = true;
    type Version = StateVector;

    fn new(replica: usize) -> Result<Self, Failure> {
        Ok(Self::empty(replica as u64 + 1))
    }

    fn insert(&mut self, position: usize, text: &str) -> Result<(), Failure> {
        self.text.insert(&mut self.document.transact_mut(), position as u32, text);
        Ok(())
    }

    fn delete(&mut self, position: usize, length: usize) -> Result<(), Failure> {
        self.text.remove_range(&mut self.document.transact_mut(), position as u32, length as u32);
        Ok(())
    }

    fn text(&mut self) -> Result<String, Failure> {
        Ok(self.text.get_string(&self.document.transact()))
    }

    fn version(&mut self) -> StateVector {
        self.document.transact().state_vector()
    }

    fn known_by(&mut self, other: &mut Self) -> Result<StateVector, Failure> {
        Ok(other.version())
    }

    fn diff(&mut self, since: &StateVector) -> Result<Vec<u8>, Failure> {
        Ok(self.document.transact().encode_state_as_update_v1(since))
    }

    fn apply(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.document.transact_mut().apply_update(Update::decode_v1(bytes)?)?;
        Ok(())
    }

    fn history(&mut self) -> Result<Vec<u8>, Failure> {
        self.diff(&StateVector::default())
    }

    fn load(bytes: &[u8]) -> Result<Self, Failure> {
        let mut yrs = Self::empty(u64::from(u32::MAX));
        yrs.apply(bytes)?;
        Ok(yrs)
    }

    fn copy(&mut self) -> Result<Self, Failure> {
        let bytes = self.diff(&StateVector::default())?;
        Self::load(&bytes)
    }

    fn obstacle(trace: &Trace) -> Option<&'static str> {
        (!trace.is_within_the_bmp()).then_some("counts UTF-16 units, the trace has characters beyond the BMP")
    }
}
