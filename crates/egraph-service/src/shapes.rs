//! JSON Schemas of what is read or written by hand, made from the tables that decide it. Native only.
//!
//! Each type here stands for a schema and has no values. Those at the end lie in `api.json`, because what they describe
//! is put together as JSON.

use std::borrow::Cow;

use ramanujan_core::Color;
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::extract::MAX_WEIGHT;
use ramanujan_egraph::languages::Language;
use ramanujan_egraph::name::MAX_NAME_BYTES;
use ramanujan_egraph::operators::Law;
use ramanujan_egraph::rules::RULES;
use ramanujan_egraph::saturate::StopReason;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident($generator:pat_param) $schema:block)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema $schema
        }
    )+};
}

shapes! {
    /// A term, as `ramanujan_egraph::read` reads it.
    Term(generator) {
        let term = generator.subschema_for::<Term>();
        let nodes = generator.subschema_for::<NodeList>();
        json_schema!({
            "description": "An S-expression such as `(merge a (inv b))`; or the same as JSON: a name, a number, an array of \
                an operator and its arguments, or an object with `op` and `children`; or a list of nodes. A name that \
                nobody declares is a symbol or an uninterpreted function. `7`, `-7` and `7/3` in lowest terms are numbers.",
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "number"},
                {
                    "type": "array",
                    "prefixItems": [{"type": "string", "minLength": 1, "maxLength": MAX_NAME_BYTES}],
                    "items": term,
                    "minItems": 1,
                },
                {
                    "type": "object",
                    "properties": {
                        "op": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_BYTES},
                        "children": {"type": "array", "items": term},
                    },
                    "required": ["op"],
                    "additionalProperties": false,
                },
                nodes,
            ],
            "examples": [
                "(merge a (inv b))",
                ["merge", "a", ["inv", "b"]],
                {"nodes": [{"op": "a"}, {"op": "b"}, {"op": "inv", "children": [1]}, {"op": "merge", "children": [0, 2]}]},
            ],
        })
    }

    /// A term as a list of nodes, in which common parts stand once.
    NodeList(_) {
        json_schema!({
            "description": "A term as a list of nodes, the root last: common parts stand once, and depth costs nothing.",
            "type": "object",
            "properties": {
                "nodes": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "properties": {
                            "op": {
                                "type": "string",
                                "minLength": 1,
                                "maxLength": MAX_NAME_BYTES,
                                "description": "The name of an operator, function, symbol or number.",
                            },
                            "children": {
                                "type": "array",
                                "items": {"type": "integer", "minimum": 0},
                                "description": "Places of its arguments, which are earlier in the list.",
                            },
                        },
                        "required": ["op"],
                        "additionalProperties": false,
                    },
                },
            },
            "required": ["nodes"],
            "additionalProperties": false,
        })
    }

    /// The canonical form of a reply, as the request's `form` asks for it.
    CanonicalForm(generator) {
        let nodes = generator.subschema_for::<NodeList>();
        json_schema!({"anyOf": [{"type": "string", "description": "An S-expression."}, nodes]})
    }

    /// The name of a language.
    LanguageName(_) {
        json_schema!({
            "type": "string",
            "enum": Language::ALL.map(Language::as_str),
            "description": "A set of operators that belong together.",
        })
    }

    /// One language or several.
    Languages(generator) {
        let language = generator.subschema_for::<LanguageName>();
        json_schema!({"anyOf": [language, {"type": "array", "items": language}]})
    }

    /// The name of a law.
    LawName(_) {
        json_schema!({
            "type": "string",
            "enum": Law::ALL.map(Law::as_str),
            "description": "A property of an operator.",
        })
    }

    /// The name of a law that a request may declare.
    DeclarableLaw(_) {
        let names = Law::ALL.map(Law::as_str).into_iter().filter(|name| Law::declarable(name).is_some());
        json_schema!({
            "type": "string",
            "enum": names.collect::<Vec<_>>(),
            "description": "A property that an operator of a request can have.",
        })
    }

    /// A rule of the library.
    RuleName(_) {
        let names = RULES.iter().flat_map(|rule| [rule.name].into_iter().chain(rule.aliases.iter().copied()));
        json_schema!({
            "type": "string",
            "pattern": format!("^({})(:.+)?$", names.collect::<Vec<_>>().join("|")),
            "description": "A rule of the library for every operator that declares its law, or `rule:operator` for one.",
        })
    }

    /// What has to hold of a rule's variables.
    Condition(_) {
        let colors = Color::ALL.map(Color::as_str).join("|");
        json_schema!({
            "type": "string",
            "pattern": format!(r"^((literal|nonzero) \?\S+|color \?\S+ ({colors})|differ \?\S+ \?\S+)$"),
            "description": "`literal ?a` and `nonzero ?a`: equal to a number, other than 0. `color ?a RED`: equal to a term \
                whose root is RED. `differ ?a ?b`: not known to be equal when the rule is applied.",
        })
    }

    /// What a term costs.
    Cost(_) {
        let weight = json_schema!({"type": "integer", "minimum": 1, "maximum": MAX_WEIGHT});
        json_schema!({
            "description": "What the canonical form is cheapest in: its nodes, its depth, or the sum of weights.",
            "anyOf": [
                {"type": "string", "enum": ["ast-size", "ast-depth"]},
                {
                    "type": "object",
                    "description": "The weight of a node by its colour, 1 where none is given, or by its operator.",
                    "properties": {
                        "red": weight,
                        "blue": weight,
                        "green": weight,
                        "operators": {
                            "type": "object",
                            "additionalProperties": weight,
                            "description": "Weights by symbol, whatever the colour.",
                        },
                    },
                    "additionalProperties": false,
                },
            ],
        })
    }

    /// What becomes of a step that brings RED next to BLUE.
    ColorMode(_) {
        json_schema!({
            "type": "string",
            "enum": Mode::ALL.map(Mode::as_str),
            "description": "What becomes of a term or a step that has RED directly above BLUE or the reverse: `block` \
                refuses the term and leaves the step out, `report` takes both. Either way it is counted.",
        })
    }

    /// Why a run ended.
    StopReasonName(_) {
        json_schema!({
            "type": "string",
            "enum": StopReason::ALL.map(StopReason::as_str),
            "description": "`saturated`: no rule can say anything new. `goal_reached`: the two terms of the question are \
                equal. The others are the limit at which the run ended.",
        })
    }
}

/// Types whose schemas `api.json` has.
macro_rules! of_api_json {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"$ref": concat!("#/components/schemas/", stringify!($name))})
            }
        }
    )+};
}

of_api_json! {
    /// A step that the colour rule forbids.
    ColorConflict
    /// The classes and nodes of a graph.
    ShownGraph
}
