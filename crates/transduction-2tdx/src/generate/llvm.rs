//! LLVM IR (opaque pointers: LLVM 15 and later, 14 with `-opaque-pointers`): the rules at the root of a flat term.
//!
//! A term is an array of `%node`, as `runtime.ll` defines it. `@decide(term)` gives the number of the first rule that
//! applies, −1 if none does. `@rewrite(term, out, capacity)` writes what that rule makes of the term and gives the
//! number of nodes written, 0 if no rule applies, −1 if they are more than `capacity` or than 2^31 − 1; nothing is
//! written then. `@symbols` names the symbols.

use std::collections::HashMap;
use std::fmt::Write as _;

use ramanujan_core::Color;
use ramanujan_egraph::syntactic::TermGraph;
use ramanujan_egraph::vocabulary::{Name, Vocabulary};

use super::escape::escaped;
use super::program::{Build, Check, Program, Steps};

const RUNTIME: &str = include_str!("runtime.ll");

/// The program as an LLVM module.
pub fn write(program: &Program) -> String {
    let mut out = String::from("; Generated from rewrite rules, in the order in which they are tried:\n;\n");
    for (number, rule) in program.rules.iter().enumerate() {
        let _ = writeln!(out, "; {number} {}: {}", escaped(&rule.name), escaped(&rule.text));
    }
    out.push('\n');
    out.push_str(RUNTIME);
    symbols(&mut out, &program.symbols());
    for (number, rule) in program.rules.iter().enumerate() {
        let function = Function { program, rule, number };
        function.matches(&mut out);
        function.build(&mut out);
    }
    entry_points(&mut out, program);
    out
}

/// A colour's number in a node.
pub fn color_code(color: Color) -> u32 {
    match color {
        Color::Green => 0,
        Color::Blue => 1,
        Color::Red => 2,
    }
}

/// A term as the module takes it: all symbols by their numbers, and for each node symbol, number of arguments, size and
/// colour. The term must be small enough to be written out as a tree.
pub fn encode(
    program: &Program,
    vocabulary: &Vocabulary,
    graph: &TermGraph,
    root: u32,
) -> (Vec<String>, Vec<[u64; 4]>) {
    let mut symbols: Vec<String> = program.symbols().into_iter().map(str::to_owned).collect();
    let mut numbers: HashMap<Name, usize> = symbols
        .iter()
        .enumerate()
        .filter_map(|(number, symbol)| Some((vocabulary.get(symbol)?, number)))
        .collect();
    let mut nodes = Vec::new();
    let mut open = vec![root];
    while let Some(place) = open.pop() {
        let node = graph.node(place);
        let text = vocabulary.text(node.name);
        let number = *numbers.entry(node.name).or_insert_with(|| {
            symbols.push(text.to_owned());
            symbols.len() - 1
        });
        let arity = node.children.len();
        let color = color_code(vocabulary.color(node.name, arity));
        nodes.push([number as u64, arity as u64, graph.size(place), color.into()]);
        open.extend(node.children.iter().rev());
    }
    (symbols, nodes)
}

fn symbols(out: &mut String, symbols: &[&str]) {
    out.push_str("\n; Names by their numbers, with their lengths in bytes.\n");
    let mut rows = Vec::new();
    for (number, symbol) in symbols.iter().enumerate() {
        let bytes: String = symbol
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
                other => format!("\\{other:02X}"),
            })
            .collect();
        let length = symbol.len();
        let _ = writeln!(out, "@symbol.{number} = private constant [{length} x i8] c\"{bytes}\"");
        rows.push(format!("  {{ ptr, i64 }} {{ ptr @symbol.{number}, i64 {length} }}"));
    }
    let count = symbols.len();
    let _ = writeln!(out, "@symbol_count = constant i64 {count}");
    let _ = writeln!(out, "@symbols = constant [{count} x {{ ptr, i64 }}] [\n{}\n]", rows.join(",\n"));
}

struct Function<'a> {
    program: &'a Program,
    rule: &'a Steps,
    number: usize,
}

