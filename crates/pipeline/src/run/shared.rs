//! What runs share: runners, and names under which one job or one run goes on at a time.
//!
//! Source: GitHub's documentation, "Control the concurrency of workflows and jobs", and GitLab's of `resource_group`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::engine::{Engine, State};
use super::fleet::Fleet;
use super::plan::{JobId, Plan, Serial};
use super::system::System;

/// What other runs hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Runners: kind and number.
    pub runners: BTreeSet<(usize, usize)>,
    /// Names of which one goes on at a time.
    pub names: BTreeSet<String>,
}

impl<S: System> Engine<S> {
    /// A pipeline that begins nothing until [`Engine::release`].
    pub fn held(plan: Arc<Plan>, fleet: Arc<Fleet>, system: S) -> Engine<S> {
        Engine::make(plan, fleet, system, true)
    }

    /// Whether it has not begun because another run of its name goes on.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Begins a pipeline that was held.
    pub fn release(&mut self) {
        if std::mem::take(&mut self.held) {
            self.go_on();
        }
    }

    /// Adds what it holds: its runners if they are of the same fleet, the names of its jobs that run, and its own.
    pub fn holds(&self, same_fleet: bool, into: &mut Elsewhere) {
        if same_fleet {
            into.runners.extend(self.busy.keys());
        }
        let serials = self.busy.values().filter_map(|job| self.plan.jobs.get(*job)?.serial.as_ref());
        into.names.extend(serials.map(|serial| serial.name.clone()));
        if let Some(serial) = self.plan.serial.as_ref().filter(|_| !self.held && !self.is_all_over()) {
            into.names.insert(serial.name.clone());
        }
    }

    /// Whether nothing of it goes on or waits.
    pub fn is_all_over(&self) -> bool {
        self.jobs.iter().all(|job| job.state == State::Over)
    }

    /// Whether a job of it waits for a runner or its turn.
    pub fn has_queue(&self) -> bool {
        !self.queue.is_empty()
    }

    /// What other runs hold now. True: that has changed.
    pub fn set_elsewhere(&mut self, elsewhere: Elsewhere) -> bool {
        let changed = self.elsewhere != elsewhere;
        self.elsewhere = elsewhere;
        changed
    }

    /// What other runs held when that was said last.
    pub fn elsewhere(&self) -> &Elsewhere {
        &self.elsewhere
    }

    /// Starts what can start now.
    pub fn try_again(&mut self) {
        if !self.held {
            self.go_on();
        }
    }

    /// The names under which jobs came since this was asked last.
    pub fn take_entered(&mut self) -> Vec<Serial> {
        std::mem::take(&mut self.entered)
    }

    /// Whether jobs came under names since that was asked last.
    pub fn has_entered(&self) -> bool {
        !self.entered.is_empty()
    }

    /// A job of another run came under a name: those of this run that wait or run under it may have to make way. True: some
    /// did.
    pub fn make_way(&mut self, serial: &Serial) -> bool {
        let plan = self.plan.clone();
        let named = |job: &JobId| {
            let own = plan.jobs.get(*job).and_then(|job| job.serial.as_ref());
            own.is_some_and(|own| own.name == serial.name)
        };
        let waiting = self.queue.iter().copied().filter(|_| serial.replaces).filter(named);
        let running = self.busy.values().copied().filter(|_| serial.cancels).filter(named);
        let gone: Vec<JobId> = waiting.chain(running).collect();
        for job in &gone {
            self.cancel(*job);
        }
        if !gone.is_empty() {
            self.go_on();
        }
        !gone.is_empty()
    }
}
