//! What runs of one world share: runners, and names under which one job or one run goes on at a time.

use std::sync::Arc;

use opscape_pipeline::run::{Elsewhere, Serial, Superseded};
use opscape_sim::Time;

use super::{LabContext, Pipelines, RepositoryEvent, RunState};

impl Pipelines {
    /// What other runs hold.
    fn elsewhere(&self, at: usize) -> Elsewhere {
        let mut elsewhere = Elsewhere::default();
        let Some(own) = self.runs.get(at) else { return elsewhere };
        for (_, other) in self.runs.iter().enumerate().filter(|(other, _)| *other != at) {
            other.engine.holds(other.definition.system == own.definition.system, &mut elsewhere);
        }
        elsewhere
    }

    fn go_on(&mut self, at: usize, context: &mut LabContext<'_>, change: impl FnOnce(&mut RunState)) {
        let Some(run) = self.runs.get_mut(at).map(Arc::make_mut) else { return };
        run.engine.advance(Time::ZERO + context.now().since(run.began));
        change(run);
        run.tell(context);
    }

    /// What other runs hold is known to a run that goes on now.
    pub(super) fn look_around(&mut self, number: u32) {
        let Some(at) = self.runs.iter().position(|run| run.number == number) else { return };
        let elsewhere = self.elsewhere(at);
        if let Some(run) = self.runs.get_mut(at).filter(|run| *run.engine.elsewhere() != elsewhere) {
            Arc::make_mut(run).engine.set_elsewhere(elsewhere);
        }
    }

    /// Runs of a name of which a new one comes: those that wait make way, or those that run.
    pub(super) fn make_way_for(&mut self, serial: &Serial, context: &mut LabContext<'_>) {
        for at in 0..self.runs.len() {
            let Some(engine) = self.runs.get(at).map(|run| &run.engine) else { continue };
            let same = engine.plan().serial.as_ref().is_some_and(|own| own.name == serial.name);
            let goes = if engine.is_held() { serial.replaces || serial.cancels } else { serial.cancels };
            if same && goes && !engine.is_all_over() {
                self.go_on(at, context, |run| {
                    run.engine.cancel_all();
                });
            }
        }
    }

    /// A newer pipeline of a branch begins.
    pub(super) fn supersede(&mut self, file: &str, event: &RepositoryEvent, context: &mut LabContext<'_>) {
        for at in 0..self.runs.len() {
            let Some(run) = self.runs.get(at) else { continue };
            let goes_on = run.engine.plan().superseded == Superseded::GoesOn || run.engine.is_all_over();
            if !goes_on && *run.definition.file == *file && run.event == *event {
                self.go_on(at, context, |run| {
                    run.engine.supersede();
                });
            }
        }
    }

    /// Whatever became free is given to those that wait for it, runs that began earlier first, until nothing changes.
    pub(super) fn settle(&mut self, context: &mut LabContext<'_>) {
        // Each round starts or stops a job, and there are only so many.
        let jobs: usize = self.runs.iter().map(|run| run.engine.jobs().len()).sum();
        for _ in 0..=2 * jobs {
            let mut changed = false;
            for at in 0..self.runs.len() {
                if self.runs.get(at).is_none_or(|run| !run.engine.has_entered()) {
                    continue;
                }
                let entered = self.runs.get_mut(at).map(|run| Arc::make_mut(run).engine.take_entered());
                for serial in entered.unwrap_or_default() {
                    for other in (0..self.runs.len()).filter(|other| *other != at) {
                        if self.runs.get(other).is_some_and(|run| !run.engine.is_all_over()) {
                            self.go_on(other, context, |run| changed |= run.engine.make_way(&serial));
                        }
                    }
                }
            }
            for at in 0..self.runs.len() {
                let Some(run) = self.runs.get(at) else { continue };
                let held = run.engine.is_held();
                if !held && !run.engine.has_queue() {
                    continue;
                }
                let elsewhere = self.elsewhere(at);
                let name = run.engine.plan().serial.as_ref().map(|serial| &serial.name);
                let blocked = name.is_some_and(|name| elsewhere.names.contains(name));
                if *run.engine.elsewhere() == elsewhere && (blocked || !held) {
                    continue;
                }
                changed = true;
                self.go_on(at, context, |run| {
                    run.engine.set_elsewhere(elsewhere);
                    if !held {
                        run.engine.try_again();
                    } else if !blocked {
                        run.engine.release();
                    }
                });
            }
            if !changed {
                return;
            }
        }
    }
}
