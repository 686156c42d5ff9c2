//! Who the seventeen verifiers are and what each one measures.

use ramanujan_core::Polarity;
use ramanujan_core::Polarity::{Negative, Neutral, Positive};

use serde::{Deserialize, Serialize};

/// How many verifiers there are, the only value of `NUM_AGENTS` that the verdict rule is made for.
pub const NUM_VERIFIERS: usize = 17;

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A vector of 8 to 4096 components.
    Embedding,
    /// Name, description, schemas and examples of what an agent can do.
    Skill,
}

/// One test: its name in replies, and in a sentence what it measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Test {
    /// In `snake_case`, distinct among the tests of one kind; replies and thresholds are named by it.
    pub name: &'static str,
    /// What number it computes, as part of a sentence.
    pub measures: &'static str,
}

/// One verifier of the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verifier {
    /// 1 to 17, its place in the roster.
    pub agent_id: u8,
    /// Its stable name for programs: in votes, in vector clocks and in [`find`].
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What it is there for, in two words.
    pub role: &'static str,
    /// The group that it votes in.
    pub polarity: Polarity,
    /// Name of the verifier's own colour.
    pub color: &'static str,
    /// Emoji of that colour.
    pub symbol: &'static str,
    /// Sigil of the polarity: `−`, `_`, `+`.
    pub sigil: &'static str,
    /// Its test of an embedding.
    pub embedding: Test,
    /// Its test of a skill.
    pub skill: Test,
}

impl Verifier {
    /// The test that this verifier runs on an item of that kind.
    pub fn test(&self, kind: Kind) -> Test {
        match kind {
            Kind::Embedding => self.embedding,
            Kind::Skill => self.skill,
        }
    }
}

/// The verifier with this number or name.
pub fn find(id: &str) -> Option<&'static Verifier> {
    let number = id.parse::<u8>().ok();
    ROSTER.iter().find(|verifier| verifier.id == id || Some(verifier.agent_id) == number)
}

const fn sigil(polarity: Polarity) -> &'static str {
    match polarity {
        Negative => "−",
        Neutral => "_",
        Positive => "+",
    }
}

macro_rules! roster {
    ($($number:literal $id:literal $polarity:ident $color:literal $symbol:literal, $name:literal / $role:literal;
        embedding $test:literal $measures:literal;
        skill $skill_test:literal $skill_measures:literal;)*) => {
        [$(Verifier {
            agent_id: $number,
            id: $id,
            name: $name,
            role: $role,
            polarity: $polarity,
            color: $color,
            symbol: $symbol,
            sigil: sigil($polarity),
            embedding: Test { name: $test, measures: $measures },
            skill: Test { name: $skill_test, measures: $skill_measures },
        }),*]
    };
}

