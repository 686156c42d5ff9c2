//! How terms and patterns are written in JSON, as schemas: for the description of the API. Native only.
//!
//! The readers are `ramanujan_egraph::read` and `ramanujan_egraph::pattern::read`.

use std::borrow::Cow;

use ramanujan_egraph::name::{MAX_ARITY, MAX_NAME_BYTES};
use ramanujan_egraph::pattern::{MAX_PATTERN_NODES, MAX_VARIABLES};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// A term in any of its forms.
pub(crate) enum Expression {}

/// A term within a term.
enum Term {}

/// A pattern in any form that a term has.
pub(crate) enum Pattern {}

/// A pattern within a pattern.
enum PatternTerm {}

/// Names without a mark of a variable before them.
const NAME: &str = "^[^?\\s\\u0000-\\u001f\\u007f-\\u009f()\"';][^\\s\\u0000-\\u001f\\u007f-\\u009f()\"';]*$";
/// The same, and variables.
const NAME_OR_VARIABLE: &str = "^[^\\s\\u0000-\\u001f\\u007f-\\u009f()\"';]+$";

fn name(pattern: &str, description: &str) -> Value {
    json!({"type": "string", "pattern": pattern, "maxLength": MAX_NAME_BYTES, "description": description})
}

/// `{"op": NAME, "children": [CHILD, …]}`.
fn node(child: &Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "op": name(NAME, "The operator."),
            "children": {"type": "array", "items": child, "maxItems": MAX_ARITY, "description": "Its arguments."},
        },
        "required": ["op"],
        "additionalProperties": false,
    })
}

/// A number, an array or a node, whose arguments are `child`.
fn nested(child: &Value) -> Vec<Value> {
    vec![
        json!({"type": "number", "description": "A number, which is a name."}),
        json!({
            "type": "array",
            "prefixItems": [name(NAME, "The operator.")],
            "items": child,
            "minItems": 1,
            "maxItems": MAX_ARITY + 1,
            "description": "The operator and its arguments, e.g. `[\"merge\", \"a\", [\"inv\", \"b\"]]`.",
        }),
        node(child),
    ]
}

/// All forms: an S-expression, what may be nested, and a list of nodes.
fn forms(child: &Schema, text: &str, description: &str) -> Schema {
    let child = child.as_value();
    let place = json!({"type": "integer", "minimum": 0, "description": "The place of an earlier node."});
    let mut forms = vec![json!({"type": "string", "minLength": 1, "description": text})];
    forms.extend(nested(child));
    forms.push(json!({
        "type": "object",
        "properties": {
            "nodes": {
                "type": "array",
                "items": node(&place),
                "minItems": 1,
                "description": "The last one is the root.",
            },
        },
        "required": ["nodes"],
        "additionalProperties": false,
        "description": "A list of nodes, for deep or shared terms.",
    }));
    json_schema!({"anyOf": forms, "description": description})
}

impl JsonSchema for Expression {
    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = "An S-expression, e.g. `(merge a (inv b))`.";
        forms(
            &generator.subschema_for::<Term>(),
            text,
            "A term: an S-expression, a JSON term or a list of nodes.",
        )
    }
}

impl JsonSchema for Term {
    fn schema_name() -> Cow<'static, str> {
        "Term".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut forms = vec![name(NAME, "A name.")];
        forms.extend(nested(generator.subschema_for::<Term>().as_value()));
        json_schema!({"anyOf": forms, "description": "A term within a term."})
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let description = format!(
            "A term in any of its forms, of at most {MAX_PATTERN_NODES} places, in which names that begin with `?` are \
             variables: at most {MAX_VARIABLES} in a rule, never in the place of an operator."
        );
        let text = "An S-expression, e.g. `(merge ?x (inv ?x))`.";
        forms(&generator.subschema_for::<PatternTerm>(), text, &description)
    }
}

impl JsonSchema for PatternTerm {
    fn schema_name() -> Cow<'static, str> {
        "PatternTerm".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut forms = vec![name(NAME_OR_VARIABLE, "A name, or a variable as `?x`.")];
        forms.extend(nested(generator.subschema_for::<PatternTerm>().as_value()));
        json_schema!({"anyOf": forms, "description": "A pattern within a pattern."})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::string::string_regex;
    use ramanujan_egraph::languages::{Language, signature};
    use ramanujan_egraph::pattern::Variables;
    use ramanujan_egraph::vocabulary::Vocabulary;
    use ramanujan_egraph::{name, pattern, read};

    /// Texts of a schema's form, and no longer than a name may be in bytes.
    fn texts(form: &str) -> impl Strategy<Value = String> {
        let inner = form.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).unwrap();
        string_regex(inner).unwrap().prop_filter("a name is short", |text| text.len() <= MAX_NAME_BYTES)
    }

    fn vocabulary() -> Vocabulary {
        Vocabulary::new(signature(&Language::ALL, Vec::new()).unwrap())
    }

    proptest! {
        #[test]
        fn a_text_of_the_form_of_a_name_is_one(text in texts(NAME)) {
            prop_assert_eq!(name::check(&text), Ok(()));
        }

        #[test]
        fn terms_and_patterns_are_read_in_every_form(op in texts(NAME), other in texts(NAME)) {
            // The operators of the languages take other numbers of arguments.
            let op = format!("skill-{op}");
            prop_assume!(op.len() <= MAX_NAME_BYTES);
            for form in [
                json!([op, other, 1]),
                json!({"op": op, "children": [other, 1]}),
                json!({"nodes": [{"op": other}, {"op": "1"}, {"op": op, "children": [0, 1]}]}),
            ] {
                let term = read::expression(&mut vocabulary(), &form, 10);
                prop_assert!(term.is_ok(), "{}: {:?}", form, term);
                let read = pattern::Pattern::of_json(&mut vocabulary(), &mut Variables::default(), &form);
                prop_assert!(read.is_ok(), "{}: {:?}", form, read);
            }
        }
    }
}
