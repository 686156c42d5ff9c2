//! What a fleet costs, each part on networks of its own: `scripts/bench.sh fleet`.
//!
//! `fleet_costs [--quick] PART...`: prints the figures of these parts, one a line, in the order of [`PARTS`].

mod crash;
mod document;
mod latency;
mod load;
mod ours;
mod peers;
mod single;
mod times;
mod writes;

/// A part, and whether it is to be short.
type Part = fn(bool);

const PARTS: [(&str, Part); 7] = [
    ("load", load::measure),
    ("peers", writes::measure),
    ("latency", latency::measure),
    ("document", document::measure),
    ("crash", crash::measure),
    ("replay", single::replay),
    ("history", single::history),
];

fn main() {
    let (options, chosen): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let quick = options.iter().any(|option| option == "--quick");
    for (name, measure) in PARTS {
        if chosen.iter().any(|part| part == name) {
            eprintln!("{name}");
            measure(quick);
        }
    }
}
