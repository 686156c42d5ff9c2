//! Spin's SQLite interface.

use crate::row::{Row, Value};
use spin_sdk::sqlite::{self, Value as SdkValue};

pub(crate) struct Connection(sqlite::Connection);

impl Connection {
    pub(crate) fn open(label: &str) -> Result<Self, String> {
        sqlite::Connection::open(label).map(Connection).map_err(|error| error.to_string())
    }

    pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, String> {
        let params: Vec<SdkValue> = params.iter().cloned().map(to_sdk).collect();
        let result = self.0.execute(sql, &params).map_err(|error| error.to_string())?;
        Ok(result.rows.into_iter().map(|row| Row(row.values.into_iter().map(from_sdk).collect())).collect())
    }
}

fn to_sdk(value: Value) -> SdkValue {
    match value {
        Value::Null => SdkValue::Null,
        Value::Integer(value) => SdkValue::Integer(value),
        Value::Real(value) => SdkValue::Real(value),
        Value::Text(value) => SdkValue::Text(value),
        Value::Blob(value) => SdkValue::Blob(value),
    }
}

fn from_sdk(value: SdkValue) -> Value {
    match value {
        SdkValue::Null => Value::Null,
        SdkValue::Integer(value) => Value::Integer(value),
        SdkValue::Real(value) => Value::Real(value),
        SdkValue::Text(value) => Value::Text(value),
        SdkValue::Blob(value) => Value::Blob(value),
    }
}
