//! `kubectl argo rollouts`, the plugin of Argo Rollouts (argo-rollouts v1.8, pkg/kubectl-argo-rollouts).

mod status;
mod tree;

use std::sync::Arc;

use opscape_cluster::{Request, WriteOptions, rollouts};
use opscape_manifest::api::meta::Timestamp;
use opscape_manifest::api::pod::PodTemplateSpec;
use opscape_manifest::api::{AnalysisRun, Object, ReplicaSet, Rollout};

use super::{Call, Failure, Next, Outcome};
use crate::output::tabs;

pub(super) use status::{FLAGS as STATUS_FLAGS, status};
pub(super) use tree::{FLAGS as GET_FLAGS, get};

pub(super) const PLAIN_FLAGS: &str = "";
pub(super) const PROMOTE_FLAGS: &str = "full! c|skip-current-step! a|skip-all-steps!";
pub(super) const RESTART_FLAGS: &str = "i|in=";
pub(super) const UNDO_FLAGS: &str = "to-revision#";
pub(super) const LIST_FLAGS: &str = "all-namespaces! A! name= w|watch!";

/// What the plugin says went wrong.
fn error<T>(message: impl std::fmt::Display) -> Result<T, Failure> {
    Err(Failure::Raw(format!("Error: {message}\n")))
}

/// The single name that a command takes.
fn name_of(call: &Call<'_, '_>) -> Result<String, Failure> {
    match call.args() {
        [name] => Ok(name.clone()),
        _ => error(format!("accepts 1 arg(s), received {}", call.args().len())),
    }
}

fn find(call: &Call<'_, '_>, name: &str) -> Result<Arc<Rollout>, Failure> {
    let namespace = call.namespace();
    let found = call.scope.world.cluster().store().get::<Rollout>(&namespace, name).cloned();
    match found {
        Some(rollout) => Ok(rollout),
        None => error(format!("rollouts.argoproj.io \"{name}\" not found")),
    }
}

fn write(
    call: &mut Call<'_, '_>,
    rollout: &Rollout,
    status: bool,
    change: impl FnOnce(&mut Rollout),
) -> Result<Rollout, Failure> {
    let mut new = rollout.clone();
    change(&mut new);
    new.metadata.resource_version = 0;
    if new == *rollout {
        return Ok(new);
    }
    let object = Object::Rollout(Arc::new(new));
    let options = WriteOptions::default();
    let request = if status { Request::Status(object, options) } else { Request::Update(object, options) };
    match call.scope.world.request(request) {
        Ok(Object::Rollout(rollout)) => Ok(Rollout::clone(&rollout)),
        Ok(_) => Ok(rollout.clone()),
        Err(refused) => error(refused),
    }
}

/// Changes the template that a Rollout takes: its own, or that of the workload it refers to (`spec.workloadRef`).
fn write_template(
    call: &mut Call<'_, '_>,
    rollout: &Rollout,
    change: impl FnOnce(&mut Arc<PodTemplateSpec>),
) -> Result<(), Failure> {
    let Some(reference) = &rollout.spec.workload_ref else {
        return write(call, rollout, false, |rollout| change(&mut rollout.spec.template)).map(|_| ());
    };
    let store = call.scope.world.cluster().store();
    let found = store.object(&reference.kind, &rollout.metadata.namespace, &reference.name);
    let Some(mut workload) = found else {
        let kind = reference.kind.to_lowercase();
        return error(format!("{kind}s.apps \"{}\" not found", reference.name));
    };
    match &mut workload {
        Object::Deployment(deployment) => change(&mut Arc::make_mut(deployment).spec.template),
        Object::ReplicaSet(set) => change(&mut Arc::make_mut(set).spec.template),
        _ => return error(format!("Opscape changes no {} for a Rollout; apply its YAML", reference.kind)),
    }
    workload.meta_mut().resource_version = 0;
    match call.scope.world.request(Request::Update(workload, WriteOptions::default())) {
        Ok(_) => Ok(()),
        Err(refused) => error(refused),
    }
}

