//! The phase of a Rollout (utils/rollout/rolloututil.go) and its conditions (utils/conditions/conditions.go).

use opscape_manifest::api::Rollout;
use opscape_manifest::api::analysis::is_completed;
use opscape_manifest::api::apps::DeploymentCondition;
use opscape_manifest::api::meta::Timestamp;
use opscape_manifest::api::rollout::{RolloutSpec, RolloutStatus};

use super::replicas;
use crate::conditions::find;

pub(super) fn condition(
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> DeploymentCondition {
    DeploymentCondition {
        kind: kind.into(),
        status: status.into(),
        last_update_time: Some(now),
        last_transition_time: Some(now),
        reason: reason.into(),
        message: message.into(),
    }
}

/// Phase and message as the controller writes them (`CalculateRolloutPhase`).
pub(super) fn calculate(spec: &RolloutSpec, status: &RolloutStatus) -> (&'static str, String) {
    for condition in &status.conditions {
        if &*condition.kind == "InvalidSpec" {
            return ("Degraded", format!("InvalidSpec: {}", condition.message));
        }
        if matches!(&*condition.reason, "RolloutAborted" | "ProgressDeadlineExceeded") {
            return ("Degraded", format!("{}: {}", condition.reason, condition.message));
        }
    }
    if spec.paused {
        return ("Paused", "manually paused".to_owned());
    }
    if let Some(pause) = status.pause_conditions.first() {
        return ("Paused", pause.reason.to_string());
    }
    let progressing = |why: &str| ("Progressing", why.to_owned());
    if spec.restart_at.is_some() && spec.restart_at != status.restarted_at {
        return progressing("rollout is restarting");
    }
    if status.updated_replicas < spec.replicas.unwrap_or(1) {
        return progressing("more replicas need to be updated");
    }
    if status.available_replicas < status.updated_replicas {
        return progressing("updated replicas are still becoming available");
    }
    let promoted = !status.stable_rs.is_empty() && status.stable_rs == status.current_pod_hash;
    if let Some(blue_green) = &spec.strategy.blue_green {
        let active = &status.blue_green.active_selector;
        if active.is_empty() || *active != status.current_pod_hash {
            return progressing("active service cutover pending");
        }
        if !promoted {
            let run = status.blue_green.post_promotion_analysis_run_status.as_ref();
            let waits = blue_green.post_promotion_analysis.is_some()
                && run.is_none_or(|run| !is_completed(&run.status));
            return progressing(if waits {
                "waiting for analysis to complete"
            } else {
                "waiting for post-promotion verification to complete"
            });
        }
    } else if let Some(canary) = &spec.strategy.canary {
        if canary.traffic_routing.is_none() && status.replicas > status.updated_replicas {
            return progressing("old replicas are pending termination");
        }
        if !promoted {
            return progressing("waiting for all steps to complete");
        }
    }
    ("Healthy", String::new())
}

/// Phase and message as clients show them: the controller may not have seen everything yet (`GetRolloutPhase`).
pub fn phase(rollout: &Rollout) -> (String, String) {
    let seen: Option<i64> = rollout.status.observed_generation.parse().ok();
    if seen.is_some_and(|seen| seen < rollout.metadata.generation) {
        return ("Progressing".into(), "waiting for rollout spec update to be observed".into());
    }
    let number = |text: &str| text.parse::<i64>().ok();
    let followed = rollout
        .spec
        .workload_ref
        .as_ref()
        .and_then(|_| number(rollout.metadata.annotation(super::workload::GENERATION)?));
    if followed.is_some() && followed != number(&rollout.status.workload_observed_generation) {
        let why = "waiting for rollout spec update to be observed for the reference workload";
        return ("Progressing".into(), why.into());
    }
    if rollout.status.controller_pause && rollout.status.pause_conditions.is_empty() {
        return ("Progressing".into(), "waiting for rollout to unpause".into());
    }
    if !rollout.status.phase.is_empty() {
        return (rollout.status.phase.to_string(), rollout.status.message.to_string());
    }
    let (phase, message) = calculate(&rollout.spec, &rollout.status);
    (phase.to_owned(), message)
}

/// `RolloutHealthy`: all pods are updated, available and get their traffic, and the old ones are gone.
pub(super) fn is_healthy(rollout: &Rollout, status: &RolloutStatus) -> bool {
    let wanted = replicas::wanted(rollout);
    let strategy = &rollout.spec.strategy;
    let mut done = true;
    if let Some(blue_green) = &strategy.blue_green {
        done = status.blue_green.active_selector == status.current_pod_hash
            && (blue_green.preview_service.is_empty()
                || status.blue_green.preview_selector == status.current_pod_hash);
    }
    if let Some(canary) = &strategy.canary {
        let steps = i32::try_from(canary.steps.len()).unwrap_or(i32::MAX);
        let all_steps = steps == 0 || status.current_step_index.is_none_or(|index| index == steps);
        done = all_steps && is_complete(status) && status.replicas == wanted;
    }
    status.updated_replicas == wanted
        && status.available_replicas == wanted
        && *rollout.status.observed_generation == rollout.metadata.generation.to_string()
        && done
}

/// `RolloutCompleted`
pub(super) fn is_complete(status: &RolloutStatus) -> bool {
    !status.stable_rs.is_empty() && status.stable_rs == status.current_pod_hash
}

/// `RolloutProgressing`
pub(super) fn is_progressing(rollout: &Rollout, status: &RolloutStatus) -> bool {
    let before = &rollout.status;
    let mut by_strategy = false;
    if rollout.spec.strategy.blue_green.is_some() {
        by_strategy = before.blue_green.active_selector != status.blue_green.active_selector
            || before.blue_green.preview_selector != status.blue_green.preview_selector;
    }
    if rollout.spec.strategy.canary.is_some() {
        let steps = before.current_step_index.zip(status.current_step_index);
        by_strategy = before.stable_rs != status.stable_rs
            || steps.is_some_and(|(before, now)| before != now)
            || before.current_step_hash != status.current_step_hash;
    }
    let old = |status: &RolloutStatus| status.replicas - status.updated_replicas;
    status.updated_replicas != before.updated_replicas
        || old(status) < old(before)
        || status.ready_replicas > before.ready_replicas
        || status.available_replicas > before.available_replicas
        || by_strategy
}

/// `RolloutTimedOut`
pub(super) fn is_timed_out(rollout: &Rollout, status: &RolloutStatus, now: i64) -> bool {
    let Some(condition) = find(status, "Progressing") else { return false };
    match &*condition.reason {
        "ProgressDeadlineExceeded" => return true,
        "RolloutAborted" => return false,
        _ => {}
    }
    let deadline = i64::from(rollout.spec.progress_deadline_seconds.unwrap_or(600));
    let from = condition.last_update_time.unwrap_or_default();
    (from.0 + deadline).saturating_mul(1_000_000) < now
}
