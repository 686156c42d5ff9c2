//! One vote: its members, its stable bytes to sign, and what is refused.

use std::fmt;
use std::str::FromStr;

use ramanujan_core::{AgentId, Digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::roster::{self, Kind, Verifier};
use crate::verdict::Vote;

/// Begins the bytes that are signed, so that a signature of something else is none of a vote.
const DOMAIN: &[u8] = b"ramanujan/vote/1\0";

/// Longest signature, in characters: base64 of the largest in use, ML-DSA-87 (FIPS 204), with room for a key's name.
pub const MAX_SIGNATURE: usize = 8192;

/// What is voted on: an item with everything that its judgement depends on, by digest. Written `kind:64 hex digits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    kind: u8,
    digest: Digest,
}

impl Subject {
    /// The item of this kind with this digest.
    pub fn new(kind: Kind, digest: Digest) -> Subject {
        Subject { kind: matches!(kind, Kind::Skill).into(), digest }
    }

    /// Whether it is an embedding or a skill.
    pub fn kind(&self) -> Kind {
        if self.kind == 0 { Kind::Embedding } else { Kind::Skill }
    }

    /// SHA-256 of the item and of all that it was compared with.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// Why a text or bytes are not a vote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVote {
    /// The subject is not written `kind:64 hex digits`, in lower case.
    #[error("a subject is embedding: or skill: followed by 64 hex digits")]
    Subject,
    /// The verifier is on the roster by neither name nor number; the first 40 characters of what was given.
    #[error("no verifier is called {0:?}")]
    Verifier(String),
    /// The score lies outside 0 to 1, or is not a number, or in bytes is −0.
    #[error("a score is a number from 0 to 1")]
    Score,
    /// The vote is yes or no, and there is no score that it follows from.
    #[error("a vote of yes or no has a score")]
    NoScore,
    /// The signature is empty, longer than [`MAX_SIGNATURE`], or holds other than visible ASCII.
    #[error("a signature is at most {MAX_SIGNATURE} visible ASCII characters")]
    Signature,
    /// The bytes are not what [`VoteRecord::to_bytes`] writes, and why.
    #[error("the bytes are not those of a vote: {0}")]
    Bytes(&'static str),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind == 0 { "embedding" } else { "skill" };
        write!(f, "{kind}:{}", self.digest)
    }
}

impl FromStr for Subject {
    type Err = InvalidVote;

    fn from_str(text: &str) -> Result<Self, InvalidVote> {
        let (kind, digest) = text.split_once(':').ok_or(InvalidVote::Subject)?;
        let kind = match kind {
            "embedding" => Kind::Embedding,
            "skill" => Kind::Skill,
            _ => return Err(InvalidVote::Subject),
        };
        // One spelling: upper-case digits would be a second name of one subject.
        let lower = digest.bytes().all(|b| !b.is_ascii_uppercase());
        let digest = digest.parse().ok().filter(|_| lower).ok_or(InvalidVote::Subject)?;
        Ok(Subject::new(kind, digest))
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(not(target_family = "wasm"))]
crate::schema::text!(
    Signature,
    "A signature in visible ASCII, for instance base64.",
    schemars::json_schema!({ "pattern": "^[!-~]+$", "maxLength": MAX_SIGNATURE })
);

#[cfg(not(target_family = "wasm"))]
crate::schema::text!(
    for Subject,
    "An item with everything that it was compared with, by digest.",
    schemars::json_schema!({ "pattern": "^(embedding|skill):[0-9a-f]{64}$" })
);

/// One agent's word on what one verifier finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(try_from = "Unchecked")]
pub struct VoteRecord {
    /// What is voted on.
    pub(super) subject: Subject,
    /// Name of the verifier.
    #[serde(serialize_with = "verifier_id")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::schema::VerifierId"))]
    pub(super) verifier: &'static Verifier,
    /// The agent that ran the verifier.
    pub(super) agent_id: AgentId,
    /// What the verifier said.
    pub(super) vote: Vote,
    /// The score that the vote follows from; a verifier that abstains may have none.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 0.0, max = 1.0)))]
    pub(super) score: Option<f64>,
    /// Digest of the evidence, which stays with the agent.
    pub(super) evidence: Digest,
    /// The agent's signature, as it was given; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Signature"))]
    pub(super) signature: Option<String>,
}

fn verifier_id<S: Serializer>(verifier: &&Verifier, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verifier.id)
}

/// The members of a record before they are checked.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Unchecked {
    /// What is voted on.
    pub subject: Subject,
    /// Name of the verifier, or its number in the roster as text.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::schema::VerifierReference"))]
    pub verifier: String,
    /// The agent that ran the verifier.
    pub agent_id: AgentId,
    /// What the verifier said.
    pub vote: Vote,
    /// The score that the vote follows from, 0 to 1; a vote of yes or no has one.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 0.0, max = 1.0)))]
    pub score: Option<f64>,
    /// Digest of the evidence, which stays with the agent.
    pub evidence: Digest,
    /// The agent's signature, at most 8192 visible ASCII characters; it is carried and not checked.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Signature>"))]
    pub signature: Option<String>,
}

impl TryFrom<Unchecked> for VoteRecord {
    type Error = InvalidVote;