/// `promote`
pub(super) fn promote(call: &mut Call<'_, '_>) -> Outcome {
    let (full, step, all) =
        (call.flags.truth("full"), call.flags.truth("skip-current-step"), call.flags.truth("skip-all-steps"));
    if step && all {
        return error("Cannot use skip-current-step and skip-all-steps flags at the same time");
    }
    let name = name_of(call)?;
    let rollout = find(call, &name)?;
    let steps = rollouts::replicas::steps(&rollout).len();
    if step || all {
        if rollout.spec.strategy.blue_green.is_some() {
            return error("Cannot skip steps of a bluegreen rollout. Run without a flags");
        }
        if steps == 0 {
            return error("Cannot skip steps of a rollout without steps");
        }
    }
    let index = |plus: usize| {
        let (_, index) = rollouts::replicas::current_step(&rollout);
        index.and_then(|index| i32::try_from((index + plus).min(steps)).ok())
    };
    if full {
        let differs = rollout.status.current_pod_hash != rollout.status.stable_rs;
        write(call, &rollout, true, |rollout| rollout.status.promote_full |= differs)?;
    } else if step || all {
        let next = index(if all { steps } else { 1 });
        write(call, &rollout, true, |rollout| rollout.status.current_step_index = next)?;
    } else {
        // Either a pause is ended, or a step is skipped, never both (`getPatches`).
        let next = index(1);
        let canary = rollout.spec.strategy.canary.is_some();
        let written = write(call, &rollout, true, |rollout| {
            if !rollout.status.pause_conditions.is_empty() {
                rollout.status.pause_conditions.clear();
            } else if canary && next.is_some() {
                rollout.status.current_step_index = next;
            }
        })?;
        if written.spec.paused {
            write(call, &written, false, |rollout| rollout.spec.paused = false)?;
        }
    }
    call.say(&format!("rollout '{name}' {}", if full { "fully promoted" } else { "promoted" }));
    Ok(Next::Done)
}

/// `abort`
pub(super) fn abort(call: &mut Call<'_, '_>) -> Outcome {
    let names = call.args().to_vec();
    if names.is_empty() {
        return error("requires at least 1 arg(s), only received 0");
    }
    for name in names {
        let rollout = find(call, &name)?;
        write(call, &rollout, true, |rollout| rollout.status.abort = true)?;
        call.say(&format!("rollout '{name}' aborted"));
    }
    Ok(Next::Done)
}

/// `retry rollout`
pub(super) fn retry(call: &mut Call<'_, '_>) -> Outcome {
    let names = call.args().to_vec();
    if names.is_empty() {
        return error("requires at least 1 arg(s), only received 0");
    }
    for name in names {
        let rollout = find(call, &name)?;
        write(call, &rollout, true, |rollout| rollout.status.abort = false)?;
        call.say(&format!("rollout '{name}' retried"));
    }
    Ok(Next::Done)
}

/// `pause`
pub(super) fn pause(call: &mut Call<'_, '_>) -> Outcome {
    for name in call.args().to_vec() {
        let rollout = find(call, &name)?;
        write(call, &rollout, false, |rollout| rollout.spec.paused = true)?;
        call.say(&format!("rollout '{name}' paused"));
    }
    Ok(Next::Done)
}

/// `restart`
pub(super) fn restart(call: &mut Call<'_, '_>) -> Outcome {
    let delay = match call.flags.text("in").map(opscape_manifest::duration::parse_go) {
        None => 0,
        Some(Ok(micros)) => micros,
        Some(Err(why)) => return error(why),
    };
    let at = Timestamp((call.scope.utc().0.saturating_add(delay)).div_euclid(1_000_000));
    for name in call.args().to_vec() {
        let rollout = find(call, &name)?;
        write(call, &rollout, false, |rollout| rollout.spec.restart_at = Some(at))?;
        let when = if delay > 0 { format!("at {at}") } else { "in 0s".to_owned() };
        call.say(&format!("rollout '{name}' restarts {when}"));
    }
    Ok(Next::Done)
}

/// The ReplicaSets of a Rollout, newest revision first.
fn sets(call: &Call<'_, '_>, rollout: &Rollout) -> Vec<Arc<ReplicaSet>> {
    let store = call.scope.world.cluster().store();
    let own = store.owned_by(rollout.metadata.uid).filter_map(|object| match object {
        Object::ReplicaSet(set) => Some(set.clone()),
        _ => None,
    });
    let mut own: Vec<Arc<ReplicaSet>> = own.collect();
    opscape_manifest::order::sort_by(&mut own, |a, b| revision(b).cmp(&revision(a)));
    own
}

