//! The events of the load, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_sim::{IdMap, Rng, Time};

use super::access::Newest;
use super::clients::Clients;
use super::node::Node;
use super::server::{NEVER, Request, Server};
use super::table::{Endpoints, Rules, Table};
use super::workload::{Demand, Next, Report, Running};
use super::{Call, Network, To, Workload};
use crate::telemetry::{Outcome, Subject, SubjectId, Telemetry};

const SECOND: u64 = 1_000_000_000;
/// How often it is looked whether a closed workload should have more clients.
const LOOKS_FOR_CLIENTS: u64 = 100_000_000;

/// Everything that sends requests and serves them. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Load(Arc<State>);

/// A workload that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkloadId(u32);

impl WorkloadId {
    /// Workloads are numbered from 0 in the order in which they began.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl From<u32> for WorkloadId {
    fn from(number: u32) -> Self {
        WorkloadId(number)
    }
}

#[derive(Debug, Clone)]
pub(super) struct State {
    seed: u64,
    pub now: u64,
    order: u64,
    events: BinaryHeap<Reverse<Event>>,
    pub workloads: Vec<Running>,
    pub calls: Vec<Call>,
    /// Paths and queries as backends get them, each once.
    pub targets: Vec<Str>,
    /// Of each call; none: to be asked for.
    pub tables: Vec<Option<Table>>,
    pub servers: Vec<Server>,
    pub by_pod: IdMap<Uid, u32>,
    pub nodes: Vec<Node>,
    pub node_names: Vec<Str>,
    /// Requests that come somewhere later.
    parked: Vec<Request>,
    free: Vec<u32>,
    pub clients: Clients,
    pub rng: Rng,
    pub telemetry: Telemetry,
    /// The newest requests: at servers, and through what lets them in.
    pub served: Newest,
    pub let_in: Newest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    at: u64,
    /// Of events at one instant the one that was made first comes first.
    order: u64,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// The next request of an open workload comes.
    Arrive(u32),
    /// Clients of a workload are looked after.
    Clients(u32),
    /// A client sends its next request.
    Send { workload: u32, client: u32 },
    /// A client has its answer, unless the server it comes from was lost before.
    Answered { workload: u32, client: u32, server: u32 },
    /// A proxy tries another endpoint, unless the server it waited for was lost before.
    Again { parked: u32, server: u32 },
    /// A request ends.
    Ends { parked: u32, outcome: Outcome },
    /// A node gives out its CPU.
    Node(u32),
}

impl Load {
    /// With nothing to do.
    pub fn new(seed: u64) -> Load {
        Load(Arc::new(State {
            seed,
            now: 0,
            order: 0,
            events: BinaryHeap::new(),
            workloads: Vec::new(),
            calls: Vec::new(),
            targets: Vec::new(),
            tables: Vec::new(),
            servers: Vec::new(),
            by_pod: IdMap::new(),
            nodes: Vec::new(),
            node_names: Vec::new(),
            parked: Vec::new(),
            free: Vec::new(),
            clients: Clients::default(),
            rng: Rng::stream(seed, "load"),
            telemetry: Telemetry::default(),
            served: Newest::default(),
            let_in: Newest::default(),
        }))
    }

    pub(super) fn state(&self) -> &State {
        &self.0
    }

    /// Whether nothing will happen: no workload goes on, and no request is on its way.
    pub fn is_idle(&self) -> bool {
        self.0.events.is_empty() && self.0.servers.iter().all(|server| server.flights.is_empty())
    }

    /// Begins a workload at an instant that is not over.
    pub fn begin(&mut self, workload: Workload, at: Time) -> WorkloadId {
        let state = Arc::make_mut(&mut self.0);
        let number = state.workloads.len() as u32;
        let subject = state.telemetry.subject(Subject::Workload(workload.name.clone()));
        let first_call = state.calls.len() as u32;
        for (call, _) in &workload.calls {
            state.calls.push(call.clone());
            state.tables.push(None);
        }
        let begins = (at.0.saturating_mul(1_000)).max(state.now);
        let mut running = Running::new(workload, subject, first_call, state.seed, begins);
        if running.is_open() {
            if let Some(at) = running.next_arrival() {
                state.schedule(at, What::Arrive(number));
            }
        } else {
            state.schedule(begins, What::Clients(number));
        }
        state.workloads.push(running);
        WorkloadId(number)
    }

