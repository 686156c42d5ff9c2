//! An embedding as it comes from outside: JSON numbers, or base64 of little-endian f32.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Fewest components of an embedding.
pub const MIN_DIMENSION: usize = 8;

/// Most components of an embedding: the time of a test and the size of a collection grow with it.
pub const MAX_DIMENSION: usize = 4096;

/// Why something is not an embedding.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// It has this number of components, which is too few or too many.
    #[error("an embedding has {MIN_DIMENSION} to {MAX_DIMENSION} components, this one has {0}")]
    Dimension(usize),
    /// NaN, an infinity, or a number beyond the range of f32.
    #[error("component {index} is not a finite f32")]
    NotFinite {
        /// Place of the component, from 0.
        index: usize,
    },
    /// An element of the array is no JSON number.
    #[error("component {index} is not a number")]
    NotANumber {
        /// Place of the element, from 0.
        index: usize,
    },
    /// The JSON value is neither an array nor a text.
    #[error("the embedding is neither an array of numbers nor base64 text")]
    WrongType,
    /// The text is not padded base64, and why.
    #[error("the text is not base64 (RFC 4648 §4, padded): {0}")]
    Base64(String),
    /// This number of bytes is no multiple of four.
    #[error("{0} bytes are not a whole number of little-endian f32")]
    Length(usize),
}

/// A vector of 8 to 4096 finite f32.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// Takes the components as they are.
    ///
    /// # Errors
    /// [`ReadError::Dimension`], [`ReadError::NotFinite`].
    pub fn new(components: Vec<f32>) -> Result<Embedding, ReadError> {
        check_dimension(components.len())?;
        match components.iter().position(|x| !x.is_finite()) {
            Some(index) => Err(ReadError::NotFinite { index }),
            None => Ok(Embedding(components)),
        }
    }

    /// Reads an array of numbers or base64 text. Numbers are rounded to the nearest f32; those beyond its range are
    /// refused.
    ///
    /// # Errors
    /// Any [`ReadError`].
    pub fn from_json(value: &serde_json::Value) -> Result<Embedding, ReadError> {
        match value {
            serde_json::Value::Array(numbers) => {
                check_dimension(numbers.len())?;
                let component = |(index, number): (usize, &serde_json::Value)| {
                    number.as_f64().map(|number| number as f32).ok_or(ReadError::NotANumber { index })
                };
                Embedding::new(numbers.iter().enumerate().map(component).collect::<Result<_, _>>()?)
            }
            serde_json::Value::String(text) => Embedding::from_base64(text),
            _ => Err(ReadError::WrongType),
        }
    }

    /// Reads padded base64 (RFC 4648 §4) of little-endian f32.
    ///
    /// # Errors
    /// Any [`ReadError`] but [`ReadError::NotANumber`] and [`ReadError::WrongType`].
    pub fn from_base64(text: &str) -> Result<Embedding, ReadError> {
        // Three bytes in four characters: a text that is too long is refused before it is decoded.
        if text.len() > (4 * MAX_DIMENSION).div_ceil(3) * 4 {
            return Err(ReadError::Dimension(text.len() / 4 * 3 / 4));
        }
        Embedding::from_le_bytes(
            &STANDARD.decode(text).map_err(|error| ReadError::Base64(error.to_string()))?,
        )
    }

    /// Reads little-endian f32, one after the other.
    ///
    /// # Errors
    /// [`ReadError::Length`], [`ReadError::Dimension`], [`ReadError::NotFinite`].
    pub fn from_le_bytes(bytes: &[u8]) -> Result<Embedding, ReadError> {
        let (words, []) = bytes.as_chunks::<4>() else { return Err(ReadError::Length(bytes.len())) };
        check_dimension(words.len())?;
        Embedding::new(words.iter().map(|word| f32::from_le_bytes(*word)).collect())
    }

    /// The components.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// How many components there are.
    pub fn dimension(&self) -> usize {
        self.0.len()
    }

    /// Little-endian f32, one after the other.
    pub fn to_le_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    /// Padded base64 of [`Embedding::to_le_bytes`].
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.to_le_bytes())
    }

    /// Euclidean norm. Finite for any embedding: the squares are summed in f64.
    pub fn norm(&self) -> f64 {
        self.0.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt()
    }
}

fn check_dimension(dimension: usize) -> Result<(), ReadError> {
    if (MIN_DIMENSION..=MAX_DIMENSION).contains(&dimension) {
        Ok(())
    } else {
        Err(ReadError::Dimension(dimension))
    }
}
