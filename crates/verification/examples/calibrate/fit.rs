//! What is made from judged items of the calibration part: thresholds, weights of votes, steps of the confidence.

use ramanujan_verification::{NUM_VERIFIERS, Vote};

use crate::evaluate::{Item, Kind, weighing};
use crate::statistics::Judged;

/// Share of sound calibration items that a threshold may refuse.
const REFUSED_SOUND: f64 = 0.005;

/// Share of the defective ones, of those beyond what is refused of the sound ones, that a threshold may let pass.
const PASSED_DEFECTIVE: f64 = 0.05;

/// What the verifier measured in an item, and whether less is better.
fn measured(item: &Item, verifier: usize) -> Option<(f64, bool)> {
    let evidence = &item.report.verifiers[verifier].evidence;
    Some((evidence.get("measured")?.as_f64()?, evidence.get("better")?.as_str()? == "less"))
}

/// The threshold of a verifier: between the worst sound items and the defective ones beyond them (the geometric mean,
/// or half of the latter where the former is 0); where the two overlap, the worst sound ones but for
/// [`REFUSED_SOUND`].
pub(crate) fn threshold(items: &[Item], kinds: &[Kind], verifier: usize) -> f64 {
    let all: Vec<(Option<usize>, f64, bool)> = items
        .iter()
        .filter_map(|item| measured(item, verifier).map(|(value, less)| (item.defect, value, less)))
        .collect();
    let less = all.first().is_none_or(|(_, _, less)| *less);
    let sign = if less { 1.0 } else { -1.0 };
    let sound: Vec<f64> = all.iter().filter(|x| x.0.is_none()).map(|x| sign * x.1).collect();
    let agent = verifier as u8 + 1;
    let edge = quantile(&sound, 1.0 - REFUSED_SOUND);
    let beyond: Vec<f64> = all
        .iter()
        .filter(|x| x.0.is_some_and(|defect| kinds[defect].1.contains(&agent)) && sign * x.1 > edge)
        .map(|x| sign * x.1)
        .collect();
    if beyond.is_empty() {
        return edge.abs();
    }
    let bad = quantile(&beyond, PASSED_DEFECTIVE).abs();
    let edge = edge.abs();
    if edge == 0.0 || bad == 0.0 { edge.max(bad) / 2.0 } else { (edge * bad).sqrt() }
}

/// Rounded to three significant digits, as thresholds are written.
pub(crate) fn rounded(x: f64) -> f64 {
    format!("{x:.2e}").parse().expect("a number")
}

/// ln P(vote | sound) − ln P(vote | defective) for yes and for no, defects of all kinds weighing the same. One item
/// more of each is counted everywhere, so that nothing is certain.
pub(crate) fn weights(items: &[Item]) -> Vec<[f64; 2]> {
    let weight = weighing(items);
    let log_odds = |verifier: usize, vote: Vote| {
        let share = |sound: bool| {
            let those = items.iter().filter(|item| item.defect.is_none() == sound);
            let (mut matching, mut all) = (0.0, 0.0);
            for item in those {
                // What it found itself, whether or not it deferred to an objection.
                let Some(score) = item.report.verifiers[verifier].score else { continue };
                all += weight(item);
                matching += if (score >= 0.5) == (vote == Vote::Yes) { weight(item) } else { 0.0 };
            }
            (matching + 0.5) / (all + 1.0)
        };
        rounded((share(true) / share(false)).ln())
    };
    (0..NUM_VERIFIERS).map(|v| [log_odds(v, Vote::Yes), log_odds(v, Vote::No)]).collect()
}

/// Steps of the calibration: from which sum of weights on which probability holds.
pub(crate) fn steps(items: &[Item], weights: &[[f64; 2]]) -> Vec<(f64, f64)> {
    let weight = weighing(items);
    let evidence = |item: &Item| {
        let votes = item.report.verifiers.iter().zip(weights);
        votes
            .map(|(opinion, weight)| match opinion.vote {
                Vote::Yes => weight[0],
                Vote::No => weight[1],
                Vote::Abstain => 0.0,
            })
            .sum::<f64>()
    };
    let judged: Vec<Judged> =
        items.iter().map(|item| (evidence(item), item.defect.is_none(), weight(item))).collect();
    // Steps are written with two digits after the point: rounded down, they hold what they held.
    isotonic(&judged).into_iter().map(|(from, p)| ((from * 100.0).floor() / 100.0, rounded(p))).collect()
}

/// The number below which `share` of them lie.
pub(crate) fn quantile(numbers: &[f64], share: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Isotonic regression (pool adjacent violators) of soundness on evidence: from which evidence on which probability
/// holds. Each block counts one more item, half of it sound, so that no finite sample proves anything for certain.
pub(crate) fn isotonic(judged: &[Judged]) -> Vec<(f64, f64)> {
    let mut sorted = judged.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    struct Block {
        from: f64,
        to: f64,
        sound: f64,
        weight: f64,
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (evidence, sound, weight) in sorted {
        let sound = if sound { weight } else { 0.0 };
        match blocks.last_mut() {
            Some(last) if last.from == evidence => {
                last.sound += sound;
                last.weight += weight;
            }
            _ => blocks.push(Block { from: evidence, to: evidence, sound, weight }),
        }
    }
    let probability = |block: &Block| (block.sound + 0.5) / (block.weight + 1.0);
    let mut pooled: Vec<Block> = Vec::new();
    for block in blocks {
        pooled.push(block);
        while let [.., before, last] = pooled.as_mut_slice() {
            // A block of few items is not a step of its own: it joins the one before.
            if before.weight >= MIN_BLOCK
                && last.weight >= MIN_BLOCK
                && probability(before) < probability(last)
            {
                break;
            }
            if before.weight >= MIN_BLOCK && last.weight < MIN_BLOCK {
                break;
            }
            before.to = last.to;
            before.sound += last.sound;
            before.weight += last.weight;
            pooled.pop();
        }
    }
    // The last block may be left small.
    if let [.., before, last] = pooled.as_mut_slice()
        && (last.weight < MIN_BLOCK || probability(before) >= probability(last))
    {
        before.to = last.to;
        before.sound += last.sound;
        before.weight += last.weight;
        pooled.pop();
    }
    // A step begins half-way from the last item before it: an abstention changes the evidence by a little, and is
    // neither an objection nor nothing.
    let begins = |i: usize| match i.checked_sub(1) {
        Some(before) => (pooled[before].to + pooled[i].from) / 2.0,
        None => pooled[i].from,
    };
    (0..pooled.len()).map(|i| (begins(i), probability(&pooled[i]))).collect()
}

/// Fewest (weighted) items of one step of the calibration.
const MIN_BLOCK: f64 = 12.0;
