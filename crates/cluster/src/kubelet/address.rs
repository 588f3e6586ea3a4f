//! Addresses of pods: each node has a range of its own, as with kubenet or most CNI plugins.

use opscape_manifest::api::meta::Str;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which addresses are in use.
#[derive(Clone, Default)]
pub(super) struct Addresses {
    by_node: Arc<BTreeMap<Str, usize>>,
    ranges: Arc<Vec<Range>>,
}

#[derive(Clone, Default)]
struct Range {
    number: u32,
    next: u8,
    used: [u64; 4],
}

impl Range {
    fn text(&self, last: u8) -> Str {
        // 10.244.0.0/16 has room for 256 nodes; larger clusters go on from 10.100.0.0.
        let (second, third) = match self.number {
            number @ 0..256 => (244, number),
            number => (99 + number / 256, number % 256),
        };
        format!("10.{second}.{third}.{last}").into()
    }
}

impl Addresses {
    /// A free address on a node: the next one after the last given away.
    pub fn take(&mut self, node: &Str) -> Str {
        let at = if let Some(at) = self.by_node.get(node) {
            *at
        } else {
            let at = self.ranges.len();
            Arc::make_mut(&mut self.by_node).insert(node.clone(), at);
            Arc::make_mut(&mut self.ranges).push(Range { number: at as u32, ..Range::default() });
            at
        };
        let Some(range) = Arc::make_mut(&mut self.ranges).get_mut(at) else { return node.clone() };
        for _ in 0..253 {
            range.next = if range.next >= 254 { 2 } else { (range.next + 1).max(2) };
            let (word, bit) = (usize::from(range.next / 64), range.next % 64);
            if let Some(word) = range.used.get_mut(word)
                && *word & (1 << bit) == 0
            {
                *word |= 1 << bit;
                break;
            }
        }
        range.text(range.next)
    }

    /// An address is free again.
    pub fn free(&mut self, node: &Str, address: &str) {
        let last = address.rsplit('.').next().and_then(|last| last.parse::<u8>().ok());
        if let (Some(at), Some(last)) = (self.by_node.get(node), last)
            && let Some(range) = Arc::make_mut(&mut self.ranges).get_mut(*at)
            && let Some(word) = range.used.get_mut(usize::from(last / 64))
        {
            *word &= !(1 << (last % 64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_pods_of_a_node_share_an_address() {
        let mut addresses = Addresses::default();
        let node: Str = "a".into();
        let mut all: Vec<Str> = (0..253).map(|_| addresses.take(&node)).collect();
        assert_eq!(all.first().map(AsRef::as_ref), Some("10.244.0.2"));
        assert_eq!(&*addresses.take(&"b".into()), "10.244.1.2");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 253);
        addresses.free(&node, "10.244.0.77");
        assert_eq!(&*addresses.take(&node), "10.244.0.77");
    }
}
