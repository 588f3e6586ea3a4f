//! Routes with the numbers of servers and subjects in place of names: looked up once for each call, used for each request.

use opscape_sim::Rng;

use super::clients::{Client, Clients, hashed};
use super::server::Request;
use super::{Balance, Limit, Proxy};
use crate::telemetry::{Outcome, SubjectId};

/// No server: the pod is gone.
pub(super) const GONE: u32 = u32::MAX;

/// Where a call goes.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub entry: Option<SubjectId>,
    /// From the workload to the rule that lets it in.
    pub way: Option<SubjectId>,
    /// Which of the targets the backend gets.
    pub target: u32,
    /// In nanoseconds.
    pub round_trip: u32,
    pub proxy: Option<Rules>,
    pub ends: Option<Outcome>,
    pub backends: Vec<Endpoints>,
    pub weight: u64,
}

/// Endpoints behind one name.
#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    pub service: Option<SubjectId>,
    /// From what comes before to the Service.
    pub way: Option<SubjectId>,
    /// From the Service to each server's version.
    pub on: Vec<Option<SubjectId>>,
    pub weight: u32,
    pub ends: Option<Outcome>,
    pub servers: Vec<u32>,
    pub balance: Balance,
    pub turn: u32,
}

/// What a proxy does; times in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub connect_timeout: u64,
    pub read_timeout: u64,
    pub tries: u32,
    pub retries_errors: bool,
    pub retries_timeouts: bool,
    pub broken: u16,
    pub unconnected: u16,
    pub limits: [Option<Limit>; 2],
    pub connections: u32,
    /// Of the call: whether it may be sent again once a server has seen it.
    pub idempotent: bool,
}

impl Rules {
    pub fn new(proxy: &Proxy, idempotent: bool) -> Rules {
        Rules {
            connect_timeout: proxy.connect_timeout.as_nanos() as u64,
            read_timeout: proxy.read_timeout.as_nanos() as u64,
            tries: proxy.tries.max(1),
            retries_errors: proxy.retries_errors,
            retries_timeouts: proxy.retries_timeouts,
            broken: proxy.broken,
            unconnected: proxy.unconnected,
            limits: proxy.limits,
            connections: proxy.connections,
            idempotent,
        }
    }
}

/// What an attempt is counted for, besides its server.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub service: Option<SubjectId>,
    /// To the Service.
    pub way: Option<SubjectId>,
    /// From the Service to the version.
    pub on: Option<SubjectId>,
}

impl Counted {
    pub fn each(self) -> impl Iterator<Item = SubjectId> {
        [self.service, self.way, self.on].into_iter().flatten()
    }
}

impl Table {
    /// Draws the backend of a request that has none yet; how requests to it end, if that is known.
    pub fn draw(&self, request: &mut Request, rng: &mut Rng) -> Option<Outcome> {
        if request.backend as usize >= self.backends.len() {
            request.backend = self.draw_backend(rng);
        }
        self.backends.get(request.backend as usize)?.ends
    }

    /// A server for a request. `None`: there is no endpoint.
    pub fn pick(
        &mut self,
        request: &Request,
        (client, clients): (Client, &mut Clients),
        now: u64,
        rng: &mut Rng,
    ) -> Option<(u32, Counted)> {
        let endpoints = self.backends.get_mut(request.backend as usize)?;
        let count = endpoints.servers.len() as u64;
        let at = match endpoints.balance {
            _ if count == 0 => return None,
            Balance::ClientIp(timeout)
                if let (Some(service), Some(address)) = (endpoints.service, client.address) =>
            {
                let timeout = timeout.as_nanos() as u64;
                clients.keep(service, address, (now, timeout), &endpoints.servers, rng) as u64
            }
            Balance::Random | Balance::ClientIp(_) => rng.below(count),
            Balance::Cookie if let Some(visitor) = client.visitor => {
                // A cookie for an endpoint that fails is replaced by another one.
                let key = visitor.wrapping_add(u64::from(request.tries) << 48);
                hashed(key.wrapping_mul(0xD6E8_FEB8_6659_FD93), &endpoints.servers) as u64
            }
            Balance::RoundRobin | Balance::Cookie => {
                endpoints.turn = endpoints.turn.wrapping_add(1);
                u64::from(endpoints.turn).checked_rem(count)?
            }
        };
        let server = *endpoints.servers.get(at as usize)?;
        let on = endpoints.on.get(at as usize).copied().flatten();
        Some((server, Counted { service: endpoints.service, way: endpoints.way, on }))
    }

    /// What counts for a request to the backend that was chosen for it, where it finds no endpoint.
    pub fn counted(&self, request: &Request) -> Counted {
        let backend = self.backends.get(request.backend as usize);
        backend.map_or_else(Counted::default, |one| Counted { service: one.service, way: one.way, on: None })
    }

    fn draw_backend(&self, rng: &mut Rng) -> u32 {
        if self.backends.len() <= 1 {
            return 0;
        }
        let mut at = rng.below(self.weight.max(1));
        for (number, backend) in self.backends.iter().enumerate() {
            match at.checked_sub(u64::from(backend.weight)) {
                Some(rest) => at = rest,
                None => return number as u32,
            }
        }
        0
    }
}
