//! A block: what is stored and moved of a collection at once, some vectors as little-endian f32 with optional names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ramanujan_core::Digest;

use super::COMPONENT_BYTES;
use crate::embedding::{Embedding, MAX_DIMENSION, MIN_DIMENSION};

/// Most bytes of a block: a scan holds one or two of them, and a row of the store stays small.
pub const MAX_BLOCK_BYTES: usize = 1 << 20;

/// Longest name of a vector, in bytes.
pub const MAX_NAME_BYTES: usize = 128;

/// Begins what is digested, so that the digest of something else is none of a block.
const DOMAIN: &[u8] = b"ramanujan/vectors/1\0";

/// Why something is not a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// No collection may have this dimension.
    #[error("a collection's vectors have {MIN_DIMENSION} to {MAX_DIMENSION} components, not {0}")]
    Dimension(usize),
    /// There is no vector.
    #[error("no vectors are given")]
    Empty,
    /// The vectors exceed [`MAX_BLOCK_BYTES`].
    #[error(
        "the vectors take more than {MAX_BLOCK_BYTES} bytes as f32: at most {vectors} of this dimension at once"
    )]
    TooLarge {
        /// How many vectors of the dimension a block has at most.
        vectors: usize,
    },
    /// A vector is not of the collection's dimension.
    #[error("vector {index} has {found} components, the collection's have {dimension}")]
    OtherDimension {
        /// Place of the vector in the block, from 0.
        index: usize,
        /// Its components.
        found: usize,
        /// Those of the collection's vectors.
        dimension: usize,
    },
    /// A component is NaN or an infinity.
    #[error("component {component} of vector {index} is not a finite f32")]
    NotFinite {
        /// Place of the vector in the block, from 0.
        index: usize,
        /// Place of the component in the vector, from 0.
        component: usize,
    },
    /// The text is not padded base64, and why.
    #[error("the text is not base64 (RFC 4648 §4, padded): {0}")]
    Base64(String),
    /// The bytes end within a vector.
    #[error("{bytes} bytes are not a whole number of vectors of {dimension} little-endian f32")]
    Length {
        /// How many bytes there are.
        bytes: usize,
        /// Components of a vector, four bytes each.
        dimension: usize,
    },
    /// There are more names than vectors, or fewer.
    #[error("{names} ids are given for {vectors} vectors")]
    Names {
        /// How many names are given.
        names: usize,
        /// How many vectors there are.
        vectors: usize,
    },
    /// A name is not one by [`is_name`].
    #[error("id {index} is not of the form [A-Za-z0-9._-]{{1,128}}")]
    Name {
        /// Place of the name, from 0.
        index: usize,
    },
    /// Two vectors of the block have one name.
    #[error("id {index} repeats an earlier one")]
    RepeatedName {
        /// Place of the second of the two, from 0.
        index: usize,
    },
}

/// Between one vector and [`MAX_BLOCK_BYTES`] of them, all of one dimension and finite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    dimension: usize,
    bytes: Vec<u8>,
    names: Option<Vec<String>>,
}

/// How many vectors of a dimension fit in a block; at least one for any legal dimension.
pub fn capacity(dimension: usize) -> usize {
    MAX_BLOCK_BYTES / (dimension.max(1) * COMPONENT_BYTES)
}

impl Block {
    /// From vectors one by one.
    ///
    /// # Errors
    /// [`InvalidBlock`].
    pub fn from_embeddings(dimension: usize, vectors: &[Embedding]) -> Result<Block, InvalidBlock> {
        check_dimension(dimension)?;
        if let Some((index, vector)) =
            vectors.iter().enumerate().find(|(_, vector)| vector.dimension() != dimension)
        {
            return Err(InvalidBlock::OtherDimension { index, found: vector.dimension(), dimension });
        }
        check_count(dimension, vectors.len())?;
        let bytes = vectors.iter().flat_map(Embedding::to_le_bytes).collect();
        Ok(Block { dimension, bytes, names: None })
    }

    /// From base64 of little-endian f32, vector after vector.
    ///
    /// # Errors
    /// [`InvalidBlock`].
    pub fn from_base64(dimension: usize, text: &str) -> Result<Block, InvalidBlock> {
        check_dimension(dimension)?;
        // Refused before it is decoded: three bytes in four characters.
        if text.len() > MAX_BLOCK_BYTES.div_ceil(3) * 4 {
            return Err(InvalidBlock::TooLarge { vectors: capacity(dimension) });
        }
        let bytes = STANDARD.decode(text).map_err(|error| InvalidBlock::Base64(error.to_string()))?;
        Block::from_bytes(dimension, bytes)
    }

