//! Reading patterns, in the forms that terms have ([`crate::read`]); names that begin with `?` are variables.

use std::fmt;

use serde_json::Value;

use super::{MAX_PATTERN_NODES, MAX_VARIABLES, Pattern, Place, Variables};
use crate::name;
use crate::read::{self, Place as Trouble};
use crate::vocabulary::Vocabulary;

/// Why something is no pattern, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPattern {
    /// What is wrong.
    pub reason: String,
    /// Characters before the trouble in an S-expression, or the path to it in a JSON term.
    pub place: Trouble,
}

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Trouble::Position(position) => write!(f, "character {position}: {}", self.reason),
            Trouble::Path(path) if path.is_empty() => f.write_str(&self.reason),
            Trouble::Path(path) => write!(f, "{path}: {}", self.reason),
        }
    }
}

impl std::error::Error for BadPattern {}

fn at_path(path: &str, reason: impl Into<String>) -> BadPattern {
    BadPattern { reason: reason.into(), place: Trouble::Path(path.to_owned()) }
}

fn at_position(position: usize, reason: impl Into<String>) -> BadPattern {
    BadPattern { reason: reason.into(), place: Trouble::Position(position) }
}

impl Pattern {
    /// Reads a pattern in any form that a term has: an S-expression in a string, a JSON term, or a list of nodes.
    ///
    /// # Errors
    /// With the place of the first trouble.
    pub fn of_json(
        vocabulary: &mut Vocabulary,
        variables: &mut Variables,
        value: &Value,
    ) -> Result<Pattern, BadPattern> {
        let mut reader = Reader::new(vocabulary, variables);
        match value {
            Value::String(text) => reader.s_expression(text)?,
            Value::Object(members) if members.contains_key("nodes") => {
                if let Some(unknown) = members.keys().find(|key| *key != "nodes") {
                    return Err(at_path("", format!("unknown member {unknown:?} beside nodes")));
                }
                let nodes = members.get("nodes").and_then(Value::as_array);
                let nodes = nodes.ok_or_else(|| at_path(".nodes", "must be an array"))?;
                let root =
                    nodes.len().checked_sub(1).ok_or_else(|| at_path(".nodes", "the pattern is empty"))?;
                reader.listed(nodes, root)?;
            }
            other => reader.json_term(other, &mut String::new())?,
        }
        Ok(reader.pattern)
    }

    /// Reads an S-expression.
    ///
    /// # Errors
    /// With the position of the first trouble, in characters from 0.
    pub fn read(
        vocabulary: &mut Vocabulary,
        variables: &mut Variables,
        text: &str,
    ) -> Result<Pattern, BadPattern> {
        let mut reader = Reader::new(vocabulary, variables);
        reader.s_expression(text)?;
        Ok(reader.pattern)
    }
}

/// A pattern that grows in preorder, and the operators that wait for arguments.
struct Reader<'r> {
    vocabulary: &'r mut Vocabulary,
    variables: &'r mut Variables,
    pattern: Pattern,
    /// Place, and arguments so far.
    open: Vec<(usize, usize)>,
}

