//! One process that serves: its places, its queue, and the requests it works on.
//!
//! With places taken in order of arrival, the instant at which a request begins is known when it arrives (Kiefer and
//! Wolfowitz 1955): it is when the first place becomes free. So a request costs no events of its own; it lies in `flights`
//! until its time has come, and is looked at only if something happens to the process before.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

use opscape_manifest::api::meta::Uid;

use super::cpu::{Cpu, PERIOD};
use super::service::Need;
use super::table::{Counted, GONE};
use super::{Process, ProcessState, Serve};
use crate::telemetry::{Subject, SubjectId};

/// Never.
pub(super) const NEVER: u64 = u64::MAX;

/// A request on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub workload: u32,
    /// Where its call is among all calls.
    pub call: u32,
    pub client: u32,
    /// How many requests it stands for.
    pub weight: u32,
    /// Endpoints it was sent to.
    pub tries: u32,
    /// The backend that was chosen for it.
    pub backend: u32,
    /// The server that has it, and those that were tried before.
    pub server: u32,
    pub failed: [u32; 3],
    /// What is asked of the backend.
    pub target: u32,
    /// Network time there and back, in nanoseconds.
    pub round_trip: u32,
    /// When the client sent it.
    pub sent: u64,
    /// When the client stops waiting.
    pub gives_up: u64,
    /// Whether the client has to connect first.
    pub connects: bool,
    /// What let it in.
    pub entry: Option<SubjectId>,
    /// From the workload to there.
    pub way: Option<SubjectId>,
}

impl Request {
    /// A request that is sent now, by nobody yet.
    pub fn new(call: u32, now: u64) -> Request {
        Request {
            workload: 0,
            call,
            client: 0,
            weight: 1,
            tries: 0,
            backend: u32::MAX,
            target: 0,
            server: GONE,
            failed: [GONE; 3],
            round_trip: 0,
            sent: now,
            gives_up: NEVER,
            connects: false,
            entry: None,
            way: None,
        }
    }
}

impl Request {
    /// It was sent to a server in vain.
    pub fn failed_at(&mut self, server: u32) {
        if let Some(free) = self.failed.iter_mut().find(|known| **known == GONE) {
            *free = server;
        }
    }
}

/// How a request leaves a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Answered.
    Answer(u16),
    /// The proxy did not wait any longer; it goes on elsewhere if it may.
    ReadTimeout,
    /// The client did not wait any longer.
    GivenUp,
}

/// A request at a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    /// When it leaves.
    pub at: u64,
    pub end: End,
    /// When it came.
    pub came: u64,
    /// When the proxy stops waiting.
    pub read_by: u64,
    /// What its proxy answers if the connection breaks; none: the client connected itself.
    pub broken: Option<u16>,
    /// Whether the proxy sends it to another endpoint when this one takes too long, or breaks the connection.
    pub again_if_late: bool,
    pub again_if_lost: bool,
    pub counted: Counted,
    pub request: Request,
}

impl PartialEq for Flight {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Flight {}

impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Flight {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |flight: &Flight| {
            let request = &flight.request;
            (flight.at, flight.came, request.workload, request.client, request.sent)
        };
        rank(self).cmp(&rank(other))
    }
}

/// A process that serves.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub pod: Uid,
    pub life: u32,
    pub node: u32,
    pub pod_subject: SubjectId,
    pub version_subject: SubjectId,
    /// Answers to those whom the version had answered before; none: there were none yet.
    pub again_subject: Option<SubjectId>,
    pub version: Subject,
    pub serve: Serve,
    /// CPU request in thousandths of a core.
    pub weight: u64,
    listens_at: u64,
    refuses_at: u64,
    hangs: (u64, u64),
    /// When its connections broke, or its node was cut off.
    pub lost_at: u64,
    pub silent: bool,
    /// When each taken place becomes free.
    places: BinaryHeap<Reverse<u64>>,
    /// When those that wait for a place will have one, in order.
    waiting: VecDeque<u64>,
    pub flights: BinaryHeap<Reverse<Flight>>,
    pub cpu: Cpu,
    /// CPU time taken in a period, and which.
    taken: (u64, u64),
    /// CPU time and waiting for CPU that telemetry has not seen yet.
    pub cpu_seen: u64,
    pub throttled: u64,
}

