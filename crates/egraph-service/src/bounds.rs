//! What requests about a saturation have in common: the members that `saturate`, `verify` and `explain` share, and how
//! far a run may go.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::colors::Mode;
use ramanujan_egraph::saturate::Limits;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde_json::Value;

#[cfg(not(target_family = "wasm"))]
use crate::entries::{MAX_OPERATORS, MAX_RULES};
use crate::entries::{Names, OperatorEntry, RuleEntry};

const DEFAULT_ITERATIONS: u64 = 100;
const MAX_ITERATIONS: u64 = 1_000;
/// Nodes of the graph where a request does not say: a history of 64 merged operations needs 44,000.
pub(crate) const DEFAULT_NODES: usize = 50_000;
/// What the last rebuild, extraction, the check of the reply and its writing take for each node inside Wasm; a run ends
/// so much before its time. Measured by `scripts/bench.sh egraph`: 0.5 to 1 µs.
const ANSWER_TIME: Duration = Duration::from_nanos(1_000);
/// No more than this part of the time is left to the answer, however slow the machine and large the graph.
const ANSWER_PART: u32 = 4;

/// The most that the operator of the service allows a run.
#[derive(Clone, Copy)]
pub(crate) struct Most {
    /// Time in ms; a run takes it all where its request does not say.
    pub(crate) time_ms: u64,
    /// Nodes of the graph.
    pub(crate) nodes: usize,
}

/// The common members as a request has them.
#[derive(Default)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Common {
    /// The languages whose operators are declared; all of them where it is left out.
    pub(crate) language: Option<Names>,
    /// Operators that the request declares besides.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_OPERATORS)))]
    pub(crate) operators: Option<Vec<OperatorEntry>>,
    /// The rules of the run; all of the library where it is left out.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = MAX_RULES)))]
    pub(crate) rules: Option<Vec<RuleEntry>>,
    /// `ast-size` where it is left out. At most 200 operators may have weights.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::Cost>"))]
    pub(crate) cost: Option<Value>,
    /// Longest time of the run in ms; `SATURATION_TIMEOUT_MS` (5000) is the default and the most.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1)))]
    timeout_ms: Option<u64>,
    /// Most sweeps over the graph.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(range(min = 1, max = MAX_ITERATIONS), extend("default" = DEFAULT_ITERATIONS))
    )]
    max_iterations: Option<u64>,
    /// Most nodes of the graph, up to `MAX_NODES` (100000).
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1), extend("default" = DEFAULT_NODES)))]
    max_nodes: Option<usize>,
    /// `block` where it is left out.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::shapes::ColorMode>"))]
    color_mode: Option<String>,
}

impl Common {
    /// Reads the value of a member if it is one of these; says whether it is.
    fn take<'de, A: MapAccess<'de>>(&mut self, member: &str, map: &mut A) -> Result<bool, A::Error> {
        match member {
            "language" => self.language = map.next_value()?,
            "operators" => self.operators = map.next_value()?,
            "rules" => self.rules = map.next_value()?,
            "cost" => self.cost = map.next_value()?,
            "timeout_ms" => self.timeout_ms = map.next_value()?,
            "max_iterations" => self.max_iterations = map.next_value()?,
            "max_nodes" => self.max_nodes = map.next_value()?,
            "color_mode" => self.color_mode = map.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The bounds of a run whose request came in at `started`.
    pub(crate) fn bounds(&self, started: Instant, most: Most) -> Result<Bounds, Problem> {
        let longest = most.time_ms;
        let time = Duration::from_millis(within("timeout_ms", self.timeout_ms, longest, longest)?);
        Ok(Bounds {
            limits: limits(self.max_iterations, self.max_nodes, most.nodes)?,
            mode: mode(self.color_mode.as_deref())?,
            end: started + time,
            most_for_answer: time / ANSWER_PART,
        })
    }
}

/// How far a run may go.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) limits: Limits,
    pub(crate) mode: Mode,
    end: Instant,
    most_for_answer: Duration,
}

impl Bounds {
    /// Whether a run is to end now, so that an answer from so many nodes is there in time.
    pub(crate) fn expired(&self, nodes: usize) -> bool {
        let answer = ANSWER_TIME * u32::try_from(nodes).unwrap_or(u32::MAX);
        Instant::now() + answer.min(self.most_for_answer) >= self.end
    }
}

/// Iterations and nodes of a run.
pub(crate) fn limits(
    max_iterations: Option<u64>,
    max_nodes: Option<usize>,
    most_nodes: usize,
) -> Result<Limits, Problem> {
    Ok(Limits {
        iterations: within("max_iterations", max_iterations, DEFAULT_ITERATIONS, MAX_ITERATIONS)?,
        nodes: within("max_nodes", max_nodes, DEFAULT_NODES.min(most_nodes), most_nodes)?,
    })
}

/// A number of a request: from 1 to `most`, `default` where it is not given.
pub(crate) fn within<T: PartialOrd + From<u8> + fmt::Display>(
    name: &str,
    given: Option<T>,
    default: T,
    most: T,
) -> Result<T, Problem> {
    match given {
        None => Ok(default),
        Some(value) if value >= T::from(1) && value <= most => Ok(value),
        Some(_) => Err(Problem::new(Code::InvalidLimit, format!("{name} must be 1 to {most}"))),
    }
}

/// Reads `color_mode`.
pub(crate) fn mode(name: Option<&str>) -> Result<Mode, Problem> {
    let unknown = || Problem::new(Code::InvalidColorMode, "color_mode must be block or report");
    name.map_or(Ok(Mode::default()), |name| Mode::named(name).ok_or_else(unknown))
}

/// A request: the common members, and what belongs to its route alone. A member that is neither is refused by `T`,
/// which serde's `flatten` could not do.
pub(crate) struct With<T> {
    pub(crate) common: Common,
    pub(crate) own: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for With<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = With<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a request as a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<With<T>, A::Error> {
                let mut common = Common::default();
                let own = T::deserialize(MapAccessDeserializer::new(Rest { map, common: &mut common }))?;
                Ok(With { common, own })
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// The members of a request without the common ones, which are taken on the way.
struct Rest<'s, A> {
    map: A,
    common: &'s mut Common,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rest<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(member) = self.map.next_key::<Cow<'de, str>>()? {
            if !self.common.take(&member, &mut self.map)? {
                return seed.deserialize(member.into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
