//! Who sends requests: open workloads (as many as come), closed ones (clients that wait for their answer), and runs that
//! end (`hey -n`, `curl`).

use std::time::Duration;

use opscape_manifest::api::meta::Str;
use opscape_sim::{Log, Rng, Time};

use super::clients::Client;
use super::server::Request;
use super::{Call, Profile, Shape};
use crate::elementary::ln;
use crate::telemetry::{Outcome, SubjectId};

/// Something that sends requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// What telemetry calls it.
    pub name: Str,
    /// What is asked for, each with its weight in the mix.
    pub calls: Vec<(Call, u32)>,
    /// How much of it.
    pub demand: Demand,
    /// When it ends; `None`: never, or with its last request.
    pub until: Option<Time>,
    /// How long a client waits for an answer.
    pub timeout: Option<Duration>,
    /// From how many addresses its requests come; `None`: each client has its own (those of a run share one).
    pub addresses: Option<u32>,
}

/// How much is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand {
    /// Requests come whatever becomes of those before: many independent people.
    Open {
        /// Requests per second.
        rate: Profile,
        /// Independent of each other (Poisson), or one as long after the other.
        poisson: bool,
    },
    /// Clients of which each waits for its answer, then thinks, then asks again.
    Closed {
        /// How many.
        clients: Profile,
        /// Seconds a client thinks, on average (exponentially distributed).
        think: f64,
    },
    /// Clients of which each sends so many requests, one after the other, and ends: `hey`.
    Run {
        /// Requests of each; `None`: until the workload ends.
        requests: Option<u32>,
        /// How many clients.
        clients: u32,
        /// Seconds from one request of a client to its next, at least.
        every: f64,
    },
}

/// What became of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// When it began.
    pub began: Time,
    /// When the last answer came.
    pub last: Time,
    /// Requests sent.
    pub sent: u64,
    /// Requests that ended.
    pub ended: u64,
    /// How many ended in which way, in order.
    pub outcomes: Vec<(Outcome, u64)>,
    /// How long each answered request took, in microseconds, in the order of the answers.
    pub latencies: Log<u32>,
    /// Network time there and back in microseconds; each client spends it once more, to connect.
    pub round_trip: u32,
    /// Where the first request went.
    pub hops: Vec<Hop>,
    /// Whether no request will follow.
    pub over: bool,
}

/// A place where a request was.
#[derive(Debug, Clone, PartialEq)]
pub struct Hop {
    /// When it came there.
    pub came: Time,
    /// When it left.
    pub left: Time,
    /// Which pod, if it got so far.
    pub pod: Option<opscape_manifest::api::meta::Uid>,
    /// What came of it there.
    pub outcome: Outcome,
}

/// Hops that are kept of a request.
const MOST_HOPS: usize = 16;
/// Latencies that are kept of a run (`maxRes` of hey).
const MOST_LATENCIES: usize = 1_000_000;

impl Report {
    /// Whether every answer is there.
    pub fn is_done(&self) -> bool {
        self.over && self.sent == self.ended
    }

    pub(super) fn end(&mut self, outcome: Outcome, micros: u64, at: u64) {
        self.ended += 1;
        self.last = self.last.max(Time(at / 1_000));
        match self.outcomes.binary_search_by_key(&outcome, |(known, _)| *known) {
            Ok(place) => self.outcomes.get_mut(place).into_iter().for_each(|(_, count)| *count += 1),
            Err(place) => self.outcomes.insert(place, (outcome, 1)),
        }
        if matches!(outcome, Outcome::Status(_)) && self.latencies.len() < MOST_LATENCIES {
            self.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }

    pub(super) fn hop(&mut self, hop: Hop) {
        if self.hops.len() < MOST_HOPS {
            self.hops.push(hop);
        }
    }
}

/// Above so many requests per second of an open workload one of several is followed; the others only take their place.
pub const FOLLOWED: f64 = 4_000.0;

/// What a client does next.
pub(super) enum Next {
    /// It sends its next request, at this instant.
    Sends(u64),
    /// It is done.
    Leaves,
}

/// A workload that goes on.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub spec: Workload,
    pub subject: SubjectId,
    /// Where its calls begin among all calls.
    pub first_call: u32,
    weight: u64,
    pub rng: Rng,
    /// In nanoseconds.
    pub begins: u64,
    pub ends: u64,
    /// Seconds since the beginning of the next arrival of an open workload.
    clock: f64,
    /// Arrivals left in the present group, and which of them is followed.
    left: u32,
    followed: u32,
    group: u32,
    /// Clients of a closed workload that are there.
    pub clients: u32,
    /// Of each client of a run: requests left, and when it sent the last one.
    pub turns: Vec<(u32, u64)>,
    pub report: Report,
}

impl Running {
    pub fn new(spec: Workload, subject: SubjectId, first_call: u32, seed: u64, begins: u64) -> Running {
        let ends = spec.until.map_or(u64::MAX, |until| until.0.saturating_mul(1_000));
        let weight = spec.calls.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let rng = Rng::stream(seed, &["load ", &spec.name].concat());
        let turns = match spec.demand {
            Demand::Run { requests, clients, .. } => {
                vec![(requests.unwrap_or(u32::MAX), begins); clients as usize]
            }
            _ => Vec::new(),
        };
        let report = Report { began: Time(begins / 1_000), last: Time(begins / 1_000), ..Report::default() };
        Running {
            spec,
            subject,
            first_call,
            weight,
            rng,
            begins,
            ends,
            clock: 0.0,
            left: 0,
            followed: 0,
            group: 1,
            clients: 0,
            turns,
            report,
        }
    }

