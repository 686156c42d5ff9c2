//! One item to judge: read from a request, judged, judged again, and shown.

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Code, Digest, Polarity, Problem};
use ramanujan_verification::embedding::{self, Context, Embedding};
use ramanujan_verification::report::Report;
use ramanujan_verification::skill::{self, Limits, Skill};
use ramanujan_verification::votes::{Subject, Unchecked, VoteRecord};
use ramanujan_verification::{Ballot, Kind, ROSTER, Verifier, Vote};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::collection::Collection;
use crate::components::Components;
use crate::settings::Settings;
use crate::surroundings::{self, Again, Query, Surroundings};

/// Longest name of an image or a model, in characters.
const MAX_LABEL: usize = 256;

/// Begins what a subject's digest is made of.
const DOMAIN: &[u8] = b"ramanujan/subject/1\0";

/// An item to judge.
///
/// It has either `embedding` or `skill`, and of `reference` and `collection` at most one, with an embedding only.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "Item"))]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemRequest {
    /// Names the image; a stored vector of this id is the item itself and none of its neighbours.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_LABEL)))]
    image_id: Option<String>,
    /// The vector to judge.
    #[serde(default)]
    embedding: Option<Components>,
    /// Which model the vector is from; it is given back and not interpreted.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_LABEL)))]
    embedding_model: Option<String>,
    /// Vectors of the same dimension to compare with, at most `MAX_REFERENCE_VECTORS`.
    #[serde(default)]
    reference: Option<Vec<Components>>,
    /// Stored collection to compare with.
    #[serde(default)]
    collection: Option<String>,
    /// The skill to judge.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Skill>"))]
    skill: Option<Value>,
    /// The agent in whose name the votes are made out; `AGENT_ID` where it is missing.
    #[serde(default)]
    agent_id: Option<AgentId>,
}

/// What is judged.
pub(crate) enum Content {
    Embedding(Embedding),
    Skill(Skill),
}

/// An item that was read and checked.
pub(crate) struct Item {
    pub(crate) image_id: Option<String>,
    embedding_model: Option<String>,
    pub(crate) content: Content,
    reference: Vec<Embedding>,
    pub(crate) collection: Option<Collection>,
    agent: AgentId,
}

impl Item {
    /// Checks an item; `collection` is the request's where the item names none, and `find` knows those that are stored.
    ///
    /// # Errors
    /// 422 naming the member, 404 `no-such-collection`.
    pub(crate) fn read(
        request: ItemRequest,
        settings: &Settings,
        collection: Option<&str>,
        find: impl Fn(&str) -> Result<Collection, Problem>,
    ) -> Result<Item, Problem> {
        let invalid = |detail: String| Problem::new(Code::InvalidItem, detail);
        for (member, text) in [("image_id", &request.image_id), ("embedding_model", &request.embedding_model)]
        {
            if text.as_ref().is_some_and(|text| text.chars().count() > MAX_LABEL) {
                return Err(invalid(format!("{member}: longer than {MAX_LABEL} characters")));
            }
        }
        let agent = request.agent_id.unwrap_or_else(|| settings.agent.clone());
        let item = |content, reference, collection| Item {
            image_id: request.image_id,
            embedding_model: request.embedding_model,
            content,
            reference,
            collection,
            agent,
        };
        match (request.embedding, request.skill) {
            (Some(components), None) => {
                let embedding = components.embedding("embedding")?;
                let dimension = embedding.dimension();
                let reference = read_reference(request.reference.unwrap_or_default(), dimension, settings)?;
                let named = request.collection.as_deref();
                let name = named.or(collection).filter(|_| named.is_some() || reference.is_empty());
                if name.is_some() && !reference.is_empty() {
                    return Err(invalid("reference and collection: give one of them".into()));
                }
                let collection = name.map(find).transpose()?;
                if let Some(collection) = &collection {
                    collection.check_dimension("embedding", dimension)?;
                }
                Ok(item(Content::Embedding(embedding), reference, collection))
            }
            (None, Some(value)) => {
                if request.reference.is_some() || request.collection.is_some() {
                    return Err(invalid(
                        "a skill is not compared with vectors: leave out reference and collection".into(),
                    ));
                }
                let skill = Skill::from_json(value, &Limits::DEFAULT)
                    .map_err(|error| Problem::new(Code::InvalidSkill, error.to_string()))?;
                Ok(item(Content::Skill(skill), Vec::new(), None))
            }
            _ => Err(invalid("an item has an embedding or a skill".into())),
        }
    }

    /// The embedding, if it is one.
    pub(crate) fn embedding(&self) -> Option<&Embedding> {
        match &self.content {
            Content::Embedding(embedding) => Some(embedding),
            Content::Skill(_) => None,
        }
    }

