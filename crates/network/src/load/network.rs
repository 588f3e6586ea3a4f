//! What the load asks of the network: where a request goes now, and what serves there.

use std::time::Duration;

use opscape_manifest::api::meta::{Str, Uid};
use opscape_sim::Time;

use super::Serve;
use crate::telemetry::{Outcome, Subject};

/// A request as a client makes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// `GET`, `POST`, ...
    pub method: Str,
    /// As typed: `http://shop.example.com/cart?x=1`.
    pub url: Str,
    /// Names and values, in order.
    pub headers: Vec<(Str, Str)>,
    /// The namespace of the pod that asks; `None`: it comes from outside the cluster.
    pub from: Option<Str>,
    /// That pod's labels.
    pub labels: Vec<(Str, Str)>,
    /// That pod's address; empty: not known.
    pub address: Str,
}

impl Call {
    /// A `GET` from outside.
    pub fn get(url: &str) -> Call {
        Call { method: "GET".into(), url: url.into(), ..Call::default() }
    }

    /// Whether a proxy may send it again after a server has seen it (RFC 9110, 9.2.2; nginx does not for POST, LOCK, PATCH).
    pub fn is_idempotent(&self) -> bool {
        !matches!(&*self.method, "POST" | "LOCK" | "PATCH")
    }
}

/// Knows where requests go. What it says of a call holds until [`super::Load::routes_changed`].
pub trait Network {
    /// Where a call goes now.
    fn route(&self, call: &Call) -> Route;

    /// The process that serves requests in a pod; `None`: there is no such pod any more.
    fn process(&self, pod: Uid) -> Option<Process>;
}

/// Where a call goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// What lets it in; `None`: it goes to a Service or pod directly.
    pub entry: Option<Subject>,
    /// The rule of it that takes the call, if it is known.
    pub rule: Option<Subject>,
    /// Path and query as the backend gets them.
    pub target: Str,
    /// Network time there and back, without any work.
    pub round_trip: Duration,
    /// A proxy on the way; `None`: the client connects to the pod itself.
    pub proxy: Option<Proxy>,
    /// What becomes of it.
    pub to: To,
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum To {
    /// Something on the way answers: 404 because no rule fits, 308 to another address, 503 because there is no endpoint.
    /// Or it ends there in another way.
    Ends(Outcome),
    /// One of these, by weight.
    Backends(Vec<Backend>),
}

/// Endpoints behind one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Backend {
    /// The Service.
    pub service: Option<Subject>,
    /// Its part among the backends.
    pub weight: u32,
    /// It is answered in this way, whoever is there; `None`: by one of the pods.
    pub ends: Option<Outcome>,
    /// The pods in the table of the proxy (or of kube-proxy): they may be gone already. None: 503 from a proxy, refused
    /// by kube-proxy.
    pub pods: Vec<Uid>,
    /// How one of them is chosen.
    pub balance: Balance,
}

/// How an endpoint is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Balance {
    /// By chance: kube-proxy's iptables and nftables rules.
    #[default]
    Random,
    /// In turns: ingress-nginx's default, and IPVS's.
    RoundRobin,
    /// The same address has the same one, until it has not asked for so long: `sessionAffinity: ClientIP`.
    ClientIp(Duration),
    /// A browser that comes back has the same one: ingress-nginx's affinity cookie. Those without a cookie get them in turns.
    Cookie,
}

/// What a proxy does with endpoints that fail. The default is ingress-nginx's (`proxy-connect-timeout`, `proxy-read-timeout`,
/// `proxy-next-upstream: error timeout`, `proxy-next-upstream-tries`; internal/ingress/controller/config/config.go).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// How long it waits for a connection.
    pub connect_timeout: Duration,
    /// How long it waits for an answer.
    pub read_timeout: Duration,
    /// Endpoints it tries at most.
    pub tries: u32,
    /// Whether it tries another one when a connection fails or breaks.
    pub retries_errors: bool,
    /// Whether it tries another one after a time-out.
    pub retries_timeouts: bool,
    /// What it answers where a connection is refused or breaks: nginx and AWS load balancers 502, Envoy 503
    /// (`UF`, `UC`; source/common/router/router.cc).
    pub broken: u16,
    /// What it answers where no connection comes about in time: 504, Envoy 503.
    pub unconnected: u16,
    /// How fast an address may ask: per second, per minute. What is too much gets 503.
    pub limits: [Option<Limit>; 2],
    /// How many requests of an address it has under way at most (nginx' `limit_conn`); 0: any number. What is too much gets 503.
    pub connections: u32,
}

/// A rate of requests (nginx' `limit_req_zone` and `limit_req`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Thousandths of a request per second.
    pub milli_rate: u64,
    /// Requests that may come at once beyond the rate.
    pub burst: u64,
    /// Whether it was given per minute.
    pub per_minute: bool,
}

impl Default for Proxy {
    fn default() -> Self {
        Proxy {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_mins(1),
            tries: 3,
            retries_errors: true,
            retries_timeouts: true,
            broken: 502,
            unconnected: 504,
            limits: [None, None],
            connections: 0,
        }
    }
}

/// The process in a pod that serves requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// Which of the container's lives this is: another one has lost the connections of the one before.
    pub life: u32,
    /// The revision it belongs to.
    pub version: Subject,
    /// Its node.
    pub node: Str,
    /// The node's CPU, in thousandths of a core.
    pub node_cpu: u64,
    /// How it serves.
    pub serve: Serve,
    /// Its CPU limit, in thousandths of a core; 0: none.
    pub cpu_limit: u64,
    /// Its CPU request, in thousandths of a core: its weight where the node has not enough.
    pub cpu_request: u64,
    /// When it begins to listen; before, connections are refused. `None`: it never does.
    pub listens_at: Option<Time>,
    /// When it stops to accept connections (the TERM signal); those it has go on.
    pub refuses_at: Option<Time>,
    /// Since when and, if that ends, until when it hangs: nothing is answered, and nothing is worked on.
    pub hangs: Option<(Time, Option<Time>)>,
    /// Whether it is there.
    pub state: ProcessState,
}

/// Whether a process is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ProcessState {
    /// It runs.
    #[default]
    Running,
    /// It has ended: connections to it break, new ones are refused.
    Ended,
    /// Its node is cut off: nothing comes back.
    Silent,
}
