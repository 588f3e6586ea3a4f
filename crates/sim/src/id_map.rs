//! Maps and sets by a number, with structural sharing: what is numbered in order of creation (objects by their uid, say)
//! needs no comparisons to be found, and little code. Cloning is O(1); a write copies at most one path.

use std::marker::PhantomData;
use std::sync::Arc;

const BITS: u32 = 5;

/// A map by a number, in order of the numbers.
#[derive(Debug, Clone)]
pub struct IdMap<K, V> {
    root: Option<Arc<Node<V>>>,
    /// Levels below the root.
    height: u32,
    len: usize,
    key: PhantomData<fn(K) -> K>,
}

/// A set of numbers, in order.
#[derive(Debug, Clone)]
pub struct IdSet<K>(IdMap<K, ()>);

/// Up to 32 slots; only those with a bit are there.
#[derive(Debug, Clone)]
struct Node<V> {
    bits: u32,
    slots: Slots<V>,
}

#[derive(Debug, Clone)]
enum Slots<V> {
    Nodes(Vec<Arc<Node<V>>>),
    Values(Vec<V>),
}

impl<K, V> Default for IdMap<K, V> {
    fn default() -> Self {
        IdMap { root: None, height: 0, len: 0, key: PhantomData }
    }
}

impl<V> Node<V> {
    /// Where the slot of `key` is at this level, and whether it is there.
    fn place(&self, key: u64, level: u32) -> (u32, usize, bool) {
        let bit = 1u32 << ((key >> (BITS * level)) & 31);
        (bit, (self.bits & (bit - 1)).count_ones() as usize, self.bits & bit != 0)
    }
}

impl<K: Copy + Into<u64> + From<u64>, V: Clone> IdMap<K, V> {
    /// A map with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let key: u64 = (*key).into();
        if self.too_large(key) {
            return None;
        }
        let mut node = self.root.as_ref()?;
        for level in (0..=self.height).rev() {
            let (_, at, there) = node.place(key, level);
            if !there {
                return None;
            }
            match &node.slots {
                Slots::Nodes(nodes) => node = nodes.get(at)?,
                Slots::Values(values) => return values.get(at),
            }
        }
        None
    }

    /// Whether a key is there.
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// The value of a key, to change.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        // Looked up first, so that a miss copies nothing.
        self.get(key)?;
        let key: u64 = (*key).into();
        let mut node = Arc::make_mut(self.root.as_mut()?);
        for level in (0..=self.height).rev() {
            let (_, at, _) = node.place(key, level);
            match &mut node.slots {
                Slots::Nodes(nodes) => node = Arc::make_mut(nodes.get_mut(at)?),
                Slots::Values(values) => return values.get_mut(at),
            }
        }
        None
    }

    /// Sets a value and gives the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let key: u64 = key.into();
        while self.too_large(key) {
            if let Some(root) = self.root.take() {
                self.root = Some(Arc::new(Node { bits: 1, slots: Slots::Nodes(vec![root]) }));
            }
            self.height += 1;
        }
        let height = self.height;
        let root = self.root.get_or_insert_with(|| Arc::new(empty(height)));
        let before = insert(Arc::make_mut(root), key, height, value);
        self.len += usize::from(before.is_none());
        before
    }

    /// Removes a key and gives its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.get(key)?;
        let removed = remove(Arc::make_mut(self.root.as_mut()?), (*key).into(), self.height);
        self.len -= usize::from(removed.is_some());
        if self.len == 0 {
            *self = Self::default();
        }
        removed
    }

    /// The value of a key, made by `make` if there is none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if !self.contains_key(&key) {
            self.insert(key, make());
        }
        match self.get_mut(&key) {
            Some(value) => value,
            None => unreachable!("it was inserted just now"),
        }
    }

    /// The value of a key, made if there is none.
    pub fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.get_or_insert_with(key, V::default)
    }

    /// The entry with the lowest key.
    pub fn first(&self) -> Option<(K, &V)> {
        self.iter().next()
    }

    /// All entries, in order of the keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        let mut iter = Iter { stack: Vec::new(), key: PhantomData };
        if let Some(root) = &self.root {
            iter.stack.push((root, 0, root.bits, self.height));
        }
        iter
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = K> {
        self.iter().map(|(key, _)| key)
    }

    /// All values, in order of the keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    fn too_large(&self, key: u64) -> bool {
        let bits = BITS * (self.height + 1);
        bits < u64::BITS && key >> bits != 0
    }
}

impl<K> Default for IdSet<K> {
    fn default() -> Self {
        IdSet(IdMap::default())
    }
}

