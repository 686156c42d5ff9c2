//! Takes commands from the consumer that all instances share, as many at once as there are free places.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{AckKind, Message};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{error, warn};

use crate::delivery::Act;
use crate::health::{Health, PULL};
use crate::log::TARGET;
use crate::processor::{Origin, Processor};
use crate::setup::consumer;
use crate::stop::Stop;

/// Time for the commands under way when the service ends.
pub const DRAIN: Duration = Duration::from_secs(10);
/// The server ends a request for commands after [`PULL`]; the client gives up 5 s later. Between the two lies who did.
const ANSWERED: Duration = Duration::from_secs(PULL.as_secs() + 3);
/// Pause before the consumer is bound again.
const REBIND: Duration = Duration::from_secs(1);

/// Takes commands until it is told to stop, then ends those under way.
pub struct Worker {
    processor: Arc<Processor>,
    health: Arc<Health>,
    places: Arc<Semaphore>,
    most: u32,
    ack_wait: Duration,
}

enum Pulled {
    More,
    Broken,
    Stopped,
}

impl Worker {
    /// A worker with so many places.
    pub fn new(processor: Arc<Processor>, health: Arc<Health>, most: u16, ack_wait: Duration) -> Self {
        let places = Arc::new(Semaphore::new(usize::from(most)));
        Self { processor, health, places, most: u32::from(most), ack_wait }
    }

    /// Runs; `consumer` is bound already, and again whenever it does not answer.
    pub async fn run(self, mut bound: PullConsumer, mut stop: Stop) {
        loop {
            match self.pull(&bound, &mut stop).await {
                Pulled::More => {}
                Pulled::Stopped => break,
                Pulled::Broken => {
                    tokio::select! {
                        () = stop.stopped() => break,
                        () = tokio::time::sleep(REBIND) => {}
                    }
                    match consumer(self.processor.handler().journal(), self.ack_wait).await {
                        Ok(consumer) => bound = consumer,
                        Err(error) => warn!(target: TARGET, "{error}"),
                    }
                }
            }
        }
        if tokio::time::timeout(DRAIN, self.places.acquire_many(self.most)).await.is_err() {
            warn!(target: TARGET, "Commands are left under way; another instance will get them");
        }
    }

    async fn pull(&self, consumer: &PullConsumer, stop: &mut Stop) -> Pulled {
        let Some(mut free) = self.free(stop).await else { return Pulled::Stopped };
        let started = Instant::now();
        let asked = consumer.batch().max_messages(free.num_permits()).expires(PULL).messages().await;
        let mut batch = match asked {
            Ok(batch) => batch,
            Err(error) => {
                warn!(target: TARGET, "Commands cannot be asked for: {error}");
                return Pulled::Broken;
            }
        };
        loop {
            let next = tokio::select! {
                biased;
                () = stop.stopped() => {
                    // What has come and is not begun is for others.
                    while let Some(Some(Ok(message))) = batch.next().now_or_never() {
                        acknowledge(&message, AckKind::Nak(None)).await;
                    }
                    return Pulled::Stopped;
                }
                next = batch.next() => next,
            };
            match next {
                Some(Ok(message)) => {
                    self.health.heard(Instant::now());
                    let Some(place) = free.split(1) else {
                        // More than was asked for; the server will deliver it again.
                        acknowledge(&message, AckKind::Nak(None)).await;
                        continue;
                    };
                    let (processor, ack_wait) = (self.processor.clone(), self.ack_wait);
                    tokio::spawn(async move { deliver(&processor, message, ack_wait, place).await });
                }
                Some(Err(error)) => {
                    warn!(target: TARGET, "Commands do not come: {error}");
                    return Pulled::Broken;
                }
                None if started.elapsed() < ANSWERED => {
                    self.health.heard(Instant::now());
                    return Pulled::More;
                }
                None => {
                    warn!(target: TARGET, "NATS does not answer requests for commands");
                    return Pulled::Broken;
                }
            }
        }
    }

    /// The places that are free, when a quarter is: to ask for one command at a time would cost as much as for many.
    async fn free(&self, stop: &mut Stop) -> Option<OwnedSemaphorePermit> {
        let mut free = tokio::select! {
            biased;
            () = stop.stopped() => return None,
            free = self.places.clone().acquire_many_owned(self.most.div_ceil(4)) => free.ok()?,
        };
        while let Ok(one) = self.places.clone().try_acquire_owned() {
            free.merge(one);
        }
        Some(free)
    }
}

async fn deliver(processor: &Processor, message: Message, ack_wait: Duration, _place: OwnedSemaphorePermit) {
    let origin = match message.info() {
        Ok(info) => Origin {
            fallback_id: format!("{}:{}", info.stream, info.stream_sequence),
            delivered: u64::try_from(info.delivered).unwrap_or(u64::MAX),
            inbox: None,
        },
        Err(error) => {
            error!(target: TARGET, "A message without its place in the stream: {error}");
            return;
        }
    };
    let work = processor.process(&message, &origin);
    tokio::pin!(work);
    let act = loop {
        tokio::select! {
            act = &mut work => break act,
            // Or another instance would begin the same.
            () = tokio::time::sleep(ack_wait / 3) => acknowledge(&message, AckKind::Progress).await,
        }
    };
    let kind = match act {
        Act::Acknowledge => AckKind::Ack,
        Act::Again(pause) => AckKind::Nak(Some(pause)),
        Act::Bury { .. } => AckKind::Term,
    };
    acknowledge(&message, kind).await;
}

/// Without an answer: one that is lost means one delivery more, which has no effect.
async fn acknowledge(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        warn!(target: TARGET, "An acknowledgement was not sent: {error}");
    }
}
