//! What is known of a collection as a whole, kept where it took long to find. Both kinds are caches.
//!
//! Sums are kept up to some place and brought forward when the tail has grown long; they are added in the order of
//! places, so they are the same whenever and however often they were kept. The reference that verifiers compare with
//! is that of a prefix which ends at a round place, so that it is the same for whoever has the same blocks in the same
//! order, and found anew only when the collection has grown by a sixteenth to an eighth.

use ramanujan_core::Problem;
use ramanujan_shell::log;
use ramanujan_verification::embedding::{Accumulator, Embedding, MAX_SAMPLE, Reference};
use ramanujan_verification::knn::{self, block};

use super::Database;
use super::collections::{self, Stored};
use crate::collection::Collection;

/// Vectors after the kept place that are added anew at each reading rather than kept: keeping writes some forty bytes
/// per component.
const TAIL: u64 = 256;

/// What another version of the verifiers kept is not found.
const VERSION: &str = concat!("2/", env!("CARGO_PKG_VERSION"));

/// Sums over the vectors before `upto`.
pub(crate) struct Statistics {
    upto: u64,
    kept: u64,
    pub(crate) sums: Accumulator,
}

impl Statistics {
    /// What is kept of the vectors before `end`; nothing where the kept sums are lost, of another version, or ahead.
    fn load(database: &Database, collection: &Collection, end: u64) -> Result<Self, Problem> {
        const SQL: &str = "SELECT upto, sums FROM verify_statistics
            WHERE collection = ?1 AND version = ?2 AND upto <= ?3";
        let values = [collection.name.as_str().into(), VERSION.into(), end.into()];
        let kept = database.execute(SQL, values)?;
        let kept = kept.first().map(|row| Ok::<_, Problem>((row.uint(0)?, row.text(1)?))).transpose()?;
        let sums =
            kept.and_then(|(upto, text)| Some((upto, serde_json::from_str::<Accumulator>(text).ok()?)));
        let fits = sums.filter(|(_, sums)| sums.dimension() == collection.dimension);
        let (upto, sums) = fits.unwrap_or_else(|| (0, Accumulator::new(collection.dimension)));
        Ok(Statistics { upto, kept: upto, sums })
    }

    /// The sums over the vectors before `end`.
    fn until(database: &Database, collection: &Collection, end: u64) -> Result<Self, Problem> {
        let mut statistics = Statistics::load(database, collection, end)?;
        // The block with the next vector may begin before it.
        let from = (statistics.upto + 1).saturating_sub(block::capacity(collection.dimension) as u64);
        collections::scan(database, collection, from, end, |block| {
            statistics.add(block, end);
            Ok(())
        })?;
        statistics.keep(database, collection);
        Ok(statistics)
    }

    /// Adds what a block has before `end` and is not in yet.
    fn add(&mut self, block: &Stored, end: u64) {
        let mut vector = Vec::new();
        let next = self.upto;
        for (_, bytes) in
            block.vectors(self.sums.dimension()).filter(|(place, _)| (next..end).contains(place))
        {
            vector.clear();
            vector.extend(knn::components(bytes));
            // Stored vectors are finite and of the collection's dimension.
            self.sums.add(&vector);
            self.upto += 1;
        }
    }

    /// Keeps the sums if the tail was long. A cache: where the store refuses, nothing is lost.
    fn keep(&self, database: &Database, collection: &Collection) {
        if self.upto < self.kept + TAIL {
            return;
        }
        const SQL: &str =
            "INSERT INTO verify_statistics (collection, version, upto, sums) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (collection) DO UPDATE SET version = excluded.version, upto = excluded.upto,
                sums = excluded.sums
            WHERE excluded.upto > verify_statistics.upto OR excluded.version <> verify_statistics.version";
        let Ok(sums) = serde_json::to_string(&self.sums) else { return };
        keep(database, SQL, collection, self.upto, sums);
    }
}

fn keep(database: &Database, sql: &str, collection: &Collection, upto: u64, text: String) {
    let values = [collection.name.as_str().into(), VERSION.into(), upto.into(), text.into()];
    if let Err(problem) = database.execute(sql, values) {
        log::error("statistics", &problem.to_string());
    }
}

/// The sums over the whole collection as `collection` has it.
pub(crate) fn whole(database: &Database, collection: &Collection) -> Result<Accumulator, Problem> {
    Ok(Statistics::until(database, collection, collection.vectors)?.sums)
}

/// Brings the kept sums forward after an append, once enough has come together.
pub(crate) fn advance(database: &Database, collection: &Collection, end: u64) -> Result<(), Problem> {
    const SQL: &str =
        "SELECT COALESCE(MAX(upto), 0) FROM verify_statistics WHERE collection = ?1 AND version = ?2";
    let rows = database.execute(SQL, [collection.name.as_str().into(), VERSION.into()])?;
    let kept = rows.first().map_or(Ok(0), |row| row.uint(0))?;
    // A tail of many blocks means that the sums were lost: whoever reads them next adds all of it.
    if (TAIL..=block::capacity(collection.dimension) as u64 + TAIL).contains(&end.saturating_sub(kept)) {
        Statistics::until(database, collection, end)?;
    }
    Ok(())
}

/// The largest place not beyond `vectors` of which only the four leading binary digits may be ones.
fn round(vectors: u64) -> u64 {
    let zeros = (u64::BITS - vectors.leading_zeros()).saturating_sub(4);
    vectors >> zeros << zeros
}

/// How many vectors the reference of a collection is taken from.
pub(crate) fn reference_vectors(collection: &Collection) -> u64 {
    round(collection.vectors)
}

/// The reference that verifiers compare with; `None` if there is no vector that is not zero.
pub(crate) fn reference(database: &Database, collection: &Collection) -> Result<Option<Reference>, Problem> {
    const KEPT: &str =
        "SELECT reference FROM verify_references WHERE collection = ?1 AND version = ?2 AND upto = ?3";
    let end = reference_vectors(collection);
    let values = [collection.name.as_str().into(), VERSION.into(), end.into()];
    let kept = database.execute(KEPT, values)?;
    if let Some(row) = kept.first()
        && let Ok(reference) = serde_json::from_str::<Reference>(row.text(0)?)
    {
        return Ok(Some(reference));
    }
    let Some(mut reference) = Statistics::until(database, collection, end)?.sums.finish() else {
        return Ok(None);
    };
    // Evenly from all over the prefix.
    let count = end.min(MAX_SAMPLE as u64);
    let places: Vec<u64> = (0..count).map(|n| n * end / count).collect();
    let sample = collections::vectors_at(database, collection, &places)?;
    reference.measure_sample(sample.iter().map(|(_, vector)| Embedding::as_slice(vector)));
    const KEEP: &str =
        "INSERT INTO verify_references (collection, version, upto, reference) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (collection) DO UPDATE SET version = excluded.version, upto = excluded.upto,
            reference = excluded.reference";
    if let Ok(text) = serde_json::to_string(&reference) {
        keep(database, KEEP, collection, end, text);
    }
    Ok(Some(reference))
}

#[cfg(test)]
mod tests {
    use super::round;

    #[test]
    fn a_round_place_is_within_an_eighth() {
        for vectors in (0..5000).chain([100_000, 262_144, u64::MAX]) {
            let round = round(vectors);
            assert!(round <= vectors && vectors - round <= round / 8, "{vectors} {round}");
        }
        assert_eq!([round(0), round(15), round(17), round(100_000)], [0, 15, 16, 98_304]);
    }
}
