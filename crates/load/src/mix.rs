//! What the operations are about: document types with their weights, and the documents of each type.

use std::fmt;
use std::str::FromStr;

use ramanujan_crdt::CrdtType;

use crate::random::{Random, Zipf};

/// Type of a document, told by the first part of its name: `load-text-3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Text,
    Json,
    Set,
    Counter,
    /// Any other type of the table, by its name there: written with the table's examples, and compared between
    /// replicas, not with what the operations should have made.
    Other(CrdtType),
}

impl Kind {
    /// Those whose value is foretold.
    pub(crate) const ALL: [Kind; 4] = [Kind::Text, Kind::Json, Kind::Set, Kind::Counter];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Json => "json",
            Kind::Set => "set",
            Kind::Counter => "counter",
            Kind::Other(crdt_type) => crdt_type.as_str(),
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        let foretold = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        foretold.or_else(|| Kind::others().find(|kind| kind.name() == name))
    }

    /// The types of the table that are not foretold under their names there.
    fn others() -> impl Iterator<Item = Kind> {
        // An example of a text's or a JSON document's operation would name places that are not there.
        let is_other = |crdt_type: &CrdtType| !matches!(crdt_type, CrdtType::Text | CrdtType::Json);
        CrdtType::ALL.into_iter().filter(is_other).map(Kind::Other)
    }
}

/// The names that a mix may have, e.g. for a help text: `text, json, set, counter; …`.
pub(crate) fn names() -> String {
    let list = |kinds: &mut dyn Iterator<Item = Kind>| kinds.map(Kind::name).collect::<Vec<_>>().join(", ");
    let foretold = list(&mut Kind::ALL.into_iter());
    format!("{foretold}, whose values are foretold; {}", list(&mut Kind::others()))
}

/// Shares of the document types, e.g. `text:60,json:20,set:10,counter:10`; they need not add up to 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix(Vec<(Kind, u32)>);

/// Largest weight: keeps every sum within 32 bits.
const MAX_WEIGHT: u32 = 1_000_000;

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut weights: Vec<(Kind, u32)> = Vec::new();
        for part in text.split(',') {
            let (name, weight) =
                part.split_once(':').ok_or_else(|| format!("{part:?} is not TYPE:WEIGHT"))?;
            let kind = Kind::of_name(name.trim())
                .ok_or_else(|| format!("{name:?} is not one of the types: {}", names()))?;
            let weight = weight
                .trim()
                .parse()
                .ok()
                .filter(|weight| *weight <= MAX_WEIGHT)
                .ok_or_else(|| format!("{weight:?} is not a whole number up to {MAX_WEIGHT}"))?;
            if weights.iter().any(|(other, _)| *other == kind) {
                return Err(format!("{name} stands there twice"));
            }
            weights.push((kind, weight));
        }
        weights.retain(|(_, weight)| *weight > 0);
        if weights.is_empty() { Err("every weight is 0".into()) } else { Ok(Mix(weights)) }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> =
            self.0.iter().map(|(kind, weight)| format!("{}:{weight}", kind.name())).collect();
        f.write_str(&parts.join(","))
    }
}

/// The documents of a run and how they are drawn: first the type by the mix, then the document by Zipf's law.
#[derive(Clone, Debug)]
pub(crate) struct Documents {
    names: Vec<(String, Kind)>,
    groups: Vec<Group>,
    total: u32,
}

#[derive(Clone, Debug)]
struct Group {
    weight: u32,
    first: usize,
    within: Zipf,
}

impl Documents {
    /// `count` documents shared out among the types of `mix` in proportion (largest remainder), at least one each.
    /// `exponent` 0 draws the documents of a type evenly.
    pub(crate) fn new(prefix: &str, count: usize, mix: &Mix, exponent: f64) -> Self {
        let total: u32 = mix.0.iter().map(|(_, weight)| weight).sum();
        let mut documents = Documents { names: Vec::new(), groups: Vec::new(), total };
        for ((kind, weight), share) in mix.0.iter().zip(shares(mix, count)) {
            let first = documents.names.len();
            let name = |number| (format!("{prefix}-{}-{number}", kind.name()), *kind);
            documents.names.extend((0..share).map(name));
            documents.groups.push(Group { weight: *weight, first, within: Zipf::new(share, exponent) });
        }
        documents
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.names.iter().map(|(name, kind)| (name.as_str(), *kind))
    }

