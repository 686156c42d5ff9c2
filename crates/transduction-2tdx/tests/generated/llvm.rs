//! Generated LLVM IR: assembled, verified, compiled, linked to a C program and run.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ramanujan_tests::skip::{self, LLVM};
use serde_json::{Value, json};

use crate::rules::{apply, chosen, code, generate, random};
use crate::term::any_case;
use crate::tools::{Program, folder, run};

const INSTALL: &str = "apt-get install llvm";

/// LLVM 14 knows opaque pointers only when asked to.
fn opaque_pointers() -> &'static [&'static str] {
    let version = run(Command::new("llvm-as").arg("--version"), INSTALL);
    let major = version.split("LLVM version ").nth(1).and_then(|rest| rest.split('.').next());
    let major: u32 = major.and_then(|major| major.parse().ok()).expect("llvm-as tells its version");
    if major < 15 { &["-opaque-pointers"] } else { &[] }
}

fn compile(folder: &Path, number: usize, patterns: &[Value], flags: &[&str]) -> Program {
    let file = |ending: &str| folder.join(format!("rules_{number}{ending}"));
    fs::write(file(".ll"), code("llvm", patterns)).expect("a file");
    run(Command::new("llvm-as").args(flags).arg(file(".ll")).arg("-o").arg(file(".bc")), INSTALL);
    let mut opt = Command::new("opt");
    run(opt.args(flags).args(["-passes=verify", "-disable-output"]).arg(file(".bc")), INSTALL);
    let mut llc = Command::new("llc");
    llc.args(flags).args(["-filetype=obj", "-relocation-model=pic"]);
    run(llc.arg(file(".bc")).arg("-o").arg(file(".o")), INSTALL);
    let mut cc = Command::new("cc");
    cc.arg(folder.join("harness.c")).arg(file(".o")).arg("-o").arg(file(""));
    run(&mut cc, "apt-get install build-essential");
    Program::start(&mut Command::new(file("")), INSTALL)
}

fn numbers(line: &str) -> Vec<i64> {
    line.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}

#[test]
fn generated_llvm_decides_and_rewrites_as_the_service() {
    if !skip::has(LLVM, &["llvm-as", "opt", "llc"]) {
        return;
    }
    let flags = opaque_pointers();
    let folder = folder("generated-llvm");
    fs::write(folder.join("harness.c"), include_str!("harness.c")).expect("a file");
    let mut sets = chosen();
    sets.extend(random(12));
    let mut programs = Vec::new();
    for (number, patterns) in sets.iter().enumerate() {
        let mut program = compile(&folder, number, patterns, flags);
        // The table of symbols, which the program prints first, says what the reply says.
        let symbols = program.ask("");
        let encoded = generate("llvm", patterns, Some("unknown"));
        let told: Vec<String> = encoded["input"]["symbols"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|name| name.bytes().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        assert_eq!(symbols.split(' ').collect::<Vec<_>>(), told[..told.len() - 1], "set {number}");
        programs.push(RefCell::new(program));
    }
    let fired = RefCell::new(0);
    let strategy = (any_case(&sets), prop_oneof![1 => 0i64..10, 3 => Just(10_000i64)]);
    let config = Config { cases: 1500, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |((set, term), capacity)| {
        let text = term.text();
        let encoded = generate("llvm", &sets[set], Some(&text));
        let flat = |encoded: &Value| -> Vec<i64> {
            let nodes = encoded["input"]["nodes"].as_array().into_iter().flatten();
            nodes.flat_map(|node| node.as_array().into_iter().flatten().filter_map(Value::as_i64)).collect()
        };
        let nodes = flat(&encoded);
        let line: Vec<String> = nodes.iter().map(i64::to_string).collect();
        let line = format!("{capacity} {} {}", nodes.len() / 4, line.join(" "));
        let answer = numbers(&programs[set].borrow_mut().ask(&line));
        let reply = apply(&json!({"patterns": sets[set], "expression": text}));
        // The service names the rule; its place in the schedule is in the reply of the generator.
        let rule = encoded["rules"].as_array().into_iter().flatten().position(|rule| {
            Some(&rule["pattern_name"]) == reply["trace"].get(0).map(|step| &step["pattern_name"])
        });
        prop_assert_eq!(answer[0], rule.map_or(-1, |rule| rule as i64));
        let size = reply["nodes"].as_i64().unwrap_or_default();
        match rule {
            None => prop_assert_eq!(&answer[1..], &[0]),
            Some(_) if size > capacity => prop_assert_eq!(&answer[1..], &[-1]),
            Some(_) => {
                // The result in the numbers of the input: encoded behind it, so that its symbols are known.
                let both = format!("(pair {text} {})", reply["expression"].as_str().unwrap_or_default());
                let expected = flat(&generate("llvm", &sets[set], Some(&both)));
                let own = |values: &[i64]| -> Vec<i64> {
                    let symbols = generate("llvm", &sets[set], Some(&both))["input"]["symbols"].clone();
                    let pair = symbols.as_array().and_then(|all| all.iter().position(|s| s == "pair"));
                    // `pair` takes one number before those of the input's own symbols.
                    let pair = pair.unwrap_or_default() as i64;
                    let shift = |(place, value): (usize, &i64)| {
                        if place % 4 == 0 && *value >= pair { value + 1 } else { *value }
                    };
                    values.iter().enumerate().map(shift).collect()
                };
                prop_assert_eq!(answer[1], size);
                prop_assert_eq!(own(&answer[2..]), &expected[4 + nodes.len()..]);
                *fired.borrow_mut() += 1;
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let fired = fired.into_inner();
    assert!(fired >= 50, "rules applied to {fired} terms only");
}
