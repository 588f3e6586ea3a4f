//! Work queues of controllers (k8s.io/client-go/util/workqueue): repeats fold, failures back off.

use std::time::Duration;

use opscape_manifest::api::meta::Uid;
use opscape_sim::{EntryId, IdMap, Time};

use crate::{Context, Event};

/// How well a cause explains what a sync will do. Of several that are folded into one sync, the heaviest is kept; of equal
/// ones, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// A timer, or a retry.
    Timer,
    /// A status changed.
    Status,
    /// Something was created, deleted or failed.
    Life,
    /// What is wanted changed.
    Spec,
}

/// Which objects a controller has to look at, and when.
#[derive(Clone)]
pub struct WorkQueue {
    /// Makes the wake-up that brings the controller to an object.
    wake: fn(Uid) -> Event,
    due: IdMap<Uid, Due>,
    later: IdMap<Uid, Time>,
    failures: IdMap<Uid, u32>,
}

#[derive(Clone)]
struct Due {
    at: Time,
    weight: Weight,
    cause: Option<EntryId>,
}

/// `DefaultTypedControllerRateLimiter`: 5 ms, doubled with each failure, at most 1000 s.
const FIRST_BACK_OFF: Duration = Duration::from_millis(5);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1000);

impl WorkQueue {
    /// An empty queue whose wake-ups are made by `wake`.
    pub fn new(wake: fn(Uid) -> Event) -> Self {
        WorkQueue { wake, due: IdMap::new(), later: IdMap::new(), failures: IdMap::new() }
    }

    /// The controller shall look at `id` after its latency; folded if it will do so anyway.
    pub fn add(&mut self, id: Uid, weight: Weight, latency: Duration, context: &mut Context<'_>) {
        if let Some(due) = self.due.get_mut(&id) {
            if weight > due.weight {
                (due.weight, due.cause) = (weight, context.cause());
            }
            return;
        }
        let at = context.now() + latency;
        self.due.insert(id, Due { at, weight, cause: context.cause() });
        context.at(at, (self.wake)(id));
    }

    /// The controller shall look at `id` after a delay, too. Of several delays the shortest counts.
    pub fn add_after(&mut self, id: Uid, delay: Duration, context: &mut Context<'_>) {
        let at = context.now() + delay;
        if self.later.get(&id).is_some_and(|before| *before <= at) {
            return;
        }
        self.later.insert(id, at);
        context.at(at, (self.wake)(id));
    }

    /// The sync of `id` failed: again after a delay that doubles each time.
    pub fn add_rate_limited(&mut self, id: Uid, context: &mut Context<'_>) {
        let failures = self.failures.get(&id).copied().unwrap_or_default();
        self.failures.insert(id, failures + 1);
        let delay = FIRST_BACK_OFF.saturating_mul(1 << failures.min(30)).min(LONGEST_BACK_OFF);
        self.add_after(id, delay, context);
    }

    /// The sync of `id` went well: its failures are forgotten.
    pub fn forget(&mut self, id: Uid) {
        self.failures.remove(&id);
    }

    /// A wake-up for `id` came. True: sync it now (`context` then has the cause that explains best why); false: it was folded
    /// into another one.
    pub fn take(&mut self, id: Uid, context: &mut Context<'_>) -> bool {
        let now = context.now();
        let late = self.later.get(&id).is_some_and(|at| *at <= now);
        if late {
            self.later.remove(&id);
        }
        if self.due.get(&id).is_some_and(|due| due.at <= now) {
            if let Some(due) = self.due.remove(&id) {
                context.because(due.cause);
            }
            return true;
        }
        late
    }
}
