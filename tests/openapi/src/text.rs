//! The document as text that people read in a diff: what fits on a line stands on one.

use serde_json::Value;

/// Longest value on one line, in bytes.
const LINE: usize = 100;

/// The text of a value, with a line break at its end.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    put(value, 0, &mut out);
    out.push('\n');
    out
}

fn put(value: &Value, depth: usize, out: &mut String) {
    let line = value.to_string();
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) if line.len() > LINE => members
            .iter()
            .map(|(name, member)| (format!("{}: ", Value::from(name.as_str())), member))
            .collect(),
        Value::Array(items) if line.len() > LINE => items.iter().map(|item| (String::new(), item)).collect(),
        _ => return out.push_str(&line),
    };
    let (first, last) = if value.is_object() { ('{', '}') } else { ('[', ']') };
    out.push(first);
    for (place, (name, member)) in members.iter().enumerate() {
        out.push_str(if place == 0 { "\n" } else { ",\n" });
        out.push_str(&" ".repeat(depth + 1));
        out.push_str(name);
        put(member, depth + 1, out);
    }
    out.push('\n');
    out.push_str(&" ".repeat(depth));
    out.push(last);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_text_is_the_value() {
        let value =
            json!({"short": [1, 2], "long": ["x".repeat(60), {"y": "y".repeat(60)}, "\"\n"], "none": {}});
        let text = text(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(value));
        assert!(text.contains("\"short\":[1,2]") || text.contains("\"short\": [1,2]"), "{text}");
        assert!(text.lines().count() > 5 && text.ends_with("}\n"));
    }
}