    /// What is to be looked up in the item's collection.
    pub(crate) fn query(&self) -> Option<(&Collection, Query<'_>)> {
        let (collection, embedding) = (self.collection.as_ref()?, self.embedding()?);
        Some((collection, Query { embedding, id: self.image_id.as_deref() }))
    }

    /// Judges the item, twice. `found` is what its collection has around it; `peers` are other embeddings of the
    /// request; `reread` gives the vectors at some places of a collection as they are stored.
    pub(crate) fn judge(
        &self,
        found: Option<Surroundings>,
        peers: &[(u64, &Embedding)],
        reread: impl FnOnce(&Collection, &[u64]) -> Result<Vec<(u64, Embedding)>, Problem>,
    ) -> Result<Judged, Problem> {
        let (report, again, subject, vectors) = match &self.content {
            Content::Skill(skill) => {
                let bytes = serde_json::to_vec(skill)?;
                let copy = serde_json::from_slice(&bytes).ok();
                let copy = copy.and_then(|value| Skill::from_json(value, &Limits::DEFAULT).ok());
                let subject = Digest::of_parts([DOMAIN, b"skill\0", &bytes]);
                (skill::judge(skill), copy.map(|copy| skill::judge(&copy)), subject, 0)
            }
            Content::Embedding(embedding) => {
                let around = found.unwrap_or_else(|| surroundings::inline(embedding, &self.reference));
                let report = judge(embedding, &around, peers);
                let stored = match &self.collection {
                    Some(collection) => {
                        let places: Vec<u64> = around.neighbours.iter().map(|near| near.index).collect();
                        reread(collection, &places)?
                    }
                    None => Vec::new(),
                };
                let source = match &self.collection {
                    Some(_) => Again::Reread(&stored),
                    None => Again::Inline(&self.reference),
                };
                let bytes = embedding.to_le_bytes();
                let reversed: Vec<_> = peers.iter().rev().copied().collect();
                let again = Embedding::from_le_bytes(&bytes)
                    .ok()
                    .map(|copy| judge(&copy, &around.again(&copy, source), &reversed));
                (report, again, embedding_subject(&bytes, &around, peers), around.vectors)
            }
        };
        let subject = Subject::new(report.kind, subject);
        Ok(Judged { differing: again.map(|again| differing(&report, &again)), report, subject, vectors })
    }

