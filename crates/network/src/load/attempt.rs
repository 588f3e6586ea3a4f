//! A request on its way: to an endpoint, to the next one if that fails and a proxy may try, to its end.

use opscape_sim::Time;

use super::Network;
use super::access::Seen;
use super::clients::Client;
use super::cpu::PERIOD;
use super::engine::{State, What};
use super::server::{End, Flight, NEVER, Request};
use super::table::{Counted, GONE, Rules};
use super::workload::Hop;
use crate::telemetry::{Outcome, Subject};

/// How long Linux tries to connect where nothing answers (`net.ipv4.tcp_syn_retries`, 6).
const CONNECTS_FOR: u64 = 127_000_000_000;

impl State {
    /// Sends a request, or sends it to the next endpoint.
    pub fn send(&mut self, mut request: Request, network: &dyn Network) {
        let now = self.now;
        self.look_up(request.call, network);
        let Some(Some(table)) = self.tables.get_mut(request.call as usize) else { return };
        // The first request of a client waits for its connection, too.
        let ways = if request.connects { 2 } else { 1 };
        request.round_trip = table.round_trip.saturating_mul(ways);
        (request.entry, request.way, request.target) = (table.entry, table.way, table.target);
        if let Some(running) = self.workloads.get_mut(request.workload as usize) {
            running.report.round_trip = table.round_trip / 1_000;
        }
        let proxy = table.proxy;
        let client = self.client(&request);
        if request.tries == 0 && !self.is_within_limits(&request, client, proxy) {
            self.end_now(&request, Outcome::Status(503));
            return;
        }
        let Some(Some(table)) = self.tables.get_mut(request.call as usize) else { return };
        if request.server != GONE {
            let before = std::mem::replace(&mut request.server, GONE);
            request.failed_at(before);
        }
        if let Some(outcome) = table.ends {
            self.end_now(&request, outcome);
            return;
        }
        if let Some(outcome) = table.draw(&mut request, &mut self.rng) {
            let counted = table.counted(&request);
            self.attempt_failed(&request, GONE, counted, outcome);
            self.end_now(&request, outcome);
            return;
        }
        loop {
            let Some(Some(table)) = self.tables.get_mut(request.call as usize) else { return };
            let picked = table.pick(&request, (client, &mut self.clients), now, &mut self.rng);
            let Some((number, counted)) = picked else {
                // No endpoint: ingress-nginx answers 503 (lua/balancer.lua), kube-proxy rejects the connection.
                let outcome = if proxy.is_some() { Outcome::Status(503) } else { Outcome::Refused };
                let counted = table.counted(&request);
                self.attempt_failed(&request, GONE, counted, outcome);
                self.end_now(&request, outcome);
                return;
            };
            request.tries += 1;
            let server = self.servers.get_mut(number as usize);
            if server.as_ref().is_some_and(|server| server.silent) {
                request.failed_at(number);
                let patience = proxy.map_or(CONNECTS_FOR, |rules| rules.connect_timeout);
                let until = now.saturating_add(patience);
                self.goes_on(&request, client, proxy, until.min(request.gives_up));
                self.unreachable(request, proxy, counted, until);
                return;
            }
            let Some(server) = server.filter(|server| number != GONE && server.listens(now)) else {
                self.attempt_failed(&request, number, counted, Outcome::Refused);
                request.failed_at(number);
                match proxy {
                    Some(rules) if rules.retries_errors && request.tries < rules.tries => continue,
                    Some(rules) => self.end_now(&request, Outcome::Status(rules.broken)),
                    None => self.end_now(&request, Outcome::Refused),
                }
                return;
            };
            request.server = number;
            let need = server.serve.need(&mut self.rng);
            let fails = server.serve.error_rate > 0.0 && self.rng.chance(server.serve.error_rate);
            let Some(done) = server.admit(now, need) else {
                self.attempt_failed(&request, number, counted, Outcome::Status(503));
                self.served.push(Seen::of(&request, Outcome::Status(503), 0, now));
                self.end_now(&request, Outcome::Status(503));
                return;
            };
            let read_by = proxy.map_or(NEVER, |rules| now.saturating_add(rules.read_timeout));
            let (at, end) = earliest(done, if fails { 500 } else { 200 }, read_by, request.gives_up);
            let node = server.node;
            let flight = Flight {
                at: at.max(now),
                end,
                came: now,
                read_by,
                broken: proxy.map(|rules| rules.broken),
                again_if_late: may_retry(proxy, &request, true, false),
                again_if_lost: may_retry(proxy, &request, false, false),
                counted,
                request,
            };
            server.flights.push(std::cmp::Reverse(flight));
            self.goes_on(&request, client, proxy, flight.at);
            self.after_flight(&flight, number);
            self.ask_node(node, need.cpu);
            return;
        }
    }

