//! How much there is in a value or a state: what it takes to keep and to show.

use crate::value::Json;

/// What is held, whether it is seen or hidden behind what was written concurrently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Values, those in others too, and the keys of objects.
    pub values: u64,
    /// Lists that are not empty, and texts that are edited: in a JSON document each has an order of its own.
    pub orders: u64,
    /// Bytes of texts and keys in UTF-8.
    pub bytes: u64,
    /// Bytes of texts and keys in JSON, without their quotes.
    pub json: u64,
}

impl Load {
    /// What is in a value. Its depth is bounded.
    ///
    /// ```
    /// use ramanujan_crdt::Json;
    /// use ramanujan_crdt::types::Load;
    ///
    /// let value = Json::Map([("é".to_owned(), Json::List(vec![Json::Int(1), "\n".into()]))].into());
    /// assert_eq!(Load::of(&value), Load { values: 5, orders: 1, bytes: 3, json: 4 });
    /// ```
    pub fn of(value: &Json) -> Load {
        let mut load = Load { values: 1, ..Load::default() };
        match value {
            Json::Text(text) => load.text(text),
            Json::List(items) => {
                load.orders = u64::from(!items.is_empty());
                items.iter().for_each(|item| load.add(Load::of(item)));
            }
            Json::Map(members) => {
                for (key, member) in members {
                    load.key(key);
                    load.add(Load::of(member));
                }
            }
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) => {}
        }
        load
    }

    /// Adds another one.
    pub fn add(&mut self, more: Load) {
        self.values += more.values;
        self.orders += more.orders;
        self.bytes += more.bytes;
        self.json += more.json;
    }

    /// Adds a key.
    pub(super) fn key(&mut self, key: &str) {
        self.values += 1;
        self.text(key);
    }

    /// Adds a text that is no value by itself.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes += text.len() as u64;
        self.json += json_bytes(text);
    }
}

/// Bytes that a text takes in JSON between its quotes: control characters have six, or two.
///
/// ```
/// use ramanujan_crdt::types::json_bytes;
///
/// let text = "a\"\\\n\u{1}\u{7f}é/";
/// assert_eq!(json_bytes(text) + 2, serde_json::to_string(text)?.len() as u64);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn json_bytes(text: &str) -> u64 {
    let more = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | 0x08 | b'\t' | b'\n' | 0x0c | b'\r' => 1,
        0..0x20 => 5,
        _ => 0,
    });
    text.len() as u64 + more.sum::<u64>()
}
