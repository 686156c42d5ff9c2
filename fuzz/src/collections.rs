//! What skill-verification reads: blocks of vectors, and votes in both their forms.

use ramanujan_core::json;
use ramanujan_verification::embedding::{Embedding, MAX_DIMENSION, MIN_DIMENSION};
use ramanujan_verification::knn::block::Block;
use ramanujan_verification::votes::VoteRecord;

use crate::memory::Bound;

/// Base64 is decoded once, into three bytes for four.
const VECTORS: Bound = Bound { floor: 4 << 10, per_byte: 4 };

/// Members are read into their own types, texts twice.
const VOTE: Bound = Bound { floor: 8 << 10, per_byte: 8 };

/// The first two bytes choose the dimension; the rest is a block as text and as bytes, and an embedding.
pub fn vectors(data: &[u8]) {
    let Some((head, rest)) = data.split_first_chunk::<2>() else { return };
    let dimension =
        MIN_DIMENSION + usize::from(u16::from_le_bytes(*head)) % (MAX_DIMENSION - MIN_DIMENSION + 1);
    let raw = VECTORS.hold(rest.len(), || Block::from_bytes(dimension, rest.to_vec()));
    if let Ok(block) = raw {
        assert_eq!((block.bytes(), block.len() * dimension * 4), (rest, rest.len()));
        assert_eq!(
            Block::from_bytes(dimension, rest.to_vec()).map(|again| again.digest()),
            Ok(block.digest())
        );
    }
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if let Ok(block) = VECTORS.hold(rest.len(), || Block::from_base64(dimension, text)) {
        let rows = block.bytes().chunks(dimension * 4).map(Embedding::from_le_bytes);
        let vectors = rows.collect::<Result<Vec<_>, _>>().expect("vectors of a block are finite");
        assert_eq!(Block::from_embeddings(dimension, &vectors), Ok(block));
    }
    if let Ok(embedding) = VECTORS.hold(rest.len(), || Embedding::from_base64(text)) {
        // One text for one vector: other spellings of the last bits are refused.
        assert_eq!(embedding.to_base64(), text);
    }
}

/// Refused, or a vote with exactly these bytes; the same through JSON.
pub fn vote(data: &[u8]) {
    if let Ok(record) = VOTE.hold(data.len(), || VoteRecord::from_bytes(data)) {
        assert_eq!(record.to_bytes(), data);
        let text = serde_json::to_vec(&record).expect("a vote is JSON");
        assert_eq!(json::from_slice::<VoteRecord>(&text), Ok(record));
    }
    if let Ok(record) = VOTE.hold(data.len(), || json::from_slice::<VoteRecord>(data)) {
        assert_eq!(VoteRecord::from_bytes(&record.to_bytes()), Ok(record));
    }
}
