//! What the pages say of the types is what the table of types says.

use ramanujan_crdt::CrdtType;
use ramanujan_crdt::types::names_of;

fn page(name: &str) -> String {
    let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_pages_list_every_type() {
    let (types, encoding, documents) = (page("types.md"), page("encoding.md"), page("documents.md"));
    for crdt_type in CrdtType::ALL {
        let name = crdt_type.as_str();
        let about = crdt_type.about();
        assert!(!about.summary.is_empty());
        assert!(documents.contains(&format!("`{name}`")), "documents.md says nothing of {name}");
        let in_envelopes = format!("{} {name}", crdt_type.number() + 1);
        assert!(encoding.contains(&in_envelopes), "encoding.md has no {in_envelopes}");
        // Text has a page of its own, and its states are documents.
        if crdt_type == CrdtType::Text {
            continue;
        }
        let in_states = format!("{:02x} {name}", crdt_type.number());
        assert!(types.contains(&in_states), "types.md has no {in_states}");
        let operations = match crdt_type {
            CrdtType::Json => "see below".to_owned(),
            _ => names_of(crdt_type).join(", "),
        };
        let row = format!("| `{name}` | {operations} | {} | {} |", about.value, about.concurrent);
        assert!(types.contains(&row), "types.md lacks the row\n{row}");
    }
}

#[test]
fn the_pages_name_every_operation() {
    let documents = page("documents.md");
    for crdt_type in CrdtType::ALL {
        for name in names_of(crdt_type) {
            assert!(documents.contains(&format!("`{name}`")), "documents.md has no {name}");
        }
    }
}
