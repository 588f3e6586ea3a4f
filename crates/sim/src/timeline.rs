//! Time that belongs to the viewer: forward, back, and into another future.

use std::collections::BTreeMap;

use crate::{EntryId, Model, Run, Time};

/// How far an advance came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// All that was asked for.
    End,
    /// The budget ended first; call again to go on.
    Budget,
}

/// A future that was left behind by a change in its past.
#[derive(Clone)]
pub struct Branch<M: Model> {
    /// The run as far as it was known.
    pub run: Run<M>,
    /// Where the new future begins.
    pub left_at: Time,
}

/// A run with all its inputs, and checkpoints to go back to. A checkpoint is a clone of the run; models share structure,
/// so that one costs little. Going back replays from the nearest checkpoint with the same inputs, and is therefore exact.
#[derive(Clone)]
pub struct Timeline<M: Model> {
    run: Run<M>,
    /// The furthest the present future was computed, if the viewer went back from there.
    ahead: Option<Run<M>>,
    /// By the number of events handled; the one at 0 is the beginning.
    checkpoints: BTreeMap<u64, Checkpoint<M>>,
    spacing: u64,
    inputs: Vec<(Time, M::Input)>,
    /// How many of the inputs the present run has had.
    applied: usize,
}

#[derive(Clone)]
struct Checkpoint<M: Model> {
    run: Run<M>,
    applied: usize,
}

/// Events between two checkpoints at first; doubled whenever there are too many of them.
const SPACING: u64 = 1_000;
/// Checkpoints kept in a run of up to [`LONG`] events; in longer ones fewer, down to [`LEAST_CHECKPOINTS`]: each of them
/// keeps alive what has changed since.
const MOST_CHECKPOINTS: usize = 48;
const LEAST_CHECKPOINTS: usize = 6;
const LONG: u64 = 50_000;

/// Events that are scheduled for each of those between two checkpoints, at most.
const CROWD: u64 = 8;

fn most_checkpoints(handled: u64) -> usize {
    let fewer = (MOST_CHECKPOINTS as u64 * LONG / handled.max(LONG)) as usize;
    fewer.max(LEAST_CHECKPOINTS)
}

/// How often the budget is asked.
const BUDGET_EVERY: u32 = 16;

impl<M: Model> Timeline<M> {
    /// A timeline that begins with this run.
    pub fn new(run: Run<M>) -> Self {
        let first = Checkpoint { run: run.clone(), applied: 0 };
        let checkpoints = BTreeMap::from([(run.handled(), first)]);
        Timeline { run, ahead: None, checkpoints, spacing: SPACING, inputs: Vec::new(), applied: 0 }
    }

    /// The run at the present instant.
    pub fn present(&self) -> &Run<M> {
        &self.run
    }

    /// The run at the furthest instant that is known: later than the present one after going back.
    pub fn known(&self) -> &Run<M> {
        self.ahead.as_ref().unwrap_or(&self.run)
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.run.now()
    }

    /// How far the future is known.
    pub fn known_until(&self) -> Time {
        self.known().now()
    }

    /// What the person did, in order of time, those still ahead included.
    pub fn inputs(&self) -> &[(Time, M::Input)] {
        &self.inputs
    }

    /// Goes on to `until`, as long as `budget` says true (it is asked now and then).
    pub fn advance(&mut self, until: Time, budget: &mut dyn FnMut() -> bool) -> Reached {
        let mut until_budget = BUDGET_EVERY;
        loop {
            let input_at = self.inputs.get(self.applied).map(|(at, _)| *at).filter(|at| *at <= until);
            let bound = input_at.unwrap_or(until);
            while self.run.handle_next(bound) {
                self.keep_checkpoint();
                until_budget -= 1;
                if until_budget == 0 {
                    until_budget = BUDGET_EVERY;
                    if !budget() {
                        return Reached::Budget;
                    }
                }
            }
            self.run.wait_until(bound);
            self.forget_ahead_if_reached();
            let Some((_, input)) = input_at.and_then(|_| self.inputs.get(self.applied)) else {
                return Reached::End;
            };
            self.run.input(input);
            self.applied += 1;
        }
    }

