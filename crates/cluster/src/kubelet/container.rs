//! One container: its state, its probes, and how long it waits before it is started again.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::Str;
use opscape_sim::Time;

use super::probes::{Probing, Worker};
use crate::Plan;
use crate::images::Ready;

/// Back-off of restarts and of pulls: 10 s, doubled up to 5 min (`MaxContainerBackOff`, `backOffPeriod`).
pub(super) const FIRST_BACK_OFF: Duration = Duration::from_secs(10);
const LONGEST_BACK_OFF: Duration = Duration::from_mins(5);
/// A container that ends so long after its last restart starts with the first back-off again (twice the longest).
const FORGIVEN_AFTER: Duration = Duration::from_mins(10);

/// How a container ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct End {
    pub code: i32,
    pub reason: Str,
    pub started: Option<Time>,
    pub at: Time,
}

/// Where a container is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// Its turn has not come.
    Waiting,
    /// The image is being pulled, or the container made.
    Creating,
    /// The image could not be had.
    PullFailed(Str),
    /// It waits before the next pull.
    PullBackOff(Str),
    /// The image's name cannot be read.
    InvalidImage(Str),
    /// It runs since.
    Running(Time),
    /// It has ended and waits before it is restarted.
    BackOff,
    /// It has ended and is about to be restarted.
    Restarting,
    /// It has ended for good.
    Ended(End),
}

/// A container is being stopped while its pod stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopping {
    /// When it gets the TERM signal.
    pub term: Time,
    /// It does not end in time.
    pub killed: bool,
    /// The probe that failed; none: its postStart hook did.
    pub probe: Option<Probing>,
}

/// A container.
#[derive(Clone)]
pub(super) struct Run {
    pub state: State,
    /// Its process runs since; before the postStart hook has ended the container does not count as running.
    pub process: Option<Time>,
    /// Which attempt this is.
    pub life: u32,
    pub restarts: i32,
    /// Whether it passed its startup probe, if it has one.
    pub started: bool,
    pub ready: bool,
    pub plan: Option<Arc<Plan>>,
    pub last: Option<End>,
    /// Its probes.
    pub workers: Vec<(Probing, Worker)>,
    /// It is being stopped, to start again perhaps.
    pub stopping: Option<Stopping>,
    /// The wait before a restart, and when it was last made longer (`flowcontrol.Backoff`).
    back_off: Option<(Duration, Time)>,
    pull_back_off: Option<Duration>,
    /// The wait it is in.
    pub waits: Duration,
    /// When its next step is due.
    pub due: Time,
    pub id: Option<Str>,
}

impl Run {
    pub fn new(workers: Vec<(Probing, Worker)>) -> Run {
        Run {
            state: State::Waiting,
            process: None,
            life: 0,
            restarts: 0,
            started: false,
            ready: false,
            plan: None,
            last: None,
            workers,
            stopping: None,
            back_off: None,
            pull_back_off: None,
            waits: Duration::ZERO,
            due: Time::ZERO,
            id: None,
        }
    }

    /// How long it waits since an instance of it ended at `exit`; zero: it starts at once, and the next wait is longer
    /// (kuberuntime_manager.go `doBackOff`). `at_once`: the first restart does not wait.
    pub fn back_off(&mut self, exit: Time, now: Time, at_once: bool) -> Duration {
        if !at_once {
            self.lengthen_back_off(exit, now);
        }
        let left = self.back_off.map_or(Duration::ZERO, |(wait, updated)| {
            let expired = exit.since(updated) > FORGIVEN_AFTER;
            if expired { Duration::ZERO } else { (exit + wait).since(now) }
        });
        if left.is_zero() {
            self.lengthen_back_off(exit, now);
        } else {
            self.waits = self.back_off.map_or(left, |(wait, _)| wait);
        }
        left
    }

    /// It starts again (`Backoff.Next`).
    pub fn lengthen_back_off(&mut self, exit: Time, now: Time) {
        let wait = match self.back_off {
            Some((wait, updated)) if exit.since(updated) <= FORGIVEN_AFTER => {
                (wait * 2).min(LONGEST_BACK_OFF)
            }
            _ => FIRST_BACK_OFF,
        };
        self.back_off = Some((wait, now));
    }

    /// How long it waits after a failed pull.
    pub fn next_pull_back_off(&mut self) -> Duration {
        let wait = self.pull_back_off.map_or(FIRST_BACK_OFF, |wait| (wait * 2).min(LONGEST_BACK_OFF));
        self.pull_back_off = Some(wait);
        wait
    }

    /// The image is there after all.
    pub fn forget_pull_back_off(&mut self) {
        self.pull_back_off = None;
    }

    /// It runs, and its probes know of no answer yet. A plain init container is never ready while it runs.
    pub fn runs_since(&mut self, process: Time, plain_init: bool) {
        self.state = State::Running(process);
        let probed = self.plan.as_ref().map_or(Ready::Probed, |plan| plan.ready);
        if plain_init || probed != Ready::Probed {
            self.started = true;
            self.ready = !plain_init && probed == Ready::After(Duration::ZERO);
            return;
        }
        for (probing, worker) in &mut self.workers {
            worker.reset(*probing);
        }
        self.update_probed();
    }

    /// Its process has ended.
    pub fn is_over(&mut self) {
        self.process = None;
        self.started = false;
        self.ready = false;
        self.stopping = None;
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// Whether it has ended well for good.
    pub fn is_done(&self) -> bool {
        matches!(&self.state, State::Ended(end) if end.code == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_wait_longer_each_time_until_a_long_run() {
        let mut run = Run::new(Vec::new());
        let mut now = Time::ZERO;
        let mut end = |run: &mut Run, after: u64| {
            let exit = now + Duration::from_secs(after);
            let wait = run.back_off(exit, exit, true);
            now = exit + wait;
            if !wait.is_zero() {
                run.lengthen_back_off(exit, now);
            }
            wait.as_secs()
        };
        let waits: Vec<u64> = (0..8).map(|_| end(&mut run, 1)).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(end(&mut run, 601), 0);
        assert_eq!(end(&mut run, 1), 10);
    }

    /// The sync that kills a container knows the end of the instance before only: if that is long ago, it starts at once.
    #[test]
    fn a_container_that_is_killed_waits_for_the_end_before() {
        let mut run = Run::new(Vec::new());
        // Ended at 40 s, 80 s, ...: it ran for 40 s each time.
        let waits: Vec<u64> = (1..6)
            .map(|n: u64| run.back_off(Time::secs(40 * n), Time::secs(40 * (n + 1)), true).as_secs())
            .collect();
        // Waits of 10, 20 and 40 s are over when 40 s have passed; one of 80 s is not.
        assert_eq!(waits, [0, 0, 0, 0, 40]);
        assert_eq!(run.waits.as_secs(), 80);
    }

    #[test]
    fn the_pretended_kubelet_waits_from_the_first_end_on() {
        let mut run = Run::new(Vec::new());
        let waits: Vec<u64> =
            (1..5).map(|n| run.back_off(Time::secs(100 * n), Time::secs(100 * n), false).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80]);
    }
}