    /// The reply about an item, but for its clock.
    pub(crate) fn show(&self, judged: &Judged) -> Result<Map<String, Value>, Problem> {
        let report = &judged.report;
        let Value::Object(mut reply) = serde_json::to_value(report)? else {
            return Err(Problem::new(Code::Encoding, "a report is an object"));
        };
        let mean = |polarity: Polarity| {
            let scores: Vec<f64> = report
                .verifiers
                .iter()
                .filter(|opinion| opinion.polarity == polarity)
                .filter_map(|opinion| opinion.score)
                .collect();
            (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
        };
        let groups = [Polarity::Negative, Polarity::Neutral, Polarity::Positive].map(mean);
        let present: Vec<f64> = groups.iter().copied().flatten().collect();
        let overall = (!present.is_empty()).then(|| present.iter().sum::<f64>() / present.len() as f64);
        let scores: Vec<Value> = ROSTER
            .iter()
            .zip(&report.verifiers)
            .map(|(verifier, opinion)| {
                json!({"agent_id": verifier.agent_id, "agent_name": verifier.name,
                    "polarity": opinion.polarity.as_str().to_ascii_uppercase(),
                    "color_sigil": verifier.symbol, "score": opinion.score})
            })
            .collect();
        let differing = judged.differing.as_deref();
        let members = json!({
            "image_id": self.image_id,
            "embedding_model": self.embedding_model,
            "overall_consensus": overall,
            "negative_consensus": groups[0],
            "neutral_consensus": groups[1],
            "positive_consensus": groups[2],
            "per_agent_scores": scores,
            "polarity_balanced": present.len() == groups.len(),
            "self_verified": differing.is_some_and(<[_]>::is_empty),
            "differing": differing.unwrap_or_default(),
            "subject": judged.subject,
            "agent_id": self.agent,
            "dimension": self.embedding().map(Embedding::dimension),
            "collection": self.collection.as_ref().map(|collection| collection.name.as_str()),
            "reference_vectors": judged.vectors,
            "votes": self.votes(judged)?,
        });
        if let Value::Object(members) = members {
            reply.extend(members);
        }
        Ok(reply)
    }

    /// The votes as records that another site takes as they are.
    fn votes(&self, judged: &Judged) -> Result<Vec<VoteRecord>, Problem> {
        let records = judged.report.verifiers.iter().map(|opinion| {
            let evidence = Digest::of(&serde_json::to_vec(&opinion.evidence)?);
            let raw = Unchecked {
                subject: judged.subject,
                verifier: opinion.id.to_owned(),
                agent_id: self.agent.clone(),
                vote: opinion.vote,
                score: opinion.score,
                evidence,
                signature: None,
            };
            VoteRecord::try_from(raw).map_err(|error| Problem::new(Code::Encoding, error.to_string()))
        });
        records.collect()
    }

    /// Digest of everything that an analysis says, but for when.
    pub(crate) fn digest(&self, judged: &Judged) -> Digest {
        let subject = judged.subject.to_string();
        let image = self.image_id.as_deref().unwrap_or_default();
        let parts = [subject.as_str(), self.agent.as_str(), &letters(&judged.report), image];
        Digest::of(parts.join("\0").as_bytes())
    }

    pub(crate) fn agent(&self) -> &AgentId {
        &self.agent
    }
}

/// What came of judging an item.
pub(crate) struct Judged {
    pub(crate) report: Report,
    pub(crate) subject: Subject,
    /// Verifiers that voted otherwise the second time; `None` if the second time failed.
    differing: Option<Vec<&'static str>>,
    /// Vectors that were compared with.
    vectors: u64,
}

/// The votes in roster order, a letter each: y, n, a.
pub(crate) fn letters(report: &Report) -> String {
    let letter = |vote: &Vote| match vote {
        Vote::Yes => 'y',
        Vote::No => 'n',
        Vote::Abstain => 'a',
    };
    report.ballot().votes().iter().map(letter).collect()
}

fn judge(embedding: &Embedding, around: &Surroundings, peers: &[(u64, &Embedding)]) -> Report {
    let context = Context { reference: around.reference.as_ref(), neighbours: &around.neighbours, peers };
    embedding::judge(embedding, &context)
}

/// Verifiers whose votes differ, the second ballot being filled from the last verifier to the first; and `verdict` if
/// that differs.
fn differing(first: &Report, second: &Report) -> Vec<&'static str> {
    let mut ballot = Ballot::default();
    for opinion in second.verifiers.iter().rev() {
        let _ = ballot.set(opinion.agent_id, opinion.vote);
    }
    let before = first.ballot();
    let changed = |verifier: &&Verifier| before.get(verifier.agent_id) != ballot.get(verifier.agent_id);
    let mut differing: Vec<&'static str> =
        ROSTER.iter().filter(changed).map(|verifier| verifier.id).collect();
    if first.verdict != ballot.verdict() {
        differing.push("verdict");
    }
    differing
}

/// Digest of an embedding with all that it was compared with.
fn embedding_subject(bytes: &[u8], around: &Surroundings, peers: &[(u64, &Embedding)]) -> Digest {
    let mut others: BTreeMap<Digest, u64> = BTreeMap::new();
    for (_, peer) in peers {
        *others.entry(Digest::of(&peer.to_le_bytes())).or_default() += 1;
    }
    let others: Vec<u8> = others
        .iter()
        .flat_map(|(digest, count)| digest.as_bytes().iter().copied().chain(count.to_be_bytes()))
        .collect();
    let content = Digest::of(bytes);
    let reference = around.digest.map_or([0; 32], |digest| *digest.as_bytes());
    Digest::of_parts([DOMAIN, b"embedding\0", content.as_bytes(), &reference, &others])
}

fn read_reference(
    vectors: Vec<Components>,
    dimension: usize,
    settings: &Settings,
) -> Result<Vec<Embedding>, Problem> {
    if vectors.len() > settings.max_reference {
        let (found, limit) = (vectors.len(), settings.max_reference);
        let detail = format!("reference: {found} vectors; at most {limit}, store more as a collection");
        return Err(Problem::new(Code::TooManyVectors, detail).with("limit", limit));
    }
    let read = |(index, vector): (usize, Components)| {
        let place = format!("reference[{index}]");
        let vector = vector.embedding(&place)?;
        if vector.dimension() == dimension {
            return Ok(vector);
        }
        let detail = format!("{place} has {} components, the embedding has {dimension}", vector.dimension());
        Err(Problem::new(Code::DimensionMismatch, detail))
    };
    vectors.into_iter().enumerate().map(read).collect()
}

/// What kind of item a report is about, for events.
pub(crate) fn kind(report: &Report) -> &'static str {
    match report.kind {
        Kind::Embedding => "embedding",
        Kind::Skill => "skill",
    }
}
