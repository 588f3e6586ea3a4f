//! One scheduling decision: which nodes are feasible, how they score, which one it is (schedule_one.go `schedulePod`).

use opscape_manifest::api::meta::Str;

use super::cache::{Cache, NodeInfo};
use super::class::{Class, NodeFit, Rejection};
use super::plugin::{Plugin, SCORING};
use super::spread::SpreadScratch;

/// The least number of feasible nodes to look for (`minFeasibleNodesToFind`).
const FEWEST: usize = 100;

/// Buffers that live from one decision to the next; what is in them between decisions means nothing.
#[derive(Default)]
pub(super) struct Scratch {
    pub feasible: Vec<u32>,
    pub rejected: Vec<(u32, Rejection)>,
    pub fewest: Vec<i64>,
    /// By plugin of [`SCORING`].
    pub scores: [Column; SCORING.len()],
    pub totals: Vec<i64>,
    spread: SpreadScratch,
    tops: Vec<u32>,
}

/// The weighted scores of a plugin, by feasible node.
#[derive(Default)]
pub(super) struct Column {
    /// All have the same one.
    same: Option<i64>,
    /// Each its own; empty without `same`: the plugin had nothing to say.
    each: Vec<i64>,
}

impl Column {
    /// The score of the feasible node at this place; none: the plugin had nothing to say.
    pub fn get(&self, at: usize) -> Option<i64> {
        self.same.or_else(|| self.each.get(at).copied())
    }
}

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Scratch::default()
    }
}

/// What came out.
pub(super) struct Outcome {
    /// The node's number; none: no node is feasible.
    pub chosen: Option<u32>,
    /// Nodes that were looked at.
    pub evaluated: usize,
}

/// Pods that will come to a node because others make room for them there.
pub(super) trait Nominated {
    /// What a node will look like to a pod of this priority; none: as it is.
    fn with_nominated(&self, info: &NodeInfo) -> Option<NodeInfo>;
    /// The node that was nominated for the pod itself.
    fn own(&self) -> Option<&str>;
}

/// How many feasible nodes suffice (`numFeasibleNodesToFind`): all up to 100; of more, half of them and less the more there
/// are, down to 5 %.
pub(super) fn enough(nodes: usize) -> usize {
    if nodes < FEWEST {
        return nodes;
    }
    let percentage = 50usize.saturating_sub(nodes / 125).max(5);
    (nodes * percentage / 100).max(FEWEST)
}

/// Chooses a node for a pod of a class. `start`: where the search goes on, from decision to decision.
pub(super) fn choose(
    cache: &Cache,
    class: &mut Class,
    nominated: &dyn Nominated,
    start: &mut usize,
    scratch: &mut Scratch,
) -> Outcome {
    let mut evaluated = 0;
    scratch.feasible.clear();
    scratch.rejected.clear();
    class.spread.fewest(&mut scratch.fewest);
    if let Some(index) = nominated.own().and_then(|name| cache.index.get(name)) {
        evaluated += 1;
        try_node(cache, class, nominated, *index as u32, scratch);
    }
    if scratch.feasible.is_empty() {
        scratch.rejected.clear();
        evaluated = 0;
        if let Some(names) = class.named().map(<[Str]>::to_vec) {
            for index in names.iter().filter_map(|name| cache.index.get(name)) {
                evaluated += 1;
                try_node(cache, class, nominated, *index as u32, scratch);
            }
        } else {
            let count = cache.order.len();
            let wanted = enough(count);
            let (before, after) = cache.order.split_at(*start % count.max(1));
            for index in after.iter().chain(before) {
                evaluated += 1;
                try_node(cache, class, nominated, *index, scratch);
                if scratch.feasible.len() >= wanted {
                    break;
                }
            }
            *start = (*start + evaluated) % count.max(1);
        }
    }
    let chosen = match scratch.feasible.as_slice() {
        [] => None,
        [one] => Some(*one),
        _ => {
            score(cache, class, scratch);
            pick(scratch)
        }
    };
    Outcome { chosen, evaluated }
}

fn try_node(cache: &Cache, class: &mut Class, nominated: &dyn Nominated, index: u32, scratch: &mut Scratch) {
    let Some(info) = cache.nodes.get(index as usize).filter(|info| info.present) else { return };
    let result = match nominated.with_nominated(info) {
        None => Ok(()),
        Some(later) => class.filter_supposed(cache, index as usize, &later, &scratch.fewest),
    };
    match result.and_then(|()| class.filter(cache, index as usize, &scratch.fewest)) {
        Ok(()) => scratch.feasible.push(index),
        Err(rejection) => scratch.rejected.push((index, rejection)),
    }
}

/// Scores all feasible nodes.
fn score(cache: &Cache, class: &Class, scratch: &mut Scratch) {
    let Scratch { feasible, scores, totals, spread, .. } = scratch;
    let fits = |of: fn(NodeFit) -> i64| feasible.iter().map(move |index| of(class.fit(*index as usize)));
    let mut same_for_all = 0;
    for (plugin, column) in SCORING.iter().zip(scores.iter_mut()) {
        column.same = None;
        let out = &mut column.each;
        out.clear();
        match plugin {
            Plugin::TaintToleration if class.dislikes => {
                out.extend(fits(NodeFit::disliked));
                normalize(out, true);
            }
            Plugin::TaintToleration => column.same = Some(100),
            Plugin::NodeAffinity if class.prefers_nodes => {
                out.extend(fits(NodeFit::preferred));
                normalize(out, false);
            }
            Plugin::NodeResourcesFit => out.extend(fits(NodeFit::least_allocated)),
            Plugin::NodeResourcesBalancedAllocation
                if class.request.plain.cpu != 0 || class.request.plain.memory != 0 =>
            {
                out.extend(fits(NodeFit::balanced));
            }
            Plugin::PodTopologySpread if !class.spread.score(cache, feasible, out, spread) => {
                out.clear();
            }
            Plugin::InterPodAffinity if !class.interpod.score(cache, feasible, out) => {
                out.clear();
            }
            Plugin::ImageLocality if !images(cache, class, feasible, out) => column.same = Some(0),
            Plugin::DynamicResources => column.same = Some(0),
            _ => {}
        }
        let weight = plugin.weight();
        if let Some(same) = &mut column.same {
            *same *= weight;
            same_for_all += *same;
        } else if weight != 1 {
            for score in out {
                *score *= weight;
            }
        }
    }
    totals.clear();
    totals.resize(feasible.len(), same_for_all);
    for column in scores.iter() {
        for (score, total) in column.each.iter().zip(totals.iter_mut()) {
            *total += *score;
        }
    }
}

