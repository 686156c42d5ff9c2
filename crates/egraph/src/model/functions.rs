//! Finite algebras on 0, 1, …, n−1, and the operations that they are made of.

use std::collections::BTreeMap;

use super::parts::Symbol;

/// An operation: arguments and the number of elements give the value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&[u8], u8) -> u8,
}

/// What a symbol is in an algebra.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    Function(Function),
    Element(u8),
}

/// A finite algebra.
#[derive(Clone, Debug)]
pub(crate) struct Algebra {
    pub(crate) size: u8,
    /// Whether a number literal is its remainder modulo the size; where it is not, it is a symbol like others.
    pub(crate) remainders: bool,
    pub(crate) meaning: BTreeMap<Symbol, Meaning>,
}

const fn function(name: &'static str, of: fn(&[u8], u8) -> u8) -> Function {
    Function { name, of }
}

const UNARY: [Function; 6] = [
    function("a", |a, _| a[0]),
    function("n-1-a", |a, n| n - 1 - a[0]),
    function("-a mod n", |a, n| (n - a[0]) % n),
    function("a+1 mod n", |a, n| (a[0] + 1) % n),
    function("0", |_, _| 0),
    function("2a+1 mod n", |a, n| (2 * a[0] + 1) % n),
];

const BINARY: [Function; 10] = [
    function("max(a, b)", |a, _| a[0].max(a[1])),
    function("min(a, b)", |a, _| a[0].min(a[1])),
    function("a+b mod n", |a, n| (a[0] + a[1]) % n),
    function("a-b mod n", |a, n| (a[0] + n - a[1]) % n),
    function("ab mod n", |a, n| a[0] * a[1] % n),
    function("max(n-1-a, b)", |a, n| a[1].max(n - 1 - a[0])),
    function("a", |a, _| a[0]),
    function("b", |a, _| a[1]),
    function("0", |_, _| 0),
    function("2a+b+1 mod n", |a, n| (2 * a[0] + a[1] + 1) % n),
];

const BITS: [Function; 3] = [
    function("a or b", |a, _| a[0] | a[1]),
    function("a and b", |a, _| a[0] & a[1]),
    function("a xor b", |a, _| a[0] ^ a[1]),
];

/// 0, 1, 2 are the rotations of a triangle and 3, 4, 5 its reflections; composition is not commutative.
const TRIANGLE: Function = function("ab in S3", |a, _| {
    let turn = if a[0] < 3 { a[1] % 3 } else { (3 - a[1] % 3) % 3 };
    (a[0] % 3 + turn) % 3 + 3 * u8::from((a[0] < 3) != (a[1] < 3))
});
const TRIANGLE_INVERSE: Function =
    function("inverse of a in S3", |a, _| if a[0] < 3 { (3 - a[0]) % 3 } else { a[0] });

const MANY: [Function; 3] = [
    function("first argument", |a, _| a[0]),
    function("sum mod n", |a, n| a.iter().fold(0, |sum, value| (sum + value) % n)),
    function("sum of i·aᵢ + 1 mod n", |a, n| {
        a.iter().zip(1u8..).fold(1, |sum, (value, place)| (sum + place % n * value) % n)
    }),
];

/// The operations with so many arguments on so many elements; those that mix their arguments most are last.
pub(crate) fn candidates(arity: usize, size: u8) -> Vec<Function> {
    let mut all = Vec::new();
    match arity {
        1 => {
            all.extend((size == 6).then_some(TRIANGLE_INVERSE));
            all.extend(UNARY);
        }
        2 => {
            all.extend((size == 6).then_some(TRIANGLE));
            all.extend((size == 4).then_some(BITS).into_iter().flatten());
            all.extend(BINARY);
        }
        _ => all.extend(MANY),
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_the_domain() {
        for size in 2..=6 {
            for arity in 1..=3 {
                for function in candidates(arity, size) {
                    let mut arguments = vec![0u8; arity];
                    for number in 0..u32::from(size).pow(arity as u32) {
                        let mut rest = number;
                        for argument in &mut arguments {
                            *argument = (rest % u32::from(size)) as u8;
                            rest /= u32::from(size);
                        }
                        assert!((function.of)(&arguments, size) < size, "{} of {arguments:?}", function.name);
                    }
                }
            }
        }
    }

    #[test]
    fn the_triangle_is_a_group_that_does_not_commute() {
        let of = |a, b| (TRIANGLE.of)(&[a, b], 6);
        for a in 0..6 {
            assert_eq!((of(a, 0), of(0, a), of(a, (TRIANGLE_INVERSE.of)(&[a], 6))), (a, a, 0));
            for b in 0..6 {
                for c in 0..6 {
                    assert_eq!(of(of(a, b), c), of(a, of(b, c)));
                }
            }
        }
        assert_ne!(of(1, 3), of(3, 1));
    }
}
