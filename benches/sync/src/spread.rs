//! Forty-eight sites along the graph of GL(2,3), simulated: how far one new delta goes in how many rounds.

use crate::check::spread;
use crate::contestants::Failure;
use crate::plan::{Plan, graph};
use crate::table::{Goal, Row, Unit};

const SITES: usize = 48;

/// The worst of some seeds.
pub(crate) fn measure(seeds: u64) -> Result<Vec<Row>, Failure> {
    let graph = graph(SITES);
    let diameter = graph.distances().ok_or("the graph is not connected")?.diameter as f64;
    let edges = graph.edges() as f64;
    let (mut most_rounds, mut most_questions) = (0.0f64, 0.0f64);
    for seed in 0..seeds {
        let (rounds, questions) = spread(&Plan::calm(seed, SITES))?;
        // The last round was begun and has not ended.
        let per_round = questions as f64 / (rounds + 1) as f64 / edges;
        eprintln!("    seed {seed}: {rounds} rounds, {questions} questions");
        (most_rounds, most_questions) = (most_rounds.max(rounds as f64), most_questions.max(per_round));
    }
    let work = format!("{SITES} sites simulated, diameter {diameter}, {edges} edges, one new delta");
    Ok(vec![
        Row::new(
            &work,
            "rounds until it is everywhere",
            Unit::Count,
            most_rounds,
            Goal::AtMost(diameter + 1.0),
        ),
        Row::new(&work, "questions per round ÷ edges", Unit::Count, most_questions, Goal::AtMost(2.0)),
        Row::new(&work, "frames per round ÷ edges", Unit::Count, 2.0 * most_questions, Goal::None),
    ])
}