/// All verifiers, in the order of the roster.
pub const ROSTER: [Verifier; NUM_VERIFIERS] = roster! {
    1 "neg_critic" Negative "RED" "🔴", "Negative Critic" / "Defect Detection";
    embedding "dynamic_range" "how many binary orders of magnitude the non-zero components span, and whether any is subnormal or near the largest f32";
    skill "schema_validity" "whether both schemas are valid JSON Schemas and can be compiled";

    2 "neg_anomaly" Negative "BLUE" "🔵", "Anomaly Detector" / "Anomaly Surface";
    embedding "outlier_components" "how far the component farthest from the median lies, in robust standard deviations";
    skill "examples_conform" "the share of examples whose input and output satisfy their schemas";

    3 "neg_boundary_1" Negative "PURPLE" "🟣", "Edge Detector A" / "Boundary Detection";
    embedding "saturation" "how many components share the largest or the smallest value, as clipping leaves them";
    skill "bounded_inputs" "the share of input values whose size or range the schema bounds";

    4 "neg_boundary_2" Negative "RED" "🔴", "Edge Detector B" / "Boundary Detection";
    embedding "sparsity" "the share of components that are zero, or negligible beside the typical one";
    skill "rejects_mutants" "the share of spoiled example inputs that the input schema refuses";

    5 "neg_contrast" Negative "BLUE" "🔵", "Contrast Analyzer" / "Contrast Analysis";
    embedding "duplicate" "the angle to the nearest vector of the reference or of the same request";
    skill "repeated_examples_agree" "whether examples with the same input have the same output";

    6 "neg_inverse" Negative "PURPLE" "🟣", "Inverse Mapper" / "Inverse Mapping";
    embedding "norm" "how far the Euclidean norm is from the reference's, or from the calibrated range: whether dividing by it is safe";
    skill "guarded_capability" "whether a capability that destroys, executes, pays or discloses has a guard";

    7 "neutral_canonical" Neutral "GREEN" "🟢", "Canonical Extractor" / "Canonical Form";
    embedding "resolution" "the share of ordinary components that repeat another one's magnitude, as quantisation leaves them";
    skill "canonical_form" "whether name, description and property names have the usual form and length";

    8 "neutral_selfreference" Neutral "GRAY" "⚫", "Self-Reference Engine" / "Self-Reference";
    embedding "self_similarity" "the largest autocorrelation of the components over all lags, as repeated blocks and waves have it";
    skill "references_resolve" "whether every $ref stays inside its schema, resolves, and does not lead back to itself";

    9 "neutral_interpolation" Neutral "YELLOW" "🟡", "Interpolation Mapper" / "Interpolation";
    embedding "interpolation" "whether midpoints towards the nearest neighbours lie on the shell of the reference";
    skill "crossovers_conform" "the share of example inputs mixed from two examples that satisfy the input schema";

    10 "neutral_alignment" Neutral "WHITE" "⚪", "Alignment Verifier" / "Alignment";
    embedding "centroid_alignment" "how unusual the cosine with the reference's centroid is, in standard deviations, either way";
    skill "name_matches_description" "the share of the name's words that occur in the description";

    11 "neutral_equilibrium" Neutral "TEAL" "🟦", "Equilibrium Sensor" / "Equilibrium";
    embedding "sign_balance" "how unusual the balance of positive against negative mass is";
    skill "balanced_schemas" "whether input and output schema say about equally much";

    12 "pos_enhancement_1" Positive "CYAN" "🔷", "Enhancement Engine A" / "Enhancement";
    embedding "effective_dimension" "over how many components the energy is spread (exponential of its entropy), as a share of the dimension";
    skill "documented_properties" "the share of properties with a description";

    13 "pos_emergence" Positive "MAGENTA" "🔶", "Emergence Detector" / "Emergence";
    embedding "neighbourhood" "how much closer the nearest neighbours are than two vectors of the reference on average";
    skill "example_coverage" "the share of the schemas' properties and enumerated values that examples use";

    14 "pos_synthesis_1" Positive "LIME" "🟩", "Synthesis Builder A" / "Synthesis";
    embedding "cluster_synergy" "whether the neighbours are as close to the vector as they are to each other";
    skill "output_depends_on_input" "the share of distinct inputs that lead to distinct outputs";

    15 "pos_synthesis_2" Positive "CYAN" "🔷", "Synthesis Builder B" / "Synthesis";
    embedding "part_agreement" "whether all parts of the vector agree with the same neighbours";
    skill "round_trip" "whether schemas and examples survive being written and read by a reader of JSON with double precision";

    16 "pos_expansion" Positive "MAGENTA" "🔶", "Expansion Generator" / "Expansion";
    embedding "energy_profile" "whether the energy falls on the dimensions where the reference has it";
    skill "closed_objects" "the share of objects whose schema says what happens to unknown members and which are required";

    17 "pos_creative" Positive "LIME" "🟩", "Creative Mapper" / "Creativity";
    embedding "novelty" "the share of the vector that no combination of its nearest neighbours gives";
    skill "example_diversity" "how different the examples are from each other";
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roster_is_that_of_the_specification() {
        let count = |polarity| ROSTER.iter().filter(|verifier| verifier.polarity == polarity).count();
        assert_eq!([count(Negative), count(Neutral), count(Positive)], [6, 5, 6]);
        for (index, verifier) in ROSTER.iter().enumerate() {
            assert_eq!(usize::from(verifier.agent_id), index + 1);
            assert_eq!(find(verifier.id), Some(verifier));
            assert_eq!(find(&verifier.agent_id.to_string()), Some(verifier));
        }
        assert_eq!(find("0"), None);
        assert_eq!(find("neg_nobody"), None);
    }

    #[test]
    fn every_test_is_a_different_one() {
        for kind in [Kind::Embedding, Kind::Skill] {
            let mut names: Vec<_> = ROSTER.iter().map(|verifier| verifier.test(kind).name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), NUM_VERIFIERS);
        }
    }
}
