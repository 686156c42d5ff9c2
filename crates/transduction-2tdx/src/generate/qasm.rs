//! OpenQASM 3: the decision which rule applies at the root, as a reversible circuit on a classically encoded term.
//!
//! The circuit computes |t, 0⟩ → |t, f(t)⟩ by controlled NOTs alone and returns its work qubits to |0⟩, so it may also
//! stand as an oracle in a larger program; here it is run on the basis state that the inputs name and measured. The
//! right sides are not built: that is not reversible where a rule drops a variable. Inputs, of the places that some
//! rule looks at (a comment of the program gives the place of each):
//!
//! - `head_i`: the number of the place's head in the list of heads, all ones for any other head or no such place;
//! - `term_i`: a number of the term at the place, equal for equal terms;
//! - `color_i`: 0 GREEN, 1 BLUE, 2 RED;
//! - `child_i_j`: whether the term at place j is a direct argument of the term at place i.
//!
//! Bit 0 is the least significant. Outputs: `matched[k]`, whether rule k applies; `fires[k]`, whether it is the first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ramanujan_core::Color;
use ramanujan_egraph::syntactic::TermGraph;
use ramanujan_egraph::vocabulary::Vocabulary;

use super::escape::escaped;
use super::llvm::color_code;
use super::program::{Check, Program};

/// An input register: what it says of which places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Register {
    Head(usize),
    Term(usize),
    Color(usize),
    Child(usize, usize),
}

impl Register {
    fn name(self) -> String {
        match self {
            Register::Head(place) => format!("head_{place}"),
            Register::Term(place) => format!("term_{place}"),
            Register::Color(place) => format!("color_{place}"),
            Register::Child(parent, child) => format!("child_{parent}_{child}"),
        }
    }

    /// The register's qubits are named apart from its input bits.
    fn qubits(self) -> String {
        format!("q_{}", self.name())
    }
}

/// The places, numbered over all rules, and the registers with their widths in bits.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Paths from the root.
    pub places: Vec<Vec<usize>>,
    pub registers: BTreeMap<Register, usize>,
}

impl Layout {
    pub fn of(program: &Program) -> Layout {
        let mut layout = Layout::default();
        let head_bits = bits(program.heads.len() + 1);
        let mut compared = Vec::new();
        for rule in &program.rules {
            for check in &rule.checks {
                let mut place = |slot: usize| layout_place(&mut layout.places, &rule.paths[slot]);
                match *check {
                    Check::Head { slot, .. } => {
                        let place = place(slot);
                        layout.registers.insert(Register::Head(place), head_bits);
                    }
                    Check::Equal { slot, other, .. } => compared.extend([place(slot), place(other)]),
                    Check::Color { slot, .. } => {
                        let place = place(slot);
                        layout.registers.insert(Register::Color(place), 2);
                    }
                    Check::Child { parent, child } => {
                        let (parent, child) = (place(parent), place(child));
                        layout.registers.insert(Register::Child(parent, child), 1);
                    }
                }
            }
        }
        compared.sort_unstable();
        compared.dedup();
        // As many numbers as there are places suffice to tell their terms apart.
        let term_bits = bits(compared.len());
        layout.registers.extend(compared.into_iter().map(|place| (Register::Term(place), term_bits)));
        layout
    }

    fn place(&self, path: &[usize]) -> usize {
        self.places.iter().position(|known| known == path).unwrap_or_default()
    }
}

/// The inputs of the program for a term: for each register its bits, the most significant first.
pub fn encode(
    program: &Program,
    vocabulary: &Vocabulary,
    graph: &TermGraph,
    root: u32,
) -> BTreeMap<String, String> {
    let layout = Layout::of(program);
    let at = |place: usize| {
        let mut places = layout.places[place].iter();
        places.try_fold(root, |place, index| graph.node(place).children.get(*index).copied())
    };
    let mut numbers: Vec<u32> = Vec::new();
    let mut inputs = BTreeMap::new();
    for (register, width) in &layout.registers {
        let value = match *register {
            Register::Head(place) => {
                let head = at(place).and_then(|term| {
                    let node = graph.node(term);
                    let (name, arity) = (vocabulary.text(node.name), node.children.len());
                    program.heads.iter().position(|head| head.name == name && head.arity == arity)
                });
                head.unwrap_or((1 << width) - 1)
            }
            // Where there is no such place the head above it does not match, and any number does.
            Register::Term(place) => at(place).map_or(0, |term| {
                numbers.iter().position(|known| *known == term).unwrap_or_else(|| {
                    numbers.push(term);
                    numbers.len() - 1
                })
            }),
            Register::Color(place) => at(place).map_or(0, |term| {
                let node = graph.node(term);
                color_code(vocabulary.color(node.name, node.children.len())) as usize
            }),
            Register::Child(parent, child) => {
                let pair = at(parent).zip(at(child));
                usize::from(pair.is_some_and(|(parent, child)| graph.node(parent).children.contains(&child)))
            }
        };
        inputs.insert(register.name(), format!("{value:0width$b}"));
    }
    inputs
}

