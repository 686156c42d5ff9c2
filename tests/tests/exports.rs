//! Built components that others are composed with offer both of their faces: HTTP and their WIT interface; streams
//! import what they use and no more.

use std::path::PathBuf;

use wasmparser::{Parser, Payload};

/// Names that a component imports and exports itself, not those of what it contains.
fn faces(component: &str) -> (Vec<String>, Vec<String>) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = root.join("target/wasm32-wasip2/component").join(component);
    let bytes = std::fs::read(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; scripts/build.sh builds it", file.display()));
    let mut depth = 0;
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.expect("a well-formed component") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports
                    .extend(section.into_iter().map(|import| import.expect("an import").name.0.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports
                    .extend(section.into_iter().map(|export| export.expect("an export").name.0.to_owned()));
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn components_export_http_and_their_interface() {
    for (component, interface) in [
        ("duck_colors.wasm", "ramanujan:colors/colors"),
        ("egraph_service.wasm", "ramanujan:gadgets/gadgets"),
    ] {
        let (_, exports) = faces(component);
        assert!(exports.iter().any(|name| name == interface), "{component}: {exports:?}");
        let http = |name: &String| name.starts_with("wasi:http/incoming-handler@0.2");
        assert!(exports.iter().any(http), "{component}: {exports:?}");
    }
}

/// GREEN alone canonicalizes and verifies; the weight of that is not put on the others.
#[test]
fn streams_import_what_they_use() {
    for (component, colors, gadgets) in [
        ("stream_red.wasm", true, false),
        ("stream_blue.wasm", true, false),
        ("stream_green.wasm", true, true),
    ] {
        let (imports, _) = faces(component);
        let has = |interface: &str| imports.iter().any(|name| name == interface);
        assert_eq!(has("ramanujan:colors/colors"), colors, "{component}: {imports:?}");
        assert_eq!(has("ramanujan:gadgets/gadgets"), gadgets, "{component}: {imports:?}");
    }
}
