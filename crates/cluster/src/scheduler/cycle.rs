//! One scheduling decision: which nodes are feasible, how they score, which one it is (schedule_one.go `schedulePod`).

use opscape_manifest::api::meta::Str;

use super::cache::{Cache, NodeInfo};
use super::class::{Class, Rejection};
use super::plugin::{Plugin, SCORING};

/// The least number of feasible nodes to look for (`minFeasibleNodesToFind`).
const FEWEST: usize = 100;

/// Buffers that live from one decision to the next; what is in them between decisions means nothing.
#[derive(Default)]
pub(super) struct Scratch {
    pub feasible: Vec<u32>,
    pub rejected: Vec<(u32, Rejection)>,
    pub fewest: Vec<i64>,
    /// Weighted scores by plugin of [`SCORING`] and feasible node; empty: the plugin had nothing to say.
    pub scores: [Vec<i64>; SCORING.len()],
    pub totals: Vec<i64>,
    seen: Vec<bool>,
    heap: Vec<u32>,
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
            let wanted = enough(cache.order.len());
            let count = cache.order.len();
            for step in 0..count {
                let Some(index) = cache.order.get((*start + step) % count) else { break };
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
        Some(later) => class.filter(cache, index as usize, &later, &scratch.fewest),
    };
    match result.and_then(|()| class.filter(cache, index as usize, info, &scratch.fewest)) {
        Ok(()) => scratch.feasible.push(index),
        Err(rejection) => scratch.rejected.push((index, rejection)),
    }
}

/// Scores all feasible nodes.
fn score(cache: &Cache, class: &mut Class, scratch: &mut Scratch) {
    let Scratch { feasible, scores, totals, seen, .. } = scratch;
    totals.clear();
    totals.resize(feasible.len(), 0);
    for (plugin, out) in SCORING.iter().zip(scores.iter_mut()) {
        out.clear();
        let infos = feasible.iter().filter_map(|index| cache.nodes.get(*index as usize));
        match plugin {
            Plugin::TaintToleration => {
                out.extend(feasible.iter().map(|index| class.liking(*index as usize).0));
                normalize(out, true);
            }
            Plugin::NodeAffinity if class.prefers_nodes => {
                out.extend(feasible.iter().map(|index| class.liking(*index as usize).1));
                normalize(out, false);
            }
            Plugin::NodeResourcesFit => {
                let at = feasible.iter().map(|index| *index as usize);
                out.extend(at.zip(infos).map(|(at, info)| class.resource_scores(at, info).0));
            }
            Plugin::NodeResourcesBalancedAllocation
                if class.request.plain.cpu != 0 || class.request.plain.memory != 0 =>
            {
                let at = feasible.iter().map(|index| *index as usize);
                out.extend(at.zip(infos).map(|(at, info)| class.resource_scores(at, info).1));
            }
            Plugin::PodTopologySpread if !class.spread.score(cache, feasible, out, seen) => {
                out.clear();
            }
            Plugin::InterPodAffinity if !class.interpod.score(cache, feasible, out) => {
                out.clear();
            }
            Plugin::ImageLocality => images(cache, class, feasible, out),
            Plugin::DynamicResources => out.resize(feasible.len(), 0),
            _ => {}
        }
        let weight = plugin.weight();
        for (score, total) in out.iter_mut().zip(totals.iter_mut()) {
            *score *= weight;
            *total += *score;
        }
    }
}

/// `selectHost`: the node on top of a heap made of the nodes in the order in which they were found feasible. Of several best
/// ones it is always the same; all recordings of v1.36 agree with that.
fn pick(scratch: &mut Scratch) -> Option<u32> {
    let Scratch { feasible, totals, heap, .. } = scratch;
    heap.clear();
    heap.extend(0..feasible.len() as u32);
    let total = |heap: &[u32], at: usize| heap.get(at).and_then(|place| totals.get(*place as usize)).copied();
    for root in (0..heap.len() / 2).rev() {
        let mut at = root;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            if left >= heap.len() {
                break;
            }
            let larger = if total(heap, right) > total(heap, left) { right } else { left };
            if total(heap, larger) <= total(heap, at) {
                break;
            }
            heap.swap(at, larger);
            at = larger;
        }
    }
    feasible.get(*heap.first()? as usize).copied()
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

/// Nodes that have the images, the more the larger and the more common these are.
fn images(cache: &Cache, class: &Class, feasible: &[u32], out: &mut Vec<i64>) {
    out.resize(feasible.len(), 0);
    let nodes = cache.len().max(1) as f64;
    let mut any = false;
    let known = |name: &Str| cache.images.iter().find(|image| image.name == *name);
    for image in class.images.iter().filter_map(known) {
        any = true;
        let scaled = (image.size as f64 * (image.nodes.len() as f64 / nodes)) as i64;
        for (index, score) in feasible.iter().zip(out.iter_mut()) {
            if image.nodes.binary_search(index).is_ok() {
                *score += scaled;
            }
        }
    }
    if any {
        let most = LARGE_IMAGE * class.images.len().max(1) as i64;
        for score in out {
            *score = 100 * ((*score).clamp(SMALL_IMAGE, most) - SMALL_IMAGE) / (most - SMALL_IMAGE);
        }
    }
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