fn layout_place(places: &mut Vec<Vec<usize>>, path: &[usize]) -> usize {
    places.iter().position(|known| known == path).unwrap_or_else(|| {
        places.push(path.to_vec());
        places.len() - 1
    })
}

/// Bits that tell `count` numbers apart, at least one.
fn bits(count: usize) -> usize {
    (usize::BITS - count.saturating_sub(1).leading_zeros()).max(1) as usize
}

/// A qubit and the value at which it lets a NOT pass.
type Control = (String, bool);

struct Circuit {
    out: String,
    /// Work qubits in use.
    work: usize,
    most_work: usize,
}

/// The program in OpenQASM 3.
pub fn write(program: &Program) -> String {
    let layout = Layout::of(program);
    let mut circuit = Circuit { out: String::new(), work: 0, most_work: 0 };
    for (number, rule) in program.rules.iter().enumerate() {
        let _ = writeln!(circuit.out, "\n// {number} {}: {}", escaped(&rule.name), escaped(&rule.text));
        circuit.rule(program, &layout, number);
    }
    circuit.out.push_str("\n// A rule fires if it applies and none before it does.\n");
    for number in 0..program.rules.len() {
        let mut controls: Vec<Control> = vec![(format!("q_matched[{number}]"), true)];
        controls.extend((0..number).map(|before| (format!("q_matched[{before}]"), false)));
        circuit.not(&controls, &format!("q_fires[{number}]"));
    }
    let mut out = header(program, &layout);
    let rules = program.rules.len();
    for (register, width) in &layout.registers {
        let _ = writeln!(out, "input bit[{width}] {};", register.name());
    }
    let _ = writeln!(out, "output bit[{rules}] matched;\noutput bit[{rules}] fires;\n");
    for (register, width) in &layout.registers {
        let _ = writeln!(out, "qubit[{width}] {};", register.qubits());
    }
    let _ = writeln!(out, "qubit[{rules}] q_matched;\nqubit[{rules}] q_fires;");
    if circuit.most_work > 0 {
        let _ = writeln!(out, "qubit[{}] work;\nreset work;", circuit.most_work);
    }
    out.push_str("reset q_matched;\nreset q_fires;\n");
    for (register, width) in &layout.registers {
        let (name, qubits) = (register.name(), register.qubits());
        let _ = writeln!(out, "reset {qubits};");
        for bit in 0..*width {
            let _ = writeln!(out, "if ({name}[{bit}]) x {qubits}[{bit}];");
        }
    }
    out.push_str(&circuit.out);
    out.push_str("\nmatched = measure q_matched;\nfires = measure q_fires;\n");
    out
}

fn header(program: &Program, layout: &Layout) -> String {
    let mut out =
        String::from("OPENQASM 3.0;\ninclude \"stdgates.inc\";\n\n// Generated from rewrite rules. Heads:\n");
    for (number, head) in program.heads.iter().enumerate() {
        let _ = writeln!(out, "//   {number} = {}/{}", escaped(&head.name), head.arity);
    }
    out.push_str("// Places, by numbers of arguments from the root:\n");
    for (number, path) in layout.places.iter().enumerate() {
        let path: Vec<String> = path.iter().map(usize::to_string).collect();
        let _ = writeln!(out, "//   {number} = [{}]", path.join(", "));
    }
    out.push('\n');
    out
}