    /// Ends a workload now: nothing more is sent; what was sent is still answered.
    pub fn end(&mut self, workload: WorkloadId) {
        let state = Arc::make_mut(&mut self.0);
        let now = state.now;
        if let Some(running) = state.workloads.get_mut(workload.0 as usize) {
            running.ends = running.ends.min(now);
            running.report.over = true;
        }
    }

    /// Routes or endpoints are no longer what they were.
    pub fn routes_changed(&mut self) {
        if !self.0.tables.is_empty() {
            Arc::make_mut(&mut self.0).tables.fill(None);
        }
    }

    /// Whether a pod is known here: only then its changes matter.
    pub fn knows(&self, pod: Uid) -> bool {
        self.0.by_pod.contains_key(&pod)
    }

    /// Something about a pod's process changed, now. Call [`Load::advance`] first.
    pub fn process_changed(&mut self, pod: Uid, network: &dyn Network) {
        if self.knows(pod) {
            Arc::make_mut(&mut self.0).process_changed(pod, network);
        }
    }

    /// Moves on to an instant.
    pub fn advance(&mut self, until: Time, network: &dyn Network) {
        let until = until.0.saturating_mul(1_000);
        if until > self.0.now {
            Arc::make_mut(&mut self.0).advance(until, network);
        }
    }

    /// Counts what has been answered up to now. Else that is done at the end of each second.
    pub fn settle(&mut self) {
        let now = self.0.now;
        let left = |server: &Server| server.flights.peek().is_some_and(|Reverse(flight)| flight.at <= now);
        if self.0.servers.iter().any(left) {
            Arc::make_mut(&mut self.0).settle(now);
        }
    }

    /// How many events there were so far: what it cost to come here.
    pub fn events(&self) -> u64 {
        self.0.order
    }

    /// What was measured.
    pub fn telemetry(&self) -> &Telemetry {
        &self.0.telemetry
    }

    /// What became of a workload's requests; of those that are not runs only how many there were.
    pub fn report(&self, workload: WorkloadId) -> Option<&Report> {
        self.0.workloads.get(workload.0 as usize).map(|running| &running.report)
    }

    /// CPU time that the present process of a pod has used for requests, in nanoseconds.
    pub fn cpu_used(&self, pod: Uid) -> u64 {
        let server = self.0.by_pod.get(&pod).and_then(|at| self.0.servers.get(*at as usize));
        server.map_or(0, |server| server.cpu.total_at(self.0.now))
    }

    /// Requests that are at a pod now.
    pub fn in_flight(&self, pod: Uid) -> usize {
        let server = self.0.by_pod.get(&pod).and_then(|at| self.0.servers.get(*at as usize));
        let here = |flight: &&Reverse<super::server::Flight>| flight.0.at > self.0.now;
        server.map_or(0, |server| server.flights.iter().filter(here).count())
    }
}

impl State {
    pub fn schedule(&mut self, at: u64, what: What) {
        self.order += 1;
        self.events.push(Reverse(Event { at, order: self.order, what }));
    }

    pub fn park(&mut self, request: Request) -> u32 {
        if let Some(place) = self.free.pop() {
            if let Some(slot) = self.parked.get_mut(place as usize) {
                *slot = request;
            }
            return place;
        }
        self.parked.push(request);
        self.parked.len() as u32 - 1
    }

    fn unpark(&mut self, place: u32) -> Option<Request> {
        self.free.push(place);
        self.parked.get(place as usize).copied()
    }

