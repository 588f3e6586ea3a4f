//! What a model may do while it handles an event.

use std::time::Duration;

use crate::{EntryId, Time};

/// Where scheduled events and journal entries go.
pub trait Sink<E, R> {
    /// Schedules an event; `cause` is handed back when it is handled.
    fn schedule(&mut self, at: Time, cause: Option<EntryId>, event: E);
    /// Adds a journal entry.
    fn record(&mut self, at: Time, cause: Option<EntryId>, what: R) -> EntryId;
}

/// The present instant, the cause of what happens now, and the way to make things happen later. A part of a larger model
/// has events (`E`) and journal entries (`R`) of its own; [`Context::part`] makes its context from the larger one's.
pub struct Context<'a, E, R> {
    now: Time,
    cause: Option<EntryId>,
    sink: &'a mut dyn Sink<E, R>,
}

impl<'a, E, R> Context<'a, E, R> {
    /// A context over a sink. Only runners and tests need this.
    pub fn new(now: Time, cause: Option<EntryId>, sink: &'a mut dyn Sink<E, R>) -> Self {
        Context { now, cause, sink }
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.now
    }

    /// What led to the present event.
    pub fn cause(&self) -> Option<EntryId> {
        self.cause
    }

    /// From now on, what is recorded and scheduled has this cause. Gives the cause before.
    pub fn because(&mut self, cause: Option<EntryId>) -> Option<EntryId> {
        std::mem::replace(&mut self.cause, cause)
    }

    /// Schedules an event after a delay.
    pub fn after(&mut self, delay: Duration, event: E) {
        self.at(self.now + delay, event);
    }

    /// Schedules an event; what lies in the past happens now. Of events at one instant the one scheduled first comes first.
    pub fn at(&mut self, at: Time, event: E) {
        self.sink.schedule(at.max(self.now), self.cause, event);
    }

    /// Records something that happened, caused by the present cause.
    pub fn record(&mut self, what: R) -> EntryId {
        self.sink.record(self.now, self.cause, what)
    }

    /// Records something, and makes it the cause of all that follows in this context.
    pub fn record_as_cause(&mut self, what: R) -> EntryId {
        let id = self.record(what);
        self.cause = Some(id);
        id
    }

    /// The context of a part whose events and entries are wrapped by `event` and `record`.
    pub fn part<E2, R2>(
        &mut self,
        event: fn(E2) -> E,
        record: fn(R2) -> R,
        work: impl FnOnce(&mut Context<'_, E2, R2>),
    ) {
        let mut wrapped = Wrapped { sink: &mut *self.sink, event, record };
        work(&mut Context { now: self.now, cause: self.cause, sink: &mut wrapped });
    }
}

struct Wrapped<'a, E, R, E2, R2> {
    sink: &'a mut dyn Sink<E, R>,
    event: fn(E2) -> E,
    record: fn(R2) -> R,
}

impl<E, R, E2, R2> Sink<E2, R2> for Wrapped<'_, E, R, E2, R2> {
    fn schedule(&mut self, at: Time, cause: Option<EntryId>, event: E2) {
        self.sink.schedule(at, cause, (self.event)(event));
    }

    fn record(&mut self, at: Time, cause: Option<EntryId>, what: R2) -> EntryId {
        self.sink.record(at, cause, (self.record)(what))
    }
}
