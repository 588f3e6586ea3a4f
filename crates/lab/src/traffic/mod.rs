//! Requests in the world: who sends them, the routes they take, the processes that serve them.
//!
//! The load ([`opscape_network::load`]) runs beside the cluster and is brought up to the same instant before anything
//! happens there. What proxies and kube-proxy know of routes and endpoints is a table that follows the API server with
//! their delay; whether a pod in it still serves is another matter, and that is where errors come from. Where nobody sends
//! requests, nothing of this costs anything.

mod ends;
mod sending;
mod targets;
mod usage;
mod view;
mod watch;
mod workloads;

use std::sync::Arc;

use opscape_cluster::{Cluster, Event, Store};
use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::{Str, Uid};
use opscape_manifest::lab::LabSpec;
pub use opscape_network::load::Access;
use opscape_network::load::Load;
use opscape_network::load::Workload;
pub use opscape_network::load::{Report, WorkloadId};
pub use opscape_network::route::Table;
use opscape_network::telemetry::{Subject, Telemetry};
use opscape_sim::Time;

use crate::census::Census;
use crate::images::LabImages;
pub use sending::Sending;
pub(crate) use usage::LabUsage;
use view::View;
pub(crate) use view::rule_among;
pub(crate) use view::serving;
use watch::Dirty;

/// What is scheduled for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// A workload of the Lab document begins.
    Begin(usize),
    /// The load goes on.
    Tick,
    /// Proxies take over what changed.
    Sync,
    /// Load balancers have asked their targets whether they are well.
    Health,
}

/// How far the load goes on at a time, in microseconds: less where much happens, so that a timeline, which keeps a
/// checkpoint every so many events, has them close enough together to go back quickly.
const TICKS: (u64, u64) = (6_250, 100_000);
/// Events of the load in one tick.
const WORK: (u64, u64) = (16, 64);
/// ingress-nginx looks for new endpoints once a second (`BACKENDS_SYNC_INTERVAL`, rootfs/etc/nginx/lua/balancer.lua);
/// kube-proxy writes its rules at most once a second (`minSyncPeriod`).
const SYNC: u64 = 1_000_000;
/// How often it is looked what load balancers found of their targets.
const HEALTH: u64 = 5_000_000;
/// How long a change takes to reach them through their watches.
const NOTICED: u64 = 100_000;

/// The traffic of a world. Cloning shares everything.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is something of its own that is scheduled")]
pub struct Traffic {
    load: Load,
    /// Whether anybody has sent a request yet.
    active: bool,
    ticking: bool,
    /// The present length of a tick, and the events of the load when it began.
    tick: u64,
    worked: u64,
    syncing: bool,
    /// Whether it will be looked what load balancers found.
    asking: bool,
    /// How far it has come.
    now: Time,
    /// The store's version up to which changes were looked at.
    seen: u64,
    dirty: Dirty,
    table: Option<Arc<Table>>,
    /// The pods by their addresses, when the table was made.
    addresses: Arc<Vec<(Str, Uid)>>,
}

/// What there is around it.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub cluster: &'a Cluster,
    pub census: &'a Census,
    pub images: &'a LabImages,
}

impl Traffic {
    /// Nobody sends anything yet.
    pub fn new(seed: u64) -> Traffic {
        Traffic {
            load: Load::new(seed),
            active: false,
            ticking: false,
            tick: TICKS.1,
            worked: 0,
            syncing: false,
            asking: false,
            now: Time::ZERO,
            seen: 0,
            dirty: Dirty::default(),
            table: None,
            addresses: Arc::default(),
        }
    }

    /// When the workloads of a Lab document begin.
    pub(crate) fn begins(spec: &LabSpec) -> impl Iterator<Item = (Time, Wake)> {
        spec.load.iter().enumerate().map(|(number, load)| {
            let at = load.at.map_or(0, |at| u64::try_from(at.0).unwrap_or_default());
            (Time(at), Wake::Begin(number))
        })
    }

    /// Whether anybody has sent a request.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// How many events the load has had: what it cost to come here.
    pub(crate) fn work(&self) -> u64 {
        self.load.events()
    }

    /// What was measured.
    pub fn telemetry(&self) -> &Telemetry {
        self.load.telemetry()
    }

    /// What proxies know of routes and endpoints; none: nobody has sent anything yet.
    pub fn table(&self) -> Option<&Table> {
        self.table.as_deref()
    }

    /// What became of a workload.
    pub fn report(&self, workload: WorkloadId) -> Option<&Report> {
        self.load.report(workload)
    }

