//! The types of requests and replies, for the description of the API; `api.json` says the rest.

use ramanujan_shell::schema::Schemas;
use ramanujan_shell::words;

use crate::generate::Target;
use crate::routes::sync::asked::SyncRequest;
use crate::routes::sync::{log, object, peers, rolled, run, status, verify};
use crate::routes::{apply, code, patterns, stats};
use crate::skill::rewrite::{StopReason, Strategy};
use crate::skill::rule::Posted;
use crate::skill::version::{Reference, Version};

/// The schemas by the names that `api.json` refers to.
pub fn schemas() -> Schemas {
    Schemas::new()
        .reads::<Reference>("PatternReference")
        .reads::<Strategy>("Strategy")
        .reads::<Posted>("NewPattern")
        .reads::<apply::ApplyRequest>("ApplyRequest")
        .reads::<code::GenerateRequest>("GenerateRequest")
        .reads::<code::TransduceRequest>("TransduceRequest")
        .answers::<Version>("PatternVersion")
        .answers::<patterns::Posting>("Posting")
        .answers::<patterns::Listing>("Listing")
        .answers::<apply::ApplyReply<'static>>("Rewritten")
        .answers::<code::GeneratedCode>("GeneratedCode")
        .answers::<code::Transduced>("Transduced")
        .answers::<stats::Stats>("Stats")
        .reads::<SyncRequest>("SyncRequest")
        .reads::<peers::NewPeer>("NewPeer")
        .reads::<peers::Release>("PeerRelease")
        .answers::<run::Synced>("Synced")
        .answers::<verify::VerifyReply>("VerifyReply")
        .answers::<rolled::RollbackReply>("RollbackReply")
        .answers::<log::LogPage>("LogPage")
        .answers::<object::Object>("SyncObject")
        .answers::<status::Status>("SyncStatus")
        .answers::<status::SiteNetwork>("SiteNetwork")
        .answers::<peers::Peers>("Peers")
        .answers::<peers::ListedPeer>("ListedPeer")
        .answers::<peers::Released>("Released")
}

words!(Target, "A language that rules are turned into; a request may write it in letters of either case.");
words!(
    Strategy,
    "`root` tries the rules once, at the root; `everywhere` once at every place, results not again; `fixpoint` \
     everywhere, results again, until no rule applies."
);
words!(
    StopReason,
    "`complete`: the strategy had nothing left to do; the others: a rule applied, and there were no steps left, the term \
     would have become too large, or the time was up."
);
