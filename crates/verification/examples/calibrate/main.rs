//! Computes the thresholds and the calibration of the verifiers from labelled data, and shows on data that was held
//! out what they are worth.
//!
//! ```text
//! scripts/python.sh embeddings
//! target/python/embeddings/bin/python crates/verification/calibration/embed.py target/verification
//! cargo run --release -p ramanujan-verification --example calibrate thresholds > crates/verification/src/embedding/calibrated.rs
//! cargo run --release -p ramanujan-verification --example calibrate skill-thresholds > crates/verification/src/skill/calibrated.rs
//! cargo run --release -p ramanujan-verification --example calibrate confidence > crates/verification/src/confidence/calibrated.rs
//! cargo run --release -p ramanujan-verification --example calibrate tables
//! ```
//!
//! Thresholds first: the confidence is that of the votes that they lead to.

mod embeddings;
mod evaluate;
mod fit;
mod skills;
mod spoiled;
mod statistics;
mod tables;

use std::path::Path;

use embeddings::{Collection, DEFECTS, Part, Vectors, labelled};
use evaluate::{Item, Kind};
use ramanujan_verification::embedding::{Context, Embedding, judge};

/// Embeddings spoiled in each way, in each part.
const PER_DEFECT: usize = 100;

/// Sound skills in each part.
const SKILLS: usize = 300;

fn main() -> std::io::Result<()> {
    let command = std::env::args().nth(1).unwrap_or_default();
    let folder = std::env::args().nth(2).unwrap_or_else(|| "target/verification".to_owned());
    let vectors = Vectors::read(Path::new(&folder))?;
    let collection = Collection::of(&vectors.minilm);
    let kinds: Vec<Kind> = DEFECTS.iter().map(|defect| (defect.name, defect.found_by)).collect();
    match command.as_str() {
        "thresholds" => thresholds(&vectors, &judged(&vectors, &collection, Part::Calibration), &kinds),
        "skill-thresholds" => skill_thresholds(),
        "confidence" => confidence(&vectors, &collection),
        "tables" => {
            let held_out = judged(&vectors, &collection, Part::HeldOut);
            tables::print_tables("Embeddings with a reference", &held_out, &kinds);
            tables::print_tables(
                "Embeddings alone",
                &judged_alone(&vectors, &collection, Part::HeldOut),
                &kinds,
            );
            other_spaces(&vectors);
            tables::print_tables("Skills", &skills::judged(2, SKILLS, PER_DEFECT), &skill_kinds());
        }
        _ => {
            eprintln!("usage: calibrate thresholds|skill-thresholds|confidence|tables [FOLDER]");
            std::process::exit(2);
        }
    }
    Ok(())
}

fn judged(vectors: &Vectors, collection: &Collection, part: Part) -> Vec<Item> {
    let judge =
        |item: embeddings::Labelled| Item { defect: item.defect, report: collection.judge(&item.vector) };
    labelled(vectors, collection, part, PER_DEFECT).into_iter().map(judge).collect()
}

/// The same without a reference collection: what needs one abstains.
fn judged_alone(vectors: &Vectors, collection: &Collection, part: Part) -> Vec<Item> {
    let alone = |item: embeddings::Labelled| {
        let embedding = Embedding::new(item.vector).expect("labelled vectors are finite");
        Item { defect: item.defect, report: judge(&embedding, &Context::default()) }
    };
    labelled(vectors, collection, part, PER_DEFECT).into_iter().map(alone).collect()
}

