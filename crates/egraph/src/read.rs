//! Reading terms: S-expressions, JSON terms, and flat node lists.
//!
//! - S-expression, in a JSON string: `(merge a (inv b))`. `(id)` is the same as `id`.
//! - JSON term: a number, a string (a name), `["merge", a, b]` or `{"op": "merge", "children": [a, b]}`.
//! - Node list, for deep or shared terms: `{"nodes": [{"op": "a"}, {"op": "f", "children": [0, 0]}]}`, where children
//!   are earlier places and the last node is the root.

use std::fmt;

use serde_json::{Map, Value};

use crate::name::{self, Illegal};
use crate::term::Term;
use crate::vocabulary::Vocabulary;

/// Why an expression cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong.
    pub reason: String,
    /// Characters before the trouble in an S-expression, or the path to it in a JSON term.
    pub place: Place,
}

/// Where something stands in what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Characters before it in an S-expression.
    Position(usize),
    /// The way to it in a JSON term, such as `[1][0]`.
    Path(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Position(position) => write!(f, "expression, character {position}: {}", self.reason),
            Place::Path(path) => write!(f, "expression{path}: {}", self.reason),
        }
    }
}

impl std::error::Error for Unreadable {}

/// Reads an expression in any of the three forms.
///
/// # Errors
/// With the place of the first trouble.
pub fn expression(vocabulary: &mut Vocabulary, value: &Value, max_depth: u64) -> Result<Term, Unreadable> {
    let mut term = Term::default();
    match value {
        Value::String(text) => return s_expression(vocabulary, text, max_depth),
        Value::Object(members) if members.contains_key("nodes") => node_list(vocabulary, &mut term, members)?,
        other => {
            json_term(vocabulary, &mut term, other, &mut String::new())?;
        }
    }
    term.check(max_depth).map_err(|Illegal(reason)| at("", reason))?;
    Ok(term)
}

fn at(path: &str, reason: impl Into<String>) -> Unreadable {
    Unreadable { reason: reason.into(), place: Place::Path(path.to_owned()) }
}

/// Reads an S-expression.
///
/// # Errors
/// With the position of the first trouble, in characters from 0.
pub fn s_expression(vocabulary: &mut Vocabulary, text: &str, max_depth: u64) -> Result<Term, Unreadable> {
    struct Frame<'a> {
        opened: usize,
        name: Option<&'a str>,
        children: Vec<u32>,
    }
    let unreadable =
        |position, reason: &str| Unreadable { reason: reason.to_owned(), place: Place::Position(position) };
    let mut term = Term::default();
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut root = None;
    for (position, token) in tokens(text) {
        if root.is_some() {
            return Err(unreadable(position, "there is more after the end of the term"));
        }
        let illegal = |Illegal(reason)| Unreadable { reason, place: Place::Position(position) };
        let done = match token {
            "(" => {
                if frames.len() as u64 >= max_depth {
                    let reason = format!("the term is deeper than {max_depth}");
                    return Err(unreadable(position, &reason));
                }
                if frames.last().is_some_and(|frame| frame.name.is_none()) {
                    return Err(unreadable(position, "an operator's name is expected after '('"));
                }
                frames.push(Frame { opened: position, name: None, children: Vec::new() });
                None
            }
            ")" => {
                let frame = frames.pop().ok_or_else(|| unreadable(position, "no '(' belongs to this ')'"))?;
                let name = frame
                    .name
                    .ok_or_else(|| unreadable(position, "an operator's name is expected after '('"))?;
                Some(
                    term.add(vocabulary, name, &frame.children)
                        .map_err(|Illegal(reason)| unreadable(frame.opened, &reason))?,
                )
            }
            name => {
                name::check(name).map_err(illegal)?;
                match frames.last_mut() {
                    Some(frame) if frame.name.is_none() => {
                        frame.name = Some(name);
                        None
                    }
                    _ => Some(term.add(vocabulary, name, &[]).map_err(illegal)?),
                }
            }
        };
        if let Some(place) = done {
            match frames.last_mut() {
                Some(frame) => frame.children.push(place),
                None => root = Some(place),
            }
        }
    }
    if let Some(frame) = frames.last() {
        return Err(unreadable(frame.opened, "this '(' is never closed"));
    }
    if root.is_none() {
        return Err(unreadable(0, "the expression is empty"));
    }
    term.check(max_depth).map_err(|Illegal(reason)| unreadable(0, &reason))?;
    Ok(term)
}

