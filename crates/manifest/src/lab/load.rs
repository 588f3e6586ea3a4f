//! Who sends requests (`spec.load`), and how an image serves them (`spec.images[].serve`).

use std::collections::BTreeMap;

use super::Duration;
use crate::api::Str;
use crate::codec::fields;
use crate::quantity::Quantity;

/// Something that sends requests: either `rate` of them come (an open workload), or `clients` wait for each answer (a
/// closed one).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Load {
    /// What charts call it; default `load-1`, `load-2`, ...
    pub name: Option<Str>,
    /// The address that is asked, as `http://shop.example.com/cart` or `http://web.default.svc.cluster.local`.
    pub url: Option<Str>,
    /// Default `GET`.
    pub method: Option<Str>,
    /// Headers of each request.
    pub headers: BTreeMap<Str, Str>,
    /// Several addresses, each with its weight, in place of `url`.
    pub requests: Vec<Call>,
    /// Namespace of the pods that ask; none: requests come from outside the cluster.
    pub from_namespace: Option<Str>,
    /// With `from_namespace`: labels of the pods that ask.
    pub from_labels: BTreeMap<Str, Str>,
    /// Requests per second.
    pub rate: Option<Quantity>,
    /// `poisson` (default): independent of each other; `constant`: one as long after the other.
    pub arrivals: Option<Str>,
    /// How many clients ask, wait for the answer, think, and ask again.
    pub clients: Option<i32>,
    /// From how many addresses the requests come; default: each client has its own, and of a `rate` each request.
    pub addresses: Option<i32>,
    /// How long a client thinks, on average; default 0.
    pub think_time: Option<Duration>,
    /// How long a client waits for an answer; default 30s.
    pub timeout: Option<Duration>,
    /// When it begins; default 0.
    pub at: Option<Duration>,
    /// How long it lasts; none: to the end.
    pub lasts: Option<Duration>,
    /// It goes evenly to another level.
    pub ramp: Option<Ramp>,
    /// It is at another level for a while.
    pub spike: Option<Spike>,
    /// It goes up and down as the day does.
    pub wave: Option<Wave>,
}

fields! {
    Load:
    name "name",
    url "url",
    method "method",
    headers "headers",
    requests "requests",
    from_namespace "fromNamespace",
    from_labels "fromLabels",
    rate "rate",
    arrivals "arrivals",
    clients "clients",
    addresses "addresses",
    think_time "thinkTime",
    timeout "timeout",
    at "at",
    lasts "for",
    ramp "ramp",
    spike "spike",
    wave "wave",
}

/// One of the addresses of a mix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Call {
    /// As in [`Load`].
    pub url: Str,
    /// Default `GET`.
    pub method: Option<Str>,
    /// Besides those of the workload.
    pub headers: BTreeMap<Str, Str>,
    /// Its part among all; default 1.
    pub weight: Option<i32>,
}

fields! {
    Call:
    url "!url",
    method "method",
    headers "headers",
    weight "weight",
}

/// A level that changes evenly. Times count from the beginning of the workload.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ramp {
    /// The level at its end.
    pub to: Quantity,
    /// When it begins; default 0.
    pub after: Option<Duration>,
    /// How long it takes.
    pub over: Duration,
}

fields! {
    Ramp:
    to "!to",
    after "after",
    over "!over",
}

/// Another level for a while.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spike {
    /// The level meanwhile.
    pub to: Quantity,
    /// When it begins.
    pub after: Duration,
    /// How long it lasts.
    pub lasts: Duration,
}

fields! {
    Spike:
    to "!to",
    after "!after",
    lasts "!for",
}

/// A level that goes up and down: from `rate` or `clients`, its trough, to `to` and back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wave {
    /// The level at the peak.
    pub to: Quantity,
    /// From trough to trough; `24h` is a day.
    pub every: Duration,
}

fields! {
    Wave:
    to "!to",
    every "!every",
}

/// How a container serves requests.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Serve {
    /// Requests it works on at the same time; the others wait. Default: by the image; 0: any number.
    pub concurrency: Option<i32>,
    /// Requests that may wait; further ones get 503. Default 1024.
    pub queue: Option<i32>,
    /// How long a request takes: the mean, or the median where the distribution is `lognormal`.
    pub time: Option<Duration>,
    /// `lognormal` (default), `exponential`, `constant`.
    pub distribution: Option<Str>,
    /// 99 of 100 requests take less (`lognormal`); default three times the median.
    pub p99: Option<Duration>,
    /// CPU time a request takes on average: the part of `time` that waits where CPU is short.
    pub cpu_per_request: Option<Duration>,
    /// Share of the requests that get 500, from 0 to 1.
    pub error_rate: Option<Quantity>,
}

fields! {
    Serve:
    concurrency "concurrency",
    queue "queue",
    time "time",
    distribution "distribution",
    p99 "p99",
    cpu_per_request "cpuPerRequest",
    error_rate "errorRate",
}
