//! Units in which a place in a text can be counted.
//!
//! Everything here counts Unicode code points. Clients whose strings are UTF-16 (JavaScript, Java, Windows) may count
//! code units instead. Neither is what a reader takes for one character: an emoji with a skin tone or a letter with
//! combining marks has several code points, so a client that must not cut one in two looks for grapheme boundaries
//! (UAX #29) in the text that it shows and sends the range between them.

use serde::{Deserialize, Serialize};

/// Unit of positions and lengths in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Unicode code points.
    #[default]
    CodePoint,
    /// UTF-16 code units, as JavaScript counts.
    Utf16,
}

/// Number of code points in the first `offset` UTF-16 code units of `text`; `None` past its end or within a
/// surrogate pair.
pub fn utf16_to_code_points(text: &str, offset: u64) -> Option<u64> {
    let mut units = 0;
    let mut points = 0;
    for character in text.chars() {
        if units >= offset {
            break;
        }
        units += character.len_utf16() as u64;
        points += 1;
    }
    (units == offset).then_some(points)
}

/// Length of `text` in UTF-16 code units.
pub fn utf16_len(text: &str) -> u64 {
    text.chars().map(|character| character.len_utf16() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_standard_encoding(text in "[a-é😀-😂]{0,8}", offset in 0u64..20) {
            let units: Vec<u16> = text.encode_utf16().collect();
            let head = units.get(..offset as usize).and_then(|head| String::from_utf16(head).ok());
            prop_assert_eq!(utf16_to_code_points(&text, offset), head.map(|head| head.chars().count() as u64));
            prop_assert_eq!(utf16_len(&text), units.len() as u64);
        }
    }
}
