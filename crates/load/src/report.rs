//! What a load found out, for people and for programs.

use serde::Serialize;

use crate::cache::CacheUse;
use crate::convergence::Convergence;
use crate::record::{Record, Summary};

/// Findings of one sort shown to people; a program gets all.
const SHOWN: usize = 10;

/// An error that attempts met.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ErrorCount {
    /// HTTP status, 0 if there was no reply.
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) count: u64,
    /// What the first one said.
    pub(crate) example: String,
}

/// Percentiles of one kind of request.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) kind: String,
    #[serde(flatten)]
    pub(crate) times: Summary,
}

/// The outcome of a load.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// `ok`, `not-converged`, or `failures` if operations were given up.
    pub(crate) status: &'static str,
    /// The network, or the folder of the fleet.
    pub(crate) url: String,
    /// Where agents wrote: 1, or the sites of the fleet.
    pub(crate) sites: usize,
    /// Of a fleet: seconds from the end of the load until all agents had read the same.
    pub(crate) agreed_seconds: Option<f64>,
    pub(crate) agents: usize,
    pub(crate) documents: usize,
    pub(crate) mix: String,
    pub(crate) reads_percent: u32,
    pub(crate) zipf: f64,
    pub(crate) seed: u64,
    /// Operations per second asked for, and done.
    pub(crate) rate: f64,
    pub(crate) operations_per_second: f64,
    /// From the start to the last acknowledgement.
    pub(crate) seconds: f64,
    pub(crate) interrupted: bool,
    pub(crate) operations: u64,
    pub(crate) writes: u64,
    pub(crate) reads: u64,
    pub(crate) merges: u64,
    pub(crate) retries: u64,
    pub(crate) failed: u64,
    pub(crate) unsent: u64,
    /// Largest delay of an operation behind its agent's earlier ones.
    pub(crate) behind_ms: f64,
    /// From the scheduled time to the reply, repetitions included.
    pub(crate) latency_ms: Vec<Latency>,
    /// From sending to the reply, each attempt by itself.
    pub(crate) service_ms: Option<Summary>,
    pub(crate) errors: Vec<ErrorCount>,
    pub(crate) cache: CacheUse,
    /// `None` if the user did not wait for it.
    pub(crate) convergence: Option<Convergence>,
}

impl Report {
    /// Takes over what was measured.
    pub(crate) fn fill(&mut self, record: &Record) {
        self.operations = record.operations();
        (self.writes, self.reads, self.merges) = (record.writes, record.reads, record.merges);
        (self.retries, self.failed, self.unsent) = (record.retries, record.failed, record.unsent);
        self.behind_ms = record.behind.as_secs_f64() * 1000.0;
        self.operations_per_second =
            if self.seconds > 0.0 { self.operations as f64 / self.seconds } else { 0.0 };
        let latencies = record.latencies();
        self.latency_ms = latencies.into_iter().map(|(kind, times)| Latency { kind, times }).collect();
        self.service_ms = record.service();
        let example = |key| record.details.get(key).cloned().unwrap_or_default();
        self.errors = record
            .errors
            .iter()
            .map(|(key, count)| ErrorCount {
                status: key.0,
                code: key.1.clone(),
                count: *count,
                example: example(key),
            })
            .collect();
        self.status = match &self.convergence {
            Some(convergence) if !convergence.is_ok() => "not-converged",
            _ if self.failed > 0 => "failures",
            _ => "ok",
        };
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.status == "ok"
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "result          {}", if self.is_ok() { "✓ ok" } else { "✗ NOT OK" })?;
        writeln!(
            f,
            "load            {} agents, {} documents, {}, {} % reads, zipf {}, seed {}{}",
            self.agents,
            self.documents,
            self.mix,
            self.reads_percent,
            self.zipf,
            self.seed,
            if self.interrupted { ", INTERRUPTED" } else { "" }
        )?;
        writeln!(
            f,
            "operations      {} ({} writes, {} reads, {} merges) in {:.1} s",
            self.operations, self.writes, self.reads, self.merges, self.seconds
        )?;
        if let Some(seconds) = self.agreed_seconds {
            writeln!(f, "sites           {}, compared until {seconds:.1} s after the load", self.sites)?;
        }
        writeln!(f, "operations/s    {:.1} of {:.1} asked for", self.operations_per_second, self.rate)?;
        if self.unsent > 0 && !self.interrupted {
            writeln!(f, "TOO MUCH        {} operations were due, but never sent", self.unsent)?;
        }
        writeln!(f, "behind          {:.1} ms at most", self.behind_ms)?;
        writeln!(f, "retries         {}", self.retries)?;
        writeln!(f, "given up        {}", self.failed)?;
        writeln!(f)?;
        let heads = ["ms", "count", "mean", "p50", "p90", "p99", "p99.9", "max"];
        let [kind, rest @ ..] = heads;
        write!(f, "{kind:<15}")?;
        rest.iter().try_for_each(|head| write!(f, " {head:>9}"))?;
        writeln!(f)?;
        let latencies = self.latency_ms.iter().map(|latency| (latency.kind.as_str(), &latency.times));
        for (kind, times) in latencies.chain(self.service_ms.iter().map(|times| ("reply time", times))) {
            write!(f, "{kind:<15} {:>9}", times.count)?;
            for time in [times.mean, times.p50, times.p90, times.p99, times.p999, times.max] {
                write!(f, " {time:>9.2}")?;
            }
            writeln!(f)?;
        }
        writeln!(f)?;
        if self.errors.is_empty() {
            writeln!(f, "errors          none")?;
        }
        for ErrorCount { status, code, count, example } in &self.errors {
            let example: String = example.chars().take(120).collect();
            writeln!(f, "error           {count} × {status} {code}: {example}")?;
        }
        writeln!(f, "cache           {}", self.cache)?;
        match &self.convergence {
            None => write!(f, "convergence     not checked"),
            Some(convergence) => show(convergence, f),
        }
    }
}

fn show(convergence: &Convergence, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    write!(
        f,
        "convergence     {}: {} documents with {} operations, read by {} agents",
        if convergence.is_ok() { "✓" } else { "✗ NO" },
        convergence.documents,
        convergence.operations,
        convergence.readers
    )?;
    let sorts = [
        ("differs", &convergence.diverged),
        ("lost", &convergence.lost),
        ("wrong value", &convergence.wrong),
        ("unread", &convergence.unread),
        ("undecided", &convergence.undecided),
    ];
    for (name, findings) in sorts {
        for finding in findings.iter().take(SHOWN) {
            write!(f, "\n{name:<15} {finding}")?;
        }
        if findings.len() > SHOWN {
            write!(f, "\n{name:<15} and {} more", findings.len() - SHOWN)?;
        }
    }
    Ok(())
}