    /// What is known to follow from a request's stay at a server, unless the server is lost before.
    fn after_flight(&mut self, flight: &Flight, server: u32) {
        let request = flight.request;
        if flight.end == End::ReadTimeout && flight.again_if_late {
            let parked = self.park(request);
            self.schedule(flight.at, What::Again { parked, server });
            return;
        }
        let Some(running) = self.workloads.get(request.workload as usize) else { return };
        if !running.is_open() && flight.at != NEVER {
            let at = flight.at.saturating_add(u64::from(request.round_trip));
            self.schedule(at, What::Answered { workload: request.workload, client: request.client, server });
        }
    }

    /// Who sends a request.
    fn client(&self, request: &Request) -> Client {
        let running = self.workloads.get(request.workload as usize);
        running.map_or_else(Client::default, |running| running.client(request.workload, request.client))
    }

    /// Whether the limits of a proxy let a request in.
    fn is_within_limits(&mut self, request: &Request, client: Client, proxy: Option<Rules>) -> bool {
        let (Some(rules), Some(entry), Some(address)) = (proxy, request.entry, client.address) else {
            return true;
        };
        // `limit_req` is asked before `limit_conn`.
        let mut limits = rules.limits.iter().flatten();
        limits.all(|limit| self.clients.admits(entry, address, limit, self.now, request.weight))
            && (rules.connections == 0 || self.clients.has_room(entry, address, rules.connections, self.now))
    }

    /// A request that a proxy let in is under way until then.
    fn goes_on(&mut self, request: &Request, client: Client, proxy: Option<Rules>, until: u64) {
        let counted = proxy.is_some_and(|rules| rules.connections > 0);
        if let (true, Some(entry), Some(address)) = (counted, request.entry, client.address) {
            self.clients.goes_on(entry, address, until);
        }
    }

    /// A request that is not followed: it takes its place and its CPU.
    pub fn pass_by(&mut self, workload: u32, call: u32, network: &dyn Network) {
        let now = self.now;
        self.look_up(call, network);
        let Some(Some(table)) = self.tables.get_mut(call as usize) else { return };
        let tries = table.proxy.filter(|rules| rules.retries_errors).map_or(1, |rules| rules.tries);
        let (proxy, entry) = (table.proxy, table.entry);
        let client = self.rng.bits() as u32;
        let mut request = Request { client, workload, weight: 0, entry, ..Request::new(call, now) };
        let client = self.client(&request);
        if !self.is_within_limits(&request, client, proxy) {
            return;
        }
        let Some(Some(table)) = self.tables.get_mut(call as usize) else { return };
        if table.draw(&mut request, &mut self.rng).is_some() {
            return;
        }
        while request.tries < tries {
            let picked = table.pick(&request, (client, &mut self.clients), now, &mut self.rng);
            let Some((number, _)) = picked else { return };
            request.tries += 1;
            let server = self.servers.get_mut(number as usize).filter(|server| server.listens(now));
            let Some(server) = server else { continue };
            let need = server.serve.need(&mut self.rng);
            let node = server.node;
            if let Some(done) = server.admit(now, need) {
                let read_by = proxy.map_or(NEVER, |rules| now.saturating_add(rules.read_timeout));
                self.goes_on(&request, client, proxy, done.min(read_by));
                self.ask_node(node, need.cpu);
            }
            return;
        }
    }