    fn try_from(raw: Unchecked) -> Result<Self, InvalidVote> {
        let verifier =
            roster::find(&raw.verifier).ok_or_else(|| InvalidVote::Verifier(cut(&raw.verifier)))?;
        if raw.score.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
            return Err(InvalidVote::Score);
        }
        // Whoever abstains may have measured something: a verifier that defers to another does.
        if raw.score.is_none() && raw.vote != Vote::Abstain {
            return Err(InvalidVote::NoScore);
        }
        let legal = |text: &String| {
            (1..=MAX_SIGNATURE).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        };
        if raw.signature.as_ref().is_some_and(|text| !legal(text)) {
            return Err(InvalidVote::Signature);
        }
        Ok(VoteRecord {
            subject: raw.subject,
            verifier,
            agent_id: raw.agent_id,
            vote: raw.vote,
            // −0 is a second spelling of 0.
            score: raw.score.map(|score| score + 0.0),
            evidence: raw.evidence,
            signature: raw.signature,
        })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

impl VoteRecord {
    /// What is voted on.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The verifier that was run.
    pub fn verifier(&self) -> &'static Verifier {
        self.verifier
    }

    /// The agent that ran it.
    pub fn agent_id(&self) -> &AgentId {
        &self.agent_id
    }

    /// What the verifier said.
    pub fn vote(&self) -> Vote {
        self.vote
    }

    /// The bytes that a signature is made over: the text `ramanujan/vote/1` and a zero byte, kind (0 embedding, 1
    /// skill), digest, verifier's number, length of the agent's name, name, vote (0 no, 1 yes, 2 abstain), score (one byte
    /// whether there is one, then IEEE 754 binary64, big-endian), digest of the evidence. One record has one spelling,
    /// and no spelling begins another.
    pub fn signing_bytes(&self) -> Vec<u8> {
        let agent = self.agent_id.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(DOMAIN.len() + agent.len() + 78);
        bytes.extend_from_slice(DOMAIN);
        bytes.push(self.subject.kind);
        bytes.extend_from_slice(self.subject.digest.as_bytes());
        bytes.push(self.verifier.agent_id);
        // Names have at most 128 bytes.
        bytes.push(agent.len() as u8);
        bytes.extend_from_slice(agent);
        bytes.push(vote_byte(self.vote));
        match self.score {
            None => bytes.push(0),
            Some(score) => {
                bytes.push(1);
                bytes.extend_from_slice(&score.to_bits().to_be_bytes());
            }
        }
        bytes.extend_from_slice(self.evidence.as_bytes());
        bytes
    }

    /// The record as bytes: those that are signed, then the signature, to the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.signing_bytes();
        bytes.extend_from_slice(self.signature.as_deref().unwrap_or_default().as_bytes());
        bytes
    }

    /// Reads what [`VoteRecord::to_bytes`] writes, and nothing else.
    ///
    /// # Errors
    /// [`InvalidVote`].
    pub fn from_bytes(bytes: &[u8]) -> Result<VoteRecord, InvalidVote> {
        let mut reader = Reader(bytes);
        if reader.take(DOMAIN.len())? != DOMAIN {
            return Err(InvalidVote::Bytes("they begin otherwise"));
        }
        let kind = match reader.byte()? {
            0 => Kind::Embedding,
            1 => Kind::Skill,
            _ => return Err(InvalidVote::Bytes("no such kind")),
        };
        let subject = Subject::new(kind, reader.digest()?);
        let verifier = reader.byte()?.to_string();
        let length = usize::from(reader.byte()?);
        let agent = std::str::from_utf8(reader.take(length)?).ok().and_then(|text| text.parse().ok());
        let agent_id = agent.ok_or(InvalidVote::Bytes("the agent's name is none"))?;
        let vote = match reader.byte()? {
            0 => Vote::No,
            1 => Vote::Yes,
            2 => Vote::Abstain,
            _ => return Err(InvalidVote::Bytes("no such vote")),
        };
        let score = match reader.byte()? {
            0 => None,
            1 => Some(f64::from_bits(u64::from_be_bytes(reader.array()?))),
            _ => return Err(InvalidVote::Bytes("no such score")),
        };
        if score.is_some_and(|score| score.is_sign_negative()) {
            return Err(InvalidVote::Score);
        }
        let evidence = reader.digest()?;
        let signature = match reader.0 {
            [] => None,
            rest => Some(String::from_utf8(rest.to_vec()).map_err(|_| InvalidVote::Signature)?),
        };
        Unchecked { subject, verifier, agent_id, vote, score, evidence, signature }.try_into()
    }

    /// Content address of the whole record; what the set knows it by.
    pub fn key(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}

fn vote_byte(vote: Vote) -> u8 {
    match vote {
        Vote::No => 0,
        Vote::Yes => 1,
        Vote::Abstain => 2,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], InvalidVote> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(InvalidVote::Bytes("they end too early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], InvalidVote> {
        self.take(N)?.try_into().map_err(|_| InvalidVote::Bytes("they end too early"))
    }

    fn byte(&mut self) -> Result<u8, InvalidVote> {
        Ok(self.array::<1>()?[0])
    }

    fn digest(&mut self) -> Result<Digest, InvalidVote> {
        Ok(Digest(self.array()?))
    }
}