    fn advance(&mut self, until: u64, network: &dyn Network) {
        loop {
            let next = self.events.peek().map_or(NEVER, |Reverse(event)| event.at);
            let boundary = (self.now / SECOND + 1) * SECOND;
            if next.min(until) >= boundary {
                self.now = boundary;
                self.settle(boundary);
                self.close_second(boundary);
                if next > until && self.servers.iter().all(|server| server.flights.is_empty()) {
                    // Nothing happens until then.
                    self.close_second(until / SECOND * SECOND);
                    break;
                }
                continue;
            }
            if next > until {
                break;
            }
            let Some(Reverse(event)) = self.events.pop() else { break };
            self.now = self.now.max(event.at);
            self.handle(event.what, network);
        }
        self.now = until;
    }

    fn handle(&mut self, what: What, network: &dyn Network) {
        let now = self.now;
        match what {
            What::Arrive(number) => self.arrive(number, network),
            What::Clients(number) => self.look_after_clients(number),
            What::Send { workload, client } => {
                let Some(running) = self.workloads.get_mut(workload as usize) else { return };
                let mut request = running.request(client, 1, now);
                request.workload = workload;
                self.send(request, network);
            }
            What::Answered { workload, client, server } => {
                if !self.is_lost(server, now) {
                    self.client_goes_on(workload, client, now);
                }
            }
            What::Again { parked, server } => {
                let Some(request) = self.unpark(parked) else { return };
                if !self.is_lost(server, now) {
                    self.send(request, network);
                }
            }
            What::Ends { parked, outcome } => {
                let Some(request) = self.unpark(parked) else { return };
                self.finish(&request, outcome, now);
                self.client_goes_on(request.workload, request.client, now);
            }
            What::Node(number) => self.give_out_cpu(number),
        }
    }

    /// Whether a server's connections were lost before this instant: what was to come from it does not.
    fn is_lost(&self, server: u32, at: u64) -> bool {
        self.servers.get(server as usize).is_some_and(|server| server.lost_at < at)
    }

    fn arrive(&mut self, number: u32, network: &dyn Network) {
        let now = self.now;
        let Some(running) = self.workloads.get_mut(number as usize) else { return };
        if now >= running.ends {
            return;
        }
        if let Some(weight) = running.is_followed() {
            let mut request = running.request(running.report.sent as u32, weight, now);
            request.workload = number;
            self.send(request, network);
        } else {
            let call = running.draw_call();
            self.pass_by(number, call, network);
        }
        let Some(running) = self.workloads.get_mut(number as usize) else { return };
        if let Some(at) = running.next_arrival() {
            self.schedule(at, What::Arrive(number));
        }
    }

    fn look_after_clients(&mut self, number: u32) {
        let now = self.now;
        let Some(running) = self.workloads.get_mut(number as usize) else { return };
        let mut sends = Vec::new();
        if let Demand::Run { clients, .. } = running.spec.demand {
            running.clients = clients;
            running.report.over |= clients == 0;
            for client in 0..clients {
                if let Next::Sends(at) = running.client_next(client, now) {
                    sends.push((client, at));
                }
            }
        } else {
            let wanted = running.wanted_clients(now);
            while running.clients < wanted {
                let first = now.saturating_add(running.think());
                sends.push((running.report.sent as u32 + sends.len() as u32, first));
                running.clients += 1;
            }
            if now < running.ends && running.changes() {
                self.schedule(now + LOOKS_FOR_CLIENTS, What::Clients(number));
            }
        }
        for (client, at) in sends {
            self.schedule(at, What::Send { workload: number, client });
        }
    }

    pub fn client_goes_on(&mut self, workload: u32, client: u32, now: u64) {
        let Some(running) = self.workloads.get_mut(workload as usize) else { return };
        if let Next::Sends(at) = running.client_next(client, now) {
            self.schedule(at, What::Send { workload, client });
        }
    }

    /// Requests that have left their servers by now are counted.
    fn settle(&mut self, now: u64) {
        for number in 0..self.servers.len() {
            self.settle_server(number, now);
        }
    }

    pub fn settle_server(&mut self, number: usize, now: u64) {
        while let Some(flight) = self.servers.get_mut(number).and_then(|server| server.next_left(now)) {
            self.left(number, &flight);
        }
    }

