//! What happened, in order, each entry with its cause.

use crate::{Log, Time};

/// The number of a journal entry; entries are numbered from 0 in the order they were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u32);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<R> {
    /// When.
    pub at: Time,
    /// The earlier entry that led to it; none for the beginning and for what a person did.
    pub cause: Option<EntryId>,
    /// What.
    pub what: R,
}

/// All that happened in a run. Cloning shares the past.
#[derive(Debug, Clone)]
pub struct Journal<R>(Log<Entry<R>>);

impl<R: Clone> Default for Journal<R> {
    fn default() -> Self {
        Journal(Log::default())
    }
}

impl<R: Clone> Journal<R> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has happened.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An entry by its number.
    pub fn get(&self, id: EntryId) -> Option<&Entry<R>> {
        self.0.get(id.0 as usize)
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: Entry<R>) -> EntryId {
        let id = EntryId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(entry);
        id
    }

    /// All entries in order, from number `first` on.
    pub fn since(&self, first: usize) -> impl Iterator<Item = (EntryId, &Entry<R>)> {
        self.0.range(first, self.0.len()).zip(first..).map(|(entry, index)| (EntryId(index as u32), entry))
    }

    /// All entries in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (EntryId, &Entry<R>)> + ExactSizeIterator {
        self.0.iter().enumerate().map(|(index, entry)| (EntryId(index as u32), entry))
    }

    /// The number of entries recorded before `time`, or at it.
    pub fn count_until(&self, time: Time) -> usize {
        self.0.partition_point(|entry| entry.at <= time)
    }

    /// The chain of causes, from this entry back to the one that has none.
    pub fn causes(&self, id: EntryId) -> impl Iterator<Item = (EntryId, &Entry<R>)> {
        let mut next = Some(id);
        std::iter::from_fn(move || {
            let id = next?;
            let entry = self.get(id)?;
            // A cause is always earlier; this also ends the walk should that ever not hold.
            next = entry.cause.filter(|cause| *cause < id);
            Some((id, entry))
        })
    }
}
