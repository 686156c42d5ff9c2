//! The negative verifiers: what is wrong with the vector itself.

use serde_json::json;

use super::calibrated::THRESHOLDS as T;
use super::measure;
use super::reference::REFERENCE_DEVIATIONS;
use super::subject::Subject;
use crate::report::{Finding, Outcome};

/// log2 of the magnitude up to which the square of a component is an f32 (they end at 2^128).
const LARGEST_SAFE: f64 = 63.0;

/// log2 of the smallest normal f32; below it precision is lost bit by bit.
const SMALLEST_NORMAL: f64 = -126.0;

/// Most indices that the evidence lists.
const LISTED: usize = 16;

/// Binary orders of magnitude that the non-zero components span, the smallest hundredth left out (real models have
/// dimensions that are never used), less log2 n (the smallest of n comes that much closer to zero); plus the orders by
/// which any is subnormal or too large to be squared. Scale-free within that range.
pub(super) fn dynamic_range(subject: &Subject<'_>) -> Outcome {
    let orders = measure::orders(&subject.vector.raw);
    let [smallest, .., largest] = orders[..] else {
        return Ok(
            Finding::scored(0.0, "fewer than two components are not zero").with("non_zero", orders.len())
        );
    };
    let low = orders[orders.len().div_ceil(100).min(orders.len() - 1)];
    let unsafe_orders = (largest - LARGEST_SAFE).max(0.0) + (SMALLEST_NORMAL - smallest).max(0.0);
    let span = largest - low - (subject.vector.len() as f64).log2();
    let subnormal = subject.components.iter().enumerate().filter(|(_, x)| x.is_subnormal());
    let reason = format!("the non-zero components lie between 2^{smallest:.1} and 2^{largest:.1}");
    Ok(subject
        .less(1, span.max(0.0) + unsafe_orders, T.dynamic_range, reason)
        .with("smallest_log2", smallest)
        .with("hundredth_log2", low)
        .with("largest_log2", largest)
        .with("orders_out_of_safe_range", unsafe_orders)
        .with("subnormal_indices", subnormal.map(|(i, _)| i).take(LISTED).collect::<Vec<_>>()))
}

/// Robust z of the component farthest from the median, against what n normal numbers show. Scale-free.
pub(super) fn outlier_components(subject: &Subject<'_>) -> Outcome {
    let Some((measured, index)) = measure::outlier(&subject.vector.raw) else {
        return Err(Finding::abstain(
            "more than half of the components are equal, so nothing is the usual distance",
        ));
    };
    let reason = format!(
        "component {index} lies {measured:.2} times as far from the median as the largest usually does"
    );
    Ok(subject
        .less(2, measured, T.outlier_components, reason)
        .with("index", index)
        .with("value", subject.components[index]))
}

/// Share of components that repeat the largest or the smallest value. Scale-free.
pub(super) fn saturation(subject: &Subject<'_>) -> Outcome {
    let (high, low) = measure::ties_at_extremes(subject.components);
    let measured = (high + low).min(subject.vector.len()) as f64 / subject.vector.len() as f64;
    let reason = format!("{high} components repeat the largest value and {low} the smallest");
    Ok(subject
        .less(3, measured, T.saturation, reason)
        .with("repeat_largest", high)
        .with("repeat_smallest", low))
}

/// Share of components that are negligible beside the root mean square. Scale-free.
pub(super) fn sparsity(subject: &Subject<'_>) -> Outcome {
    let n = subject.vector.len();
    let negligible = measure::NEGLIGIBLE * subject.vector.norm / (n as f64).sqrt();
    let zeros: Vec<usize> = (0..n).filter(|i| subject.vector.raw[*i].abs() <= negligible).collect();
    let measured = zeros.len() as f64 / n as f64;
    let reason = format!("{} of {n} components are zero or negligible", zeros.len());
    Ok(subject
        .less(4, measured, T.sparsity, reason)
        .with("negligible", zeros.len())
        .with("first_indices", zeros.into_iter().take(LISTED).collect::<Vec<_>>()))
}

/// Angle to the nearest vector of the reference or of the request, in radians. Cosine-based, so scale-free.
pub(super) fn duplicate(subject: &Subject<'_>) -> Outcome {
    let unit = &subject.vector.unit;
    if subject.vector.is_zero() {
        return Err(Finding::abstain("the vector is zero and has no direction"));
    }
    let stored = subject.neighbours.iter().map(|(neighbour, vector)| {
        let place = json!({ "source": "reference", "index": neighbour.index, "id": neighbour.id });
        (measure::angle(unit, &vector.unit), place)
    });
    let peers = subject.peers.iter().filter(|(_, peer)| peer.dimension() == unit.len()).filter_map(
        |(index, peer)| {
            let peer = measure::Vector::new(peer.as_slice());
            let place = json!({ "source": "request", "index": index });
            (!peer.is_zero()).then(|| (measure::angle(unit, &peer.unit), place))
        },
    );
    let nearest = stored.chain(peers).min_by(|a, b| a.0.total_cmp(&b.0));
    let Some((angle, place)) = nearest else {
        return Err(Finding::abstain("there is no other vector of the same dimension to compare with"));
    };
    let reason = format!("the nearest other vector is {angle:.4} radians away");
    Ok(subject.more(5, angle, T.duplicate, reason)?.with("nearest", place))
}

/// Distance of the norm from the reference's, or from that of the calibration, in natural logarithms.
pub(super) fn norm(subject: &Subject<'_>) -> Outcome {
    let norm = subject.vector.norm;
    if norm == 0.0 {
        return Ok(Finding::scored(0.0, "the norm is zero").with("norm", 0.0));
    }
    let (centre, threshold, of) = match subject.reference {
        Some(reference) => {
            let spread = reference.log_norm;
            (spread.mean, T.norm.max(REFERENCE_DEVIATIONS * spread.deviation), "the reference's")
        }
        None => (T.norm_centre, T.norm_range, "the calibrated one"),
    };
    let measured = (norm.ln() - centre).abs();
    let reason = format!("the norm is {norm:.6e}, {of} is {:.6e}", centre.exp());
    Ok(Finding::at_most(measured, threshold, reason).with("norm", norm).with("expected", centre.exp()))
}
