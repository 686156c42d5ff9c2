//! The arguments of the command.

use std::time::Duration;

use ramanujan_client::{Network, Patience, parse_time};

use crate::caretaker::Options;
use crate::job::Job;

/// Look after a running network: call what must happen now and then.
///
/// A component has no timer. Rounds of synchronisation between sites, the timeline's causal index and work that was put
/// off are bounded parts of work that somebody has to ask for. `ramanujan up` does that by itself; this command does it
/// for a network that is served otherwise, as a process beside it or, with --once, from cron. Each job has its own
/// schedule, and never two calls at a time. A job that fails is called again after pauses that grow to half a minute;
/// one that the network does not have, once a minute. Two caretakers of one network do no harm.
///
/// On standard error: a line when a job stands otherwise than before. Ctrl-C and SIGTERM end it.
///
/// Exit code 0: ended by a signal, or with --once all done; 1: with --once, a job failed or was refused; 2: could not
/// begin.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub network: Network,
    /// Jobs to do: sync (rounds with peers), index (the timeline's causal index), drain (what crdt-service put off)
    #[arg(long, value_name = "JOB,…", value_delimiter = ',', default_value = "sync,index,drain")]
    pub jobs: Vec<Job>,
    /// Time between two rounds of synchronisation, e.g. 500ms, 1s, where the reply does not say when the next is due
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_time)]
    pub sync_every: Duration,
    /// Time between two looks at the causal index where nothing is left to do
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_time)]
    pub index_every: Duration,
    /// Time between two looks at what was put off where nothing is left to do
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_time)]
    pub drain_every: Duration,
    /// Do each job once, as often in a row as there is more to do (60 calls at most), and end
    #[arg(long)]
    pub once: bool,
    #[command(flatten)]
    pub patience: Patience,
    /// Say how every job stands each so often, too, e.g. 1m
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with = "once")]
    pub status_every: Option<Duration>,
    /// Print changes, or the outcome of --once, as JSON on standard output, one object a line
    #[arg(long)]
    pub json: bool,
    /// Say nothing of changes
    #[arg(short, long)]
    pub quiet: bool,
}

impl Args {
    pub(crate) fn options(&self) -> Options {
        Options::new(&self.network.url)
            .token(self.network.access.token.clone())
            .only(|job| self.jobs.contains(&job))
            .every(Job::Sync, self.sync_every)
            .every(Job::Index, self.index_every)
            .every(Job::Drain, self.drain_every)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_defaults_are_those_of_the_jobs() {
        let args = Cli::parse_from(["tend"]).args;
        assert_eq!(args.jobs, Job::ALL);
        for (job, every) in
            [(Job::Sync, args.sync_every), (Job::Index, args.index_every), (Job::Drain, args.drain_every)]
        {
            assert_eq!(every, job.every(), "{job}");
        }
    }

    #[test]
    fn jobs_are_chosen_by_name() {
        let args = Cli::parse_from(["tend", "--jobs", "drain,sync", "--sync-every", "250ms"]).args;
        assert_eq!(args.options().jobs().collect::<Vec<_>>(), [Job::Sync, Job::Drain]);
        assert_eq!(args.sync_every, Duration::from_millis(250));
        for wrong in [["tend", "--jobs", "seal"], ["tend", "--sync-every", "0"], ["tend", "--jobs", ""]] {
            assert!(Cli::try_parse_from(wrong).is_err(), "{wrong:?}");
        }
    }
}
