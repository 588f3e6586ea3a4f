//! The newest requests one by one: what access logs are written from. As the kubelet does with long logs, only so many are
//! kept. Clones share what is full.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use opscape_manifest::api::meta::Uid;
use opscape_sim::Time;

use super::Call;
use super::engine::{Load, State};
use super::server::Request;
use super::table::GONE;
use crate::telemetry::{Outcome, Subject, SubjectId};

/// Requests in a piece, and pieces that are kept.
const PIECE: usize = 256;
const PIECES: usize = 8;

/// The newest of something.
#[derive(Debug, Clone, Default)]
pub(super) struct Newest(VecDeque<Arc<Vec<Seen>>>);

/// A request as one who had it saw it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// When it was over there, in nanoseconds.
    pub at: u64,
    pub micros: u32,
    pub call: u32,
    pub target: u32,
    pub client: u32,
    pub server: u32,
    pub failed: [u32; 3],
    pub outcome: Outcome,
    pub entry: Option<SubjectId>,
    pub service: Option<SubjectId>,
}

impl Seen {
    pub fn of(request: &Request, outcome: Outcome, micros: u64, at: u64) -> Seen {
        Seen {
            at,
            micros: u32::try_from(micros).unwrap_or(u32::MAX),
            call: request.call,
            target: request.target,
            client: request.client,
            server: request.server,
            failed: request.failed,
            outcome,
            entry: request.entry,
            service: None,
        }
    }
}

impl Newest {
    pub fn push(&mut self, seen: Seen) {
        match self.0.back_mut() {
            Some(last) if last.len() < PIECE => Arc::make_mut(last).push(seen),
            _ => {
                if self.0.len() >= PIECES {
                    self.0.pop_front();
                }
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(seen);
                self.0.push_back(Arc::new(piece));
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Seen> {
        self.0.iter().flat_map(|piece| piece.iter())
    }
}

/// A request in an access log.
#[derive(Debug, Clone, PartialEq)]
pub struct Access<'l> {
    /// When it was answered.
    pub at: Time,
    /// How long it took, in microseconds.
    pub micros: u32,
    /// What was asked for.
    pub call: &'l Call,
    /// Path and query as the backend gets them.
    pub target: &'l str,
    /// The workload or the command that sent it.
    pub from: &'l str,
    /// Which of its clients.
    pub client: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// What let it in.
    pub entry: Option<&'l Subject>,
    /// The Service it was for.
    pub service: Option<&'l Subject>,
    /// The pods that were tried, in order; the last one had it, if `answered`.
    pub pods: Vec<Uid>,
    /// Whether the last of the pods answered.
    pub answered: bool,
}

impl Load {
    /// The newest requests that a pod answered.
    pub fn served(&self, pod: Uid) -> Vec<Access<'_>> {
        let state = self.state();
        let Some(number) = state.by_pod.get(&pod).copied() else { return Vec::new() };
        state.accesses(state.served.iter().filter(|seen| seen.server == number))
    }

    /// The newest requests that something let in.
    pub fn let_in(&self) -> Vec<Access<'_>> {
        let state = self.state();
        state.accesses(state.let_in.iter())
    }
}

impl State {
    fn accesses<'l>(&'l self, all: impl Iterator<Item = &'l Seen>) -> Vec<Access<'l>> {
        let names: BTreeMap<SubjectId, &Subject> = self.telemetry.named().collect();
        let pod = |number: u32| {
            let server = self.servers.get(number as usize).filter(|_| number != GONE);
            server.map(|server| server.pod)
        };
        let mut list: Vec<Access<'l>> = all
            .filter_map(|seen| {
                let running = self.workloads.iter().rev().find(|running| running.first_call <= seen.call)?;
                let tried = seen.failed.iter().copied().chain([seen.server]);
                Some(Access {
                    at: Time(seen.at / 1_000),
                    micros: seen.micros,
                    call: self.calls.get(seen.call as usize)?,
                    target: self.targets.get(seen.target as usize).map_or("/", AsRef::as_ref),
                    from: &running.spec.name,
                    client: seen.client,
                    outcome: seen.outcome,
                    entry: seen.entry.and_then(|id| names.get(&id).copied()),
                    service: seen.service.and_then(|id| names.get(&id).copied()),
                    pods: tried.filter_map(pod).collect(),
                    answered: seen.server != GONE,
                })
            })
            .collect();
        opscape_manifest::order::sort_by(&mut list, |a, b| a.at.cmp(&b.at));
        list
    }
}
