//! Argo Rollouts in words.

use opscape_cluster::record::{RolloutFact, RolloutWhat, WeightRule};
use opscape_cluster::rollouts;
use opscape_manifest::api::{ReplicaSet, Rollout};

use super::{Teller, named, told};
use crate::census;
use crate::inspect::{Mark, WhyRow};
use crate::scene;
use crate::words::Rich;

/// What a Rollout is doing, with the weight that was set and the one that requests got.
pub(super) fn state(teller: Teller<'_>, rollout: &Rollout) -> WhyRow {
    let (phase, message) = rollouts::phase(rollout);
    let progress = scene::rollout_progress(teller.model(), rollout);
    let available = rollout.status.available_replicas.to_string();
    let wanted = rollout.spec.replicas.unwrap_or(1).to_string();
    let step = progress.step.to_string();
    let values = [
        ("phase", phase.as_str()),
        ("available", &available),
        ("wanted", &wanted),
        ("step", &step),
        ("steps", &progress.steps.to_string()),
        ("words", &progress.words),
    ];
    let in_steps = progress.steps > 0 && progress.step <= progress.steps;
    let key = if in_steps { "why.state.rollout-step" } else { "why.state.rollout" };
    let mut rule = Rich::verbatim(&message);
    if let (Some(set), Some(real)) = (progress.set_weight, progress.real_weight)
        && in_steps
    {
        let values = [("set", &*set.to_string()), ("real", &format!("{real:.1}"))];
        rule = teller.rich("why.rule.weights", &values);
    }
    let mark = if phase == "Degraded" { Mark::Failure } else { Mark::State };
    let mut row = told(mark, teller.rich(key, &values), rule);
    row.at = rollouts::find_condition(&rollout.status, "Progressing")
        .and_then(|condition| condition.last_update_time)
        .map(|stamp| teller.model().time_of(stamp))
        .unwrap_or_default();
    row
}

/// The revision of a hash.
fn revision(teller: Teller<'_>, fact: &RolloutFact, hash: &str) -> String {
    let store = teller.model().cluster().store();
    let mut sets = store.list::<ReplicaSet>(Some(&fact.rollout.namespace));
    let set = sets.find(|set| set.metadata.label(rollouts::HASH) == Some(hash));
    set.map_or_else(|| "?".to_owned(), |set| census::of_replica_set(set).revision.to_string())
}

/// The row of what the controller did.
pub(super) fn row(teller: Teller<'_>, fact: &RolloutFact) -> WhyRow {
    let rich = |key: &str, values: &[(&str, &str)]| teller.rich(key, values);
    let none = Rich::default;
    let (mark, text, rule) = match &fact.what {
        RolloutWhat::Switched { service, to, .. } => {
            let values = [("service", &**service), ("revision", &revision(teller, fact, to))];
            (Mark::Step, rich("why.switched", &values), none())
        }
        RolloutWhat::Weight { from, to, why } => {
            let values = [("from", &*from.to_string()), ("to", &to.to_string())];
            (Mark::Step, rich("why.weight", &values), weight_rule(teller, *why))
        }
        RolloutWhat::StepDone { step, of, words } => {
            let values = [("step", &*step.to_string()), ("steps", &of.to_string()), ("words", words)];
            (Mark::Step, rich("why.step-done", &values), none())
        }
        RolloutWhat::Promoted { revision, reason } => {
            let text = rich("why.promoted", &[("revision", &revision.to_string())]);
            (Mark::Step, text, Rich::verbatim(reason))
        }
        RolloutWhat::Aborted { revision, why } => {
            let text = rich("why.aborted", &[("revision", &revision.to_string())]);
            (Mark::Failure, text, Rich::verbatim(why))
        }
        RolloutWhat::AnalysisStarted { run, .. } => {
            (Mark::Step, rich("why.analysis-started", &[("run", run)]), none())
        }
        RolloutWhat::AnalysisFailed { run, why } => {
            (Mark::Failure, rich("why.analysis-failed", &[("run", run)]), Rich::verbatim(why))
        }
        RolloutWhat::ScaledWorkload { deployment, from, to } => {
            let values =
                [("deployment", &**deployment), ("from", &from.to_string()), ("to", &to.to_string())];
            (Mark::Step, rich("why.workload-scaled", &values), rich("why.rule.workload-scaled", &[]))
        }
        RolloutWhat::Restarted { pod } => (Mark::Step, rich("why.pod-restarted", &[("pod", pod)]), none()),
    };
    told(mark, text, rule)
}

fn weight_rule(teller: Teller<'_>, rule: WeightRule) -> Rich {
    match rule {
        WeightRule::Step { step } => teller.rich("why.rule.weight-step", &[("step", &step.to_string())]),
        WeightRule::PodsMissing => teller.rich("why.rule.weight-missing", &[]),
        WeightRule::NoPods => teller.rich("why.rule.weight-no-pods", &[]),
        WeightRule::AllSteps => teller.rich("why.rule.weight-all", &[]),
        WeightRule::Promoted => teller.rich("why.rule.weight-promoted", &[]),
        WeightRule::PromoteFull => teller.rich("why.rule.weight-full", &[]),
        WeightRule::Aborted => teller.rich("why.rule.weight-aborted", &[]),
        WeightRule::BackToStable => teller.rich("why.rule.weight-back", &[]),
    }
}

/// What is seen next, in a few words.
pub(super) fn headline(teller: Teller<'_>, fact: &RolloutFact) -> Option<Rich> {
    let object = named(&fact.rollout.kind, &fact.rollout.name);
    Some(match &fact.what {
        RolloutWhat::Switched { service, to, .. } => {
            let revision = revision(teller, fact, to);
            teller.rich("next.switched", &[("service", service), ("revision", &revision)])
        }
        RolloutWhat::Weight { from, to, .. } => {
            let values = [("object", &*object), ("from", &from.to_string()), ("to", &to.to_string())];
            teller.rich("next.weight", &values)
        }
        RolloutWhat::StepDone { step, of, words } => {
            let values = [
                ("object", &*object),
                ("step", &step.to_string()),
                ("steps", &of.to_string()),
                ("words", words),
            ];
            teller.rich("next.step-done", &values)
        }
        RolloutWhat::Promoted { .. } => teller.rich("next.promoted", &[("object", &object)]),
        RolloutWhat::Aborted { .. } => teller.rich("next.aborted", &[("object", &object)]),
        _ => return None,
    })
}
