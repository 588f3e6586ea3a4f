//! InterPodAffinity: near some pods, away from others (plugins/interpodaffinity).

use std::collections::BTreeMap;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::{Str, StrMap};
use opscape_manifest::api::pod::{PodAffinity, PodAffinityTerm};

use super::cache::{Cache, NOWHERE};
use super::labels::Matcher;
use super::plugin::Reason;

/// What a required affinity of a pod that is already placed adds to the score (`hardPodAffinityWeight`).
const HARD_WEIGHT: i64 = 1;

/// A term made ready.
#[derive(Clone)]
pub(super) struct Term {
    matcher: Matcher,
    namespaces: Vec<Str>,
    by_labels: Option<Matcher>,
    topology: usize,
    weight: i64,
}

impl Term {
    fn new(cache: &mut Cache, pod: &Pod, term: &PodAffinityTerm, weight: i64) -> Term {
        let mut matcher = Matcher::new(term.label_selector.as_ref());
        for key in &term.match_label_keys {
            if let Some(value) = pod.metadata.labels.get(key) {
                matcher.and_equal(key, value);
            }
        }
        for key in &term.mismatch_label_keys {
            if let Some(value) = pod.metadata.labels.get(key) {
                matcher.and_not_equal(key, value);
            }
        }
        let mut namespaces = term.namespaces.clone();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.push(pod.metadata.namespace.clone());
        }
        Term {
            matcher,
            namespaces,
            by_labels: term.namespace_selector.as_ref().map(|selector| Matcher::new(Some(selector))),
            topology: cache.topology(&term.topology_key),
            weight,
        }
    }

    fn matches(&self, cache: &Cache, namespace: &str, labels: &StrMap) -> bool {
        let in_namespace = self.namespaces.iter().any(|one| &**one == namespace)
            || self.by_labels.as_ref().is_some_and(|matcher| {
                cache.labels_of(namespace).is_some_and(|labels| matcher.matches(labels))
            });
        in_namespace && self.matcher.matches(labels)
    }
}

/// All terms of a pod.
#[derive(Clone, Default)]
pub(super) struct Terms {
    near: Vec<Term>,
    away: Vec<Term>,
    prefers_near: Vec<Term>,
    prefers_away: Vec<Term>,
}

impl Terms {
    /// The terms of a pod, if it has some.
    pub fn of(cache: &mut Cache, pod: &Pod) -> Option<Terms> {
        let affinity = pod.spec.affinity.as_ref()?;
        if affinity.pod_affinity.is_none() && affinity.pod_anti_affinity.is_none() {
            return None;
        }
        let mut required = |side: Option<&PodAffinity>| -> Vec<Term> {
            let terms =
                side.into_iter().flat_map(|side| &side.required_during_scheduling_ignored_during_execution);
            terms.map(|term| Term::new(cache, pod, term, HARD_WEIGHT)).collect()
        };
        let near = required(affinity.pod_affinity.as_ref());
        let away = required(affinity.pod_anti_affinity.as_ref());
        let mut preferred = |side: Option<&PodAffinity>| -> Vec<Term> {
            let terms =
                side.into_iter().flat_map(|side| &side.preferred_during_scheduling_ignored_during_execution);
            terms.map(|term| Term::new(cache, pod, &term.pod_affinity_term, i64::from(term.weight))).collect()
        };
        let prefers_near = preferred(affinity.pod_affinity.as_ref());
        let prefers_away = preferred(affinity.pod_anti_affinity.as_ref());
        Some(Terms { near, away, prefers_near, prefers_away })
    }

    fn all_near(&self, cache: &Cache, namespace: &str, labels: &StrMap) -> bool {
        !self.near.is_empty() && self.near.iter().all(|term| term.matches(cache, namespace, labels))
    }

    /// Whether a pod is one that this one wants to be near.
    pub fn wants_near(&self, cache: &Cache, pod: &Pod) -> bool {
        self.all_near(cache, &pod.metadata.namespace, &pod.metadata.labels)
    }

    /// Whether a pod is one that this one has to stay away from.
    pub fn wants_away(&self, cache: &Cache, pod: &Pod) -> bool {
        self.away.iter().any(|term| term.matches(cache, &pod.metadata.namespace, &pod.metadata.labels))
    }

    /// Whether a node has a label that a required term asks for.
    pub fn has_label(&self, cache: &Cache, labels: &StrMap) -> bool {
        self.near.iter().chain(&self.away).any(|term| {
            cache.topologies.get(term.topology).is_some_and(|topology| labels.contains_key(&topology.key))
        })
    }
}

/// A label's number and a value's number of it.
type Place = (usize, u32);

/// By place: a sum, and the number of terms or pods behind it.
type Counts = BTreeMap<Place, (i64, i64)>;

/// What is counted for the pods of one kind.
#[derive(Clone, Default)]
pub(super) struct InterPod {
    pub own: Option<Terms>,
    near: Counts,
    away: Counts,
    /// Pods already there that want to be away from this kind.
    existing_away: Counts,
    existing_topologies: Vec<usize>,
    /// Sum of weights and number of terms behind it.
    scores: Counts,
    score_topologies: Vec<usize>,
    /// Whether the pod itself is one of those it wants to be near.
    near_itself: bool,
}

fn add(counts: &mut Counts, place: Place, weight: i64, sign: i64) {
    let (sum, terms) = counts.entry(place).or_default();
    *sum += weight;
    *terms += sign;
    if *terms == 0 {
        counts.remove(&place);
    }
}

