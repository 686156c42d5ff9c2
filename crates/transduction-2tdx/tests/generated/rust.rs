//! Generated Rust, compiled without a warning and run.

use std::cell::RefCell;
use std::fs;
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::rules::{apply, chosen, code, random};
use crate::term::{Term, any_case};
use crate::tools::{Program, folder, run};

const INSTALL: &str = "https://rustup.rs";

/// One program with a module for each rule set.
fn compile(sets: &[Vec<Value>]) -> Program {
    let folder = folder("generated-rust");
    let (mut library, mut arms) = (String::new(), String::new());
    for (number, patterns) in sets.iter().enumerate() {
        fs::write(folder.join(format!("rules_{number}.rs")), code("rust", patterns)).expect("a file");
        library.push_str(&format!("pub mod rules_{number};\n"));
        arms.push_str(&format!(
            "\"{number}\" => answer!(generated::rules_{number}, strategy.as_str(), steps, nodes, &mut words),\n"
        ));
    }
    fs::write(folder.join("generated.rs"), library).expect("a file");
    let harness = include_str!("harness.rs").replace("// MODULES", &arms);
    fs::write(folder.join("harness.rs"), harness).expect("a file");
    let rustc = || {
        let mut rustc = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into()));
        rustc.current_dir(&folder).args(["--edition", "2024"]);
        rustc
    };
    run(rustc().args(["--crate-type", "rlib", "-Dwarnings", "generated.rs"]), INSTALL);
    run(rustc().args(["--extern", "generated=libgenerated.rlib", "harness.rs"]), INSTALL);
    Program::start(&mut Command::new(folder.join("harness")), INSTALL)
}

/// What the service answers, in the form in which the harness does.
fn expected(patterns: &[Value], strategy: &str, steps: u64, nodes: u64, term: &Term) -> String {
    let reply = apply(&json!({
        "patterns": patterns, "expression": term.text(), "strategy": strategy,
        "max_steps": steps, "max_nodes": nodes, "trace_limit": 1000, "timeout_ms": 1000,
    }));
    let mut out = format!("{} {}", reply["stop_reason"].as_str().unwrap_or_default(), reply["steps"]);
    for step in reply["trace"].as_array().into_iter().flatten() {
        out.push_str(&format!(" {}@{}", step["pattern_name"].as_str().unwrap_or_default(), step["at"]));
    }
    format!("{out} {}", reply["expression"].as_str().unwrap_or_default())
}

#[test]
fn generated_rust_takes_the_same_steps_as_the_service() {
    let mut sets = chosen();
    sets.extend(random(24));
    let program = RefCell::new(compile(&sets));
    let mut outcomes: std::collections::BTreeMap<(String, String), u32> = std::collections::BTreeMap::new();
    let outcomes_seen = RefCell::new(&mut outcomes);
    let strategy = (
        any_case(&sets),
        prop::sample::select(vec!["root", "everywhere", "fixpoint"]),
        prop_oneof![Just(0u64), 1u64..6, Just(200)],
        prop_oneof![0u64..8, Just(2000)],
    );
    let config = Config { cases: 3000, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |((set, term), strategy, steps, room)| {
        // The service refuses a term that is larger than the limit before a rule is tried.
        let nodes = term.words().split(' ').count() as u64 + room;
        let answer = program.borrow_mut().ask(&format!("{set} {strategy} {steps} {nodes} {}", term.words()));
        let mut words = answer.split(' ').map(str::to_owned);
        let count = words.by_ref().take(2).collect::<Vec<_>>();
        let trace: usize = count[1].parse().expect("a number of steps");
        let mut head: Vec<String> = count.clone();
        head.extend(words.by_ref().take(trace));
        let mut words = words.map(|word| {
            let (name, arity) = word.rsplit_once('/').expect("name/arity");
            (name.to_owned(), arity.parse().expect("a number"))
        });
        let result = Term::read(&mut words).text();
        let expected = expected(&sets[set], strategy, steps, nodes, &term);
        prop_assert_eq!(format!("{} {result}", head.join(" ")), expected);
        let kind = if trace > 0 { "changed" } else { "unchanged" };
        *outcomes_seen.borrow_mut().entry((count[0].clone(), kind.into())).or_default() += 1;
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // The random terms must have met every way to end, or the comparison would show little.
    for (stop, kind) in [
        ("complete", "changed"),
        ("complete", "unchanged"),
        ("step_limit", "changed"),
        ("step_limit", "unchanged"),
        ("node_limit", "changed"),
    ] {
        let seen = outcomes.get(&(stop.to_owned(), kind.to_owned())).copied().unwrap_or_default();
        assert!(seen > 0, "{stop}, {kind}: {seen} times; {outcomes:?}");
    }
}