    /// From little-endian f32, vector after vector.
    ///
    /// # Errors
    /// [`InvalidBlock`].
    pub fn from_bytes(dimension: usize, bytes: Vec<u8>) -> Result<Block, InvalidBlock> {
        check_dimension(dimension)?;
        let row = dimension * COMPONENT_BYTES;
        if !bytes.len().is_multiple_of(row) {
            return Err(InvalidBlock::Length { bytes: bytes.len(), dimension });
        }
        check_count(dimension, bytes.len() / row)?;
        let not_finite = super::components(&bytes).position(|x| !x.is_finite());
        match not_finite {
            Some(at) => Err(InvalidBlock::NotFinite { index: at / dimension, component: at % dimension }),
            None => Ok(Block { dimension, bytes, names: None }),
        }
    }

    /// With a name for each vector.
    ///
    /// # Errors
    /// [`InvalidBlock`].
    pub fn named(mut self, names: Vec<String>) -> Result<Block, InvalidBlock> {
        if names.len() != self.len() {
            return Err(InvalidBlock::Names { names: names.len(), vectors: self.len() });
        }
        let mut seen = std::collections::BTreeSet::new();
        for (index, name) in names.iter().enumerate() {
            if !is_name(name) {
                return Err(InvalidBlock::Name { index });
            }
            if !seen.insert(name.as_str()) {
                return Err(InvalidBlock::RepeatedName { index });
            }
        }
        self.names = Some(names);
        Ok(self)
    }

    /// Components of each vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// How many vectors there are; at least one.
    #[allow(clippy::len_without_is_empty)] // a block is never empty
    pub fn len(&self) -> usize {
        self.bytes.len() / (self.dimension * COMPONENT_BYTES)
    }

    /// Little-endian f32, vector after vector.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Names of the vectors in their order, if they have names.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// Content address: the same vectors under the same names in the same order are one block.
    pub fn digest(&self) -> Digest {
        // Names hold no line feed, and a number before them says how many there are.
        let names = self.names.as_ref().map(|names| names.join("\n")).unwrap_or_default();
        let head = format!("{} {} {}\n", self.dimension, self.len(), self.names.is_some());
        Digest::of_parts([DOMAIN, head.as_bytes(), names.as_bytes(), b"\n", &self.bytes])
    }
}

/// Whether a text can name a vector or a collection: `[A-Za-z0-9._-]{1,128}`.
pub fn is_name(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(legal)
}

fn check_dimension(dimension: usize) -> Result<(), InvalidBlock> {
    if (MIN_DIMENSION..=MAX_DIMENSION).contains(&dimension) {
        Ok(())
    } else {
        Err(InvalidBlock::Dimension(dimension))
    }
}

fn check_count(dimension: usize, vectors: usize) -> Result<(), InvalidBlock> {
    match vectors {
        0 => Err(InvalidBlock::Empty),
        vectors if vectors > capacity(dimension) => {
            Err(InvalidBlock::TooLarge { vectors: capacity(dimension) })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base64(values: &[f32]) -> String {
        STANDARD.encode(values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())
    }

    proptest! {
        #[test]
        fn both_forms_are_one_block(rows in (8usize..40).prop_flat_map(|n| {
            prop::collection::vec(prop::collection::vec(-1e30f32..1e30, n), 1..9)
        })) {
            let dimension = rows[0].len();
            let text = base64(&rows.concat());
            let vectors: Vec<_> = rows.into_iter().map(|row| Embedding::new(row).unwrap()).collect();
            let one = Block::from_embeddings(dimension, &vectors).unwrap();
            let other = Block::from_base64(dimension, &text).unwrap();
            prop_assert_eq!((one.digest(), one.len()), (other.digest(), vectors.len()));
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn refuses_what_is_no_block() {
        use InvalidBlock as E;
        let refused = |dimension, text: &str| Block::from_base64(dimension, text).unwrap_err();
        assert_eq!(refused(7, ""), E::Dimension(7));
        assert_eq!(refused(8, ""), E::Empty);
        assert_eq!(refused(8, &base64(&[0.0; 9])), E::Length { bytes: 36, dimension: 8 });
        assert!(matches!(refused(8, "*"), E::Base64(_)));
        let mut values = [1.0f32; 16];
        values[11] = f32::NAN;
        assert_eq!(refused(8, &base64(&values)), E::NotFinite { index: 1, component: 3 });
        values[11] = f32::NEG_INFINITY;
        assert_eq!(refused(8, &base64(&values)), E::NotFinite { index: 1, component: 3 });
        assert_eq!(refused(4096, &"A".repeat(1_398_108)), E::TooLarge { vectors: 64 });
        let two = || Block::from_base64(8, &base64(&[1.0; 16])).unwrap();
        let names = |names: &[&str]| two().named(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(names(&["a"]).unwrap_err(), E::Names { names: 1, vectors: 2 });
        assert_eq!(names(&["a", "b c"]).unwrap_err(), E::Name { index: 1 });
        assert_eq!(names(&["a", "a"]).unwrap_err(), E::RepeatedName { index: 1 });
        assert_ne!(names(&["a", "b"]).unwrap().digest(), two().digest());
    }
}
