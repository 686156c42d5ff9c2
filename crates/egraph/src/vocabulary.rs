//! The names of one request and what the operators among them mean.

use std::collections::HashMap;

use ramanujan_core::Color;

use crate::number::Number;
use crate::operators::Signature;

/// A name of one request, as a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub u32);

/// A name and what is known of it.
#[derive(Clone, Debug)]
struct Entry {
    text: String,
    /// Colour where it has arguments.
    color: Color,
    number: Option<Number>,
}

/// The names of one request. They live and die with it: a global table would grow with every client's symbols.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    signature: Signature,
    entries: Vec<Entry>,
    index: HashMap<String, Name>,
}

impl Vocabulary {
    /// No names yet, over the operators of `signature`.
    pub fn new(signature: Signature) -> Vocabulary {
        Vocabulary { signature, ..Vocabulary::default() }
    }

    /// The operators.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The name of a text, which is new or known.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.index.get(text) {
            return *name;
        }
        let name = Name(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        let (color, number) = (self.signature.color(text), Number::read(text));
        self.entries.push(Entry { text: text.to_owned(), color, number });
        self.index.insert(text.to_owned(), name);
        name
    }

    /// The name of a text, `None` if the table does not have it.
    pub fn get(&self, text: &str) -> Option<Name> {
        self.index.get(text).copied()
    }

    /// The text of a name given out by this table.
    pub fn text(&self, name: Name) -> &str {
        self.entries.get(name.0 as usize).map_or("", |entry| &entry.text)
    }

    /// The colour of a node. What has no arguments is GREEN.
    pub fn color(&self, name: Name, arity: usize) -> Color {
        match self.entries.get(name.0 as usize) {
            Some(entry) if arity > 0 => entry.color,
            _ => Color::Green,
        }
    }

    /// The number that a name spells.
    pub fn number(&self, name: Name) -> Option<Number> {
        self.entries.get(name.0 as usize)?.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_once() {
        let mut vocabulary = Vocabulary::new(Signature::default());
        let (a, b) = (vocabulary.intern("a"), vocabulary.intern("b"));
        assert_eq!((vocabulary.intern("a"), vocabulary.text(a), vocabulary.text(b)), (a, "a", "b"));
        assert_ne!(a, b);
        let half = vocabulary.intern("1/2");
        assert_eq!((vocabulary.number(half).is_some(), vocabulary.number(a)), (true, None));
    }
}