impl InterPod {
    pub fn new(cache: &mut Cache, pod: &Pod) -> InterPod {
        let own = Terms::of(cache, pod);
        let near_itself = own.as_ref().is_some_and(|own| own.wants_near(cache, pod));
        InterPod { own, near_itself, ..InterPod::default() }
    }

    /// Starts to count anew.
    pub fn reset(&mut self) {
        self.near.clear();
        self.away.clear();
        self.existing_away.clear();
        self.scores.clear();
    }

    /// Whether the filter has anything to look at.
    pub fn filters(&self) -> bool {
        self.own.is_some() || !self.existing_away.is_empty()
    }

    /// Whether it has anything to score.
    pub fn scores(&self) -> bool {
        !self.scores.is_empty()
    }

    /// A pod came to a node (`sign` 1) or left it (`sign` -1): what this kind thinks of it.
    pub fn count(&mut self, cache: &Cache, pod: &Pod, node: usize, sign: i64) {
        let InterPod { own: Some(own), near, away, scores, score_topologies, .. } = self else { return };
        let (namespace, labels) = (&pod.metadata.namespace, &pod.metadata.labels);
        let place = |term: &Term| (term.topology, cache.place_of(term.topology, node));
        if own.all_near(cache, namespace, labels) {
            for place in own.near.iter().map(place).filter(|(_, place)| *place != NOWHERE) {
                add(near, place, sign, sign);
            }
        }
        for term in own.away.iter().filter(|term| term.matches(cache, namespace, labels)) {
            let place = place(term);
            if place.1 != NOWHERE {
                add(away, place, sign, sign);
            }
        }
        for (terms, weight) in [(&own.prefers_near, sign), (&own.prefers_away, -sign)] {
            for term in terms.iter().filter(|term| term.matches(cache, namespace, labels)) {
                weigh(scores, score_topologies, place(term), weight * term.weight, sign);
            }
        }
    }

    /// A pod with terms of its own came to a node or left it: what it thinks of this kind.
    pub fn count_terms(
        &mut self,
        cache: &Cache,
        terms: &Terms,
        node: usize,
        (namespace, labels): (&str, &StrMap),
        sign: i64,
    ) {
        let place = |term: &Term| (term.topology, cache.place_of(term.topology, node));
        for term in terms.away.iter().filter(|term| term.matches(cache, namespace, labels)) {
            let place = place(term);
            if place.1 != NOWHERE {
                add(&mut self.existing_away, place, sign, sign);
                if !self.existing_topologies.contains(&place.0) {
                    self.existing_topologies.push(place.0);
                }
            }
        }
        for (terms, weight) in
            [(&terms.near, sign), (&terms.prefers_near, sign), (&terms.prefers_away, -sign)]
        {
            for term in terms.iter().filter(|term| term.matches(cache, namespace, labels)) {
                let weight = weight * term.weight;
                weigh(&mut self.scores, &mut self.score_topologies, place(term), weight, sign);
            }
        }
    }

    /// Whether a node would suit; the flag: another pod's leaving could help.
    pub fn filter(&self, cache: &Cache, node: usize) -> Result<(), (Reason, bool)> {
        if let Some(own) = &self.own {
            let mut exist = true;
            for term in &own.near {
                let place = (term.topology, cache.place_of(term.topology, node));
                if place.1 == NOWHERE {
                    return Err((Reason::Affinity, false));
                }
                exist &= self.near.get(&place).is_some_and(|(count, _)| *count > 0);
            }
            // The first pod of a group that wants to be together may go anywhere.
            if !(exist || self.near.is_empty() && self.near_itself) {
                return Err((Reason::Affinity, false));
            }
            for term in &own.away {
                let place = (term.topology, cache.place_of(term.topology, node));
                if self.away.get(&place).is_some_and(|(count, _)| *count > 0) {
                    return Err((Reason::AntiAffinity, true));
                }
            }
        }
        for topology in &self.existing_topologies {
            let place = (*topology, cache.place_of(*topology, node));
            if self.existing_away.get(&place).is_some_and(|(count, _)| *count > 0) {
                return Err((Reason::ExistingAntiAffinity, true));
            }
        }
        Ok(())
    }

    /// Scores of the feasible nodes, from 0 to 100, into `out`. False: there is nothing to score.
    pub fn score(&self, cache: &Cache, feasible: &[u32], out: &mut Vec<i64>) -> bool {
        if self.scores.is_empty() {
            return false;
        }
        out.clear();
        for node in feasible.iter().map(|node| *node as usize) {
            let places =
                self.score_topologies.iter().map(|topology| (*topology, cache.place_of(*topology, node)));
            out.push(places.filter_map(|place| self.scores.get(&place)).map(|(score, _)| score).sum());
        }
        let (least, most) =
            out.iter().fold((i64::MAX, i64::MIN), |(l, m), score| (l.min(*score), m.max(*score)));
        let range = most.saturating_sub(least);
        for score in out {
            let part = if range > 0 { 100.0 * ((*score - least) as f64 / range as f64) } else { 0.0 };
            *score = part as i64;
        }
        true
    }
}

fn weigh(scores: &mut Counts, topologies: &mut Vec<usize>, place: Place, weight: i64, sign: i64) {
    if place.1 == NOWHERE || weight == 0 {
        return;
    }
    if !topologies.contains(&place.0) {
        topologies.push(place.0);
    }
    add(scores, place, weight, sign);
}
