//! The form of a calibration.

use crate::roster::NUM_VERIFIERS;

/// A calibration.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// ln P(vote | sound) − ln P(vote | defective) of yes and of no, in roster order.
    pub weights: [[f64; 2]; NUM_VERIFIERS],
    /// From which sum of weights on which probability holds, ascending in both.
    pub steps: &'static [(f64, f64)],
}
