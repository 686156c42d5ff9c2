//! What a replay found out, for people and for programs.

use serde::Serialize;
use serde_json::Value;

use crate::difference::Difference;
use crate::measure::{Latency, Tenth};

/// The outcome of a replay.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// `ok` if GREEN verified the document and its text is the recording's, else `different`.
    pub(crate) status: &'static str,
    pub(crate) recording: String,
    pub(crate) document_id: String,
    pub(crate) agents: usize,
    /// More than agents where an agent was concurrent with itself.
    pub(crate) replicas: usize,
    /// Agents that the network did not register, with its reason.
    pub(crate) unregistered: Vec<String>,
    /// Operations of the whole recording.
    pub(crate) operations: usize,
    /// Of these, stored before and not sent again.
    pub(crate) skipped: usize,
    /// Of these, sent again and recognised as stored.
    pub(crate) duplicates: usize,
    /// Requests of this replay.
    pub(crate) batches: usize,
    /// Requests of the whole recording that have to follow one another at the least, if they were unlimited.
    pub(crate) depth: usize,
    /// Time of sending.
    pub(crate) seconds: f64,
    pub(crate) operations_per_second: f64,
    pub(crate) latency_ms: Option<Latency>,
    pub(crate) first_tenth: Option<Tenth>,
    pub(crate) last_tenth: Option<Tenth>,
    /// Time per operation in the last tenth over that in the first.
    pub(crate) cost_ratio: Option<f64>,
    pub(crate) verified: bool,
    /// GREEN's witness.
    pub(crate) witness: Value,
    pub(crate) text_equal: bool,
    pub(crate) difference: Option<Difference>,
    /// Characters of the text read back.
    pub(crate) length: usize,
    pub(crate) fingerprint: String,
    pub(crate) digest: String,
}

impl Report {
    /// Whether everything is as recorded.
    pub(crate) fn is_ok(&self) -> bool {
        self.verified && self.text_equal
    }
}

fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "NO" }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "result          {}", if self.is_ok() { "✓ as recorded" } else { "✗ DIFFERENT" })?;
        writeln!(f, "document        {} ({} characters)", self.document_id, self.length)?;
        writeln!(f, "fingerprint     {}", self.fingerprint)?;
        writeln!(f, "agents          {} ({} replicas)", self.agents, self.replicas)?;
        write!(f, "operations      {}", self.operations)?;
        if self.skipped + self.duplicates > 0 {
            write!(
                f,
                " ({} were stored before, {} of them sent again)",
                self.skipped + self.duplicates,
                self.duplicates
            )?;
        }
        writeln!(f)?;
        writeln!(f, "batches         {} (at least {} have to follow one another)", self.batches, self.depth)?;
        writeln!(f, "seconds         {:.2}", self.seconds)?;
        writeln!(f, "operations/s    {:.0}", self.operations_per_second)?;
        if let Some(Latency { p50, p95, p99, max }) = self.latency_ms {
            writeln!(
                f,
                "latency         p50 {p50:.2} ms, p95 {p95:.2} ms, p99 {p99:.2} ms, max {max:.2} ms per batch"
            )?;
        }
        if let (Some(first), Some(last), Some(ratio)) = (&self.first_tenth, &self.last_tenth, self.cost_ratio)
        {
            writeln!(
                f,
                "cost            first tenth {:.1} µs, last tenth {:.1} µs per operation ({:.0} and {:.0} batches), ratio {ratio:.2}",
                first.us_per_operation, last.us_per_operation, first.requests, last.requests
            )?;
        }
        writeln!(f, "verified        {}", yes_no(self.verified))?;
        if !self.verified {
            writeln!(f, "witness         {}", self.witness)?;
        }
        write!(f, "text equal      {}", yes_no(self.text_equal))?;
        if let Some(difference) = &self.difference {
            write!(f, "\n                {difference}")?;
        }
        for reason in &self.unregistered {
            write!(f, "\nnot registered  {reason}")?;
        }
        Ok(())
    }
}
