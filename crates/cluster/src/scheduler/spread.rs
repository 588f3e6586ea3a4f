//! PodTopologySpread: how evenly pods are spread over hosts, zones and other places (plugins/podtopologyspread).

use opscape_manifest::api::meta::Str;
use opscape_manifest::api::pod::{Toleration, TopologySpreadConstraint};
use opscape_manifest::api::{Node, Pod};

use super::cache::{Cache, HOSTNAME, NOWHERE, Topology, ZONE};
use super::labels::{Matcher, RequiredNode};
use super::plugin::Reason;
use super::taints;

/// A constraint made ready, with the pods it counts.
#[derive(Clone)]
pub(super) struct Constraint {
    topology: usize,
    hostname: bool,
    max_skew: i64,
    min_domains: i64,
    matcher: Matcher,
    /// Whether the pod itself is one of those counted.
    own: i64,
    honor_affinity: bool,
    honor_taints: bool,
    /// Pods counted, by node.
    by_node: Vec<u32>,
    /// Pods counted on nodes that take part, by place.
    by_place: Vec<i64>,
    /// Nodes that take part, by place.
    members: Vec<u32>,
}

/// Buffers of [`Spread::score`].
#[derive(Default)]
pub(super) struct SpreadScratch {
    sums: Vec<f64>,
    ignored: Vec<bool>,
    seen: Vec<bool>,
    normal: Vec<i64>,
}

/// Up to so many different scores are divided beforehand.
const NORMAL: i64 = 64;

/// The constraints of a pod: those that must hold, and those that are preferred.
#[derive(Clone, Default)]
pub(super) struct Spread {
    pub hard: Vec<Constraint>,
    pub soft: Vec<Constraint>,
    /// The preferred ones are the built-in ones: nodes without the labels take part, too.
    built_in: bool,
}

fn constraint(cache: &mut Cache, pod: &Pod, given: &TopologySpreadConstraint) -> Constraint {
    let mut matcher = Matcher::new(given.label_selector.as_ref());
    for key in &given.match_label_keys {
        if let Some(value) = pod.metadata.labels.get(key) {
            matcher.and_equal(key, value);
        }
    }
    Constraint {
        topology: cache.topology(&given.topology_key),
        hostname: &*given.topology_key == HOSTNAME,
        max_skew: i64::from(given.max_skew),
        min_domains: i64::from(given.min_domains.unwrap_or(1)),
        own: i64::from(matcher.matches(&pod.metadata.labels)),
        matcher,
        honor_affinity: given.node_affinity_policy.as_deref() != Some("Ignore"),
        honor_taints: given.node_taints_policy.as_deref() == Some("Honor"),
        by_node: Vec::new(),
        by_place: Vec::new(),
        members: Vec::new(),
    }
}

impl Constraint {
    /// Whether a node takes part. `labelled`: it has the labels of all constraints.
    fn join(
        &mut self,
        cache: &Cache,
        index: usize,
        node: &Node,
        labelled: bool,
        required: &RequiredNode,
        tolerations: &[Toleration],
    ) {
        let takes_part = labelled
            && (!self.honor_affinity || required.matches(node))
            && (!self.honor_taints || !taints::untolerated(tolerations, node));
        if takes_part && let Some(count) = self.members.get_mut(slot(self.topology, cache, index)) {
            *count += 1;
        }
        if !takes_part && let Some(count) = self.by_node.get_mut(index) {
            *count = OUTSIDE;
        }
    }
}

impl Constraint {
    /// What a score reads of a node: its place and, of a host, the pods counted there.
    pub fn seen_from(&self, cache: &Cache, index: usize) -> (u32, u32) {
        match cache.place_of(self.topology, index) {
            NOWHERE => (NOWHERE, 0),
            _ if self.hostname => (0, self.by_node.get(index).copied().unwrap_or_default() & !OUTSIDE),
            place => (place, 0),
        }
    }

    /// In how many places the feasible nodes are.
    fn places_of(
        &self,
        topology: &Topology,
        feasible: &[u32],
        ignored: &[bool],
        seen: &mut Vec<bool>,
    ) -> usize {
        let places = topology.places();
        // Feasible nodes take part: more places than those with members there are not.
        let most = self.members.iter().filter(|members| **members > 0).count();
        seen.clear();
        seen.resize(places + 1, false);
        let mut size = 0;
        for (at, node) in feasible.iter().enumerate() {
            if ignored.get(at) == Some(&true) {
                continue;
            }
            let place = topology.place.get(*node as usize).map_or(places, |place| *place as usize);
            if let Some(seen) = seen.get_mut(place.min(places))
                && !std::mem::replace(seen, true)
            {
                size += 1;
                if size == most {
                    break;
                }
            }
        }
        size
    }
}

