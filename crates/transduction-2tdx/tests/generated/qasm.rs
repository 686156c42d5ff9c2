//! Generated OpenQASM 3: read by the reference parser, and run on basis states.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ramanujan_tests::skip::{self, OPENQASM};
use serde_json::{Value, json};

use crate::rules::{apply, chosen, code, generate, random};
use crate::term::any_case;
use crate::tools::{Program, folder};

const INSTALL: &str = "scripts/python.sh openqasm";

/// The Python that has the parser.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    target.join("python/openqasm/bin/python")
}

fn start(folder: &Path, number: usize, patterns: &[Value]) -> Program {
    let file = folder.join(format!("rules_{number}.qasm"));
    fs::write(&file, code("qasm", patterns)).expect("a file");
    let mut python = Command::new(python());
    Program::start(python.arg(folder.join("simulate.py")).arg(&file), INSTALL)
}

#[test]
fn generated_qasm_decides_as_the_service() {
    if !skip::has(OPENQASM, &[&python().to_string_lossy()]) {
        return;
    }
    let folder = folder("generated-qasm");
    fs::write(folder.join("simulate.py"), include_str!("simulate.py")).expect("a file");
    let mut sets = chosen();
    sets.extend(random(10));
    let programs: Vec<RefCell<Program>> = sets
        .iter()
        .enumerate()
        .map(|(number, patterns)| RefCell::new(start(&folder, number, patterns)))
        .collect();
    let fired = RefCell::new(0);
    let config = Config { cases: 600, failure_persistence: None, ..Config::default() };
    let sizes = RefCell::new(vec![None::<Value>; sets.len()]);
    let result = TestRunner::new(config).run(&any_case(&sets), |(set, term)| {
        let text = term.text();
        let generated = generate("qasm", &sets[set], Some(&text));
        let mut program = programs[set].borrow_mut();
        let mut sizes = sizes.borrow_mut();
        let line = generated["input"].to_string();
        let answer = if sizes[set].is_none() {
            // The first line that a program writes tells its registers.
            let first = program.ask(&line);
            sizes[set] = serde_json::from_str(&first).ok();
            program.hear()
        } else {
            program.ask(&line)
        };
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let inputs = sizes[set].as_ref().and_then(|sizes| sizes["input"].as_object()).cloned();
        let given = generated["input"].as_object().cloned();
        prop_assert_eq!(
            inputs.iter().flat_map(|inputs| inputs.keys()).collect::<Vec<_>>(),
            given.iter().flat_map(|given| given.keys()).collect::<Vec<_>>()
        );
        prop_assert_eq!(&answer["clean"], &json!(true));
        let names: Vec<&Value> =
            generated["rules"].as_array().into_iter().flatten().map(|rule| &rule["pattern_name"]).collect();
        let steps =
            |patterns: &[Value]| apply(&json!({"patterns": patterns, "expression": text}))["trace"].clone();
        let all = steps(&sets[set]);
        for (place, name) in names.iter().enumerate() {
            let alone: Vec<Value> =
                sets[set].iter().filter(|pattern| pattern["pattern_name"] == **name).cloned().collect();
            let matched = u64::from(steps(&alone).get(0).is_some());
            prop_assert_eq!(&answer["outputs"]["matched"][place], &json!(matched), "rule {}", name);
            let fires = u64::from(all.get(0).is_some_and(|step| step["pattern_name"] == **name));
            prop_assert_eq!(&answer["outputs"]["fires"][place], &json!(fires), "rule {}", name);
            *fired.borrow_mut() += fires;
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let fired = fired.into_inner();
    assert!(fired >= 20, "rules applied to {fired} terms only");
}
