//! The scheduler (kube-scheduler): filters, scores, queues, preemption, as in Kubernetes v1.36 (pkg/scheduler).
//!
//! [`cache`] counts what is on the nodes, [`class`] works out once what equal pods ask for, [`cycle`] makes a decision, [`queue`]
//! says who is next, [`hints`] what can help those who were refused.

mod cache;
mod class;
mod classes;
mod cycle;
mod decision;
mod hints;
mod interpod;
mod kinds;
mod labels;
mod plugin;
mod preemption;
mod queue;
mod resources;
pub(crate) mod snapshot;
mod spread;
pub mod taints;
#[cfg(test)]
mod tests;
mod verdict;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::{Str, Uid};
use opscape_sim::{IdMap, Rng};

pub use decision::{Answer, Decision, Scores, Verdict};
pub use plugin::{Plugin, Reason, SCORING};
pub(crate) use resources::allocatable;
pub use resources::{Amounts, Request};

use crate::{Api, Change, Component, Context, Event, Options, Reporter, Subject};
use cache::Cache;
use classes::Classes;
use cycle::Scratch;
use queue::Queue;

/// What it schedules for itself.
#[derive(Debug, Clone)]
pub enum Wake {
    /// Try the next pod.
    Cycle,
    /// The back-off of a pod is over that no plugin refused (`determineSchedulingHintForInFlightPod`).
    Retry(Uid),
    /// Pods that have waited for five minutes are tried again, whatever happened (`flushUnschedulablePodsLeftover`).
    Flush,
}

/// What it writes into the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A pod got a node.
    Scheduled {
        /// The pod.
        pod: Box<Subject>,
        /// The node.
        node: Str,
        /// Why.
        decision: Arc<Decision>,
    },
    /// No node can take a pod.
    Unschedulable {
        /// The pod.
        pod: Box<Subject>,
        /// Why.
        decision: Arc<Decision>,
        /// Where room is being made for it.
        nominated: Option<Str>,
    },
    /// A pod has to go for one of higher priority.
    Preempted {
        /// The pod that has to go.
        victim: Box<Subject>,
        /// Its priority.
        priority: i32,
        /// The pod that needs the room.
        preemptor: Box<Subject>,
        /// Its priority.
        preemptor_priority: i32,
        /// The node.
        node: Str,
    },
}

impl Fact {
    /// The pod it is about.
    pub fn subject(&self) -> &Subject {
        match self {
            Fact::Scheduled { pod, .. } | Fact::Unschedulable { pod, .. } => pod,
            Fact::Preempted { victim, .. } => victim,
        }
    }
}

/// The name of the only profile.
pub const SCHEDULER_NAME: &str = "default-scheduler";
/// How often pods that have waited too long are looked for.
const FLUSH_EVERY: Duration = Duration::from_secs(30);
/// `podMaxInUnschedulablePodsDuration`.
const WAITS_AT_MOST: Duration = Duration::from_mins(5);

/// The scheduler (kube-scheduler).
#[derive(Clone)]
pub struct Scheduler {
    cache: Arc<Cache>,
    classes: Classes,
    queue: Queue,
    /// Pods for which room is made on a node, by node.
    nominated: Vec<(Str, Arc<Pod>)>,
    decisions: IdMap<Uid, Arc<Decision>>,
    random: Rng,
    start: usize,
    awake: bool,
    flushing: bool,
    scratch: Scratch,
    reporter: Reporter,
}

impl Scheduler {
    /// With nothing to do yet.
    pub fn new(options: &Options) -> Self {
        Scheduler {
            cache: Arc::default(),
            classes: Classes::default(),
            queue: Queue::default(),
            nominated: Vec::new(),
            decisions: IdMap::new(),
            random: Rng::stream(options.seed, "scheduler"),
            start: 0,
            awake: false,
            flushing: false,
            scratch: Scratch::default(),
            reporter: Reporter::new(SCHEDULER_NAME),
        }
    }

    /// The latest decision about a pod that exists.
    pub fn decision(&self, pod: Uid) -> Option<&Arc<Decision>> {
        self.decisions.get(&pod)
    }

    fn wake(&mut self, delay: Duration, context: &mut Context<'_>) {
        if !self.awake && !self.queue.is_idle() {
            self.awake = true;
            context.after(delay, Event::Scheduler(Wake::Cycle));
        }
    }

    fn wait_for_flush(&mut self, context: &mut Context<'_>) {
        if !self.flushing && self.queue.has_waiting() {
            self.flushing = true;
            context.after(FLUSH_EVERY, Event::Scheduler(Wake::Flush));
        }
    }
}

impl Component for Scheduler {
    type Wake = Wake;

    fn on_change(&mut self, change: &Change, api: &Api, context: &mut Context<'_>) {
        self.watch(change, api, context);
        self.wake(api.options().latency.scheduler, context);
    }

    fn handle(&mut self, wake: Wake, api: &mut Api, context: &mut Context<'_>) {
        match wake {
            Wake::Cycle => {
                self.awake = false;
                let mut bound = true;
                if let Some((uid, queued)) = self.queue.pop() {
                    context.because(queued.cause);
                    bound = self.try_pod(uid, &queued, api, context);
                    context.because(None);
                }
                // A binding goes on by itself; a failure keeps the scheduler from the next pod.
                let delay = if bound { Duration::ZERO } else { api.options().latency.scheduler };
                self.wake(delay, context);
                self.wait_for_flush(context);
            }
            Wake::Retry(uid) => {
                self.queue.requeue(uid, context.now(), context.cause());
                self.wake(Duration::ZERO, context);
            }
            Wake::Flush => {
                self.flushing = false;
                for uid in self.queue.waiting_longer(WAITS_AT_MOST, context.now()) {
                    let cause = self.queue.get(uid).and_then(|pod| pod.cause);
                    self.queue.requeue(uid, context.now(), cause);
                }
                self.wake(Duration::ZERO, context);
                self.wait_for_flush(context);
            }
        }
    }
}