impl<K: Copy + Into<u64> + From<u64>> IdSet<K> {
    /// A set with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// Whether it is there.
    pub fn contains(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Adds one; false if it was there.
    pub fn insert(&mut self, key: K) -> bool {
        self.0.insert(key, ()).is_none()
    }

    /// Takes one out; false if it was not there.
    pub fn remove(&mut self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = K> {
        self.0.keys()
    }
}

fn empty<V>(level: u32) -> Node<V> {
    Node { bits: 0, slots: if level == 0 { Slots::Values(Vec::new()) } else { Slots::Nodes(Vec::new()) } }
}

fn insert<V: Clone>(node: &mut Node<V>, key: u64, level: u32, value: V) -> Option<V> {
    let (bit, at, there) = node.place(key, level);
    node.bits |= bit;
    match &mut node.slots {
        Slots::Values(values) if there => values.get_mut(at).map(|slot| std::mem::replace(slot, value)),
        Slots::Values(values) => {
            values.insert(at, value);
            None
        }
        Slots::Nodes(nodes) => {
            if !there {
                nodes.insert(at, Arc::new(empty(level - 1)));
            }
            nodes.get_mut(at).and_then(|node| insert(Arc::make_mut(node), key, level - 1, value))
        }
    }
}

fn remove<V: Clone>(node: &mut Node<V>, key: u64, level: u32) -> Option<V> {
    let (bit, at, there) = node.place(key, level);
    if !there {
        return None;
    }
    match &mut node.slots {
        Slots::Values(values) => {
            node.bits &= !bit;
            Some(values.remove(at))
        }
        Slots::Nodes(nodes) => {
            let child = nodes.get_mut(at)?;
            let removed = remove(Arc::make_mut(child), key, level - 1);
            if child.bits == 0 {
                nodes.remove(at);
                node.bits &= !bit;
            }
            removed
        }
    }
}

/// The entries of an [`IdMap`], in order of the keys.
pub struct Iter<'a, K, V> {
    /// Node, key of its first slot, bits still to visit, level.
    stack: Vec<(&'a Node<V>, u64, u32, u32)>,
    key: PhantomData<fn() -> K>,
}

impl<'a, K: From<u64>, V> Iterator for Iter<'a, K, V> {
    type Item = (K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (node, base, left, level) = self.stack.last_mut()?;
            if *left == 0 {
                self.stack.pop();
                continue;
            }
            let slot = left.trailing_zeros();
            *left &= *left - 1;
            let at = (node.bits & ((1u32 << slot) - 1)).count_ones() as usize;
            let key = *base + (u64::from(slot) << (BITS * *level));
            let below = level.saturating_sub(1);
            match &node.slots {
                Slots::Values(values) => return Some((K::from(key), values.get(at)?)),
                Slots::Nodes(nodes) => {
                    let child = nodes.get(at)?;
                    self.stack.push((child, key, child.bits, below));
                }
            }
        }
    }
}

impl<'a, K: Copy + Into<u64> + From<u64>, V: Clone> IntoIterator for &'a IdMap<K, V> {
    type Item = (K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Copy + Into<u64> + From<u64>, V: Clone + PartialEq> PartialEq for IdMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        let same = |((a, one), (b, two)): ((K, &V), (K, &V))| a.into() == b.into() && one == two;
        self.len == other.len && self.iter().zip(other).all(same)
    }
}

impl<K: Copy + Into<u64> + From<u64>, V: Clone> FromIterator<(K, V)> for IdMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Do {
        Insert(u64, u8),
        Remove(u64),
        Change(u64),
        Keep,
    }

    fn key() -> impl Strategy<Value = u64> {
        prop_oneof![0..100u64, 0..5_000u64, any::<u64>()]
    }

    fn work() -> impl Strategy<Value = Vec<Do>> {
        let one = prop_oneof![
            4 => (key(), any::<u8>()).prop_map(|(key, value)| Do::Insert(key, value)),
            3 => key().prop_map(Do::Remove),
            1 => key().prop_map(Do::Change),
            1 => Just(Do::Keep),
        ];
        prop::collection::vec(one, 0..200)
    }

    proptest! {
        #[test]
        fn behaves_as_a_sorted_map_and_clones_keep_their_past(work in work()) {
            let (mut map, mut model) = (IdMap::<u64, u8>::new(), BTreeMap::new());
            let mut kept = Vec::new();
            for one in work {
                match one {
                    Do::Insert(key, value) => prop_assert_eq!(map.insert(key, value), model.insert(key, value)),
                    Do::Remove(key) => prop_assert_eq!(map.remove(&key), model.remove(&key)),
                    Do::Change(key) => {
                        prop_assert_eq!(map.get_mut(&key).map(|v| { *v ^= 1; *v }), model.get_mut(&key).map(|v| { *v ^= 1; *v }));
                    }
                    Do::Keep => kept.push((map.clone(), model.clone())),
                }
            }
            kept.push((map, model));
            for (map, model) in kept {
                prop_assert_eq!(map.len(), model.len());
                prop_assert_eq!(map.iter().map(|(k, v)| (k, *v)).collect::<Vec<_>>(), model.clone().into_iter().collect::<Vec<_>>());
                prop_assert!(model.iter().all(|(key, value)| map.get(key) == Some(value)));
            }
        }
    }
}