impl Circuit {
    /// Flips `q_matched[number]` if all checks of the rule hold.
    fn rule(&mut self, program: &Program, layout: &Layout, number: usize) {
        let rule = &program.rules[number];
        let mut controls: Vec<Control> = Vec::new();
        // What has to be undone afterwards, in the order in which it was done.
        let mut done: Vec<(Vec<Control>, String)> = Vec::new();
        for check in &rule.checks {
            let place = |slot: usize| layout.place(&rule.paths[slot]);
            match *check {
                Check::Head { slot, head, .. } => {
                    let register = Register::Head(place(slot));
                    controls.extend(value(register, layout.registers[&register], head));
                }
                Check::Color { slot, color, is } => {
                    let wanted = color_controls(Register::Color(place(slot)), color);
                    if is {
                        controls.extend(wanted);
                    } else {
                        let work = self.take_work();
                        self.not(&wanted, &work);
                        done.push((wanted, work.clone()));
                        controls.push((work, false));
                    }
                }
                Check::Equal { slot, other, equal } => {
                    let (a, b) = (Register::Term(place(slot)), Register::Term(place(other)));
                    let (a, b) = (qubits(a, layout), qubits(b, layout));
                    // One work qubit for each bit that differs, and one that says that none does.
                    let mut same: Vec<Control> = Vec::new();
                    for (a, b) in a.into_iter().zip(b) {
                        let work = self.take_work();
                        for bit in [a, b] {
                            let copy = vec![(bit, true)];
                            self.not(&copy, &work);
                            done.push((copy, work.clone()));
                        }
                        same.push((work, false));
                    }
                    let work = self.take_work();
                    self.not(&same, &work);
                    done.push((same, work.clone()));
                    controls.push((work, equal));
                }
                Check::Child { parent, child } => {
                    let register = Register::Child(place(parent), place(child));
                    controls.push((format!("{}[0]", register.qubits()), true));
                }
            }
        }
        // Two checks may ask the same of one qubit, and a gate may name it only once.
        controls.sort();
        controls.dedup();
        self.not(&controls, &format!("q_matched[{number}]"));
        for (controls, target) in done.into_iter().rev() {
            self.not(&controls, &target);
        }
        self.work = 0;
    }

    fn take_work(&mut self) -> String {
        let qubit = format!("work[{}]", self.work);
        self.work += 1;
        self.most_work = self.most_work.max(self.work);
        qubit
    }

    /// A NOT on `target` where every control has its value.
    fn not(&mut self, controls: &[Control], target: &str) {
        let of = |wanted: bool| -> Vec<&str> {
            controls.iter().filter(|(_, value)| *value == wanted).map(|(qubit, _)| qubit.as_str()).collect()
        };
        let (ones, zeros) = (of(true), of(false));
        for (modifier, qubits) in [("ctrl", &ones), ("negctrl", &zeros)] {
            if !qubits.is_empty() {
                let _ = write!(self.out, "{modifier}({}) @ ", qubits.len());
            }
        }
        let qubits: Vec<&str> = ones.into_iter().chain(zeros).chain([target]).collect();
        let _ = writeln!(self.out, "x {};", qubits.join(", "));
    }
}

fn qubits(register: Register, layout: &Layout) -> Vec<String> {
    (0..layout.registers[&register]).map(|bit| format!("{}[{bit}]", register.qubits())).collect()
}

/// That a register of `width` bits holds `number`.
fn value(register: Register, width: usize, number: usize) -> Vec<Control> {
    (0..width).map(|bit| (format!("{}[{bit}]", register.qubits()), number >> bit & 1 == 1)).collect()
}

fn color_controls(register: Register, color: Color) -> Vec<Control> {
    value(register, 2, color_code(color) as usize)
}

#[cfg(test)]
mod tests {
    use super::super::tests::program;
    use super::*;

    #[test]
    fn widths_tell_what_has_to_be_told() {
        for (count, expected) in [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4)] {
            assert_eq!(bits(count), expected, "{count}");
        }
    }

    #[test]
    fn registers_are_those_that_some_rule_needs() {
        let program = program(&[
            ("(f ?x ?x)", "?x", &[]),
            ("(f ?x (g ?y))", "?y", &["(ParentOf ?y ?x)", "(ColorNot ?x RED)"]),
        ]);
        let layout = Layout::of(&program);
        assert_eq!(layout.places, [vec![], vec![1], vec![0], vec![1, 0]]);
        let registers: Vec<(String, usize)> =
            layout.registers.iter().map(|(register, width)| (register.name(), *width)).collect();
        // Two heads and the code for any other; two places that are compared.
        let expected =
            [("head_0", 2), ("head_1", 2), ("term_1", 1), ("term_2", 1), ("color_2", 2), ("child_3_2", 1)];
        assert_eq!(registers, expected.map(|(name, width)| (name.to_owned(), width)));
    }
}
