//! How many new nodes pods need: first-fit decreasing (cluster-autoscaler/estimator/binpacking_estimator.go).

use std::sync::Arc;

use opscape_manifest::api::{Node, Pod};

use crate::scheduler::snapshot::{Kind, Place, Snapshot};

/// Pods that the filters cannot tell apart (core/scaleup/equivalence).
pub(super) struct PodGroup {
    pub kind: Kind,
    pub pods: Vec<Arc<Pod>>,
}

/// What came out.
#[derive(Default)]
pub(super) struct Estimate {
    /// Nodes with pods on them.
    pub nodes: u32,
    /// Pods that would be on them: how many of each group, in the order of the groups.
    pub pods: Vec<usize>,
}

struct Fresh {
    places: Vec<Place>,
    used: Vec<bool>,
}

impl Fresh {
    fn put(&mut self, snapshot: &mut Snapshot, pod: &Arc<Pod>, at: usize) {
        if let (Some(place), Some(used)) = (self.places.get(at), self.used.get_mut(at)) {
            snapshot.place(pod, *place);
            *used = true;
        }
    }
}

/// Packs the groups that are marked onto as few as possible new nodes, `limit` at most. `snapshot` is a fork: it is used up.
pub(super) fn estimate(
    mut snapshot: Snapshot,
    groups: &[PodGroup],
    schedulable: &[bool],
    limit: u32,
    mut make: impl FnMut(u32) -> Arc<Node>,
) -> Estimate {
    let mut fresh = Fresh { places: Vec::new(), used: Vec::new() };
    let mut estimate = Estimate { nodes: 0, pods: vec![0; groups.len()] };
    for at in order(&snapshot, groups, schedulable, &make(0)) {
        let (Some(group), Some(count)) = (groups.get(at), estimate.pods.get_mut(at)) else { continue };
        let mut rest = group.pods.iter().peekable();
        // On nodes that are new already.
        let mut first = 0;
        while let Some(pod) = rest.peek() {
            let mut found = None;
            for (index, place) in fresh.places.iter().enumerate().skip(first) {
                if snapshot.fits(group.kind, *place) {
                    found = Some(index);
                    break;
                }
            }
            let Some(index) = found else { break };
            if snapshot.is_steady(group.kind) {
                first = index;
            }
            fresh.put(&mut snapshot, pod, index);
            *count += 1;
            rest.next();
        }
        // On one more, and one more.
        for pod in rest {
            let last = fresh.places.len().checked_sub(1);
            let fits = |snapshot: &mut Snapshot, place: Option<&Place>| {
                place.is_some_and(|place| snapshot.fits(group.kind, *place))
            };
            let mut at = last.filter(|_| fits(&mut snapshot, fresh.places.last()));
            if at.is_none() {
                // If the last one is empty, another one does not help either.
                if fresh.used.last() == Some(&false) || fresh.places.len() as u32 >= limit {
                    break;
                }
                fresh.places.push(snapshot.add_node(&make(fresh.places.len() as u32)));
                fresh.used.push(false);
                at = Some(fresh.places.len() - 1).filter(|_| fits(&mut snapshot, fresh.places.last()));
            }
            let Some(at) = at else { break };
            fresh.put(&mut snapshot, pod, at);
            *count += 1;
        }
    }
    estimate.nodes = fresh.used.iter().filter(|used| **used).count() as u32;
    estimate
}

/// `DecreasingPodOrderer`: those first that ask for the largest share of a node, cpu and memory together.
fn order(snapshot: &Snapshot, groups: &[PodGroup], schedulable: &[bool], template: &Node) -> Vec<usize> {
    let (size, ..) = crate::scheduler::allocatable(&template.status.allocatable);
    let score = |group: &PodGroup| {
        let asks = snapshot.request(group.kind);
        let share = |asks: i64, has: i64| if has > 0 { asks as f64 / has as f64 } else { 0.0 };
        share(asks.cpu, size.cpu) + share(asks.memory, size.memory)
    };
    let marked = groups.iter().zip(schedulable).enumerate().filter(|(_, (_, fits))| **fits);
    let mut scored: Vec<(f64, usize)> = marked.map(|(at, (group, _))| (score(group), at)).collect();
    opscape_manifest::order::sort_by(&mut scored, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(_, at)| at).collect()
}
