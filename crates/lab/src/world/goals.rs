//! Which checks of the Lab document held when they had to. The world looks itself, so that going back in time goes back
//! here, too.

use std::sync::Arc;

use opscape_manifest::lab::{Check, Duration, LabSpec};
use opscape_sim::{Context, Time};

use super::script::LOOKS_AFTER;
use super::{LabEvent, LabModel, LabRecord};

/// What is known of the checks.
#[derive(Clone, Default)]
pub(super) struct Goals {
    /// Those that held at their time, or within it.
    held: Arc<Vec<bool>>,
    /// A look is scheduled.
    looks: bool,
    /// The store's version at the last look, and the second that was measured then.
    seen: (u64, u32),
}

impl Goals {
    pub fn new(spec: &LabSpec) -> Goals {
        Goals { held: Arc::new(vec![false; spec.checks.len()]), ..Goals::default() }
    }

    fn holds(&self, index: usize) -> bool {
        self.held.get(index).copied().unwrap_or_default()
    }

    fn set(&mut self, index: usize) {
        if let Some(held) = Arc::make_mut(&mut self.held).get_mut(index) {
            *held = true;
        }
    }
}

fn time(span: Duration) -> Time {
    Time(u64::try_from(span.0).unwrap_or_default())
}

/// Until when a check may come to hold; none: it has a time of its own, or none at all.
fn within(check: &Check) -> Option<Time> {
    check.within.filter(|_| check.at.is_none()).map(time)
}

impl LabModel {
    /// Whether a check held at its time, or within it.
    pub fn goal_held(&self, index: usize) -> bool {
        self.goals.holds(index)
    }

    pub(super) fn begin_goals(&mut self, context: &mut Context<'_, LabEvent, LabRecord>) {
        let before = context.because(None);
        for (index, check) in self.spec.checks.iter().enumerate() {
            if let Some(at) = check.at {
                // After all that happens at that instant.
                context.at(Time(time(at).0 + 1), LabEvent::Judge(index));
            }
        }
        context.because(before);
    }

    /// Something may have changed: looks at the checks that may come to hold, a little later.
    pub(super) fn look_at_goals(&mut self, context: &mut Context<'_, LabEvent, LabRecord>) {
        if self.goals.looks {
            return;
        }
        let now = context.now();
        let seen = (self.cluster.store().version(), self.traffic.telemetry().second());
        let (changed, measured) = (self.goals.seen.0 != seen.0, self.goals.seen.1 != seen.1);
        if !changed && !measured {
            return;
        }
        let mut open = self.spec.checks.iter().enumerate().filter(|(index, check)| {
            !self.goals.holds(*index)
                && within(check).is_some_and(|end| now <= end)
                && (changed || check.measure.is_some())
        });
        if open.next().is_some() {
            self.goals.looks = true;
            let before = context.because(None);
            context.at(now + LOOKS_AFTER, LabEvent::Goals);
            context.because(before);
        }
    }

    /// Looks at the checks that may come to hold.
    pub(super) fn judge_open(&mut self, now: Time) {
        self.goals.looks = false;
        self.goals.seen = (self.cluster.store().version(), self.traffic.telemetry().second());
        let spec = self.spec.clone();
        for (index, check) in spec.checks.iter().enumerate() {
            if within(check).is_some_and(|end| now.0 <= end.0 + LOOKS_AFTER.as_micros() as u64) {
                self.judge(index, now);
            }
        }
    }

    /// Keeps in mind whether a check holds now.
    pub(super) fn judge(&mut self, index: usize, now: Time) {
        if self.goals.holds(index) {
            return;
        }
        let spec = self.spec.clone();
        if spec.checks.get(index).is_some_and(|check| crate::session::evaluate(check, self, now).0) {
            self.goals.set(index);
        }
    }
}
