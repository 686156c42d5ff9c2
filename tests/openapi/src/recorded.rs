//! Replies of a network as examples of the document: put in, and taken out again, for they are not the same twice.

use serde_json::{Value, json};

use crate::examples::{Answer, Checker, STRICT};

/// Puts the replies into the document as examples of its responses, and what was sent where a reply decided it.
pub fn record(document: &mut Value, answers: &[Answer]) {
    for answer in answers {
        let operation = &mut document["paths"][&answer.path][&answer.method];
        for (parameter, value) in answer.sent.iter().filter(|_| answer.status < 400) {
            let example = json!({"value": value});
            match parameter {
                Some(name) => {
                    let parameters = operation.pointer_mut("/parameters").and_then(Value::as_array_mut);
                    for parameter in
                        parameters.into_iter().flatten().filter(|parameter| parameter["name"] == **name)
                    {
                        parameter["examples"][&answer.name] = example.clone();
                    }
                }
                None => {
                    let media = operation.pointer_mut("/requestBody/content/application~1json");
                    media.into_iter().for_each(|media| media["examples"][&answer.name] = example.clone());
                }
            }
        }
        let Some(value) = &answer.value else { continue };
        let responses = operation["responses"].get_mut(answer.status.to_string());
        let content = responses.and_then(|response| response.get_mut("content"));
        if let Some(media) = content.and_then(|content| content.get_mut(&answer.media_type)) {
            media["examples"][&answer.name] = match &answer.asked {
                Some(asked) => json!({"description": format!("The reply to {asked}"), "value": value}),
                None => json!({"value": value}),
            };
        }
    }
}

/// Takes what [`record`] put into the document out again, for it is not the same twice; `made` is the document without.
/// Returns the replies, each with the place of its schema.
pub fn unrecord(document: &mut Value, made: &Value) -> Vec<(Vec<String>, Value)> {
    let mut taken = Vec::new();
    for (path, operations) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            let was = &made["paths"][path][method];
            for (at, parameter) in operation
                .pointer_mut("/parameters")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
                .enumerate()
            {
                keep_examples(parameter, &was["parameters"][at]);
            }
            for (media, entry) in operation
                .pointer_mut("/requestBody/content")
                .and_then(Value::as_object_mut)
                .into_iter()
                .flatten()
            {
                keep_examples(entry, &was["requestBody"]["content"][media]);
            }
            for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
                for (media, entry) in
                    response.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten()
                {
                    let Some(examples) = entry.as_object_mut().and_then(|entry| entry.remove("examples"))
                    else {
                        continue;
                    };
                    let place = ["paths", path, method, "responses", status, "content", media, "schema"];
                    let place: Vec<_> = place.iter().map(|step| (*step).to_owned()).collect();
                    for example in
                        examples.as_object().into_iter().flatten().map(|(_, example)| &example["value"])
                    {
                        taken.push((place.clone(), example.clone()));
                    }
                }
            }
        }
    }
    taken
}

/// Takes away the examples of a parameter or a body that `was` does not have.
fn keep_examples(entry: &mut Value, was: &Value) {
    let Some(entry) = entry.as_object_mut() else { return };
    if let Some(examples) = entry.get_mut("examples").and_then(Value::as_object_mut) {
        examples.retain(|name, _| was["examples"].get(name).is_some());
        if examples.is_empty() {
            entry.remove("examples");
        }
    }
}

/// What is wrong with replies that the document has as examples.
pub fn complaints(document: &Value, recorded: &[(Vec<String>, Value)]) -> Vec<String> {
    let mut checker = Checker::new(document);
    let mut found = Vec::new();
    for (place, value) in recorded {
        let steps: Vec<_> = place.iter().map(String::as_str).collect();
        found.extend(checker.complaint(STRICT, &steps, value).map(|text| format!("{place:?}: {text}")));
    }
    found
}
