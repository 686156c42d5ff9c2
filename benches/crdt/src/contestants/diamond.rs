//! diamond-types: `ListCRDT`, an oplog with a branch at its tip.

use diamond_types::list::encoding::{ENCODE_FULL, ENCODE_PATCH};
use diamond_types::list::{ListCRDT, OpLog};
use diamond_types::{AgentId, LocalVersion};
use ramanujan_replay::operation::Edit;

use super::{Contestant, Failure};
use crate::trace::Trace;

pub(crate) struct Diamond {
    list: ListCRDT,
    agent: AgentId,
}

impl Contestant for Diamond {
    const NAME: &'static str = "diamond-types";
    type Version = LocalVersion;

    fn new(replica: usize) -> Result<Self, Failure> {
        let mut list = ListCRDT::new();
        let agent = list.get_or_create_agent_id(&replica.to_string());
        Ok(Diamond { list, agent })
    }

    fn insert(&mut self, position: usize, text: &str) -> Result<(), Failure> {
        self.list.insert(self.agent, position, text);
        Ok(())
    }

    fn delete(&mut self, position: usize, length: usize) -> Result<(), Failure> {
        self.list.delete_without_content(self.agent, position..position + length);
        Ok(())
    }

    fn text(&mut self) -> Result<String, Failure> {
        Ok(self.list.branch.content().to_string())
    }

    fn version(&mut self) -> LocalVersion {
        self.list.oplog.local_version()
    }

    fn known_by(&mut self, other: &mut Self) -> Result<LocalVersion, Failure> {
        // Ends of the other's runs that this one has too; their union covers what both have.
        let mut known = LocalVersion::new();
        let mut end = 0;
        for span in other.list.oplog.iter_mappings() {
            end += span.seq_range.end - span.seq_range.start;
            let mut low = end - (span.seq_range.end - span.seq_range.start);
            let has = |time: usize| {
                let id = other.list.oplog.local_to_remote_time(time);
                self.list.oplog.try_remote_to_local_time(&id).ok()
            };
            // The part of a run that is known is a prefix of it: an agent's operations come in order.
            let mut high = end;
            while low < high {
                let middle = low.midpoint(high);
                if has(middle).is_some() { low = middle + 1 } else { high = middle }
            }
            if let Some(time) = low.checked_sub(1).and_then(has) {
                known = self.list.oplog.version_union(&known, &[time]);
            }
        }
        Ok(known)
    }

    fn diff(&mut self, since: &LocalVersion) -> Result<Vec<u8>, Failure> {
        Ok(self.list.oplog.encode_from(ENCODE_PATCH, since))
    }

    fn apply(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.list.merge_data_and_ff(bytes).map_err(|error| format!("{error:?}"))?;
        Ok(())
    }

    fn history(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.list.oplog.encode(ENCODE_FULL))
    }

    fn load(bytes: &[u8]) -> Result<Self, Failure> {
        let mut list = ListCRDT::load_from(bytes).map_err(|error| format!("{error:?}"))?;
        let agent = list.get_or_create_agent_id("loader");
        Ok(Diamond { list, agent })
    }

    fn copy(&mut self) -> Result<Self, Failure> {
        let oplog = self.list.oplog.clone();
        let branch = self.list.branch.clone();
        Ok(Diamond { list: ListCRDT { oplog, branch }, agent: self.agent })
    }

    fn push_all(trace: &Trace) -> Result<Option<Self>, Failure> {
        let mut oplog = OpLog::new();
        let agents: Vec<AgentId> =
            (0..trace.replicas).map(|replica| oplog.get_or_create_agent_id(&replica.to_string())).collect();
        let mut ends: Vec<Vec<usize>> = vec![Vec::new(); trace.replicas];
        for operation in &trace.operations {
            let end =
                |mark: &ramanujan_replay::operation::Mark| ends[mark.replica as usize][mark.seq as usize - 1];
            let parents: LocalVersion = match operation.parents.as_slice() {
                [one] => [end(one)].into_iter().collect(),
                many => {
                    let mut times: Vec<usize> = many.iter().map(end).collect();
                    times.sort_unstable();
                    times.into_iter().collect()
                }
            };
            let agent = agents[operation.mark.replica as usize];
            let time = match &operation.edit {
                Edit::Insert { position, text } => {
                    oplog.add_insert_at(agent, &parents, *position as usize, text)
                }
                Edit::Delete { position, length } => {
                    let range = *position as usize..(*position + *length) as usize;
                    oplog.add_delete_at(agent, &parents, range)
                }
            };
            ends[operation.mark.replica as usize].push(time);
        }
        let branch = oplog.checkout_tip();
        Ok(Some(Diamond { list: ListCRDT { oplog, branch }, agent: 0 }))
    }
}
