//! Rust: a module of the standard library alone that rewrites terms exactly as `POST /skill/apply` does.
//!
//! A fixed part, `runtime.rs`, holds terms and the strategies. The rest is written here: one function per rule, the
//! list of them in the order of their schedule, and the colours of names.

use std::fmt::Write as _;

use ramanujan_core::Color;
use ramanujan_egraph::operators::COLOR_PREFIXES;

use super::escape::escaped;
use super::program::{Build, Check, Program, Steps};

const RUNTIME: &str = include_str!("runtime.rs");

/// The program as a Rust module.
pub fn write(program: &Program) -> String {
    let mut out =
        String::from("//! Generated from rewrite rules, in the order in which they are tried:\n//!\n");
    for rule in &program.rules {
        let _ = writeln!(out, "//! - {}: {}", escaped(&rule.name), escaped(&rule.text));
    }
    out.push('\n');
    out.push_str(RUNTIME);
    colors(&mut out, program);
    let _ = writeln!(
        out,
        "/// Names of the rules and their functions, in the order in which they are tried.\n\
         pub const RULES: [(&str, Rule); {}] = [",
        program.rules.len()
    );
    for (number, rule) in program.rules.iter().enumerate() {
        let _ = writeln!(out, "    (\"{}\", rule_{number}),", escaped(&rule.name));
    }
    out.push_str("];\n");
    for (number, rule) in program.rules.iter().enumerate() {
        function(&mut out, program, number, rule);
    }
    out
}

fn variant(color: Color) -> &'static str {
    match color {
        Color::Red => "Color::Red",
        Color::Blue => "Color::Blue",
        Color::Green => "Color::Green",
    }
}

fn colors(out: &mut String, program: &Program) {
    out.push_str(
        "/// The colour of a name with `arity` arguments.\n\
         fn color_of(name: &str, arity: usize) -> Color {\n    \
         match name {\n        _ if arity == 0 => Color::Green,\n",
    );
    for (name, color) in &program.colors {
        let _ = writeln!(out, "        \"{}\" => {},", escaped(name), variant(*color));
    }
    for (prefix, color) in COLOR_PREFIXES {
        let _ =
            writeln!(out, "        _ if name.starts_with(\"{}\") => {},", escaped(prefix), variant(color));
    }
    out.push_str("        _ => Color::Green,\n    }\n}\n\n");
}

fn function(out: &mut String, program: &Program, number: usize, rule: &Steps) {
    let _ = writeln!(
        out,
        "\nfn rule_{number}(terms: &mut Terms, s0: usize) -> Option<usize> {{\n    // {}",
        escaped(&rule.text)
    );
    let used = used(rule);
    let slot = |slot: usize| if used[slot] { format!("s{slot}") } else { "_".to_owned() };
    for check in &rule.checks {
        let failed = match *check {
            Check::Head { slot: at, head, first } => {
                let head = &program.heads[head];
                let arguments: Vec<String> = (first..first + head.arity).map(slot).collect();
                let _ = writeln!(
                    out,
                    "    let [{}] = terms.arguments(s{at}, \"{}\")?;",
                    arguments.join(", "),
                    escaped(&head.name)
                );
                continue;
            }
            Check::Equal { slot, other, equal: true } => format!("s{slot} != s{other}"),
            Check::Equal { slot, other, equal: false } => format!("s{slot} == s{other}"),
            Check::Color { slot, color, is: true } => format!("terms.color(s{slot}) != {}", variant(color)),
            Check::Color { slot, color, is: false } => format!("terms.color(s{slot}) == {}", variant(color)),
            Check::Child { parent, child } => format!("!terms.children(s{parent}).contains(&s{child})"),
        };
        let _ = writeln!(out, "    if {failed} {{\n        return None;\n    }}");
    }
    let mut made = 0;
    let result = build(out, program, &rule.build, &mut made);
    let _ = writeln!(out, "    Some({result})\n}}");
}

/// Which slots a later step names: others are not bound, so that the compiler has nothing to warn of.
fn used(rule: &Steps) -> Vec<bool> {
    fn mark(build: &Build, used: &mut [bool]) {
        match build {
            Build::Slot(slot) => used[*slot] = true,
            Build::Node { children, .. } => children.iter().for_each(|child| mark(child, used)),
        }
    }
    let mut used = vec![false; rule.paths.len()];
    for check in &rule.checks {
        match *check {
            Check::Head { slot, .. } | Check::Color { slot, .. } => used[slot] = true,
            Check::Equal { slot: a, other: b, .. } | Check::Child { parent: a, child: b } => {
                used[a] = true;
                used[b] = true;
            }
        }
    }
    mark(&rule.build, &mut used);
    used
}

/// Writes what makes the term and gives the variable that holds it.
fn build(out: &mut String, program: &Program, term: &Build, made: &mut usize) -> String {
    match term {
        Build::Slot(slot) => format!("s{slot}"),
        Build::Node { head, children } => {
            let children: Vec<String> =
                children.iter().map(|child| build(out, program, child, made)).collect();
            let name = escaped(&program.heads[*head].name);
            let this = format!("t{made}");
            *made += 1;
            let _ = writeln!(out, "    let {this} = terms.add(\"{name}\", &[{}]);", children.join(", "));
            this
        }
    }
}
