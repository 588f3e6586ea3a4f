//! How many pods each side has (utils/replicaset/canary.go and replicaset.go).

use opscape_manifest::api::Rollout;
use opscape_manifest::api::meta::IntOrString;
use opscape_manifest::api::rollout::{CanaryStep, SetCanaryScale, TrafficWeights};
use opscape_manifest::intorpercent::scaled_percent;

/// What counts of a ReplicaSet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// `spec.replicas`
    pub spec: i32,
    /// `status.replicas`
    pub created: i32,
    /// `status.availableReplicas`
    pub available: i32,
}

/// The ReplicaSets as the computations see them.
#[derive(Debug, Clone, Default)]
pub struct Sides {
    /// Of the present template.
    pub new: Option<Size>,
    /// The stable one; it may be the new one.
    pub stable: Option<Size>,
    /// Whether the stable one is the new one.
    pub same: bool,
    /// All others.
    pub others: Vec<Size>,
}

impl Sides {
    /// `CheckStableRSExists`
    fn separate(&self) -> Option<Size> {
        self.stable.filter(|_| !self.same)
    }
}

/// `spec.replicas`, 1 by default.
pub fn wanted(rollout: &Rollout) -> i32 {
    rollout.spec.replicas.unwrap_or(1)
}

/// Whether a traffic router divides the traffic.
pub fn is_routed(rollout: &Rollout) -> bool {
    rollout.spec.strategy.canary.as_ref().is_some_and(|canary| canary.traffic_routing.is_some())
}

/// Whether the stable ReplicaSet has the present template (`IsFullyPromoted`).
pub fn is_fully_promoted(rollout: &Rollout) -> bool {
    rollout.status.stable_rs == rollout.status.current_pod_hash
}

fn pods(written: Option<&IntOrString>, wanted: i32, round_up: bool) -> i32 {
    match written {
        Some(IntOrString::Int(int)) => *int,
        Some(IntOrString::String(text)) => {
            let pods = scaled_percent(text, i64::from(wanted), round_up).unwrap_or_default();
            i32::try_from(pods).unwrap_or(i32::MAX)
        }
        None => pods(Some(&IntOrString::String("25%".into())), wanted, round_up),
    }
}

/// maxSurge and maxUnavailable in pods (`resolveFenceposts`, `MaxSurge`, `MaxUnavailable`).
pub fn limits(rollout: &Rollout) -> (i32, i32) {
    let wanted = wanted(rollout);
    let Some(canary) = &rollout.spec.strategy.canary else {
        let blue_green = rollout.spec.strategy.blue_green.as_ref();
        let unavailable = pods(blue_green.and_then(|b| b.max_unavailable.as_ref()), wanted, false);
        return (0, unavailable.min(wanted));
    };
    let surge = pods(canary.max_surge.as_ref(), wanted, true);
    let mut unavailable = pods(canary.max_unavailable.as_ref(), wanted, false);
    if surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    (surge, if wanted == 0 { 0 } else { unavailable.min(wanted) })
}

/// The steps of a canary.
pub fn steps(rollout: &Rollout) -> &[CanaryStep] {
    rollout.spec.strategy.canary.as_ref().map_or(&[], |canary| &canary.steps)
}

/// The present step and its index; no step: all are done; no index: there are none (`GetCurrentCanaryStep`).
pub fn current_step(rollout: &Rollout) -> (Option<&CanaryStep>, Option<usize>) {
    let steps = steps(rollout);
    if steps.is_empty() {
        return (None, None);
    }
    let index = usize::try_from(rollout.status.current_step_index.unwrap_or(0)).unwrap_or(0);
    (steps.get(index), Some(index))
}

/// The weight of the last setWeight; 100 after the last step, 0 before the first setWeight (`GetCurrentSetWeight`).
pub fn set_weight(rollout: &Rollout) -> i32 {
    if rollout.status.abort {
        return 0;
    }
    let (Some(_), Some(index)) = current_step(rollout) else { return 100 };
    weight_up_to(rollout, index + 1)
}

/// The weight of the last setWeight among the first `end` steps; 0 without one.
pub fn weight_up_to(rollout: &Rollout, end: usize) -> i32 {
    steps(rollout).iter().take(end).rev().find_map(|step| step.set_weight).unwrap_or(0)
}

