//! A network of equal pods behind one Service.
#![allow(dead_code, reason = "each test binary needs a part of it")]
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::time::Duration;

use opscape_manifest::api::meta::Uid;
use opscape_network::load::{
    Backend, Balance, Call, Demand, Load, Network, Process, ProcessState, Proxy, Route, Serve, To, Workload,
    WorkloadId,
};
use opscape_network::telemetry::{Point, Subject};
use opscape_sim::Time;

/// What there is.
#[derive(Debug, Clone)]
pub struct Pods {
    /// Its pods, by their number from 1; those that are not in `table` get no requests.
    pub processes: Vec<Option<Process>>,
    pub table: Vec<u64>,
    pub balance: Balance,
    pub proxy: Option<Proxy>,
    pub round_trip: Duration,
}

impl Pods {
    pub fn new(pods: u64, serve: Serve) -> Pods {
        Pods {
            processes: (0..pods).map(|_| Some(process(serve))).collect(),
            table: (1..=pods).collect(),
            balance: Balance::Random,
            proxy: None,
            round_trip: Duration::ZERO,
        }
    }

    pub fn pod(&mut self, number: u64) -> &mut Process {
        self.processes[number as usize - 1].as_mut().expect("a pod")
    }
}

pub fn process(serve: Serve) -> Process {
    Process {
        life: 1,
        version: Subject::Version("default".into(), "web".into(), 1),
        node: "node-1".into(),
        node_cpu: 0,
        serve,
        cpu_limit: 0,
        cpu_request: 100,
        listens_at: Some(Time::ZERO),
        refuses_at: None,
        hangs: None,
        state: ProcessState::Running,
    }
}

impl Network for Pods {
    fn route(&self, _call: &Call) -> Route {
        let backend = Backend {
            service: Some(service()),
            weight: 1,
            ends: None,
            pods: self.table.iter().map(|number| Uid(*number)).collect(),
            balance: self.balance,
        };
        Route {
            entry: self.proxy.as_ref().map(|_| entry()),
            rule: None,
            target: "/".into(),
            round_trip: self.round_trip,
            proxy: self.proxy.clone(),
            to: To::Backends(vec![backend]),
        }
    }

    fn process(&self, pod: Uid) -> Option<Process> {
        self.processes.get(pod.0 as usize - 1)?.clone()
    }
}

pub fn service() -> Subject {
    Subject::Service("default".into(), "web".into())
}

pub fn entry() -> Subject {
    Subject::Entry("Ingress".into(), "default".into(), "web".into())
}

pub fn workload(demand: Demand) -> Workload {
    Workload {
        name: "shoppers".into(),
        calls: vec![(Call::get("http://web/"), 1)],
        demand,
        until: None,
        timeout: None,
        addresses: None,
    }
}

/// Runs a workload from the beginning.
pub fn run(pods: &Pods, workload: Workload, seconds: u64, seed: u64) -> (Load, WorkloadId) {
    let mut load = Load::new(seed);
    let id = load.begin(workload, Time::ZERO);
    load.advance(Time::secs(seconds), pods);
    load.settle();
    (load, id)
}

/// What the clients saw between two seconds.
pub fn seen(load: &Load, from: u32, to: u32) -> Point {
    let series = load.telemetry().series(&Subject::Workload("shoppers".into())).expect("a series");
    series.between(from, to)
}

/// Whether two numbers differ by at most this share of the second one.
pub fn near(ours: f64, theirs: f64, share: f64) -> bool {
    (ours - theirs).abs() <= share * theirs.abs()
}
