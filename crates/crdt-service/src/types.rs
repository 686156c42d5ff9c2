#![allow(dead_code, unused_variables)]
use ramanujan_core::{Dot, VectorClock};
use ramanujan_crdt::request::EditRequest;
use ramanujan_crdt::{CrdtType, Edit, Json, Op};
pub(crate) struct Event<'a> {
    pub(crate) dot: &'a Dot,
    pub(crate) past: &'a VectorClock,
}
#[derive(Clone, Debug)]
pub(crate) struct Document;
impl Document {
    pub(crate) fn resolve(&self, request: &EditRequest) -> Result<Edit, String> {
        Err("no".into())
    }
}
#[derive(Clone, Debug)]
pub(crate) enum State {
    Json(Document),
    Other,
}
impl State {
    pub(crate) fn new(t: CrdtType) -> Option<Self> {
        (t != CrdtType::Text).then_some(State::Other)
    }
    pub(crate) fn crdt_type(&self) -> CrdtType {
        CrdtType::Json
    }
    pub(crate) fn apply(&mut self, event: &Event<'_>, op: &Op) -> Result<(), String> {
        Ok(())
    }
    pub(crate) fn join(&mut self, other: &State) -> Result<(), String> {
        Ok(())
    }
    pub(crate) fn version(&self) -> &VectorClock {
        unimplemented!()
    }
    pub(crate) fn encode(&self) -> Vec<u8> {
        Vec::new()
    }
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        Err(String::new())
    }
    pub(crate) fn value(&self) -> Json {
        Json::Null
    }
    pub(crate) fn details(&self) -> Option<Json> {
        None
    }
}
