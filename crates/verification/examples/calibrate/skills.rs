//! Labelled skills: sound ones composed from parts, and the same ones spoiled as `spoiled` says.

use ramanujan_verification::skill::{Limits, Skill, judge};
use serde_json::{Map, Value, json};

use crate::evaluate::Item;
use crate::spoiled::DEFECTS;
use crate::statistics::Random;

/// What skills do: verb, how the description says it, whether it needs a guard.
const VERBS: &[(&str, &str, bool)] = &[
    ("convert", "Converts", false),
    ("search", "Searches", false),
    ("summarise", "Summarises", false),
    ("compare", "Compares", false),
    ("rank", "Ranks", false),
    ("translate", "Translates", false),
    ("classify", "Classifies", false),
    ("schedule", "Schedules", false),
    ("estimate", "Estimates", false),
    ("validate", "Validates", false),
    ("delete", "Deletes", true),
    ("transfer", "Transfers", true),
    ("deploy", "Deploys", true),
];

const NOUNS: &[(&str, &str)] = &[
    ("invoice", "an invoice of a customer"),
    ("document", "a document of the archive"),
    ("weather_report", "the weather report of a region"),
    ("route", "a route between two places"),
    ("meeting", "a meeting of the team"),
    ("recipe", "a recipe from the collection"),
    ("image", "an image in the library"),
    ("measurement", "a measurement of a sensor"),
    ("contract", "a contract with a supplier"),
    ("playlist", "a playlist of songs"),
    ("patient_record", "the record of a patient"),
    ("stock_level", "the stock level of a warehouse"),
    ("course", "a course of the school"),
    ("parcel", "a parcel on its way"),
];

/// Parts of schemas: a name, its schema, and how a value is drawn.
type Part = (&'static str, fn() -> Value, fn(&mut Random) -> Value);

const PARTS: &[Part] = &[
    (
        "city",
        || json!({ "type": "string", "maxLength": 80, "description": "Name of the city" }),
        |r| json!(*r.pick(&["Oslo", "Lima", "Quito", "Bern", "Hanoi", "Cork", "Turin"])),
    ),
    (
        "amount",
        || json!({ "type": "number", "minimum": 0, "maximum": 100_000, "description": "Amount in the smallest unit" }),
        |r| json!((r.unit() * 1e6).round() / 10.0),
    ),
    (
        "limit",
        || json!({ "type": "integer", "minimum": 1, "maximum": 100, "description": "Most results to return" }),
        |r| json!(1 + r.below(100)),
    ),
    (
        "unit",
        || json!({ "type": "string", "enum": ["metric", "imperial"], "description": "System of units" }),
        |r| json!(*r.pick(&["metric", "imperial"])),
    ),
    (
        "language",
        || json!({ "type": "string", "pattern": "^[a-z]{2}$", "description": "Language by ISO 639-1" }),
        |r| json!(*r.pick(&["en", "de", "fr", "hi", "ta", "ja"])),
    ),
    (
        "verbose",
        || json!({ "type": "boolean", "description": "Whether to explain the result" }),
        |r| json!(r.below(2) == 0),
    ),
    (
        "tags",
        || json!({ "type": "array", "items": { "type": "string", "maxLength": 20 }, "maxItems": 5, "description": "Labels to filter by" }),
        |r| {
            json!(
                (0..1 + r.below(3))
                    .map(|_| *r.pick(&["new", "urgent", "draft", "archived", "shared"]))
                    .collect::<Vec<_>>()
            )
        },
    ),
    (
        "date",
        || json!({ "type": "string", "format": "date", "description": "Day by ISO 8601" }),
        |r| json!(format!("2024-{:02}-{:02}", 1 + r.below(12), 1 + r.below(28))),
    ),
    (
        "identifier",
        || json!({ "type": "string", "pattern": "^[A-Z]{2}[0-9]{4}$", "description": "Number in the register" }),
        |r| json!(format!("{}{:04}", *r.pick(&["AB", "CD", "XY"]), r.below(10_000))),
    ),
    (
        "place",
        || json!({ "$ref": "#/$defs/point", "description": "Where it is" }),
        |r| json!({ "latitude": (r.unit() * 1800.0).round() / 10.0 - 90.0, "longitude": (r.unit() * 3600.0).round() / 10.0 - 180.0 }),
    ),
    (
        "text",
        || json!({ "type": "string", "maxLength": 2000, "description": "Text in plain words" }),
        |r| {
            json!(format!(
                "{} {} today",
                r.pick(&["rain", "sun", "wind", "fog"]),
                r.pick(&["comes", "goes", "stays"])
            ))
        },
    ),
    (
        "score",
        || json!({ "type": "number", "minimum": 0, "maximum": 1, "description": "How well it fits" }),
        |r| json!((r.unit() * 1000.0).round() / 1000.0),
    ),
];

fn object(parts: &[&Part]) -> Value {
    let properties: Map<String, Value> =
        parts.iter().map(|(name, schema, _)| ((*name).to_owned(), schema())).collect();
    let names: Vec<&str> = parts.iter().map(|part| part.0).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    });
    if names.contains(&"place") {
        schema["$defs"] = json!({ "point": {
            "type": "object",
            "properties": {
                "latitude": { "type": "number", "minimum": -90, "maximum": 90, "description": "Degrees north" },
                "longitude": { "type": "number", "minimum": -180, "maximum": 180, "description": "Degrees east" },
            },
            "required": ["latitude", "longitude"],
            "additionalProperties": false,
        } });
    }
    schema
}

