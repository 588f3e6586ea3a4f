//! Runs a program on a text, trying one way after the other.

use super::parse::is_word;
use super::{Captures, Regex, Step};

/// Steps after which a match is given up; ordinary expressions need a few hundred.
const MAX_TRIES: usize = 200_000;

/// What to go back to.
enum Undo {
    /// Another way.
    Try { step: usize, at: usize },
    /// A slot as it was.
    Slot { slot: usize, was: Option<usize> },
}

struct Run<'a> {
    regex: &'a Regex,
    text: &'a [u8],
    slots: Vec<Option<usize>>,
    tries: usize,
    whole: bool,
}

pub(super) fn find(regex: &Regex, text: &[u8]) -> Option<Captures> {
    let mut run = Run { regex, text, slots: vec![None; regex.slots], tries: 0, whole: false };
    let last = if regex.anchored { 0 } else { text.len() };
    for from in 0..=last {
        if run.from(0, from, None).is_some() {
            run.slots.truncate(regex.groups * 2);
            return Some(Captures(run.slots));
        }
        if run.tries > MAX_TRIES {
            return None;
        }
    }
    None
}

pub(super) fn full(regex: &Regex, text: &[u8]) -> bool {
    Run { regex, text, slots: vec![None; regex.slots], tries: 0, whole: true }.from(0, 0, None).is_some()
}

impl Run<'_> {
    /// Runs from a step at a place to the next `Match`; gives where that is. `end`: it has to be there.
    fn from(&mut self, step: usize, at: usize, end: Option<usize>) -> Option<usize> {
        let outermost = step == 0;
        let mut undo: Vec<Undo> = Vec::new();
        let (mut step, mut at) = (step, at);
        loop {
            self.tries += 1;
            if self.tries > MAX_TRIES {
                return None;
            }
            let goes_on = match self.regex.program.get(step)? {
                Step::Match => {
                    let wrong =
                        end.is_some_and(|end| end != at) || outermost && self.whole && at != self.text.len();
                    if !wrong {
                        return Some(at);
                    }
                    None
                }
                Step::Byte(byte) => (self.text.get(at) == Some(byte)).then_some((step + 1, at + 1)),
                Step::Set(set) => {
                    self.text.get(at).is_some_and(|byte| set.has(*byte)).then_some((step + 1, at + 1))
                }
                Step::Start => (at == 0).then_some((step + 1, at)),
                Step::End => (at == self.text.len()).then_some((step + 1, at)),
                Step::Boundary(wanted) => (self.boundary(at) == *wanted).then_some((step + 1, at)),
                Step::Jump(to) => Some((*to, at)),
                Step::Split(first, second) => {
                    undo.push(Undo::Try { step: *second, at });
                    Some((*first, at))
                }
                Step::Save(slot) => {
                    if let Some(place) = self.slots.get_mut(*slot) {
                        undo.push(Undo::Slot { slot: *slot, was: *place });
                        *place = Some(at);
                    }
                    Some((step + 1, at))
                }
                Step::Moved(slot) => (self.slots.get(*slot) != Some(&Some(at))).then_some((step + 1, at)),
                Step::Back { group, fold } => {
                    let (group, fold) = (*group, *fold);
                    self.back(group, fold, at).map(|at| (step + 1, at))
                }
                Step::Look { behind, negated, end } => {
                    let (behind, negated, end) = (*behind, *negated, *end);
                    let saved = self.slots.clone();
                    let there = if behind {
                        (0..=at).rev().any(|from| self.from(step + 1, from, Some(at)).is_some())
                    } else {
                        self.from(step + 1, at, None).is_some()
                    };
                    if !there || negated {
                        self.slots = saved;
                    }
                    (there != negated).then_some((end, at))
                }
                Step::Atomic { end } => {
                    let end = *end;
                    self.from(step + 1, at, None).map(|at| (end, at))
                }
            };
            if let Some(next) = goes_on {
                (step, at) = next;
                continue;
            }
            loop {
                match undo.pop()? {
                    Undo::Try { step: other, at: there } => {
                        (step, at) = (other, there);
                        break;
                    }
                    Undo::Slot { slot, was } => {
                        if let Some(place) = self.slots.get_mut(slot) {
                            *place = was;
                        }
                    }
                }
            }
        }
    }

    fn boundary(&self, at: usize) -> bool {
        let word = |at: Option<usize>| at.and_then(|at| self.text.get(at)).is_some_and(|byte| is_word(*byte));
        word(at.checked_sub(1)) != word(Some(at))
    }

    fn back(&self, group: usize, fold: bool, at: usize) -> Option<usize> {
        let from = (*self.slots.get(group * 2)?)?;
        let to = (*self.slots.get(group * 2 + 1)?)?;
        let wanted = self.text.get(from..to)?;
        let found = self.text.get(at..at + wanted.len())?;
        let same = if fold { wanted.eq_ignore_ascii_case(found) } else { wanted == found };
        same.then_some(at + wanted.len())
    }
}
