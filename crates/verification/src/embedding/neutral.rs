//! The neutral verifiers: whether the vector has the form that such vectors have.

use super::calibrated::THRESHOLDS as T;
use super::measure::{self, Vector};
use super::reference::REFERENCE_DEVIATIONS;
use super::subject::Subject;
use crate::report::{Finding, Outcome};

/// Ordinary components that the test of resolution needs.
const MIN_ORDINARY: usize = 4;

/// Share of the mean variance that is added to each: a component that never varied says nothing.
const VARIANCE_FLOOR: f64 = 0.1;

/// Share of ordinary components that repeat another's magnitude. Scale-free as long as scaling does not round.
pub(super) fn resolution(subject: &Subject<'_>) -> Outcome {
    let (measured, ordinary) = measure::repeated_share(subject.components, &subject.vector);
    if ordinary < MIN_ORDINARY {
        let why = format!("only {ordinary} components are neither negligible nor equal to an extreme");
        return Err(Finding::abstain(why));
    }
    let reason = format!("{:.1} % of {ordinary} ordinary components repeat a magnitude", 100.0 * measured);
    Ok(subject.less(7, measured, T.resolution, reason).with("ordinary", ordinary))
}

/// Largest autocorrelation over all lags, against that of white noise. Scale-free.
pub(super) fn self_similarity(subject: &Subject<'_>) -> Outcome {
    let Some((measured, lag)) = measure::autocorrelation(&subject.vector.unit) else {
        return Ok(Finding::scored(0.0, "all components are equal"));
    };
    let reason =
        format!("the autocorrelation is largest at lag {lag}: {measured:.2} times that of white noise");
    Ok(subject.less(8, measured, T.self_similarity, reason).with("lag", lag))
}

/// Mean over the neighbours of |ln D|, where D is the mean squared standardised deviation from the centroid of the
/// midpoint (scaled to unit length): 1 for points on the shell of the reference. Cosine-based, so scale-free.
pub(super) fn interpolation(subject: &Subject<'_>) -> Outcome {
    let (reference, neighbours) = subject.neighbourhood()?;
    let floor = VARIANCE_FLOOR * reference.variance.iter().sum::<f64>() / reference.dimension() as f64;
    let shell = |unit: &[f64]| {
        let terms = unit.iter().zip(&reference.centroid).zip(&reference.variance);
        terms.map(|((u, c), v)| (u - c) * (u - c) / (v + floor)).sum::<f64>() / unit.len() as f64
    };
    let midpoint = |other: &Vector| {
        let sum: Vec<f64> = subject.vector.unit.iter().zip(&other.unit).map(|(a, b)| a + b).collect();
        let norm = measure::dot(&sum, &sum).sqrt();
        (norm > 1e-9).then(|| sum.iter().map(|x| x / norm).collect::<Vec<f64>>())
    };
    let distances: Vec<f64> = neighbours
        .iter()
        .filter_map(|(_, vector)| midpoint(vector))
        .map(|m| shell(&m).max(1e-12).ln())
        .collect();
    if floor <= 0.0 || distances.is_empty() {
        return Err(Finding::abstain("the reference has no spread, so it has no shell"));
    }
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    let own: f64 = neighbours.iter().map(|(_, vector)| shell(&vector.unit).max(1e-12).ln()).sum::<f64>()
        / neighbours.len() as f64;
    let measured = (mean - own).abs();
    let reason = format!(
        "midpoints towards {} neighbours lie at {:.3} of the neighbours' own distance from the centroid",
        distances.len(),
        (mean - own).exp()
    );
    Ok(subject
        .less(9, measured, T.interpolation, reason)
        .with("midpoints_log_distance", distances)
        .with("neighbours_log_distance", own))
}

/// Standard deviations of the reference's own cosines between the cosine with the centroid and its mean. Cosine-based.
pub(super) fn centroid_alignment(subject: &Subject<'_>) -> Outcome {
    let reference = subject.reference()?;
    let Some(usual) = reference.cosine.filter(|spread| spread.deviation > 0.0) else {
        return Err(Finding::abstain(
            "the spread of the reference's cosines with its centroid was not measured",
        ));
    };
    let cosine = reference.cosine_with_centroid(subject.components);
    let measured = (cosine - usual.mean).abs() / usual.deviation;
    let reason = format!(
        "the cosine with the centroid is {cosine:.3}, usually {:.3} ± {:.3}",
        usual.mean, usual.deviation
    );
    Ok(subject
        .less(10, measured, T.centroid_alignment, reason)
        .with("cosine", cosine)
        .with("usual_mean", usual.mean)
        .with("usual_deviation", usual.deviation))
}

/// Distance of (Σ positive − Σ |negative|) / Σ |x| from the reference's mean, or from 0. Scale-free.
pub(super) fn sign_balance(subject: &Subject<'_>) -> Outcome {
    if subject.vector.is_zero() {
        return Err(Finding::abstain("the vector is zero and has no signs"));
    }
    let balance = measure::balance(&subject.vector.unit);
    let (mean, allowed) = subject
        .reference
        .map_or((0.0, 0.0), |r| (r.balance.mean, REFERENCE_DEVIATIONS * r.balance.deviation));
    let measured = (balance - mean).abs();
    let reason =
        format!("the balance of positive against negative mass is {balance:+.3}, usually {mean:+.3}");
    Ok(Finding::at_most(measured, T.sign_balance.max(allowed), reason)
        .with("balance", balance)
        .with("usual_mean", mean))
}
