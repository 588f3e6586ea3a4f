//! Which pods go first (pkg/controller/controller_utils.go: `ActivePodsWithRanks`).

use std::cmp::Ordering;

use opscape_manifest::api::Pod;
use opscape_manifest::api::meta::{MicroTime, Timestamp, Uid};
use opscape_manifest::api::pod::Phase;

use crate::record::RankReason;

/// Neither finished nor being deleted (`IsPodActive`).
pub(crate) fn is_active(pod: &Pod) -> bool {
    !is_finished(pod) && pod.metadata.deletion_timestamp.is_none()
}

/// Being deleted, and not finished (`IsPodTerminating`).
pub(super) fn is_terminating(pod: &Pod) -> bool {
    !is_finished(pod) && pod.metadata.deletion_timestamp.is_some()
}

fn is_finished(pod: &Pod) -> bool {
    matches!(pod.status.phase, Phase::Succeeded | Phase::Failed)
}

/// Whether the pod's Ready condition is True.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    pod.status.conditions.iter().any(|condition| &*condition.kind == "Ready" && &*condition.status == "True")
}

/// Since when it is.
pub(super) fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let mut conditions = pod.status.conditions.iter();
    conditions
        .find(|condition| &*condition.kind == "Ready" && &*condition.status == "True")?
        .last_transition_time
}

/// What decides about the order of a pod. Less goes first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rank {
    pub(super) uid: Uid,
    assigned: bool,
    phase: u8,
    ready: bool,
    cost: i32,
    /// Related pods on its node.
    crowd: u32,
    /// Binary logarithm of the time since it became ready, and that time.
    ready_for: Option<(i64, Timestamp)>,
    restarts: (i32, i32),
    age: (i64, Timestamp),
}

impl Rank {
    pub(super) fn of(pod: &Pod, crowd: u32, now: MicroTime) -> Rank {
        let created = pod.metadata.creation_timestamp.unwrap_or_default();
        Rank {
            uid: pod.metadata.uid,
            assigned: !pod.spec.node_name.is_empty(),
            phase: match pod.status.phase {
                Phase::Pending => 0,
                Phase::Unknown => 1,
                Phase::Running | Phase::Succeeded | Phase::Failed => 2,
            },
            ready: is_ready(pod),
            cost: deletion_cost(pod),
            crowd,
            ready_for: ready_since(pod).map(|since| (logarithm(since, now), since)),
            restarts: restarts(pod),
            age: (logarithm(created, now), created),
        }
    }

    /// The order, and the criterion that made it.
    pub(super) fn compare(&self, other: &Rank) -> (Ordering, RankReason) {
        if self.assigned != other.assigned {
            return (self.assigned.cmp(&other.assigned), RankReason::Unassigned);
        }
        if self.phase != other.phase {
            return (self.phase.cmp(&other.phase), RankReason::Phase);
        }
        if self.ready != other.ready {
            return (self.ready.cmp(&other.ready), RankReason::NotReady);
        }
        if self.cost != other.cost {
            let reason = RankReason::DeletionCost { own: self.cost, other: other.cost };
            return (self.cost.cmp(&other.cost), reason);
        }
        if self.crowd != other.crowd {
            let reason = RankReason::Crowded { own: self.crowd, other: other.crowd };
            return (other.crowd.cmp(&self.crowd), reason);
        }
        if let (Some(own), Some(others)) = (self.ready_for, other.ready_for)
            && own.1 != others.1
        {
            return match own.0.cmp(&others.0) {
                Ordering::Equal => (self.tie(other), RankReason::Tie),
                order => (order, RankReason::ReadySince),
            };
        }
        if self.restarts != other.restarts {
            let reason = RankReason::Restarts { own: self.restarts.0, other: other.restarts.0 };
            return (other.restarts.cmp(&self.restarts), reason);
        }
        if self.age.1 != other.age.1 {
            return match self.age.0.cmp(&other.age.0) {
                Ordering::Equal => (self.tie(other), RankReason::Tie),
                order => (order, RankReason::Younger),
            };
        }
        (self.tie(other), RankReason::Tie)
    }

