//! Pods that the scheduler cannot tell apart share one class: what they ask for is worked out once, what is counted for them
//! is kept up to date.

use std::sync::Arc;

use opscape_manifest::api::meta::{Str, StrMap, Uid};
use opscape_manifest::api::pod::PodSpec;
use opscape_manifest::api::{Node, Pod};

use super::cache::{Cache, NodeInfo};
use super::interpod::InterPod;
use super::kinds::Kinds;
use super::labels::{Matcher, NodeTerm, RequiredNode};
use super::plugin::{Plugin, Reason};
use super::resources::{HostPort, Request, balanced_allocation, host_ports, least_allocated};
use super::spread::Spread;
use super::taints;

/// Why a node was refused, small: reasons are made of it when someone asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rejection {
    pub plugin: Plugin,
    /// Which reasons of the plugin.
    pub bits: u16,
    /// Whether taking pods away could help.
    pub resolvable: bool,
}

impl Rejection {
    fn final_(plugin: Plugin, bits: u16) -> Rejection {
        Rejection { plugin, bits, resolvable: false }
    }
}

const TOO_MANY_PODS: u16 = 1;
const CPU: u16 = 2;
const MEMORY: u16 = 4;
const STORAGE: u16 = 8;
const OTHERS: u32 = 4;

/// What a class and a node are to each other, until the node changes.
#[derive(Clone, Copy, Default)]
pub(super) struct NodeFit {
    /// The node's mark for which it holds.
    mark: u64,
    /// The node's epoch for which the verdict and the likings hold.
    epoch: u32,
    verdict: Verdict,
    /// What of its labels, taints, ports and room refuses the pod.
    refused: Option<Rejection>,
    disliked: u16,
    preferred: i32,
    least_allocated: i16,
    balanced: i16,
}

impl NodeFit {
    /// What of its labels, taints, ports and room refuses the pod.
    pub fn refused(self) -> Option<Rejection> {
        self.refused
    }

    /// How many `PreferNoSchedule` taints the pod does not tolerate.
    pub fn disliked(self) -> i64 {
        i64::from(self.disliked)
    }

    /// The weight of the preferred terms that the node fits.
    pub fn preferred(self) -> i64 {
        i64::from(self.preferred)
    }

    /// LeastAllocated, 0 to 100.
    pub fn least_allocated(self) -> i64 {
        i64::from(self.least_allocated)
    }

    /// BalancedAllocation, 0 to 100.
    pub fn balanced(self) -> i64 {
        i64::from(self.balanced)
    }
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Verdict {
    #[default]
    Fits,
    Cordoned,
    Tainted,
    Affinity,
    NotNamed,
}

impl Verdict {
    fn rejection(self) -> Option<Rejection> {
        match self {
            Verdict::Fits => None,
            Verdict::NotNamed => Some(Rejection::final_(Plugin::NodeAffinity, 1)),
            Verdict::Cordoned => Some(Rejection::final_(Plugin::NodeUnschedulable, 0)),
            Verdict::Tainted => Some(Rejection::final_(Plugin::TaintToleration, 0)),
            Verdict::Affinity => Some(Rejection::final_(Plugin::NodeAffinity, 0)),
        }
    }
}

/// What a class of pods is to the scheduler.
#[derive(Clone)]
pub(super) struct Class {
    pub namespace: Str,
    pub labels: StrMap,
    pub spec: Arc<PodSpec>,
    pub owner: Option<Uid>,
    pub request: Request,
    pub ports: Vec<HostPort>,
    pub prefers_nodes: bool,
    pub spread: Spread,
    pub interpod: InterPod,
    pub images: Vec<Str>,
    required: RequiredNode,
    named: Option<Vec<Str>>,
    preferred: Vec<(i32, NodeTerm)>,
    tolerates_unschedulable: bool,
    fits: Vec<NodeFit>,
    pub kinds: Kinds,
    /// Whether it dislikes a taint of some node.
    pub dislikes: bool,
    /// The cache's epoch for which the counts hold.
    counted: Option<u64>,
    /// The selector of the pod's Services and owner.
    pub default: Option<Matcher>,
    /// The Services' epoch for which the built-in spread constraints hold.
    pub services: u64,
    /// When it was last used, in decisions.
    pub used: u64,
}

impl Class {
    /// The class of a pod. `default`: the selector of its Services and its owner.
    pub fn new(cache: &mut Cache, pod: &Pod, default: Option<&Matcher>) -> Class {
        let required = RequiredNode::new(&pod.spec);
        let affinity = pod.spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
        let preferred: Vec<(i32, NodeTerm)> = affinity
            .into_iter()
            .flat_map(|affinity| &affinity.preferred_during_scheduling_ignored_during_execution)
            .filter(|term| term.weight != 0)
            .map(|term| (term.weight, NodeTerm::new(&term.preference)))
            .collect();
        let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
        Class {
            namespace: pod.metadata.namespace.clone(),
            labels: pod.metadata.labels.clone(),
            spec: pod.spec.clone(),
            owner: pod.metadata.controller().map(|owner| owner.uid),
            request: Request::of(&pod.spec),
            ports: host_ports(pod),
            prefers_nodes: !preferred.is_empty(),
            spread: Spread::new(cache, pod, default),
            interpod: InterPod::new(cache, pod),
            images: containers.map(|container| image_name(&container.image)).collect(),
            named: required.named(),
            required,
            preferred,
            tolerates_unschedulable: taints::tolerates_unschedulable(&pod.spec.tolerations),
            fits: Vec::new(),
            kinds: Kinds::default(),
            dislikes: false,
            counted: None,
            default: default.cloned(),
            services: 0,
            used: 0,
        }
    }

