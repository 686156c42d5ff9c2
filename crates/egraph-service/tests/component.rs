//! The built component offers both of its faces: HTTP and the WIT interface.
//!
//! Needs the Wasm build (`cargo build -p egraph-service --target wasm32-wasip2 --profile component`); says so where
//! there is none.

use std::path::PathBuf;

use wasmparser::{Parser, Payload};

#[test]
fn exports_http_and_gadgets() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let file = target.join("wasm32-wasip2/component/egraph_service.wasm");
    let Ok(bytes) = std::fs::read(&file) else {
        eprintln!("SKIPPED: {} is not built", file.display());
        return;
    };
    let mut depth = 0;
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.expect("a well-formed component") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports
                    .extend(section.into_iter().map(|export| export.expect("an export").name.0.to_owned()));
            }
            _ => {}
        }
    }
    assert!(exports.iter().any(|name| name == "ramanujan:gadgets/gadgets"), "{exports:?}");
    assert!(exports.iter().any(|name| name.starts_with("wasi:http/incoming-handler@0.2")), "{exports:?}");
}
