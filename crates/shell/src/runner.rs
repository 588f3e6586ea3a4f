//! Command lines of a Lab document's steps.

use opscape_lab::{Lang, World};

use crate::Shell;

/// Runs a command line as far as it goes at this instant, and gives what it printed, errors among it. What waits for the
/// world (`rollout status`) is left behind: a step of a Lab document does not wait. This is an [`opscape_lab::Runner`].
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
