//! `/agent/{id}/…`: the state of one agent, and its messages.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;
use serde_json::{Value, json};

use super::outbox::flush;
use super::view::{self, Surroundings, WaitingMessage};
use super::{check_clock, network_graph, path_agent, settle};
#[cfg(not(target_family = "wasm"))]
use crate::agent::LooseId;
use crate::agent::number_or_name;
use crate::kind::MessageType;
use crate::message::{AgentMessage, Message};
use crate::settings::{Context, Settings};
use crate::store::{Database, Stored};

/// Messages in a page unless asked otherwise.
const DEFAULT_PAGE: u64 = 100;

pub(crate) async fn state(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let settings = context.settings()?;
    let database = Database::open()?;
    let id = path_agent(&request)?;
    settle(&database, &context, &id).await?;
    let agent = database.known_agent(id.as_str())?;
    let graph = network_graph(&database, settings.topology)?;
    let around = Surroundings { graph: &graph, now: context.now(), timeout: settings.health_timeout };
    ok(&view::state(&agent, &around))
}

pub(crate) async fn messages(context: Context, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let pager = query.pager(DEFAULT_PAGE)?;
    let after = query.parse::<u64>("cursor")?.unwrap_or(0);
    let database = Database::open()?;
    let agent = database.known_agent(path_agent(&request)?.as_str())?;
    let page = database.waiting(&agent.agent_id, after, pager.limit())?;
    ok(&Buffer {
        agent_id: number_or_name(&agent.agent_id),
        pending: agent.pending,
        capacity: context.settings()?.max_buffer,
        next_cursor: page.next(|last| last.seq),
        messages: page.items.iter().map(|message| WaitingMessage::of(&agent.agent_id, message)).collect(),
    })
}

/// A part of what waits for an agent.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Buffer<'a> {
    /// Whom it waits for.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "LooseId"))]
    agent_id: Value,
    /// How many messages wait in all.
    pending: u64,
    /// How many may wait (`MAX_BUFFER_SIZE`); more are refused.
    capacity: u64,
    /// The `cursor` of the next page, null on the last.
    next_cursor: Option<u64>,
    /// Oldest first, about a megabyte of payloads at most.
    messages: Vec<WaitingMessage<'a>>,
}

/// Settles the messages up to `through`, which makes room for others.
pub(crate) async fn acknowledge(context: Context, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["through"])?;
    let through = query.parse::<u64>("through")?.ok_or_else(|| {
        Problem::new(Code::MissingParameter, "give through=<seq>, the last message that is dealt with")
    })?;
    let database = Database::open()?;
    let agent = database.known_agent(path_agent(&request)?.as_str())?;
    let acknowledged = database.acknowledge(&agent.agent_id, through, context.now())?;
    // Not read again: an agent that left meanwhile would be called unknown though this took effect.
    let pending = agent.pending.saturating_sub(acknowledged);
    ok(&json!({
        "agent_id": number_or_name(&agent.agent_id), "acknowledged": acknowledged, "pending": pending
    }))
}

pub(crate) async fn message(context: Context, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let agent = path_agent(&request)?;
    let message = read_message(&context.settings()?, &request)?.to(&agent)?;
    let stored = store(&context, &message).await?;
    ok(&json!({
        "ack": true,
        "message_id": message.message_id,
        "seq": stored.seq,
        "duplicate": stored.duplicate,
    }))
}

/// The message in a request's body, within the limits.
pub(super) fn read_message(settings: &Settings, request: &Request) -> Result<AgentMessage, Problem> {
    let message: AgentMessage = request.object()?;
    check_clock(&message.vector_clock)?;
    let limit = settings.max_message_bytes;
    if message.payload.text().len() as u64 > limit {
        let detail = format!("the payload exceeds {limit} bytes; send a reference to it instead");
        return Err(Problem::new(Code::MessageTooLarge, detail).with("limit", limit));
    }
    Ok(message)
}

/// Stores a message and has the timeline record it.
pub(super) async fn store(context: &Context, message: &Message) -> Result<Stored, Problem> {
    let database = Database::open()?;
    let sign = (message.msg_type == MessageType::Heartbeat).then_some(&message.sender);
    let rules = context.rules()?;
    if let Some(sender) = sign {
        // The message's trigger will say that it was heard of now.
        database.settle(sender, &rules)?;
    }
    let stored = database.store_message(message, rules.now, context.settings()?.max_buffer)?;
    if let Some(sender) = sign {
        database.heard(sender, &rules)?;
    }
    flush(&database).await?;
    Ok(stored)
}

pub(crate) async fn sync(_: Context, request: Request) -> Result<Response, Problem> {
    Database::open()?.known_agent(path_agent(&request)?.as_str())?;
    Err(Problem::new(
        Code::NotImplemented,
        "starting a synchronisation is not built yet; POST /agent/{id}/message takes a SyncRequest for the agent",
    ))
}
