//! What operations are made of. Each kind of operand has its place in JSON and in a table's columns, its canonical
//! bytes, its limits, and what a request may leave out.

use ramanujan_core::MAX_SAFE_INTEGER;

use super::operation::{Columns, Field, Fields, Given, OperationError};
use crate::codec::{Bytes, DecodeError, malformed, put_text, put_uint};
use crate::edit::Edit;
use crate::tap::TapPhase;
use crate::value::{Json, MAX_VALUE_DEPTH, Number};

/// A kind of operand.
pub(super) trait Operand {
    /// What it is in code.
    type Value: Clone;
    /// Where it stands on the API.
    const FIELD: Field;

    /// Appends the canonical bytes.
    fn put(value: &Self::Value, out: &mut Vec<u8>);

    /// Reads canonical bytes.
    fn take(reader: &mut Bytes<'_>) -> Result<Self::Value, DecodeError>;

    /// Whether the canonical bytes would be read back.
    fn is_within_limits(value: &Self::Value) -> bool;

    /// Writes its field on the API.
    fn give(value: Self::Value, fields: &mut Fields);

    /// Reads what [`give`](Operand::give) wrote; `None` for anything else.
    fn get(given: &Given<'_>) -> Option<Self::Value>;

    /// Reads the field of a request for an operation of this name, or what stands for a field left out.
    fn ask(given: &Given<'_>, operation: &str) -> Result<Self::Value, OperationError>;

    /// Writes its column.
    fn store(value: &Self::Value, columns: &mut Columns) -> serde_json::Result<()>;

    /// Reads what [`store`](Operand::store) wrote; `None` for anything else.
    fn load(columns: &mut Columns) -> Option<Self::Value>;

    /// Values that differ in what there is to get wrong: short and long, plain and nested.
    fn examples() -> Vec<Self::Value>;
}

/// Fields of an edit, which a request names by `path`.
impl Given<'_> {
    /// The fields without a position, which then may be given or not.
    pub(crate) fn anywhere(self) -> Self {
        Given { position: None, ..self }
    }

    /// Refuses every field but these.
    pub(crate) fn only(&self, operation: &str, fields: &[Field]) -> Result<(), OperationError> {
        match self.superfluous(fields) {
            Some(field) => Err(OperationError::Superfluous { operation: operation.to_owned(), field }),
            None => Ok(()),
        }
    }

    /// A value and nothing else.
    pub(crate) fn only_value(&self, operation: &str) -> Result<Json, OperationError> {
        self.only(operation, &[Value::FIELD])?;
        Value::ask(self, operation)
    }

    /// An amount and nothing else.
    pub(crate) fn only_amount(&self, operation: &str) -> Result<u64, OperationError> {
        self.only(operation, &[Amount::FIELD])?;
        Amount::ask(self, operation)
    }

    /// A text and nothing else.
    pub(crate) fn only_text(&self, operation: &str) -> Result<String, OperationError> {
        self.only(operation, &[Text::FIELD])?;
        Text::ask(self, operation)
    }

    /// A position and a length and nothing else.
    pub(crate) fn only_range(&self, operation: &str) -> Result<(u64, u64), OperationError> {
        self.only(operation, &[Position::FIELD, Length::FIELD])?;
        Ok((Position::ask(self, operation)?, Length::ask(self, operation)?))
    }
}

/// How a number up to 2^53 − 1 stands in the canonical bytes.
macro_rules! bytes_of_a_number {
    () => {
        fn put(value: &u64, out: &mut Vec<u8>) {
            put_uint(out, *value);
        }

        fn take(reader: &mut Bytes<'_>) -> Result<u64, DecodeError> {
            reader.safe()
        }

        fn is_within_limits(value: &u64) -> bool {
            *value <= MAX_SAFE_INTEGER
        }
    };
}

/// A place between code points. (An insertion without one goes to the end; that is no operation yet.)
pub(super) enum Position {}

impl Operand for Position {
    type Value = u64;
    const FIELD: Field = Field::Position;

    bytes_of_a_number!();

    fn give(value: u64, fields: &mut Fields) {
        fields.position = Some(value);
    }

    fn get(given: &Given<'_>) -> Option<u64> {
        given.position
    }

    fn ask(given: &Given<'_>, operation: &str) -> Result<u64, OperationError> {
        given.position.ok_or_else(|| OperationError::NoRange(operation.to_owned()))
    }

    fn store(value: &u64, columns: &mut Columns) -> serde_json::Result<()> {
        columns.position = Some(*value);
        Ok(())
    }

    fn load(columns: &mut Columns) -> Option<u64> {
        Some(columns.position.unwrap_or(0))
    }

    fn examples() -> Vec<u64> {
        vec![300, 3]
    }
}

/// A number of code points, not 0.
pub(super) enum Length {}

impl Operand for Length {
    type Value = u64;
    const FIELD: Field = Field::Length;

    bytes_of_a_number!();

    fn give(value: u64, fields: &mut Fields) {
        fields.length = Some(value);
    }

    fn get(given: &Given<'_>) -> Option<u64> {
        given.length
    }

    fn ask(given: &Given<'_>, operation: &str) -> Result<u64, OperationError> {
        match given.length {
            Some(0) => Err(OperationError::NoLength),
            Some(length) => Ok(length),
            None => Err(OperationError::NoRange(operation.to_owned())),
        }
    }

    fn store(value: &u64, columns: &mut Columns) -> serde_json::Result<()> {
        columns.length = *value;
        Ok(())
    }

    fn load(columns: &mut Columns) -> Option<u64> {
        Some(columns.length)
    }

    fn examples() -> Vec<u64> {
        vec![200, 1]
    }
}

/// Code points to insert, one at least. Their number goes to the column of lengths.
pub(super) enum Text {}

impl Operand for Text {
    type Value = String;
    const FIELD: Field = Field::Value;

    fn put(value: &String, out: &mut Vec<u8>) {
        put_text(out, value);
    }

    fn take(reader: &mut Bytes<'_>) -> Result<String, DecodeError> {
        Ok(reader.text()?.to_owned())
    }

    fn is_within_limits(_: &String) -> bool {
        true
    }

    fn give(value: String, fields: &mut Fields) {
        fields.value = Some(Json::Text(value));
    }

    fn get(given: &Given<'_>) -> Option<String> {
        given.value?.as_text().map(str::to_owned)
    }

    fn ask(given: &Given<'_>, operation: &str) -> Result<String, OperationError> {
        match given.value {
            Some(Json::Text(text)) if text.is_empty() => Err(OperationError::EmptyText),
            Some(Json::Text(text)) => Ok(text.clone()),
            _ => Err(OperationError::NoText(operation.to_owned())),
        }
    }

    fn store(value: &String, columns: &mut Columns) -> serde_json::Result<()> {
        columns.length = value.chars().count() as u64;
        columns.value = Some(value.clone());
        Ok(())
    }

    fn load(columns: &mut Columns) -> Option<String> {
        Some(columns.value.take().unwrap_or_default())
    }

    fn examples() -> Vec<String> {
        vec!["häuser 😀".to_owned(), "x".to_owned()]
    }
}

/// How much to count; 1 where a request leaves it out.
pub(super) enum Amount {}

impl Operand for Amount {
    type Value = u64;
    const FIELD: Field = Field::Value;

    bytes_of_a_number!();

    fn give(value: u64, fields: &mut Fields) {
        fields.value = Json::int(value.into());
    }

    fn get(given: &Given<'_>) -> Option<u64> {
        given.value?.as_uint()
    }

    fn ask(given: &Given<'_>, _: &str) -> Result<u64, OperationError> {
        given.value.map_or(Ok(1), |value| value.as_uint().ok_or(OperationError::Amount))
    }

    fn store(value: &u64, columns: &mut Columns) -> serde_json::Result<()> {
        columns.value = Some(value.to_string());
        Ok(())
    }

    fn load(columns: &mut Columns) -> Option<u64> {
        columns.value.take()?.parse().ok()
    }

    fn examples() -> Vec<u64> {
        vec![5, 1 << 20, 0]
    }
}

/// Any JSON value within [`MAX_VALUE_DEPTH`].
pub(super) enum Value {}

impl Operand for Value {
    type Value = Json;
    const FIELD: Field = Field::Value;

    fn put(value: &Json, out: &mut Vec<u8>) {
        value.put_canonical(out);
    }

    fn take(reader: &mut Bytes<'_>) -> Result<Json, DecodeError> {
        Json::take_canonical(reader)
    }

    fn is_within_limits(value: &Json) -> bool {
        value.depth() <= MAX_VALUE_DEPTH
    }

    fn give(value: Json, fields: &mut Fields) {
        fields.value = Some(value);
    }

    fn get(given: &Given<'_>) -> Option<Json> {
        given.value.cloned()
    }

    fn ask(given: &Given<'_>, operation: &str) -> Result<Json, OperationError> {
        given.value.cloned().ok_or_else(|| OperationError::NoValue(operation.to_owned()))
    }

    fn store(value: &Json, columns: &mut Columns) -> serde_json::Result<()> {
        columns.value = Some(serde_json::to_string(value)?);
        Ok(())
    }

    fn load(columns: &mut Columns) -> Option<Json> {
        serde_json::from_str(&columns.value.take()?).ok()
    }

    fn examples() -> Vec<Json> {
        let list = Json::List(vec![Json::Null, Json::Bool(true), Json::Int(-7)]);
        let half = Json::number(0.5).unwrap_or_default();
        vec!["x".into(), half, Json::Map([("k".to_owned(), list)].into()), Json::Null]
    }
}

/// A number that JSON carries exactly.
pub(super) enum Numeric {}

impl Operand for Numeric {
    type Value = Number;
    const FIELD: Field = Field::Value;

    fn put(value: &Number, out: &mut Vec<u8>) {
        value.to_json().put_canonical(out);
    }

    fn take(reader: &mut Bytes<'_>) -> Result<Number, DecodeError> {
        Number::take_canonical(reader)
    }

    fn is_within_limits(_: &Number) -> bool {
        true
    }

    fn give(value: Number, fields: &mut Fields) {
        fields.value = Some(value.to_json());
    }

    fn get(given: &Given<'_>) -> Option<Number> {
        Number::of(given.value?)
    }

    fn ask(given: &Given<'_>, operation: &str) -> Result<Number, OperationError> {
        let number = given.value.and_then(Number::of);
        number.ok_or_else(|| OperationError::NoNumber(operation.to_owned()))
    }

    fn store(value: &Number, columns: &mut Columns) -> serde_json::Result<()> {
        columns.value = Some(serde_json::to_string(&value.to_json())?);
        Ok(())
    }

    fn load(columns: &mut Columns) -> Option<Number> {
        Number::of(&serde_json::from_str(&columns.value.take()?).ok()?)
    }

    fn examples() -> Vec<Number> {
        let numbers = [7.0, -2.5, 0.0, 9_007_199_254_740_991.0, 5e-324];
        numbers.into_iter().filter_map(|number| Number::of(&Json::number(number)?)).collect()
    }
}

/// A phase by its name, in either case.
pub(super) enum Phase {}

impl Operand for Phase {
    type Value = TapPhase;
    const FIELD: Field = Field::Value;

    fn put(value: &TapPhase, out: &mut Vec<u8>) {
        out.push(*value as u8);
    }

    fn take(reader: &mut Bytes<'_>) -> Result<TapPhase, DecodeError> {
        match TapPhase::ALL.get(usize::from(reader.byte()?)) {
            Some(phase) => Ok(*phase),
            None => malformed("a phase is unknown"),
        }
    }

    fn is_within_limits(_: &TapPhase) -> bool {
        true
    }

    fn give(value: TapPhase, fields: &mut Fields) {
        fields.value = Some(value.as_str().into());
    }

    fn get(given: &Given<'_>) -> Option<TapPhase> {
        given.value?.as_text()?.parse().ok()
    }

    fn ask(given: &Given<'_>, _: &str) -> Result<TapPhase, OperationError> {
        Ok(given.value.and_then(Json::as_text).unwrap_or_default().parse()?)
    }

    fn store(value: &TapPhase, columns: &mut Columns) -> serde_json::Result<()> {
        columns.value = Some(value.to_string());
        Ok(())
    }

    fn load(columns: &mut Columns) -> Option<TapPhase> {
        columns.value.take()?.parse().ok()
    }

    fn examples() -> Vec<TapPhase> {
        vec![TapPhase::Verify, TapPhase::Live, TapPhase::Backfill]
    }
}

/// What happens at a place in a JSON document. A request names the place by `path`, which is no edit yet.
pub(super) enum AtPath {}

impl Operand for AtPath {
    type Value = Edit;
    const FIELD: Field = Field::Edit;

    fn put(value: &Edit, out: &mut Vec<u8>) {
        value.put_canonical(out);
    }

    fn take(reader: &mut Bytes<'_>) -> Result<Edit, DecodeError> {
        Edit::take_canonical(reader)
    }

    fn is_within_limits(value: &Edit) -> bool {
        value.is_within_limits()
    }

    fn give(value: Edit, fields: &mut Fields) {
        fields.edit = Some(value);
    }

    fn get(given: &Given<'_>) -> Option<Edit> {
        given.edit.cloned()
    }

    fn ask(given: &Given<'_>, operation: &str) -> Result<Edit, OperationError> {
        let edit = given.edit.ok_or_else(|| OperationError::NoPath(operation.to_owned()))?;
        if edit.name() != operation {
            return Err(OperationError::OtherEdit(edit.name(), operation.to_owned()));
        }
        match edit.excess() {
            Some(excess) => Err(excess.into()),
            None => Ok(edit.clone()),
        }
    }

    fn store(value: &Edit, columns: &mut Columns) -> serde_json::Result<()> {
        columns.value = Some(serde_json::to_string(value)?);
        Ok(())
    }

    fn load(columns: &mut Columns) -> Option<Edit> {
        serde_json::from_str(&columns.value.take()?).ok()
    }

    fn examples() -> Vec<Edit> {
        Edit::examples()
    }
}