/// `UseSetCanaryScale`
fn canary_scale(rollout: &Rollout) -> Option<&SetCanaryScale> {
    if !is_routed(rollout) || (rollout.status.abort && super::abort_delay(rollout).0.is_some()) {
        return None;
    }
    let (Some(_), Some(index)) = current_step(rollout) else { return None };
    let last = steps(rollout).iter().take(index + 1).rev().find_map(|step| step.set_canary_scale.as_ref());
    last.filter(|scale| !scale.match_traffic_weight)
}

/// Pods that were set, or the weight (`GetCanaryReplicasOrWeight`).
pub fn replicas_or_weight(rollout: &Rollout) -> (Option<i32>, i32) {
    if rollout.status.promote_full || rollout.status.stable_rs.is_empty() || is_fully_promoted(rollout) {
        return (None, 100);
    }
    match canary_scale(rollout) {
        Some(SetCanaryScale { replicas: Some(replicas), .. }) => (Some(*replicas), 0),
        Some(SetCanaryScale { weight: Some(weight), .. }) => (None, *weight),
        _ => (None, set_weight(rollout)),
    }
}

/// Percent of pods, rounded up (`trafficWeightToReplicas`).
fn share(replicas: i32, weight: i32) -> i32 {
    let product = i64::from(replicas) * i64::from(weight);
    i32::try_from(product.div_euclid(100) + i64::from(product.rem_euclid(100) > 0)).unwrap_or(i32::MAX)
}

/// `CheckMinPodsPerReplicaSet`
fn at_least(rollout: &Rollout, count: i32) -> i32 {
    let canary = rollout.spec.strategy.canary.as_ref().filter(|canary| canary.traffic_routing.is_some());
    match canary.and_then(|canary| canary.min_pods_per_replica_set) {
        Some(least) if count != 0 => count.max(least),
        _ => count,
    }
}

/// Canary and stable pods where a router divides the traffic (`CalculateReplicaCountsForTrafficRoutedCanary`).
pub fn routed(rollout: &Rollout, weights: Option<&TrafficWeights>) -> (i32, i32) {
    let wanted = wanted(rollout);
    let (fixed, weight) = replicas_or_weight(rollout);
    let mut canary = fixed.unwrap_or_else(|| at_least(rollout, share(wanted, weight)));
    let dynamic = rollout.spec.strategy.canary.as_ref().is_some_and(|canary| canary.dynamic_stable_scale);
    if !dynamic {
        return (canary, wanted);
    }
    // The higher of what the weight is and of what it will be: pods come before the traffic and go after it.
    let mut stable = share(wanted, 100 - weight);
    if let Some(weights) = weights {
        stable = stable.max(share(wanted, weights.stable.weight));
        if rollout.status.abort {
            canary = canary.max(share(wanted, weights.canary.weight));
        }
    }
    (at_least(rollout, canary), at_least(rollout, stable))
}

/// Canary and stable pods that come closest to a weight (`approximateWeightedCanaryStableReplicaCounts`). Together they are
/// `replicas`, or one more if there may be a surge.
pub fn approximate(replicas: i32, weight: i32, max_surge: i32) -> (i32, i32) {
    if replicas == 0 {
        return (0, 0);
    }
    let (ceil, floor) = (share(replicas, weight), (i64::from(replicas) * i64::from(weight) / 100) as i32);
    let tied = |total: i32| (i64::from(total) * i64::from(weight)).rem_euclid(100) == 50;
    let zero_allowed = weight == 100 || weight == 0 || (replicas == 1 && max_surge == 0);
    let mut options: Vec<(i32, i32)> = Vec::new();
    if ceil < replicas || zero_allowed {
        options.push((ceil, replicas));
    }
    if !tied(replicas) && (floor != 0 || zero_allowed) {
        options.push((floor, replicas));
    }
    if max_surge > 0 {
        options.push((ceil, replicas + 1));
        if !tied(replicas + 1) && (floor != 0 || zero_allowed) {
            options.push((floor, replicas + 1));
        }
    }
    let delta = |(canary, total): (i32, i32)| {
        (f64::from(canary) * 100.0 / f64::from(total) - f64::from(weight)).abs()
    };
    let mut best = (0, replicas);
    let mut closest = f64::INFINITY;
    for option in options {
        if delta(option) < closest {
            (best, closest) = (option, delta(option));
        }
    }
    (best.0, best.1 - best.0)
}

/// `GetReplicasForScaleDown`
fn for_scale_down(size: Option<Size>, ignore_availability: bool) -> i32 {
    size.map_or(
        0,
        |size| {
            if size.spec < size.available || ignore_availability { size.spec } else { size.available }
        },
    )
}

