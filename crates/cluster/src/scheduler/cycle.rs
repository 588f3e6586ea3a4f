//! One scheduling decision: which nodes are feasible, how they score, which one it is (schedule_one.go `schedulePod`).

use opscape_manifest::api::meta::Str;

use super::cache::{Cache, NodeInfo};
use super::class::{Class, NodeFit, Rejection};
use super::kinds::Kinds;
use super::plugin::{Plugin, SCORING};
use super::spread::SpreadScratch;

/// The least number of feasible nodes to look for (`minFeasibleNodesToFind`).
const FEWEST: usize = 100;

/// Up to this many nodes every verdict is kept.
pub(super) const ALL_KEPT: usize = 100;
/// Of more nodes, so many of the best.
const BEST_KEPT: usize = 5;

/// Buffers that live from one decision to the next; what is in them between decisions means nothing.
#[derive(Default)]
pub(super) struct Scratch {
    /// The feasible nodes, or one of each kind of them.
    pub feasible: Vec<u32>,
    /// How many nodes each of them stands for.
    alike: Vec<u32>,
    pub rejected: Vec<(u32, Rejection)>,
    pub fewest: Vec<i64>,
    /// By plugin of [`SCORING`].
    pub scores: [Column; SCORING.len()],
    pub totals: Vec<i64>,
    /// In a cluster of more than [`ALL_KEPT`] nodes: the chosen one and the next best.
    pub best: Vec<Candidate>,
    candidates: Vec<Candidate>,
    /// By number of a kind: where its node is among the feasible ones.
    rows: Vec<u32>,
    spread: SpreadScratch,
}

/// A feasible node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub node: u32,
    /// Whose scores are its own, among the feasible nodes.
    pub row: u32,
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
    /// Nodes that could take it.
    pub feasible: usize,
}

/// Pods that will come to a node because others make room for them there.
pub(super) trait Nominated {
    /// What a node will look like to a pod of this priority; none: as it is.
    fn with_nominated(&self, info: &NodeInfo) -> Option<NodeInfo>;
    /// The node that was nominated for the pod itself.
    fn own(&self) -> Option<&str>;
    /// Nobody makes room anywhere.
    fn none(&self) -> bool;
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
    scratch.feasible.clear();
    scratch.alike.clear();
    scratch.rejected.clear();
    if cache.order.len() > ALL_KEPT
        && nominated.none()
        && class.named().is_none()
        && Kinds::renew(class, cache)
    {
        return choose_by_kind(cache, class, start, scratch);
    }
    choose_one_by_one(cache, class, nominated, start, scratch)
}

/// Looks at each node by itself.
pub(super) fn choose_one_by_one(
    cache: &Cache,
    class: &mut Class,
    nominated: &dyn Nominated,
    start: &mut usize,
    scratch: &mut Scratch,
) -> Outcome {
    let mut evaluated = 0;
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
    let feasible = scratch.feasible.len();
    scratch.alike.resize(feasible, 1);
    score(cache, class, scratch);
    scratch.candidates.clear();
    let candidates = (0..).zip(&scratch.feasible).map(|(row, node)| Candidate { node: *node, row });
    scratch.candidates.extend(candidates);
    Outcome { chosen: select(cache, scratch), evaluated, feasible }
}

/// Looks at one node of each kind.
fn choose_by_kind(cache: &Cache, class: &Class, start: &mut usize, scratch: &mut Scratch) -> Outcome {
    const UNSEEN: u32 = u32::MAX;
    const REFUSED: u32 = u32::MAX - 1;
    let kinds = &class.kinds;
    let count = cache.order.len();
    let wanted = enough(count);
    let from = *start % count;
    let (before, after) = cache.order.split_at(from);
    let mut evaluated = 0;
    scratch.candidates.clear();
    scratch.rows.clear();
    scratch.rows.resize(kinds.len(), UNSEEN);
    'enough: for (first, nodes) in [(from, after), (0, before)] {
        for (place, index) in (first..).zip(nodes) {
            evaluated += 1;
            let kind = kinds.at(place);
            let Some(row) = scratch.rows.get_mut(kind) else { continue };
            if *row == UNSEEN {
                *row = if kinds.refused(kind).is_some() {
                    REFUSED
                } else {
                    scratch.feasible.push(*index);
                    scratch.alike.push(0);
                    scratch.feasible.len() as u32 - 1
                };
            }
            if let Some(alike) = scratch.alike.get_mut(*row as usize) {
                *alike += 1;
                scratch.candidates.push(Candidate { node: *index, row: *row });
                if scratch.candidates.len() == wanted {
                    break 'enough;
                }
            } else if let Some(rejection) = kinds.refused(kind) {
                scratch.rejected.push((*index, rejection));
            }
        }
    }
    *start = (from + evaluated) % count;
    score(cache, class, scratch);
    Outcome { chosen: select(cache, scratch), evaluated, feasible: scratch.candidates.len() }
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
    let Scratch { feasible, alike, scores, totals, spread, .. } = scratch;
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
            Plugin::PodTopologySpread if !class.spread.score(cache, feasible, alike, out, spread) => {
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
/// ones it is always the same; all recordings of v1.36 agree with that. In a large cluster it goes into `best` with the next.
fn select(cache: &Cache, scratch: &mut Scratch) -> Option<u32> {
    let Scratch { candidates, totals, best, .. } = scratch;
    let total = |one: &Candidate| totals.get(one.row as usize).copied().unwrap_or_default();
    best.clear();
    let chosen = *candidates.get(top_of_heap(candidates.iter().map(total))?)?;
    if cache.order.len() > ALL_KEPT {
        best.push(chosen);
        let mut least = i64::MIN;
        for one in candidates.iter() {
            let its = total(one);
            if its <= least || one.node == chosen.node {
                continue;
            }
            let later = best.iter().skip(1).position(|known| total(known) < its);
            best.insert(later.map_or(best.len(), |later| later + 1), *one);
            best.truncate(BEST_KEPT);
            if let Some(last) = best.get(BEST_KEPT - 1) {
                least = total(last);
            }
        }
    }
    Some(chosen.node)
}

/// Which of these would be on top after `container/heap.Init`. There a child goes above its parent only if it is larger, and
/// the right child only if it is larger than the left one: of the largest it is the first one when parents come before
/// children and what is left before what is right.
fn top_of_heap(totals: impl Iterator<Item = i64>) -> Option<usize> {
    let mut top: Option<(i64, u32, usize)> = None;
    for (at, total) in totals.enumerate() {
        if top.is_some_and(|(largest, ..)| total < largest) {
            continue;
        }
        // The way down to it, from the highest bit on; of two that begin alike the one above comes first.
        let slot = at as u32 + 1;
        let way = slot << slot.leading_zeros();
        if top.is_none_or(|(largest, first, _)| total > largest || way < first) {
            top = Some((total, way, at));
        }
    }
    top.map(|(_, _, at)| at)
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
            proptest::prop_assert_eq!(top_of_heap(totals.iter().copied()), heap(&totals).map(|at| at as usize));
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