    fn ask_node(&mut self, number: u32, cpu: u64) {
        let now = self.now;
        if self.nodes.get_mut(number as usize).is_some_and(|node| node.ask(now, cpu)) {
            self.schedule((now / PERIOD + 1) * PERIOD, What::Node(number));
        }
    }

    /// A request left its server.
    pub fn left(&mut self, number: usize, flight: &Flight) {
        let request = &flight.request;
        let (outcome, whole) = match flight.end {
            End::Answer(status) => (Outcome::Status(status), Some(Outcome::Status(status))),
            End::GivenUp => (Outcome::TimedOut, Some(Outcome::TimedOut)),
            End::ReadTimeout if flight.again_if_late => (Outcome::Status(504), None),
            End::ReadTimeout => (Outcome::Status(504), Some(Outcome::Status(504))),
        };
        self.count_attempt(number, flight, outcome, flight.at);
        if matches!(flight.end, End::Answer(_)) {
            let micros = flight.at.saturating_sub(flight.came) / 1_000;
            self.served.push(Seen::of(request, outcome, micros, flight.at));
        }
        if let Some(outcome) = whole {
            // A client that gives up does so at its own time.
            let way = if outcome == Outcome::TimedOut { 0 } else { u64::from(request.round_trip) };
            self.finish(request, outcome, flight.at + way);
        }
    }

    /// The process of a server is gone, or its node is cut off (`silent`).
    pub fn lose(&mut self, number: u32, silent: bool, network: &dyn Network) {
        let now = self.now;
        self.settle_server(number as usize, now);
        let Some(server) = self.servers.get_mut(number as usize) else { return };
        for mut flight in server.lose(now) {
            let request = flight.request;
            if silent {
                // Nothing comes back: whoever waits does so until his patience ends.
                flight.at = flight.read_by.min(request.gives_up);
                flight.end = if flight.read_by <= request.gives_up { End::ReadTimeout } else { End::GivenUp };
                if flight.at == NEVER {
                    continue;
                }
                self.count_attempt(number as usize, &flight, Outcome::TimedOut, now);
                let again = flight.end == End::ReadTimeout && flight.again_if_late;
                let parked = self.park(request);
                let what = if again {
                    What::Again { parked, server: GONE }
                } else if flight.end == End::ReadTimeout {
                    What::Ends { parked, outcome: Outcome::Status(504) }
                } else {
                    What::Ends { parked, outcome: Outcome::TimedOut }
                };
                self.schedule(flight.at.max(now), what);
                continue;
            }
            self.count_attempt(number as usize, &flight, Outcome::Reset, now);
            if flight.again_if_lost {
                self.send(request, network);
            } else {
                let outcome = flight.broken.map_or(Outcome::Reset, Outcome::Status);
                self.end_now(&request, outcome);
            }
        }
    }

    /// Nothing comes back from an endpoint's address.
    fn unreachable(&mut self, request: Request, proxy: Option<Rules>, counted: Counted, until: u64) {
        for subject in counted.each() {
            self.telemetry.add(subject, Outcome::TimedOut, 0, request.weight);
        }
        let again = may_retry(proxy, &request, true, true) && until < request.gives_up;
        let parked = self.park(request);
        let what = if again {
            What::Again { parked, server: GONE }
        } else if let Some(rules) = proxy.filter(|_| until < request.gives_up) {
            What::Ends { parked, outcome: Outcome::Status(rules.unconnected) }
        } else {
            What::Ends { parked, outcome: Outcome::TimedOut }
        };
        self.schedule(until.min(request.gives_up), what);
    }

    fn attempt_failed(&mut self, request: &Request, number: u32, counted: Counted, outcome: Outcome) {
        for subject in counted.each() {
            self.telemetry.add(subject, outcome, 0, request.weight);
        }
        let server = self.servers.get(number as usize);
        let pod = server.map(|server| server.pod);
        if let Some(server) = server {
            self.telemetry.add(server.pod_subject, outcome, 0, request.weight);
            let version = server.version_subject;
            self.telemetry.add(version, outcome, 0, request.weight);
            self.meets(number as usize, request, outcome);
        }
        self.note(request, Hop { came: time(self.now), left: time(self.now), pod, outcome });
    }

