//! Evictions (pkg/registry/core/pod/storage/eviction.go): a pod is deleted only if its budget allows that now, and the budget
//! allows one less until the controller has looked again.

use opscape_manifest::api::Pod;
use opscape_manifest::api::pod::{Phase, PodCondition};

use super::Budget;
use crate::replica_set::is_ready;
use crate::{Api, Context, Status, words};

/// Whether a pod may be evicted now; takes it from its budget. Its conditions are as the eviction leaves them: none were
/// changed if it is gone anyway.
///
/// # Errors
/// `TooManyRequests` if its budget allows no disruption now; an internal error if it has several budgets.
pub(crate) fn evict(
    pod: &Pod,
    dry_run: bool,
    api: &mut Api,
    context: &mut Context<'_>,
) -> Result<Option<PodCondition>, Status> {
    // `canIgnorePDB`
    let over = matches!(pod.status.phase, Phase::Succeeded | Phase::Failed | Phase::Pending);
    if over || pod.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    let mut budgets = Budget::all(api.store(), &pod.metadata.namespace);
    budgets.retain(|(_, budget)| !budget.selects_all() && budget.covers(pod));
    if budgets.len() > 1 {
        return Err(Status {
            code: 500,
            reason: "InternalError",
            message:
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
                    .to_owned(),
            details: None,
        });
    }
    let now = api.timestamp(context.now());
    if let Some((object, mut budget)) = budgets.pop() {
        let status = &budget.status;
        let enough = status.healthy >= status.desired && status.desired > 0;
        let free = !is_ready(pod) && (budget.always_allows_unhealthy || enough);
        if !free {
            check(&budget)?;
            budget.status.allowed -= 1;
            if budget.status.allowed == 0 {
                budget.set_allowed_condition(now);
            }
            budget.status.disrupted.push((pod.metadata.name.clone(), now));
            if !dry_run {
                api.publish(&budget.written(&object), context);
            }
        }
    }
    Ok(Some(PodCondition {
        kind: "DisruptionTarget".into(),
        status: words::yes(),
        reason: "EvictionByEvictionAPI".into(),
        message: "Eviction API: evicting".into(),
        last_transition_time: Some(now),
        observed_generation: pod.metadata.generation,
    }))
}

/// `checkAndDecrement`, but for the counting.
fn check(budget: &Budget) -> Result<(), Status> {
    let status = &budget.status;
    let cause = if status.observed_generation < budget.generation {
        format!("The disruption budget {} is still being processed by the server.", budget.name)
    } else if status.allowed <= 0 {
        format!(
            "The disruption budget {} needs {} healthy pods and has {} currently",
            budget.name, status.desired, status.healthy
        )
    } else {
        return Ok(());
    };
    Err(Status::disruption_budget(cause))
}