/// Parentheses and vocabulary, each with the number of characters before it.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = text;
    let mut position = 0;
    std::iter::from_fn(move || {
        let trimmed = rest.trim_start();
        position += rest[..rest.len() - trimmed.len()].chars().count();
        let first = trimmed.chars().next()?;
        let length = match first {
            '(' | ')' => 1,
            _ => trimmed.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).unwrap_or(trimmed.len()),
        };
        let (token, after) = trimmed.split_at(length);
        let start = position;
        position += token.chars().count();
        rest = after;
        Some((start, token))
    })
}

/// JSON nests at most 128 deep (the JSON reader's own bound), so that recursion is safe here.
fn json_term(
    vocabulary: &mut Vocabulary,
    term: &mut Term,
    value: &Value,
    path: &mut String,
) -> Result<u32, Unreadable> {
    let (name, children): (&str, &[Value]) = match value {
        Value::Number(number) => {
            let text = number.to_string();
            return term.add(vocabulary, &text, &[]).map_err(|Illegal(reason)| at(path, reason));
        }
        Value::String(name) => (name, &[]),
        Value::Array(items) => match items.split_first() {
            Some((Value::String(name), children)) => (name, children),
            _ => return Err(at(path, "an array is [\"operator\", argument, …]")),
        },
        Value::Object(members) => head(members, path)?,
        _ => {
            return Err(at(path, "a term is a number, a string, an array or an object with op and children"));
        }
    };
    name::check(name).map_err(|Illegal(reason)| at(path, reason))?;
    let offset = usize::from(value.is_array());
    let mut places = Vec::with_capacity(children.len());
    for (index, child) in children.iter().enumerate() {
        let length = path.len();
        path.push_str(if value.is_array() { "[" } else { ".children[" });
        path.push_str(&(index + offset).to_string());
        path.push(']');
        places.push(json_term(vocabulary, term, child, path)?);
        path.truncate(length);
    }
    term.add(vocabulary, name, &places).map_err(|Illegal(reason)| at(path, reason))
}

/// `op` and `children` of a node.
pub(crate) fn head<'a>(
    members: &'a Map<String, Value>,
    path: &str,
) -> Result<(&'a str, &'a [Value]), Unreadable> {
    if let Some(unknown) = members.keys().find(|key| !matches!(key.as_str(), "op" | "children")) {
        return Err(at(path, format!("unknown member {unknown:?}; a node has op and children")));
    }
    let name = members.get("op").and_then(Value::as_str).ok_or_else(|| at(path, "op must be a string"))?;
    match members.get("children") {
        None => Ok((name, &[])),
        Some(Value::Array(children)) => Ok((name, children)),
        Some(_) => Err(at(path, "children must be an array")),
    }
}

