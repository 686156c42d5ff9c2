//! Labelled embeddings: real ones of a public model, and the same ones spoiled in known ways.

use std::path::Path;

use ramanujan_verification::Report;
use ramanujan_verification::embedding::{
    Accumulator, Context, Embedding, NEIGHBOURS, Neighbour, Reference, judge,
};

use crate::statistics::Random;

/// What `embed.py` wrote, one vector per sentence in each.
pub(crate) struct Vectors {
    pub(crate) minilm: Vec<Vec<f32>>,
    pub(crate) pooled: Vec<Vec<f32>>,
    pub(crate) wide: Vec<Vec<f32>>,
    pub(crate) bag: Vec<Vec<f32>>,
}

impl Vectors {
    pub(crate) fn read(folder: &Path) -> std::io::Result<Vectors> {
        let rows = |name: &str, dimension: usize| -> std::io::Result<Vec<Vec<f32>>> {
            let bytes = std::fs::read(folder.join(name))?;
            let (words, _) = bytes.as_chunks::<4>();
            let numbers: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
            Ok(numbers.chunks_exact(dimension).map(<[f32]>::to_vec).collect())
        };
        Ok(Vectors {
            minilm: rows("minilm.f32", 384)?,
            pooled: rows("pooled.f32", 384)?,
            wide: rows("wide.f32", 1152)?,
            bag: rows("bag.f32", 384)?,
        })
    }
}

/// Which third of the sentences one belongs to; drawn, so that topics and frames fall into all three alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Reference,
    Calibration,
    HeldOut,
}

impl Part {
    pub(crate) fn of(sentence: usize) -> Part {
        [Part::Reference, Part::Calibration, Part::HeldOut][Random::new(sentence as u64).below(3)]
    }

    pub(crate) fn sentences(self, count: usize) -> Vec<usize> {
        (0..count).filter(|sentence| Part::of(*sentence) == self).collect()
    }
}

/// A reference collection with its statistics.
pub(crate) struct Collection {
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) statistics: Reference,
    units: Vec<Vec<f64>>,
}

fn unit(vector: &[f32]) -> Vec<f64> {
    let norm = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    vector.iter().map(|x| f64::from(*x) / norm).collect()
}

impl Collection {
    pub(crate) fn new(vectors: Vec<Vec<f32>>) -> Collection {
        let mut sums = Accumulator::new(vectors[0].len());
        assert!(vectors.iter().all(|vector| sums.add(vector)));
        let mut statistics = sums.finish().expect("the collection is not empty");
        statistics.measure_sample(vectors.iter().map(Vec::as_slice));
        let units = vectors.iter().map(|vector| unit(vector)).collect();
        Collection { vectors, statistics, units }
    }

    /// The sentences of the reference third in one of the sets.
    pub(crate) fn of(rows: &[Vec<f32>]) -> Collection {
        Collection::new(Part::Reference.sentences(rows.len()).into_iter().map(|i| rows[i].clone()).collect())
    }

    pub(crate) fn nearest(&self, vector: &[f32]) -> Vec<Neighbour> {
        let own = unit(vector);
        let cosine = |other: &Vec<f64>| own.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
        let mut found: Vec<(f64, usize)> =
            self.units.iter().enumerate().map(|(i, u)| (cosine(u), i)).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let neighbour = |(cosine, index): (f64, usize)| Neighbour {
            index: index as u64,
            id: None,
            cosine,
            vector: self.vectors[index].clone(),
        };
        found.into_iter().take(NEIGHBOURS).map(neighbour).collect()
    }

    pub(crate) fn judge(&self, vector: &[f32]) -> Report {
        let neighbours = self.nearest(vector);
        let context = Context { reference: Some(&self.statistics), neighbours: &neighbours, peers: &[] };
        judge(&Embedding::new(vector.to_vec()).expect("labelled vectors are finite"), &context)
    }
}

/// What a defect is made from.
pub(crate) struct Source<'a> {
    pub(crate) vectors: &'a Vectors,
    pub(crate) collection: &'a Collection,
    pub(crate) sentence: usize,
    /// A sentence of the same part, on another topic.
    pub(crate) other: usize,
}

impl Source<'_> {
    fn clean(&self) -> Vec<f32> {
        self.vectors.minilm[self.sentence].clone()
    }
}

