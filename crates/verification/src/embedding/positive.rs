//! The positive verifiers: what the vector has that speaks for it.

use super::calibrated::THRESHOLDS as T;
use super::measure::{self, Vector};
use super::neighbour::Neighbour;
use super::subject::Subject;
use crate::report::{Finding, Outcome};

/// Contiguous parts that a vector is cut into.
const PARTS: usize = 8;

/// Components that a part needs before its inner product says anything.
const MIN_PART: usize = 8;

/// exp(entropy of the squared components) / n. Scale-free.
pub(super) fn effective_dimension(subject: &Subject<'_>) -> Outcome {
    if subject.vector.is_zero() {
        return Ok(Finding::scored(0.0, "the vector is zero: no component carries energy"));
    }
    let measured = measure::effective_dimension(&subject.vector.unit);
    let spread_over = measured * subject.vector.len() as f64;
    let reason = format!("the energy is spread over {spread_over:.1} of {} components", subject.vector.len());
    Ok(subject.more(12, measured, T.effective_dimension, reason)?.with("components", spread_over))
}

/// (Mean cosine with the neighbours − mean cosine of two reference vectors) / (1 − the latter). Cosine-based.
pub(super) fn neighbourhood(subject: &Subject<'_>) -> Outcome {
    let (reference, neighbours) = subject.neighbourhood()?;
    let background = reference.mean_pair_cosine();
    let near = mean_cosine(&subject.vector.unit, neighbours);
    let measured = ((near - background) / (1.0 - background).max(1e-9)).max(0.0);
    let reason = format!(
        "{} nearest neighbours are at a mean cosine of {near:.3}, any two at {background:.3}",
        neighbours.len()
    );
    Ok(subject
        .more(13, measured, T.neighbourhood, reason)?
        .with("mean_cosine", near)
        .with("background_cosine", background)
        .with("neighbours", neighbours.iter().map(|(n, _)| n.index).collect::<Vec<_>>()))
}

/// |ln| of how close the vector is to its neighbours as a multiple of how close they are to each other, both above the
/// background; the idea of the local outlier factor (Breunig et al. 2000) with cosines. Cosine-based.
pub(super) fn cluster_synergy(subject: &Subject<'_>) -> Outcome {
    let (reference, neighbours) = subject.neighbourhood()?;
    let background = reference.mean_pair_cosine();
    let near = mean_cosine(&subject.vector.unit, neighbours);
    let pairs = neighbours.len() * (neighbours.len() - 1) / 2;
    let among: f64 = (1..neighbours.len())
        .map(|i| (0..i).map(|j| measure::dot(&neighbours[i].1.unit, &neighbours[j].1.unit)).sum::<f64>())
        .sum::<f64>()
        / pairs as f64;
    let above = |cosine: f64| ((cosine - background) / (1.0 - background).max(1e-9)).max(0.01);
    let measured = (above(near) / above(among)).ln().abs();
    let reason = format!("the mean cosine with the neighbours is {near:.3}, among them {among:.3}");
    Ok(subject
        .less(14, measured, T.cluster_synergy, reason)
        .with("mean_cosine", near)
        .with("mean_cosine_among_neighbours", among)
        .with("background_cosine", background))
}

/// Coefficient of variation of what eight contiguous parts add to the inner product with the neighbours' mean.
/// Cosine-based.
pub(super) fn part_agreement(subject: &Subject<'_>) -> Outcome {
    let (_, neighbours) = subject.neighbourhood()?;
    let n = subject.vector.len();
    if n < PARTS * MIN_PART {
        return Err(Finding::abstain(format!(
            "needs at least {} components to compare parts",
            PARTS * MIN_PART
        )));
    }
    let mut mean = vec![0.0; n];
    for (_, vector) in neighbours {
        for (sum, x) in mean.iter_mut().zip(&vector.unit) {
            *sum += x / neighbours.len() as f64;
        }
    }
    let (measured, shares) = measure::part_variation(&subject.vector.unit, &mean, PARTS);
    let reason = format!(
        "agreement with the neighbours varies by {:.0} % between parts of the vector",
        100.0 * measured
    );
    Ok(subject.less(15, measured, T.part_agreement, reason).with("parts", shares))
}

/// Correlation of |u_j| with the reference's root mean square of component j, times √n; 0 if negative. Scale-free.
pub(super) fn energy_profile(subject: &Subject<'_>) -> Outcome {
    let reference = subject.reference()?;
    let usual: Vec<f64> =
        reference.variance.iter().zip(&reference.centroid).map(|(v, c)| (v + c * c).sqrt()).collect();
    let found: Vec<f64> = subject.vector.unit.iter().map(|u| u.abs()).collect();
    let Some(correlation) = measure::correlation(&found, &usual) else {
        return Err(Finding::abstain(
            "all components carry the same energy, in the vector or in the reference",
        ));
    };
    let measured = (correlation * (found.len() as f64).sqrt()).max(0.0);
    let reason = format!("magnitudes correlate with the reference's by {correlation:.3}");
    Ok(subject.more(16, measured, T.energy_profile, reason)?.with("correlation", correlation))
}

/// Share of the energy outside the span of the neighbours. Cosine-based.
pub(super) fn novelty(subject: &Subject<'_>) -> Outcome {
    let (_, neighbours) = subject.neighbourhood()?;
    if neighbours.len() * 4 > subject.vector.len() {
        return Err(Finding::abstain("so many neighbours span too much of so few dimensions"));
    }
    let measured = measure::residual(&subject.vector.unit, neighbours);
    let reason = format!(
        "{:.1} % of the vector is no combination of its {} neighbours",
        100.0 * measured,
        neighbours.len()
    );
    subject.more(17, measured, T.novelty, reason)
}

fn mean_cosine(unit: &[f64], neighbours: &[(&Neighbour, Vector)]) -> f64 {
    neighbours.iter().map(|(_, vector)| measure::dot(unit, &vector.unit)).sum::<f64>()
        / neighbours.len() as f64
}
