//! One delivery of a command: read, handle, tell, and say what the server is to hear.

use std::sync::Arc;
use std::time::Instant;

use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use tracing::{debug, warn};

use crate::command::{Envelope, Refused, read};
use crate::delivery::{Act, act, is_over};
use crate::handler::Handler;
use crate::journal::Failure;
use crate::log::TARGET;
use crate::metrics::CommandLabel;
use crate::reply::{Outcome, code};
use crate::subjects;

/// Where a command came from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Name of a command that has none.
    pub fallback_id: String,
    /// How often it was delivered, this time included.
    pub delivered: u64,
    /// Where an outcome goes beside what the command names.
    pub inbox: Option<String>,
}

/// Takes deliveries to their outcome.
#[derive(Debug)]
pub struct Processor {
    handler: Arc<Handler>,
    most_deliveries: u64,
}

impl Processor {
    /// A processor that buries a command after so many deliveries.
    pub fn new(handler: Arc<Handler>, most_deliveries: u64) -> Self {
        Self { handler, most_deliveries }
    }

    /// What decides and answers.
    pub fn handler(&self) -> &Arc<Handler> {
        &self.handler
    }

    /// Does all that a command asks for. Its outcome is told before the server hears of it: it may be told twice, and
    /// never not at all.
    pub async fn process(&self, message: &Message, origin: &Origin) -> Act {
        let metrics = self.handler.metrics();
        let started = Instant::now();
        metrics.outstanding.inc();
        if origin.delivered > 1 {
            metrics.redelivered.inc();
        }
        let (envelope, request) =
            read(&message.subject, message.headers.as_ref(), &message.payload, &origin.fallback_id);
        let verb = request.as_ref().map_or("unknown", |request| request.command.verb());
        let outcome = match request {
            _ if is_over(origin.delivered, self.most_deliveries) => {
                let why = format!("{} deliveries ended without an outcome", origin.delivered - 1);
                Outcome::Never { code: code::UNAVAILABLE, why }
            }
            Ok(request) => self.handler.handle(&request).await,
            Err(Refused::Rejected(rejection)) => Outcome::Refused(rejection),
            Err(Refused::Malformed(why)) => Outcome::Never { code: code::MALFORMED, why },
        };
        let mut act = act(&outcome, origin.delivered, self.most_deliveries);
        if let Act::Bury { code, why } = &act {
            act = match self.bury(message, origin, &envelope, code, why).await {
                Ok(()) => act,
                // Not even there: the command stays where it is.
                Err(failure) => {
                    warn!(target: TARGET, command = %envelope.command_id, "No dead letter: {failure}");
                    Act::Again(std::time::Duration::from_secs(1))
                }
            };
        }
        if !matches!(act, Act::Again(_)) {
            self.tell(&envelope, origin, &outcome).await;
        }
        debug!(target: TARGET, command = %envelope.command_id, verb, delivered = origin.delivered, result = outcome.label(), "Command");
        metrics.commands.get_or_create(&CommandLabel { verb, result: outcome.label() }).inc();
        metrics.seconds.observe(started.elapsed().as_secs_f64());
        metrics.outstanding.dec();
        act
    }

    async fn tell(&self, envelope: &Envelope, origin: &Origin, outcome: &Outcome) {
        let body = Bytes::from(outcome.to_json(&envelope.command_id).to_string());
        let to =
            [Some(subjects::reply(&envelope.command_id)), envelope.reply_to.clone(), origin.inbox.clone()];
        for subject in to.into_iter().flatten() {
            if let Err(error) = self.handler.journal().client().publish(subject, body.clone()).await {
                warn!(target: TARGET, command = %envelope.command_id, "Nobody hears the outcome: {error}");
            }
        }
    }

    async fn bury(
        &self,
        message: &Message,
        origin: &Origin,
        envelope: &Envelope,
        code: &'static str,
        why: &str,
    ) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new("keeping a dead letter", error);
        let mut headers = HeaderMap::new();
        // One letter for one message, however often it is buried.
        headers.insert("Nats-Msg-Id", format!("dead:{}", origin.fallback_id));
        headers.insert("Agent-Subject", message.subject.as_str());
        headers.insert("Agent-Origin", origin.fallback_id.as_str());
        headers.insert("Agent-Deliveries", origin.delivered.to_string());
        headers.insert("Agent-Code", code);
        headers.insert("Agent-Reason", one_line(why));
        let subject = subjects::dead_letter(&envelope.command_id);
        let context = self.handler.journal().context();
        let sent = context.publish_with_headers(subject, headers, message.payload.clone()).await;
        sent.map_err(|error| failed(&error))?.await.map_err(|error| failed(&error))?;
        self.handler.metrics().dead.inc();
        warn!(target: TARGET, command = %envelope.command_id, subject = %message.subject, code, "Dead letter: {why}");
        Ok(())
    }
}

/// A text as a header carries it.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(512).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_cannot_add_headers() {
        assert_eq!(one_line("a\r\nNats-Rollup: all"), "a  Nats-Rollup: all");
        assert_eq!(one_line(&"x".repeat(2000)).len(), 512);
    }
}
