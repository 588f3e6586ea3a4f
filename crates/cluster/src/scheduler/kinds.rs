//! Nodes that a class of pods cannot tell apart. In a large cluster a decision looks at hundreds of nodes that are of a few
//! kinds: one node of each is scored, for all. What comes out is what scoring each of them gives.

use std::collections::VecDeque;

use super::cache::{Cache, NOWHERE};
use super::class::{Class, Rejection};

/// Preferred places that are told apart; the built-in constraints are host and zone.
const PLACES: usize = 2;
/// Images that are told apart.
const IMAGES: usize = 8;
/// With more kinds than this, the nodes are better looked at one by one.
const MOST: usize = 1024;
/// Changes of nodes that are remembered, for classes that were not asked for a while.
const REMEMBERED: usize = 1024;

/// What a class sees of a node when it filters and scores it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    refused: Option<Rejection>,
    disliked: i64,
    preferred: i64,
    scores: (i64, i64),
    /// By image of the class: whether it is there.
    images: u8,
    /// By preferred constraint of PodTopologySpread.
    places: [(u32, u32); PLACES],
}

/// The kinds of nodes there are for a class, and which node is of which.
#[derive(Clone, Default)]
pub(super) struct Kinds {
    list: Vec<Kind>,
    /// Their numbers, in order of the kinds.
    sorted: Vec<u16>,
    /// By place in the order in which nodes are tried: the number of its kind.
    of: Vec<u16>,
    /// The change of a node up to which this holds.
    until: u64,
    /// The order for which it holds.
    order: u64,
    /// There are too many kinds in this order.
    many: bool,
}

/// Which nodes changed last.
#[derive(Clone, Default)]
pub(super) struct Changes(VecDeque<u32>);

impl Changes {
    /// A node changed.
    pub fn add(&mut self, index: usize) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(index as u32);
    }

    /// The last ones; none: so many are not remembered.
    pub fn last(&self, count: u64) -> Option<impl Iterator<Item = usize>> {
        let first = self.0.len().checked_sub(usize::try_from(count).ok()?)?;
        Some(self.0.range(first..).map(|index| *index as usize))
    }
}

impl Kinds {
    /// What was known does not hold any longer.
    pub fn forget(&mut self) {
        *self = Kinds::default();
    }

    /// The number of the kind of the node at a place in the order.
    pub fn at(&self, place: usize) -> usize {
        self.of.get(place).map_or(0, |kind| usize::from(*kind))
    }

    /// How many numbers of kinds there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Why nodes of a kind are refused.
    pub fn refused(&self, kind: usize) -> Option<Rejection> {
        self.list.get(kind)?.refused
    }

    /// Brings them up to date. False: nodes have to be looked at one by one.
    pub fn renew(class: &mut Class, cache: &Cache) -> bool {
        if !class.spread.hard.is_empty()
            || class.spread.soft.len() > PLACES
            || class.interpod.filters()
            || class.interpod.scores()
            || class.images.len() > IMAGES
        {
            return false;
        }
        let mut kinds = std::mem::take(&mut class.kinds);
        kinds.follow(class, cache);
        let few = !kinds.many;
        class.kinds = kinds;
        few
    }

    fn follow(&mut self, class: &mut Class, cache: &Cache) {
        let last = cache.last_mark();
        let changed = if self.order == cache.sorted { cache.changes.last(last - self.until) } else { None };
        self.until = last;
        if let Some(changed) = changed {
            if self.many {
                return;
            }
            for index in changed {
                self.look(class, cache, index);
            }
            if self.list.len() <= MOST {
                return;
            }
        }
        // Kinds of which no node is left go.
        *self =
            Kinds { until: last, order: cache.sorted, of: vec![0; cache.order.len()], ..Kinds::default() };
        for index in &cache.order {
            self.look(class, cache, *index as usize);
            if self.list.len() > MOST / 2 {
                self.many = true;
                return;
            }
        }
    }

    fn look(&mut self, class: &mut Class, cache: &Cache, index: usize) {
        let Some(slot) = cache.place_in_order(index).and_then(|place| self.of.get_mut(place)) else { return };
        let fit = class.look(cache, index);
        let mut kind = Kind {
            refused: fit.refused(),
            disliked: fit.disliked(),
            preferred: fit.preferred(),
            scores: (fit.least_allocated(), fit.balanced()),
            images: 0,
            places: [(NOWHERE, 0); PLACES],
        };
        for (bit, name) in class.images.iter().enumerate() {
            let image = cache.images.iter().find(|image| image.name == *name);
            kind.images |= u8::from(image.is_some_and(|image| image.on.get(index) == Some(&true))) << bit;
        }
        for (one, place) in class.spread.soft.iter().zip(&mut kind.places) {
            *place = one.seen_from(cache, index);
        }
        let list = &mut self.list;
        let known = self.sorted.binary_search_by(|number| match list.get(usize::from(*number)) {
            Some(known) => known.cmp(&kind),
            None => std::cmp::Ordering::Less,
        });
        *slot = match known {
            Ok(at) => self.sorted.get(at).copied().unwrap_or_default(),
            Err(at) => {
                let number = list.len() as u16;
                list.push(kind);
                self.sorted.insert(at, number);
                number
            }
        };
    }
}
