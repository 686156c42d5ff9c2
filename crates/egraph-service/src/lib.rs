//! egraph-service: equality saturation, proofs and shared equalities as HTTP routes over `ramanujan-egraph`.
//!
//! `settings` reads what requests have in common, `theory` what they speak of (languages, operators, rules, costs);
//! `saturate`, `verify`, `merge`, `rules` answer the routes; `graph` shows the e-graph itself; `memo` keeps replies; the
//! page is in `assets/`, mounted as files; [`gadget`] is what `provider` exports as the WIT interface
//! `gadgets`. Settings come from the manifest. Everything with a law is in the library.

pub mod gadget;
mod graph;
mod memo;
mod merge;
mod rules;
mod saturate;
mod schema;
mod settings;
mod show;
mod theory;
mod verify;

#[cfg(target_family = "wasm")]
mod provider;

use ramanujan_core::{Code, Color, Problem};
use ramanujan_shell::files::Folder;
use ramanujan_shell::{Info, Service, setting};
use serde_json::{Map, Value};

/// The workbench: `assets/`.
const PAGE: Folder = Folder::new("/page");
/// What all pages share: `web/shared/`.
const SHARED: Folder = Folder::new("/shared");
/// JavaScript libraries (`web/README.md`).
const LIBRARIES: Folder = Folder::new("/lib");

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "egraph-service",
        message: "E-graph operation received",
        base: "/egraph",
        version: env!("CARGO_PKG_VERSION"),
        constants,
    })
    .post("/egraph/saturate", async |request| saturate::saturate(&request))
    .get("/egraph/rules", async |request| rules::rules(&request))
    .post("/egraph/verify", async |request| verify::verify(&request))
    .post("/egraph/explain", async |request| verify::explain(&request))
    .post("/egraph/merge", async |request| merge::merge(&request))
    .get("/egraph/graphs/{graph}", async |request| merge::facts(&request))
    .page(async |request| PAGE.serve(&request, "index.html"))
    .get("/egraph/page/{file}", async |request| PAGE.serve(&request, request.param("file")))
    .get("/egraph/shared/{file}", async |request| SHARED.serve(&request, request.param("file")))
    .get("/egraph/lib/{file}", async |request| LIBRARIES.serve(&request, request.param("file")))
    .get("/egraph/cache/stats", async |request| memo::stats(&request))
}

fn constants() -> Map<String, Value> {
    let gadgets = gadgets().unwrap_or_default();
    let gadgets: Vec<Value> = gadgets.iter().map(|g| g.as_str().to_ascii_lowercase().into()).collect();
    let mut members = Map::new();
    members.insert("service".into(), "E-Graph Saturation".into());
    members.insert("gadgets_enabled".into(), gadgets.into());
    members.insert("constraint_enforcement".into(), "construction".into());
    members
}

/// The gadgets that `GADGETS_ENABLED` names; all where it is not set.
fn gadgets() -> Result<Vec<Color>, Problem> {
    let Some(text) = setting::text("GADGETS_ENABLED") else {
        return Ok(Color::ALL.to_vec());
    };
    let parse = |word: &str| {
        word.trim().parse::<Color>().map_err(|error| {
            let detail = format!("the setting GADGETS_ENABLED={text:?} is not usable: {error}");
            Problem::new(Code::InvalidSetting, detail)
        })
    };
    text.split(',').map(parse).collect()
}

ramanujan_shell::entry!(crate::service);