    fn count_attempt(&mut self, number: usize, flight: &Flight, outcome: Outcome, left: u64) {
        let micros = left.saturating_sub(flight.came) / 1_000;
        let weight = flight.request.weight;
        for subject in flight.counted.each() {
            self.telemetry.add(subject, outcome, micros, weight);
        }
        let Some(server) = self.servers.get(number) else { return };
        self.telemetry.add(server.pod_subject, outcome, micros, weight);
        self.telemetry.add(server.version_subject, outcome, micros, weight);
        let hop = Hop { came: time(flight.came), left: time(left), pod: Some(server.pod), outcome };
        self.note(&flight.request, hop);
        self.meets(number, &flight.request, outcome);
    }

    /// Somebody meets the version of a server. That he had met it before is counted where it is known who asks.
    fn meets(&mut self, number: usize, request: &Request, outcome: Outcome) {
        let Some(user) = self.client(request).known() else { return };
        let Some(server) = self.servers.get_mut(number) else { return };
        let before = self.clients.meets(server.version_subject, user);
        let again = if before { request.weight } else { request.weight.saturating_sub(1) };
        if again == 0 {
            return;
        }
        let subject = server
            .again_subject
            .unwrap_or_else(|| self.telemetry.subject(Subject::Again(Box::new(server.version.clone()))));
        server.again_subject = Some(subject);
        self.telemetry.add(subject, outcome, 0, again);
    }

    fn note(&mut self, request: &Request, hop: Hop) {
        let running = self.workloads.get_mut(request.workload as usize);
        if let Some(running) = running.filter(|running| running.is_run() && running.report.ended == 0) {
            running.report.hop(hop);
        }
    }

    /// A request ends without having stayed anywhere: the answer only has to come back.
    fn end_now(&mut self, request: &Request, outcome: Outcome) {
        let at = self.now + u64::from(request.round_trip);
        self.finish(request, outcome, at);
        let Some(running) = self.workloads.get(request.workload as usize) else { return };
        if !running.is_open() {
            let (workload, client) = (request.workload, request.client);
            self.schedule(at, What::Answered { workload, client, server: GONE });
        }
    }

    /// The client knows how its request ended.
    pub fn finish(&mut self, request: &Request, outcome: Outcome, at: u64) {
        let micros = at.saturating_sub(request.sent) / 1_000;
        for subject in [request.entry, request.way].into_iter().flatten() {
            self.telemetry.add(subject, outcome, micros, request.weight);
        }
        if request.entry.is_some() {
            let table = self.tables.get(request.call as usize).and_then(Option::as_ref);
            let backend = table.and_then(|table| table.backends.get(request.backend as usize));
            let service = backend.and_then(|backend| backend.service);
            self.let_in.push(Seen { service, ..Seen::of(request, outcome, micros, at) });
        }
        let Some(running) = self.workloads.get_mut(request.workload as usize) else { return };
        self.telemetry.add(running.subject, outcome, micros, request.weight);
        if running.is_run() {
            running.report.end(outcome, micros, at);
        } else {
            running.report.ended += 1;
        }
    }
}

/// What happens first: the answer, the end of the proxy's patience, or that of the client's.
fn earliest(done: u64, status: u16, read_by: u64, gives_up: u64) -> (u64, End) {
    if done <= read_by && done <= gives_up {
        (done, End::Answer(status))
    } else if read_by <= gives_up {
        (read_by, End::ReadTimeout)
    } else {
        (gives_up, End::GivenUp)
    }
}

/// Whether a proxy sends a request to another endpoint after an error or a time-out (`proxy_next_upstream error timeout`).
/// What a server has seen already is not sent again unless it may be repeated.
fn may_retry(rules: Option<Rules>, request: &Request, timeout: bool, unseen: bool) -> bool {
    rules.is_some_and(|rules| {
        let wanted = if timeout { rules.retries_timeouts } else { rules.retries_errors };
        wanted && request.tries < rules.tries && (unseen || rules.idempotent)
    })
}

fn time(nanos: u64) -> Time {
    Time(nanos / 1_000)
}