fn node_list(
    vocabulary: &mut Vocabulary,
    term: &mut Term,
    members: &Map<String, Value>,
) -> Result<(), Unreadable> {
    if let Some(unknown) = members.keys().find(|key| *key != "nodes") {
        return Err(at("", format!("unknown member {unknown:?} beside nodes")));
    }
    let nodes =
        members.get("nodes").and_then(Value::as_array).ok_or_else(|| at(".nodes", "must be an array"))?;
    // Nesting an operator of many arguments makes several nodes of one, so places in the list are kept apart.
    let mut places: Vec<u32> = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let path = format!(".nodes[{index}]");
        let node = node.as_object().ok_or_else(|| at(&path, "a node is an object with op and children"))?;
        let (name, children) = head(node, &path)?;
        name::check(name).map_err(|Illegal(reason)| at(&path, reason))?;
        let earlier = |child: &Value| {
            let place = child.as_u64().and_then(|place| places.get(usize::try_from(place).ok()?));
            place
                .copied()
                .ok_or_else(|| at(&path, format!("child {child} is not the place of an earlier node")))
        };
        let children = children.iter().map(earlier).collect::<Result<Vec<_>, _>>()?;
        places.push(term.add(vocabulary, name, &children).map_err(|Illegal(reason)| at(&path, reason))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    use crate::languages::{Language, signature};

    fn read(value: &Value) -> Result<String, Unreadable> {
        let mut names = Vocabulary::new(signature(&Language::ALL, Vec::new()).unwrap());
        expression(&mut names, value, 100).map(|term| term.print(&names))
    }

    #[test]
    fn the_forms_say_the_same() {
        let expected = "(merge a (inv (+ 1 2)))";
        for form in [
            json!(" ( merge a\n(inv (+ 1 2))) "),
            json!(["merge", "a", ["inv", ["+", 1, 2]]]),
            json!({"op": "merge", "children": ["a", {"op": "inv", "children": [["+", "1", 2]]}]}),
            json!({"nodes": [{"op": "a"}, {"op": "1"}, {"op": "2"}, {"op": "+", "children": [1, 2]},
                   {"op": "inv", "children": [3]}, {"op": "merge", "children": [0, 4]}]}),
        ] {
            assert_eq!(read(&form).as_deref(), Ok(expected), "{form}");
        }
        assert_eq!(read(&json!("(id)")).unwrap(), "id");
        assert_eq!(read(&json!(-1.5)).unwrap(), "-1.5");
    }

    #[test]
    fn trouble_has_a_position() {
        for (text, position, word) in [
            ("", 0, "empty"),
            ("   ", 0, "empty"),
            ("(merge a", 0, "never closed"),
            ("(f (g x)", 0, "never closed"),
            ("(f x))", 5, "more after"),
            (")", 0, "no '('"),
            ("a b", 2, "more after"),
            ("()", 1, "operator"),
            ("(f ())", 4, "operator"),
            ("((f) x)", 1, "operator"),
            ("(ä ?x)", 3, "variables"),
            ("(f \"x\")", 3, "'\"'"),
            ("(f (- a))", 3, "takes 2"),
            ("(inv a b)", 0, "takes 1"),
        ] {
            let error = read(&json!(text)).unwrap_err();
            assert_eq!(error.place, Place::Position(position), "{text:?}: {error}");
            assert!(error.reason.contains(word), "{text:?}: {error}");
        }
    }

    #[test]
    fn trouble_in_json_has_a_path() {
        for (value, path, word) in [
            (json!(null), "", "a term is"),
            (json!([]), "", "an array is"),
            (json!(["f", ["g", true]]), "[1][1]", "a term is"),
            (json!({"op": "f", "children": [{"op": 1}]}), ".children[0]", "op"),
            (json!({"op": "f", "kids": []}), "", "kids"),
            (json!({"op": "f", "children": 1}), "", "array"),
            (json!(["f", ""]), "[1]", "bytes"),
            (json!(["f", "a b"]), "[1]", "' '"),
            (json!({"nodes": []}), "", "empty"),
            (json!({"nodes": [{"op": "f", "children": [0]}]}), ".nodes[0]", "earlier"),
            (json!({"nodes": [{"op": "f", "children": [-1]}]}), ".nodes[0]", "earlier"),
            (json!({"nodes": [7]}), ".nodes[0]", "object"),
            (json!({"nodes": [{"op": "a"}], "root": 0}), "", "root"),
        ] {
            let error = read(&value).unwrap_err();
            assert_eq!(error.place, Place::Path(path.into()), "{value}: {error}");
            assert!(error.reason.contains(word), "{value}: {error}");
        }
    }

    #[test]
    fn depth_is_refused_before_it_costs() {
        let deep = |n: usize| json!(format!("{}x{}", "(f ".repeat(n), ")".repeat(n)));
        assert!(read(&deep(99)).is_ok());
        assert!(read(&deep(100)).unwrap_err().reason.contains("deep"));
        assert!(read(&json!("(".repeat(1_000_000))).is_err());
        let nested = (0..100).fold(json!("x"), |term, _| json!(["f", term]));
        assert!(read(&nested).unwrap_err().reason.contains("deep"));
    }

    fn any_term() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!("a")),
            Just(json!("b")),
            Just(json!("ö")),
            (0i64..9).prop_map(|n| json!(n))
        ];
        leaf.prop_recursive(6, 40, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| json!(["merge", a, b])),
                inner.clone().prop_map(|a| json!(["inv", a])),
                prop::collection::vec(inner, 1..4)
                    .prop_map(|args| { json!(std::iter::once(json!("f")).chain(args).collect::<Vec<_>>()) }),
            ]
        })
    }

    proptest! {
        #[test]
        fn printing_then_reading_is_the_identity(value in any_term()) {
            let printed = read(&value).unwrap();
            prop_assert_eq!(read(&json!(printed.clone())).unwrap(), printed);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[()ab ?+\"\\n\\PC]{0,30}") {
            if let Ok(printed) = read(&json!(text)) {
                prop_assert_eq!(read(&json!(printed.clone())).unwrap(), printed);
            }
        }
    }
}
