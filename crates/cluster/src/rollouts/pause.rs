//! Pauses and aborts (rollout/pause.go).

use opscape_manifest::api::Rollout;
use opscape_manifest::api::meta::{MicroTime, Timestamp};
use opscape_manifest::api::rollout::{PauseCondition, RolloutPause, RolloutStatus};

/// At a pause of a canary.
pub const CANARY: &str = "CanaryPauseStep";
/// Before the switch of blue-green.
pub const BLUE_GREEN: &str = "BlueGreenPause";
/// An analysis said neither yes nor no.
pub const INCONCLUSIVE: &str = "InconclusiveAnalysisRun";

/// What a reconciliation decides about pauses and aborts (`pauseContext`).
#[derive(Debug, Clone, Default)]
pub(super) struct Pauses {
    pub(super) added: Vec<&'static str>,
    removed: Vec<&'static str>,
    cleared: bool,
    abort: Option<String>,
    abort_removed: bool,
}

impl Pauses {
    pub(super) fn is_aborted(&self, rollout: &Rollout) -> bool {
        !self.abort_removed && (self.abort.is_some() || rollout.status.abort)
    }

    pub(super) fn abort(&mut self, message: &str) {
        self.abort = Some(message.to_owned());
    }

    /// Why it was aborted just now.
    pub(super) fn abort_message(&self) -> &str {
        self.abort.as_deref().unwrap_or_default()
    }

    pub(super) fn is_aborting(&self) -> bool {
        self.abort.is_some()
    }

    pub(super) fn remove_abort(&mut self) {
        self.abort_removed = true;
    }

    pub(super) fn add(&mut self, reason: &'static str) {
        self.added.push(reason);
    }

    pub(super) fn remove(&mut self, reason: &'static str) {
        self.removed.push(reason);
    }

    pub(super) fn clear(&mut self) {
        self.cleared = true;
    }

    /// `CalculatePauseStatus`
    pub(super) fn write(&self, rollout: &Rollout, now: Timestamp, status: &mut RolloutStatus) {
        let before = &rollout.status;
        status.pause_conditions = Vec::new();
        status.controller_pause = false;
        if self.abort.is_some() || (!self.abort_removed && before.abort) {
            status.abort = true;
            status.aborted_at = Some(before.aborted_at.unwrap_or(now));
            return;
        }
        status.abort = false;
        status.aborted_at = None;
        if self.cleared {
            return;
        }
        let mut by_controller = before.controller_pause;
        let kept = before.pause_conditions.iter().filter(|known| !self.removed.contains(&&*known.reason));
        let mut conditions: Vec<PauseCondition> = kept.cloned().collect();
        for reason in &self.added {
            if condition(rollout, reason).is_none() {
                conditions.push(PauseCondition { reason: (*reason).into(), start_time: now });
                by_controller = true;
            }
        }
        if !conditions.is_empty() {
            status.controller_pause = by_controller;
            status.pause_conditions = conditions;
        }
    }

    /// Whether the pause before the switch is over: a person ended it, or its time is up (`CompletedBlueGreenPause`).
    pub(super) fn blue_green_is_over(&self, rollout: &Rollout, now: MicroTime) -> bool {
        if !self.added.is_empty() {
            return false;
        }
        let Some(strategy) = &rollout.spec.strategy.blue_green else { return true };
        if rollout.status.blue_green.scale_up_preview_check_point || !needs_pause(rollout) {
            return true;
        }
        let pause = condition(rollout, BLUE_GREEN);
        if strategy.auto_promotion_enabled.unwrap_or(true) {
            let seconds = i64::from(strategy.auto_promotion_seconds);
            return pause.is_some_and(|pause| is_past(pause.start_time, seconds, now));
        }
        rollout.status.controller_pause && pause.is_none()
    }
}

/// Why it waits, if for this reason.
pub fn condition<'a>(rollout: &'a Rollout, reason: &str) -> Option<&'a PauseCondition> {
    rollout.status.pause_conditions.iter().find(|condition| &*condition.reason == reason)
}

/// Whether so many seconds have passed.
pub(super) fn is_past(start: Timestamp, seconds: i64, now: MicroTime) -> bool {
    now.0 >= (start.0.saturating_add(seconds)).saturating_mul(1_000_000)
}

/// Whether the controller pauses before the switch (`needsBlueGreenControllerPause`).
pub fn needs_pause(rollout: &Rollout) -> bool {
    rollout.spec.strategy.blue_green.as_ref().is_some_and(|strategy| {
        strategy.auto_promotion_enabled == Some(false) || strategy.auto_promotion_seconds > 0
    })
}

/// Whether a pause of a canary is over: a person ended it, or its time is up (`CompletedCanaryPauseStep`).
pub(super) fn canary_is_over(rollout: &Rollout, pause: &RolloutPause, now: MicroTime) -> bool {
    match condition(rollout, CANARY) {
        None => rollout.status.controller_pause,
        Some(condition) => pause.duration.is_some() && is_past(condition.start_time, pause.seconds(), now),
    }
}

/// Why nothing may go on (`haltProgress`).
pub(super) fn halts(rollout: &Rollout) -> bool {
    condition(rollout, INCONCLUSIVE).is_some() || rollout.spec.paused
}
