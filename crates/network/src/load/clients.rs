//! What is remembered of clients: at which endpoint a Service keeps an address (kube-proxy's `ClientIP` affinity), and how
//! fast an address may ask (nginx' `limit_req`) and how much at a time (`limit_conn`).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use opscape_manifest::api::meta::Uid;
use opscape_sim::{IdMap, Rng};

use super::network::Limit;
use crate::telemetry::SubjectId;

/// Who asks, as far as it can be told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Client {
    /// The address, by its number; none: one that asks only this once.
    pub address: Option<u64>,
    /// A browser that keeps cookies, by its number.
    pub visitor: Option<u64>,
}

impl Client {
    /// Who it is, if he may come again.
    pub fn known(self) -> Option<u64> {
        self.visitor.or(self.address)
    }
}

/// All that is remembered.
#[derive(Debug, Clone, Default)]
pub(super) struct Clients {
    /// Where the entry of a client is.
    places: IdMap<Uid, u32>,
    kept: Vec<Kept>,
    levels: Vec<Level>,
    /// When the requests end that an address has under way.
    under_way: Vec<BinaryHeap<Reverse<u64>>>,
}

/// The endpoint of an address.
#[derive(Debug, Clone, Copy)]
struct Kept {
    server: u32,
    /// When it asked last.
    last: u64,
}

/// How far an address is over its rate (`ngx_http_limit_req_node_t`): in thousandths of a request.
#[derive(Debug, Clone, Copy)]
struct Level {
    excess: u64,
    /// In milliseconds.
    last: u64,
}

/// A key for a client at something; `of` keeps the kinds of memory apart.
fn key(of: u64, subject: SubjectId, client: u64) -> Uid {
    Uid(of << 60 | u64::from(subject.0) << 40 | client & 0xFF_FFFF_FFFF)
}

impl Clients {
    /// A version answers somebody; whether it had done so before.
    pub fn meets(&mut self, version: SubjectId, client: u64) -> bool {
        self.places.insert(key(4, version, client), 0).is_some()
    }

    /// Which of a Service's endpoints an address gets: the one it had, if that is not too long ago and it is still there; else
    /// any one.
    pub fn keep(
        &mut self,
        service: SubjectId,
        address: u64,
        (now, timeout): (u64, u64),
        servers: &[u32],
        rng: &mut Rng,
    ) -> usize {
        let key = key(0, service, address);
        let place = self.places.get(&key).copied();
        let known = place.and_then(|place| self.kept.get_mut(place as usize));
        if let Some(kept) = known {
            let fresh = now.saturating_sub(kept.last) <= timeout;
            if let Some(at) = servers.iter().position(|server| *server == kept.server).filter(|_| fresh) {
                kept.last = now;
                return at;
            }
        }
        let at = rng.below(servers.len() as u64) as usize;
        let kept = Kept { server: servers.get(at).copied().unwrap_or(u32::MAX), last: now };
        if let Some(slot) = place.and_then(|place| self.kept.get_mut(place as usize)) {
            *slot = kept;
        } else {
            self.places.insert(key, self.kept.len() as u32);
            self.kept.push(kept);
        }
        at
    }

    /// Whether a limit lets an address ask now (`ngx_http_limit_req_lookup`, with `nodelay`). `weight`: for how many requests
    /// this one stands; 0: it is only looked at.
    pub fn admits(&mut self, entry: SubjectId, address: u64, limit: &Limit, now: u64, weight: u32) -> bool {
        let millis = now / 1_000_000;
        let key = key(if limit.per_minute { 2 } else { 1 }, entry, address);
        let place = self.places.get(&key).copied();
        let Some(level) = place.and_then(|place| self.levels.get_mut(place as usize)) else {
            if weight > 0 {
                self.places.insert(key, self.levels.len() as u32);
                self.levels.push(Level { excess: 0, last: millis });
            }
            return true;
        };
        let drained = limit.milli_rate.saturating_mul(millis.saturating_sub(level.last)) / 1_000;
        let added = u64::from(weight.max(1)) * 1_000;
        let excess = (level.excess + added).saturating_sub(drained);
        if excess > limit.burst * 1_000 {
            return false;
        }
        if weight > 0 {
            *level = Level { excess, last: millis };
        }
        true
    }
}

/// What counts the requests that an address has under way.
const UNDER_WAY: u64 = 3;

impl Clients {
    /// Whether an address has less than so many requests under way (`ngx_http_limit_conn_handler`).
    pub fn has_room(&mut self, entry: SubjectId, address: u64, most: u32, now: u64) -> bool {
        let place = self.places.get(&key(UNDER_WAY, entry, address));
        let Some(ends) = place.and_then(|place| self.under_way.get_mut(*place as usize)) else { return true };
        while ends.peek().is_some_and(|Reverse(end)| *end <= now) {
            ends.pop();
        }
        ends.len() < most as usize
    }

    /// A request of an address is under way until then.
    pub fn goes_on(&mut self, entry: SubjectId, address: u64, until: u64) {
        let key = key(UNDER_WAY, entry, address);
        let place = self.places.get(&key).copied().unwrap_or_else(|| {
            let place = self.under_way.len() as u32;
            self.places.insert(key, place);
            self.under_way.push(BinaryHeap::new());
            place
        });
        if let Some(ends) = self.under_way.get_mut(place as usize) {
            ends.push(Reverse(until));
        }
    }
}

/// Which of these servers a key has (rendezvous hashing): when one goes, only those who had it get another; when one comes, it
/// takes its share of all (as the consistent hash of ingress-nginx, lua/balancer/chash.lua, does).
pub(super) fn hashed(key: u64, servers: &[u32]) -> usize {
    let score = |server: u32| {
        let mut mix = key ^ u64::from(server).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mix = (mix ^ (mix >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mix = (mix ^ (mix >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mix ^ (mix >> 31)
    };
    let best = servers.iter().enumerate().max_by_key(|(_, server)| score(**server));
    best.map_or(0, |(at, _)| at)
}
