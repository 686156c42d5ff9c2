//! `GET /crdt/health`: whether the store can be read and written.

use ramanujan_core::Problem;
use ramanujan_shell::Request;
use serde_json::{Map, Value};

use crate::store::Database;

pub(crate) async fn check(_: Request) -> Result<Map<String, Value>, Problem> {
    Database::open()?.check()
}
