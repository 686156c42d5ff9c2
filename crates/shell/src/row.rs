//! What goes into a statement and what comes out of it.

use ramanujan_core::{Code, Problem};

/// A value in a statement or a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Integer(value)
    }
}

impl From<u64> for Value {
    /// Numbers on the API end at 2^53−1; anything larger is clamped to `i64::MAX` and so matches no stored row.
    fn from(value: u64) -> Self {
        Value::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Blob(value.to_owned())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Blob(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// A result row, addressed by column position.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    fn get(&self, column: usize) -> Result<&Value, Problem> {
        self.0.get(column).ok_or_else(|| unexpected(column, "a column"))
    }

    /// Whether the column is NULL (or absent).
    pub fn is_null(&self, column: usize) -> bool {
        matches!(self.0.get(column), None | Some(Value::Null))
    }

    /// The column as text.
    ///
    /// # Errors
    /// 500 `store-shape` if the column is not text.
    pub fn text(&self, column: usize) -> Result<&str, Problem> {
        match self.get(column)? {
            Value::Text(text) => Ok(text),
            _ => Err(unexpected(column, "text")),
        }
    }

    /// Takes the text out, leaving NULL.
    ///
    /// # Errors
    /// 500 `store-shape` if the column is not text.
    pub fn take_text(&mut self, column: usize) -> Result<String, Problem> {
        match self.0.get_mut(column).map(|value| std::mem::replace(value, Value::Null)) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(unexpected(column, "text")),
        }
    }

    /// The column as a number from 0.
    ///
    /// # Errors
    /// 500 `store-shape` if the column is not a number from 0.
    pub fn uint(&self, column: usize) -> Result<u64, Problem> {
        match self.get(column)? {
            Value::Integer(value) => u64::try_from(*value).map_err(|_| unexpected(column, "a number from 0")),
            _ => Err(unexpected(column, "an integer")),
        }
    }

    /// The column as a whole number.
    ///
    /// # Errors
    /// 500 `store-shape` if the column is not an integer.
    pub fn int(&self, column: usize) -> Result<i64, Problem> {
        match self.get(column)? {
            Value::Integer(value) => Ok(*value),
            _ => Err(unexpected(column, "an integer")),
        }
    }

    /// Takes the blob out, leaving NULL.
    ///
    /// # Errors
    /// 500 `store-shape` if the column is not a blob.
    pub fn take_blob(&mut self, column: usize) -> Result<Vec<u8>, Problem> {
        match self.0.get_mut(column).map(|value| std::mem::replace(value, Value::Null)) {
            Some(Value::Blob(bytes)) => Ok(bytes),
            _ => Err(unexpected(column, "a blob")),
        }
    }

    /// The column as bytes.
    ///
    /// # Errors
    /// 500 `store-shape` if the column is not a blob.
    pub fn blob(&self, column: usize) -> Result<&[u8], Problem> {
        match self.get(column)? {
            Value::Blob(bytes) => Ok(bytes),
            _ => Err(unexpected(column, "a blob")),
        }
    }
}

fn unexpected(column: usize, wanted: &str) -> Problem {
    Problem::new(Code::StoreShape, format!("column {column} of a stored row is not {wanted}"))
}
