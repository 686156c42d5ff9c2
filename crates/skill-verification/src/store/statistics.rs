//! Sums over a collection's vectors, kept up to some place and brought forward when the tail has grown long.
//!
//! They are always added in the order of places, so they are the same whenever and however often they were kept.

use ramanujan_core::Problem;
use ramanujan_shell::{Store, log};
use ramanujan_verification::embedding::Accumulator;
use ramanujan_verification::knn;

use super::collections::{self, Collection, Stored};

/// Vectors after the kept place that are added anew at each reading rather than kept: keeping writes some twenty bytes
/// per component and sum.
const TAIL: u64 = 256;

/// Sums of another version of the verifiers are not found.
const VERSION: &str = concat!("1/", env!("CARGO_PKG_VERSION"));

/// Sums over the vectors before `upto`.
pub(crate) struct Statistics {
    pub(crate) upto: u64,
    kept: u64,
    pub(crate) sums: Accumulator,
}

impl Statistics {
    /// What is kept of the vectors before `end`; nothing where the kept sums are lost, of another version, or ahead.
    pub(crate) fn load(store: &Store, collection: &Collection, end: u64) -> Result<Self, Problem> {
        const SQL: &str = "SELECT upto, sums FROM verify_statistics
            WHERE collection = ?1 AND version = ?2 AND upto <= ?3";
        let values = [collection.name.as_str().into(), VERSION.into(), end.into()];
        let kept = store.execute(SQL, values)?;
        let kept = kept.first().map(|row| Ok::<_, Problem>((row.uint(0)?, row.text(1)?))).transpose()?;
        let sums =
            kept.and_then(|(upto, text)| Some((upto, serde_json::from_str::<Accumulator>(text).ok()?)));
        let fits = sums.filter(|(_, sums)| sums.dimension() == collection.dimension);
        let (upto, sums) = fits.unwrap_or_else(|| (0, Accumulator::new(collection.dimension)));
        Ok(Statistics { upto, kept: upto, sums })
    }

    /// Adds a block if it is the next.
    pub(crate) fn add(&mut self, block: &Stored) {
        if block.first != self.upto {
            return;
        }
        let mut vector = Vec::new();
        for (_, bytes) in block.vectors(self.sums.dimension()) {
            vector.clear();
            vector.extend(knn::components(bytes));
            // Stored vectors are finite and of the collection's dimension.
            self.sums.add(&vector);
            self.upto += 1;
        }
    }

    /// Keeps the sums if the tail was long. A cache: where the store refuses, nothing is lost.
    pub(crate) fn keep(&self, store: &Store, collection: &Collection) {
        if self.upto < self.kept + TAIL {
            return;
        }
        const SQL: &str =
            "INSERT INTO verify_statistics (collection, version, upto, sums) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (collection) DO UPDATE SET version = excluded.version, upto = excluded.upto,
                sums = excluded.sums
            WHERE excluded.upto > verify_statistics.upto OR excluded.version <> verify_statistics.version";
        let Ok(sums) = serde_json::to_string(&self.sums) else { return };
        let values = [collection.name.as_str().into(), VERSION.into(), self.upto.into(), sums.into()];
        if let Err(problem) = store.execute(SQL, values) {
            log::error("statistics", &problem.to_string());
        }
    }
}

/// The sums over the whole collection as `collection` has it.
pub(crate) fn whole(store: &Store, collection: &Collection) -> Result<Accumulator, Problem> {
    let mut statistics = Statistics::load(store, collection, collection.vectors)?;
    collections::scan(store, collection, statistics.upto, collection.vectors, |block| {
        statistics.add(block);
        Ok(())
    })?;
    statistics.keep(store, collection);
    Ok(statistics.sums)
}

/// Brings the kept sums forward after an append, once enough has come together.
pub(crate) fn advance(store: &Store, collection: &Collection, end: u64) -> Result<(), Problem> {
    const SQL: &str =
        "SELECT COALESCE(MAX(upto), 0) FROM verify_statistics WHERE collection = ?1 AND version = ?2";
    let rows = store.execute(SQL, [collection.name.as_str().into(), VERSION.into()])?;
    let kept = rows.first().map_or(Ok(0), |row| row.uint(0))?;
    // A tail of many blocks means that the sums were lost: whoever reads them next adds all of it.
    if (TAIL..=knn::block::capacity(collection.dimension) as u64 + TAIL).contains(&end.saturating_sub(kept)) {
        whole(store, &Collection { vectors: end, ..collection.clone() })?;
    }
    Ok(())
}