/// The next sizes of canary and stable where the number of pods divides the traffic
/// (`CalculateReplicaCountsForBasicCanary`).
pub fn basic(rollout: &Rollout, sides: &Sides) -> (i32, i32) {
    let replicas = wanted(rollout);
    let (_, weight) = replicas_or_weight(rollout);
    let (max_surge, max_unavailable) = limits(rollout);
    let (mut want_new, mut want_stable) = approximate(replicas, weight, max_surge);
    let separate = sides.separate();
    let mut new = sides.new.map_or(0, |new| new.spec);
    let mut stable = separate.map_or(0, |stable| stable.spec);
    if separate.is_none() {
        (want_new, want_stable) = (replicas, 0);
    }
    let most = replicas + max_surge;
    let old: i32 = sides.others.iter().map(|size| size.spec).sum();
    let mut up = most - old - new - stable;
    if separate.is_some() && stable < want_stable && up > 0 {
        let grown = (stable + up).min(want_stable);
        up -= grown - stable;
        stable = grown;
    }
    if let Some(size) = sides.new
        && size.spec < want_new
        && up > 0
    {
        new = (size.spec + up).min(want_new);
    }
    // Older ones go first.
    if old > 0 {
        return (new, stable);
    }
    let least = replicas - max_unavailable;
    let increasing = sides.new.is_none_or(|size| want_new >= size.spec);
    let can_go = for_scale_down(sides.new, !increasing) + for_scale_down(sides.stable, increasing);
    if can_go <= least {
        return (new, stable);
    }
    let down = can_go - least;
    let shrunk = |size: Option<Size>, want: i32, count: i32| match size {
        Some(size) if size.spec > want => want.max(size.spec - down),
        _ => count,
    };
    if !increasing {
        new = shrunk(sides.new, want_new, new);
        within(sides.new, sides.stable, new, stable, most, least)
    } else if let Some(size) = separate {
        stable = shrunk(Some(size), want_stable, stable);
        let (stable, new) = within(Some(size), sides.new, stable, new, most, least);
        (new, stable)
    } else {
        (new, stable)
    }
}

/// `adjustReplicaWithinLimits`: `drain` shrinks, `adjust` keeps the sum within the limits.
fn within(
    drain: Option<Size>,
    adjust: Option<Size>,
    mut drain_count: i32,
    mut adjust_count: i32,
    most: i32,
    least: i32,
) -> (i32, i32) {
    let over = (adjust_count + drain_count - most).max(0);
    let mut available = drain.map_or(0, |drain| drain.available.min(drain_count));
    if let Some(adjust) = adjust {
        adjust_count -= over;
        available += adjust.available.min(adjust_count);
        let lost = (adjust.available - adjust_count).max(0);
        let missing = (least - available).max(0);
        adjust_count += lost.min(missing);
        let over = (adjust_count + drain_count - most).max(0);
        drain_count -= over;
    }
    (drain_count, adjust_count)
}

/// Whether pods are where the present step wants them (`AtDesiredReplicaCountsForCanary`).
pub fn is_at_desired(rollout: &Rollout, sides: &Sides, weights: Option<&TrafficWeights>) -> bool {
    let is_routed = is_routed(rollout);
    let (new, stable) = if is_routed { routed(rollout, weights) } else { basic(rollout, sides) };
    if !sides.new.is_some_and(|size| size.spec == new && size.available == new) {
        return false;
    }
    let canary = rollout.spec.strategy.canary.as_ref();
    let dynamic = is_routed && canary.is_some_and(|canary| canary.dynamic_stable_scale);
    if !dynamic && !sides.stable.is_some_and(|size| size.spec == stable && size.created == stable) {
        return false;
    }
    is_routed || sides.others.iter().all(|size| size.available == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_come_as_close_to_a_weight_as_they_can() {
        // Examples of upstream's TestCalculateReplicaCountsForCanary and of the rule itself.
        assert_eq!(approximate(10, 10, 0), (1, 9));
        assert_eq!(approximate(10, 30, 3), (3, 7));
        assert_eq!(approximate(10, 5, 0), (1, 9));
        assert_eq!(approximate(1, 5, 1), (1, 1));
        assert_eq!(approximate(1, 5, 0), (0, 1));
        assert_eq!(approximate(3, 50, 0), (2, 1));
        assert_eq!(approximate(5, 20, 2), (1, 4));
        assert_eq!(approximate(4, 100, 1), (4, 0));
        assert_eq!(approximate(4, 0, 1), (0, 4));
    }
}
