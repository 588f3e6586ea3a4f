//! What will be seen next, and when.

use opscape_sim::{EntryId, Model, Run, Time};

use super::Session;
use crate::words::Rich;
use crate::world::{LabModel, LabRecord};

/// The next thing one can see.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// When.
    pub at: Time,
    /// What, in words.
    pub text: Rich,
}

/// What was found last, or how far somebody has looked.
#[derive(Clone, Default)]
pub struct Cache(State);

#[derive(Clone, Default)]
enum State {
    #[default]
    Nothing,
    Looking(Box<Looking>),
    Found(Found),
}

/// Right as long as the present instant lies between and nothing was done.
#[derive(Clone)]
struct Found {
    from: Time,
    acts: usize,
    /// How far there is nothing else.
    until: Time,
    next: Option<Next>,
}

/// A copy of the world that goes ahead.
#[derive(Clone)]
struct Looking {
    from: Time,
    acts: usize,
    copy: Run<LabModel>,
    events: u32,
    /// The load's work at which it ends.
    work: u64,
}

/// Events looked ahead at most.
const LOOK_AHEAD: u32 = 3_000;
/// Events of the load looked ahead at most: about 10 ms of work.
const WORK_AHEAD: u64 = 10_000;
/// How far is looked ahead.
const FAR: u64 = 600_000_000;

impl Session {
    /// The next thing one can see, if there is one within ten minutes. What is known already is looked up; else a copy of
    /// the world goes ahead and is thrown away.
    pub fn next_visible(&self) -> Option<Next> {
        self.look_for_next(&mut || true)
    }

    /// As [`Session::next_visible`], as long as `budget` says true. None as well if that was not long enough: the next call
    /// goes on from there.
    pub fn look_for_next(&self, budget: &mut dyn FnMut() -> bool) -> Option<Next> {
        let now = self.now();
        let acts = self.model().acts().len();
        if let Cache(State::Found(found)) = &*self.next.borrow()
            && found.acts == acts
            && found.from <= now
            && now < found.until
        {
            return found.next.clone();
        }
        let found = match self.look_up() {
            Some(next) => Found { from: now, acts, until: next.at, next: Some(next) },
            None => self.look_ahead(now, acts, budget)?,
        };
        let next = found.next.clone();
        *self.next.borrow_mut() = Cache(State::Found(found));
        next
    }

    fn look_up(&self) -> Option<Next> {
        let known = self.timeline().known();
        let from = known.journal().count_until(self.now());
        self.first_visible(known, from)
    }

    /// The next thing, or how far there is none. None: the budget ended first.
    fn look_ahead(&self, now: Time, acts: usize, budget: &mut dyn FnMut() -> bool) -> Option<Found> {
        let known = self.timeline().known();
        let Cache(state) = self.next.take();
        let mut looking = match state {
            State::Looking(looking) if looking.acts == acts && looking.copy.now() >= known.now() => looking,
            _ => {
                let copy = known.clone();
                let work = copy.model().traffic().work().saturating_add(WORK_AHEAD);
                Box::new(Looking { from: now, acts, copy, events: 0, work })
            }
        };
        let end = Time(looking.from.0.saturating_add(FAR));
        loop {
            let copy = &mut looking.copy;
            let first = copy.journal().len();
            let enough = looking.events == LOOK_AHEAD || copy.model().traffic().work() > looking.work;
            let (until, next) = if enough {
                (copy.now(), None)
            } else if !copy.handle_next(end) {
                (end, None)
            } else if let Some(next) = self.first_visible(copy, first) {
                (next.at, Some(next))
            } else {
                looking.events += 1;
                if !budget() {
                    *self.next.borrow_mut() = Cache(State::Looking(looking));
                    return None;
                }
                continue;
            };
            return Some(Found { from: looking.from, acts, until, next });
        }
    }

    fn first_visible(&self, run: &Run<LabModel>, from: usize) -> Option<Next> {
        let visible = |record: &LabRecord| LabModel::is_visible(record);
        run.journal().since(from).filter(|(_, entry)| visible(&entry.what)).find_map(
            |(id, entry): (EntryId, _)| {
                let text = crate::why::headline(run, id, self.lang())?;
                Some(Next { at: entry.at, text })
            },
        )
    }
}
