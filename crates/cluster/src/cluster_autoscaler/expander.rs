//! Which of several groups grows (cluster-autoscaler/expander).

use opscape_manifest::api::Node;
use opscape_sim::Rng;

use super::estimator::Estimate;
use super::settings::{Expander, NodeGroup};
use crate::scheduler::Amounts;

/// A group that could grow.
pub(super) struct Expansion {
    /// Which group of the settings.
    pub group: usize,
    pub estimate: Estimate,
    /// What the pods ask for together.
    pub asked: Amounts,
}

impl Expansion {
    pub fn pods(&self) -> usize {
        self.estimate.pods.iter().sum()
    }
}

/// The best one; of several equal ones any (the chain of expanders ends with `random`). `nodes`: how many the cluster has.
pub(super) fn best(
    expander: Expander,
    options: Vec<Expansion>,
    groups: &[NodeGroup],
    nodes: usize,
    random: &mut Rng,
) -> Option<Expansion> {
    let preferred = preferred_cpu(nodes);
    let scores: Vec<f64> = options
        .iter()
        .map(|option| {
            groups.get(option.group).map_or(f64::MAX, |group| score(expander, option, group, preferred))
        })
        .collect();
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let best: Vec<usize> =
        scores.iter().enumerate().filter(|(_, score)| **score <= least).map(|(at, _)| at).collect();
    let chosen = if best.len() > 1 { random.pick(&best) } else { best.first() };
    options.into_iter().nth(*chosen?)
}

/// The less the better.
fn score(expander: Expander, option: &Expansion, group: &NodeGroup, preferred_cpu: f64) -> f64 {
    match expander {
        Expander::Random => 0.0,
        Expander::MostPods => -(option.pods() as f64),
        Expander::LeastNodes => f64::from(option.estimate.nodes),
        Expander::Priority => -f64::from(group.priority),
        Expander::LeastWaste => waste(option, &group.template),
        Expander::Price => price(option, group, preferred_cpu),
    }
}

fn size(node: &Node) -> Amounts {
    crate::scheduler::allocatable(&node.status.allocatable).0
}

/// expander/waste: the shares of cpu and of memory that are left over.
fn waste(option: &Expansion, template: &Node) -> f64 {
    let size = size(template);
    let nodes = f64::from(option.estimate.nodes);
    let left = |has: i64, asked: i64| {
        let has = has as f64 * nodes;
        if has > 0.0 { (has - asked as f64) / has } else { 0.0 }
    };
    left(size.cpu, option.asked.cpu) + left(size.memory, option.asked.memory)
}

/// What a cpu and a GiB of memory cost per hour where pods are paid for (cloudprovider/gce/gce_price_info.go).
const CPU_PRICE: f64 = 0.033_174;
const GIB_PRICE: f64 = 0.004_446;

/// expander/price: what the nodes cost for what the pods are worth, and how far a node is from the size that suits the cluster.
fn price(option: &Expansion, group: &NodeGroup, preferred_cpu: f64) -> f64 {
    let worth = |cpu: f64, gib: f64| cpu * CPU_PRICE + gib * GIB_PRICE;
    let nodes = group.price_micro as f64 / 1e6 * f64::from(option.estimate.nodes);
    let gib = option.asked.memory as f64 / (1024.0 * 1024.0 * 1024.0);
    let pods = worth(option.asked.cpu as f64 / 1000.0, gib);
    // A pod of half a cpu and 500 MiB on both sides (`priceStabilizationPod`).
    let steady = worth(0.5, 500.0 / 1024.0);
    let cost = (nodes + steady) / (pods + steady);
    let cpu = size(&group.template).cpu as f64;
    let unfitness = if cpu > 0.0 { (preferred_cpu / cpu).max(cpu / preferred_cpu) } else { 1.0 };
    let suppressed =
        (unfitness - 1.0) * (1.0 - tanh_fifteenths(option.estimate.nodes.saturating_sub(1))) + 1.0;
    suppressed * cost
}

/// `SimplePreferredNodeProvider`: thousandths of cpu of a node that suits a cluster of this size.
fn preferred_cpu(nodes: usize) -> f64 {
    match nodes {
        0..=2 => 1000.0,
        3..=6 => 2000.0,
        7..=20 => 4000.0,
        21..=60 => 8000.0,
        61..=200 => 16_000.0,
        _ => 32_000.0,
    }
}

/// `tanh(n / 15)`, from nothing but products, so that it is the same everywhere.
fn tanh_fifteenths(n: u32) -> f64 {
    /// e to the power of 2/15.
    const STEP: f64 = 1.142_630_811_795_722_7;
    let power = (0..n.min(1000)).fold(1.0, |power, _| power * STEP);
    if power.is_finite() { (power - 1.0) / (power + 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hyperbolic_tangent_is_right() {
        for n in [0, 1, 7, 15, 40, 900] {
            assert!((tanh_fifteenths(n) - (f64::from(n) / 15.0).tanh()).abs() < 1e-9, "{n}");
        }
    }
}