fn revision(set: &ReplicaSet) -> i64 {
    set.metadata.annotation(rollouts::REVISION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn runs(call: &Call<'_, '_>, rollout: &Rollout) -> Vec<Arc<AnalysisRun>> {
    let store = call.scope.world.cluster().store();
    let own = store.owned_by(rollout.metadata.uid).filter_map(|object| match object {
        Object::AnalysisRun(run) => Some(run.clone()),
        _ => None,
    });
    own.collect()
}

/// `undo`
pub(super) fn undo(call: &mut Call<'_, '_>) -> Outcome {
    let name = name_of(call)?;
    let wanted = call.flags.number("to-revision").unwrap_or(0);
    let rollout = find(call, &name)?;
    let sets = sets(call, &rollout);
    let found = if wanted > 0 { sets.iter().find(|set| revision(set) == wanted) } else { sets.get(1) };
    let Some(set) = found else {
        return error(if wanted > 0 {
            format!("unable to find specified revision {wanted} in history")
        } else {
            format!("no revision found for rollout \"{name}\"")
        });
    };
    let mut template = set.spec.template.clone();
    Arc::make_mut(&mut Arc::make_mut(&mut template).metadata.labels).remove(rollouts::HASH);
    write_template(call, &rollout, |own| *own = template)?;
    call.say(&format!("rollout '{name}' undo"));
    Ok(Next::Done)
}

/// `set image`
pub(super) fn set_image(call: &mut Call<'_, '_>) -> Outcome {
    let [name, change] = call.args() else {
        return error(format!("accepts 2 arg(s), received {}", call.args().len()));
    };
    let (name, change) = (name.clone(), change.clone());
    let Some((container, image)) = change.split_once('=') else {
        return error(format!("invalid argument \"{change}\": write CONTAINER=IMAGE"));
    };
    let rollout = find(call, &name)?;
    let mut found = false;
    write_template(call, &rollout, |template| {
        let template = Arc::make_mut(template);
        let spec = Arc::make_mut(&mut template.spec);
        for one in spec.init_containers.iter_mut().chain(&mut spec.containers) {
            if container == "*" || *one.name == *container {
                one.image = image.into();
                found = true;
            }
        }
    })?;
    if !found {
        return error(format!("unable to find container named \"{container}\""));
    }
    call.say(&format!("rollout \"{name}\" image updated"));
    Ok(Next::Done)
}

/// `list rollouts`
#[expect(clippy::unnecessary_wraps, reason = "a command may fail; this one never does")]
pub(super) fn list(call: &mut Call<'_, '_>) -> Outcome {
    let everywhere = call.flags.truth("all-namespaces") || call.flags.truth("A");
    let namespace = call.namespace();
    let store = call.scope.world.cluster().store();
    let all: Vec<Arc<Rollout>> =
        store.list::<Rollout>((!everywhere).then_some(&*namespace)).cloned().collect();
    if all.is_empty() {
        call.warn("No resources found.");
        return Ok(Next::Done);
    }
    let head = "NAME\tSTRATEGY\tSTATUS\tSTEP\tSET-WEIGHT\tREADY\tDESIRED\tUP-TO-DATE\tAVAILABLE";
    let mut text = if everywhere { format!("NAMESPACE\t{head}\n") } else { format!("{head}\n") };
    for rollout in all {
        let info = tree::Info::of(call, &rollout);
        let status = &rollout.status;
        let (step, weight) = match &info.canary {
            Some(canary) => (canary.step.clone(), canary.set_weight.clone()),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let step = if step.is_empty() { "-".to_owned() } else { step };
        let wanted = rollouts::replicas::wanted(&rollout);
        if everywhere {
            text.push_str(&rollout.metadata.namespace);
            text.push('\t');
        }
        let cells = [
            rollout.metadata.name.to_string(),
            info.strategy.to_owned(),
            info.phase.clone(),
            step,
            weight,
            format!("{}/{}", status.ready_replicas, status.replicas),
            wanted.to_string(),
            status.updated_replicas.to_string(),
            status.available_replicas.to_string(),
        ];
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    let text = tabs::align(&text, tabs::TABLE, None);
    call.io.out(&text);
    Ok(Next::Done)
}

/// `version`
#[expect(clippy::unnecessary_wraps, reason = "a command may fail; this one never does")]
pub(super) fn version(call: &mut Call<'_, '_>) -> Outcome {
    call.say("kubectl-argo-rollouts: v1.8.3");
    Ok(Next::Done)
}