/// `selectHost`: the node on top of a heap made of the nodes in the order in which they were found feasible. Of several best
/// ones it is always the same; all recordings of v1.36 agree with that.
fn pick(scratch: &mut Scratch) -> Option<u32> {
    let Scratch { feasible, totals, tops, .. } = scratch;
    let at = top_of_heap(totals, tops)?;
    feasible.get(at as usize).copied()
}

/// Which of these would be on top after `container/heap.Init`. Only what is on top of each part of the heap has a say in what
/// is on top of the whole, so nothing has to be moved.
fn top_of_heap(totals: &[i64], tops: &mut Vec<u32>) -> Option<u32> {
    tops.clear();
    tops.extend(0..totals.len() as u32);
    let total = |top: Option<&u32>| top.and_then(|at| totals.get(*at as usize)).copied();
    for root in (0..totals.len() / 2).rev() {
        let (left, right) = (tops.get(2 * root + 1), tops.get(2 * root + 2));
        let larger = if total(right) > total(left) { right } else { left };
        if total(larger) > total(tops.get(root))
            && let Some(larger) = larger.copied()
            && let Some(top) = tops.get_mut(root)
        {
            *top = larger;
        }
    }
    tops.first().copied()
}

/// `DefaultNormalizeScore`: to 0..100; `reverse`: the largest becomes the least.
fn normalize(scores: &mut [i64], reverse: bool) {
    let most = scores.iter().copied().max().unwrap_or_default();
    for score in scores {
        let part = if most == 0 { 0 } else { *score * 100 / most };
        *score = if reverse { 100 - part } else { part };
    }
}

/// Below this an image is not worth it, in bytes (imagelocality: `minThreshold`).
const SMALL_IMAGE: i64 = 23 * 1024 * 1024;
/// Above this an image counts no more, in bytes, times the number of containers (`maxContainerThreshold`).
const LARGE_IMAGE: i64 = 1000 * 1024 * 1024;

/// Nodes that have the images, the more the larger and the more common these are. False: none has any of them.
fn images(cache: &Cache, class: &Class, feasible: &[u32], out: &mut Vec<i64>) -> bool {
    let nodes = cache.len().max(1) as f64;
    let known = |name: &Str| cache.images.iter().find(|image| image.name == *name);
    for image in class.images.iter().filter_map(known) {
        out.resize(feasible.len(), 0);
        let scaled = (image.size as f64 * (image.count as f64 / nodes)) as i64;
        for (index, score) in feasible.iter().zip(out.iter_mut()) {
            if image.on.get(*index as usize) == Some(&true) {
                *score += scaled;
            }
        }
    }
    let most = LARGE_IMAGE * class.images.len().max(1) as i64;
    let mut last = (0, 0);
    for score in out.iter_mut() {
        if *score != last.0 {
            last = (*score, 100 * ((*score).clamp(SMALL_IMAGE, most) - SMALL_IMAGE) / (most - SMALL_IMAGE));
        }
        *score = last.1;
    }
    !out.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_clusters_are_sampled_as_upstream_does() {
        for (nodes, wanted) in
            [(0, 0), (50, 50), (100, 100), (150, 100), (1000, 420), (5000, 500), (6000, 300)]
        {
            assert_eq!(enough(nodes), wanted, "{nodes}");
        }
    }

    /// `container/heap.Init` as it is written in Go.
    fn heap(totals: &[i64]) -> Option<u32> {
        let mut heap: Vec<u32> = (0..totals.len() as u32).collect();
        let total = |heap: &[u32], at: usize| totals[heap[at] as usize];
        for root in (0..heap.len() / 2).rev() {
            let mut at = root;
            loop {
                let (left, right) = (2 * at + 1, 2 * at + 2);
                if left >= heap.len() {
                    break;
                }
                let larger =
                    if right < heap.len() && total(&heap, right) > total(&heap, left) { right } else { left };
                if total(&heap, larger) <= total(&heap, at) {
                    break;
                }
                heap.swap(at, larger);
                at = larger;
            }
        }
        heap.first().copied()
    }

    proptest::proptest! {
        #[test]
        fn the_top_is_that_of_a_heap(totals in proptest::collection::vec(0i64..6, 0..80)) {
            proptest::prop_assert_eq!(top_of_heap(&totals, &mut Vec::new()), heap(&totals));
        }
    }

    #[test]
    fn scores_are_brought_to_a_hundred() {
        let mut scores = [0, 1, 3];
        normalize(&mut scores, true);
        assert_eq!(scores, [100, 67, 0]);
        let mut scores = [0, 0];
        normalize(&mut scores, true);
        assert_eq!(scores, [100, 100]);
        normalize(&mut scores, false);
        assert_eq!(scores, [100, 100]);
    }
}