/// Sound vectors of three other spaces, judged against references of their own: no threshold was made for them.
fn other_spaces(vectors: &Vectors) {
    use ramanujan_verification::verdict::Verdict;
    println!(
        "### Sound vectors of other spaces\n\n| space | dimension | ACCEPTED | TENTATIVE | REJECTED | mean confidence | refused by |\n|---|---|---|---|---|---|---|"
    );
    let spaces = [
        ("the model's, held out", &vectors.minilm),
        ("before scaling to unit length", &vectors.pooled),
        ("mean, first and maximum of the last layer", &vectors.wide),
        ("mean of word vectors", &vectors.bag),
    ];
    for (name, rows) in spaces {
        let collection = Collection::of(rows);
        let items: Vec<Item> = Part::HeldOut
            .sentences(rows.len())
            .into_iter()
            .map(|i| Item { defect: None, report: collection.judge(&rows[i]) })
            .collect();
        let [accepted, tentative, rejected] = [Verdict::Accepted, Verdict::Tentative, Verdict::Rejected]
            .map(|v| 100.0 * tables::share(&items, None, v));
        let mean = items.iter().map(|item| item.report.confidence).sum::<f64>() / items.len() as f64;
        let names: Vec<String> = (0..ramanujan_verification::NUM_VERIFIERS)
            .map(|v| (v, 100.0 * evaluate::refused(&items, v)))
            .filter(|(_, share)| *share > 2.0)
            .map(|(v, share)| format!("`{}` {share:.0} %", items[0].report.verifiers[v].test))
            .collect();
        println!(
            "| {name} | {} | {accepted:.0} % | {tentative:.0} % | {rejected:.0} % | {mean:.2} | {} |",
            rows[0].len(),
            names.join(", ")
        );
    }
    println!();
}

const GENERATED: &str = "cargo run --release -p ramanujan-verification --example calibrate";

fn thresholds(vectors: &Vectors, items: &[Item], kinds: &[Kind]) {
    let of = |agent: usize| fit::rounded(fit::threshold(items, kinds, agent - 1));
    // Without a reference any norm is taken that a real model's has been seen to be, with the same room on either side.
    let logs = [&vectors.minilm, &vectors.pooled, &vectors.wide, &vectors.bag];
    let norm = |x: &Vec<f32>| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt().ln();
    let all: Vec<f64> = logs.iter().flat_map(|rows| rows.iter().map(norm)).collect();
    let (low, high) = all.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    println!("//! Thresholds of the tests of embeddings. Generated:");
    println!("//! `{GENERATED} thresholds`\n");
    println!("use super::thresholds::Thresholds;\n");
    println!("pub(super) const THRESHOLDS: Thresholds = Thresholds {{");
    for (field, value) in [
        ("dynamic_range", of(1)),
        ("outlier_components", of(2)),
        ("saturation", of(3)),
        ("sparsity", of(4)),
        ("duplicate", of(5)),
        ("norm_centre", fit::rounded((low + high) / 2.0)),
        ("norm_range", fit::rounded(high - low)),
        ("norm", of(6)),
        ("resolution", of(7)),
        ("self_similarity", of(8)),
        ("interpolation", of(9)),
        ("centroid_alignment", of(10)),
        ("sign_balance", of(11)),
        ("effective_dimension", of(12)),
        ("neighbourhood", of(13)),
        ("cluster_synergy", of(14)),
        ("part_agreement", of(15)),
        ("energy_profile", of(16)),
        ("novelty", of(17)),
    ] {
        println!("    {field}: {value:?},");
    }
    println!("}};");
}

fn skill_kinds() -> Vec<Kind> {
    spoiled::DEFECTS.iter().map(|defect| (defect.name, defect.found_by)).collect()
}

fn skill_thresholds() {
    let items = skills::judged(1, SKILLS, PER_DEFECT);
    println!("//! Thresholds of the tests of skills. Generated:");
    println!("//! `{GENERATED} skill-thresholds`\n");
    println!("use super::thresholds::Thresholds;\n");
    println!("pub(super) const THRESHOLDS: Thresholds = Thresholds {{");
    for (index, verifier) in ramanujan_verification::ROSTER.iter().enumerate() {
        let value = fit::rounded(fit::threshold(&items, &skill_kinds(), index));
        println!("    {}: {value:?},", verifier.skill.name);
    }
    println!("}};");
}

fn confidence(vectors: &Vectors, collection: &Collection) {
    println!("//! What votes weigh and what their sums are worth. Generated:");
    println!("//! `{GENERATED} confidence`\n");
    println!("use super::table::Table;");
    let sets = [
        ("EMBEDDING_WITH_REFERENCE", judged(vectors, collection, Part::Calibration)),
        ("EMBEDDING_ALONE", judged_alone(vectors, collection, Part::Calibration)),
    ];
    let skills = skills::judged(1, SKILLS, PER_DEFECT);
    for (name, items) in sets.iter().map(|(name, items)| (*name, items)).chain([("SKILL", &skills)]) {
        let weights = fit::weights(items);
        println!("\npub(super) const {name}: Table = Table {{\n    weights: {weights:?},");
        println!("    steps: &{:?},\n}};", fit::steps(items, &weights));
    }
}
