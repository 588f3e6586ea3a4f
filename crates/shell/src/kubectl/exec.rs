//! `kubectl exec` (k8s.io/kubectl/pkg/cmd/exec): the programs of this terminal, run where a pod is. Containers have no
//! processes of their own here: of what an image brings, only its network can be seen.

use super::absent::{container, not_here, pod};
use super::print::{at, list, text};
use super::{Call, Failure, Next, Outcome, Waiter, usage};
use crate::process::{Io, Poll, Scope, ScriptRun, Task};
use crate::programs;
use crate::seat::Seat;
use crate::syntax::parse;

pub(super) const FLAGS: &str = "i|stdin! t|tty! c|container= q|quiet! f|filename* pod-running-timeout~";

/// What runs in the pod.
enum Inner {
    Program(Box<dyn Task>),
    Script(Box<ScriptRun>),
}

struct Exec {
    seat: Seat,
    inner: Inner,
}

/// Programs that can run in a pod.
const PROGRAMS: &[&str] = &[
    "curl", "nslookup", "dig", "hey", "echo", "printf", "date", "sleep", "timeout", "true", "false", "cat",
    "grep", "head", "tail", "wc", "sort", "uniq", "cut", "tr", "sed", "awk", "hostname",
];

pub(super) fn run(call: &mut Call<'_, '_>) -> Outcome {
    let before = call.flags.dash.unwrap_or(call.args().len());
    let Some(name) = call.args().get(..before).and_then(<[String]>::first).cloned() else {
        return usage("pod, type/name or --filename must be specified");
    };
    let mut command: Vec<String> = call.behind_dash();
    if command.is_empty() {
        command = call.args().get(1..before).unwrap_or_default().to_vec();
    }
    let Some(program) = command.first().cloned() else {
        return usage("you must specify at least one command for the container");
    };
    let pod = pod(call, &name)?;
    let container = container(call, &pod)?;
    let value = pod.to_value();
    let running = list(&value, "status.containerStatuses")
        .iter()
        .any(|state| text(state, "name") == container && at(state, "state.running").is_some());
    if !running {
        return Err(Failure::Raw(format!(
            "error: unable to upgrade connection: container not found (\"{container}\")"
        )));
    }
    let seat = Seat { namespace: pod.meta().namespace.to_string(), pod: pod.meta().name.to_string() };
    let base = program.rsplit('/').next().unwrap_or_default();
    let inner = match (base, command.get(1).map(String::as_str), command.get(2)) {
        ("sh" | "bash" | "ash", Some("-c"), Some(line)) => match parse(line) {
            Ok(script) => Inner::Script(Box::new(ScriptRun::new(script, String::new()))),
            Err(error) => return Err(Failure::Raw(error.to_string())),
        },
        ("cat", Some("/etc/resolv.conf"), None) => {
            let path = opscape_network::route::dns::search_path(&seat.namespace).join(" ");
            let server = opscape_network::route::dns::SERVER;
            call.io.out(&format!("search {path}\nnameserver {server}\noptions ndots:5\n"));
            return Ok(Next::Done);
        }
        ("hostname", None, _) => {
            call.say(&seat.pod);
            return Ok(Next::Done);
        }
        (base, ..) if PROGRAMS.contains(&base) => {
            let mut words = command.clone();
            if let Some(first) = words.first_mut() {
                base.clone_into(first);
            }
            Inner::Program(programs::launch(words, call.scope.shell))
        }
        _ => return Err(not_here(call, "shell.kubectl.exec")),
    };
    Ok(Next::Wait(Box::new(Exec { seat, inner })))
}

impl Inner {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        match self {
            Inner::Program(task) => task.poll(io, scope),
            Inner::Script(run) => {
                let mut pieces = Vec::new();
                let poll = run.poll(&mut pieces, scope);
                for piece in pieces {
                    io.push(piece.stream, &piece.text);
                }
                poll
            }
        }
    }
}

impl Waiter for Exec {
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure> {
        let before = call.scope.seat.replace(self.seat.clone());
        let poll = self.inner.poll(call.io, call.scope);
        call.scope.seat = before;
        if let Poll::Done(code) = poll
            && code != 0
        {
            call.warn(&format!("command terminated with exit code {code}"));
        }
        Ok(poll)
    }
}
