//! The horizontal pod autoscaler (pkg/controller/podautoscaler/horizontal.go): looks at each autoscaler every 15 s, asks its
//! metrics for a size, holds back what goes too fast, and writes the scale of the target.

mod client;
pub mod decision;
mod metrics;
mod pods;
mod rates;
pub mod replicas;
mod status;
mod sync;

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::Uid;
use opscape_manifest::api::{HorizontalPodAutoscaler, Resource};
use opscape_sim::{EntryId, IdMap};

use crate::metrics::Usage;
use crate::{Api, Change, Context, Event, Op, Options, Reporter, WorkQueue};
use decision::Decision;
use rates::History;

/// The horizontal pod autoscaler.
#[derive(Clone)]
pub(crate) struct Autoscalers {
    queue: WorkQueue,
    /// From one look to the next.
    period: Duration,
    reporter: Reporter,
    states: IdMap<Uid, State>,
}

/// What is remembered of an autoscaler.
#[derive(Clone, Default)]
struct State {
    history: History,
    decision: Option<Arc<Decision>>,
    /// What led to its spec.
    cause: Option<EntryId>,
    /// The selector of its target, once it was looked at.
    selector: Option<opscape_manifest::api::meta::LabelSelector>,
}

impl Autoscalers {
    pub(crate) fn new(options: &Options) -> Self {
        Autoscalers {
            queue: WorkQueue::new(Event::Autoscaler),
            period: options.flags.autoscaler_sync_period + options.latency.autoscaler,
            reporter: Reporter::new("horizontal-pod-autoscaler"),
            states: IdMap::new(),
        }
    }

    /// What it decided last about an autoscaler.
    pub(crate) fn decision(&self, autoscaler: Uid) -> Option<&Arc<Decision>> {
        self.states.get(&autoscaler)?.decision.as_ref()
    }

    pub(crate) fn on_change(&mut self, change: &Change, context: &mut Context<'_>) {
        let Some(new) = HorizontalPodAutoscaler::from_object(&change.object) else { return };
        let uid = new.metadata.uid;
        if change.op == Op::Deleted {
            self.states.remove(&uid);
            return;
        }
        let old = change.old.as_ref().and_then(HorizontalPodAutoscaler::from_object);
        if old.is_none_or(|old| old.spec != new.spec) {
            self.states.or_default(uid).cause = change.cause;
        }
        // Every change asks for a look one period later; a look that is due earlier serves it.
        self.queue.add_after(uid, self.period, context);
    }

    /// The next look at an autoscaler is due.
    pub(crate) fn handle(&mut self, uid: Uid, usage: &dyn Usage, api: &mut Api, context: &mut Context<'_>) {
        if !self.queue.take(uid, context) {
            return;
        }
        let Some(autoscaler) = api.store().typed_by_uid::<HorizontalPodAutoscaler>(uid).cloned() else {
            return;
        };
        context.because(self.states.get(&uid).and_then(|state| state.cause));
        self.sync(&autoscaler, usage, api, context);
        self.queue.add_after(uid, self.period, context);
    }
}
