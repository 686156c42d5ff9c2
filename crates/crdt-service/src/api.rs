//! The types of requests and replies, for the description of the API; `api.json` says the rest.

use ramanujan_crdt::wire::{DeltaRecord, OperationRequest};
use ramanujan_shell::schema::Schemas;

use crate::merge::read::Wire;
use crate::merge::reply;
use crate::routes::{
    apply, cache, compare, diff, document, freezes, history, later, merge, operations, page, recover, stored,
    summary, withdrawn,
};
use crate::{laws, version};

/// The schemas by the names that `api.json` refers to.
pub fn schemas() -> Schemas {
    Schemas::new()
        .reads::<OperationRequest>("Operation")
        .reads::<page::DeltaPage>("DeltaPage")
        .reads::<Wire>("State")
        .reads::<merge::MergeRequest>("MergeRequest")
        .reads::<laws::VerifyRequest>("VerifyRequest")
        .reads::<compare::CompareRequest>("CompareRequest")
        .reads::<freezes::FreezeRequest>("FreezeRequest")
        .reads::<recover::RecoverRequest>("RecoverRequest")
        .reads::<withdrawn::WithdrawRequest>("WithdrawRequest")
        .reads::<cache::Invalidation>("Invalidation")
        .reads::<version::AtMember>("At")
        .reads::<operations::OperationsRequest>("OperationsRequest")
        .answers::<DeltaRecord>("Delta")
        .answers::<stored::Applied<'static>>("Applied")
        .answers::<apply::BatchReply<'static>>("AppliedBatch")
        .answers::<stored::StoredDeltas>("AppliedDeltas")
        .answers::<summary::Summary>("Summary")
        .answers::<document::Document<'static>>("Document")
        .answers::<history::History>("History")
        .answers::<history::EncodedHistory>("EncodedHistory")
        .answers::<diff::Difference>("Difference")
        .answers::<freezes::Frozen>("Frozen")
        .answers::<freezes::Chain>("Freezes")
        .answers::<recover::Recovered>("Recovered")
        .answers::<withdrawn::Withdrawal>("Withdrawal")
        .answers::<withdrawn::WithdrawnPage>("WithdrawnPage")
        .answers::<reply::Reply<'static>>("Merged")
        .answers::<laws::Reply>("Verified")
        .answers::<cache::Stats>("CacheStats")
        .answers::<later::TaskReply>("Task")
        .answers::<operations::Operations>("StoredOperations")
}

#[cfg(test)]
mod tests {
    use ramanujan_crdt::CrdtType;
    use ramanujan_crdt::types::names_of;
    use serde_json::json;

    #[test]
    fn every_operation_of_the_table_is_described() {
        let schemas = super::schemas().finish();
        for schema in ["Operation", "Delta"] {
            let alternatives = schemas[schema]["anyOf"].as_array().unwrap();
            for crdt_type in CrdtType::ALL {
                for name in names_of(crdt_type) {
                    let of = |alternative: &serde_json::Value| {
                        let members = &alternative["properties"];
                        (&members["operation"]["const"], &members["crdt_type"]["const"])
                            == (&json!(name), &json!(crdt_type))
                    };
                    assert!(alternatives.iter().any(of), "{schema}: {name} of {crdt_type}");
                }
            }
        }
    }
}
