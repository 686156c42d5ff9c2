//! Eigenvalues of real symmetric matrices by the cyclic Jacobi method (Jacobi 1846; Golub and Van Loan, *Matrix
//! Computations*, §8.5): rotations that zero one off-diagonal entry at a time until none is left.
//!
//! Chosen for its accuracy and its size: forty lines, absolute error near machine precision times the norm.

/// More sweeps than any matrix needs (convergence is quadratic, about ten do for hundreds of rows); with a matrix that
/// holds a NaN the loop must still end.
const MAX_SWEEPS: usize = 64;

/// The eigenvalues of a symmetric matrix, greatest first. Only the upper triangle is read.
pub fn symmetric_eigenvalues(mut a: Vec<Vec<f64>>) -> Vec<f64> {
    let n = a.len();
    let norm = frobenius(&a, |_, _| true);
    for _ in 0..MAX_SWEEPS {
        if frobenius(&a, |p, q| p != q) <= norm * f64::EPSILON {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, p, q);
            }
        }
    }
    let mut values: Vec<f64> = Vec::with_capacity(n);
    for (i, row) in a.iter().enumerate() {
        // Not the library's sort, which is larger code than all of this file.
        let place = values.partition_point(|value| value.total_cmp(&row[i]).is_gt());
        values.insert(place, row[i]);
    }
    values
}

fn frobenius(a: &[Vec<f64>], wanted: impl Fn(usize, usize) -> bool) -> f64 {
    let entries =
        a.iter().enumerate().flat_map(|(p, row)| row.iter().enumerate().map(move |(q, x)| (p, q, x)));
    entries.filter(|(p, q, _)| wanted(*p, *q)).map(|(_, _, x)| x * x).sum::<f64>().sqrt()
}

/// The similarity transformation by the plane rotation that makes `a[p][q]` zero, by the smaller of its two angles.
fn rotate(a: &mut [Vec<f64>], p: usize, q: usize) {
    let apq = a[p][q];
    if apq == 0.0 {
        return;
    }
    let tau = (a[q][q] - a[p][p]) / (2.0 * apq);
    let t = tau.signum() / (tau.abs() + tau.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for k in (0..a.len()).filter(|k| *k != p && *k != q) {
        let (akp, akq) = (a[k][p], a[k][q]);
        a[k][p] = c * akp - s * akq;
        a[k][q] = s * akp + c * akq;
        a[p][k] = a[k][p];
        a[q][k] = a[k][q];
    }
    a[p][p] -= t * apq;
    a[q][q] += t * apq;
    a[p][q] = 0.0;
    a[q][p] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_symmetric() -> impl Strategy<Value = Vec<Vec<f64>>> {
        (1usize..8).prop_flat_map(|n| {
            prop::collection::vec(-10i32..=10, n * n).prop_map(move |cells| {
                (0..n).map(|i| (0..n).map(|j| f64::from(cells[i.min(j) * n + i.max(j)])).collect()).collect()
            })
        })
    }

    fn multiply(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let n = a.len();
        (0..n).map(|i| (0..n).map(|j| (0..n).map(|k| a[i][k] * b[k][j]).sum()).collect()).collect()
    }

    proptest! {
        /// Newton: the power sums of the eigenvalues are the traces of the powers, and n of them fix the eigenvalues.
        #[test]
        fn power_sums_are_traces_of_powers(matrix in any_symmetric()) {
            let values = symmetric_eigenvalues(matrix.clone());
            prop_assert_eq!(values.len(), matrix.len());
            prop_assert!(values.windows(2).all(|pair| pair[0] >= pair[1]));
            let mut power = matrix.clone();
            for exponent in 1..=matrix.len() as i32 {
                let trace: f64 = (0..matrix.len()).map(|i| power[i][i]).sum();
                let sum: f64 = values.iter().map(|x| x.powi(exponent)).sum();
                let scale: f64 = 1.0 + values.iter().map(|x| x.abs().powi(exponent)).sum::<f64>();
                prop_assert!((trace - sum).abs() <= 1e-11 * scale, "{} and {} at {}", trace, sum, exponent);
                power = multiply(&power, &matrix);
            }
        }
    }

    #[test]
    fn small_matrices_with_known_eigenvalues() {
        assert_eq!(symmetric_eigenvalues(vec![]), Vec::<f64>::new());
        assert_eq!(symmetric_eigenvalues(vec![vec![7.0]]), vec![7.0]);
        let values = symmetric_eigenvalues(vec![vec![2.0, 1.0], vec![1.0, 2.0]]);
        assert!((values[0] - 3.0).abs() < 1e-15 && (values[1] - 1.0).abs() < 1e-15, "{values:?}");
    }

    #[test]
    fn ends_even_on_what_is_no_number() {
        assert_eq!(symmetric_eigenvalues(vec![vec![f64::NAN, 1.0], vec![1.0, 0.0]]).len(), 2);
    }
}
