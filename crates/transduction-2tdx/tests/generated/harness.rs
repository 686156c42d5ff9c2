//! Answers `module strategy max_steps max_nodes words` with what the generated module makes of the term.

use std::io::{BufRead, Write};

macro_rules! answer {
    ($module:path, $strategy:expr, $steps:expr, $nodes:expr, $words:expr) => {{
        use $module as module;
        fn read(terms: &mut module::Terms, words: &mut std::str::SplitWhitespace<'_>) -> usize {
            let (name, arity) = words.next().unwrap().rsplit_once('/').unwrap();
            let children: Vec<usize> = (0..arity.parse().unwrap()).map(|_| read(terms, words)).collect();
            terms.add(name, &children)
        }
        fn write(terms: &module::Terms, term: usize, out: &mut String) {
            out.push_str(&format!(" {}/{}", terms.name(term), terms.children(term).len()));
            terms.children(term).iter().for_each(|child| write(terms, *child, out));
        }
        let strategy = match $strategy {
            "root" => module::Strategy::Root,
            "everywhere" => module::Strategy::Everywhere,
            _ => module::Strategy::Fixpoint,
        };
        let mut terms = module::Terms::default();
        let term = read(&mut terms, $words);
        let done = module::rewrite(&mut terms, term, strategy, $steps, $nodes);
        let stop = match done.stop {
            module::Stop::Complete => "complete",
            module::Stop::Steps => "step_limit",
            module::Stop::Nodes => "node_limit",
        };
        let mut out = format!("{stop} {}", done.steps.len());
        for step in &done.steps {
            out.push_str(&format!(" {}@{}", module::RULES[step.rule].0, step.at));
        }
        write(&terms, done.term, &mut out);
        out
    }};
}

fn main() {
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap().to_owned();
        let (module, strategy, steps, nodes) = (next(), next(), next(), next());
        let (steps, nodes) = (steps.parse().unwrap(), nodes.parse().unwrap());
        let answer = match module.as_str() {
            // MODULES
            _ => panic!("no module {module}"),
        };
        println!("{answer}");
        std::io::stdout().flush().unwrap();
    }
}
