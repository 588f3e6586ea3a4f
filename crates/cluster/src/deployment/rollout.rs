//! The arithmetic of a rollout (pkg/controller/deployment/rolling.go, util/deployment_util.go): how large each ReplicaSet
//! becomes. Nothing here knows of objects.

use opscape_manifest::api::apps::DeploymentSpec;
use opscape_manifest::api::meta::IntOrString;
use opscape_manifest::intorpercent::scaled_percent;

use crate::record::ScaleRule;

/// What the spec of a Deployment allows, in pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) replicas: i32,
    /// Pods that may be extra.
    pub(super) max_surge: i32,
    /// Pods that may be missing.
    pub(super) max_unavailable: i32,
    pub(super) rolling: bool,
}

/// A ReplicaSet in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Size {
    /// `spec.replicas`
    pub(super) spec: i32,
    /// `status.availableReplicas`
    pub(super) available: i32,
    /// What the annotation `max-replicas` says.
    pub(super) max_replicas: Option<i32>,
}

/// One new size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Which of the old ReplicaSets.
    pub(super) index: usize,
    pub(super) to: i32,
    pub(super) why: ScaleRule,
}

fn pods(value: Option<&IntOrString>, replicas: i32, round_up: bool) -> i32 {
    match value {
        None => 0,
        Some(IntOrString::Int(pods)) => *pods,
        Some(IntOrString::String(text)) => {
            let pods = scaled_percent(text, i64::from(replicas), round_up).unwrap_or(0);
            i32::try_from(pods).unwrap_or(i32::MAX)
        }
    }
}

/// `ResolveFenceposts`: maxSurge rounds up, maxUnavailable rounds down; if that makes both 0, one pod may be missing.
pub(super) fn resolve_fenceposts(
    max_surge: Option<&IntOrString>,
    max_unavailable: Option<&IntOrString>,
    replicas: i32,
) -> (i32, i32) {
    let surge = pods(max_surge, replicas, true);
    let unavailable = pods(max_unavailable, replicas, false);
    if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
}

impl Limits {
    pub(super) fn of(spec: &DeploymentSpec) -> Limits {
        let replicas = spec.replicas.unwrap_or(1);
        let rolling = spec.strategy.kind.as_deref() != Some("Recreate");
        let (mut max_surge, mut max_unavailable) = (0, 0);
        if rolling {
            let update = spec.strategy.rolling_update.as_ref();
            (max_surge, max_unavailable) = resolve_fenceposts(
                update.and_then(|update| update.max_surge.as_ref()),
                update.and_then(|update| update.max_unavailable.as_ref()),
                replicas,
            );
        }
        // `MaxUnavailable`: nothing can be missing of nothing, and not more than all.
        max_unavailable = if replicas == 0 { 0 } else { max_unavailable.min(replicas) };
        Limits { replicas, max_surge, max_unavailable, rolling }
    }

    /// `replicas + maxSurge`
    pub(super) fn max_total(&self) -> i32 {
        self.replicas.saturating_add(self.max_surge)
    }

    /// `replicas - maxUnavailable`
    pub(super) fn min_available(&self) -> i32 {
        self.replicas - self.max_unavailable
    }
}

/// How large the new ReplicaSet may be (`NewRSNewReplicas`). `total`: sizes of all ReplicaSets.
pub(super) fn new_replicas(limits: &Limits, new: i32, total: i32) -> (i32, ScaleRule) {
    if !limits.rolling {
        return (limits.replicas, ScaleRule::RecreateUp { replicas: limits.replicas });
    }
    let max_total = limits.max_total();
    let why = ScaleRule::Surge {
        replicas: limits.replicas,
        max_surge: limits.max_surge,
        current_total: total,
        max_total,
    };
    let room = max_total.saturating_sub(total);
    if room <= 0 {
        return (new, why);
    }
    (new + room.min(limits.replicas - new), why)
}

/// The new ReplicaSet's next size (`reconcileNewReplicaSet`); none: it stays.
pub(super) fn step_new(limits: &Limits, new: i32, total: i32) -> Option<(i32, ScaleRule)> {
    if new == limits.replicas {
        return None;
    }
    let (to, why) = if new > limits.replicas {
        (limits.replicas, ScaleRule::NewTooLarge { replicas: limits.replicas })
    } else {
        new_replicas(limits, new, total)
    };
    (to != new).then_some((to, why))
}