    /// Whether a pod belongs to this class.
    pub fn is_of(&self, pod: &Pod) -> bool {
        self.namespace == pod.metadata.namespace
            && self.owner == pod.metadata.controller().map(|owner| owner.uid)
            && (Arc::ptr_eq(&self.labels, &pod.metadata.labels) || self.labels == pod.metadata.labels)
            && (Arc::ptr_eq(&self.spec, &pod.spec) || self.spec == pod.spec)
    }

    /// Whether a pod has this controller and these labels, which says nearly as much as equal specs do.
    pub fn is_alike(&self, owner: Option<Uid>, pod: &Pod) -> bool {
        owner.is_some()
            && self.owner == owner
            && self.namespace == pod.metadata.namespace
            && (Arc::ptr_eq(&self.labels, &pod.metadata.labels) || self.labels == pod.metadata.labels)
    }

    /// The only nodes that can be chosen, if the pod names some.
    pub fn named(&self) -> Option<&[Str]> {
        self.named.as_deref()
    }

    /// Whether the counts hold for the cache as it is.
    pub fn is_counted(&self, cache: &Cache) -> bool {
        self.counted == Some(cache.epoch)
    }

    /// Whether the counts depend on the taints of nodes.
    pub fn honors_taints(&self) -> bool {
        self.spread.honors_taints()
    }

    /// The counts do not hold any longer.
    pub fn forget_counts(&mut self) {
        self.counted = None;
    }

    /// Counts anew. `pods`: all bound pods that count, of this class's namespace if it has no terms about pods.
    pub fn recount<'a>(&mut self, cache: &Cache, pods: impl Iterator<Item = &'a Arc<Pod>>) {
        self.kinds.forget();
        self.interpod.reset();
        self.spread.reset(cache, &self.required, &self.spec.tolerations);
        if !self.spread.is_empty() || self.interpod.own.is_some() {
            for pod in pods {
                if let Some(node) = cache.index.get(&pod.spec.node_name) {
                    self.count_labels(cache, pod, *node, 1);
                }
            }
        }
        for one in cache.affinity_pods.values() {
            let of = (&*self.namespace, &self.labels);
            self.interpod.count_terms(cache, &one.terms, one.node, of, 1);
        }
        self.counted = Some(cache.epoch);
    }

    /// A node without pods came: what was counted holds for it, too.
    pub fn node_added(&mut self, cache: &Cache, index: usize) {
        if self.counted.is_some_and(|epoch| epoch + 1 == cache.epoch) {
            self.kinds.forget();
            self.spread.node_added(cache, index, &self.required, &self.spec.tolerations);
            self.counted = Some(cache.epoch);
        }
    }

    /// Whether [`Class::recount`] needs the pods of all namespaces.
    pub fn counts_everywhere(&self) -> bool {
        self.interpod.own.is_some()
    }

    /// A pod came to a node (`sign` 1) or left it (`sign` -1).
    pub fn count(&mut self, cache: &Cache, pod: &Pod, node: usize, sign: i64) {
        if !self.is_counted(cache) {
            return;
        }
        self.count_labels(cache, pod, node, sign);
        if let Some(one) = cache.affinity_pods.get(&pod.metadata.uid) {
            let of = (&*self.namespace, &self.labels);
            self.interpod.count_terms(cache, &one.terms, one.node, of, sign);
        }
    }

