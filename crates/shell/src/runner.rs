//! Command lines of a Lab document's steps, and commands of pipelines' jobs.

use opscape_lab::{Lang, Runner, Running, RunningStep, World};

use crate::process::{Io, Poll, Scope, Stream, Task};
use crate::{Shell, programs};

/// What a world needs to run commands.
pub const RUNNER: Runner = Runner { line: run_line, command };

/// Runs a command line as far as it goes at this instant, and gives what it printed, errors among it. What waits for the
/// world (`rollout status`) is left behind: a step of a Lab document does not wait.
pub fn run_line(line: &str, world: &mut dyn World) -> String {
    let mut shell = Shell::new("default", Lang::En);
    match shell.start(line, None) {
        Ok(mut process) => {
            process.poll(&mut shell, world);
            process.take_output().into_iter().map(|piece| piece.text).collect()
        }
        Err(error) => error.message,
    }
}

/// A command of a job: its words are expanded already.
#[derive(Clone)]
struct Command {
    shell: Shell,
    task: Box<dyn Task>,
    io: Io,
}

fn command(words: Vec<String>, input: &str) -> Box<dyn Running> {
    let shell = Shell::new("default", Lang::En);
    let task = programs::launch(words, &shell);
    let io = Io { input: input.to_owned(), input_closed: true, ..Io::default() };
    Box::new(Command { shell, task, io })
}

impl Running for Command {
    fn poll(&mut self, world: &mut dyn World) -> RunningStep {
        let mut scope = Scope { shell: &mut self.shell, world, seat: None };
        match self.task.poll(&mut self.io, &mut scope) {
            Poll::Done(code) => RunningStep::Done(code),
            Poll::Waiting(until) => RunningStep::Waiting(until),
        }
    }

    fn take_output(&mut self) -> (String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        for piece in std::mem::take(&mut self.io.output) {
            match piece.stream {
                Stream::Out => out.push_str(&piece.text),
                Stream::Err => err.push_str(&piece.text),
            }
        }
        (out, err)
    }

    fn copy(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}