impl<'r> Reader<'r> {
    fn new(vocabulary: &'r mut Vocabulary, variables: &'r mut Variables) -> Reader<'r> {
        let pattern = Pattern { places: Vec::new(), parents: Vec::new(), first: Vec::new() };
        Reader { vocabulary, variables, pattern, open: Vec::new() }
    }

    /// Adds a name as the next argument of the innermost open operator; it is open itself if it is a `head`.
    fn push(&mut self, token: &str, head: bool) -> Result<(), String> {
        let place = self.pattern.places.len();
        if place == MAX_PATTERN_NODES {
            return Err(format!("a pattern has at most {MAX_PATTERN_NODES} places"));
        }
        let stands = match token.strip_prefix('?') {
            Some(_) if head => return Err("a variable cannot stand for an operator".into()),
            Some(name) => {
                name::check(name).map_err(|illegal| illegal.0)?;
                let variable = self.variables.intern(name);
                if variable >= MAX_VARIABLES {
                    return Err(format!("a rule has at most {MAX_VARIABLES} variables"));
                }
                let first = &mut self.pattern.first;
                first.resize(first.len().max(variable + 1), None);
                first[variable].get_or_insert(place);
                Place::Variable(variable)
            }
            None => {
                name::check(token).map_err(|illegal| illegal.0)?;
                Place::Node(self.vocabulary.intern(token), 0)
            }
        };
        let parent = self.open.last_mut().map(|(parent, arguments)| {
            *arguments += 1;
            (*parent, *arguments - 1)
        });
        self.pattern.parents.push(parent.unwrap_or((0, 0)));
        self.pattern.places.push(stands);
        if head {
            self.open.push((place, 0));
        }
        Ok(())
    }

    /// Ends the arguments of the innermost open operator.
    fn close(&mut self) -> Result<(), String> {
        let Some((place, given)) = self.open.pop() else { return Ok(()) };
        if let Place::Node(name, arity) = &mut self.pattern.places[place] {
            let text = self.vocabulary.text(*name);
            let takes = self.vocabulary.signature().operator(text).map(|operator| operator.arity);
            if let Some(takes) = takes.filter(|takes| *takes != given && given > 0) {
                return Err(format!("{text} takes {takes} arguments, not {given}"));
            }
            *arity = given;
        }
        Ok(())
    }

    fn s_expression(&mut self, text: &str) -> Result<(), BadPattern> {
        // Where each open operator began.
        let mut opened: Vec<usize> = Vec::new();
        let mut head = None;
        let mut ended = false;
        for (position, token) in read::tokens(text) {
            if ended {
                return Err(at_position(position, "there is more after the end of the pattern"));
            }
            match token {
                "(" => {
                    if head.replace(position).is_some() {
                        return Err(at_position(position, "an operator's name is expected after '('"));
                    }
                }
                ")" => {
                    if head.is_some() {
                        return Err(at_position(position, "an operator's name is expected after '('"));
                    }
                    let began =
                        opened.pop().ok_or_else(|| at_position(position, "no '(' belongs to this ')'"))?;
                    self.close().map_err(|reason| at_position(began, reason))?;
                    ended = opened.is_empty();
                }
                name => {
                    self.push(name, head.is_some()).map_err(|reason| at_position(position, reason))?;
                    opened.extend(head.take());
                    ended = opened.is_empty();
                }
            }
        }
        match head.or(opened.last().copied()) {
            Some(began) => Err(at_position(began, "this '(' is never closed")),
            None if self.pattern.places.is_empty() => Err(at_position(0, "the pattern is empty")),
            None => Ok(()),
        }
    }

    /// Recursion ends at the bound on places: each level adds one.
    fn json_term(&mut self, value: &Value, path: &mut String) -> Result<(), BadPattern> {
        let trouble = |path: &str| {
            at_path(
                path,
                "a pattern is a number, a string, [\"operator\", argument, …] or {\"op\", \"children\"}",
            )
        };
        let (name, children, within, offset): (&str, &[Value], _, usize) = match value {
            Value::Number(number) => {
                return self.push(&number.to_string(), false).map_err(|reason| at_path(path, reason));
            }
            Value::String(name) => return self.push(name, false).map_err(|reason| at_path(path, reason)),
            Value::Array(items) => match items.split_first() {
                Some((Value::String(name), children)) => (name, children, "[", 1),
                _ => return Err(trouble(path)),
            },
            Value::Object(members) => {
                let (name, children) = read::head(members, path).map_err(|unreadable| BadPattern {
                    reason: unreadable.reason,
                    place: unreadable.place,
                })?;
                (name, children, ".children[", 0)
            }
            _ => return Err(trouble(path)),
        };
        // Without arguments it is a name like any other, and may be a variable.
        let head = !children.is_empty();
        self.push(name, head).map_err(|reason| at_path(path, reason))?;
        for (index, child) in children.iter().enumerate() {
            let length = path.len();
            path.push_str(&format!("{within}{}]", index + offset));
            self.json_term(child, path)?;
            path.truncate(length);
        }
        if head {
            self.close().map_err(|reason| at_path(path, reason))?;
        }
        Ok(())
    }

    /// A node of a list, its children being earlier ones; written out as a tree, within the bound on places.
    fn listed(&mut self, nodes: &[Value], index: usize) -> Result<(), BadPattern> {
        let path = format!(".nodes[{index}]");
        let node = nodes[index].as_object();
        let node = node.ok_or_else(|| at_path(&path, "a node is an object with op and children"))?;
        let (name, children) = read::head(node, &path)
            .map_err(|unreadable| BadPattern { reason: unreadable.reason, place: unreadable.place })?;
        let head = !children.is_empty();
        self.push(name, head).map_err(|reason| at_path(&path, reason))?;
        for child in children {
            let place = child.as_u64().and_then(|place| usize::try_from(place).ok());
            let earlier = place.filter(|place| *place < index).ok_or_else(|| {
                at_path(&path, format!("child {child} is not the place of an earlier node"))
            })?;
            self.listed(nodes, earlier)?;
        }
        if head {
            self.close().map_err(|reason| at_path(&path, reason))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::languages::{Language, signature};
    use crate::operators::Signature;

    #[test]
    fn reads_and_prints_patterns_and_refuses_others() {
        let mut vocabulary = Vocabulary::new(Signature::default());
        for good in ["?a", "e", "(f ?a)", "(f (g ?a) e ?b)", "(f ?long-name (g (h ?x) ?x) e)"] {
            let mut variables = Variables::default();
            let pattern = Pattern::read(&mut vocabulary, &mut variables, good).unwrap();
            assert_eq!(pattern.print(&vocabulary, &variables), good);
        }
        let many: String = (0..70).map(|i| format!(" x{i}")).collect();
        let variables: String = (0..20).map(|i| format!(" ?x{i}")).collect();
        for (bad, position) in [
            ("", 0),
            ("(", 0),
            (")", 0),
            ("(f", 0),
            ("f)", 1),
            ("a b", 2),
            ("()", 1),
            ("((f))", 1),
            ("(?f a)", 1),
            ("?", 0),
            ("(f ?a", 0),
            (&format!("(f{many})"), 245),
            (&format!("(f{variables})"), 73),
        ] {
            let error =
                Pattern::read(&mut vocabulary, &mut Variables::default(), bad).map(|_| ()).unwrap_err();
            assert_eq!(error.place, Trouble::Position(position), "{bad}: {error}");
        }
    }

    fn of_json(value: &Value) -> Result<String, BadPattern> {
        let mut vocabulary = Vocabulary::new(signature(&Language::ALL, Vec::new()).unwrap());
        let mut variables = Variables::default();
        let pattern = Pattern::of_json(&mut vocabulary, &mut variables, value)?;
        Ok(pattern.print(&vocabulary, &variables))
    }

    #[test]
    fn the_forms_say_the_same() {
        let expected = "(merge ?a (f (id2 ?a 7) e))";
        for form in [
            json!(expected),
            json!(["merge", "?a", ["f", ["id2", "?a", 7], "e"]]),
            json!({"op": "merge", "children": ["?a", {"op": "f", "children": [["id2", {"op": "?a"}, "7"], ["e"]]}]}),
            json!({"nodes": [{"op": "?a"}, {"op": "7"}, {"op": "id2", "children": [0, 1]}, {"op": "e"},
                             {"op": "f", "children": [2, 3]}, {"op": "merge", "children": [0, 4]}]}),
        ] {
            assert_eq!(of_json(&form).as_deref(), Ok(expected), "{form}");
        }
    }

    #[test]
    fn trouble_in_json_has_a_path() {
        let wide: Vec<Value> = std::iter::once(json!("f")).chain((0..64).map(|i| json!(i))).collect();
        let mut doubled = vec![json!({"op": "x"})];
        doubled.extend((0..70).map(|i| json!({"op": "f", "children": [i, i]})));
        for (value, path, word) in [
            (json!(null), "", "a pattern is"),
            (json!(["f", ["g", true]]), "[1][1]", "a pattern is"),
            (json!(["f", ["merge", "?a"]]), "[1]", "takes 2"),
            (json!(["?f", "a"]), "", "cannot stand"),
            (json!({"op": "f", "kids": []}), "", "kids"),
            (json!({"op": "f", "children": [{"op": 1}]}), ".children[0]", "op"),
            (json!(["f", "?"]), "[1]", "bytes"),
            (json!(wide), "[64]", "at most 64 places"),
            (json!({"nodes": []}), ".nodes", "empty"),
            (json!({"nodes": [{"op": "f", "children": [0]}]}), ".nodes[0]", "earlier"),
            (json!({"nodes": doubled}), ".nodes[7]", "at most 64 places"),
            (json!({"nodes": [{"op": "a"}], "root": 0}), "", "root"),
        ] {
            let error = of_json(&value).unwrap_err();
            assert!(error.reason.contains(word), "{value}: {error}");
            if word != "at most 64 places" || path == "[64]" {
                assert_eq!(error.place, Trouble::Path(path.into()), "{value}: {error}");
            }
        }
    }
}