/// The built-in constraints (`systemDefaultConstraints`).
fn built_in(cache: &mut Cache, matcher: &Matcher) -> Vec<Constraint> {
    let one = |cache: &mut Cache, key: &str, max_skew| Constraint {
        topology: cache.topology(&Str::from(key)),
        hostname: key == HOSTNAME,
        max_skew,
        min_domains: 1,
        own: 0,
        matcher: matcher.clone(),
        honor_affinity: true,
        honor_taints: false,
        by_node: Vec::new(),
        by_place: Vec::new(),
        members: Vec::new(),
    };
    vec![one(cache, HOSTNAME, 3), one(cache, ZONE, 5)]
}

impl Spread {
    /// The constraints of a pod; without any of its own, the built-in ones for `default`, the selector of its Services and
    /// its owner.
    pub fn new(cache: &mut Cache, pod: &Pod, default: Option<&Matcher>) -> Spread {
        let mut spread = Spread::default();
        for given in &pod.spec.topology_spread_constraints {
            let one = constraint(cache, pod, given);
            if &*given.when_unsatisfiable == "ScheduleAnyway" {
                spread.soft.push(one);
            } else {
                spread.hard.push(one);
            }
        }
        if pod.spec.topology_spread_constraints.is_empty()
            && let Some(matcher) = default.filter(|matcher| !matcher.is_empty())
        {
            spread.soft = built_in(cache, matcher);
            spread.built_in = true;
        }
        spread
    }

    pub fn is_empty(&self) -> bool {
        self.hard.is_empty() && self.soft.is_empty()
    }

    /// Whether the taints of nodes decide what is counted.
    pub fn honors_taints(&self) -> bool {
        self.hard.iter().chain(&self.soft).any(|one| one.honor_taints)
    }

    /// Starts to count: which nodes take part.
    pub fn reset(&mut self, cache: &Cache, required: &RequiredNode, tolerations: &[Toleration]) {
        let Spread { hard, soft, built_in } = self;
        for (group, all_keys) in [(hard, true), (soft, !*built_in)] {
            let topologies: Vec<usize> = group.iter().map(|one| one.topology).collect();
            for one in group {
                one.by_node = vec![0; cache.nodes.len()];
                let places = cache.topologies.get(one.topology).map_or(0, super::cache::Topology::places);
                one.by_place = vec![0; places + 1];
                one.members = vec![0; places + 1];
                for (index, info) in cache.nodes.iter().enumerate().filter(|(_, info)| info.present) {
                    let labelled =
                        !all_keys || topologies.iter().all(|t| cache.place_of(*t, index) != NOWHERE);
                    one.join(cache, index, &info.node, labelled, required, tolerations);
                }
            }
        }
    }

    /// A node without pods came.
    pub fn node_added(
        &mut self,
        cache: &Cache,
        index: usize,
        required: &RequiredNode,
        tolerations: &[Toleration],
    ) {
        let Some(info) = cache.nodes.get(index) else { return };
        let Spread { hard, soft, built_in } = self;
        for (group, all_keys) in [(hard, true), (soft, !*built_in)] {
            let labelled =
                !all_keys || group.iter().all(|one| cache.place_of(one.topology, index) != NOWHERE);
            for one in group {
                if one.by_node.len() <= index {
                    one.by_node.resize(index + 1, 0);
                }
                if let Some(count) = one.by_node.get_mut(index) {
                    *count = 0;
                }
                // Nodes without the label have the last place: new ones go before it.
                let places = cache.topologies.get(one.topology).map_or(0, super::cache::Topology::places);
                while one.by_place.len() <= places {
                    let last = one.by_place.len().saturating_sub(1);
                    one.by_place.insert(last, 0);
                    one.members.insert(last, 0);
                }
                one.join(cache, index, &info.node, labelled, required, tolerations);
            }
        }
    }

    /// A pod of the same namespace came to a node (`sign` 1) or left it (`sign` -1). Pods that are being deleted do not count.
    pub fn count(&mut self, cache: &Cache, pod: &Pod, node: usize, sign: i64) {
        for one in self.hard.iter_mut().chain(&mut self.soft) {
            if !one.matcher.matches(&pod.metadata.labels) {
                continue;
            }
            let Some(by_node) = one.by_node.get_mut(node) else { continue };
            *by_node = if sign > 0 { *by_node + 1 } else { by_node.wrapping_sub(1) };
            if *by_node & OUTSIDE == 0
                && let Some(by_place) = one.by_place.get_mut(slot(one.topology, cache, node))
            {
                *by_place += sign;
            }
        }
    }

    /// The fewest pods in any place, for each constraint that must hold (`minMatchNum`).
    pub fn fewest(&self, out: &mut Vec<i64>) {
        out.clear();
        for one in &self.hard {
            let mut places = 0;
            let mut fewest = i64::MAX;
            for (count, members) in one.by_place.iter().zip(&one.members) {
                if *members > 0 {
                    places += 1;
                    fewest = fewest.min(*count);
                }
            }
            out.push(if places < one.min_domains || places == 0 { 0 } else { fewest });
        }
    }