impl Function<'_> {
    /// `@match.N(term, bound)`: whether the rule applies; writes to `bound` where each slot is.
    fn matches(&self, out: &mut String) {
        let number = self.number;
        let _ = writeln!(out, "\n; {}", escaped(&self.rule.text));
        let _ = writeln!(out, "define internal i1 @match.{number}(ptr %term, ptr %bound) {{\nentry:");
        out.push_str("  %s0 = add i64 0, 0\n  store i64 %s0, ptr %bound\n");
        for (step, check) in self.rule.checks.iter().enumerate() {
            let holds = match *check {
                Check::Head { slot, head, .. } => {
                    let (symbol, arity) = (self.symbol(head), self.program.heads[head].arity);
                    let _ = writeln!(
                        out,
                        "  %c{step} = call i1 @is(ptr %term, i64 %s{slot}, i32 {symbol}, i32 {arity})"
                    );
                    true
                }
                Check::Equal { slot, other, equal } => {
                    let _ =
                        writeln!(out, "  %c{step} = call i1 @same(ptr %term, i64 %s{slot}, i64 %s{other})");
                    equal
                }
                Check::Color { slot, color, is } => {
                    let color = color_code(color);
                    let _ = writeln!(
                        out,
                        "  %c{step} = call i1 @has_color(ptr %term, i64 %s{slot}, i32 {color})"
                    );
                    is
                }
                Check::Child { parent, child } => {
                    let _ = writeln!(
                        out,
                        "  %c{step} = call i1 @has_child(ptr %term, i64 %s{parent}, i64 %s{child})"
                    );
                    true
                }
            };
            let (then, otherwise) = if holds {
                (format!("next{step}"), "no".into())
            } else {
                ("no".into(), format!("next{step}"))
            };
            let _ = writeln!(out, "  br i1 %c{step}, label %{then}, label %{otherwise}\nnext{step}:");
            if let Check::Head { slot, head, first } = *check {
                self.arguments(out, slot, first, self.program.heads[head].arity);
            }
        }
        out.push_str("  ret i1 true\nno:\n  ret i1 false\n}\n");
    }

    /// Finds the slots of the arguments: the first follows its parent, each other one the subterm before it.
    fn arguments(&self, out: &mut String, parent: usize, first: usize, arity: usize) {
        for slot in first..first + arity {
            if slot == first {
                let _ = writeln!(out, "  %s{slot} = add i64 %s{parent}, 1");
            } else {
                let before = slot - 1;
                let _ = writeln!(out, "  %s{before}.size = call i64 @size(ptr %term, i64 %s{before})");
                let _ = writeln!(out, "  %s{slot} = add i64 %s{before}, %s{before}.size");
            }
            let _ = writeln!(out, "  %b{slot} = getelementptr i64, ptr %bound, i64 {slot}");
            let _ = writeln!(out, "  store i64 %s{slot}, ptr %b{slot}");
        }
    }

    /// `@build.N(term, bound, out, capacity)`: writes the right side and gives its size, −1 if it does not fit.
    fn build(&self, out: &mut String) {
        let number = self.number;
        let _ = writeln!(
            out,
            "\ndefine internal i64 @build.{number}(ptr %term, ptr %bound, ptr %out, i64 %capacity) {{\nentry:"
        );
        let mut slots: Vec<usize> = Vec::new();
        let mut places = Vec::new();
        self.flatten(&self.rule.build, &mut places, &mut slots);
        for slot in slots {
            let _ = writeln!(out, "  %b{slot} = getelementptr i64, ptr %bound, i64 {slot}");
            let _ = writeln!(out, "  %s{slot} = load i64, ptr %b{slot}");
            let _ = writeln!(out, "  %s{slot}.size = call i64 @size(ptr %term, i64 %s{slot})");
        }
        // Children come after their parents, so sizes are known from the last place to the first.
        for (place, item) in places.iter().enumerate().rev() {
            match item {
                Item::Slot(slot) => {
                    let _ = writeln!(out, "  %n{place} = add i64 %s{slot}.size, 0");
                }
                Item::Node { children, .. } => {
                    let _ = writeln!(out, "  %n{place}.0 = add i64 1, 0");
                    for (index, child) in children.iter().enumerate() {
                        let _ =
                            writeln!(out, "  %n{place}.{} = add i64 %n{place}.{index}, %n{child}", index + 1);
                    }
                    let _ = writeln!(out, "  %n{place} = add i64 %n{place}.{}, 0", children.len());
                }
            }
        }
        out.push_str(
            "  %fits = icmp ule i64 %n0, %capacity\n  %counts = icmp ule i64 %n0, 2147483647\n  \
             %may = and i1 %fits, %counts\n  br i1 %may, label %write, label %full\nwrite:\n  \
             %o0 = add i64 0, 0\n",
        );
        for (place, item) in places.iter().enumerate() {
            let next = place + 1;
            match item {
                Item::Slot(slot) => {
                    let _ = writeln!(
                        out,
                        "  call void @copy(ptr %term, i64 %s{slot}, ptr %out, i64 %o{place}, i64 %s{slot}.size)"
                    );
                    let _ = writeln!(out, "  %o{next} = add i64 %o{place}, %s{slot}.size");
                }
                Item::Node { head, .. } => {
                    let (symbol, head) = (self.symbol(*head), &self.program.heads[*head]);
                    let _ = writeln!(
                        out,
                        "  call void @put(ptr %out, i64 %o{place}, i32 {symbol}, i32 {}, i64 %n{place}, i32 {})",
                        head.arity,
                        color_code(head.color)
                    );
                    let _ = writeln!(out, "  %o{next} = add i64 %o{place}, 1");
                }
            }
        }
        out.push_str("  ret i64 %n0\nfull:\n  ret i64 -1\n}\n");
    }

    /// The right side in pre-order, with the places of children, and the slots in it.
    fn flatten(&self, term: &Build, places: &mut Vec<Item>, slots: &mut Vec<usize>) -> usize {
        let place = places.len();
        match term {
            Build::Slot(slot) => {
                places.push(Item::Slot(*slot));
                if !slots.contains(slot) {
                    slots.push(*slot);
                }
            }
            Build::Node { head, children } => {
                places.push(Item::Node { head: *head, children: Vec::new() });
                let below = children.iter().map(|child| self.flatten(child, places, slots)).collect();
                places[place] = Item::Node { head: *head, children: below };
            }
        }
        place
    }

    fn symbol(&self, head: usize) -> usize {
        let name = &self.program.heads[head].name;
        self.program.symbols().iter().position(|symbol| symbol == name).unwrap_or_default()
    }
}

