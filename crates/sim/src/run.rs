//! One run of a model: its state, its queue, its journal.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{Context, Entry, EntryId, Journal, Sink, Time};

/// A simulated world. It must be plain data: cheap to clone, and free of wall clocks, shared cells and hashed orders.
pub trait Model: Clone {
    /// What can be scheduled. An event that is no longer of use is not cancelled; its handler finds it stale.
    type Event: Clone;
    /// What a person does.
    type Input: Clone;
    /// What the journal holds.
    type Record: Clone;

    /// Something a person does, now.
    fn input(&mut self, input: &Self::Input, context: &mut Context<'_, Self::Event, Self::Record>);

    /// Something that was scheduled for now.
    fn handle(&mut self, event: Self::Event, context: &mut Context<'_, Self::Event, Self::Record>);

    /// Whether stepping through time should stop at an entry.
    fn is_visible(record: &Self::Record) -> bool;
}

/// A model in time. Cloning it makes a second future of the same past.
#[derive(Clone)]
pub struct Run<M: Model> {
    now: Time,
    handled: u64,
    model: M,
    agenda: Agenda<M>,
}

#[derive(Clone)]
struct Agenda<M: Model> {
    queue: BinaryHeap<Reverse<Scheduled<M::Event>>>,
    scheduled: u64,
    journal: Journal<M::Record>,
}

#[derive(Clone)]
struct Scheduled<E> {
    at: Time,
    /// Breaks ties: what was scheduled first happens first.
    order: u64,
    cause: Option<EntryId>,
    event: E,
}

impl<E> Scheduled<E> {
    fn rank(&self) -> (Time, u64) {
        (self.at, self.order)
    }
}

impl<E> PartialEq for Scheduled<E> {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl<E> Eq for Scheduled<E> {}

impl<E> PartialOrd for Scheduled<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Scheduled<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl<M: Model> Sink<M::Event, M::Record> for Agenda<M> {
    fn schedule(&mut self, at: Time, cause: Option<EntryId>, event: M::Event) {
        self.queue.push(Reverse(Scheduled { at, order: self.scheduled, cause, event }));
        self.scheduled += 1;
    }

    fn record(&mut self, at: Time, cause: Option<EntryId>, what: M::Record) -> EntryId {
        self.journal.push(Entry { at, cause, what })
    }
}

impl<M: Model> Run<M> {
    /// A run at time zero. `start` may schedule and record what is there from the beginning.
    pub fn new(mut model: M, start: impl FnOnce(&mut M, &mut Context<'_, M::Event, M::Record>)) -> Self {
        let mut agenda = Agenda { queue: BinaryHeap::new(), scheduled: 0, journal: Journal::default() };
        start(&mut model, &mut Context::new(Time::ZERO, None, &mut agenda));
        Run { now: Time::ZERO, handled: 0, model, agenda }
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.now
    }

    /// How many events were handled so far.
    pub fn handled(&self) -> u64 {
        self.handled
    }

    /// How many events are scheduled and not yet handled.
    pub fn pending(&self) -> usize {
        self.agenda.queue.len()
    }

    /// The world as it is now.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// What happened so far.
    pub fn journal(&self) -> &Journal<M::Record> {
        &self.agenda.journal
    }

    /// When the next event is due.
    pub fn next_at(&self) -> Option<Time> {
        self.agenda.queue.peek().map(|Reverse(next)| next.at)
    }

    /// Handles the next event if it is due at `until` or before. False: there is none.
    pub fn handle_next(&mut self, until: Time) -> bool {
        if self.next_at().is_none_or(|at| at > until) {
            return false;
        }
        let Some(Reverse(next)) = self.agenda.queue.pop() else { return false };
        self.now = self.now.max(next.at);
        self.handled += 1;
        self.model.handle(next.event, &mut Context::new(self.now, next.cause, &mut self.agenda));
        true
    }

    /// Moves the clock to `time`, once nothing is due before it.
    pub fn wait_until(&mut self, time: Time) {
        self.now = self.now.max(time);
    }

    /// Applies what a person does, now.
    pub fn input(&mut self, input: &M::Input) {
        self.model.input(input, &mut Context::new(self.now, None, &mut self.agenda));
    }
}
