//! What is heard without a consumer: queries, and commands of a plain queue group.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::connection::State;
use async_nats::{Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::Semaphore;
use tracing::warn;

use crate::handler::Handler;
use crate::health::Health;
use crate::journal::Failure;
use crate::log::TARGET;
use crate::processor::{Origin, Processor};
use crate::setup::WORKERS;
use crate::stop::Stop;
use crate::subjects;
use crate::worker::DRAIN;

/// Queries under way at once.
const QUERIES: u16 = 64;
/// How often the connection is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Answers queries until it is told to stop.
///
/// # Errors
/// The subjects cannot be subscribed.
pub async fn queries(handler: Arc<Handler>, stop: Stop) -> Result<impl Future<Output = ()>, Failure> {
    let subscriber = subscribe(&handler, subjects::QUERIES).await?;
    Ok(each(subscriber, QUERIES, stop, move |message| {
        let handler = handler.clone();
        async move {
            let answer = handler.query(&message.subject, &message.payload).await;
            let Some(inbox) = message.reply else { return };
            if let Err(error) =
                handler.journal().client().publish(inbox, Bytes::from(answer.to_string())).await
            {
                warn!(target: TARGET, "An answer was not sent: {error}");
            }
        }
    }))
}

/// Takes commands of the queue group until it is told to stop, then ends those under way. What was sent while nobody was
/// there, or was under way when an instance was killed, is lost.
///
/// # Errors
/// The subjects cannot be subscribed.
pub async fn commands(
    processor: Arc<Processor>,
    health: Arc<Health>,
    most: u16,
    stop: Stop,
) -> Result<impl Future<Output = ()>, Failure> {
    let subscriber = subscribe(processor.handler(), subjects::COMMANDS).await?;
    let client = processor.handler().journal().client().clone();
    let watching = {
        let mut stop = stop.clone();
        async move {
            loop {
                if client.connection_state() == State::Connected {
                    health.heard(Instant::now());
                }
                tokio::select! {
                    () = stop.stopped() => return,
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
    };
    let taking = each(subscriber, most, stop, move |message| {
        let processor = processor.clone();
        async move {
            let client = processor.handler().journal().client();
            let inbox = message.reply.as_ref().map(ToString::to_string);
            // Nobody delivers it again, so that any name will do that no other command has.
            let fallback_id = client.new_inbox().replace('.', ":");
            processor.process(&message, &Origin { fallback_id, delivered: 1, inbox }).await;
        }
    });
    Ok(async move {
        tokio::join!(watching, taking);
    })
}

async fn subscribe(handler: &Handler, subject: &'static str) -> Result<Subscriber, Failure> {
    let subscribed = handler.journal().client().queue_subscribe(subject, WORKERS.to_owned()).await;
    subscribed.map_err(|error| Failure::new("subscribing", error))
}

async fn each<F: Future<Output = ()> + Send + 'static>(
    mut subscriber: Subscriber,
    most: u16,
    mut stop: Stop,
    work: impl Fn(Message) -> F,
) {
    let places = Arc::new(Semaphore::new(usize::from(most)));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let message = tokio::select! {
            biased;
            () = stop.stopped() => break,
            message = subscriber.next() => message,
        };
        let Some(message) = message else { break };
        let work = work(message);
        tokio::spawn(async move {
            work.await;
            drop(place);
        });
    }
    if let Err(error) = subscriber.unsubscribe().await {
        warn!(target: TARGET, "{error}");
    }
    // The last place was freed by leaving the loop.
    if tokio::time::timeout(DRAIN, places.acquire_many(u32::from(most))).await.is_err() {
        warn!(target: TARGET, "Some work is left undone");
    }
}
