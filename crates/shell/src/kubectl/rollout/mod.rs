//! `kubectl rollout` (k8s.io/kubectl/pkg/cmd/rollout, polymorphichelpers).

mod history;
mod status;

pub(super) use history::{HISTORY_FLAGS, UNDO_FLAGS, history, undo};
pub(super) use status::{STATUS_FLAGS, status};

use opscape_manifest::api::meta::Timestamp;
use opscape_manifest::value::Value;

use super::get::{Present, present};
use super::literal::{remove, slot};
use super::print::at;
use super::target::{Missing, Target};
use super::{Call, Failure, Next, Outcome, words};

pub(super) const FLAGS: &str = "f|filename* R|recursive! k|kustomize= l|selector= o|output= field-manager=";

/// The objects of a rollout command; there must be one at least.
fn workloads(call: &mut Call<'_, '_>) -> Result<Present, Failure> {
    if call.args().is_empty() && !call.flags.given("filename") {
        return words("required resource not specified");
    }
    let targets = call.given_targets(Missing::IsAnError)?;
    Ok(present(targets.found))
}

fn each(
    call: &mut Call<'_, '_>,
    verb: &str,
    edit: fn(&mut Value, &Target, Timestamp) -> Result<(), Failure>,
) -> Outcome {
    let now = Timestamp(call.scope.utc().0.div_euclid(1_000_000));
    let (found, mut failures) = workloads(call)?;
    for (target, object) in found {
        let mut value = object.to_value();
        let done = edit(&mut value, &target, now).and_then(|()| call.update(&value, false));
        match done {
            Ok(_) => {
                let line = format!("{} {verb}", target.label());
                call.say(&line);
            }
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures)?;
    Ok(Next::Done)
}

/// `deployments.apps "web"`.
fn quoted(target: &Target) -> String {
    format!("{} \"{}\"", target.resource.qualified(), target.name)
}

fn is_paused(value: &Value) -> bool {
    at(value, "spec.paused") == Some(&Value::Bool(true))
}

pub(super) fn pause(call: &mut Call<'_, '_>) -> Outcome {
    each(call, "paused", |value, target, _| {
        if target.resource.kind != "Deployment" {
            return words(format!("{} pausing is not supported", quoted(target)));
        }
        if is_paused(value) {
            return words(format!("{} is already paused", quoted(target)));
        }
        *slot(value, &["spec", "paused"]) = Value::Bool(true);
        Ok(())
    })
}

pub(super) fn resume(call: &mut Call<'_, '_>) -> Outcome {
    each(call, "resumed", |value, target, _| {
        if target.resource.kind != "Deployment" {
            return words(format!("{} resuming is not supported", quoted(target)));
        }
        if !is_paused(value) {
            return words(format!("{} is not paused", quoted(target)));
        }
        remove(value, &["spec", "paused"]);
        Ok(())
    })
}

pub(super) fn restart(call: &mut Call<'_, '_>) -> Outcome {
    each(call, "restarted", |value, target, now| {
        if !matches!(target.resource.kind, "Deployment" | "StatefulSet" | "DaemonSet") {
            return words(format!("{} restarting is not supported", quoted(target)));
        }
        if is_paused(value) {
            return words(format!(
                "{} can't restart paused deployment (run rollout resume first)",
                quoted(target)
            ));
        }
        let path = ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
        *slot(value, &path) = Value::from(now.to_string());
        Ok(())
    })
}