/// One way to spoil an embedding, and the verifiers that are there to find it.
pub(crate) struct Defect {
    pub(crate) name: &'static str,
    pub(crate) found_by: &'static [u8],
    pub(crate) make: fn(&Source<'_>, &mut Random) -> Vec<f32>,
}

fn scaled(x: &[f32], by: f64) -> Vec<f32> {
    x.iter().map(|x| (f64::from(*x) * by) as f32).collect()
}

/// To unit length, as the model's own vectors are.
fn normalised(x: Vec<f64>) -> Vec<f32> {
    let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
    x.into_iter().map(|x| (x / norm) as f32).collect()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

fn deviation(x: &[f32]) -> f64 {
    (x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / x.len() as f64).sqrt()
}

/// (1 − share) a + share b.
fn mixed(a: &[f64], b: &[f64], share: f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| (1.0 - share) * a + share * b).collect()
}

pub(crate) const DEFECTS: &[Defect] = &[
    Defect {
        name: "flipped exponent bits",
        found_by: &[1],
        make: |source, random| {
            let mut x = source.clean();
            for _ in 0..4 {
                let i = random.below(x.len());
                // Bits 23 to 30 are the exponent; a flip that gives an infinity or NaN is refused at the door.
                let flipped = f32::from_bits(x[i].to_bits() ^ (1 << (26 + random.below(5))));
                x[i] = if flipped.is_finite() { flipped } else { f32::from_bits(1 << random.below(23)) };
            }
            x
        },
    },
    Defect {
        name: "subnormal components",
        found_by: &[1],
        make: |source, random| {
            let mut x = source.clean();
            for _ in 0..1 + random.below(20) {
                let i = random.below(x.len());
                x[i] *= 1e-39;
            }
            x
        },
    },
    Defect {
        name: "spikes",
        found_by: &[2],
        make: |source, random| {
            let mut x = wide(&source.clean());
            let size = random.between(7.0, 20.0) * deviation(&source.clean());
            for _ in 0..1 + random.below(3) {
                let i = random.below(x.len());
                x[i] = size * x[i].signum();
            }
            normalised(x)
        },
    },
    Defect {
        name: "clipped",
        found_by: &[3],
        make: |source, random| {
            let limit = random.between(0.8, 2.0) * deviation(&source.clean());
            source.clean().iter().map(|x| x.clamp(-limit as f32, limit as f32)).collect()
        },
    },
    Defect {
        name: "zeroed block",
        found_by: &[4],
        make: |source, random| {
            let mut x = source.clean();
            let length = (x.len() as f64 * random.between(0.08, 0.4)) as usize;
            let start = random.below(x.len() - length);
            x[start..start + length].fill(0.0);
            x
        },
    },
    Defect {
        name: "duplicate of a stored vector",
        found_by: &[5],
        make: |source, random| {
            let x = random.pick(&source.collection.vectors).clone();
            let noise = random.between(0.0, 0.1) * deviation(&x);
            normalised(x.iter().map(|x| f64::from(*x) + noise * random.normal()).collect())
        },
    },
    Defect {
        name: "scaled",
        found_by: &[6],
        make: |source, random| {
            let factor = random.between(0.3, 5.0).exp();
            scaled(&source.clean(), if random.below(2) == 0 { factor } else { 1.0 / factor })
        },
    },
    Defect {
        name: "quantised to 4 to 8 bits",
        found_by: &[7],
        make: |source, random| {
            let x = source.clean();
            let largest = x.iter().fold(0.0f32, |m, x| m.max(x.abs()));
            let levels = f32::from(1u16 << (3 + random.below(5))) - 1.0;
            let quantised = x.iter().map(|x| f64::from((x / largest * levels).round() / levels));
            normalised(quantised.collect())
        },
    },
    Defect {
        name: "repeated block",
        found_by: &[8],
        make: |source, random| {
            let x = source.clean();
            let length = x.len() / [2, 3, 4, 8][random.below(4)];
            // Rounded differently each time, or the components would be equal bit by bit.
            let noise = 0.02 * deviation(&x);
            normalised((0..x.len()).map(|i| f64::from(x[i % length]) + noise * random.normal()).collect())
        },
    },
    Defect {
        name: "wave added",
        found_by: &[8],
        make: |source, random| {
            let x = wide(&source.clean());
            let size = random.between(0.6, 1.5) * deviation(&source.clean());
            let (period, phase) = (random.between(4.0, 100.0), random.unit());
            let wave = |i: usize| size * (std::f64::consts::TAU * (i as f64 / period + phase)).sin();
            normalised(x.iter().enumerate().map(|(i, x)| x + wave(i)).collect())
        },
    },
    Defect {
        name: "moved to the centroid",
        found_by: &[9, 10, 14],
        make: |source, random| {
            let centre = &source.collection.statistics.centroid;
            let length = source.collection.statistics.mean_cosine();
            let centre: Vec<f64> = centre.iter().map(|c| c / length).collect();
            normalised(mixed(&wide(&source.clean()), &centre, random.between(0.4, 0.8)))
        },
    },
    Defect { name: "sign flipped", found_by: &[10], make: |source, _| scaled(&source.clean(), -1.0) },
    Defect {
        name: "rectified or offset",
        found_by: &[11],
        make: |source, random| {
            let x = wide(&source.clean());
            let offset = random.between(0.2, 1.0) * deviation(&source.clean());
            let rectify = random.below(2) == 0;
            normalised(x.iter().map(|x| if rectify { x.abs() } else { x + offset }).collect())
        },
    },
    Defect {
        name: "sharpened",
        found_by: &[12],
        make: |source, random| {
            let power = random.between(1.5, 3.0);
            normalised(wide(&source.clean()).iter().map(|x| x.signum() * x.abs().powf(power)).collect())
        },
    },
    Defect {
        name: "random normal",
        found_by: &[13, 15],
        make: |source, random| normalised((0..source.clean().len()).map(|_| random.normal()).collect()),
    },
    Defect {
        name: "drowned in noise",
        found_by: &[13, 15],
        make: |source, random| {
            let x = wide(&source.clean());
            let noise = random.between(1.2, 3.0) * deviation(&source.clean());
            normalised(x.iter().map(|x| x + noise * random.normal()).collect())
        },
    },
    Defect {
        name: "dimensions shuffled",
        found_by: &[13, 16],
        make: |source, random| {
            let mut x = source.clean();
            random.shuffle(&mut x);
            x
        },
    },
    Defect {
        name: "of another model",
        found_by: &[13, 16],
        make: |source, _| normalised(wide(&source.vectors.bag[source.sentence])),
    },
    Defect {
        name: "spliced from two",
        found_by: &[15],
        make: |source, random| {
            let (mut x, y) = (source.clean(), &source.vectors.minilm[source.other]);
            let cut = (x.len() as f64 * random.between(0.4, 0.6)) as usize;
            x[cut..].copy_from_slice(&y[cut..]);
            normalised(wide(&x))
        },
    },
    Defect {
        name: "blended from stored vectors",
        found_by: &[14, 17],
        make: |source, random| {
            // Near ones: what an adversary has who reads the collection and wants to look like a new member.
            let near = source.collection.nearest(&source.vectors.minilm[source.sentence]);
            let mut sum = vec![0.0; near[0].vector.len()];
            for neighbour in near.iter().take(2 + random.below(4)) {
                let weight = random.between(0.5, 1.0);
                sum.iter_mut().zip(&neighbour.vector).for_each(|(sum, x)| *sum += weight * f64::from(*x));
            }
            let noise = 0.15 / (sum.len() as f64).sqrt();
            normalised(sum.iter().map(|x| x + noise * random.normal()).collect())
        },
    },
];

/// A labelled vector: sound, or spoiled by the defect of that index.
pub(crate) struct Labelled {
    pub(crate) defect: Option<usize>,
    pub(crate) vector: Vec<f32>,
}

/// The labelled vectors of one part: every sentence of it as it is, and `per_defect` of them spoiled in each way.
pub(crate) fn labelled(
    vectors: &Vectors,
    collection: &Collection,
    part: Part,
    per_defect: usize,
) -> Vec<Labelled> {
    let sentences = part.sentences(vectors.minilm.len());
    let clean = sentences.iter().map(|i| Labelled { defect: None, vector: vectors.minilm[*i].clone() });
    let mut items: Vec<Labelled> = clean.collect();
    for (defect, kind) in DEFECTS.iter().enumerate() {
        for turn in 0..per_defect {
            let sentence = sentences[(turn * 7 + defect) % sentences.len()];
            let mut random = Random::new((defect * 100_000 + sentence) as u64);
            // Half the way through the part: there topics differ, and both sentences are of the same part.
            let other = sentences[(turn * 7 + defect + sentences.len() / 2 + 1) % sentences.len()];
            let vector = (kind.make)(&Source { vectors, collection, sentence, other }, &mut random);
            items.push(Labelled { defect: Some(defect), vector });
        }
    }
    items
}
