//! A list that grows at its end and is cheap to clone: what happened, how counts moved. Small code, because each type it is
//! used with costs the browser some.

use std::sync::Arc;

/// Items of a chunk. A clone that goes on by itself copies at most one chunk and the list of chunks.
const CHUNK: usize = 128;

/// A list that grows at its end. Clones share all full chunks.
#[derive(Debug, Clone)]
pub struct Log<T> {
    /// Chunks of exactly [`CHUNK`] items.
    full: Arc<Vec<Arc<Vec<T>>>>,
    /// The items after them, at most [`CHUNK`].
    last: Arc<Vec<T>>,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Log { full: Arc::default(), last: Arc::default() }
    }
}

impl<T: Clone> Log<T> {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.last.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An item by its number, from 0.
    pub fn get(&self, index: usize) -> Option<&T> {
        match self.full.get(index / CHUNK) {
            Some(chunk) => chunk.get(index % CHUNK),
            None => self.last.get(index.checked_sub(self.full.len() * CHUNK)?),
        }
    }

    /// The last item.
    pub fn last(&self) -> Option<&T> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Adds an item.
    pub fn push(&mut self, item: T) {
        if self.last.len() >= CHUNK {
            Arc::make_mut(&mut self.full).push(std::mem::take(&mut self.last));
        }
        Arc::make_mut(&mut self.last).push(item);
    }

    /// Takes the last item away.
    pub fn pop(&mut self) -> Option<T> {
        if self.last.is_empty() {
            self.last = Arc::make_mut(&mut self.full).pop()?;
        }
        Arc::make_mut(&mut self.last).pop()
    }

    /// The items from number `from` up to `to`, not included.
    pub fn range(&self, from: usize, to: usize) -> Range<'_, T> {
        let to = to.min(self.len());
        Range { log: self, from: from.min(to), to }
    }

    /// All items.
    pub fn iter(&self) -> Range<'_, T> {
        self.range(0, self.len())
    }

    /// How many items at the beginning fulfil a condition that holds for a first part of the list only.
    pub fn partition_point(&self, holds: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.get(middle).is_some_and(&holds) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl<'a, T: Clone> IntoIterator for &'a Log<T> {
    type Item = &'a T;
    type IntoIter = Range<'a, T>;

    fn into_iter(self) -> Range<'a, T> {
        self.iter()
    }
}

/// Items of a [`Log`] one after the other.
#[derive(Debug, Clone)]
pub struct Range<'a, T> {
    log: &'a Log<T>,
    from: usize,
    to: usize,
}

impl<'a, T: Clone> Iterator for Range<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        if self.from >= self.to {
            return None;
        }
        self.from += 1;
        self.log.get(self.from - 1)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.to - self.from;
        (left, Some(left))
    }

    fn nth(&mut self, skipped: usize) -> Option<&'a T> {
        self.from = self.from.saturating_add(skipped).min(self.to);
        self.next()
    }
}

impl<T: Clone> DoubleEndedIterator for Range<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.from >= self.to {
            return None;
        }
        self.to -= 1;
        self.log.get(self.to)
    }
}

impl<T: Clone> ExactSizeIterator for Range<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn it_is_a_list_whose_clones_go_on_by_themselves() {
        let mut rng = Rng::stream(5, "log");
        let mut pairs: Vec<(Log<u64>, Vec<u64>)> = vec![(Log::default(), Vec::new())];
        for _ in 0..6_000 {
            let at = rng.below(pairs.len() as u64) as usize;
            let (log, list) = &mut pairs[at];
            if rng.chance(0.2) {
                assert_eq!(log.pop(), list.pop());
            } else {
                let item = rng.bits();
                log.push(item);
                list.push(item);
            }
            if pairs.len() < 6 && rng.chance(0.01) {
                let copy = pairs[at].clone();
                pairs.push(copy);
            }
        }
        for (log, list) in &pairs {
            assert_eq!(log.len(), list.len());
            assert!(log.iter().eq(list.iter()));
            assert!(log.iter().rev().eq(list.iter().rev()));
            assert_eq!(log.last(), list.last());
            assert_eq!(log.get(list.len()), None);
            let (from, to) = (list.len() / 3, list.len() / 2);
            assert!(log.range(from, to).eq(&list[from..to]));
            assert_eq!(log.range(from, to).len(), to - from);
            assert_eq!(log.iter().nth(from), list.get(from));
        }
        let mut log = Log::default();
        (0..1_000).for_each(|number| log.push(number));
        assert_eq!(log.partition_point(|number| *number < 321), 321);
    }
}