    /// Whether requests come whatever becomes of those before.
    pub fn is_open(&self) -> bool {
        matches!(self.spec.demand, Demand::Open { .. })
    }

    /// Whether the number of its clients changes.
    pub fn changes(&self) -> bool {
        matches!(self.spec.demand, Demand::Closed { clients, .. } if clients.shape != Shape::Constant)
    }

    /// Whether the outcome of each request is kept.
    pub fn is_run(&self) -> bool {
        matches!(self.spec.demand, Demand::Run { .. })
    }

    /// Who a client is to proxies and Services.
    pub fn client(&self, workload: u32, client: u32) -> Client {
        let number = |client: u32| u64::from(workload) << 32 | u64::from(client);
        let shared = self.spec.addresses.map(|addresses| number(client.checked_rem(addresses).unwrap_or(0)));
        match self.spec.demand {
            // Whoever comes, comes once.
            Demand::Open { .. } => Client { address: shared, visitor: None },
            Demand::Closed { .. } => {
                Client { address: shared.or(Some(number(client))), visitor: Some(number(client)) }
            }
            // One machine, and programs that keep no cookies.
            Demand::Run { .. } => Client { address: shared.or(Some(number(0))), visitor: None },
        }
    }

    /// One of its calls.
    pub fn draw_call(&mut self) -> u32 {
        if self.spec.calls.len() <= 1 {
            return self.first_call;
        }
        let mut at = self.rng.below(self.weight.max(1));
        for (number, (_, weight)) in self.spec.calls.iter().enumerate() {
            match at.checked_sub(u64::from(*weight)) {
                Some(rest) => at = rest,
                None => return self.first_call + number as u32,
            }
        }
        self.first_call
    }

    /// A request sent now.
    pub fn request(&mut self, client: u32, weight: u32, now: u64) -> Request {
        self.report.sent += 1;
        let span = self.spec.timeout.and_then(|span| u64::try_from(span.as_nanos()).ok());
        let gives_up = now.saturating_add(span.unwrap_or(u64::MAX));
        let call = self.draw_call();
        let connects = match self.spec.demand {
            Demand::Run { requests, .. } => {
                let left = self.turns.get(client as usize).map_or(0, |(left, _)| *left);
                left + 1 == requests.unwrap_or(u32::MAX)
            }
            _ => false,
        };
        Request { client, weight, gives_up, connects, ..Request::new(call, now) }
    }

    /// When the next request of an open workload comes.
    pub fn next_arrival(&mut self) -> Option<u64> {
        let Demand::Open { rate, poisson } = self.spec.demand else { return None };
        let amount = if poisson { -ln(1.0 - self.rng.unit()) } else { 1.0 };
        self.clock = rate.after(self.clock, amount)?;
        let at = self.begins.saturating_add((self.clock * 1e9 + 0.5) as u64);
        (at < self.ends).then_some(at)
    }

    /// Whether the request that comes now is followed, and for how many it stands.
    pub fn is_followed(&mut self) -> Option<u32> {
        if self.left == 0 {
            let Demand::Open { rate, .. } = self.spec.demand else { return Some(1) };
            self.group = (rate.at(self.clock) / FOLLOWED).ceil().clamp(1.0, 1e6) as u32;
            self.left = self.group;
            self.followed = if self.group > 1 { self.rng.below(u64::from(self.group)) as u32 } else { 0 };
        }
        self.left -= 1;
        (self.left == self.followed).then_some(self.group)
    }

    /// How many clients a closed workload should have now.
    pub fn wanted_clients(&self, now: u64) -> u32 {
        let Demand::Closed { clients, .. } = self.spec.demand else { return 0 };
        if now >= self.ends {
            return 0;
        }
        (clients.at((now - self.begins) as f64 / 1e9) + 0.5) as u32
    }

    pub fn think(&mut self) -> u64 {
        match self.spec.demand {
            Demand::Closed { think, .. } if think > 0.0 => (-ln(1.0 - self.rng.unit()) * think * 1e9) as u64,
            _ => 0,
        }
    }

    /// A client has its answer.
    pub fn client_next(&mut self, client: u32, now: u64) -> Next {
        match self.spec.demand {
            Demand::Open { .. } => Next::Leaves,
            Demand::Closed { .. } => {
                if self.clients > self.wanted_clients(now) {
                    self.clients -= 1;
                    return Next::Leaves;
                }
                Next::Sends(now.saturating_add(self.think()))
            }
            Demand::Run { every, .. } => {
                let over = now >= self.ends;
                let Some((left, last)) = self.turns.get_mut(client as usize) else { return Next::Leaves };
                let at = now.max(last.saturating_add((every * 1e9) as u64));
                if *left == 0 || over || at >= self.ends {
                    self.clients = self.clients.saturating_sub(1);
                    self.report.over |= self.clients == 0;
                    return Next::Leaves;
                }
                *left -= 1;
                *last = at;
                Next::Sends(at)
            }
        }
    }
}
