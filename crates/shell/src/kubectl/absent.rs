//! Commands that need something this world does not have: processes inside containers, an editor in the
//! terminal. What the API server would refuse is refused in its words; the rest says what is missing here.

use opscape_cluster::Status;
use opscape_lab::words as texts;
use opscape_manifest::api::Object;

use super::print::{at, list, text};
use super::target::{Missing, resource};
use super::{Call, Failure, Next, Outcome, usage, words};
use crate::output::tabs;

pub(super) const FORWARD_FLAGS: &str = "address* pod-running-timeout~";
pub(super) const EDIT_FLAGS: &str =
    "f|filename* o|output= save-config! validate?strict windows-line-endings!";

/// Something that cannot be done here, in the person's language.
pub(super) fn not_here(call: &Call<'_, '_>, key: &'static str) -> Failure {
    Failure::Raw(texts::text(call.scope.shell.lang, key).to_owned())
}

/// The pod of `POD`, `pod/POD` or `deploy/NAME`.
pub(super) fn pod(call: &mut Call<'_, '_>, name: &str) -> Result<Object, Failure> {
    let namespace = call.namespace();
    let (kind, name) = name.split_once('/').unwrap_or(("pods", name));
    let found = call.read(resource(kind)?, &namespace, name)?;
    if found.kind_name() == "Pod" {
        return Ok(found);
    }
    // Of a workload, the first of its pods.
    let value = found.to_value();
    let labels = at(&value, "spec.selector.matchLabels").or(at(&value, "spec.selector"));
    let wanted = super::print::labels(labels);
    let filter = super::target::Filter::parse(resource("pods")?, &wanted, "")?;
    let mut pods = call.list(resource("pods")?, Some(&namespace));
    pods.retain(|pod| filter.matches(pod));
    let count = pods.len();
    let Some(first) = pods.into_iter().next() else {
        return Err(Failure::Words(format!("no pods found for {kind}/{name}")));
    };
    if count > 1 {
        let pod = &first.meta().name;
        call.warn(&format!("Found {count} pods, using pod/{pod}"));
    }
    Ok(first)
}

/// The container of a pod that is asked for; it must exist.
pub(super) fn container(call: &Call<'_, '_>, pod: &Object) -> Result<String, Failure> {
    let value = pod.to_value();
    let names: Vec<&str> =
        list(&value, "spec.containers").iter().map(|container| text(container, "name")).collect();
    match call.flags.text("container") {
        Some(name) if names.contains(&name) => Ok(name.to_owned()),
        Some(name) => {
            let pod = &pod.meta().name;
            Err(Failure::Api(Status::bad_request(format!("container {name} is not valid for pod {pod}"))))
        }
        None => Ok(names.first().copied().unwrap_or_default().to_owned()),
    }
}

/// `kubectl attach`: there is no process to attach to.
pub(super) fn attach(call: &mut Call<'_, '_>) -> Outcome {
    let Some(name) = call.args().first().cloned() else {
        return usage("at least 1 argument is required for attach");
    };
    let pod = pod(call, &name)?;
    container(call, &pod)?;
    Err(not_here(call, "shell.kubectl.exec"))
}

pub(super) fn port_forward(call: &mut Call<'_, '_>) -> Outcome {
    let Some(name) = call.args().first().cloned() else {
        return usage("TYPE/NAME and list of ports are required for port-forward");
    };
    if call.args().len() < 2 {
        return usage("TYPE/NAME and list of ports are required for port-forward");
    }
    let found = pod(call, &name)?;
    let phase = text(&found.to_value(), "status.phase").to_owned();
    if phase != "Running" {
        return words(format!("unable to forward port because pod is not running. Current status={phase}"));
    }
    Err(not_here(call, "shell.kubectl.forward"))
}

pub(super) fn edit(call: &mut Call<'_, '_>) -> Outcome {
    let targets = call.given_targets(Missing::IsAnError)?;
    let (_, failures) = super::get::present(targets.found);
    Failure::all(failures)?;
    Err(not_here(call, "shell.kubectl.edit"))
}

pub(super) const AUTH_FLAGS: &str = "list! A|all-namespaces! q|quiet! no-headers! subresource=";

/// Everything is allowed in this cluster.
pub(super) fn can_i(call: &mut Call<'_, '_>) -> Outcome {
    if call.flags.truth("list") {
        let table = "Resources\tNon-Resource URLs\tResource Names\tVerbs\n*.*\t[]\t[]\t[*]\n\t[*]\t[]\t[*]\n";
        let text = tabs::align(table, tabs::TABLE, None);
        call.io.out(&text);
        return Ok(Next::Done);
    }
    if call.args().len() < 2 {
        return words(
            "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
        );
    }
    if !call.flags.truth("quiet") {
        call.say("yes");
    }
    Ok(Next::Done)
}