/// The next sizes of the old ReplicaSets that have pods, oldest first (`reconcileOldReplicaSets`). One may be named twice:
/// first its unhealthy pods go, then what availability allows.
pub(super) fn step_old(limits: &Limits, new: Size, old: &[Size]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut sizes: Vec<i32> = old.iter().map(|size| size.spec).collect();
    let old_total: i32 = sizes.iter().sum();
    if old_total == 0 {
        return steps;
    }
    let total = old_total + new.spec;
    let min_available = limits.min_available();
    let new_unavailable = new.spec - new.available;
    let max_scaled_down = total - min_available - new_unavailable;
    if max_scaled_down <= 0 {
        return steps;
    }
    // cleanupUnhealthyReplicas
    let mut removed = 0;
    for (index, (size, spec)) in old.iter().zip(&mut sizes).enumerate() {
        if removed >= max_scaled_down {
            break;
        }
        let unhealthy = *spec - size.available;
        if *spec == 0 || unhealthy == 0 {
            continue;
        }
        let count = (max_scaled_down - removed).min(unhealthy);
        // More available than wanted: upstream gives up here.
        if count < 0 {
            return steps;
        }
        *spec -= count;
        removed += count;
        let why = ScaleRule::OldUnhealthy {
            unhealthy,
            max_scaled_down,
            current_total: total,
            min_available,
            new_unavailable,
        };
        steps.push(Step { index, to: *spec, why });
    }
    // scaleDownOldReplicaSetsForRollingUpdate
    let available = new.available + old.iter().map(|size| size.available).sum::<i32>();
    let surplus = available - min_available;
    let mut removed = 0;
    for (index, spec) in sizes.iter_mut().enumerate() {
        if removed >= surplus {
            break;
        }
        if *spec == 0 {
            continue;
        }
        let count = (*spec).min(surplus - removed);
        *spec -= count;
        removed += count;
        let why = ScaleRule::OldAvailable {
            available,
            min_available,
            replicas: limits.replicas,
            max_unavailable: limits.max_unavailable,
        };
        steps.push(Step { index, to: *spec, why });
    }
    steps
}

/// Shares a change of size among all ReplicaSets with pods (`scale`, `GetReplicaSetProportion`). `sets` are sorted by size,
/// largest first; among equals the newest first when growing, the oldest first when shrinking.
/// `status_replicas`: of the Deployment.
pub(super) fn proportional(limits: &Limits, sets: &[Size], status_replicas: i32) -> Vec<(i32, ScaleRule)> {
    let current_total: i32 = sets.iter().map(|size| size.spec).sum();
    let allowed = if limits.replicas > 0 { limits.max_total() } else { 0 };
    let to_add = allowed - current_total;
    let mut added = 0;
    let mut sizes = Vec::with_capacity(sets.len());
    for size in sets {
        let share = proportion(limits, size, status_replicas, to_add, added);
        added += share;
        sizes.push(share);
    }
    // What rounding left goes to the largest.
    if to_add != 0
        && let Some(first) = sizes.first_mut()
    {
        *first += to_add - added;
    }
    let rule = |share| ScaleRule::Proportional { allowed, current_total, to_add, share };
    sets.iter().zip(sizes).map(|(size, share)| ((size.spec + share).max(0), rule(share))).collect()
}

/// How many of those larger go first.
pub(super) fn to_add(limits: &Limits, current_total: i32) -> i32 {
    (if limits.replicas > 0 { limits.max_total() } else { 0 }) - current_total
}

fn proportion(limits: &Limits, size: &Size, status_replicas: i32, to_add: i32, added: i32) -> i32 {
    if size.spec == 0 || to_add == 0 || to_add == added {
        return 0;
    }
    let fraction = fraction(limits, size, status_replicas);
    let left = to_add - added;
    if to_add > 0 { fraction.min(left) } else { fraction.max(left) }
}

/// `getReplicaSetFraction`: how much the ReplicaSet would grow if all grew by the same factor.
fn fraction(limits: &Limits, size: &Size, status_replicas: i32) -> i32 {
    if limits.replicas == 0 {
        return -size.spec;
    }
    let before = match size.max_replicas {
        Some(before) if before != 0 => before,
        _ => status_replicas,
    };
    if before == 0 {
        return 0;
    }
    // The product is an int32 in Go.
    let scaled = f64::from(size.spec.wrapping_mul(limits.max_total())) / f64::from(before);
    round(scaled) - size.spec
}

/// `integer.RoundToInt32`: half away from zero.
fn round(number: f64) -> i32 {
    (if number < 0.0 { number - 0.5 } else { number + 0.5 }) as i32
}

#[cfg(test)]
mod tests;
