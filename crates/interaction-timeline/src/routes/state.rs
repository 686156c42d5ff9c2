//! The part of a state that a request asks for: a page of one of its lists.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::Query;

use crate::routes::query::DEFAULT_LIMIT;
use crate::state::List;
use crate::store::states::Part;

/// The parameters of [`read_part`].
pub(super) const PARAMETERS: [&str; 3] = ["list", "limit", "cursor"];

/// The page that the query string asks for, if it asks for one.
///
/// # Errors
/// 422 naming the parameter.
pub(super) fn read_part(query: &Query<'_>) -> Result<Option<Part>, Problem> {
    let invalid = |detail: &str| Problem::new(Code::InvalidParameter, detail);
    let Some(name) = query.get("list") else {
        if query.get("cursor").is_some() || query.get("limit").is_some() {
            return Err(invalid("limit and cursor: only with list=types, origins or documents"));
        }
        return Ok(None);
    };
    let list = List::parse(name).ok_or_else(|| invalid("list: one of types, origins, documents"))?;
    let after = query.get("cursor").unwrap_or_default().to_owned();
    Ok(Some(Part { list, after, pager: query.pager(DEFAULT_LIMIT)? }))
}
