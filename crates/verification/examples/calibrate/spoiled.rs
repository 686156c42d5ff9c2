//! Known ways to spoil a skill.

use serde_json::{Map, Value, json};

use crate::skills::sound;
use crate::statistics::Random;

/// One way to spoil a skill, and the verifiers that are there to find it.
pub(crate) struct Defect {
    pub(crate) name: &'static str,
    pub(crate) found_by: &'static [u8],
    pub(crate) spoil: fn(&mut Value, &mut Random),
}

fn examples(skill: &mut Value) -> &mut Vec<Value> {
    skill["examples"].as_array_mut().expect("a draft has examples")
}

fn properties<'a>(skill: &'a mut Value, side: &str) -> &'a mut Map<String, Value> {
    skill[side]["properties"].as_object_mut().expect("a draft has properties")
}

fn strip(schema: &mut Value, keywords: &[&str]) {
    match schema {
        Value::Object(members) => {
            for keyword in keywords {
                members.remove(*keyword);
            }
            members.values_mut().for_each(|value| strip(value, keywords));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, keywords)),
        _ => {}
    }
}

pub(crate) const DEFECTS: &[Defect] = &[
    Defect {
        name: "invalid schema",
        found_by: &[1],
        spoil: |skill, random| {
            let side = *random.pick(&["input_schema", "output_schema"]);
            let (keyword, value) = random
                .pick(&[
                    ("type", json!("strnig")),
                    ("required", json!("name")),
                    ("minimum", json!("0")),
                    ("pattern", json!("[")),
                ])
                .clone();
            let schema = properties(skill, side).values_mut().next().expect("a property");
            schema[keyword] = value;
        },
    },
    Defect {
        name: "examples violate the schemas",
        found_by: &[2],
        spoil: |skill, random| {
            let side = *random.pick(&["input", "output"]);
            let all = examples(skill);
            let count = 1 + random.below(all.len());
            for example in &mut all[..count] {
                let members = example[side].as_object_mut().expect("an object");
                let name = members.keys().next().expect("a member").clone();
                members.insert(name, json!({ "unexpected": true }));
            }
        },
    },
    Defect {
        name: "no bounds",
        found_by: &[3],
        spoil: |skill, _| {
            strip(
                &mut skill["input_schema"],
                &["maxLength", "maxItems", "maximum", "minimum", "pattern", "enum", "format"],
            );
        },
    },
    Defect {
        name: "schema accepts anything",
        found_by: &[4, 16],
        spoil: |skill, random| {
            let drop: &[&str] = if random.below(2) == 0 {
                &["required", "type", "additionalProperties"]
            } else {
                &["required", "additionalProperties"]
            };
            for side in ["input_schema", "output_schema"] {
                strip(&mut skill[side], drop);
            }
        },
    },
    Defect {
        name: "contradicting examples",
        found_by: &[5],
        spoil: |skill, _| {
            let all = examples(skill);
            let mut again = all[0].clone();
            again["output"] = all.last().expect("an example")["output"].clone();
            // Equal by chance: the next one differs.
            let mut others = all.iter().skip(1);
            while again["output"] == all[0]["output"] {
                let Some(other) = others.next() else { break };
                again["output"] = other["output"].clone();
            }
            all.push(again);
        },
    },
    Defect {
        name: "danger without a guard",
        found_by: &[6],
        spoil: |skill, random| {
            let (verb, says) = *random.pick(&[
                ("delete", "Deletes"),
                ("execute", "Executes"),
                ("pay", "Pays"),
                ("overwrite", "Overwrites"),
            ]);
            let name = skill["name"].as_str().unwrap_or_default().to_owned();
            let cut = name.find(['_', '-']).unwrap_or(0);
            skill["name"] = format!("{verb}{}", &name[cut..]).into();
            let description = skill["description"].as_str().unwrap_or_default().to_owned();
            let description = description.replace(" Nothing happens unless the caller confirms.", "");
            let rest = description.split_once(' ').map_or("", |(_, rest)| rest);
            skill["description"] = format!("{says} {rest}").into();
            properties(skill, "input_schema").remove("confirm");
            for example in examples(skill) {
                example["input"].as_object_mut().map(|input| input.remove("confirm"));
            }
        },
    },
    Defect {
        name: "careless form",
        found_by: &[7],
        spoil: |skill, random| match random.below(4) {
            0 => skill["name"] = format!("{} !!", skill["name"].as_str().unwrap_or_default()).into(),
            1 => skill["description"] = "Does it.".into(),
            2 => {
                let spaced = skill["description"].as_str().unwrap_or_default().replace(' ', "  ");
                skill["description"] = spaced.into();
            }
            _ => {
                let schema = json!({ "type": "boolean", "description": "Another style" });
                properties(skill, "output_schema").insert("camelCase".into(), schema.clone());
                properties(skill, "output_schema").insert("snake_case".into(), schema);
            }
        },
    },
    Defect {
        name: "references that fail",
        found_by: &[8],
        spoil: |skill, random| {
            let target = *random.pick(&[
                "#/$defs/nowhere",
                "file:///etc/schema.json",
                "https://example.org/s.json",
                "#/properties/again",
            ]);
            let schema = properties(skill, "input_schema");
            schema.insert("again".into(), json!({ "$ref": target, "description": "The same again" }));
        },
    },
    Defect {
        name: "schema made of its examples",
        found_by: &[9],
        spoil: |skill, _| {
            let inputs: Vec<Value> = examples(skill).iter().map(|example| example["input"].clone()).collect();
            skill["input_schema"]["enum"] = Value::Array(inputs);
        },
    },
    Defect {
        name: "description of something else",
        found_by: &[10],
        spoil: |skill, random| {
            let other = sound(random)["description"].clone();
            let name = random.pick(&["blend_paint", "tune_piano", "fold_laundry", "water_garden"]);
            skill["name"] = (*name).into();
            skill["description"] = other;
        },
    },
    Defect {
        name: "output not described",
        found_by: &[11],
        spoil: |skill, random| {
            skill["output_schema"] =
                if random.below(2) == 0 { json!({}) } else { json!({ "type": "object" }) };
        },
    },
    Defect {
        name: "no descriptions",
        found_by: &[12],
        spoil: |skill, random| {
            for side in ["input_schema", "output_schema"] {
                let names: Vec<String> = properties(skill, side).keys().cloned().collect();
                for name in names {
                    if random.below(5) > 0 {
                        properties(skill, side)[&name]
                            .as_object_mut()
                            .map(|schema| schema.remove("description"));
                    }
                }
            }
        },
    },
    Defect {
        name: "properties that no example uses",
        found_by: &[13],
        spoil: |skill, random| {
            for (i, name) in ["colour", "weight", "owner", "phase", "channel", "depth"].iter().enumerate() {
                if i < 3 || random.below(2) == 0 {
                    let values: Vec<String> = (0..4).map(|value| format!("{name}{value}")).collect();
                    let schema =
                        json!({ "type": "string", "enum": values, "description": format!("Its {name}") });
                    properties(skill, "input_schema").insert((*name).into(), schema);
                }
            }
        },
    },
    Defect {
        name: "constant output",
        found_by: &[14],
        spoil: |skill, random| {
            let all = examples(skill);
            let output = all[0]["output"].clone();
            let keep = usize::from(all.len() > 4 && random.below(2) == 0);
            for example in &mut all[1 + keep..] {
                example["output"] = output.clone();
            }
        },
    },
    Defect {
        name: "values that readers change",
        found_by: &[15],
        spoil: |skill, random| {
            let schema = json!({ "description": "Serial number" });
            properties(skill, "output_schema").insert("serial".into(), schema);
            let control = random.below(2) == 0;
            let all = examples(skill);
            let count = 1 + random.below(all.len());
            for example in &mut all[..count] {
                let number = (1u64 << 53) + random.below(1 << 40) as u64;
                example["output"]["serial"] = if control { json!("A\u{7}B\u{fffd}") } else { json!(number) };
            }
        },
    },
    Defect {
        name: "objects left open",
        found_by: &[16],
        spoil: |skill, _| {
            for side in ["input_schema", "output_schema"] {
                strip(&mut skill[side], &["additionalProperties", "required"]);
            }
        },
    },
    Defect {
        name: "examples all alike",
        found_by: &[17],
        spoil: |skill, random| {
            let all = examples(skill);
            let first = all[0]["input"].clone();
            for example in &mut all[1..] {
                let own = example["input"].as_object().cloned().unwrap_or_default();
                let mut input = first.clone();
                // One value stays their own.
                if let Some((name, value)) = own.into_iter().nth(random.below(2)) {
                    input[name] = value;
                }
                example["input"] = input;
            }
        },
    },
];