    /// Upstream compares the texts of the uids, which are random: any order that does not follow the age will do.
    fn tie(&self, other: &Rank) -> Ordering {
        let mix = |uid: Uid| {
            uid.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31).wrapping_mul(0xBF58_476D_1CE4_E5B9)
        };
        mix(self.uid).cmp(&mix(other.uid))
    }
}

/// `int64(math.Log2(now - since))` in nanoseconds; -1 if nothing has passed (`logarithmicRankDiff`).
fn logarithm(since: Timestamp, now: MicroTime) -> i64 {
    let nanos = now.0.saturating_sub(since.0.saturating_mul(1_000_000)).saturating_mul(1000);
    if nanos > 0 { i64::from(nanos.ilog2()) } else { -1 }
}

fn deletion_cost(pod: &Pod) -> i32 {
    let text = pod.metadata.annotation("controller.kubernetes.io/pod-deletion-cost");
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The most restarts of a container, and of a sidecar (`maxContainerRestarts`).
fn restarts(pod: &Pod) -> (i32, i32) {
    let most = |list: &[opscape_manifest::api::pod::ContainerStatus]| {
        list.iter().map(|container| container.restart_count).max().unwrap_or(0)
    };
    let sidecars = pod
        .spec
        .init_containers
        .iter()
        .filter(|container| container.restart_policy.as_deref() == Some("Always"))
        .filter_map(|container| {
            pod.status.init_container_statuses.iter().find(|status| status.name == container.name)
        })
        .map(|status| status.restart_count);
    (most(&pod.status.container_statuses), sidecars.max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use opscape_manifest::api::pod::PodCondition;

    use super::*;

    fn ready_pod(uid: u64, since: i64) -> Pod {
        let mut pod = Pod::default();
        pod.metadata.uid = Uid(uid);
        pod.status.phase = Phase::Running;
        pod.metadata.creation_timestamp = Some(Timestamp(since - 2));
        std::sync::Arc::make_mut(&mut pod.spec).node_name = "n".into();
        pod.status.conditions.push(PodCondition {
            kind: "Ready".into(),
            status: "True".into(),
            last_transition_time: Some(Timestamp(since)),
            ..PodCondition::default()
        });
        pod
    }

    fn rank(pod: &Pod, crowd: u32) -> Rank {
        Rank::of(pod, crowd, MicroTime(1_000_000_000))
    }

    #[test]
    fn criteria_come_in_order() {
        let ready = ready_pod(1, 900);
        let mut waiting = ready.clone();
        waiting.status.conditions.clear();
        let mut pending = waiting.clone();
        pending.status.phase = Phase::Pending;
        let mut unbound = pending.clone();
        std::sync::Arc::make_mut(&mut unbound.spec).node_name = "".into();
        let order = [&unbound, &pending, &waiting, &ready].map(|pod| rank(pod, 0));
        for (first, then) in order.iter().zip(&order[1..]) {
            assert_eq!(first.compare(then).0, Ordering::Less);
            assert_eq!(then.compare(first).0, Ordering::Greater);
        }
        assert_eq!(order[2].compare(&order[3]).1, RankReason::NotReady);
    }

    #[test]
    fn crowded_nodes_and_cheap_pods_go_first() {
        let pod = ready_pod(1, 900);
        assert_eq!(
            rank(&pod, 3).compare(&rank(&pod, 1)),
            (Ordering::Less, RankReason::Crowded { own: 3, other: 1 })
        );
        let mut cheap = ready_pod(2, 900);
        cheap.metadata.set_annotation("controller.kubernetes.io/pod-deletion-cost", "-5");
        assert_eq!(
            rank(&cheap, 0).compare(&rank(&pod, 9)),
            (Ordering::Less, RankReason::DeletionCost { own: -5, other: 0 })
        );
    }

    #[test]
    fn times_are_compared_in_powers_of_two() {
        // 100 s and 90 s lie in the same power of two of nanoseconds, 100 s and 10 s do not.
        let (older, old, young) = (ready_pod(1, 900), ready_pod(2, 910), ready_pod(3, 990));
        assert_eq!(rank(&older, 0).compare(&rank(&old, 0)).1, RankReason::Tie);
        assert_eq!(rank(&young, 0).compare(&rank(&old, 0)), (Ordering::Less, RankReason::ReadySince));
    }
}
