//! `kubectl run -i` (k8s.io/kubectl/pkg/cmd/run, attach): waits until the pod runs, runs its command there, and with `--rm`
//! deletes it afterwards.

use opscape_cluster::{DeleteOptions, Request};
use opscape_manifest::api::{Object, ObjectKey};
use opscape_sim::Time;

use super::exec::{self, Inner};
use super::print::{at, list, text};
use super::{Call, Failure, Waiter};
use crate::process::{Poll, ScriptRun};
use crate::seat::Seat;
use crate::syntax::parse;

/// How long kubectl waits for a pod to run (`--pod-running-timeout`).
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

#[derive(Clone)]
pub(super) struct Attached {
    key: ObjectKey,
    command: Vec<String>,
    deadline: Time,
    stage: Stage,
}

#[derive(Clone)]
enum Stage {
    /// The pod does not run yet.
    Starts,
    /// Its command runs.
    Runs(Inner),
    /// It is being deleted; the exit code.
    Goes(i32),
}

impl Attached {
    pub fn new(pod: &Object, command: Vec<String>, now: Time) -> Attached {
        Attached { key: pod.key(), command, deadline: now + PATIENCE, stage: Stage::Starts }
    }

    fn seat(&self) -> Seat {
        Seat { namespace: self.key.namespace.to_string(), pod: self.key.name.to_string() }
    }

    fn pod(&self, call: &Call<'_, '_>) -> Option<Object> {
        call.scope.world.cluster().store().object("Pod", &self.key.namespace, &self.key.name)
    }

    /// What runs: the command, or what a shell without one reads from its standard input.
    fn inner(&self, call: &mut Call<'_, '_>) -> Result<Inner, Failure> {
        let bare = match self.command.as_slice() {
            [] => true,
            [shell] => matches!(shell.rsplit('/').next(), Some("sh" | "bash" | "ash")),
            _ => false,
        };
        if !bare {
            return exec::inner(call, &self.seat(), &self.command);
        }
        let input = std::mem::take(&mut call.io.input);
        if input.trim().is_empty() {
            return Err(super::absent::not_here(call, "shell.kubectl.run"));
        }
        match parse(&input) {
            Ok(script) => Ok(Inner::Script(Box::new(ScriptRun::new(script, String::new())))),
            Err(error) => Err(Failure::Raw(error.to_string())),
        }
    }

    /// With `--rm` the pod goes; kubectl waits for that.
    fn end(&mut self, code: i32, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        if !call.flags.truth("rm") {
            // What was run in it was its process.
            let (namespace, name) = (self.key.namespace.clone(), self.key.name.clone());
            // If the pod is gone meanwhile, nothing is left to end.
            let _ = call.scope.world.request(Request::Exit { namespace, name, code });
            return Ok(Poll::Done(code));
        }
        let options = DeleteOptions { grace: Some(0), ..DeleteOptions::default() };
        let (name, namespace) = (self.key.name.clone(), self.key.namespace.clone());
        call.delete(self.key.clone(), options)?;
        call.say(&format!("pod \"{name}\" deleted from {namespace} namespace"));
        self.stage = Stage::Goes(code);
        self.poll(call)
    }
}

/// Whether a pod's container runs, or has run.
fn has_begun(pod: &Object) -> bool {
    let value = pod.to_value();
    list(&value, "status.containerStatuses").iter().any(|state| {
        at(state, "state.running").is_some()
            || at(state, "state.terminated").is_some()
            || at(state, "lastState.terminated").is_some()
    }) || matches!(text(&value, "status.phase"), "Succeeded" | "Failed")
}

impl Waiter for Attached {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        if let Stage::Starts = self.stage {
            let Some(pod) = self.pod(call) else {
                let name = &self.key.name;
                return Err(Failure::Words(format!("pods \"{name}\" not found")));
            };
            if !has_begun(&pod) {
                if call.scope.world.now() >= self.deadline {
                    return Err(Failure::Words("timed out waiting for the condition".to_owned()));
                }
                return Ok(Poll::Waiting(Some(self.deadline)));
            }
            if call.flags.truth("tty") && !call.flags.truth("quiet") {
                call.warn("If you don't see a command prompt, try pressing enter.");
            }
            match self.inner(call) {
                Ok(inner) => self.stage = Stage::Runs(inner),
                Err(failure) => {
                    call.io.err(&failure.text("kubectl run"));
                    return self.end(1, call);
                }
            }
        }
        let seat = self.seat();
        match &mut self.stage {
            Stage::Runs(inner) => match exec::poll_in(inner, seat, call) {
                Poll::Done(code) => self.end(code, call),
                waiting @ Poll::Waiting(_) => Ok(waiting),
            },
            Stage::Goes(code) => {
                let code = *code;
                let gone = self.pod(call).is_none();
                Ok(if gone { Poll::Done(code) } else { Poll::Waiting(None) })
            }
            Stage::Starts => Ok(Poll::Waiting(None)),
        }
    }
}
