//! `kubectl delete` (k8s.io/kubectl/pkg/cmd/delete).

use opscape_cluster::{DeleteOptions, Propagation};
use opscape_manifest::api::Uid;
use opscape_sim::Time;

use super::target::{Missing, Target};
use super::{Call, Failure, Next, Outcome, Waiter, words};
use crate::process::Poll;

pub(super) const FLAGS: &str = "all! A|all-namespaces! cascade?background f|filename* force! grace-period# \
    ignore-not-found! i|interactive! now! o|output= l|selector= field-selector= timeout~ wait! dry-run?unchanged \
    raw= R|recursive! k|kustomize=";

/// `--dry-run`: none, `client`, `server`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DryRun {
    No,
    Client,
    Server,
}

impl Call<'_, '_> {
    /// `--dry-run` of the command.
    pub fn dry_run(&self) -> Result<DryRun, Failure> {
        match self.flags.text("dry-run") {
            None | Some("none" | "false") => Ok(DryRun::No),
            Some("client" | "unchanged" | "true") => Ok(DryRun::Client),
            Some("server") => Ok(DryRun::Server),
            Some(other) => words(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            )),
        }
    }
}

impl DryRun {
    /// What is added to a line about something done.
    pub fn suffix(self) -> &'static str {
        match self {
            DryRun::No => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        }
    }
}

/// `--cascade`.
fn propagation(call: &Call<'_, '_>) -> Result<Propagation, Failure> {
    match call.flags.text("cascade") {
        None | Some("background" | "true") => Ok(Propagation::Background),
        Some("orphan" | "false") => Ok(Propagation::Orphan),
        Some("foreground") => Ok(Propagation::Foreground),
        Some(other) => words(format!(
            "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
        )),
    }
}

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    let dry_run = call.dry_run()?;
    let propagation = propagation(call)?;
    let force = call.flags.truth("force");
    let mut grace = call.flags.number("grace-period").filter(|grace| *grace >= 0);
    let mut wait = call.flags.truth_or("wait", true);
    if call.flags.truth("now") {
        if grace.is_some() {
            return words("--now and --grace-period cannot be specified together");
        }
        grace = Some(1);
    }
    if grace == Some(0) && !force {
        // Without --force, a pod gets a second, and the command waits for its end.
        grace = Some(1);
    } else if force {
        if grace.is_some_and(|grace| grace > 0) {
            return words("--force and --grace-period greater than 0 cannot be specified together");
        }
        grace = Some(0);
        call.warn("Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.");
    }
    let selected =
        call.flags.truth("all") || call.flags.given("selector") || call.flags.given("field-selector");
    let ignore = call.flags.truth_or("ignore-not-found", selected);
    let targets = if call.flags.given("filename") {
        super::files::targets(call)?
    } else {
        let args = call.args().to_vec();
        call.targets(&args, Missing::IsAnError)?
    };
    wait = wait && dry_run == DryRun::No && !call.flags.given("raw");
    let (mut failures, mut pending, mut count) = (Vec::new(), Vec::new(), 0);
    for target in targets.found {
        let uid = match &target.found {
            Ok(object) => object.meta().uid,
            Err(status) if ignore && status.is_not_found() => continue,
            Err(status) => {
                failures.push(Failure::Api(status.clone()));
                continue;
            }
        };
        let options = DeleteOptions {
            grace,
            propagation,
            dry_run: dry_run == DryRun::Server,
            ..DeleteOptions::default()
        };
        if dry_run != DryRun::Client {
            match call.delete(target.key(), options) {
                Ok(_) => {}
                Err(status) if ignore && status.is_not_found() => continue,
                Err(status) => {
                    failures.push(Failure::Api(status));
                    continue;
                }
            }
        }
        count += 1;
        say(&target, force, dry_run, call);
        pending.push((target, uid));
    }
    if count == 0 && failures.is_empty() {
        if !ignore || selected {
            call.say("No resources found");
        }
        return Ok(Next::Done);
    }
    if !wait || pending.is_empty() {
        Failure::all(failures)?;
        return Ok(Next::Done);
    }
    let now = call.scope.world.now();
    let timeout =
        call.flags.duration("timeout").and_then(|span| u64::try_from(span).ok()).filter(|span| *span > 0);
    let deadline = timeout.map(|span| Time(now.0.saturating_add(span)));
    Ok(Next::Wait(Box::new(Gone { pending, deadline, failures })))
}

fn say(target: &Target, force: bool, dry_run: DryRun, call: &mut Call<'_, '_>) {
    if call.flags.text("output") == Some("name") {
        return call.say(&target.label());
    }
    let verb = if force { "force deleted" } else { "deleted" };
    let place = if target.resource.namespaced {
        format!(" from {} namespace", target.namespace)
    } else {
        String::new()
    };
    let line =
        format!("{} \"{}\" {verb}{place}{}", target.resource.qualified_kind(), target.name, dry_run.suffix());
    call.say(&line);
}

/// Waits until the objects are gone.
#[derive(Clone)]
struct Gone {
    pending: Vec<(Target, Uid)>,
    deadline: Option<Time>,
    failures: Vec<Failure>,
}

impl Waiter for Gone {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        let store = call.scope.world.cluster().store();
        self.pending.retain(|(_, uid)| store.by_uid(*uid).is_some());
        if let Some((target, _)) = self.pending.first() {
            let now = call.scope.world.now();
            if self.deadline.is_none_or(|deadline| now < deadline) {
                return Ok(Poll::Waiting(self.deadline));
            }
            let what = format!("{}/{}", target.resource.plural, target.name);
            self.failures.push(Failure::Words(format!("timed out waiting for the condition on {what}")));
        }
        Failure::all(std::mem::take(&mut self.failures))?;
        Ok(Poll::Done(0))
    }
}
