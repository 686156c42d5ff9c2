//! What two sequences have in common at their ends: what lies between is all that a restore needs to touch.

/// How many items are the same at the beginning, and how many of the rest at the end.
pub(super) fn common_ends<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> (usize, usize) {
    let equal = |(a, b): &(&T, &T)| same(a, b);
    let first = a.iter().zip(b).take_while(equal).count();
    let last = a[first..].iter().rev().zip(b[first..].iter().rev()).take_while(equal).count();
    (first, last)
}
