//! kubectl 1.36 against the simulated API server.

mod absent;
mod apply;
mod argo;
mod attach;
mod client;
mod commands;
mod complete;
mod config;
mod create;
mod delete;
mod describe;
mod diff;
mod drain;
mod exec;
mod explain;
mod failure;
mod files;
mod flags;
mod format;
mod get;
mod info;
mod literal;
mod logs;
mod mutate;
mod patching;
mod print;
mod resources;
mod rollout;
mod scale;
mod set;
mod target;
mod top;
mod wait;

use flags::Flags;

use crate::process::{Io, Poll, Scope, Shell, Task};
pub(crate) use commands::{COMMANDS, Command};
pub(crate) use complete::complete;
pub(crate) use failure::{Failure, usage, words};
pub(crate) use resources::{RESOURCES, Resource};

/// Version of the client and of the server.
pub(crate) const VERSION: &str = "v1.36.2";

/// What a command does after its first step.
pub(crate) enum Next {
    /// It is done.
    Done,
    /// It waits for the world.
    Wait(Box<dyn Waiter>),
}

pub(crate) type Outcome = Result<Next, Failure>;

/// A command that goes on when the world has changed.
pub(crate) trait Waiter: CopyWaiter + Send + Sync {
    /// Goes on as far as possible. `Poll::Done(0)` is success.
    fn poll(&mut self, call: &mut Call<'_, '_>) -> Result<Poll, Failure>;
}

/// As [`crate::process::CopyTask`].
pub(crate) trait CopyWaiter {
    fn copy(&self) -> Box<dyn Waiter>;
}

impl<T: Waiter + Clone + 'static> CopyWaiter for T {
    fn copy(&self) -> Box<dyn Waiter> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Waiter> {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

/// A command with its flags, its output and its world.
pub(crate) struct Call<'a, 'b> {
    pub command: &'static Command,
    pub flags: &'a Flags,
    pub io: &'a mut Io,
    pub scope: &'a mut Scope<'b>,
}

impl Call<'_, '_> {
    /// A line on standard output.
    pub fn say(&mut self, line: &str) {
        self.io.out(line);
        self.io.out("\n");
    }

    /// A line on standard error.
    pub fn warn(&mut self, line: &str) {
        self.io.err(line);
        self.io.err("\n");
    }

    /// The namespace of the command: of `-n`, else the current one.
    pub fn namespace(&self) -> String {
        self.flags.text("namespace").unwrap_or_else(|| self.scope.shell.namespace()).to_owned()
    }

    /// The arguments.
    pub fn args(&self) -> &[String] {
        &self.flags.args
    }
}

#[derive(Clone)]
struct Kubectl {
    command: &'static Command,
    flags: Flags,
    waiting: Option<Box<dyn Waiter>>,
}

/// The command of a command line.
pub(crate) fn launch(mut words: Vec<String>, _: &Shell) -> Box<dyn Task> {
    let refused = crate::programs::refused;
    let command = match commands::find(&mut words) {
        Ok(command) => command,
        Err(commands::NotFound::Help(path)) => return Box::new(info::Help { path }),
        Err(commands::NotFound::Unknown(message)) => return refused(1, message),
    };
    let flags = match Flags::parse(command.flags, &words) {
        Ok(flags) => flags,
        Err(message) => return refused(1, Failure::Flag(message).text(&format!("kubectl {}", command.path))),
    };
    if flags.truth("help") {
        return Box::new(info::Help { path: command.path.to_owned() });
    }
    Box::new(Kubectl { command, flags, waiting: None })
}

impl Task for Kubectl {
    fn poll(&mut self, io: &mut Io, scope: &mut Scope<'_>) -> Poll {
        let mut call = Call { command: self.command, flags: &self.flags, io, scope };
        if self.waiting.is_none() {
            // What is read from standard input is read whole.
            if !call.io.input_closed && call.flags.texts("filename").contains(&"-") {
                return Poll::Waiting(None);
            }
            match (self.command.run)(&mut call) {
                Ok(Next::Done) => return Poll::Done(0),
                Ok(Next::Wait(waiter)) => self.waiting = Some(waiter),
                Err(failure) => return fail(&failure, &mut call),
            }
        }
        let Some(waiter) = &mut self.waiting else { return Poll::Done(0) };
        match waiter.poll(&mut call) {
            Ok(poll) => poll,
            Err(failure) => fail(&failure, &mut call),
        }
    }
}

fn fail(failure: &Failure, call: &mut Call<'_, '_>) -> Poll {
    let text = failure.text(&format!("kubectl {}", call.command.path));
    call.io.err(&text);
    Poll::Done(1)
}