    /// What the pod's labels mean to this class. Pods being deleted count for affinity, not for spread.
    fn count_labels(&mut self, cache: &Cache, pod: &Pod, node: usize, sign: i64) {
        if pod.metadata.deletion_timestamp.is_none()
            && !self.spread.is_empty()
            && pod.metadata.namespace == self.namespace
        {
            self.spread.count(cache, pod, node, sign);
        }
        self.interpod.count(cache, pod, node, sign);
    }

    /// What a node that was looked at is to the pod.
    pub fn fit(&self, index: usize) -> NodeFit {
        self.fits.get(index).copied().unwrap_or_default()
    }

    /// Works out what a node is to the pod, if the node has changed since.
    pub fn look(&mut self, cache: &Cache, index: usize) -> NodeFit {
        let mark = cache.mark(index);
        match self.fits.get(index) {
            Some(fit) if fit.mark == mark => *fit,
            _ => self.look_again(cache, index, mark),
        }
    }

    #[cold]
    fn look_again(&mut self, cache: &Cache, index: usize, mark: u64) -> NodeFit {
        let Some(info) = cache.nodes.get(index) else { return NodeFit::default() };
        if self.fits.len() <= index {
            self.fits.resize(index + 1, NodeFit::default());
        }
        let mut fit = self.fit(index);
        if fit.mark == 0 || fit.epoch != info.epoch {
            fit = self.judge(info);
            self.dislikes |= fit.disliked != 0;
        }
        fit.mark = mark;
        fit.refused = fit.verdict.rejection().or_else(|| self.room(info).err());
        let least = least_allocated(&info.non_zero, &self.request.non_zero, &info.allocatable);
        let balanced = balanced_allocation(&info.requested, &self.request.plain, &info.allocatable);
        (fit.least_allocated, fit.balanced) = (least as i16, balanced as i16);
        if let Some(slot) = self.fits.get_mut(index) {
            *slot = fit;
        }
        fit
    }

    fn judge(&self, info: &NodeInfo) -> NodeFit {
        let node: &Node = &info.node;
        let tolerations = &self.spec.tolerations;
        let verdict = if node.spec.unschedulable && !self.tolerates_unschedulable {
            Verdict::Cordoned
        } else if taints::untolerated(tolerations, node) {
            Verdict::Tainted
        } else if !self.required.is_empty() && !self.required.matches(node) {
            Verdict::Affinity
        } else {
            Verdict::Fits
        };
        let named = self.named.as_ref().is_none_or(|names| names.contains(&node.metadata.name));
        let preferred =
            self.preferred.iter().filter(|(_, term)| term.matches(node)).map(|(weight, _)| weight);
        NodeFit {
            epoch: info.epoch,
            verdict: if named { verdict } else { Verdict::NotNamed },
            disliked: taints::disliked(tolerations, node) as u16,
            preferred: preferred.sum(),
            ..NodeFit::default()
        }
    }

    /// Asks the filters in their order about a node as it is.
    pub fn filter(&mut self, cache: &Cache, index: usize, fewest: &[i64]) -> Result<(), Rejection> {
        match self.look(cache, index).refused {
            Some(rejection) => Err(rejection),
            None => self.filter_places(cache, index, fewest),
        }
    }

    /// Asks the filters in their order about a node with other pods on it.
    pub fn filter_supposed(
        &mut self,
        cache: &Cache,
        index: usize,
        info: &NodeInfo,
        fewest: &[i64],
    ) -> Result<(), Rejection> {
        if let Some(rejection) = self.look(cache, index).verdict.rejection() {
            return Err(rejection);
        }
        self.room(info)?;
        self.filter_places(cache, index, fewest)
    }

    /// NodePorts and NodeResourcesFit.
    fn room(&self, info: &NodeInfo) -> Result<(), Rejection> {
        if self.ports.iter().any(|port| info.ports.iter().any(|taken| taken.conflicts(port))) {
            return Err(Rejection { plugin: Plugin::NodePorts, bits: 0, resolvable: true });
        }
        self.fits_resources(info)
    }