    /// Whether a node would keep the constraints that must hold; the flag: another pod's leaving could help.
    pub fn filter(&self, cache: &Cache, node: usize, fewest: &[i64]) -> Result<(), (Reason, bool)> {
        for (one, fewest) in self.hard.iter().zip(fewest) {
            if cache.place_of(one.topology, node) == NOWHERE {
                return Err((Reason::SpreadLabel, false));
            }
            let count = one.by_place.get(slot(one.topology, cache, node)).copied().unwrap_or_default();
            if count + one.own - fewest > one.max_skew {
                return Err((Reason::Spread, true));
            }
        }
        Ok(())
    }

    /// Scores of the feasible nodes, from 0 to 100, into `out`. `alike`: how many nodes each of them stands for. False: there
    /// is nothing to score.
    pub fn score(
        &self,
        cache: &Cache,
        feasible: &[u32],
        alike: &[u32],
        out: &mut Vec<i64>,
        scratch: &mut SpreadScratch,
    ) -> bool {
        if self.soft.is_empty() {
            return false;
        }
        let SpreadScratch { sums, ignored, normal, .. } = scratch;
        let mut scored: usize = alike.iter().map(|nodes| *nodes as usize).sum();
        ignored.clear();
        if !self.built_in {
            let outside = |node: &u32| {
                self.soft.iter().any(|one| cache.place_of(one.topology, *node as usize) == NOWHERE)
            };
            ignored.extend(feasible.iter().map(outside));
            let outside = alike.iter().zip(ignored.iter()).filter(|(_, ignored)| **ignored);
            scored -= outside.map(|(nodes, _)| *nodes as usize).sum::<usize>();
        }
        let is_ignored = |ignored: &[bool], at: usize| ignored.get(at).copied().unwrap_or_default();
        sums.clear();
        sums.resize(feasible.len(), 0.0);
        for one in &self.soft {
            let Some(topology) = cache.topologies.get(one.topology) else { continue };
            let places = topology.places();
            let size = if one.hostname {
                scored
            } else {
                one.places_of(topology, feasible, ignored, &mut scratch.seen)
            };
            let weight = ((size + 2) as f64).ln();
            let skew = (one.max_skew - 1) as f64;
            for (node, sum) in feasible.iter().zip(sums.iter_mut()) {
                let Some(place) = topology.place.get(*node as usize).filter(|place| **place != NOWHERE)
                else {
                    continue;
                };
                let count = if one.hostname {
                    i64::from(one.by_node.get(*node as usize).copied().unwrap_or_default() & !OUTSIDE)
                } else {
                    one.by_place.get((*place as usize).min(places)).copied().unwrap_or_default()
                };
                *sum += count as f64 * weight + skew;
            }
        }
        out.clear();
        let (mut least, mut most) = (i64::MAX, 0);
        for (at, sum) in sums.iter().enumerate() {
            if is_ignored(ignored, at) {
                out.push(-1);
                continue;
            }
            // To the nearest, as `math.Round`; none is negative.
            let floor = *sum as i64;
            let score = floor + i64::from(*sum - floor as f64 >= 0.5);
            least = least.min(score);
            most = most.max(score);
            out.push(score);
        }
        // Few different scores: each is divided once.
        normal.clear();
        if most > 0 && most - least < NORMAL {
            normal.extend((least..=most).map(|score| 100 * (most + least - score) / most));
        }
        for score in out {
            *score = match *score {
                -1 => 0,
                _ if most == 0 => 100,
                score => match normal.get((score - least) as usize) {
                    Some(normal) => *normal,
                    None => 100 * (most + least - score) / most,
                },
            };
        }
        true
    }

    /// Whether a pod with these labels is counted by a constraint that must hold.
    pub fn concerns(&self, pod: &Pod) -> bool {
        self.hard.iter().any(|one| one.matcher.matches(&pod.metadata.labels))
    }

    /// Whether a node has all labels of the constraints that must hold.
    pub fn has_labels(&self, cache: &Cache, node: &Node) -> bool {
        self.hard.iter().all(|one| {
            let key = cache.topologies.get(one.topology).map(|topology| &topology.key);
            key.is_some_and(|key| node.metadata.labels.contains_key(key))
        })
    }
}

/// Marks a node whose pods are not counted for its place.
const OUTSIDE: u32 = 1 << 31;

/// Where the count of a node's place is; nodes without the label share the last one.
fn slot(topology: usize, cache: &Cache, node: usize) -> usize {
    match cache.place_of(topology, node) {
        NOWHERE => cache.topologies.get(topology).map_or(0, super::cache::Topology::places),
        place => place as usize,
    }
}