    /// The newest requests that a pod answered.
    pub fn served(&self, pod: Uid) -> Vec<Access<'_>> {
        self.load.served(pod)
    }

    /// The newest requests that something let in.
    pub fn let_in(&self) -> Vec<Access<'_>> {
        self.load.let_in()
    }

    /// Requests at a pod now.
    pub fn in_flight(&self, pod: Uid) -> usize {
        self.load.in_flight(pod)
    }

    /// CPU time in microseconds that a pod used for requests from a second to another.
    pub fn cpu_between(&self, pod: Uid, from: u32, to: u32) -> u64 {
        self.telemetry().series(&Subject::Pod(pod)).map_or(0, |series| series.between(from, to).cpu)
    }

    /// Brings the load up to an instant, before something happens.
    pub(crate) fn advance(&mut self, now: Time, around: Around<'_>) {
        if self.active {
            self.now = now;
            let view = View { now, around, table: self.table.as_deref(), addresses: &self.addresses };
            self.load.advance(now, &view);
        }
    }

    /// Something that was scheduled for it is due.
    pub(crate) fn handle(&mut self, wake: Wake, spec: &LabSpec, now: Time, around: Around<'_>) {
        match wake {
            Wake::Begin(number) => {
                if let Some(workload) = workloads::of(spec, number, now) {
                    self.begin(workload, now, around);
                }
            }
            Wake::Tick => {
                self.ticking = false;
                self.load.settle();
                let work = self.load.events() - self.worked;
                if work > WORK.1 {
                    self.tick = (self.tick / 2).max(TICKS.0);
                } else if work < WORK.0 {
                    self.tick = (self.tick * 2).min(TICKS.1);
                }
            }
            Wake::Sync => {
                self.syncing = false;
                self.sync(around);
            }
            Wake::Health => {
                self.asking = false;
                self.load.routes_changed();
            }
        }
    }

    /// Begins a workload now.
    pub(crate) fn begin(&mut self, workload: Workload, now: Time, around: Around<'_>) -> WorkloadId {
        if !self.active {
            self.active = true;
            self.seen = around.cluster.store().version();
            self.dirty = Dirty::all();
            self.sync(around);
            self.now = now;
            let view = View { now, around, table: self.table.as_deref(), addresses: &self.addresses };
            self.load.advance(now, &view);
        }
        self.load.begin(workload, now)
    }

    /// Ends a workload now.
    pub(crate) fn end(&mut self, workload: WorkloadId) {
        self.load.end(workload);
    }

    /// Something happened in the cluster: `event`, or what a person did.
    pub(crate) fn happened(&mut self, event: Option<&Event>, around: Around<'_>) {
        if !self.active {
            return;
        }
        if let Some(pod) = event.and_then(pod_of) {
            self.process_changed(pod, around);
        }
        for pod in self.note(around.cluster.store()) {
            self.process_changed(pod, around);
        }
    }

    /// A node was cut off, or is back.
    pub(crate) fn node_changed(&mut self, node: &str, around: Around<'_>) {
        let pods: Vec<Uid> = around.cluster.store().pods_on(node).map(|pod| pod.metadata.uid).collect();
        for pod in pods {
            self.process_changed(pod, around);
        }
    }

    /// Images find another database than before.
    pub(crate) fn database_changed(&mut self, around: Around<'_>) {
        let needs = |pod: &&Arc<Pod>| {
            serving(pod).is_some_and(|container| around.images.schema(&container.image).is_some())
        };
        let pods = around.cluster.store().list::<Pod>(None).filter(needs);
        for pod in pods.map(|pod| pod.metadata.uid).collect::<Vec<Uid>>() {
            self.process_changed(pod, around);
        }
    }

    fn process_changed(&mut self, pod: Uid, around: Around<'_>) {
        if self.load.knows(pod) {
            let view =
                View { now: self.now, around, table: self.table.as_deref(), addresses: &self.addresses };
            self.load.process_changed(pod, &view);
        }
    }

    /// What is to be scheduled now.
    pub(crate) fn wakes(&mut self, now: Time) -> impl Iterator<Item = (Time, Wake)> + use<> {
        let mut wakes = [None, None, None];
        if self.active && !self.ticking && !self.load.is_idle() {
            self.ticking = true;
            self.worked = self.load.events();
            wakes[0] = Some((Time((now.0 / self.tick + 1) * self.tick), Wake::Tick));
        }
        if self.active && !self.syncing && self.dirty.is_some() {
            self.syncing = true;
            wakes[1] = Some((Time(((now.0 + NOTICED) / SYNC + 1) * SYNC), Wake::Sync));
        }
        let asked = || self.table.as_ref().is_some_and(|table| table.asks_targets());
        if self.active && !self.asking && !self.load.is_idle() && asked() {
            self.asking = true;
            wakes[2] = Some((Time((now.0 / HEALTH + 1) * HEALTH), Wake::Health));
        }
        wakes.into_iter().flatten()
    }
}

/// The pod a kubelet's event is about.
fn pod_of(event: &Event) -> Option<Uid> {
    if let Event::Kubelet(wake) = event { wake.pod() } else { None }
}

/// The pods of a store by their addresses.
fn addresses(store: &Store) -> Vec<(Str, Uid)> {
    let pods = store.list::<Pod>(None).filter(|pod| !pod.status.pod_ip.is_empty());
    let mut list: Vec<(Str, Uid)> = pods.map(|pod| (pod.status.pod_ip.clone(), pod.metadata.uid)).collect();
    // Of several pods with one address, the one that came last has it.
    list.sort();
    list.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 = later.1;
        }
        same
    });
    list
}