fn sample(parts: &[&Part], random: &mut Random) -> Value {
    Value::Object(parts.iter().map(|(name, _, draw)| ((*name).to_owned(), draw(random))).collect())
}

/// A sound skill, with the small flaws that sound skills have: a property without a description or a bound, an object
/// left open, a value of an enumeration that no example uses.
pub(crate) fn sound(random: &mut Random) -> Value {
    let (verb, says, guarded) = *random.pick(VERBS);
    let (noun, phrase) = *random.pick(NOUNS);
    let mut parts: Vec<&Part> = PARTS.iter().collect();
    random.shuffle(&mut parts);
    let (inputs, rest) = parts.split_at(2 + random.below(4));
    let outputs = &rest[..1 + random.below(4)];
    let mut input_schema = object(inputs);
    let output_schema = object(outputs);
    let mut description = format!("{says} {phrase} by {} and returns {}.", list(inputs), list(outputs));
    if guarded {
        input_schema["properties"]["confirm"] = json!({ "type": "boolean", "description": "Must be true" });
        description += " Nothing happens unless the caller confirms.";
    }
    let mut examples: Vec<Value> = Vec::new();
    for _ in 0..3 + random.below(5) {
        let mut input = sample(inputs, random);
        if guarded {
            input["confirm"] = json!(true);
        }
        let output = sample(outputs, random);
        // Drawn twice by chance: one input has one output.
        if examples.iter().all(|example| example["input"] != input) {
            examples.push(json!({ "input": input, "output": output }));
        }
    }
    // An input that occurs twice has one output, or the skill contradicts itself.
    if random.below(3) == 0 {
        examples.push(examples[0].clone());
    }
    if let Some(property) = input_schema["properties"][inputs[0].0].as_object_mut() {
        if random.below(4) == 0 {
            property.remove("description");
        }
        if random.below(6) == 0 {
            property.remove("maxLength");
        }
    }
    if random.below(8) == 0 {
        input_schema.as_object_mut().map(|schema| schema.remove("additionalProperties"));
    }
    let joined = [format!("{verb}_{noun}"), format!("{verb}-{}", noun.replace('_', "-"))];
    let name = random.pick(&joined).clone();
    json!({ "name": name, "description": description, "input_schema": input_schema, "output_schema": output_schema, "examples": examples })
}

fn list(parts: &[&Part]) -> String {
    parts.iter().map(|part| part.0).collect::<Vec<_>>().join(", ")
}

/// Judged skills: `count` sound ones, and `per_defect` spoiled in each way; another `part` gives others.
pub(crate) fn judged(part: u64, count: usize, per_defect: usize) -> Vec<Item> {
    let read =
        |value: Value| Skill::from_json(value, &Limits::DEFAULT).expect("a draft is within the limits");
    let seed = |kind: usize, i: usize| part * 1_000_000_007 + (kind * 10_000 + i) as u64;
    let mut items: Vec<Item> = (0..count)
        .map(|i| Item { defect: None, report: judge(&read(sound(&mut Random::new(seed(0, i))))) })
        .collect();
    for (defect, kind) in DEFECTS.iter().enumerate() {
        for i in 0..per_defect {
            let mut random = Random::new(seed(defect + 1, i));
            let mut value = sound(&mut random);
            (kind.spoil)(&mut value, &mut random);
            items.push(Item { defect: Some(defect), report: judge(&read(value)) });
        }
    }
    items
}