    /// Index of the document that the next operation is about.
    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let mut rest = random.below(u64::from(self.total));
        for group in &self.groups {
            match rest.checked_sub(u64::from(group.weight)) {
                Some(beyond) => rest = beyond,
                None => return group.first + group.within.draw(random),
            }
        }
        0
    }
}

fn shares(mix: &Mix, count: usize) -> Vec<usize> {
    let types = mix.0.len();
    let free = count.saturating_sub(types) as u64;
    let total: u64 = mix.0.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let exact = |weight: u32| (free * u64::from(weight) / total, free * u64::from(weight) % total);
    let mut shares: Vec<usize> = mix.0.iter().map(|(_, weight)| 1 + exact(*weight).0 as usize).collect();
    let mut order: Vec<usize> = (0..types).collect();
    order.sort_by_key(|index| std::cmp::Reverse(exact(mix.0[*index].1).1));
    let missing = count.max(types) - shares.iter().sum::<usize>();
    order.into_iter().take(missing).for_each(|index| shares[index] += 1);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mixes_are_read_and_shown() {
        let mix: Mix = "text:60, set:10,counter:0".parse().unwrap();
        assert_eq!(mix.to_string(), "text:60,set:10");
        let mix: Mix = "max-register:2,ew-flag:1,text:3".parse().unwrap();
        assert_eq!(mix.to_string(), "max-register:2,ew-flag:1,text:3");
        for wrong in ["", "text", "text:", "text:-1", "text:1,text:2", "words:1", "text:0", "text:1000001"] {
            assert!(wrong.parse::<Mix>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_type_of_the_table_can_be_named_and_is_in_the_help() {
        use clap::{Args as _, Command};
        let mut command = crate::Args::augment_args(Command::new("load"));
        let help = command.render_long_help().to_string();
        let (_, help) = help.split_once("--mix").unwrap();
        let (help, _) = help.split_once("[default").unwrap();
        let refusal = "words:1".parse::<Mix>().unwrap_err();
        for crdt_type in CrdtType::ALL {
            let name = crdt_type.as_str();
            assert_eq!(format!("{name}:1").parse::<Mix>().unwrap().to_string(), format!("{name}:1"));
            for text in [help, &refusal] {
                assert!(
                    text.split([' ', ',', ';', '\n']).any(|word| word == name),
                    "{name} is not in {text}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn every_document_has_a_type_of_the_mix(
            count in 1usize..200,
            weights in prop::collection::vec(0u32..50, 4),
            seed in any::<u64>(),
        ) {
            let text: Vec<String> =
                Kind::ALL.iter().zip(&weights).map(|(kind, weight)| format!("{}:{weight}", kind.name())).collect();
            let Ok(mix) = text.join(",").parse::<Mix>() else {
                prop_assert!(weights.iter().all(|weight| *weight == 0));
                return Ok(());
            };
            let documents = Documents::new("load", count, &mix, 0.99);
            prop_assert_eq!(documents.len(), count.max(mix.0.len()));
            for (kind, _) in &mix.0 {
                prop_assert!(documents.iter().any(|(_, other)| other == *kind));
            }
            let mut random = Random::new(seed, 0);
            for _ in 0..50 {
                prop_assert!(documents.draw(&mut random) < documents.len());
            }
        }
    }

    #[test]
    fn types_are_drawn_by_weight_and_documents_by_rank() {
        let documents = Documents::new("load", 20, &"text:3,counter:1".parse().unwrap(), 0.99);
        let names: Vec<_> = documents.iter().collect();
        let (mut random, mut texts, mut first) = (Random::new(3, 0), 0, 0);
        for _ in 0..40_000 {
            let (name, kind) = names[documents.draw(&mut random)];
            texts += u32::from(kind == Kind::Text);
            first += u32::from(name == "load-text-0");
        }
        assert!((29_500..30_500).contains(&texts), "{texts}");
        // 15 texts share three quarters of the draws; the first has 1/H(15, 0.99) of them.
        let harmonic: f64 = (1..=15).map(|k| f64::from(k).powf(-0.99)).sum();
        assert!((f64::from(first) - 30_000.0 / harmonic).abs() < 400.0, "{first}");
    }
}
