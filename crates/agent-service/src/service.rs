//! The service as a whole: begins, runs, and ends after the work at hand.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::args::{Args, CommandMode};
use crate::handler::Handler;
use crate::health::Health;
use crate::http::{self, Site};
use crate::log::TARGET;
use crate::metrics::Metrics;
use crate::processor::Processor;
use crate::stop::{self, Stop};
use crate::worker::Worker;
use crate::{listeners, setup};

/// Runs until a signal.
///
/// # Errors
/// It cannot begin: a text for the operator.
pub async fn run(args: &Args) -> Result<(), String> {
    info!(target: TARGET, "Starting agent service...");
    let (stop, stopped) = stop::pair();
    let metrics = Arc::new(Metrics::default());
    let site = Site { health: Arc::default(), metrics: metrics.clone(), handler: OnceLock::new() };
    let site = Arc::new(site);
    let listener = http::listen(args.http_listen).await?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    info!(target: TARGET, "Serving http://{address}");
    let serving = tokio::spawn(http::serve(listener, site.clone(), stopped.clone()));

    let ending = ended()?;
    tokio::pin!(ending);
    let work = tokio::select! {
        work = begin(args, &site, metrics, &stopped) => work?,
        () = &mut ending => {
            info!(target: TARGET, "Ended before there was a connection");
            return Ok(());
        }
    };
    info!(target: TARGET, "Agent service is ready");
    ending.await;
    info!(target: TARGET, "Ending: no more commands are taken");
    site.health.drain();
    stop.stop();
    for task in work {
        if let Err(error) = task.await {
            warn!(target: TARGET, "{error}");
        }
    }
    if let Some(handler) = site.handler.get()
        && let Err(error) = handler.journal().client().flush().await
    {
        warn!(target: TARGET, "Not all was sent: {error}");
    }
    serving.abort();
    info!(target: TARGET, "Ended");
    Ok(())
}

type Task = tokio::task::JoinHandle<()>;

async fn begin(args: &Args, site: &Site, metrics: Arc<Metrics>, stopped: &Stop) -> Result<Vec<Task>, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let client = setup::connect(args).await.map_err(|error| text(&error))?;
    let journal = setup::journal(&client, args).await.map_err(|error| text(&error))?;
    let snapshots = setup::snapshots(&journal, args).await.map_err(|error| text(&error))?;
    let handler = Handler::new(journal, args.cache_agents as usize, metrics).with_snapshots(snapshots);
    let handler = Arc::new(handler);
    let health: Arc<Health> = site.health.clone();
    let processor = Arc::new(Processor::new(handler.clone(), u64::from(args.max_deliveries)));
    let queries = listeners::queries(handler.clone(), stopped.clone()).await.map_err(|error| text(&error))?;
    let mut work = vec![tokio::spawn(queries)];
    match args.command_mode {
        CommandMode::Durable => {
            let consumer =
                setup::consumer(handler.journal(), args.ack_wait).await.map_err(|error| text(&error))?;
            health.heard(Instant::now());
            let worker = Worker::new(processor, health, args.max_outstanding, args.ack_wait);
            work.push(tokio::spawn(worker.run(consumer, stopped.clone())));
        }
        CommandMode::Core => {
            health.heard(Instant::now());
            let commands = listeners::commands(processor, health, args.max_outstanding, stopped.clone());
            work.push(tokio::spawn(commands.await.map_err(|error| text(&error))?));
        }
    }
    // Set once, here.
    let _ = site.handler.set(handler);
    Ok(work)
}

/// Ends at the first SIGTERM or Ctrl-C.
fn ended() -> Result<impl Future<Output = ()>, String> {
    let failed = |error: std::io::Error| format!("signals cannot be heard: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
