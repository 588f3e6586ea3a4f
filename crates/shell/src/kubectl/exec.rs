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
#[derive(Clone)]
pub(super) enum Inner {
    /// It has said all it says.
    Said(String),
    Program(Box<dyn Task>),
    Script(Box<ScriptRun>),
}

#[derive(Clone)]
struct Exec {
    seat: Seat,
    inner: Inner,
}

/// Programs that can run in a pod.
const PROGRAMS: &[&str] = &[
    "curl", "wget", "nslookup", "dig", "hey", "echo", "printf", "date", "sleep", "timeout", "true", "false",
    "cat", "grep", "head", "tail", "wc", "sort", "uniq", "cut", "tr", "sed", "awk", "hostname",
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
    if command.is_empty() {
        return usage("you must specify at least one command for the container");
    }
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
    let inner = inner(call, &seat, &command)?;
    Ok(Next::Wait(Box::new(Exec { seat, inner })))
}

/// What runs for a command in a pod.
pub(super) fn inner(call: &Call<'_, '_>, seat: &Seat, command: &[String]) -> Result<Inner, Failure> {
    let program = command.first().map(String::as_str).unwrap_or_default();
    let base = program.rsplit('/').next().unwrap_or_default();
    Ok(match (base, command.get(1).map(String::as_str), command.get(2)) {
        ("sh" | "bash" | "ash", Some("-c"), Some(line)) => match parse(line) {
            Ok(script) => Inner::Script(Box::new(ScriptRun::new(script, String::new()))),
            Err(error) => return Err(Failure::Raw(error.to_string())),
        },
        ("cat", Some("/etc/resolv.conf"), None) => {
            let path = opscape_network::route::dns::search_path(&seat.namespace).join(" ");
            let server = opscape_network::route::dns::SERVER;
            Inner::Said(format!("search {path}\nnameserver {server}\noptions ndots:5\n"))
        }
        ("hostname", None, _) => Inner::Said([&seat.pod, "\n"].concat()),
        (base, ..) if PROGRAMS.contains(&base) => {
            let mut words = command.to_vec();
            if let Some(first) = words.first_mut() {
                base.clone_into(first);
            }
            Inner::Program(programs::launch(words, call.scope.shell))
        }
        _ => return Err(not_here(call, "shell.kubectl.exec")),
    })
}

/// Goes on in a pod.
pub(super) fn poll_in(inner: &mut Inner, seat: Seat, call: &mut Call<'_, '_>) -> Poll {
    let before = call.scope.seat.replace(seat);
    let poll = inner.poll(call.io, call.scope);
    call.scope.seat = before;
    poll
}

impl Inner {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        match self {
            Inner::Said(text) => {
                io.out(&std::mem::take(text));
                Poll::Done(0)
            }
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
        let poll = poll_in(&mut self.inner, self.seat.clone(), call);
        if let Poll::Done(code) = poll
            && code != 0
        {
            call.warn(&format!("command terminated with exit code {code}"));
        }
        Ok(poll)
    }
}
