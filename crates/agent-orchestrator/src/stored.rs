//! What is read of an agent before it is decided on.

use ramanujan_agents::life::{self, Status};
use ramanujan_core::AgentId;

use crate::agent::Agent;
use crate::uuid::Uuids;

/// An agent as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its name.
    pub name: AgentId,
    /// The fold of its newest life; `None` if it never had one.
    pub life: Option<life::Agent>,
    /// Its place in the registry, with the counts of its messages. One that is not known has counts alone.
    pub row: Agent,
    /// Whether it is in the registry.
    pub known: bool,
    /// Whether it is one of the roster, which stay known.
    pub seeded: bool,
    /// Names for what is new.
    pub uuids: Uuids,
}

impl Stored {
    /// Whether registry and log tell of the same moment. They are read one after the other, and change together.
    pub fn is_of_one_moment(&self) -> bool {
        match &self.life {
            Some(life) if self.known => {
                self.row.life == life.agent_id.as_str() && self.row.version == life.version
            }
            Some(life) => life.status == Status::Decommissioned,
            None => !self.known,
        }
    }
}
