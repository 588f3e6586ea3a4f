//! `kubectl rollout history` and `undo` (polymorphichelpers/history.go, rollback.go).

use opscape_manifest::api::Object;
use opscape_manifest::schema::Type;
use opscape_manifest::value::Value;
use opscape_manifest::{order, patch};

use crate::kubectl::apply::LAST_APPLIED;
use crate::kubectl::delete::DryRun;
use crate::kubectl::describe::pod_template;
use crate::kubectl::literal::{remove, slot};
use crate::kubectl::print::{at, number, text};
use crate::kubectl::target::Target;
use crate::kubectl::{Call, Failure, Next, Outcome, words};
use crate::output::tabs;

pub(in crate::kubectl) const HISTORY_FLAGS: &str =
    "revision# f|filename* R|recursive! k|kustomize= l|selector= o|output= template=";
pub(in crate::kubectl) const UNDO_FLAGS: &str =
    "to-revision# dry-run?unchanged f|filename* R|recursive! k|kustomize= l|selector= o|output= template=";

const REVISION: &str = "deployment.kubernetes.io/revision";
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";
/// Annotations of a Deployment that a rollback leaves alone.
const KEPT: &[&str] = &[
    LAST_APPLIED,
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

/// A revision: its number and what holds it (a ReplicaSet or a ControllerRevision).
struct Revision {
    number: i64,
    holder: Value,
}

fn annotation<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    at(value, "metadata.annotations")?.get(key)?.as_str()
}

/// The revisions of a workload, in order.
fn revisions(target: &Target, object: &Object, call: &Call<'_, '_>) -> Result<Vec<Revision>, Failure> {
    let holder_kind = match target.resource.kind {
        "Deployment" => "ReplicaSet",
        "StatefulSet" | "DaemonSet" => "ControllerRevision",
        other => return words(format!("no history viewer has been implemented for \"{other}\"")),
    };
    let uid = object.meta().uid;
    let mut found: Vec<Revision> = call
        .scope
        .world
        .cluster()
        .store()
        .owned_by(uid)
        .filter(|owned| owned.kind_name() == holder_kind)
        .filter(|owned| owned.meta().controller().is_some_and(|owner| owner.uid == uid))
        .map(|owned| {
            let holder = owned.to_value();
            let number = match holder_kind {
                "ReplicaSet" => annotation(&holder, REVISION).and_then(|n| n.parse().ok()).unwrap_or(0),
                _ => number(&holder, "revision"),
            };
            Revision { number, holder }
        })
        .collect();
    order::sort_by(&mut found, |a, b| a.number.cmp(&b.number));
    Ok(found)
}

/// The pod template of a revision.
fn template(target: &Target, object: &Value, revision: &Revision) -> Value {
    if target.resource.kind == "Deployment" {
        return at(&revision.holder, "spec.template").cloned().unwrap_or_default();
    }
    let after = Type::of(text(object, "apiVersion"), text(object, "kind")).and_then(|ty| {
        let mut data = revision.holder.get("data").cloned().unwrap_or_default();
        patch::strategic(object, &mut data, ty).ok()
    });
    after.as_ref().and_then(|after| at(after, "spec.template")).cloned().unwrap_or_default()
}

pub(in crate::kubectl) fn history(call: &mut Call<'_, '_>) -> Outcome {
    let wanted = call.flags.number("revision").unwrap_or(0);
    if wanted < 0 {
        return words(format!("revision must be a positive integer: {wanted}"));
    }
    let (found, mut failures) = super::workloads(call)?;
    for (target, object) in found {
        let value = object.to_value();
        let revisions = match revisions(&target, &object, call) {
            Ok(revisions) => revisions,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        if wanted > 0 {
            let Some(revision) = revisions.iter().find(|revision| revision.number == wanted) else {
                failures.push(Failure::Words("unable to find the specified revision".to_owned()));
                continue;
            };
            let mut template = template(&target, &value, revision);
            if let Some(cause) = annotation(&revision.holder, CHANGE_CAUSE) {
                *slot(&mut template, &["metadata", "annotations", CHANGE_CAUSE]) = Value::from(cause);
            }
            // Unlike in `describe`, nothing is aligned here.
            let text = pod_template(&template);
            let line = format!("{} with revision #{wanted}\n{text}", target.label());
            call.say(&line);
            continue;
        }
        let mut text = "REVISION\tCHANGE-CAUSE\n".to_owned();
        for revision in &revisions {
            let cause = annotation(&revision.holder, CHANGE_CAUSE).filter(|cause| !cause.is_empty());
            let part = format!("{}\t{}\n", revision.number, cause.unwrap_or("<none>"));
            text.push_str(&part);
        }
        let table = if revisions.is_empty() {
            "No rollout history found.".to_owned()
        } else {
            tabs::align(&text, tabs::DESCRIBE, None)
        };
        let line = format!("{} \n{table}", target.label());
        call.say(&line);
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

pub(in crate::kubectl) fn undo(call: &mut Call<'_, '_>) -> Outcome {
    let wanted = call.flags.number("to-revision").unwrap_or(0);
    let dry_run = call.dry_run()?;
    let (found, mut failures) = super::workloads(call)?;
    for (target, object) in found {
        if object.meta().annotation(LAST_APPLIED).is_some() {
            call.warn(&format!(
                "Warning: resource {}/{} was previously managed with 'kubectl apply'. Rolling back will not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.",
                target.resource.plural, target.name
            ));
        }
        match roll_back(&target, &object, wanted, dry_run, call) {
            Ok(line) => call.say(&line),
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

fn roll_back(
    target: &Target,
    object: &Object,
    wanted: i64,
    dry_run: DryRun,
    call: &mut Call<'_, '_>,
) -> Result<String, Failure> {
    let revisions = revisions(target, object, call)?;
    let missing = || Failure::Words(format!("unable to find specified revision {wanted} in history"));
    let is_deployment = target.resource.kind == "Deployment";
    let revision = if wanted > 0 {
        revisions.iter().find(|revision| revision.number == wanted).ok_or_else(missing)?
    } else {
        // The last one but one.
        let none = || {
            if is_deployment {
                Failure::Words(format!("no rollout history found for deployment \"{}\"", target.name))
            } else {
                Failure::Words("no last revision to roll back to".to_owned())
            }
        };
        revisions.iter().rev().nth(1).ok_or_else(none)?
    };
    let mut value = object.to_value();
    let mut template = template(target, &value, revision);
    remove(&mut template, &["metadata", "labels", "pod-template-hash"]);
    if dry_run == DryRun::Client {
        return Ok(format!("{} {}", target.label(), pod_template(&template).trim_end()));
    }
    if super::is_paused(&value) {
        return words(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
        );
    }
    if at(&value, "spec.template") == Some(&template) {
        return Ok(format!(
            "{} skipped rollback (current template already matches revision {})",
            target.label(),
            revision.number
        ));
    }
    *slot(&mut value, &["spec", "template"]) = template;
    if is_deployment {
        let mut annotations =
            at(&value, "metadata.annotations").and_then(Value::as_map).cloned().unwrap_or_default();
        annotations.retain(|key, _| KEPT.contains(&key.as_str()));
        for (key, held) in
            at(&revision.holder, "metadata.annotations").and_then(Value::as_map).into_iter().flatten()
        {
            if !KEPT.contains(&key.as_str()) {
                annotations.insert(key.clone(), held.clone());
            }
        }
        *slot(&mut value, &["metadata", "annotations"]) = Value::Map(annotations);
    }
    call.update(&value, dry_run == DryRun::Server)?;
    Ok(format!("{} rolled back{}", target.label(), dry_run.suffix()))
}