    /// PodTopologySpread and InterPodAffinity.
    fn filter_places(&self, cache: &Cache, index: usize, fewest: &[i64]) -> Result<(), Rejection> {
        if !self.spread.hard.is_empty() {
            self.spread.filter(cache, index, fewest).map_err(|(reason, resolvable)| Rejection {
                plugin: Plugin::PodTopologySpread,
                bits: u16::from(reason == Reason::SpreadLabel),
                resolvable,
            })?;
        }
        if self.interpod.filters() {
            self.interpod.filter(cache, index).map_err(|(reason, resolvable)| Rejection {
                plugin: Plugin::InterPodAffinity,
                bits: match reason {
                    Reason::Affinity => 0,
                    Reason::AntiAffinity => 1,
                    _ => 2,
                },
                resolvable,
            })?;
        }
        Ok(())
    }

    /// `fitsRequest`: all that is short, not only the first.
    pub fn fits_resources(&self, info: &NodeInfo) -> Result<(), Rejection> {
        let mut bits = 0;
        let mut resolvable = true;
        if info.pods + 1 > info.allowed_pods {
            bits |= TOO_MANY_PODS;
        }
        let (wants, has, used) = (&self.request.plain, &info.allocatable, &info.requested);
        for (bit, wants, has, used) in [
            (CPU, wants.cpu, has.cpu, used.cpu),
            (MEMORY, wants.memory, has.memory, used.memory),
            (STORAGE, wants.storage, has.storage, used.storage),
        ] {
            if wants > 0 && wants > has - used {
                bits |= bit;
                resolvable &= wants <= has;
            }
        }
        for (number, (name, wants)) in self.request.others.iter().enumerate().take(12) {
            let amount = |list: &[(Str, i64)]| {
                list.iter().find(|(known, _)| known == name).map_or(0, |(_, amount)| *amount)
            };
            let has = amount(&info.other_allocatable);
            if *wants > 0 && *wants > has - amount(&info.other_requested) {
                bits |= 1 << (OTHERS + number as u32);
                resolvable &= *wants <= has;
            }
        }
        if bits == 0 { Ok(()) } else { Err(Rejection { plugin: Plugin::NodeResourcesFit, bits, resolvable }) }
    }

    /// Whether a node would suffice if nothing were on it.
    pub fn fits_allocatable(&self, node: &Arc<Node>) -> bool {
        self.fits_resources(&NodeInfo::new(node, 0)).is_ok()
    }

    /// Whether a pod coming or going changes what is counted.
    pub fn cares(&self, cache: &Cache, pod: &Pod) -> bool {
        self.is_counted(cache)
            && (self.interpod.own.is_some()
                || pod.spec.affinity.is_some()
                || !self.spread.is_empty() && self.namespace == pod.metadata.namespace)
    }

    /// The reasons behind a rejection.
    pub fn reasons(&self, rejection: Rejection) -> Vec<Reason> {
        let bits = rejection.bits;
        match (rejection.plugin, bits) {
            (Plugin::NodeUnschedulable, _) => vec![Reason::Unschedulable],
            (Plugin::TaintToleration, _) => vec![Reason::Taint],
            (Plugin::NodeAffinity, 1) => vec![Reason::NotNamed],
            (Plugin::NodeAffinity, _) => vec![Reason::NodeAffinity],
            (Plugin::NodePorts, _) => vec![Reason::Ports],
            (Plugin::PodTopologySpread, 1) => vec![Reason::SpreadLabel],
            (Plugin::PodTopologySpread, _) => vec![Reason::Spread],
            (Plugin::InterPodAffinity, 0) => vec![Reason::Affinity],
            (Plugin::InterPodAffinity, 1) => vec![Reason::AntiAffinity],
            (Plugin::InterPodAffinity, _) => vec![Reason::ExistingAntiAffinity],
            _ => {
                let fixed = [
                    (TOO_MANY_PODS, Reason::TooManyPods),
                    (CPU, Reason::Insufficient("cpu".into())),
                    (MEMORY, Reason::Insufficient("memory".into())),
                    (STORAGE, Reason::Insufficient("ephemeral-storage".into())),
                ];
                let fixed = fixed.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, reason)| reason);
                let others = self.request.others.iter().enumerate().take(12);
                let others = others.filter(|(number, _)| bits & (1 << (OTHERS + *number as u32)) != 0);
                fixed.chain(others.map(|(_, (name, _))| Reason::Insufficient(name.clone()))).collect()
            }
        }
    }
}

/// The name under which nodes list an image: with its tag.
fn image_name(image: &Str) -> Str {
    let last = image.rsplit('/').next().unwrap_or_default();
    if last.contains(':') || last.contains('@') { image.clone() } else { [image, ":latest"].concat().into() }
}