impl Server {
    pub fn new(pod: Uid, process: &Process, node: u32, subjects: (SubjectId, SubjectId)) -> Server {
        // A process cannot use more than its node has.
        let cores = match (process.cpu_limit, process.node_cpu) {
            (cores, 0) | (0, cores) => cores,
            (limit, node) => limit.min(node),
        };
        let mut server = Server {
            pod,
            life: process.life,
            node,
            pod_subject: subjects.0,
            version_subject: subjects.1,
            again_subject: None,
            version: process.version.clone(),
            serve: process.serve,
            weight: process.cpu_request.max(2),
            listens_at: NEVER,
            refuses_at: NEVER,
            hangs: (NEVER, NEVER),
            lost_at: NEVER,
            silent: false,
            places: BinaryHeap::new(),
            waiting: VecDeque::new(),
            flights: BinaryHeap::new(),
            cpu: Cpu::new(cores),
            taken: (0, 0),
            cpu_seen: 0,
            throttled: 0,
        };
        server.follow(process);
        server
    }

    /// Takes over when it listens.
    pub fn follow(&mut self, process: &Process) {
        let nanos = |time: Option<opscape_sim::Time>| time.map_or(NEVER, |time| time.0.saturating_mul(1_000));
        self.listens_at = nanos(process.listens_at);
        self.refuses_at = nanos(process.refuses_at);
        self.hangs = process.hangs.map_or((NEVER, NEVER), |(from, until)| (nanos(Some(from)), nanos(until)));
        self.silent = process.state == ProcessState::Silent;
        self.serve.error_rate = process.serve.error_rate;
    }

    /// Whether a connection made now is accepted.
    pub fn listens(&self, now: u64) -> bool {
        self.lost_at == NEVER && self.listens_at <= now && now < self.refuses_at
    }

    /// Takes in a request; when it will be done, and how long it waited for CPU. `None`: the queue is full.
    pub fn admit(&mut self, now: u64, need: Need) -> Option<u64> {
        let limited = self.serve.concurrency > 0;
        let mut begin = now;
        if limited {
            while self.places.peek().is_some_and(|Reverse(free)| *free <= now) {
                self.places.pop();
            }
            if self.places.len() >= self.serve.concurrency as usize {
                while self.waiting.front().is_some_and(|begins| *begins <= now) {
                    self.waiting.pop_front();
                }
                if self.waiting.len() >= self.serve.queue as usize {
                    return None;
                }
                if let Some(Reverse(free)) = self.places.pop() {
                    begin = free;
                    self.waiting.push_back(free);
                }
            }
        }
        let (hangs, until) = self.hangs;
        if begin == NEVER || begin >= hangs && until == NEVER {
            if limited {
                self.places.push(Reverse(NEVER));
            }
            return Some(NEVER);
        }
        if begin >= hangs {
            begin = begin.max(until);
        }
        let computed = self.cpu.take(begin, need.cpu);
        let period = now / PERIOD;
        if self.taken.0 != period {
            self.taken = (period, 0);
        }
        self.taken.1 = self.taken.1.saturating_add(need.cpu);
        self.throttled =
            self.throttled.saturating_add(computed.saturating_sub(begin.saturating_add(need.cpu)));
        let mut done = computed.saturating_add(need.waits);
        if begin < hangs && done > hangs {
            done = if until == NEVER { NEVER } else { done.saturating_add(until - hangs) };
        }
        if limited {
            self.places.push(Reverse(done));
        }
        Some(done)
    }

    /// CPU time it wants of each period, judged by the one before `now`.
    pub fn wants(&self, now: u64, capacity: u64) -> u64 {
        if self.lost_at != NEVER {
            0
        } else if self.cpu.is_behind(now) {
            self.cpu.limit().min(capacity)
        } else if self.taken.0 + 1 == now / PERIOD {
            self.taken.1
        } else {
            0
        }
    }

    /// The next request that has left by `now`.
    pub fn next_left(&mut self, now: u64) -> Option<Flight> {
        if self.flights.peek().is_none_or(|Reverse(flight)| flight.at > now) {
            return None;
        }
        self.flights.pop().map(|Reverse(flight)| flight)
    }

    /// All connections are lost: the requests on them, in order of their coming.
    pub fn lose(&mut self, now: u64) -> Vec<Flight> {
        self.lost_at = now;
        self.places = BinaryHeap::new();
        self.waiting = VecDeque::new();
        let mut lost: Vec<Flight> =
            std::mem::take(&mut self.flights).into_iter().map(|Reverse(one)| one).collect();
        lost.sort_by_key(|flight| (flight.came, flight.request.workload, flight.request.client, flight.at));
        lost
    }
}
