//! One container: its state, and how long it waits before it is started again.

use std::sync::Arc;
use std::time::Duration;

use opscape_manifest::api::meta::Str;
use opscape_sim::Time;

use crate::Plan;

/// Back-off of restarts and of pulls: 10 s, doubled up to 5 min (`MaxContainerBackOff`, `backOffPeriod`).
pub(super) const FIRST_BACK_OFF: Duration = Duration::from_secs(10);
const LONGEST_BACK_OFF: Duration = Duration::from_mins(5);
/// A container that ran for so long starts with the first back-off again.
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
    /// It runs since.
    Running(Time),
    /// It has ended and waits before it is restarted.
    BackOff,
    /// It has ended and is about to be restarted.
    Restarting,
    /// It has ended for good.
    Ended(End),
}

/// A container.
#[derive(Clone)]
pub(super) struct Run {
    pub state: State,
    /// Which attempt this is.
    pub life: u32,
    pub restarts: i32,
    pub ready: bool,
    pub plan: Option<Arc<Plan>>,
    pub last: Option<End>,
    /// The next wait before a restart; none: it has not ended yet.
    back_off: Option<Duration>,
    pull_back_off: Option<Duration>,
    /// The wait it is in.
    pub waits: Duration,
    /// When its next step is due.
    pub due: Time,
    pub id: Option<Str>,
}

impl Run {
    pub fn new() -> Run {
        Run {
            state: State::Waiting,
            life: 0,
            restarts: 0,
            ready: false,
            plan: None,
            last: None,
            back_off: None,
            pull_back_off: None,
            waits: Duration::ZERO,
            due: Time::ZERO,
            id: None,
        }
    }

    /// How long it waits after an end. `at_once`: the first restart does not wait.
    pub fn next_back_off(&mut self, ran: Duration, at_once: bool) -> Duration {
        if ran >= FORGIVEN_AFTER {
            self.back_off = None;
        }
        let wait = match self.back_off {
            None if at_once => Duration::ZERO,
            None => FIRST_BACK_OFF,
            Some(wait) if wait.is_zero() => FIRST_BACK_OFF,
            Some(wait) => (wait * 2).min(LONGEST_BACK_OFF),
        };
        self.back_off = Some(wait);
        self.waits = wait;
        wait
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
        let mut run = Run::new();
        let short = Duration::from_secs(1);
        let waits: Vec<u64> = (0..8).map(|_| run.next_back_off(short, true).as_secs()).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(run.next_back_off(Duration::from_secs(601), false).as_secs(), 10);
    }
}
