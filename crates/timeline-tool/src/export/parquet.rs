//! The log as Apache Parquet: one column for each member of an event, what is nested as JSON text.
//!
//! Column types are those an analyst expects: times are `TIMESTAMP(MILLIS, UTC)`, `seq` and counters 64-bit integers,
//! names dictionary-encoded strings. A row group is written once it has [`ROW_GROUP`] events, and only that much is held.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use ramanujan_client::Error;
use ramanujan_core::time::parse_rfc3339;
use ramanujan_timeline::row::Shown;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::ToolError;

/// Events held and written at once: large enough that columns compress well, small enough to hold.
const ROW_GROUP: usize = 32_768;

/// The columns, in order. `required` members are in every event.
const SCHEMA: &str = "message timeline {
    REQUIRED INT64 seq;
    REQUIRED BINARY event_id (UTF8);
    REQUIRED BINARY type (UTF8);
    REQUIRED INT64 timestamp (TIMESTAMP(MILLIS, true));
    REQUIRED INT64 received (TIMESTAMP(MILLIS, true));
    REQUIRED BINARY agent_id (UTF8);
    REQUIRED INT64 origin_seq;
    OPTIONAL BINARY from (UTF8);
    OPTIONAL BINARY to (UTF8);
    OPTIONAL BINARY operation (UTF8);
    OPTIONAL BINARY document_id (UTF8);
    OPTIONAL BINARY color (UTF8);
    OPTIONAL BINARY fingerprint (UTF8);
    OPTIONAL INT64 payload_size;
    OPTIONAL DOUBLE duration_ms;
    OPTIONAL BINARY vector_clock (JSON);
    OPTIONAL BINARY depends_on (JSON);
    OPTIONAL BINARY payload (JSON);
    OPTIONAL INT64 cause_count;
}";

/// Writes events as they come.
pub(super) struct Rows<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    names: Vec<String>,
    columns: Vec<Column>,
    held: usize,
}

/// Values of one column of the row group under way; `levels` says of each event whether it has one.
struct Column {
    values: Values,
    levels: Vec<i16>,
    /// Whether an event may lack it.
    optional: bool,
}

enum Values {
    Integers(Vec<i64>),
    Times(Vec<i64>),
    Reals(Vec<f64>),
    Texts(Vec<ByteArray>),
    Json(Vec<ByteArray>),
}

impl<W: Write + Send> Rows<W> {
    pub(super) fn new(output: W) -> Result<Self, ToolError> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut names = Vec::new();
        let mut columns = Vec::new();
        for field in schema.get_fields() {
            use parquet::basic::{ConvertedType, Type};
            let info = field.get_basic_info();
            let values = match (field.get_physical_type(), info.converted_type()) {
                (Type::INT64, ConvertedType::TIMESTAMP_MILLIS) => Values::Times(Vec::new()),
                (Type::INT64, _) => Values::Integers(Vec::new()),
                (Type::DOUBLE, _) => Values::Reals(Vec::new()),
                (_, ConvertedType::JSON) => Values::Json(Vec::new()),
                _ => Values::Texts(Vec::new()),
            };
            names.push(field.name().to_owned());
            columns.push(Column { values, levels: Vec::new(), optional: field.is_optional() });
        }
        let writer = SerializedFileWriter::new(output, schema, Arc::new(properties))?;
        Ok(Rows { writer, names, columns, held: 0 })
    }

    pub(super) fn push(&mut self, event: &Shown) -> Result<(), ToolError> {
        for (name, column) in self.names.iter().zip(&mut self.columns) {
            column.push(event.get(name)).map_err(|reason| {
                let seq = event.get("seq").map_or("null", RawValue::get);
                Error::unreadable("/timeline/export", format!("{name} of event {seq}: {reason}"))
            })?;
        }
        self.held += 1;
        if self.held == ROW_GROUP { self.flush() } else { Ok(()) }
    }

    /// Writes what is held and the footer, and gives the output back.
    pub(super) fn finish(mut self) -> Result<W, ToolError> {
        self.flush()?;
        Ok(self.writer.into_inner()?)
    }

    fn flush(&mut self) -> Result<(), ToolError> {
        if self.held == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        let mut columns = self.columns.iter_mut();
        while let (Some(column), Some(mut writer)) = (columns.next(), group.next_column()?) {
            let levels = column.optional.then_some(column.levels.as_slice());
            match (&mut column.values, writer.untyped()) {
                (Values::Integers(values) | Values::Times(values), ColumnWriter::Int64ColumnWriter(out)) => {
                    out.write_batch(values, levels, None)?;
                    values.clear();
                }
                (Values::Reals(values), ColumnWriter::DoubleColumnWriter(out)) => {
                    out.write_batch(values, levels, None)?;
                    values.clear();
                }
                (Values::Texts(values) | Values::Json(values), ColumnWriter::ByteArrayColumnWriter(out)) => {
                    out.write_batch(values, levels, None)?;
                    values.clear();
                }
                _ => {
                    let mismatch = "a column's writer is of another type than the schema says";
                    return Err(parquet::errors::ParquetError::General(mismatch.to_owned()).into());
                }
            }
            column.levels.clear();
            writer.close()?;
        }
        group.close()?;
        self.held = 0;
        Ok(())
    }
}

impl Column {
    fn push(&mut self, value: Option<&RawValue>) -> Result<(), String> {
        let Some(value) = value.map(RawValue::get).filter(|value| *value != "null") else {
            self.levels.push(0);
            return if self.optional { Ok(()) } else { Err("missing".to_owned()) };
        };
        let other = |wanted: &str| format!("{value} is not {wanted}");
        match &mut self.values {
            Values::Integers(values) => values.push(read(value).ok_or_else(|| other("a whole number"))?),
            Values::Times(values) => {
                let time = read::<String>(value).and_then(|text| parse_rfc3339(&text));
                let time = time.and_then(|time| i64::try_from(time).ok());
                values.push(time.ok_or_else(|| other("a time"))?);
            }
            Values::Reals(values) => values.push(read(value).ok_or_else(|| other("a number"))?),
            Values::Texts(values) => {
                values.push(read::<String>(value).ok_or_else(|| other("a text"))?.into_bytes().into());
            }
            Values::Json(values) => values.push(value.as_bytes().to_vec().into()),
        }
        self.levels.push(1);
        Ok(())
    }
}

/// A member as a `T`, `None` if it is none.
fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}
