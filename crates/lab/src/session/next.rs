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

/// What was found last: right as long as the present instant lies between and nothing was done.
#[derive(Debug, Clone, Default)]
pub struct Cache(Option<Found>);

#[derive(Debug, Clone)]
struct Found {
    from: Time,
    acts: usize,
    /// How far there is nothing else.
    until: Time,
    next: Option<Next>,
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
        let now = self.now();
        let acts = self.model().acts().len();
        if let Cache(Some(found)) = &*self.next.borrow()
            && found.acts == acts
            && found.from <= now
            && now < found.until
        {
            return found.next.clone();
        }
        let (until, next) = match self.look_up() {
            Some(next) => (next.at, Some(next)),
            None => self.look_ahead(),
        };
        *self.next.borrow_mut() = Cache(Some(Found { from: now, acts, until, next: next.clone() }));
        next
    }

    fn look_up(&self) -> Option<Next> {
        let known = self.timeline().known();
        let from = known.journal().count_until(self.now());
        self.first_visible(known, from)
    }

    /// The next thing, or how far there is none.
    fn look_ahead(&self) -> (Time, Option<Next>) {
        let mut copy = self.timeline().known().clone();
        let until = Time(self.now().0.saturating_add(FAR));
        let work = copy.model().traffic().work().saturating_add(WORK_AHEAD);
        for _ in 0..LOOK_AHEAD {
            let from = copy.journal().len();
            if copy.model().traffic().work() > work {
                break;
            }
            if !copy.handle_next(until) {
                return (until, None);
            }
            if let Some(next) = self.first_visible(&copy, from) {
                return (next.at, Some(next));
            }
        }
        (copy.now(), None)
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
