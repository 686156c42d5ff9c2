//! `POST /sync/exchange`: what another site asks. Nothing is remembered between two questions, so any instance answers.

use std::collections::VecDeque;

use http::header::CONTENT_TYPE;
use ramanujan_core::{Code, Problem};
use ramanujan_crdt::codec::DecodeError;
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response, ok};
use ramanujan_sync::codec::{decode, encode};
use ramanujan_sync::engine::Memory;
use ramanujan_sync::limits::{BUSY_MS, MAX_EVIDENCE, OLDEST_VERSION, VERSION};
use ramanujan_sync::store::Question;
use ramanujan_sync::{Engine, Frame, Input, Message, Output};

use super::happenings::Happenings;
use super::link::{FRAME, NEWEST, OLDEST};
use super::round::{now, random};
use super::{Site, neighbours};
use crate::store::{evidence, memory};

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let is_binary =
        request.header(CONTENT_TYPE.as_str())?.is_some_and(|media_type| media_type.starts_with(FRAME));
    let bytes = match is_binary {
        true => request.body.clone(),
        // Every bound on a message stands in the reader of bytes.
        false => encode(&request.json::<Frame>()?),
    };
    let frame = decode(&bytes).map_err(|error| match error {
        DecodeError::Version(version) => {
            let detail = format!(
                "the message is of version {version}; this site speaks {OLDEST_VERSION} to {VERSION}"
            );
            Problem::new(Code::InvalidFrame, detail).with(OLDEST, OLDEST_VERSION).with(NEWEST, VERSION)
        }
        error => Problem::new(Code::InvalidFrame, error.to_string()),
    })?;
    if frame.message.is_answer() {
        return Err(Problem::new(Code::InvalidFrame, "the message is an answer, and nobody asked"));
    }
    let answer = answer(frame).await?;
    if is_binary { Ok(typed(FRAME, encode(&answer))) } else { ok(&answer) }
}

async fn answer(frame: Frame) -> Result<Frame, Problem> {
    let site = Site::load(None)?;
    let mut engine = Engine::new(site.settings.clone(), random());
    let from = frame.from.clone();
    // Who is no peer gets its refusal from the engine.
    let peer = site.peers.iter().find(|peer| peer.name == from);
    if let Some(peer) = peer {
        let kept = memory::one(&from)?;
        let barred = evidence::quarantines(Some(&from))?.into_iter().map(|barred| barred.quarantine);
        let quarantines = barred.map(|one| (one.document, one.agent, one.from)).collect();
        let memory = Memory { suspicious: false, quarantines, ..kept.memory(&peer.exchanges(), 0) };
        engine
            .recall(peer.settings(None), memory)
            .map_err(|full| Problem::new(Code::TooManyPeers, full.to_string()))?;
    }
    if matches!(frame.message, Message::Accuse { .. }) {
        let (told, own) =
            evidence::all(2 * MAX_EVIDENCE as u64)?.into_iter().partition(|found| found.told_by.is_some());
        let of = |all: Vec<evidence::Found>| all.into_iter().map(|found| found.evidence).collect();
        engine.recall_evidence(of(own), of(told));
    }
    let greeting = match &frame.message {
        Message::Hello { manifest, interest, .. } => Some((manifest.clone(), interest.clone())),
        _ => None,
    };
    // Where the store is still working it out, the asker comes back.
    let busy = Frame {
        from: site.settings.site.clone(),
        exchange: frame.exchange,
        message: Message::Busy { wait_ms: BUSY_MS },
    };
    let mut happenings = Happenings::of(&site);
    let mut answer = None;
    let mut outputs: VecDeque<Output> = engine.handle(now(), Input::Frame(frame)).into();
    while let Some(output) = outputs.pop_front() {
        match output {
            Output::Event(event) => happenings.take(&event)?,
            Output::Send { frame, .. } => answer = Some(frame),
            Output::Ask { ticket, question } => {
                let answered = match &question {
                    Question::Append(_) => Some(neighbours::append(&question).await),
                    _ => neighbours::try_ask(&question).await,
                };
                let Some(store) = answered else {
                    answer = Some(busy.clone());
                    break;
                };
                outputs.extend(engine.handle(now(), Input::Answer { ticket, answer: store }));
            }
        }
    }
    if engine.memory(&from).is_some_and(|memory| memory.suspicious) {
        memory::suspect(&from)?;
    }
    // Of a peer that is only answered nothing else says what it is. Others are asked at their address, which tells more.
    if let (Some(greeting), Some(peer)) = (greeting, peer.filter(|peer| peer.way.direction().is_none()))
        && matches!(answer, Some(Frame { message: Message::Welcome { .. }, .. }))
    {
        memory::greeted(&from, &greeting, &peer.exchanges())?;
    }
    happenings.end().await?;
    answer.ok_or_else(|| Problem::new(Code::Encoding, "the engine has no answer"))
}
