//! The status of an autoscaler (`setConditionInList`, `setStatus`).

use opscape_manifest::api::autoscaling::{
    AutoscalerCondition, HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus,
};
use opscape_manifest::api::meta::Timestamp;

use crate::words;

pub(super) const ABLE: &str = "AbleToScale";
pub(super) const ACTIVE: &str = "ScalingActive";
pub(super) const LIMITED: &str = "ScalingLimited";

/// Sets a condition; the time changes with its status.
pub(super) fn set(
    status: &mut HorizontalPodAutoscalerStatus,
    kind: &str,
    truth: bool,
    (reason, message): (&str, &str),
    now: Timestamp,
) {
    let found = status.conditions.iter().position(|condition| &*condition.kind == kind);
    let at = found.unwrap_or_else(|| {
        status.conditions.push(AutoscalerCondition { kind: kind.into(), ..AutoscalerCondition::default() });
        status.conditions.len() - 1
    });
    let Some(condition) = status.conditions.get_mut(at) else { return };
    let truth = if truth { words::yes() } else { words::no() };
    if condition.status != truth {
        condition.last_transition_time = Some(now);
        condition.status = truth;
    }
    if &*condition.reason != reason {
        condition.reason = reason.into();
    }
    if &*condition.message != message {
        condition.message = message.into();
    }
}

/// `spec.minReplicas`
pub(super) fn min_replicas(autoscaler: &HorizontalPodAutoscaler) -> i32 {
    autoscaler.spec.min_replicas.unwrap_or(1)
}
