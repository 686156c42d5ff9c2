//! Peers that requests added.

use ramanujan_core::Problem;
use ramanujan_shell::{Row, Value as Sql, now_millis};
use ramanujan_sync::interest::Interest;
use serde::de::DeserializeOwned;

use super::shape;
use crate::sites::peer::Peer;

const PUT: &str = "INSERT INTO transduction_peers (name, address, direction, grants, documents, added)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6
    WHERE (SELECT COUNT(*) FROM transduction_peers) < ?7 OR EXISTS (SELECT 1 FROM transduction_peers WHERE name = ?1)
    ON CONFLICT (name) DO UPDATE SET address = excluded.address, direction = excluded.direction,
        grants = excluded.grants, documents = excluded.documents
    RETURNING name";
const ALL: &str = "SELECT name, address, direction, grants, documents FROM transduction_peers ORDER BY name";
const DELETE: &str = "DELETE FROM transduction_peers WHERE name = ?1 RETURNING name";

/// A word as JSON writes it.
fn word<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, Problem> {
    serde_json::from_str(row.text(column)?).map_err(shape("peer"))
}

/// All of them.
pub(crate) fn all() -> Result<Vec<Peer>, Problem> {
    let rows = super::open()?.execute(ALL, [])?;
    rows.iter()
        .map(|row| {
            let interest: Interest = word(row, 4)?;
            Ok(Peer {
                name: row.text(0)?.parse().map_err(shape("name"))?,
                address: row.text(1)?.to_owned(),
                way: word(row, 2)?,
                grants: word(row, 3)?,
                interest,
                key: None,
                variable: None,
            })
        })
        .collect()
}

/// Adds a peer or changes it; says whether there was room.
pub(crate) fn put(peer: &Peer, most: usize) -> Result<bool, Problem> {
    let params: Vec<Sql> = vec![
        peer.name.as_str().into(),
        peer.address.as_str().into(),
        serde_json::to_string(&peer.way)?.into(),
        serde_json::to_string(&peer.grants)?.into(),
        serde_json::to_string(&peer.interest)?.into(),
        now_millis().into(),
        (most as u64).into(),
    ];
    Ok(!super::open()?.execute(PUT, params)?.is_empty())
}

/// Deletes a peer; says whether it was there.
pub(crate) fn delete(name: &str) -> Result<bool, Problem> {
    Ok(!super::open()?.execute(DELETE, [name.into()])?.is_empty())
}