    /// Goes on to the next entry a viewer can see, and to the end of its instant, but not past `until`.
    /// Gives the entry, or none if there is none up to then.
    pub fn step(&mut self, until: Time) -> Option<EntryId> {
        let first = self.run.journal().len();
        while let Some(next) = self.next_change().filter(|at| *at <= until) {
            self.advance(next, &mut || true);
            let seen = self.run.journal().since(first).find(|(_, entry)| M::is_visible(&entry.what));
            if let Some((id, _)) = seen {
                return Some(id);
            }
        }
        self.advance(until, &mut || true);
        None
    }

    /// When the next event or input is due.
    pub fn next_change(&self) -> Option<Time> {
        let input = self.inputs.get(self.applied).map(|(at, _)| *at);
        [self.run.next_at(), input].into_iter().flatten().min()
    }

    /// Goes to an instant, back or forward.
    pub fn seek(&mut self, time: Time) {
        self.seek_start(time);
        self.advance(time, &mut || true);
    }

    /// Goes back to the nearest known place at or before `time`; [`Self::advance`] does the rest of a seek within a budget.
    pub fn seek_start(&mut self, time: Time) {
        if time >= self.run.now() {
            return;
        }
        let nearest = self.checkpoints.values().rev().find(|checkpoint| checkpoint.run.now() <= time);
        let Some(nearest) = nearest.or_else(|| self.checkpoints.values().next()) else { return };
        let nearest = nearest.clone();
        let left = std::mem::replace(&mut self.run, nearest.run);
        self.applied = nearest.applied;
        if self.ahead.is_none() {
            self.ahead = Some(left);
        }
    }

    /// A person does something, now. If the future was known already it is another one from here on, and the one that was
    /// left is given back.
    pub fn input(&mut self, input: M::Input) -> Option<Branch<M>> {
        let now = self.run.now();
        self.advance(now, &mut || true);
        let left = self.ahead.take().map(|run| Branch { run, left_at: now });
        self.forget_future();
        self.inputs.push((now, input));
        self.advance(now, &mut || true);
        left
    }

    /// Inputs that will happen, each at its time: in order, and none before the present instant. What was known of the future
    /// is forgotten.
    pub fn expect(&mut self, inputs: impl IntoIterator<Item = (Time, M::Input)>) {
        self.forget_future();
        let mut last = self.run.now();
        for (at, input) in inputs {
            last = last.max(at);
            self.inputs.push((last, input));
        }
    }

    /// Forgets the known future and the inputs in it: from here on nothing is known.
    pub fn forget_future(&mut self) {
        self.ahead = None;
        self.inputs.truncate(self.applied);
        let handled = self.run.handled();
        self.checkpoints.retain(|at, _| *at <= handled);
    }

    /// A second timeline with the same past and the same known future.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.clone()
    }

    fn keep_checkpoint(&mut self) {
        let handled = self.run.handled();
        if !handled.is_multiple_of(self.spacing) || self.checkpoints.contains_key(&handled) {
            return;
        }
        // A clone copies what is scheduled, and what changes then is copied, too: in a crowd a checkpoint every thousand events
        // would cost more than the events.
        let crowd = self.run.pending() as u64 / CROWD;
        if self.spacing < crowd {
            self.spacing *= 2;
            return;
        }
        self.checkpoints.insert(handled, Checkpoint { run: self.run.clone(), applied: self.applied });
        while self.checkpoints.len() > most_checkpoints(handled) {
            self.spacing *= 2;
            let spacing = self.spacing;
            self.checkpoints.retain(|at, _| at.is_multiple_of(spacing));
        }
    }

    fn forget_ahead_if_reached(&mut self) {
        if self
            .ahead
            .as_ref()
            .is_some_and(|ahead| ahead.now() <= self.run.now() && ahead.handled() <= self.run.handled())
        {
            self.ahead = None;
        }
    }
}