    fn close_second(&mut self, boundary: u64) {
        for server in &mut self.servers {
            let total = server.cpu.total(boundary);
            let used = (total - server.cpu_seen) / 1_000;
            let throttled = std::mem::take(&mut server.throttled) / 1_000;
            if used == 0 && throttled == 0 {
                continue;
            }
            server.cpu_seen += used * 1_000;
            self.telemetry.add_cpu(server.pod_subject, used, throttled);
            self.telemetry.add_cpu(server.version_subject, used, throttled);
            if let Some(node) = self.nodes.get(server.node as usize).and_then(|node| node.subject) {
                self.telemetry.add_cpu(node, used, throttled);
            }
        }
        self.telemetry.close((boundary / SECOND) as u32);
    }

    /// The routing table of a call, asked for if it is not known.
    pub fn look_up(&mut self, call: u32, network: &dyn Network) {
        let at = call as usize;
        let (Some(None), Some(call)) = (self.tables.get(at), self.calls.get(at).cloned()) else { return };
        let route = network.route(&call);
        let idempotent = call.is_idempotent();
        let running = self.workloads.iter().rev().find(|running| running.first_call as usize <= at);
        let workload = running.map(|running| Subject::Workload(running.spec.name.clone()));
        let mut way = |from: Option<&Subject>, to: Option<&Subject>| {
            let (from, to) = from.zip(to)?;
            Some(self.telemetry.subject(Subject::Way(Box::new((from.clone(), to.clone())))))
        };
        let door = route.rule.as_ref().or(route.entry.as_ref());
        let from = door.or(workload.as_ref());
        let way_in = way(workload.as_ref(), door);
        let mut backends = Vec::new();
        let mut ends = None;
        match &route.to {
            To::Ends(outcome) => ends = Some(*outcome),
            To::Backends(list) => {
                for backend in list {
                    backends.push((backend, way(from, backend.service.as_ref())));
                }
            }
        }
        let target = self.targets.iter().position(|known| *known == route.target).unwrap_or_else(|| {
            self.targets.push(route.target.clone());
            self.targets.len() - 1
        });
        let mut table = Table {
            target: target as u32,
            entry: route.entry.clone().map(|entry| self.telemetry.subject(entry)),
            way: way_in,
            round_trip: u32::try_from(route.round_trip.as_nanos()).unwrap_or(u32::MAX),
            proxy: route.proxy.as_ref().map(|proxy| Rules::new(proxy, idempotent)),
            ends,
            backends: Vec::new(),
            weight: 0,
        };
        for (backend, way) in backends {
            let servers: Vec<u32> = backend.pods.iter().map(|pod| self.server_of(*pod, network)).collect();
            let mut last = None;
            let on = servers.iter().map(|server| self.way_on(backend.service.as_ref(), *server, &mut last));
            let on = on.collect();
            table.weight += u64::from(backend.weight);
            table.backends.push(Endpoints {
                service: backend.service.clone().map(|service| self.telemetry.subject(service)),
                way,
                on,
                weight: backend.weight,
                ends: backend.ends,
                turn: self.rng.below(servers.len() as u64) as u32,
                servers,
                balance: backend.balance,
            });
        }
        if let Some(slot) = self.tables.get_mut(at) {
            *slot = Some(table);
        }
    }

    /// From a Service to the version of one of its servers; most are of the same one as the last.
    fn way_on(
        &mut self,
        service: Option<&Subject>,
        server: u32,
        last: &mut Option<(SubjectId, SubjectId)>,
    ) -> Option<SubjectId> {
        let server = self.servers.get(server as usize)?;
        if let Some((_, way)) = last.filter(|(version, _)| *version == server.version_subject) {
            return Some(way);
        }
        let number = server.version_subject;
        let way = Subject::Way(Box::new((service?.clone(), server.version.clone())));
        let way = self.telemetry.subject(way);
        *last = Some((number, way));
        Some(way)
    }
}