/// A place of the right side in pre-order.
enum Item {
    Slot(usize),
    Node { head: usize, children: Vec<usize> },
}

fn entry_points(out: &mut String, program: &Program) {
    let slots = program.rules.iter().map(|rule| rule.paths.len()).max().unwrap_or(1);
    out.push_str("\n; The number of the first rule that applies to the term, -1 if none does.\n");
    let _ = writeln!(out, "define i32 @decide(ptr %term) {{\nentry:\n  %bound = alloca i64, i64 {slots}");
    out.push_str("  br label %try0\n");
    for number in 0..program.rules.len() {
        let _ = writeln!(out, "try{number}:\n  %m{number} = call i1 @match.{number}(ptr %term, ptr %bound)");
        let _ = writeln!(out, "  br i1 %m{number}, label %yes{number}, label %try{}", number + 1);
        let _ = writeln!(out, "yes{number}:\n  ret i32 {number}");
    }
    let _ = writeln!(out, "try{}:\n  ret i32 -1\n}}", program.rules.len());
    out.push_str("\n; Writes what the first rule that applies makes of the term. Nodes written; 0: no rule; -1: no room.\n");
    out.push_str("define i64 @rewrite(ptr %term, ptr %out, i64 %capacity) {\nentry:\n");
    let _ = writeln!(out, "  %bound = alloca i64, i64 {slots}\n  br label %try0");
    for number in 0..program.rules.len() {
        let _ = writeln!(out, "try{number}:\n  %m{number} = call i1 @match.{number}(ptr %term, ptr %bound)");
        let _ = writeln!(out, "  br i1 %m{number}, label %yes{number}, label %try{}", number + 1);
        let _ = writeln!(
            out,
            "yes{number}:\n  %r{number} = call i64 @build.{number}(ptr %term, ptr %bound, ptr %out, i64 %capacity)\n  \
             ret i64 %r{number}"
        );
    }
    let _ = writeln!(out, "try{}:\n  ret i64 0\n}}", program.rules.len());
}
