//! How far two colours are apart, as a query gives it.

/// A ΔE2000 as a query gives it: a decimal from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance(pub f64);

impl std::str::FromStr for Distance {
    type Err = &'static str;

    /// Reads plain decimals; the standard library's reader would be a tenth of the component.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| (1..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits(whole)
            && digits(fraction)
            && let (Ok(whole), Ok(millionths)) =
                (whole.parse::<u32>(), format!("{fraction:0<6}").parse::<u32>())
            && (whole, millionths) <= (100, 0)
        {
            return Ok(Distance(f64::from(whole) + f64::from(millionths) / 1e6));
        }
        Err("must be a decimal from 0 to 100 (ΔE2000) with at most six places, e.g. 12.5")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distances_read_as_the_standard_library_reads_them(text in "[0-9]{1,3}(\\.[0-9]{1,6})?") {
            let value: f64 = text.parse().unwrap();
            match text.parse::<Distance>() {
                Ok(Distance(read)) => prop_assert!((read - value).abs() < 1e-9 && value <= 100.0),
                Err(_) => prop_assert!(value > 100.0),
            }
        }

        #[test]
        fn anything_else_is_refused(text in "\\PC{0,6}") {
            if !text.starts_with(|c: char| c.is_ascii_digit()) {
                prop_assert!(text.parse::<Distance>().is_err());
            }
        }
    }
}
