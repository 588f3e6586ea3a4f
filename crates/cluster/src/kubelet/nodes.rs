//! What kubelets know of their nodes: which addresses their pods have (each node has a range of its own, as with kubenet or
//! most CNI plugins), and which images are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use opscape_manifest::api::Node;
use opscape_manifest::api::meta::Str;
use opscape_manifest::value::Value;

/// All nodes there are, and all that a pod was ever bound to. Each has a place that stays, so that its name is looked up once in
/// the life of a pod.
#[derive(Clone, Default)]
pub(super) struct Nodes {
    by_name: Arc<BTreeMap<Str, usize>>,
    all: Arc<Vec<OnNode>>,
    /// How many have a range of addresses.
    ranges: u32,
}

/// One of them.
#[derive(Clone, Default)]
pub(super) struct OnNode {
    /// Whether there is a node of this name.
    registered: bool,
    /// Its `InternalIP`; empty: it has none.
    address: Str,
    range: Option<Range>,
    /// The images that are there.
    pub(super) images: BTreeSet<Str>,
    /// Some of the images will be told of with the next status.
    pub(super) fresh: bool,
}

#[derive(Clone, Default)]
struct Range {
    number: u32,
    next: u8,
    used: [u64; 4],
}

impl Range {
    fn take(&mut self) -> Str {
        for _ in 0..253 {
            self.next = if self.next >= 254 { 2 } else { (self.next + 1).max(2) };
            let (word, bit) = (usize::from(self.next / 64), self.next % 64);
            if let Some(word) = self.used.get_mut(word)
                && *word & (1 << bit) == 0
            {
                *word |= 1 << bit;
                break;
            }
        }
        self.text(self.next)
    }

    fn text(&self, last: u8) -> Str {
        // 10.244.0.0/16 has room for 256 nodes; larger clusters go on from 10.100.0.0.
        let (second, third) = match self.number {
            number @ 0..256 => (244, number),
            number => (99 + number / 256, number % 256),
        };
        format!("10.{second}.{third}.{last}").into()
    }
}

impl Nodes {
    /// The place of a node by its name.
    pub fn place(&mut self, name: &Str) -> usize {
        if let Some(at) = self.by_name.get(name) {
            return *at;
        }
        let at = self.all.len();
        Arc::make_mut(&mut self.by_name).insert(name.clone(), at);
        Arc::make_mut(&mut self.all).push(OnNode::default());
        at
    }

    /// A node came, or has another address.
    pub fn register(&mut self, node: &Node) {
        let at = self.place(&node.metadata.name);
        if let Some(known) = self.at_mut(at) {
            known.registered = true;
            known.address = internal_address(node).map_or_else(Str::default, Str::from);
        }
    }

    /// The address of the node at a place; empty: it has none.
    pub fn address(&self, at: usize) -> Str {
        self.all.get(at).map_or_else(Str::default, |node| node.address.clone())
    }

    /// A node is gone, and its images with it.
    pub fn remove(&mut self, name: &Str) {
        let at = self.place(name);
        if let Some(node) = self.at_mut(at) {
            *node = OnNode { range: node.range.take(), ..OnNode::default() };
        }
    }

    /// Whether there is a node of this name.
    pub fn is_registered(&self, name: &Str) -> bool {
        self.by_name.get(name).and_then(|at| self.all.get(*at)).is_some_and(|node| node.registered)
    }

    /// Whether an image is on the node at a place.
    pub fn has_image(&self, at: usize, image: &Str) -> bool {
        self.all.get(at).is_some_and(|node| node.images.contains(image))
    }

    /// The node at a place.
    pub fn at_mut(&mut self, at: usize) -> Option<&mut OnNode> {
        Arc::make_mut(&mut self.all).get_mut(at)
    }

    /// A free address on the node at a place: the next one after the last given away. Empty: there is no such place.
    pub fn take_address(&mut self, at: usize) -> Str {
        let next = self.ranges;
        let Some(node) = self.at_mut(at) else { return Str::default() };
        let fresh = node.range.is_none();
        let address = node.range.get_or_insert_with(|| Range { number: next, ..Range::default() }).take();
        self.ranges += u32::from(fresh);
        address
    }

    /// An address is free again.
    pub fn free_address(&mut self, at: usize, address: &str) {
        let last = address.rsplit('.').next().and_then(|last| last.parse::<u8>().ok());
        if let (Some(node), Some(last)) = (self.at_mut(at), last)
            && let Some(range) = &mut node.range
            && let Some(word) = range.used.get_mut(usize::from(last / 64))
        {
            *word &= !(1 << (last % 64));
        }
    }
}

/// What a node says of its address in the network of its cluster.
pub(super) fn internal_address(node: &Node) -> Option<&str> {
    let is_internal = |entry: &&Value| entry.str_at(&["type"]) == Some("InternalIP");
    node.status.addresses.iter().find(is_internal)?.str_at(&["address"])
}

#[cfg(test)]
mod tests {
    use opscape_manifest::api::meta::ObjectMeta;

    use super::*;

    fn node(name: &str) -> Node {
        let metadata = ObjectMeta { name: name.into(), ..ObjectMeta::default() };
        Node { metadata, ..Node::default() }
    }

    #[test]
    fn no_two_pods_of_a_node_share_an_address() {
        let mut nodes = Nodes::default();
        nodes.register(&node("z"));
        let (a, b) = (nodes.place(&"a".into()), nodes.place(&"b".into()));
        let mut all: Vec<Str> = (0..253).map(|_| nodes.take_address(a)).collect();
        assert_eq!(all.first().map(AsRef::as_ref), Some("10.244.0.2"));
        assert_eq!(&*nodes.take_address(b), "10.244.1.2");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 253);
        nodes.free_address(a, "10.244.0.77");
        assert_eq!(&*nodes.take_address(a), "10.244.0.77");
    }

    #[test]
    fn a_node_that_comes_back_has_its_range_and_no_images() {
        let mut nodes = Nodes::default();
        let name: Str = "a".into();
        nodes.register(&node(&name));
        let at = nodes.place(&name);
        let first = nodes.take_address(at);
        if let Some(node) = nodes.at_mut(at) {
            node.images.insert("nginx:1".into());
        }
        nodes.remove(&name);
        assert!(!nodes.is_registered(&name));
        nodes.register(&node(&name));
        assert!(nodes.is_registered(&name) && !nodes.has_image(at, &"nginx:1".into()));
        assert_ne!(nodes.take_address(at), first);
    }
}
