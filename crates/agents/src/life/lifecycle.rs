use super::Status;

/// What moves an agent from one status to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Move {
    Activate,
    Suspend,
    GoOffline,
    Decommission,
}

/// The status after a move, or `None` where it is not allowed. Nothing leaves [`Status::Decommissioned`].
pub fn next(from: Status, to: Move) -> Option<Status> {
    use Status::{Active, Decommissioned, Deployed, Offline, Suspended};
    match (from, to) {
        (Deployed | Suspended | Offline, Move::Activate) => Some(Active),
        (Active, Move::Suspend) => Some(Suspended),
        (Active | Suspended, Move::GoOffline) => Some(Offline),
        (Deployed | Active | Suspended | Offline, Move::Decommission) => Some(Decommissioned),
        _ => None,
    }
}
